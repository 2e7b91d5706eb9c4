"""What `tidegate context pack` costs for a tree, beside `rg --files | xargs cat > FILE`.

Tidegate is built as it is handed out (`--profile dist`). Trees are generated with a fixed seed: source text of four languages in
nested directories, with rules that ignore some of it. Everything is in the page cache. Each pack is run in turn with the
floor, from fork to reaped exit, and judged by the ratio of medians. Both write what was not there before; what comes out is
compared with the tree, byte for byte. Warm is the same pack again, after the first one was kept, which was longer after the
tree was written than a file system's clock is coarse.

Bars: cold at most 2 times the floor without a search for secrets and a count of tokens, 2.5 times with the search, also where
the pack is kept, as it is by default, 12 times with search and exact tokens; warm at most half the floor. Peak memory at most
twice what is written, in all of them.
"""

import argparse
import json
import os
import pathlib
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

SEED = 6
TREES = (("small", 4_000, 12_000_000), ("large", 20_000, 60_000_000))
BARS = {"bare": 2.0, "secrets": 2.5, "tokens": 12.0, "kept": 2.5, "warm": 0.5}
WORDS_FOR = {
    "bare": "cold, bare", "secrets": "cold, secrets searched", "tokens": "cold, searched, tokens", "kept": "cold, searched, kept",
    "warm": "warm",
}
# What the command says of a pack that was used again, and of tokens that are no estimate.
UNCHANGED, EXACT = "unchanged since it was kept", re.compile(r"bytes, \d+ tokens")
TARGET = os.environ.get("CARGO_TARGET_DIR", "target")
MEMORY_BAR = 2.0
# A file written less than this before it is packed is read again: the coarsest clock of a file system, and some more.
DOUBT_SECONDS = 2.5

WORDS = """
access account address agent answer array attempt balance batch body bound branch buffer build bytes cache call channel check
child chunk client clock close code column command commit config connection content context copy count create cursor data
date deadline decode default delay delete delta depth digest directory document draft edge element encode end endpoint entry
error event exit expect failure field file filter find flag flush format frame function future graph group handle hash header
height history host index input insert item job key kind label language last layer length level limit line link list load
lock loop manager map mask match member merge message method metric mode model module name network next node number object
offset open option order origin output owner packet page parent parse part password path pattern payload peer pending period
permit place plan point policy pool port position prefix print probe process profile project prompt provider proxy query queue
quota range rate read ready reason record refuse region register release render report request reserve reset response result
retry role root route row rule run sample scan schedule schema scope score search secret section segment select send server
session settle shape share signal size slot snapshot socket source span split stack stage start state step store stream string
table tag target task text thread tick time title token total trace track transport tree trial trim tuple type update usage
user value vector version view visit wait walk watch weight width window word worker write zone
""".split()

RUST = (
    "pub fn {f}(&self, {v}: &{T}, {w}: usize) -> Result<{U}, {T}Error> {{", "    let {v} = self.{w}.{f}({n})?;",
    "    if {v}.{w}() > {n} {{", "        return Err({T}Error::{U} {{ {v}, {w} }});", "    }}", "}}", "", "",
    "    /// The {a} of a {b}: {c} {d}s are counted from the first {a} on.", "use crate::{v}::{{{T}, {U}}};",
    "#[derive(Debug, Clone, PartialEq)]", "    assert_eq!({v}.{f}(\"{a} {b}\"), Some({n}));", "    {v}: Vec<{T}>,",
    "        .filter(|{v}| {v}.{w} != {T}::{U})", "    // A {a} that was {b}ed twice is no {c}: the {d} says so.",
)
PYTHON = (
    "def {f}({v}, {w}=None, *, limit={n}):", "    {v} = self._{w}.get(\"{f}\", {n})", "    if {v} is None or len({w}) > {n}:",
    "        raise {T}Error(f\"{a} {{{v}}} has no {b}\")", "    return [{v}.{w} for {v} in {f}({w})]", "", "", "class {T}({U}):",
    "    \"\"\"Keeps the {a} of each {b}, and tells the {c} when its {d} is over.\"\"\"", "import {v}", "    @property",
    "    # The {a} comes before the {b}, because a {c} may hold a {d}.", "    self.{v}, self.{w} = {v}, {w}",
)
SCRIPT = (
    "export async function {f}({v}: {T}, {w}?: {U}): Promise<{T}> {{", "  const {{ {v}, {w} }} = await this.{f}({n});",
    "  if (!{v} || {v}.{w}.length > {n}) {{", "    throw new {T}Error(`{a} ${{{v}}} is no {b}`);", "  }}", "}}", "", "",
    "import {{ {T}, {U} }} from \"./{v}/{w}\";", "  // The {a} of a {b} is {c} until the {d} ends.", "  {v}: {T} | undefined;",
    "  return {v}.map(({w}) => ({{ ...{w}, {v}: {n} }}));", "  expect({f}({{ {v}: '{a} {b}' }})).toEqual({n});",
)
PROSE = (
    "The {a} of a {b} is told to every {c} before its {d} begins, so that no {a} waits for a {d} that is over.",
    "## {T} and {U}", "", "", "- `{v}` sets the {a} of the {b} ({n} by default)", "| `{v}` | {a} | {n} {b}s | {c} of the {d} |",
    "See [{a} {b}](../{v}/{w}.md) for what a {c} means to a {d}, and why the {a} is counted twice.",
)
LANGUAGES = {"rs": RUST, "py": PYTHON, "ts": SCRIPT, "md": PROSE}


