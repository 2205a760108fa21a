#!/usr/bin/python3
"""What others catch of the simulator's attackers: the same events, told over Postfix's policy protocol to the real programs
that Debian has (postfwd, policyd-rate-limit), each with the clock of the events (libfaketime). Rspamd's ratelimit is
modelled: a leaky bucket of each login, as its manual describes it, a recipient a drop. Registered senders of mailings and
servers are exempt everywhere, as a careful operator would have it.
usage: compare.py --komainu PROGRAM [--seed N] [--accounts N] [--days N] [--attackers N] [--honest N] [--folder FOLDER]
--honest: accounts that were not attacked and are told to the other programs (a sample; Komainu sees all)."""
import argparse
import json
import os
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime

HERE = os.path.dirname(os.path.abspath(__file__))
FAKETIME = "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"
EXEMPT = {"Newsletter", "Printer", "WebForm", "Cron", "MailServer", "Forwarder", "Relay"}

POLICYD = """user: {user}
group: {user}
pidfile: {folder}/pid
backend: 0
sqlite_config: {{database: {folder}/db.sqlite3}}
SOCKET: ["127.0.0.1", {port}]
limits: [[10, 60], [150, 86400]]
limit_by_sasl: True
success_action: dunno
fail_action: defer_if_permit Rate limit reach, retry later
db_error_action: dunno
report: False
delay_to_close: 3000
"""
POSTFWD = """id=HOUR; sasl_username=~/./; action=rate(sasl_username/100/3600/450 4.7.1 an hour's limit)
id=DAY; sasl_username=~/./; action=rate(sasl_username/500/86400/450 4.7.1 a day's limit)
"""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Program:
    """A policy server with the clock of the events; port None: it answers on its standard output."""
    def __init__(self, name, folder, port, command):
        self.name, self.clock, self.now = name, f"{folder}/clock", None
        self.set_clock(datetime.fromisoformat("2026-01-01T00:00:00+00:00").timestamp())
        env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C", "TZ": "UTC", "LD_PRELOAD": FAKETIME,
               "FAKETIME_TIMESTAMP_FILE": self.clock, "FAKETIME_NO_CACHE": "1", "DONT_FAKE_MONOTONIC": "1"}
        self.log = open(f"{folder}/log", "wb")
        pipe = port is None
        self.process = subprocess.Popen(command, env=env, cwd=folder, stdout=subprocess.PIPE if pipe else self.log,
                                        stderr=self.log, stdin=subprocess.PIPE if pipe else subprocess.DEVNULL,
                                        start_new_session=True)
        self.send, self.answers = self.process.stdin, self.process.stdout
        for _ in range(0 if pipe else 100):
            try:
                self.socket = socket.create_connection(("127.0.0.1", port), timeout=20)
                self.send = self.answers = self.socket.makefile("rwb")
                break
            except OSError:
                time.sleep(.1)
        if self.send is None:
            self.stop()
            raise RuntimeError(f"{name} does not listen; see {folder}/log")

    def set_clock(self, t):
        if int(t) == self.now:
            return
        self.now = int(t)
        with open(f"{self.clock}.new", "w", encoding="ascii") as f:
            f.write(time.strftime("%Y-%m-%d %H:%M:%S\n", time.gmtime(self.now)))
        os.rename(f"{self.clock}.new", self.clock)

    def ask(self, t, e, rcpt):
        self.set_clock(t)
        words = {"request": "smtpd_access_policy", "protocol_state": "RCPT", "protocol_name": "ESMTP",
                 "sender": e.get("mail_from", ""), "recipient": rcpt, "recipient_count": "0", "client_address": e["ip"],
                 "client_name": "unknown", "helo_name": "pc", "queue_id": "", "instance": e["queue_id"],
                 "sasl_method": "plain", "sasl_username": e.get("account", ""), "size": str(e["size"])}
        self.send.write("".join(f"{k}={v}\n" for k, v in words.items()).encode() + b"\n")
        self.send.flush()
        action = b""
        while (line := self.answers.readline()) not in (b"\n", b""):
            action = line.lower()
        if not action.startswith(b"action="):
            raise RuntimeError(f"{self.name}: no answer")
        return action.startswith((b"action=dunno", b"action=ok"))

    def stop(self):
        try:
            os.killpg(self.process.pid, signal.SIGTERM)
            self.process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            self.process.kill()
            self.process.wait()
        self.log.close()


class Bucket:
    """Rspamd's ratelimit of a login: burst 100, leaking 100 an hour."""
    name = "Rspamd's ratelimit, 100 an hour (modelled)"

    def __init__(self):
        self.level = {}

    def ask(self, t, e, _rcpt):
        if not e.get("account"):
            return True
        level, then = self.level.get(e["account"], (0, t))
        level = max(0, level - (t - then) * 100 / 3600)
        passed = level + 1 <= 100
        self.level[e["account"]] = (level + passed, t)
        return passed

    def stop(self):
        pass


def postfwd(folder):
    with open(f"{folder}/rules", "w", encoding="ascii") as f:
        f.write(POSTFWD)
    return Program("postfwd, 100 an hour and 500 a day", folder, None,
                   ["/usr/sbin/postfwd1", "-f", f"{folder}/rules", "--nodns", "--cache", "0",
                    "--cleanup-rates", "86400", "--norulelog", "--norulestats", "--noidlestats"])


