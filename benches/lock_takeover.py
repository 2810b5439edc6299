#!/usr/bin/env python3
"""Measures how soon a standby works after the holder of a lock is killed, stopped or cut off.

As root: lock_takeover.py PROGRAM [DIRECTORY WITH A VENV THAT HAS jobslib]. Two hosts are network
namespaces, ten pairs at once; the server is on the bridge between them. Prints rows of a table: the
median and the longest takeover, and the least margin between the last mark of the work of the last
holder and the first of the next one; below zero both have worked at once.
"""
import os
import signal
import subprocess
import sys
import tempfile
import time

PAIRS = 10
PAUSE = 0.02
SERVER = "10.199.77.1"
MARK = f"""
import os, time
log = os.open(os.environ["MARKS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
while True:
    os.write(log, b"%d\\n" % time.clock_gettime_ns(time.CLOCK_BOOTTIME))
    time.sleep({PAUSE})
"""
JOB = """
import os, time
from jobslib import BaseTask
RUN_ONCE = False
SLEEP_INTERVAL = 1
ONE_INSTANCE = {"backend": "jobslib.oneinstance.consul.ConsulLock", "options": {
    "host": "%s", "key": os.environ["KEY"], "ttl": 15, "lock_delay": 1}}
LIVENESS = {"backend": "jobslib.liveness.dummy.DummyLiveness"}
METRICS = {"backend": "jobslib.metrics.dummy.DummyMetrics"}
class Work(BaseTask):
    name = "work"
    description = "writes marks"
    arguments = ()
    def task(self):
        log = os.open(os.environ["MARKS"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        last = 0
        while True:
            if time.time() - last > 1:
                self.context.one_instance_lock.refresh()
                last = time.time()
            os.write(log, b"%%d\\n" %% time.clock_gettime_ns(time.CLOCK_BOOTTIME))
            time.sleep(%s)
""" % (SERVER, PAUSE)


def run(*words, **more):
    return subprocess.run(words, check=True, capture_output=True, text=True, **more).stdout


def ip(words):
    run("ip", *words.split())


def make_network():
    ip("link add rfmb type bridge")
    ip(f"addr add {SERVER}/24 dev rfmb")
    ip("link set rfmb up")
    for host in (0, 1):
        ip(f"netns add rfm{host}")
        ip(f"link add rfm{host} type veth peer name eth0 netns rfm{host}")
        ip(f"link set rfm{host} master rfmb up")
        ip(f"-n rfm{host} addr add 10.199.77.{host + 2}/24 dev eth0")
        ip(f"-n rfm{host} link set eth0 up")
        ip(f"-n rfm{host} link set lo up")


def remove_network():
    # The links of a namespace that is removed go later.
    for link in ("rfm0", "rfm1", "rfmb"):
        subprocess.run(["ip", "link", "del", link], stderr=subprocess.DEVNULL)
    for host in (0, 1):
        subprocess.run(["ip", "netns", "del", f"rfm{host}"], stderr=subprocess.DEVNULL)


def start_consul(place):
    words = f"consul agent -server -bootstrap-expect=1 -node=n -bind={SERVER} -client={SERVER} -data-dir={place}/consul"
    words += " -serf-wan-port=-1 -dns-port=-1 -grpc-port=-1 -log-level=warn"
    server = subprocess.Popen(words.split(), stdout=subprocess.DEVNULL)
    while ":" not in subprocess.run(["curl", "-s", f"http://{SERVER}:8500/v1/status/leader"], capture_output=True, text=True).stdout:
        time.sleep(0.2)
    time.sleep(3)
    return server


def start_postgres(place):
    data = f"{place}/pg"
    os.chmod(place, 0o755)
    os.mkdir(data)
    run("chown", "postgres", data)
    binaries = "/usr/lib/postgresql/15/bin"
    run("runuser", "-u", "postgres", "--", f"{binaries}/initdb", "-D", f"{data}/d", "--auth=trust", cwd=data)
    with open(f"{data}/d/pg_hba.conf", "a") as hba:
        hba.write("host all all all trust\n")
    words = ["runuser", "-u", "postgres", "--", f"{binaries}/postgres", "-D", f"{data}/d", "-c", f"listen_addresses={SERVER}"]
    server = subprocess.Popen([*words, "-c", f"unix_socket_directories={data}"], cwd=data, stderr=subprocess.DEVNULL)
    while subprocess.run(["psql", "-h", SERVER, "-U", "postgres", "-c", "SELECT 1"], capture_output=True).returncode:
        time.sleep(0.2)
    return server


def ours(program, url, ttl):
    def start(place, key):
        with open(f"{place}/run_functions.toml", "w") as config:
            config.write(f'[lock]\nttl = "{ttl}"\nkeep = true\n[tasks.work]\ncommand = ["python3", "{place}/mark.py"]\n')
        return [program, "--lock", f"{url}{key}", "tasks::work"]

    return start