def lines(dice, templates):
    """A stock of lines: files are drawn from it."""
    snake = lambda: "_".join(dice.choices(WORDS, k=dice.choice((1, 1, 2, 2, 3))))
    camel = lambda: "".join(word.title() for word in dice.choices(WORDS, k=dice.choice((1, 2, 2, 3))))
    word = lambda: dice.choice(WORDS)
    return [
        dice.choice(templates).format(
            f=snake(), v=snake(), w=snake(), T=camel(), U=camel(), n=dice.choice((0, 1, 8, 60, 256, dice.randrange(10_000))),
            a=word(), b=word(), c=word(), d=word(),
        ) + "\n"
        for _ in range(8_000)
    ]


def text(dice, stock, size):
    """About `size` bytes; with a line end at the end, mostly."""
    drawn = "".join(dice.choices(stock, k=size // 30 + 1))[:size]
    return drawn if dice.random() < 0.05 else drawn + "\n"


def directories(dice, count):
    """Names of directories, some in others."""
    made = ["src"]
    while len(made) < count:
        parent = dice.choice(made)
        if parent.count("/") < 6:
            made.append(f"{parent}/{dice.choice(WORDS)}_{len(made)}")
    return made


def generate(root, files, size):
    """Makes a tree, and tells what a pack of it holds: {name: content}."""
    dice = random.Random(SEED)
    stocks = {ending: lines(dice, templates) for ending, templates in LANGUAGES.items()}
    lengths = [dice.lognormvariate(0, 1.1) for _ in range(files)]
    scale = size / sum(lengths)
    places, kept, ignored = directories(dice, files // 12), {}, {}
    for number, length in enumerate(lengths):
        ending = dice.choice(("rs", "rs", "py", "ts", "md"))
        name = f"{dice.choice(places)}/{dice.choice(WORDS)}_{number}.{ending}"
        kept[name] = text(dice, stocks[ending], int(length * scale))
        if number % 20 == 0:
            ignored[f"{dice.choice(places)}/{dice.choice(WORDS)}_{number}.log"] = "x" * 5_000
            ignored[f"out/{dice.choice(WORDS)}_{number}.rs"] = "fn x() {}\n"
    rules = {".gitignore": "*.log\n/out/\n*.tmp\n!kept.tmp\n", "src/.gitignore": "/generated/\n*.py[co]\n"}
    (root / ".git").mkdir(parents=True)
    for name, content in {**kept, **ignored, **rules}.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return kept


def expected(kept):
    """What a pack of the tree is, byte for byte."""
    sections = (
        f"=== FILE: {name} ===\n{content}" + ("" if content.endswith("\n") else "\n") for name, content in sorted(kept.items())
    )
    return "".join(sections) + "---\n"


class Bench:
    """One tree, and where packs of it are written."""

    def __init__(self, home, root, kept):
        self.root, self.kept, self.out, self.cache = root, kept, home / "out", home / "cache"
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CACHE_HOME": str(self.cache)}
        self.floor = ["sh", "-c", f"rg --files | xargs cat > {self.out}"]

    def pack(self, kind):
        """The command; limits are off."""
        flags = {
            "bare": ["--no-cache", "--allow-secrets"], "secrets": ["--no-cache"],
            "tokens": ["--no-cache", "--tokens", "--model", "gpt-4o"], "kept": [], "warm": [],
        }
        limits = ["--max-files", "1000000", "--max-total-bytes", "1000000000000"]
        binary = os.path.abspath(os.path.join(TARGET, "dist", "tidegate"))
        return [binary, "context", "pack", *limits, "--to", str(self.out), *flags[kind], "src"]

    def prepare(self, kind):
        self.out.unlink(missing_ok=True)
        if kind == "kept":
            shutil.rmtree(self.cache, ignore_errors=True)

    def run(self, command, kind):
        """Wall and CPU milliseconds of one child, and what it said."""
        self.prepare(kind)
        begin = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, text=True,
        )
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
        process.stderr.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            sys.exit(f"{command} failed with {process.returncode}: {said}")
        return wall * 1e3, (usage.ru_utime + usage.ru_stime) * 1e3, said

    def check(self, kind):
        """That both hold the whole tree, and that what is measured is what it is called."""
        self.run(self.floor, kind)
        if self.out.stat().st_size != sum(len(content) for content in self.kept.values()):
            sys.exit("rg --files names other files than were made")
        for _ in range(2 if kind == "warm" else 1):
            _, _, said = self.run(self.pack(kind), kind)
            if self.out.read_text() != expected(self.kept):
                sys.exit(f"{kind}: what was packed is not the tree")
        used_again, exact = UNCHANGED in said, EXACT.search(said) is not None
        if (used_again, exact) != (kind == "warm", kind == "tokens") or kind == "kept" and not any(self.cache.rglob("*.pack")):
            sys.exit(f"{kind} is not what was measured: {said}")

    def peak(self, kind):
        """The highest resident memory of three runs, beside what is written. By GNU time, as a child of Python is charged
        with Python's memory too."""
        peaks = []
        for _ in range(3):
            self.prepare(kind)
            with tempfile.NamedTemporaryFile("r") as report:
                command = [shutil.which("time"), "-f", "%M", "-o", report.name, *self.pack(kind)]
                subprocess.run(
                    command, cwd=self.root, env=self.environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    check=True,
                )
                peaks.append(int(report.read().split()[-1]) * 1024)
        return max(peaks), self.out.stat().st_size

    def measure(self, kind, rounds):
        self.check(kind)
        pairs = [(self.run(self.floor, kind), self.run(self.pack(kind), kind)) for _ in range(rounds)]
        floor, ours = (
            {"ms": statistics.median(pair[side][0] for pair in pairs), "cpu": statistics.median(pair[side][1] for pair in pairs)}
            for side in (0, 1)
        )
        ratio, ratios = ours["ms"] / floor["ms"], [ours[0] / floor[0] for floor, ours in pairs]
        memory, written = self.peak(kind)
        return {
            "kind": kind, "rounds": rounds, "floor_ms": round(floor["ms"], 1), "ms": round(ours["ms"], 1),
            "floor_cpu_ms": round(floor["cpu"], 1), "cpu_ms": round(ours["cpu"], 1),
            "ratio": round(ratio, 3), "mean_ratio": round(statistics.mean(ratios), 3),
            "deviation": round(statistics.stdev(ratios), 3), "bar": BARS[kind],
            "peak_mb": round(memory / 1e6, 1), "memory_ratio": round(memory / written, 3), "memory_bar": MEMORY_BAR,
            "passed": ratio <= BARS[kind] and memory <= MEMORY_BAR * written,
        }


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench pack")
    parser.add_argument("--quick", action="store_true", help="the small tree alone, in fewer rounds")
    quick = parser.parse_args().quick
    needed = {"rg": "ripgrep", "xargs": "findutils", "time": "time (GNU)"}
    for command, package in needed.items():
        shutil.which(command) or sys.exit(f"this benchmark needs {command}: install {package}")
    subprocess.run(["cargo", "build", "--profile", "dist", "--locked", "--quiet", "-p", "tidegate-cli"], check=True)
    rows = []
    with tempfile.TemporaryDirectory() as home:
        home = pathlib.Path(home)
        for name, files, size in TREES[:1] if quick else TREES:
            kept = generate(home / name, files, size)
            time.sleep(DOUBT_SECONDS)
            bench = Bench(home, home / name, kept)
            for kind in BARS:
                rounds = 5 if quick else 21 if name == "small" else 11
                rows.append({"tree": name, "files": files, **bench.measure(kind, rounds)})
    report(rows)


def report(rows):
    print(f"{'':38} {'floor ms':>9} {'ms':>8} {'CPU ms':>8} {'ratio':>6} {'mean':>14} {'bar':>5} {'peak MB':>8} {'/out':>5}")
    for row in rows:
        name = f"{row['files']:,} files, {WORDS_FOR[row['kind']]}"
        print(
            f"{name:38} {row['floor_ms']:9.1f} {row['ms']:8.1f} {row['cpu_ms']:8.1f} {row['ratio']:6.2f} "
            f"{row['mean_ratio']:7.2f} ±{row['deviation']:5.2f} {row['bar']:5} {row['peak_mb']:8.1f} {row['memory_ratio']:5.2f}"
            f"{'' if row['passed'] else '  MISSED'}"
        )
    passed = all(row["passed"] for row in rows)
    print(f"memory bar: {MEMORY_BAR} times what is written; bars: {'met' if passed else 'MISSED'}")
    print(json.dumps({"benchmark": "pack", "seed": SEED, "rows": rows, "passed": passed}))
    sys.exit(0 if passed else 1)


main()
