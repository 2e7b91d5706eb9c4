"""A long stream at full speed: processor time of `tidegate run --stream` beside `curl -N`, both into /dev/null.

The simulator streams 20,000 tokens over loopback HTTP, one event a token, on another core; the client has one core to
itself. Tidegate is built as it is handed out (`--profile dist`). Both clients get the same answer to the same request, in
turn. curl copies bytes; Tidegate reads every event. Start-up is in the figures, and told apart by a stream of one token.
Then 1,000 slow streams at once in one process, through the library: memory for each, and processor time.

Bar: a ratio of medians of processor time of at most 2. Goal: 100 kB of memory a stream.
"""

import argparse
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile

BAR = 2.0
GOAL_KB = 100
TOLERANCE = 1.5
TOKENS = 20_000
STREAMS = 1_000
SLOWLY = "ok,token-delay=100ms,tokens=50"
TEXT = "the quick brown fox jumps over the lazy dog"
PROMPT = "Say something long"
TARGET = os.environ.get("CARGO_TARGET_DIR", "target")
CLIENT, SERVER = 0, -1


def on_core(index):
    """What a child does before it starts: stay on one of our cores, and open as many files as it may."""
    def prepare():
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[index]})
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    return prepare


class Simulator:
    """The simulator on its core, for as long as the block lasts."""

    def __init__(self, *arguments):
        self.command = [os.path.join(TARGET, "release", "tidegate-simulator"), "--text", TEXT, *arguments]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True, preexec_fn=on_core(SERVER))
        line = self.process.stdout.readline()
        if "http://" not in line:
            sys.exit(f"the simulator did not start: {line!r}")
        return line.split()[-1].strip()

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def commands(curl, url):
    body = {
        "model": "gpt-4o", "messages": [{"role": "user", "content": PROMPT}],
        "stream": True, "stream_options": {"include_usage": True},
    }
    return {
        "curl": [
            curl, "-N", "-sS", f"{url}/v1/chat/completions", "-H", "content-type: application/json",
            "-H", "authorization: Bearer sk-bench", "-d", json.dumps(body),
        ],
        "tidegate": [
            os.path.join(TARGET, "dist", "tidegate"), "run", "-e", "openai/gpt-4o", "--stream", PROMPT,
        ],
    }


def environment(url, home):
    return {
        "PATH": os.environ["PATH"], "HOME": home, "OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": f"{url}/v1",
    }


def cpu_ms(command, env=None, out=subprocess.DEVNULL):
    """User and system time of one child, in milliseconds."""
    process = subprocess.Popen(
        command, env=env, stdin=subprocess.DEVNULL, stdout=out, preexec_fn=on_core(CLIENT)
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        sys.exit(f"{command[0]} failed ({process.returncode})")
    return usage.ru_utime * 1e3, usage.ru_stime * 1e3


def compare(curl, home, tokens, rounds):
    """Medians of both clients, in turn: {name: {user_ms, system_ms, cpu_ms}}."""
    with Simulator("--tokens", str(tokens)) as url:
        both, env = commands(curl, url), environment(url, home)
        check(both, env, tokens)
        samples = {name: [] for name in both}
        for _ in range(rounds):
            for name, command in both.items():
                samples[name].append(cpu_ms(command, env))
    figures = {}
    for name, of in samples.items():
        user, system = zip(*of)
        figures[name] = {
            "user_ms": round(statistics.median(user), 2),
            "system_ms": round(statistics.median(system), 2),
            "cpu_ms": round(statistics.median(map(sum, of)), 2),
        }
    return figures


def check(both, env, tokens):
    """Both receive the whole answer."""
    output = {name: subprocess.run(command, env=env, stdout=subprocess.PIPE).stdout for name, command in both.items()}
    events, words = output["curl"].count(b"data: "), len(output["tidegate"].split())
    if events < tokens or words != tokens or b"[DONE]" not in output["curl"]:
        sys.exit(f"the answers are not whole: {events} events, {words} words for {tokens} tokens")


def build(name):
    """Builds one bench and says where its binary is."""
    command = [
        "cargo", "bench", "--locked", "--quiet", "--no-run", "--message-format", "json", "-p", "tidegate", "--bench", name,
    ]
    built = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == name)


def at_once(count):
    """Many streams in one process."""
    binary = build("streams")
    with Simulator("--otherwise", SLOWLY) as url, tempfile.TemporaryFile("w+") as out:
        user, system = cpu_ms([binary, url, str(count)], out=out)
        out.seek(0)
        told = json.loads(out.read())
    if told["before_kb"] is None:
        memory = None
    else:
        memory = round((told["during_kb"] - told["before_kb"]) / count, 1)
    return {**told, "kb_per_stream": memory, "cpu_us_per_token": round((user + system) * 1e3 / told["pieces"], 2)}


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench stream")
    parser.add_argument("--quick", action="store_true", help="fewer rounds and streams")
    quick = parser.parse_args().quick
    curl = shutil.which("curl") or sys.exit("this benchmark needs curl")
    subprocess.run(["cargo", "build", "--profile", "dist", "--locked", "--quiet", "-p", "tidegate-cli"], check=True)
    rounds, count = (5, 100) if quick else (31, STREAMS)
    with tempfile.TemporaryDirectory() as home:
        start_up = compare(curl, home, 1, rounds)
        long = compare(curl, home, TOKENS, rounds)
    report(start_up, long, at_once(count), rounds)


def report(start_up, long, crowd, rounds):
    ratio = long["tidegate"]["cpu_ms"] / long["curl"]["cpu_ms"]
    enough = crowd["kb_per_stream"] is None or crowd["kb_per_stream"] <= GOAL_KB * TOLERANCE
    passed = ratio <= BAR and enough
    print(f"{TOKENS:,} tokens {'user ms':>10} {'system ms':>10} {'CPU ms':>8} {'us/token':>9} {'start-up ms':>12}")
    for name, row in long.items():
        row["us_per_token"] = round(row["cpu_ms"] * 1e3 / TOKENS, 3)
        row["start_up_cpu_ms"] = start_up[name]["cpu_ms"]
        print(
            f"{name:13} {row['user_ms']:10.1f} {row['system_ms']:10.1f} {row['cpu_ms']:8.1f} "
            f"{row['us_per_token']:9.2f} {row['start_up_cpu_ms']:12.1f}"
        )
    print(
        f"{crowd['streams']:,} streams at once: {crowd['kb_per_stream'] or 'unknown'} kB each (goal {GOAL_KB}), "
        f"{crowd['cpu_us_per_token']} us of CPU a token"
    )
    print(f"ratio {ratio:.2f}, bar {BAR}: {'met' if ratio <= BAR else 'MISSED'}")
    figures = {
        "benchmark": "stream", "rounds": rounds, "tokens": TOKENS, **long, "at_once": crowd,
        "goal_kb_per_stream": GOAL_KB, "ratio": round(ratio, 3), "bar": BAR, "passed": passed,
    }
    print(json.dumps(figures))
    sys.exit(0 if passed else 1)


main()
