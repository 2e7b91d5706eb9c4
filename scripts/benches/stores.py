"""What a store of the queue costs, and what a long line costs.

A reservation and its settlement, beside the same arithmetic behind a bare mutex, and beside two bare transactions of SQLite
that read one row of the same size and write it with another content, in a loop with no task around it. The quietest round of
each counts. On a server of its own, beside two bare round trips of a script that reads and writes as many bytes as a
state and a lease have, asked for in the same way, and beside two of `PING`, which no bar is set against; there the time until
it is done counts, since most of the work is another process's. A line of 100,000 beside one of 1,000: time from one
departure to the next, memory per waiter. Two processes over one file: how evenly they share it (Jain's index).

Bars: a store costs at most twice what is bare; a departure from the long line at most 1.5 times one from the short; an
index of at least 0.98.
"""

import argparse
import json
import subprocess
import sys

STORE_BAR = 2.0
LINE_BAR = 1.5
FAIR_BAR = 0.98


def told(quick):
    command = ["cargo", "bench", "--locked", "--quiet", "-p", "tidegate-queue", "--bench", "stores", "--"]
    command += ["--quick"] if quick else []
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True).stdout)


def main():
    parser = argparse.ArgumentParser(prog="scripts/bench stores")
    parser.add_argument("--quick", action="store_true", help="fewer rounds")
    seen = told(parser.parse_args().quick)
    memory, sqlite, redis = seen["memory"], seen["sqlite"], seen["redis"]
    if redis is None:
        sys.exit("this needs `redis-server` on the PATH, or its path in REDIS_SERVER: apt-get install redis-server")
    rows = [
        ("memory, beside a mutex", memory["store"], memory["bare"]),
        ("sqlite, one at a time", sqlite["store"], sqlite["bare"]),
        ("sqlite, 64 at once", sqlite["store_64"], sqlite["bare"]),
    ]
    served = [
        ("redis, one at a time", redis["store"], redis["bare"]),
        ("redis, 64 at once", redis["store_64"], redis["bare_64"]),
    ]
    print(f"{'reserve + settle':28} {'us':>8} {'bare':>8} {'CPU us':>8} {'bare':>8} {'ratio':>6}")
    for (name, ours, bare), kind in [(row, "cpu_us") for row in rows] + [(row, "us") for row in served]:
        ratio = ours[kind] / bare[kind]
        print(f"{name:28} {ours['us']:8.2f} {bare['us']:8.2f} {ours['cpu_us']:8.2f} {bare['cpu_us']:8.2f} {ratio:6.2f}")
    ping = redis["ping"]
    print(f"{'(two round trips of PING)':28} {ping['us']:8.2f} {'':8} {ping['cpu_us']:8.2f}")
    short, long = seen["line_1000"], seen["line_100000"]
    for name, line in (("1,000", short), ("100,000", long)):
        print(f"line of {name}: {line['us_per_grant']:.2f} us a departure, {line['bytes_per_waiter']:.0f} bytes a waiter")
    peers = seen["peers"]
    fair = sum(peers) ** 2 / (len(peers) * sum(share * share for share in peers))
    print(f"two processes: {peers}, Jain's index {fair:.4f}")
    passed = (
        all(ours["cpu_us"] <= STORE_BAR * bare["cpu_us"] for _, ours, bare in rows)
        and all(ours["us"] <= STORE_BAR * bare["us"] for _, ours, bare in served)
        and long["us_per_grant"] <= LINE_BAR * short["us_per_grant"]
        and fair >= FAIR_BAR
    )
    print(json.dumps({"bench": "stores", "passed": passed, "fairness": round(fair, 4), **seen}))
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