def policyd(folder):
    port = free_port()
    user = "policyd-rate-limit" if os.getuid() == 0 else __import__("getpass").getuser()
    with open(f"{folder}/config.yaml", "w", encoding="ascii") as f:
        f.write(POLICYD.format(folder=folder, port=port, user=user))
    if os.getuid() == 0:
        shutil.chown(folder, user, user)
    return Program("policyd-rate-limit, Debian's 10 a minute and 150 a day", folder, port,
                   ["/usr/bin/policyd-rate-limit", "-f", f"{folder}/config.yaml"])


def seconds(text):
    return datetime.fromisoformat(text).timestamp()


def replay(peer, events, marks, names):
    """Recipients and messages of each attacker that passed; honest accounts that had to wait."""
    leaked = {n: [0, 0] for n in marks.values()}
    waited = set()
    for e in events:
        t = seconds(e["t"])
        passed = sum(peer.ask(t, e, r) for r in e["rcpts"])
        attacker = marks.get(e["queue_id"][:6])
        if attacker:
            leaked[attacker][0] += passed > 0
            leaked[attacker][1] += passed
        elif passed < len(e["rcpts"]) and e.get("account") in names:
            waited.add(e["account"])
    return leaked, waited


def ours(program, path, marks, truth):
    leaked = {n: [0, 0] for n in marks.values()}
    passed, waited = set(), set()
    out = subprocess.Popen([program, "guard", "simulate", "--json", path], stdout=subprocess.PIPE)
    for line in out.stdout:
        d = json.loads(line)
        if "decision" not in d:
            continue
        if d["decision"] == "accept":
            if d["queue_id"][:6] in marks:
                passed.add(d["queue_id"])
        elif d["queue_id"][:6] not in marks and d["account"] in truth and "attack" not in truth[d["account"]]:
            waited.add(d["account"])
    out.wait()
    with open(path, encoding="utf-8") as f:
        for line in f:
            if '"4X' in line:
                e = json.loads(line)
                if e.get("queue_id") in passed:
                    leaked[marks[e["queue_id"][:6]]][0] += 1
                    leaked[marks[e["queue_id"][:6]]][1] += len(e["rcpts"])
    return leaked, waited


def rows(results, truth, sizes):
    kinds = list(dict.fromkeys(a["attack"] for a in truth.values() if "attack" in a and a["attack"] != "Infected"))
    print("| attacker | " + " | ".join(results) + " |")
    print("|---" * (len(results) + 1) + "|")
    for kind in kinds:
        cells = []
        for leaked, _ in results.values():
            of = [v for n, v in leaked.items() if truth[n]["attack"] == kind]
            cells.append(f"{statistics.median(m for m, _ in of):.0f}, {max(m for m, _ in of)} ({max(r for _, r in of)})")
        print(f"| {kind} | " + " | ".join(cells) + " |")
    print("| honest accounts that had to wait | " +
          " | ".join(f"{len(w)} of {n}" for (_, w), n in zip(results.values(), sizes)) + " |")


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--komainu", required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--accounts", type=int, default=10000)
    p.add_argument("--days", type=int, default=30)
    p.add_argument("--attackers", type=int, default=5)
    p.add_argument("--honest", type=int, default=500)
    p.add_argument("--folder")
    o = p.parse_args()
    for need in ("/usr/sbin/postfwd1", "/usr/bin/policyd-rate-limit", FAKETIME):
        if not os.path.exists(need):
            sys.exit(f"{need} is missing: packaging/install packaging/packages.peers")
    folder = o.folder or tempfile.mkdtemp(prefix="komainu-compare-", dir="/tmp")
    os.chmod(folder, 0o755)
    path = f"{folder}/events"
    with open(path, "wb") as f:
        subprocess.run([sys.executable, f"{HERE}/generate.py", "--truth", f"{folder}/truth", "--seed", str(o.seed), "--accounts",
                        str(o.accounts), "--days", str(o.days), "--attackers", str(o.attackers)], stdout=f, check=True)
    with open(f"{folder}/truth", encoding="utf-8") as f:
        truth = json.load(f)
    marks = {a["mark"]: n for n, a in truth.items() if "attack" in a}
    honest = [n for n, a in truth.items() if "attack" not in a and a["kind"] not in EXEMPT]
    names = set(random.Random(o.seed).sample(honest, min(o.honest, len(honest))))
    told = names | {n for n in marks.values() if truth[n].get("kind") not in EXEMPT}
    events = []
    with open(path, encoding="utf-8") as f:
        for line in f:
            if '"event": "submit"' in line:
                e = json.loads(line)
                if e.get("account") in told or e["queue_id"][:6] in marks:
                    events.append(e)
    results = {"Komainu": ours(o.komainu, path, marks, truth)}
    sizes = [sum("attack" not in a for a in truth.values())]
    for make in (postfwd, policyd, lambda _: Bucket()):
        own = tempfile.mkdtemp(dir=folder)
        os.chmod(own, 0o755)
        peer = make(own)
        begun = time.monotonic()
        try:
            results[peer.name] = replay(peer, events, marks, names)
        finally:
            peer.stop()
        sizes.append(len(names))
        print(f"{peer.name}: {sum(len(e['rcpts']) for e in events)} requests in {time.monotonic() - begun:.0f} s", file=sys.stderr)
    rows(results, truth, sizes)
    if not o.folder:
        shutil.rmtree(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
