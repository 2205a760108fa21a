#!/usr/bin/python3
"""How fast the policy service of the guard decides, over its real socket, and how fast it is back with many accounts.
usage: policy.py [--program KOMAINU] [--load BENCH_POLICY] [--accounts N] [--messages N] [--connections N]"""
import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir))
import common  # noqa: E402  pylint: disable=wrong-import-position

SOURCE = common.SOURCE


def guard_of(k):
    return k.roles("guard")[0]


def cpu_of(pid):
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as f:
        return sum(map(int, f.read().rsplit(")", 1)[1].split()[11:13])) / common.TICK


def memory_of(pid):
    """MB: private, and of the mapped counters."""
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as f:
        lines = dict(line.split(":", 1) for line in f)
    return int(lines["RssAnon"].split()[0]) / 1024, (int(lines["RssFile"].split()[0]) +
                                                     int(lines["RssShmem"].split()[0])) / 1024


def load(options, port, connections, messages, rate=0):
    out = subprocess.run([options.load, str(port), str(connections), str(messages), str(options.accounts), str(rate)],
                         capture_output=True, check=True, text=True)
    return json.loads(out.stdout)


def restart(k, port):
    """Milliseconds from kill -9 of the guard to the next answer."""
    pid = guard_of(k)
    begun = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    with socket.create_connection(("127.0.0.1", port), 30) as s:
        while True:
            try:
                s.sendall(b"request=smtpd_access_policy\nprotocol_state=RCPT\nsasl_username=u1\nrecipient=a@b\n\n")
                if s.recv(100).startswith(b"action="):
                    break
            except OSError:
                pass
            s.close()
            s = socket.create_connection(("127.0.0.1", port), 30)
    return 1000 * (time.monotonic() - begun)


class Entries:
    """Has @rate entries a second written into files of accounts while others ask."""

    def __init__(self, k, rate):
        self.path, self.rate = k.path("state/guard.sock"), rate
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run)
        self.written = 0

    def __enter__(self):
        if self.rate:
            self.thread.start()

    def __exit__(self, *_):
        self.ended.set()
        if self.rate:
            self.thread.join()

    def run(self):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(self.path)
            f = s.makefile("rwb")
            while not self.ended.wait(1 / self.rate):
                f.write(b'{"event": "complaint", "account": "e%d", "type": "abuse"}\n' % self.written)
                f.flush()
                assert b'"ok"' in f.readline()
                self.written += 1


def measure(options, k, port):
    rows = []
    for name, connections, messages, rate, entries in (
            ("warm up", options.connections, options.accounts, 0, 0),
            ("as fast as it goes", options.connections, options.messages, 0, 0),
            ("20,000 requests/s", options.connections, min(options.messages, 100000), 20000, 0),
            ("the same, 50 entries/s on disk", options.connections, min(options.messages, 100000), 20000, 50)):
        pid = guard_of(k)
        before = cpu_of(pid)
        with Entries(k, entries):
            got = load(options, port, connections, messages, rate)
        cpu = cpu_of(pid) - before
        rows.append((name, connections, got["requests"], f"{got['per_second']:.0f}",
                     f"{got['requests'] / max(cpu, 0.01):.0f}", got["p50_us"], got["p99_us"], got["p999_us"],
                     got["max_us"], got["hold"] + got["other"]))
    common.table("Policy service", ("load", "connections", "requests", "per second", "per CPU second of the guard",
                                    "p50 µs", "p99 µs", "p99.9 µs", "max µs", "not let through"), rows)
    private, mapped = memory_of(guard_of(k))
    times = sorted(restart(k, port) for _ in range(7) if time.sleep(1.2) is None)
    common.table("Guard", ("accounts", "private MB", "counters mapped MB", "kill -9 to next answer, ms (median, max)"),
                 [(options.accounts, f"{private:.1f}", f"{mapped:.0f}", f"{times[3]:.0f}, {times[-1]:.0f}")])


def main():
    p = argparse.ArgumentParser(description=__doc__)
    p.add_argument("--program", default=os.path.join(SOURCE, "build", "src", "cli", "komainu"))
    p.add_argument("--load", default=os.path.join(SOURCE, "build", "bench", "bench_policy"))
    p.add_argument("--accounts", type=int, default=100000)
    p.add_argument("--messages", type=int, default=500000)
    p.add_argument("--connections", type=int, default=200)
    options = p.parse_args()
    port = common.free_port()
    k = common.Komainu(options.program, f"guard.accounts: {options.accounts}\n")
    text = k.path("komainu.yaml")
    with open(text, encoding="utf-8") as f:
        settings = f.read().replace("listen.policy: off", f"listen.policy: 127.0.0.1:{port}")
    k.write("komainu.yaml", settings)
    k.start()
    try:
        measure(options, k, port)
    finally:
        k.stop()


if __name__ == "__main__":
    main()
