#!/usr/bin/env python3
"""What a server and a worker behind it cost: `benches/server.py target/release/run_functions`.

Prints requests a second (with `wrk`, where it is installed), jobs a second of a worker whose steps
are `true`, what an idle worker and its server take of a processor and write, and the memory of the
server with so many workers, each with a look that is held.
"""

import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

PROGRAM = os.path.abspath(sys.argv[1] if len(sys.argv) > 1 else "target/release/run_functions")
JOBS = 400
IDLE = 20
WORKERS = 1000
TICKS = os.sysconf("SC_CLK_TCK")


class Server:
    def __init__(self, directory):
        self.directory = directory
        os.makedirs(directory, mode=0o700, exist_ok=True)
        self.log = open(os.path.join(directory, "log"), "w+")
        command = [PROGRAM, "serve", "--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(command, cwd=directory, stderr=self.log, stdout=self.log)
        self.address = None
        while self.address is None:
            with open(os.path.join(directory, "log")) as log:
                words = log.read().split()
            found = [word for word in words if word.startswith("http://127.0.0.1:")]
            self.address = found[0].removeprefix("http://").split("/")[0] if found else None
            time.sleep(0.02)
        with open(os.path.join(directory, "run/admin_token")) as token:
            self.token = token.read().strip()

    def headers(self):
        return {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}

    def call(self, connection, name, request):
        connection.request("POST", f"/api/v1/{name}", json.dumps(request), self.headers())
        answer = connection.getresponse()
        body = json.loads(answer.read())
        assert answer.status == 200, body
        return body["answer"]

    def connection(self):
        return http.client.HTTPConnection(self.address)


def ticks(pid):
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(") ", 1)[1].split()
    return int(fields[11]) + int(fields[12])


def written(pid):
    with open(f"/proc/{pid}/io") as io:
        lines = dict(line.strip().split(": ") for line in io)
    return int(lines["write_bytes"]), int(lines["syscw"])


def resident(pid):
    with open(f"/proc/{pid}/status") as status:
        lines = [line.split() for line in status if line.startswith("VmRSS")]
    return int(lines[0][1])


def requests(server):
    if not shutil.which("wrk"):
        print("requests a second: `wrk` is not installed")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".lua", delete=False) as script:
        script.write('wrk.method = "POST"\nwrk.body = "{}"\n')
        for name, value in server.headers().items():
            script.write(f'wrk.headers["{name}"] = "{value}"\n')
    for call in ["identity", "counts"]:
        for connections in [1, 16]:
            url = f"http://{server.address}/api/v1/{call}"
            command = ["wrk", "-t1", f"-c{connections}", "-d5s", "-s", script.name, url]
            text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
            rate = [line.split()[1] for line in text.splitlines() if "Requests/sec" in line]
            print(f"{call}, {connections} connections: {rate[0]} requests/s")


def worker(server, directory):
    os.makedirs(directory, mode=0o700, exist_ok=True)
    token = os.path.join(directory, "token")
    with open(os.open(token, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        file.write(server.token + "\n")
    with open(os.path.join(directory, "run_functions.toml"), "w") as config:
        config.write(
            f'[board]\naddress = "http://{server.address}"\ntoken_file = "token"\n'
            '[worker]\nslots = 4\n[jobs.x]\nsteps = [{ name = "a", command = ["true"] }]\n'
        )
    log = open(os.path.join(directory, "log"), "w")
    process = subprocess.Popen([PROGRAM, "work"], cwd=directory, stderr=log, stdout=log)
    while "is on the board" not in open(os.path.join(directory, "log")).read():
        time.sleep(0.02)
    return process


def jobs(server, directory):
    with open(os.path.join(directory, "jobs"), "w") as file:
        file.write("{}\n" * JOBS)
    begun = time.monotonic()
    subprocess.run(
        [PROGRAM, "post", "x", "--from", "jobs", "--wait"],
        cwd=directory, check=True, stdout=subprocess.DEVNULL,
    )
    print(f"a worker with 4 slots, steps `true`: {JOBS / (time.monotonic() - begun):.0f} jobs/s")


def idle(server, process):
    time.sleep(8)
    pids = {"idle worker": process.pid, "its server": server.process.pid}
    before = {name: (ticks(pid), written(pid)) for name, pid in pids.items()}
    time.sleep(IDLE)
    for name, pid in pids.items():
        used = (ticks(pid) - before[name][0]) / TICKS / IDLE * 100
        calls = (written(pid)[1] - before[name][1][1]) / IDLE
        stored = (written(pid)[0] - before[name][1][0]) / IDLE
        print(f"{name}: {used:.2f} % of a processor, {calls:.2f} writes/s, {stored:.0f} bytes/s to disk")


def held(server):
    before = resident(server.process.pid)
    connection = server.connection()
    sockets = []
    for at in range(WORKERS):
        identity = {
            "host": f"h{at}", "uid": 1, "boot_id": f"b{at}", "pid_namespace": "p",
            "time_namespace": "t", "pid": 1, "start_ticks": 1,
        }
        request = {
            "name": f"w{at}", "if_taken": "next_number", "identity": identity, "version": "1",
            "tags": [], "slots": 1,
        }
        session = server.call(connection, "join", {"request": request})["session"]
        body = json.dumps({"session": session, "lanes": []})
        head = "".join(f"{name}: {value}\r\n" for name, value in server.headers().items())
        host, port = server.address.split(":")
        line = socket.create_connection((host, int(port)))
        line.sendall(
            f"POST /api/v1/wait HTTP/1.1\r\nHost: {server.address}\r\n{head}"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        sockets.append(line)
    begun = ticks(server.process.pid)
    time.sleep(5)
    used = (ticks(server.process.pid) - begun) / TICKS / 5 * 100
    after = resident(server.process.pid)
    print(f"server: {before} kB alone, {after} kB with {WORKERS} held looks, {used:.0f} % of a processor")


def main():
    with tempfile.TemporaryDirectory() as above:
        server = Server(os.path.join(above, "server"))
        try:
            requests(server)
            directory = os.path.join(above, "worker")
            process = worker(server, directory)
            jobs(server, directory)
            idle(server, process)
            process.terminate()
            process.wait()
            held(server)
        finally:
            server.process.kill()


main()
