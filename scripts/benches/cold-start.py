"""The same prompt with curl and with `tidegate run`, in turn, against the simulator at zero latency.

Wall time from fork to reaped exit, and CPU time as the system accounts it to the child. Peak memory is taken in runs of
its own, through GNU time: a child of Python is charged with Python's memory, since both are one until it has started.
The bar is a ratio within one run: the median wall time of `tidegate run` is at most 1.5 times curl's.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

BAR = 1.5
TARGET = os.environ.get("CARGO_TARGET_DIR", "target")
PROMPT = "Say hello"


def start_simulator():
    command = [os.path.join(TARGET, "release", "tidegate-simulator"), "--text", "Hello from the simulator."]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    if "http://" not in line:
        sys.exit(f"the simulator did not start: {line!r}")
    return process, line.split()[-1].strip()


def measure(command, environment):
    """Wall and CPU seconds of one child."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    output, errors = process.stdout.read(), process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begin
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0 or b"Hello from the simulator." not in output:
        sys.exit(f"{command[0]} failed ({process.returncode}): {output!r} {errors!r}")
    return wall, usage.ru_utime + usage.ru_stime


def peak_memory(command, environment):
    """The highest resident memory of five runs in MB; None without GNU time."""
    timer = shutil.which("time")
    if timer is None:
        return None
    peaks = []
    for _ in range(5):
        with tempfile.NamedTemporaryFile("r") as report:
            subprocess.run(
                [timer, "-f", "%M", "-o", report.name, *command],
                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, check=True,
            )
            peaks.append(int(report.read().split()[-1]))
    return round(max(peaks) / 1024, 1)


def summary(samples):
    walls = sorted(sample[0] * 1e3 for sample in samples)
    return {
        "wall_ms_median": round(statistics.median(walls), 2),
        "wall_ms_min": round(walls[0], 2),
        "wall_ms_p90": round(walls[int(len(walls) * 0.9)], 2),
        "cpu_ms_median": round(statistics.median(sample[1] for sample in samples) * 1e3, 2),
    }


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench cold-start")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    rounds = 15 if parser.parse_args().quick else 101
    curl = shutil.which("curl") or sys.exit("this benchmark needs curl")
    simulator, url = start_simulator()
    try:
        with tempfile.TemporaryDirectory() as home:
            figures = compare(curl, url, home, rounds)
    finally:
        simulator.terminate()
        simulator.wait()
    report(figures, rounds)


def compare(curl, url, home, rounds):
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": home,
        "OPENAI_API_KEY": "sk-bench",
        "OPENAI_BASE_URL": f"{url}/v1",
    }
    body = json.dumps({"model": "gpt-4o", "messages": [{"role": "user", "content": PROMPT}]})
    with_curl = [
        curl, "-sS", f"{url}/v1/chat/completions", "-H", "content-type: application/json",
        "-H", "authorization: Bearer sk-bench", "-d", body,
    ]
    # A copy that has never been run: what the first run after an installation costs.
    first = shutil.copy(os.path.join(TARGET, "release", "tidegate"), os.path.join(home, "tidegate"))
    with_tidegate = [first, "run", "-e", "openai/gpt-4o", "--no-stream", PROMPT]
    first_ever = measure(with_tidegate, environment)
    measure(with_curl, environment)
    samples = {"curl": [], "tidegate": []}
    for _ in range(rounds):
        samples["curl"].append(measure(with_curl, environment))
        samples["tidegate"].append(measure(with_tidegate, environment))
    figures = {name: summary(of) for name, of in samples.items()}
    for name, command in (("curl", with_curl), ("tidegate", with_tidegate)):
        figures[name]["peak_memory_mb"] = peak_memory(command, environment)
    figures["first_ever_wall_ms"] = round(first_ever[0] * 1e3, 2)
    figures["binary_mb"] = round(os.path.getsize(first) / 1024 / 1024, 1)
    return figures


def report(figures, rounds):
    ratio = figures["tidegate"]["wall_ms_median"] / figures["curl"]["wall_ms_median"]
    figures.update(benchmark="cold-start", rounds=rounds, ratio=round(ratio, 3), bar=BAR, passed=ratio <= BAR)
    print(f"{'':10} {'median ms':>10} {'min ms':>8} {'p90 ms':>8} {'CPU ms':>8} {'peak MB':>8}")
    for name in ("curl", "tidegate"):
        row = figures[name]
        print(
            f"{name:10} {row['wall_ms_median']:10.2f} {row['wall_ms_min']:8.2f} {row['wall_ms_p90']:8.2f} "
            f"{row['cpu_ms_median']:8.2f} {row['peak_memory_mb'] or 'unknown':>8}"
        )
    print(f"first run ever: {figures['first_ever_wall_ms']} ms; binary: {figures['binary_mb']} MB")
    print(f"ratio {ratio:.2f}, bar {BAR}: {'met' if ratio <= BAR else 'MISSED'}")
    print(json.dumps(figures))
    sys.exit(0 if ratio <= BAR else 1)


main()
