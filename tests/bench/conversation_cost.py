#!/usr/bin/env python3
"""What a conversation costs: git-burn beside mini-swe-agent and aider, on the same tasks, with the same scripted model.

    python3 tests/bench/conversation_cost.py GIT_BURN [--count N] [--only PROJECTS] [--context TOKENS] [--mini BIN] [--aider BIN] [--work DIR]

Tasks: open instances of SWE-bench Lite from ../shared/data/localize/open100.jsonl (env GIT_BURN_SHARED), the first of
each project and then the second, with the bare repositories in GITDIRS (OWNER+NAME/repo). The fix is the project's own
commit, found in its history.

The model is a loopback server with one strategy for all three tools. It gives the fix as soon as it has seen every line
around it. Until then it asks by the tool's own means:
  git-burn        `look read PATH:LINES` when it has seen the path, else `look search` for the enclosing definition
  mini-swe-agent  `grep -rn` for the enclosing definition when it has not seen the path, then `nl | sed -n`, `git apply`
  aider           names the file, which aider then adds to the chat. There is no search: the model is given the path
                  even where the repository map does not show it (column `map`: in how many tasks it did).
No tool runs tests (git-burn, which publishes nothing unproven, has the check `true`), and aider commits nothing, so that it asks for no commit message.

Counted for each request: bytes of its body, and tokens of its messages by git-burn's estimate (the table of
src/core/conversation/estimate.rs). `again` is the share of all tokens that a request repeats from the one before it, byte for
byte from the start: what a provider's prompt cache can serve.

Measured with mini-swe-agent 2.x and aider as PyPI had them on 2026-11-25, a task:
    24 tasks  git-burn 1.42 requests, 14,502 tokens, 24 solved; mini-swe-agent 5.38, 8,824, 18
              git-burn with --context 4000: 1.50 requests, 9,356 tokens, 24 solved
     8 tasks  git-burn 1.62, 16,318; mini-swe-agent 3.75, 6,717; aider 1.88, 22,534; 8 solved by each
"""

import argparse, http.server, json, os, re, shutil, subprocess, sys, tempfile, threading
from pathlib import Path


# No project has an issue of this number: git-burn looks in the history whether it is fixed already.
ISSUE = 900_001