def consul_lock(place, key):
    return ["consul", "lock", f"-http-addr=http://{SERVER}:8500", f"consul-lock/{key}", f"exec python3 {place}/mark.py"]


def jobslib(venv):
    def start(place, key):
        with open(f"{place}/settings.py", "w") as settings:
            settings.write(JOB)
        return [f"{venv}/bin/runjob", "-s", "settings", "settings.Work"]

    return start


class Contender:
    def __init__(self, start, place, key, host):
        os.makedirs(place)
        self.marks = f"{place}/marks"
        with open(f"{place}/mark.py", "w") as mark:
            mark.write(MARK)
        words = ["ip", "netns", "exec", f"rfm{host}", *start(place, key)]
        env = {"PATH": os.environ["PATH"], "HOME": place, "MARKS": self.marks, "KEY": key, "PYTHONPATH": place}
        self.log = open(f"{place}/log", "w")
        self.process = subprocess.Popen(words, cwd=place, env=env, stdout=self.log, stderr=self.log, start_new_session=True)

    def all_marks(self):
        try:
            with open(self.marks) as marks:
                return [int(line) / 1e9 for line in marks.read().split("\n")[:-1]]
        except FileNotFoundError:
            return []

    def wait(self, seconds):
        end = time.monotonic() + seconds
        while not self.all_marks():
            if time.monotonic() > end:
                return False
            time.sleep(0.05)
        return True


def pids_of(process):
    """Returns a process and what descends from it."""
    table = run("ps", "-eo", "pid=,ppid=")
    rows = [tuple(map(int, row.split())) for row in table.splitlines()]
    found = {process}
    for _ in range(6):
        found |= {pid for pid, parent in rows if parent in found}
    return found


def measure(name, start, fault, top):
    pairs, results = [], []
    for at in range(PAIRS):
        key = f"{name}-{fault}-{at}".replace(" ", "-").replace(",", "")
        holder = Contender(start, f"{top}/{key}-0", key, 0)
        pairs.append((key, holder))
    for key, holder in pairs:
        if not holder.wait(60):
            print(name, fault, "does not start:", open(holder.log.name).read()[-300:])
    standbys = [Contender(start, f"{top}/{key}-1", key, 1) for key, _ in pairs]
    time.sleep(6)
    trees = [pids_of(holder.process.pid) for _, holder in pairs]
    begun = [time.clock_gettime(time.CLOCK_BOOTTIME)] * PAIRS
    if fault == "cut off":
        ip("link set rfm0 down")
    for at, (_, holder) in enumerate(pairs):
        if fault != "cut off":
            time.sleep(0.31)
            begun[at] = time.clock_gettime(time.CLOCK_BOOTTIME)
            os.kill(holder.process.pid, signal.SIGKILL if fault == "kill -9" else signal.SIGSTOP)
    for at, standby in enumerate(standbys):
        if standby.wait(75):
            time.sleep(0.3)
            first = standby.all_marks()[0]
            before = [mark for mark in pairs[at][1].all_marks()]
            results.append((first - begun[at], first - before[-1]))
    ip("link set rfm0 up")
    for tree in trees + [pids_of(standby.process.pid) for standby in standbys]:
        for pid in tree:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
    takeovers = sorted(after for after, _ in results)
    if not takeovers:
        print(f"| {name} | {fault} | none of {PAIRS} within 75 s | | |", flush=True)
        return
    half, most = takeovers[len(takeovers) // 2], takeovers[-1]
    margin = min(margin for _, margin in results)
    print(f"| {name} | {fault} | {len(takeovers)} | {half:.1f} s; {most:.1f} s | {margin:.2f} s |", flush=True)


def main():
    program, venv = os.path.abspath(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
    place = tempfile.mkdtemp()
    servers = []
    remove_network()
    try:
        make_network()
        servers = [start_consul(place), start_postgres(place)]
        consul, postgres = f"consul://{SERVER}:8500/", f"postgres://postgres@{SERVER}/postgres?sslmode=disable&key="
        subjects = {"Consul, ttl 5s": ours(program, consul, "5s"), "PostgreSQL, ttl 5s": ours(program, postgres, "5s"),
                    "Consul, ttl 15s": ours(program, consul, "15s"), "consul lock": consul_lock}
        if venv:
            subjects["jobslib 3.2.1, ttl 15 s"] = jobslib(venv)
        for name, start in subjects.items():
            for fault in ("kill -9", "SIGSTOP", "cut off"):
                measure(name, start, fault, place)
    finally:
        for server in servers:
            server.terminate()
        remove_network()


main()
