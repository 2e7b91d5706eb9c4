"""What the engine itself costs: one run, and one among a thousand, over a transport that answers at once.

`cargo bench` measures with criterion, in processor time of the thread, and the whole is repeated. The quietest round
counts, because what else the machine does can only add: a thousand runs fill more than a core's own cache, and lose it to
whoever else runs there. Medians are told beside it. The baseline is the same call made by hand, in a task of its own: JSON
out, JSON in, nothing around it. Allocations and memory are counted by a second binary, because counting costs time.

Bars: a run among 1,000 costs at most 1.3 times a run alone; resident memory after 100,000 runs is at most 1.1 times what
it is after 10,000. Goal: under 20 us a run.
"""

import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

CROWD_BAR = 1.3
MEMORY_BAR = 1.1
GOAL_US = 20
TOLERANCE = 1.5


def build(name):
    """Builds one bench and says where its binary is."""
    command = [
        "cargo", "bench", "--locked", "--quiet", "--no-run", "--message-format", "json", "-p", "tidegate", "--bench", name,
    ]
    built = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == name)


def timed(binary):
    """Microseconds for one of a crowd, by criterion's median: {(what, crowd): us}."""
    with tempfile.TemporaryDirectory() as home:
        command = [
            binary, "--bench", "--noplot", "--quiet",
            "--warm-up-time", "0.5", "--measurement-time", "1", "--sample-size", "10",
        ]
        environment = {**os.environ, "CRITERION_HOME": home}
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True)
        found = {}
        for path in pathlib.Path(home).glob("*/*/new/estimates.json"):
            crowd, what = int(path.parts[-4]), path.parts[-3]
            nanoseconds = json.loads(path.read_text())["median"]["point_estimate"]
            found[what, crowd] = nanoseconds / 1e3 / crowd
    return found


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench engine")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    quick = parser.parse_args().quick
    rounds = 3 if quick else 15
    engine, memory = build("engine"), build("memory")
    times = [timed(engine) for _ in range(rounds)]
    counted = json.loads(subprocess.run([memory], stdout=subprocess.PIPE, text=True, check=True).stdout)
    report(times, counted, rounds)


def report(times, counted, rounds):
    us = {key: round(min(one[key] for one in times), 2) for key in times[0]}
    medians = {key: round(statistics.median(one[key] for one in times), 2) for key in times[0]}
    crowd = us["run", 1000] / us["run", 1]
    baseline = us["run", 1] / us["call", 1]
    early, late = counted["over_time"]
    growth = late["resident_kb"] / early["resident_kb"]
    passed = crowd <= CROWD_BAR and growth <= MEMORY_BAR and us["run", 1] <= GOAL_US * TOLERANCE

    print(f"{'':28} {'CPU us':>8} {'median':>8} {'allocations':>12} {'kB allocated':>13}")
    for what, words in (("run", "a run"), ("call", "a call by hand")):
        for size in (1, 1000):
            row = counted[f"{what}_{size}"]
            name = f"{words}, {size:,} at once"
            total = row["allocations"] + row["reallocations"]
            print(f"{name:28} {us[what, size]:8.2f} {medians[what, size]:8.2f} {total:12.0f} {row['bytes'] / 1e3:13.1f}")
    print(f"a run waiting for its answer holds {counted['held_per_run_bytes'] / 1e3:.1f} kB")
    print(f"resident after {early['runs']:,} runs: {early['resident_kb'] / 1e3:.1f} MB, "
          f"after {late['runs']:,}: {late['resident_kb'] / 1e3:.1f} MB")
    print(f"run / call by hand: {baseline:.2f}; goal {GOAL_US} us a run: {verdict(us['run', 1] <= GOAL_US)}")
    print(f"1,000 at once / alone: {crowd:.2f} ({medians['run', 1000] / medians['run', 1]:.2f} by medians), bar {CROWD_BAR}: {verdict(crowd <= CROWD_BAR)}")
    print(f"memory late / early: {growth:.3f}, bar {MEMORY_BAR}: {verdict(growth <= MEMORY_BAR)}")
    figures = {
        "benchmark": "engine", "rounds": rounds, "goal_us": GOAL_US, **counted,
        "cpu_us": {f"{what}_{size}": value for (what, size), value in sorted(us.items())},
        "cpu_us_median": {f"{what}_{size}": value for (what, size), value in sorted(medians.items())},
        "ratio_to_call": round(baseline, 3),
        "ratio_1000_to_1": round(crowd, 3), "bar_1000_to_1": CROWD_BAR,
        "ratio_1000_to_1_median": round(medians["run", 1000] / medians["run", 1], 3),
        "ratio_memory": round(growth, 3), "bar_memory": MEMORY_BAR,
        "passed": passed,
    }
    print(json.dumps(figures))
    sys.exit(0 if passed else 1)


def verdict(met):
    return "met" if met else "MISSED"


main()
