#!/usr/bin/env python3
"""Measures schedules on the embedded board: `benches/schedules.py PROGRAM` (a release build).

Prints what 10,000 schedules cost: the first start of a worker, which brings them to the board; a minute in which none comes; and a minute at
which all come at once, for jobs that nothing runs. All in a directory of its own, which is removed.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

SCHEDULES = 10_000
MINUTE = 60
JOB = """
[jobs.quick]
needs = ["gpu"]
overlap = "allow"
steps = [{ name = "a", command = ["true"] }]
"""


class Desk:
    def __init__(self, program, directory):
        self.program, self.directory = program, directory

    def configure(self, cron):
        path = pathlib.Path(self.directory, "run_functions.toml")
        each = (f'[schedules.s{at}]\njob = "quick"\ncron = "{cron}"\n' for at in range(SCHEDULES))
        path.write_text(JOB + "".join(each))
        path.chmod(0o600)

    def worker(self):
        log = pathlib.Path(self.directory, "log")
        begun = time.monotonic()
        process = subprocess.Popen([self.program, "work"], cwd=self.directory, stderr=open(log, "w"))
        while "is new" not in log.read_text() and "has changed" not in log.read_text():
            time.sleep(0.01)
        return process, time.monotonic() - begun

    def query(self, sql):
        printed = subprocess.check_output([self.program, "board", "query", sql, "--json"], cwd=self.directory)
        return json.loads(printed)


def ticks(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    program = os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory() as directory:
        desk = Desk(program, directory)
        desk.configure("0 0 1 1 *")
        worker, took = desk.worker()
        time.sleep(2)
        print(f"first start with {SCHEDULES} schedules: {took:.2f} s until they are on the board")
        before = ticks(worker)
        time.sleep(MINUTE)
        print(f"a minute in which none comes: {(ticks(worker) - before) * 1000:.0f} ms of a processor")
        worker.terminate()
        worker.wait()
        desk.configure("* * * * *")
        worker, _ = desk.worker()
        before = ticks(worker)
        while not desk.query("SELECT id FROM job LIMIT 1"):
            time.sleep(0.2)
        slot = "SELECT slot FROM job ORDER BY id LIMIT 1"
        of_slot = f"WHERE slot = ({slot})"
        while desk.query(f"SELECT count(*) AS n FROM job {of_slot}")[0]["n"] < SCHEDULES:
            time.sleep(0.5)
        row = desk.query(f"SELECT min(posted - slot) AS first, max(posted - slot) AS last FROM job {of_slot}")[0]
        print(f"all at one minute: posted {row['first']} to {row['last']} ms after it, {(ticks(worker) - before) * 1000:.0f} ms of a processor")
        worker.terminate()
        worker.wait()


main()
