#!/usr/bin/env python3
"""Measures workers on the embedded board: `benches/jobs.py PROGRAM` (a release build).

Prints: from a post to the begin of its first step, from kill -9 of a worker to the claim by another one of the same host, from a request to
kill to the end of the step, jobs of one command a second, and what an idle worker costs. All in a directory of its own, which is removed.
"""

import json
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

CONFIG = """
[worker]
slots = 4
[jobs.quick]
steps = [{ name = "a", command = ["true"] }]
[jobs.long]
steps = [{ name = "a", command = ["sleep", "1000"] }]
"""


class Desk:
    def __init__(self, program, directory):
        self.program, self.directory = program, directory
        path = pathlib.Path(directory, "run_functions.toml")
        path.write_text(CONFIG)
        path.chmod(0o600)

    def run(self, *args):
        done = subprocess.run([self.program, *args], cwd=self.directory, capture_output=True, text=True, check=True)
        return done.stdout

    def worker(self, name):
        log = open(pathlib.Path(self.directory, name + ".log"), "w")
        process = subprocess.Popen([self.program, "work", "--name", name], cwd=self.directory, stderr=log)
        while "is on the board" not in pathlib.Path(log.name).read_text():
            time.sleep(0.01)
        return process

    def post(self, job):
        return json.loads(self.run("post", job, "--json"))["id"]

    def query(self, sql):
        return json.loads(self.run("board", "query", sql, "--json"))

    def job(self, number):
        return json.loads(self.run("job", str(number), "--json"))

    def wait(self, number, wanted):
        while True:
            job = self.job(number)
            if wanted(job):
                return job
            time.sleep(0.005)


def shown(name, values, unit="ms"):
    values = sorted(values)
    last = values[min(len(values) - 1, int(len(values) * 0.99))]
    print(f"{name}: p50 {statistics.median(values):.1f}, p99 {last:.1f} {unit} ({len(values)} times)")


def post_to_start(desk, times):
    """From the post, as the board has it, to the begin of the step, as the journal has it. Both in whole milliseconds."""
    first = None
    for _ in range(times):
        number = desk.post("quick")
        first = first or number
        desk.wait(number, lambda job: job["state"] == "succeeded")
    rows = desk.query(
        "SELECT journal.started - job.posted AS ms FROM job JOIN journal ON journal.job = job.id"
        f" WHERE journal.step = 'a' AND job.id >= {first} LIMIT 900"
    )
    shown("post to start", [row["ms"] for row in rows])


def failover(desk, times):
    """From kill -9 to the line of the claim in the log of the other worker."""
    spans = []
    number = None
    names = ["one", "two"]
    workers = {name: desk.worker(name) for name in names}
    number = desk.post("long")
    for turn in range(times):
        job = desk.wait(number, lambda job: job["doing"] and job["worker"])
        holder = job["worker"]
        other = names[1 - names.index(holder)]
        log = pathlib.Path(desk.directory, other + ".log")
        claims = log.read_text().count("Claimed")
        killed = time.monotonic()
        workers[holder].send_signal(signal.SIGKILL)
        workers[holder].wait()
        while log.read_text().count("Claimed") == claims:
            time.sleep(0.001)
        spans.append((time.monotonic() - killed) * 1000)
        workers[holder] = desk.worker(holder)
        if turn % 2 == 1:
            # Three crashes in a row at one step, and a job is stuck.
            desk.run("job", str(number), "kill")
            desk.wait(number, lambda job: job["state"] == "cancelled")
            number = desk.post("long")
    shown("kill -9 to the claim by another worker of the host", spans)
    desk.run("job", str(number), "kill")
    desk.wait(number, lambda job: job["state"] == "cancelled")
    for worker in workers.values():
        worker.terminate()
        worker.wait()


def kill_request(desk, times):
    spans = []
    for _ in range(times):
        number = desk.post("long")
        desk.wait(number, lambda job: job["doing"])
        asked = time.monotonic()
        desk.run("job", str(number), "kill")
        desk.wait(number, lambda job: job["state"] == "cancelled")
        spans.append((time.monotonic() - asked) * 1000)
    shown("request to kill to the end of the job", spans)


def throughput(desk, jobs):
    numbers = [desk.post("quick") for _ in range(jobs)]
    begun = time.monotonic()
    worker = desk.worker("w")
    desk.wait(numbers[-1], lambda job: job["state"] == "succeeded")
    left = lambda: desk.query("SELECT count(*) AS n FROM job WHERE ended IS NULL")[0]["n"]
    while left():
        time.sleep(0.01)
    print(f"jobs of one command, 4 slots: {jobs / (time.monotonic() - begun):.0f} a second")
    return worker


def memory(pid):
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    field = lambda name: int(text.split(name + ":")[1].split()[0])
    return field("Rss"), field("Private_Clean") + field("Private_Dirty")


def switches(pid):
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        text = pathlib.Path(f"/proc/{pid}/task/{task}/status").read_text()
        total += int(text.split("voluntary_ctxt_switches:")[1].split()[0])
    return total


def idle(desk, worker, seconds):
    time.sleep(2)
    children = pathlib.Path(f"/proc/{worker.pid}/task/{worker.pid}/children").read_text().split()
    usage = lambda: sum(int(f) for f in pathlib.Path(f"/proc/{worker.pid}/stat").read_text().split()[13:15])
    wal = pathlib.Path(desk.directory, "run/board.sqlite-wal")
    before, cpu, written = switches(worker.pid), usage(), wal.stat().st_mtime_ns
    writes = 0
    for _ in range(seconds * 20):
        time.sleep(0.05)
        now = wal.stat().st_mtime_ns
        writes, written = writes + (now != written), now
    woken = (switches(worker.pid) - before) / seconds
    share = (usage() - cpu) / os.sysconf("SC_CLK_TCK") / seconds * 100
    print(f"idle worker: {woken:.1f} wake-ups/s, {share:.2f} % of a processor, {writes / seconds:.2f} writes/s")
    for name, pid in [("worker", worker.pid), *[("keeper", pid) for pid in children[:1]]]:
        rss, private = memory(pid)
        print(f"  {name}: {rss} KiB resident, {private} KiB private ({len(children)} keepers)")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as directory:
        desk = Desk(program, directory)
        worker = throughput(desk, 400)
        post_to_start(desk, 200)
        kill_request(desk, 20)
        idle(desk, worker, 20)
        worker.terminate()
        worker.wait()
        failover(desk, 40)


main()
