#!/usr/bin/env python3
"""Measures our board beside apalis-sqlite and durare: `benches/peers/measure.py [ROUNDS] [MEASURE ...]`.

In each round every one is measured once, in turn, on a new file in `BENCH_DIRECTORY` (or here); what counts is the median of the rounds. All
have WAL and `synchronous = FULL`. Builds before what it measures (CARGO_TARGET_DIR holds for both crates).
"""

import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).parent
TARGET = os.environ.get("CARGO_TARGET_DIR")

# The measure, who, its word there, jobs, jobs of another definition that wait.
MEASURES = {
    "jobs": [
        ("ours", "jobs", 50_000, 0),
        ("apalis", "jobs", 2_000, 0),
        ("durare", "jobs", 1_000, 0),
        ("durare", "direct", 300, 0),
        ("ours", "worker", 300, 0),
    ],
    "latency": [("ours", "latency", 100, 0), ("apalis", "latency", 100, 0), ("durare", "latency", 100, 0)],
    "steps": [("ours", "steps", 5_000, 0), ("apalis", "steps", 100, 0), ("durare", "steps", 50, 0)],
    "waiting": [("ours", "jobs", 50_000, 100_000), ("apalis", "jobs", 2_000, 100_000), ("durare", "jobs", 500, 100_000)],
    "million": [("ours", "jobs", 50_000, 1_000_000), ("apalis", "jobs", 2_000, 1_000_000), ("durare", "jobs", 500, 1_000_000)],
}


def built(name, directory):
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=directory, check=True)
    return pathlib.Path(TARGET or directory / "target", "release", name)


def measured(programs, who, what, jobs, waiting):
    with tempfile.TemporaryDirectory(dir=os.environ.get("BENCH_DIRECTORY", ".")) as directory:
        words = [what, directory, str(jobs), str(waiting)]
        command = [programs["ours"], *words] if who == "ours" else [programs["peers"], who, *words]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
        return [float(word) for word in done.stdout.split()]


def main():
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    programs = {"ours": built("board_ours", HERE / "ours"), "peers": built("board_peers", HERE)}
    for measure in sys.argv[2:] or MEASURES:
        found = {}
        for _ in range(rounds):
            for who, *order in MEASURES[measure]:
                found.setdefault((who, *order), []).append(measured(programs, who, *order))
        first = None
        for (who, what, jobs, waiting), values in found.items():
            medians = [statistics.median(column) for column in zip(*values)]
            first = first or medians
            ratios = ", ".join(f"{value / base:.3f}" for value, base in zip(medians, first))
            shown = ", ".join(f"{value:.2f}" for value in medians)
            every = "; ".join(" ".join(f"{value:g}" for value in row) for row in values)
            print(f"{measure}: {who} {what}, {jobs} jobs beside {waiting}: {shown} (to ours: {ratios}) [{every}]", flush=True)


main()
