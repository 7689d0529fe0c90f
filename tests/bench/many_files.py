#!/usr/bin/env python3
"""Makes a bare repository of so many files out of the repositories in GITDIRS: python3 many_files.py GITDIR COUNT.

Every file of every HEAD, again and again under another folder; all copies but the first have a line of their own, so that
no two blobs are the same. One pack without deltas, as the newest files of a repository mostly stand; one commit, `main`.
"""

import os, subprocess, sys
from pathlib import Path


def main(out, count):
    bares = Path(os.environ.get("GITDIRS", "/dev/shm/gitdirs"))
    if not bares.exists():
        sys.exit(f"skipped: {bares} is missing (GITDIRS)")
    subprocess.check_call(["git", "init", "-q", "--bare", "-b", "main", out])
    importer = subprocess.Popen(["git", "--git-dir", out, "fast-import", "--quiet", "--depth=0"], stdin=subprocess.PIPE)
    write, entries, copy = importer.stdin.write, [], 0
    while len(entries) < count:
        copy += 1
        for bare in sorted(bares.iterdir()):
            git = ["git", "--git-dir", str(bare / "repo")]
            listed = subprocess.run([*git, "ls-tree", "-r", "-z", "HEAD"], stdout=subprocess.PIPE).stdout.split(b"\0")
            objects = subprocess.Popen([*git, "cat-file", "--batch"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
            for line in filter(None, listed):
                meta, path = line.split(b"\t", 1)
                mode, kind, name = meta.split()
                if len(entries) == count or kind != b"blob" or mode == b"120000" or b"\n" in path or path[:1] == b'"':
                    continue
                objects.stdin.write(name + b"\n"), objects.stdin.flush()
                head = objects.stdout.readline().split()
                if head[1] == b"missing":
                    continue
                data = objects.stdout.read(int(head[2]) + 1)[:-1] + (b"# copy %d\n" % copy if copy > 1 else b"")
                write(b"blob\nmark :%d\ndata %d\n%s\n" % (len(entries) + 1, len(data), data))
                entries.append((mode, len(entries) + 1, b"part%d/%s/%s" % (copy, bare.name.encode(), path)))
            objects.stdin.close(), objects.wait()
    write(b"commit refs/heads/main\ncommitter A <a@example.org> 1700000000 +0000\ndata 4\nall\n")
    for entry in entries:
        write(b"M %s :%d %s\n" % entry)
    importer.stdin.close()
    sys.exit(importer.wait())


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
