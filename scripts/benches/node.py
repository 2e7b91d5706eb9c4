"""1,000 concurrent runs of one Node process, and prompts of a megabyte, through the package's native door.

Ten times 1,000 `run` calls in one turn of the loop, each answered by the simulator after 50 ms, the first of them with every
connection still to be made. How late the event loop is, as Node's own histogram with a resolution of 1 ms counts it, while
they go on and while nothing does, before and for as long afterwards, in one process. Resident memory at the start, which is
after one run, and a minute after the last run, when the connections that wait for a next request are closed; after full
garbage collections both times. The control: the same requests by Node's own `fetch`, in a process of its own.

The simulator stands for a provider, which has a machine of its own: it works when the process that is measured leaves a core
(`SCHED_IDLE`, for Tidegate and the control alike). A core it shares as an equal is taken from the loop for milliseconds.

Bars: the 99th percentile under load is at most 3 times that of the idle loop; resident memory ends within a tenth of
the start, or, where that is more, with no more growth than the control has.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys

DELAY_BAR = 3.0
MEMORY_BAR = 1.1
LATENCY = "50ms"
TARGET = os.environ.get("CARGO_TARGET_DIR", "target")
PACKAGE = "crates/tidegate-node"


def build():
    for tool in ("node", "npm"):
        shutil.which(tool) or sys.exit(f"this benchmark needs {tool} (Node 20 or newer)")
    os.path.exists("/proc/self/status") or sys.exit("this benchmark reads resident memory from Linux's /proc")
    if not os.path.isdir(f"{PACKAGE}/node_modules"):
        subprocess.run(["npm", "ci", "--silent"], cwd=PACKAGE, check=True)
    subprocess.run(["npm", "run", "--silent", "build"], cwd=PACKAGE, check=True)


def give_way():
    os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))


def start_simulator():
    command = [os.path.join(TARGET, "release", "tidegate-simulator"), "--text", "Hello from the simulator.", "--latency", LATENCY]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, preexec_fn=give_way)
    line = process.stdout.readline()
    if "http://" not in line:
        sys.exit(f"the simulator did not start: {line!r}")
    return process, line.split()[-1].strip()


def measured(client, rounds):
    """What scripts/measure.mjs found, and how busy the machine was: processes that wanted a core, over a minute."""
    simulator, url = start_simulator()
    try:
        command = ["node", "--expose-gc", "scripts/measure.mjs", client, url, str(rounds)]
        load = os.getloadavg()[0]
        told = subprocess.run(command, cwd=PACKAGE, check=True, stdout=subprocess.PIPE, text=True)
    finally:
        simulator.terminate()
        simulator.wait()
    return {**json.loads(told.stdout), "load": round(load, 2)}


def ratio(figures):
    idle = figures["idle"]
    return figures["busy"]["p99_ms"] / (sum(window["p99_ms"] for window in idle) / len(idle))


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench node")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 3 if parser.parse_args().quick else 10
    build()
    clients = {client: measured(client, rounds) for client in ("tidegate", "fetch")}
    for name, figures in clients.items():
        show(name, figures)
    ours, control = clients["tidegate"], clients["fetch"]
    print(f"{'prompt of 1 MB':24} {'median':>8} {'loop p99':>8} {'loop max':>8}")
    for name, row in ours["prompts"].items():
        print(f"{name:24} {row['median_ms']:8.1f} {row['loop_p99_ms']:8.2f} {row['loop_max_ms']:8.2f}")
    delay = ratio(ours)
    start, after = (ours["memory"][when]["rss_mb"] for when in ("start", "after"))
    grown = control["memory"]["after"]["rss_mb"] - control["memory"]["start"]["rss_mb"]
    most = max(MEMORY_BAR * start, start + grown)
    kept = {"delay": delay <= DELAY_BAR, "memory": after <= most}
    word = {True: "met", False: "MISSED"}
    print(f"delay {delay:.2f} x idle, bar {DELAY_BAR}: {word[kept['delay']]} (fetch: {ratio(control):.2f})")
    print(f"memory {start} -> {after} MB, {after / start:.2f} x the start; bar {most:.1f} MB, {MEMORY_BAR} x the start"
          f" or the control's growth of {grown:.1f} MB: {word[kept['memory']]}")
    passed = all(kept.values())
    print(json.dumps({"benchmark": "node", "passed": passed, "delay_ratio": round(delay, 3), "memory_ratio": round(after / start, 3),
                      "memory_most_mb": round(most, 1), **clients}))
    sys.exit(0 if passed else 1)


def show(name, figures):
    print(f"{name}: load {figures['load']}; {figures['runs']} begun in {figures['begin_ms']:.2f} ms (median)")
    print(f"{'event loop':24} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'took ms':>8}")
    before, after = figures["idle"]
    rows = [("idle, before", before), (f"{figures['rounds']} x {figures['runs']} at a time", figures["busy"]), ("idle, after", after)]
    for what, row in rows:
        print(f"{what:24} {row['p50_ms']:8.2f} {row['p99_ms']:8.2f} {row['max_ms']:8.2f} {row['took_ms']:8}")
    print(f"{'memory':24} {'RSS MB':>8} {'files MB':>8} {'heap MB':>8} {'used MB':>8} {'ext. MB':>8}")
    when = {"start": "start", "then": "after the last", "after": f"{figures['idle_s']} s later"}
    for key, what in when.items():
        row = figures["memory"][key]
        print(f"{what:24} {row['rss_mb']:8} {row['files_mb']:8} {row['heap_mb']:8} {row['used_mb']:8} {row['external_mb']:8}")


main()
