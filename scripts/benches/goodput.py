"""What is left of the best possible time when a provider's limit decides it, and what it costs in attempts.

The grid is played in virtual time: the simulator in process, the real executor, tokio's paused clock; 500 runs at once,
answers after a median of 2.15 s, refusals after 0.15 s. Beside it, on the same draws, the policies of others. Then real time: the
simulator and the workers that share a limit are processes, over HTTP; 500 runs at 50 a second.

Makespan is told in parts of the best possible one, attempts per run; mean and, in brackets, worst of all seeds. Bars hold for
the mean. `lost` are runs without an answer, `overtaken` departures of a run while an earlier one waited that would
have been let in.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys

TARGET = os.environ.get("CARGO_TARGET_DIR", "target")
SIMULATOR = os.path.join(TARGET, "release", "tidegate-simulator")

# The case, and the most it may take: makespan / optimum, attempts per run.
BARS = {
    "bucket configured": (1.03, 1.01),
    "bucket configured, rejects cost": (1.03, 1.01),
    "window configured as window": (1.10, 1.02),
    "bucket told by headers": (1.05, 1.03),
    "window told by headers": (1.05, 1.03),
    "bucket unknown, integer Retry-After": (1.15, 1.20),
    "bucket unknown, bare 429": (1.25, 1.25),
    "bucket unknown, bare 429, rejects cost": (1.25, 1.25),
    "fixed window unknown, integer Retry-After": (1.25, 1.05),
    "sliding log unknown": (1.50, 1.05),
    "believed limit 25 % too high": (1.08, 1.15),
    "believed limit 25 % too high, bare, rejects cost": (1.08, 1.15),
    "requests and tokens, sizes mixed": (1.08, 1.05),
    "storm of 50 at 5 a second": (None, 1.4),
}
RIVALS = ["SDK, 2 retries", "SDK, 10 retries", "full jitter", "AWS adaptive"]
STORM_BAR = 1.4
SHARED_BAR = 1.05
# How long a process that is gone counts as alive, in seconds.
LEASE = 10
# Scenes in real time: who shares what, and the scene of one process beside which it stands.
ALONE = {"configured": "configured-sqlite-1", "unknown": "unknown-sqlite-1"}
SHARED = [f"{known}-{store}" for store in ("sqlite-4", "sqlite-16", "redis-4") for known in ALONE]
KILLED, UNHARMED = "unknown-sqlite-8-killed", "unknown-sqlite-8"
STOPPED = "configured-redis-4-stopped"
# What may come while the store is held still for five seconds: 50 a second of four processes, each rounded up.
SHARE = 5 * 50 + 4


def build():
    """Builds the program and says where it is."""
    command = [
        "cargo", "bench", "--locked", "--quiet", "--no-run", "--message-format", "json", "-p", "tidegate", "--bench", "goodput",
    ]
    built = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout
    messages = [json.loads(line) for line in built.splitlines()]
    return next(m["executable"] for m in messages if m.get("executable") and m["target"]["name"] == "goodput")


def told(*command):
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def spread(figure, digits=3):
    return f"{figure['mean']:.{digits}f} ({figure['worst']:.{digits}f})"


class Verdicts:
    """What was held against its bar, and whether all of it held."""

    def __init__(self):
        self.passed = True

    def of(self, met):
        self.passed = self.passed and bool(met)
        return "met" if met else "MISSED"


def within(figure, bar):
    return bar is None or figure <= bar


def grid(figures, verdicts):
    cases = figures["cases"]
    print(f"virtual time, {figures['seeds']} seeds\n")
    print(f"{'Tidegate':49} {'bars':>11} {'makespan':>14} {'attempts':>14} {'lost':>5} {'overtaken':>9}")
    for name, bars in BARS.items():
        row = cases[name]["tidegate"]
        held = [within(row[what]["mean"], bar) for what, bar in zip(("time", "attempts"), bars)]
        verdict = verdicts.of(all(held) and row["lost"]["worst"] == 0)
        shown = " ".join("-" if bar is None else f"{bar:.2f}" for bar in bars)
        print(f"{name:49} {shown:>11} {spread(row['time']):>14} {spread(row['attempts']):>14} "
              f"{row['lost']['mean']:5.1f} {row['overtaken']['mean']:9.1f}  {verdict}")
    print(f"\n{'makespan, attempts, lost of others':49} " + " ".join(f"{rival:>22}" for rival in RIVALS))
    for name in BARS:
        row = cases[name]
        # Who knows nothing of a limit beforehand meets each provider once.
        if RIVALS[0] in row:
            print(f"{name:49} " + " ".join(f"{other(row[rival]):>22}" for rival in RIVALS))


def other(row):
    """A makespan means nothing where runs were lost."""
    lost = row["lost"]["mean"]
    time = f"{row['time']['mean']:.2f}" if lost == 0 else "-"
    return f"{time} {row['attempts']['mean']:.2f} {lost:.0f}"


def play(program, scene, seeds):
    """A scene with each seed, and what it came to on average."""
    all_seeds = [told(program, "processes", SIMULATOR, scene, str(seed)) for seed in range(seeds)]
    means = {what: statistics.mean(one[what] for one in all_seeds) for what in all_seeds[0]}
    return {**means, "worst_time": max(one["time"] for one in all_seeds)}


def real(program, seeds, verdicts):
    scenes = ["storm", *ALONE.values(), *SHARED, UNHARMED, KILLED, STOPPED]
    seen = {scene: play(program, scene, seeds) for scene in scenes}
    print(f"\nreal time, {seeds} seeds\n")
    print(f"{'Tidegate':49} {'seconds':>11} {'makespan':>14} {'attempts':>14} {'lost':>5} {'overtaken':>9}")
    for scene, row in seen.items():
        words, met = held(scene, row, seen)
        verdict = verdicts.of(met and row["lost"] == 0)
        time = f"{row['time']:.3f} ({row['worst_time']:.3f})"
        print(f"{scene:49} {row['seconds']:11.1f} {time:>14} {row['attempts']:14.3f} "
              f"{row['lost']:5.1f} {row['overtaken']:9.1f}  {words}{verdict}")
    return seen


def held(scene, row, seen):
    """What a scene is held against, in words, and whether it is."""
    if scene == "storm":
        return f"50 of 50, attempts {STORM_BAR}: ", row["answered"] == 50 and row["attempts"] <= STORM_BAR
    if scene == KILLED:
        longer = row["seconds"] - seen[UNHARMED]["seconds"]
        return f"{longer:+.1f} s, one lease is {LEASE} s: ", longer <= LEASE
    if scene == STOPPED:
        return f"{row['in_the_middle']:.0f} meanwhile, share {SHARE}: ", row["in_the_middle"] <= SHARE
    alone = seen[ALONE[scene.split("-")[0]]]
    times, attempts = row["time"] / alone["time"], row["attempts"] / alone["attempts"]
    words = f"x {times:.3f}, {attempts:.3f} of one process, bar {SHARED_BAR}: "
    return words, times <= SHARED_BAR and attempts <= SHARED_BAR


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench goodput")
    parser.add_argument("--quick", action="store_true", help="fewer seeds")
    parser.add_argument("--grid", action="store_true", help="virtual time alone")
    arguments = parser.parse_args()
    program, verdicts = build(), Verdicts()
    figures = {"bench": "goodput", "grid": told(program, "grid", "--seeds", "5" if arguments.quick else "20")}
    grid(figures["grid"], verdicts)
    if not arguments.grid:
        figures["real"] = real(program, 1 if arguments.quick else 3, verdicts)
    print(json.dumps({**figures, "passed": verdicts.passed}))
    return 0 if verdicts.passed else 1


if __name__ == "__main__":
    sys.exit(main())