def tokens(text):
    """core::conversation::tokens."""

    def price(kind, length, before):
        return {
            "small": 18 + 3 * max(0, length - 6), "capital": 20 + 2 * max(0, length - 3), "digit": 24 * -(-length // 3),
            "blank": 0 if length <= 1 else 9, "end": 15 if before == "sign" else 36,
            "sign": 19 + 2 * max(0, length - 2), "latin": 50 * length, "wide": 19 * length,
        }[kind] if length else 0

    def kind_of(c):
        o = ord(c)
        if "a" <= c <= "z": return "small"
        if "A" <= c <= "Z": return "capital"
        if "0" <= c <= "9": return "digit"
        if c in " \t": return "blank"
        if c in "\r\n": return "end"
        return "sign" if o < 128 else "latin" if o < 0x250 else "wide"

    total, kind, length, before = 0, "blank", 0, "blank"
    for c in text:
        new = kind_of(c)
        if new == kind or (new == "small" and kind == "capital" and length == 1):
            kind, length = new, length + 1
        else:
            total, before = total + price(kind, length, before), kind
            kind, length = new, 1
    return -(-(total + price(kind, length, before)) // 20)


def git(folder, *args, text=None):
    done = subprocess.run(["git", "-C", str(folder), *args], input=text, capture_output=True, text=True, errors="replace")
    return done.stdout


class Hunk:
    def __init__(self, start, lines):
        self.start, self.old = start, [l[1:] for l in lines if l[:1] in " -"]
        self.new = [l[1:] for l in lines if l[:1] in " +"]
        changed = [i for i, l in enumerate(lines) if l[:1] in "+-"]
        near = lines[max(0, changed[0] - 1):changed[-1] + 2]
        self.core = [l[1:].strip() for l in near if l[:1] in " -" and l[1:].strip()]


class Task:
    """An instance with its fix, and a repository at its base."""

    def __init__(self, row, bare):
        self.id, self.issue, self.base, self.bare = row["id"], row["issue"].replace("\r\n", "\n"), row["base"], bare
        self.path = row["gold"][0]
        later = git(bare, "rev-list", "--reverse", "--ancestry-path", f"{self.base}..HEAD", "--", self.path).split()
        self.diff = git(bare, "diff", "--no-renames", self.base, later[0], "--", self.path) if later else ""
        self.hunks = []
        for part in re.split(r"(?m)^(?=@@ )", self.diff)[1:]:
            head, *lines = part.split("\n")
            lines = [l for l in lines if l[:1] in (" ", "+", "-")]
            self.hunks.append(Hunk(int(re.match(r"@@ -(\d+)", head)[1]), lines))
        text = git(bare, "show", f"{self.base}:{self.path}").split("\n")
        self.length, self.name = len(text), self.path.rsplit("/", 1)[-1]
        for line in reversed(text[:(self.hunks[0].start + 3 if self.hunks else 0)]):
            if found := re.match(r"\s*(?:async )?(def|class) (\w+)", line):
                self.name = f"{found[1]} {found[2]}"
                break

    def fits(self, gold_lines):
        touched = {h.start + i for h in self.hunks for i in range(len(h.old))}
        return bool(self.hunks) and "\n\\ No newline" not in self.diff and all(set(any_of) & touched for any_of in gold_lines)

    def is_whole(self):
        return not re.search(r"(?m)^\?", git(self.bare, "rev-list", "--objects", "--missing=print", "--no-walk", self.base))

    def clone(self, folder):
        shutil.rmtree(folder, ignore_errors=True)
        git("/", "init", "-q", "-b", "main", str(folder))
        objects = Path(git(self.bare, "rev-parse", "--absolute-git-dir").strip()) / "objects"
        (folder / ".git/objects/info/alternates").write_text(f"{objects}\n")
        git(folder, "reset", "-q", "--hard", self.base)
        git(folder, "config", "user.name", "A"), git(folder, "config", "user.email", "a@example.org")

    def windows(self, seen):
        """Lines around what is not seen yet, as many as mini-swe-agent shows of one command."""
        unseen = [h for h in self.hunks if not self.sees(seen, h)]
        windows = [(max(1, h.start - 20), min(self.length, h.start + len(h.old) + 20)) for h in unseen]
        return windows if sum(b - a for a, b in windows) < 150 else windows[:1]

    def sees_path(self, text):
        return self.path in text

    def sees_fix(self, text):
        return all(self.sees(text, h) for h in self.hunks)

    def sees(self, text, hunk):
        bare = lambda line: re.sub(r"^\s*\d+(\||\t)", "", line).strip()
        lines = [s for s in (bare(line) for line in text.split("\n")) if s]
        joined = "\n" + "\n".join(lines) + "\n"
        return "\n" + "\n".join(hunk.core) + "\n" in joined


def text_of(message):
    content = message.get("content") or ""
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def shown_by(message):
    """What a message shows: mini-swe-agent wraps a command's output in JSON."""
    text = text_of(message)
    try:
        return json.loads(text)["output"] if message["role"] == "tool" else text
    except (ValueError, KeyError, TypeError):
        return text


def as_git_burn(task, seen, state):
    if task.sees_fix(seen):
        state["fixed"] = True
        return f"The fix:\n\n```diff\n{task.diff}```\n"
    if task.sees_path(seen):
        return "```look\n" + "".join(f"read {task.path}:{a}-{b}\n" for a, b in task.windows(seen)) + "```\n"
    return f"```look\nsearch {task.name}\\b\n```\n"


def as_mini(task, seen, state):
    if state.get("fixed"):
        return "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
    if task.sees_fix(seen):
        state["fixed"] = True
        return f"git apply <<'EOF'\n{task.diff}EOF"
    if task.sees_path(seen):
        return " && ".join(f"nl -ba {task.path} | sed -n '{a},{b}p'" for a, b in task.windows(seen))
    return f"grep -rnw '{task.name}' --include='*.py' . | head -50"


def as_aider(task, seen, state):
    if not task.sees_fix(seen):
        return f"I need to see `{task.path}` before I can change it. Please add it to the chat."
    state["fixed"] = True
    blocks = "".join(
        f"{task.path}\n```python\n<<<<<<< SEARCH\n" + "\n".join(h.old) + "\n=======\n" + "\n".join(h.new) + "\n>>>>>>> REPLACE\n```\n\n"
        for h in task.hunks)
    return f"The fix:\n\n{blocks}"


STRATEGIES = {"git-burn": as_git_burn, "mini-swe-agent": as_mini, "aider": as_aider}


class Server(http.server.ThreadingHTTPServer):
    """Answers `/TOOL/ID/v1/chat/completions` and keeps what was asked."""

    def __init__(self, tasks):
        super().__init__(("127.0.0.1", 0), Answering)
        self.tasks, self.asked, self.states = {t.id: t for t in tasks}, {}, {}
        self.daemon_threads = True
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def url(self, tool, task):
        return f"http://127.0.0.1:{self.server_port}/{tool}/{task.id}/v1"


class Answering(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        _, tool, name, *_ = self.path.split("/")
        server, asked = self.server, json.loads(body)
        texts = [text_of(m) for m in asked["messages"]]
        server.asked.setdefault((tool, name), []).append((len(body), texts))
        state = server.states.setdefault((tool, name), {})
        said = STRATEGIES[tool](server.tasks[name], "\n".join(map(shown_by, asked["messages"])), state)
        if len(server.asked[tool, name]) > 12:
            said = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT" if tool == "mini-swe-agent" else "I give up."
        message = {"role": "assistant", "content": said}
        if tool == "mini-swe-agent":
            call = {"name": "bash", "arguments": json.dumps({"command": said})}
            message = {"role": "assistant", "content": "Next step.", "tool_calls": [{"id": "c", "type": "function", "function": call}]}
        usage = {"prompt_tokens": sum(map(tokens, texts)), "completion_tokens": tokens(said)}
        usage["total_tokens"] = sum(usage.values())
        choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if "tool_calls" in message else "stop"}
        out = json.dumps({"id": "x", "object": "chat.completion", "created": 0, "model": "gpt-4o", "choices": [choice], "usage": usage}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    def log_message(self, *_):
        pass


def run(command, folder, env, home):
    keep = {k: v for k, v in os.environ.items() if k in ("PATH", "LANG", "TMPDIR")}
    keep |= {"HOME": str(home), "OPENAI_API_KEY": "sk-loopback-0000000000", "NO_PROXY": "*", **env}
    try:
        return subprocess.run(command, cwd=folder, env=keep, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=900)
    except subprocess.TimeoutExpired as late:
        return subprocess.CompletedProcess(command, -1, str(late.stdout), "timeout")


def burn(args, server, task, folder, home):
    issues = home / "issues"
    issues.mkdir(parents=True, exist_ok=True)
    title, _, body = task.issue.partition("\n")
    (issues / f"{ISSUE}-issue.md").write_text(f"---\nnumber: {ISSUE}\ntitle: {json.dumps(title)}\nstate: open\nlabels: [ready-for-agent]\n---\n\n{body}\n")
    for key, value in {"burn.check.none.command": "true", "burn.forge": "files", "burn.url": str(issues), "burn.provider.openai.url": server.url("git-burn", task)}.items():
        git(folder, "config", key, value)
    if args.context:
        git(folder, "config", "burn.contextTokens", args.context)
    return run([args.git_burn, "issue", str(ISSUE), "--dry-run", "--no-push", "--no-input", "--model", "openai/gpt-4o", "--base", "main"], folder, {}, home)


def mini(args, server, task, folder, home):
    env = {"OPENAI_API_BASE": server.url("mini-swe-agent", task), "MSWEA_COST_TRACKING": "ignore_errors", "MSWEA_CONFIGURED": "true",
           "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    command = [args.mini, "-t", task.issue, "-m", "openai/gpt-4o", "-y", "--exit-immediately", "-l", "0", "-o", str(home / "trajectory.json")]
    return run(command, folder, env, home)


def aider(args, server, task, folder, home):
    env = {"OPENAI_API_BASE": server.url("aider", task), "LITELLM_LOCAL_MODEL_COST_MAP": "True", "AIDER_ANALYTICS": "false"}
    command = [args.aider, "--model", "openai/gpt-4o", "--edit-format", "diff", "--yes-always", "--no-auto-commits", "--no-gitignore",
               "--no-stream", "--no-pretty", "--no-check-update", "--no-show-model-warnings", "--analytics-disable", "--no-show-release-notes",
               "--no-detect-urls", "--no-suggest-shell-commands", "--message", task.issue]
    return run(command, folder, env, home)


RUNS = {"git-burn": burn, "mini-swe-agent": mini, "aider": aider}


def repeated(requests):
    """Tokens that stand at the start of the request before as well."""
    total = 0
    for (_, before), (_, now) in zip(requests, requests[1:]):
        same = next((i for i, (a, b) in enumerate(zip(before, now)) if a != b), min(len(before), len(now)))
        total += sum(map(tokens, now[:same]))
    return total


def choose(count, only):
    shared = Path(os.environ.get("GIT_BURN_SHARED", Path(__file__).resolve().parents[2] / "../shared"))
    data, bares = shared / "data/localize/open100.jsonl", Path(os.environ.get("GITDIRS", "/dev/shm/gitdirs"))
    if not data.exists() or not bares.exists():
        sys.exit(f"skipped: {data} or {bares} is missing")
    by_repo = {}
    for row in map(json.loads, data.read_text().splitlines()):
        if not only or row["repo"] in only:
            by_repo.setdefault(row["repo"], []).append(row)
    chosen, turn = [], 0
    while len(chosen) < count and turn < 40:
        for rows in by_repo.values():
            if turn < len(rows) and len(chosen) < count:
                row = rows[turn]
                task = Task(row, bares / row["snapshot"].replace("/", "+") / "repo")
                if not task.is_whole():
                    print(f"left out: {row['id']}, as {task.bare} does not hold all files of its base")
                elif task.fits(row["gold_lines"]):
                    chosen.append(task)
        turn += 1
    return chosen


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("git_burn"), parser.add_argument("--count", type=int, default=12)
    parser.add_argument("--mini", default=shutil.which("mini")), parser.add_argument("--aider", default=shutil.which("aider"))
    parser.add_argument("--only", default="", help="projects, as pallets/flask,psf/requests: aider reads all files of one")
    parser.add_argument("--context", help="burn.contextTokens of git-burn")
    parser.add_argument("--work"), parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args()
    work = Path(args.work or tempfile.mkdtemp(prefix="conversation-cost-"))
    tasks = choose(args.count, [name for name in args.only.split(",") if name])
    server = Server(tasks)
    tools = [t for t in RUNS if t == "git-burn" or (args.mini if t == "mini-swe-agent" else args.aider)]
    for missing in set(RUNS) - set(tools):
        print(f"skipped: {missing} is not installed (pip install {'mini-swe-agent' if 'mini' in missing else 'aider-chat'})")
    print(f"{'task':32} {'tool':15} requests    bytes   tokens  solved")
    sums = {t: [0] * 6 for t in tools}
    for task in tasks:
        for tool in tools:
            folder, home = work / "clone", work / "home" / tool / task.id
            shutil.rmtree(home, ignore_errors=True), home.mkdir(parents=True)
            task.clone(folder)
            done = RUNS[tool](args, server, task, folder, home)
            asked = server.asked.get((tool, task.id), [])
            applied = git(folder, "diff", "--", task.path)
            wanted = task.diff.split("@@", 1)[-1]
            solved = applied.split("@@", 1)[-1] == wanted if tool != "git-burn" else done.returncode == 0 and bool(server.states.get((tool, task.id), {}).get("fixed"))
            if args.verbose or not solved:
                print(done.stdout[-2500:], done.stderr[-2500:], f"status {done.returncode}")
            size, cost = sum(n for n, _ in asked), sum(tokens(t) for _, texts in asked for t in texts)
            first = "\n".join(asked[0][1]) if asked else ""
            row = [len(asked), size, cost, repeated(asked), task.sees_path(first), solved]
            sums[tool] = [a + b for a, b in zip(sums[tool], row)]
            print(f"{task.id:32} {tool:15} {row[0]:8} {row[1]:8} {row[2]:8}  {'yes' if solved else 'NO'}", flush=True)
    n = len(tasks)
    print(f"\nper task (n = {n}){'':15} requests    bytes   tokens   again  path shown first  solved")
    for tool, (asked, size, cost, again, shown, solved) in sums.items():
        print(f"{tool:32} {asked / n:8.2f} {size / n:8.0f} {cost / n:8.0f}  {100 * again / max(cost, 1):5.0f}%  {shown:10} of {n:2}  {solved:3}")
    if not args.work:
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
