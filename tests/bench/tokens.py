#!/usr/bin/env python3
"""How far src/core/conversation/estimate.rs is from real tokenizers: python3 tests/bench/tokens.py [FILES_PER_KIND]

Needs `pip install tiktoken tokenizers litellm`, for the vocabularies that litellm's wheel holds (o200k_base, cl100k_base,
Anthropic's of 2023, DeepSeek's), and GITDIRS with bare repositories (OWNER+NAME/repo). No network.
"""

import base64, importlib.util, os, random, statistics, subprocess, sys
from pathlib import Path

from conversation_cost import tokens

KINDS = "py rs c h go js ts java rb php cs cc swift sh md rst json lock po yml html css toml tcl xml txt csv svg".split()
FILES = {"o200k_base": "fb374d419588a4632f3f557e76b4b70aebbca790", "cl100k_base": "9b5ad71b2ce5302211f9c61530b329a4922fc6a4"}
LETTERS = r"[^\r\n\p{L}\p{N}]?"
UPPER, LOWER, SHORT = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]", r"(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
PATTERNS = {
    "o200k_base": "|".join([f"{LETTERS}{UPPER}*{LOWER}+{SHORT}", f"{LETTERS}{UPPER}+{LOWER}*{SHORT}", r"\p{N}{1,3}",
                            r" ?[^\s\p{L}\p{N}]+[\r\n/]*", r"\s*[\r\n]+", r"\s+(?!\S)", r"\s+"]),
    "cl100k_base": r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$|\s*[\r\n]|\s+(?!\S)|\s",
}


def counters():
    import tiktoken
    from tokenizers import Tokenizer

    folder = Path(importlib.util.find_spec("litellm").origin).parent / "litellm_core_utils/tokenizers"
    found = {}
    for name, file in FILES.items():
        pairs = (line.split() for line in (folder / file).read_bytes().splitlines() if line.strip())
        ranks = {base64.b64decode(token): int(rank) for token, rank in pairs}
        encoding = tiktoken.Encoding(name, pat_str=PATTERNS[name], mergeable_ranks=ranks, special_tokens={})
        found[name] = lambda text, encoding=encoding: len(encoding.encode_ordinary(text))
    for name, file in {"anthropic 2023": "anthropic_tokenizer.json", "deepseek": "deepseek_tokenizer.json"}.items():
        tokenizer = Tokenizer.from_file(str(folder / file))
        found[name] = lambda text, tokenizer=tokenizer: len(tokenizer.encode(text, add_special_tokens=False).ids)
    return found


def texts(per_kind):
    by_kind = {}
    for bare in sorted(Path(os.environ.get("GITDIRS", "/dev/shm/gitdirs")).iterdir()):
        git = ["git", "--git-dir", str(bare / "repo")]
        for line in subprocess.run([*git, "ls-tree", "-r", "-l", "HEAD"], capture_output=True, text=True).stdout.splitlines():
            meta, path = line.split("\t", 1)
            _, kind, name, size = meta.split()
            ending = path.rsplit(".", 1)[-1]
            if kind == "blob" and ending in KINDS and size.isdigit() and 400 <= int(size) <= 60_000:
                by_kind.setdefault(ending, []).append((git, name))
    random.seed(4)
    for kind, files in sorted(by_kind.items()):
        for git, name in random.sample(files, min(per_kind, len(files))):
            data = subprocess.run([*git, "cat-file", "blob", name], capture_output=True).stdout
            try:
                yield kind, data.decode()
            except UnicodeDecodeError:
                pass


def main():
    try:
        count = counters()
    except (ImportError, OSError, AttributeError) as missing:
        sys.exit(f"skipped: {missing} (pip install tiktoken tokenizers litellm)")
    rows = []
    for kind, text in texts(int(sys.argv[1]) if len(sys.argv) > 1 else 60):
        rows.append((kind, len(text.encode()), tokens(text), {name: counter(text) for name, counter in count.items()}))
    spread = lambda ratios: "%.2f (%.2f to %.2f)" % (statistics.median(ratios), *(statistics.quantiles(ratios, n=20)[i] for i in (0, -1)))
    for name in count:
        print(f"{name:16} estimate / count {spread([r[2] / r[3][name] for r in rows])}   four bytes {spread([r[1] / 4 / r[3][name] for r in rows])}")
    worst = [(r[2] + -(-r[2] // 3)) / max(r[3].values()) for r in rows]
    print(f"with the reserve below the largest count: {sum(ratio < 1 for ratio in worst)} of {len(worst)} texts, least {min(worst):.2f}")
    for kind in KINDS:
        of = [r for r in rows if r[0] == kind]
        bytes_each = "  ".join(f"{statistics.median(r[1] / r[3][name] for r in of):.2f}" for name in count) if of else ""
        print(f"{kind:6} {len(of):3} bytes a token: {bytes_each}")


if __name__ == "__main__":
    main()
