"""1,000 concurrent runs of one Node process, and prompts of a megabyte, through the package's native door.

How late the event loop is, as Node's own histogram counts it, while the runs go on and while nothing does, in one process
and for as long. The bar is a ratio within one run: the 99th percentile under load is at most 3 times that of the idle loop,
and what JavaScript holds at the end, heap and buffers, is within a tenth of what it held at the start. Resident memory is told
and not judged: the connections that wait for a next request and what allocators keep are in it.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys

DELAY_BAR = 3.0
MEMORY_BAR = 1.1
TARGET = os.environ.get("CARGO_TARGET_DIR", "target")
PACKAGE = "crates/tidegate-node"


def build():
    for tool in ("node", "npm"):
        shutil.which(tool) or sys.exit(f"this benchmark needs {tool} (Node 20 or newer)")
    if not os.path.isdir(f"{PACKAGE}/node_modules"):
        subprocess.run(["npm", "ci", "--silent"], cwd=PACKAGE, check=True)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=PACKAGE, check=True)


def start_simulator():
    command = [os.path.join(TARGET, "release", "tidegate-simulator"), "--text", "Hello from the simulator.", "--latency", "1s"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    if "http://" not in line:
        sys.exit(f"the simulator did not start: {line!r}")
    return process, line.split()[-1].strip()


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench node")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 3 if parser.parse_args().quick else 10
    build()
    simulator, url = start_simulator()
    try:
        command = ["node", "--expose-gc", "scripts/measure.mjs", url, str(rounds)]
        measured = subprocess.run(command, cwd=PACKAGE, check=True, stdout=subprocess.PIPE, text=True)
    finally:
        simulator.terminate()
        simulator.wait()
    report(json.loads(measured.stdout))


def report(figures):
    idle = max(of["p99_ms"] for of in figures["idle"])
    ratio = figures["busy"]["p99_ms"] / idle
    memory = figures["memory"]
    held = {name: of["heap_mb"] + of["external_mb"] for name, of in memory.items()}
    growth = held["after"] / held["start"]
    passed = ratio <= DELAY_BAR and growth <= MEMORY_BAR
    figures.update(
        benchmark="node", delay_ratio=round(ratio, 3), delay_bar=DELAY_BAR, memory_ratio=round(growth, 3),
        memory_bar=MEMORY_BAR, passed=passed,
    )
    print(f"{'event loop':24} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'took ms':>8}")
    rows = [("idle, before", figures["idle"][0]), (f"{figures['runs']} runs at a time", figures["busy"]), ("idle, after", figures["idle"][1])]
    for name, row in rows:
        print(f"{name:24} {row['p50_ms']:8.2f} {row['p99_ms']:8.2f} {row['max_ms']:8.2f} {row['took_ms']:8}")
    print(f"{'memory':24} {'RSS MB':>8} {'heap MB':>8} {'ext. MB':>8}")
    for name in ("start", "warm", "after"):
        row = memory[name]
        print(f"{name:24} {row['rss_mb']:8} {row['heap_mb']:8} {row['external_mb']:8}")
    print(f"{'prompt of 1 MB':24} {'median':>8} {'loop p99':>8} {'loop max':>8}")
    for name, row in figures["prompts"].items():
        print(f"{name:24} {row['median_ms']:8} {row['loop_p99_ms']:8} {row['loop_max_ms']:8}")
    print(f"delay {ratio:.2f} x idle, bar {DELAY_BAR}: {'met' if ratio <= DELAY_BAR else 'MISSED'}")
    print(f"memory {growth:.2f} x the start, bar {MEMORY_BAR}: {'met' if growth <= MEMORY_BAR else 'MISSED'}")
    print(json.dumps(figures))
    sys.exit(0 if passed else 1)


main()
