"""A task under a lock whose tree ignores SIGTERM, forks, and begins a session of its own.

Each of its three processes writes marks until the task ends: the time on CLOCK_BOOTTIME, the fence,
the host, and what it does.
"""
import os
import signal
import sys
import time

path, host, seconds, pause = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
fence = os.environ["RUN_FUNCTIONS_FENCE"]
log = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)


def mark(what):
    now = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    os.write(log, f"{now} {fence} {host} {what}\n".encode())


def live():
    while True:
        mark("alive")
        time.sleep(pause)


for ignored in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
    signal.signal(ignored, signal.SIG_IGN)
mark("begin")
child = os.fork()
if child == 0:
    live()
reader, writer = os.pipe()
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.write(writer, str(os.getpid()).encode())
        live()
    os._exit(0)
stranger = int(os.read(reader, 20))
end = time.monotonic() + seconds
while time.monotonic() < end:
    mark("alive")
    time.sleep(pause)
for pid in (child, stranger):
    os.kill(pid, signal.SIGKILL)
os.waitpid(child, 0)
mark("end")
