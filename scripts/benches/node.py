"""1,000 concurrent runs of one Node process, and prompts of a megabyte, through the package's native door.

The event loop: ten times 1,000 `run` calls in one turn of the loop, each answered by the simulator after 50 ms, the first of
them with every connection still to be made and nothing compiled. How late the loop is, as Node's own histogram with a
resolution of 1 ms counts it, while they go on and while nothing does, before and for as long afterwards, in one process.

Resident memory, in another process: at the start, which is after 2,000 runs eight at a time, and a minute after ten times
1,000, when the connections that wait for a next request are closed; after full garbage collections both times. What it was
after one single run is told beside it: V8 and its compilers take megabytes until a program is warm, however it runs.

The control: the same requests by Node's own `fetch`, in processes of its own.

The simulator stands for a provider, which has a machine of its own: it works when the process that is measured leaves a core
(`SCHED_IDLE`, for Tidegate and the control alike). A core it shares as an equal is taken from the loop for milliseconds.

Bars: the 99th percentile under load is at most 3 times that of the idle loop; resident memory ends within a tenth of
the start.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys

DELAY_BAR = 3.0
MEMORY_BAR = 1.1
CLIENTS = ("tidegate", "fetch")
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


def measured(subject, client, rounds):
    """What scripts/measure.mjs found, and how busy the machine was: processes that wanted a core, over a minute."""
    simulator, url = start_simulator()
    try:
        command = ["node", "--expose-gc", "scripts/measure.mjs", subject, client, url, str(rounds)]
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
    loops = {client: measured("delay", client, rounds) for client in CLIENTS}
    for client, figures in loops.items():
        show_loop(client, figures)
    print(f"{'prompt of 1 MB':24} {'median':>8} {'loop p99':>8} {'loop max':>8}")
    for name, row in loops["tidegate"]["prompts"].items():
        print(f"{name:24} {row['median_ms']:8.1f} {row['loop_p99_ms']:8.2f} {row['loop_max_ms']:8.2f}")
    memories = {client: measured("memory", client, rounds) for client in CLIENTS}
    for client, figures in memories.items():
        show_memory(client, figures)
    delay, memory = ratio(loops["tidegate"]), kept(memories["tidegate"])
    met = {"delay": delay <= DELAY_BAR, "memory": memory <= MEMORY_BAR}
    word = {True: "met", False: "MISSED"}
    print(f"delay {delay:.2f} x idle, bar {DELAY_BAR}: {word[met['delay']]} (fetch: {ratio(loops['fetch']):.2f})")
    print(f"memory {memory:.2f} x the start, bar {MEMORY_BAR}: {word[met['memory']]} (fetch: {kept(memories['fetch']):.2f})")
    passed = all(met.values())
    print(json.dumps({"benchmark": "node", "passed": passed, "delay_ratio": round(delay, 3), "memory_ratio": round(memory, 3),
                      "loops": loops, "memories": memories}))
    sys.exit(0 if passed else 1)


def kept(figures):
    return figures["after"]["rss_mb"] / figures["start"]["rss_mb"]


def show_loop(name, figures):
    print(f"{name}: load {figures['load']}; {figures['runs']} begun in {figures['begin_ms']:.2f} ms (median)")
    print(f"{'event loop':24} {'p50 ms':>8} {'p99 ms':>8} {'max ms':>8} {'took ms':>8}")
    before, after = figures["idle"]
    rows = [("idle, before", before), (f"{figures['rounds']} x {figures['runs']} at a time", figures["busy"]), ("idle, after", after)]
    for what, row in rows:
        print(f"{what:24} {row['p50_ms']:8.2f} {row['p99_ms']:8.2f} {row['max_ms']:8.2f} {row['took_ms']:8}")


def show_memory(name, figures):
    print(f"{name + ', memory':24} {'RSS MB':>8} {'files MB':>8} {'heap MB':>8} {'used MB':>8} {'ext. MB':>8}")
    warm = figures["warm_up"]
    when = {"one": "after one run", "start": f"start: {warm['runs']}, {warm['at_a_time']} at a time",
            "then": f"after {figures['rounds']} x {figures['runs']}", "after": f"{figures['idle_s']} s later"}
    for key, what in when.items():
        row = figures[key]
        print(f"{what:24} {row['rss_mb']:8} {row['files_mb']:8} {row['heap_mb']:8} {row['used_mb']:8} {row['external_mb']:8}")


main()
