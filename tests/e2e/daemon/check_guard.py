"""The guard of outgoing mail: its policy service and milter alone and behind Postfix with Dovecot's logins; killed
under load it loses no measure.

usage: check_guard.py KOMAINU [KILLS]     KILLS: how often the guard is killed; 12
"""

import json
import os
import pathlib
import shutil
import signal
import smtplib
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time

import service
import tap
from milter import NEGOTIATE, Peer, packet
from tap import Skip, case

PACKAGING = pathlib.Path(__file__).parents[3] / "packaging"
KILLS = int(sys.argv[2]) if len(sys.argv) > 2 else 12


# All that is sent here comes from a few addresses.
SETTINGS = """\
guard.networks: [192.0.2.0/24]
guard.accounts: 20000
guard.client_hour: 10000000
guard.block_hour: 10000000
"""


class Policy:
    """A connection to the policy service, as one of Postfix's processes."""

    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", port), 10)

    def send(self, data):
        self.s.sendall(data)
        return self

    def ask(self, **attributes):
        request = {"request": "smtpd_access_policy", **attributes}
        self.send("".join(f"{name}={value}\n" for name, value in request.items()).encode() + b"\n")
        return self.answer()

    def answer(self):
        got = b""
        while not got.endswith(b"\n\n"):
            piece = self.s.recv(4096)
            if not piece:
                raise ConnectionError("closed")
            got += piece
        assert got.startswith(b"action="), got
        return got[7:-2].decode()

    def message(self, account, number, rcpts, **more):
        """The answer at the end of a message; those to its recipients must let it go on."""
        same = {"instance": f"{account}.{number}", "client_address": "203.0.113.7", "client_port": "50211",
                "sender": f"{account}@example.jp", "queue_id": f"{account}{number}", "sasl_username": account, **more}
        for rcpt in rcpts:
            answer = self.ask(protocol_state="RCPT", recipient=rcpt, recipient_count="0", **same)
            if answer != "DUNNO":
                return answer
        return self.ask(protocol_state="END-OF-MESSAGE", recipient_count=str(len(rcpts)), size="2000", **same)

    def closed(self):
        try:
            return self.s.recv(1000) == b""
        except ConnectionError:
            return True


class Site:
    def __init__(self, program):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-guard-"))
        self.folder.chmod(0o755)
        self.tool = self.folder / "komainu-held"
        shutil.copy(PACKAGING / "postfix" / "komainu-held", self.tool)  # where the daemon's user may read it
        self.komainu = service.Komainu(program, self.folder, SETTINGS + f"hooks.release: [{self.tool}, ask, {self.folder}/state/release]\n")
        self.komainu.start()
        self.number = 0

    def finish(self):
        try:
            assert self.komainu.stop() == 0
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def policy(self):
        return Policy(self.komainu.policy)

    def tell(self, *lines):
        """The answers of guard.sock to @lines."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(str(self.komainu.state / "guard.sock"))
            f = s.makefile("rw", encoding="utf-8")
            answers = []
            for line in lines:
                f.write((line if isinstance(line, str) else json.dumps(line)) + "\n")
                f.flush()
                answers.append(json.loads(f.readline()))
            return answers

    def in_force(self, account):
        return self.tell({"query": "account", "account": account})[0].get("in_force", "")

    def entries(self, account):
        """(kind, by) of the account's file, but for what the courier told the account: it does so when it comes to it."""
        db = sqlite3.connect(f"file:{self.komainu.state}/accounts.db?mode=ro", uri=True)
        try:
            return db.execute("SELECT kind, by FROM entry WHERE account = ? AND kind <> 'told' ORDER BY row",
                              (account.encode(),)).fetchall()
        finally:
            db.close()

    def strangers(self, n=3):
        self.number += 1
        return [f"s{self.number}.{i}@d{i}.example" for i in range(n)]

    def flood(self, account, most=300, **more):
        """Mail to strangers until it is stopped: (how many went out, the answer that stopped it)."""
        p = self.policy()
        for n in range(most):
            answer = p.message(account, n, self.strangers(), **more)
            if answer != "DUNNO":
                return n, answer
        raise AssertionError(f"{account}: {most} messages went out")


@case
def flood_is_braked(site):
    """a flood is held, kept in the account's file, and goes on after a person's decision"""
    sent, answer = site.flood("flood")
    assert 3 <= sent <= 50 and answer.startswith("HOLD "), (sent, answer)
    assert site.in_force("flood") == "brake"
    assert site.policy().message("flood", 900, ["friend@example.com"]).startswith("HOLD ")
    assert site.policy().message("honest", 1, ["friend@example.com"]) == "DUNNO"
    answers = site.tell({"event": "appeal", "account": "flood", "text": "it was not me", "by": "flood"},
                        {"event": "review", "account": "flood", "outcome": "keep", "by": "tanaka"},
                        {"event": "review", "account": "flood", "outcome": "restore", "by": "tanaka", "reason": "new password"})
    assert answers[2] == {"ok": True, "measures": ["restore"]}, answers
    assert site.policy().message("flood", 901, ["friend@example.com"]) == "DUNNO"
    assert site.entries("flood") == [("brake", "komainu"), ("appeal", "flood"), ("review", "tanaka"),
                                     ("review", "tanaka"), ("restore", "tanaka")], site.entries("flood")
    assert site.komainu.get("/metrics")[2].decode().count('komainu_guard_decisions_total{action="hold"}') == 1


@case
def addresses_and_strangers(site):
    """an address of guard.networks is an account; strangers, and certificates of strangers, are nobody's"""
    nobody = {"sasl_username": "", "client_address": "192.0.2.9"}
    assert site.flood("printer", **nobody)[1].startswith("HOLD ")
    assert site.in_force("192.0.2.9") == "brake" and site.entries("192.0.2.9") == [("brake", "komainu")]
    p = site.policy()
    for n in range(100):
        assert p.message("mx", n, site.strangers(), sasl_username="", ccert_fingerprint="AA:BB",
                         ccert_subject="mx.example.com") == "DUNNO"


@case
def other_states(site):
    """states that are none of ours, recipients told on another connection, requests in pieces"""
    p = site.policy()
    for state in ("CONNECT", "EHLO", "HELO", "MAIL", "VRFY", "ETRN", "", "XYZ"):
        assert p.ask(protocol_state=state, sasl_username="u") == "DUNNO"
    assert p.ask(protocol_state="END-OF-MESSAGE", sasl_username="u", recipient_count="3", instance="i", queue_id="Q") == "DUNNO"
    assert p.ask(protocol_state="END-OF-MESSAGE", sasl_username="u", recipient_count="99999999999999999999",
                 size="-1", client_port="x", client_address="nowhere", instance="j") == "DUNNO"
    for piece in (b"protocol_st", b"ate=RCPT\nsasl_usern", b"ame=u\nrecipient=a@b\n", b"\n"):
        p.send(piece)
        time.sleep(0.02)
    assert p.answer() == "DUNNO"
    p.send(b"protocol_state=RCPT\nsasl_username=u\nrecipient=a@b\n\n" * 50)
    got = b""
    while got.count(b"\n\n") < 50:
        got += p.s.recv(65536)
    assert got == b"action=DUNNO\n\n" * 50


BAD = (
    ("a megabyte in one line", b"a" * (1 << 20)),
    ("a megabyte of attributes", b"a=b\n" * (1 << 18)),
    ("no attribute", b"hello\n\n"),
    ("NUL", b"request=a\0b\n\n"),
    ("an SMTP client", b"EHLO client.example.com\r\n\r\n\n\n"),
    ("an empty request", b"\n\n"),
)


@case
def malformed_requests(site):
    """malformed requests are answered DUNNO, then the connection is closed; others go on"""
    for name, data in BAD:
        p = site.policy()
        try:
            p.send(data)
            assert p.answer() == "DUNNO", name
        except ConnectionError:
            pass  # closed while we still wrote
        p.s.close()
        assert site.policy().message("honest", 2, ["friend@example.com"]) == "DUNNO", name
    for _ in range(50):  # vanished clients
        site.policy().send(b"protocol_state=RCPT\nsasl_us").s.close()
    assert site.komainu.metric("guard_bad_requests_total") >= 4


@case
def bad_lines(site):
    """bad lines on guard.sock are answered, and the connection goes on"""
    answers = site.tell("x", "{}", '{"event": "submit", "t": "noon"}', '{"query": "?"}', "[" * 5000, '"\xff"',
                        {"event": "appeal"}, {"query": "ping"})
    assert [("error" in a) for a in answers] == [True] * 7 + [False], answers
    with socket.socket(socket.AF_UNIX) as s:
        s.settimeout(60)
        s.connect(str(site.komainu.state / "guard.sock"))
        try:
            for _ in range(80):
                s.sendall(b"x" * 65536)
        except OSError:
            pass
    assert (site.komainu.state / "guard.sock").stat().st_mode & 0o777 == 0o600
    assert site.tell({"query": "ping"}) == [{"ok": True}]


@case
def ingest(site):
    """komainu guard ingest tells events, names bad lines by number, and goes on when the guard is restarted"""
    k = site.komainu
    command = [k.program, "guard", "ingest", "--config", str(k.config)]
    text = ('{"event": "account", "account": "ing", "kind": "person", "created": "2019-04-01", "alternative": "i@x.example"}\n'
            '\n{"event": "party"}\n{"event": "login", "account": "ing", "ip": "203.0.113.9", "ok": true}')
    out = subprocess.run([*command, "--json", "-"], input=text, capture_output=True, text=True, timeout=60)
    assert out.returncode == 65 and "-:3: " in out.stderr, out
    assert [("error" in json.loads(line)) for line in out.stdout.splitlines()] == [False, True, False], out
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as p:
        for n in range(200):
            p.stdin.write(json.dumps({"event": "submit", "account": f"in{n % 7}", "queue_id": f"I{n}",
                                      "rcpts": ["friend@example.com"]}) + "\n")
            p.stdin.flush()
            if n in (50, 120):
                os.kill(service.wait_for("a guard", lambda: k.roles("guard"))[0], signal.SIGKILL)
        said, _ = p.communicate(timeout=60)
    assert p.returncode == 0 and "200 events told, 0 lines refused" in said, (p.returncode, said)
    missing = subprocess.run([*command, "/nowhere"], capture_output=True, text=True, timeout=60)
    assert missing.returncode == 66, missing
    away = subprocess.run([*command[:3], "--state-dir", "/nowhere", "-"], input="{}\n", capture_output=True, text=True, timeout=60)
    assert away.returncode == 75 and "daemon" in away.stderr, away


@case
def told_outlives_a_kill(site):
    """leases and identities that events told are known to a guard that was killed with SIGKILL at once after"""
    answers = site.tell({"event": "lease", "ip": "198.51.100.77", "account": "holder"},
                        {"event": "account", "account": "told", "kind": "person", "identities": ["told@example.jp"]})
    site.komainu.kill_roles("guard")
    assert all(a.get("ok") for a in answers), answers
    site.tell(*[{"event": "smtp25_out", "ip": "198.51.100.77", "port": 40000 + n, "dest": f"192.0.2.{n}"} for n in range(30)])
    assert site.in_force("holder"), "past the relay, by who holds the address"
    answer = site.tell({"event": "submit", "account": "told", "ip": "203.0.113.7", "from": "ceo@example.net",
                        "queue_id": "told1", "rcpts": ["a@example.org"]})[0]
    assert "OUT_FROM_FOREIGN" in [f["id"] for f in answer["facts"]], answer


@case
def kill_under_load(site):
    """killed again and again while accounts are braked, the guard loses no measure and is soon back"""
    stop, braked, errors = threading.Event(), [], []

    def flood(name):
        p, account, n = None, 0, 0
        while not stop.is_set():
            try:
                p = p or site.policy()
                answer = p.message(f"{name}-{account}", n, site.strangers(4))
                n += 1
                time.sleep(0.001)
            except (OSError, ConnectionError):
                p = None
                continue
            if answer == "DUNNO":
                continue
            if not answer.startswith("HOLD "):
                errors.append(answer)
            braked.append(f"{name}-{account}")
            account, n = account + 1, 0

    threads = [threading.Thread(target=flood, args=(f"k{i}",)) for i in range(4)]
    for t in threads:
        t.start()
    slowest = 0.0
    for _ in range(KILLS):
        time.sleep(0.15)
        os.kill(service.wait_for("a guard", lambda: site.komainu.roles("guard"))[0], signal.SIGKILL)
        begun = time.monotonic()
        while True:
            try:
                if site.policy().ask(protocol_state="RCPT", sasl_username="x", recipient="a@b") == "DUNNO":
                    break
            except (OSError, ConnectionError):
                pass
        slowest = max(slowest, time.monotonic() - begun)
    stop.set()
    for t in threads:
        t.join()
    assert not errors and len(braked) > 3, (errors[:3], len(braked))
    lost = [a for a in braked if site.in_force(a) not in ("brake", "suspension")]
    assert not lost, lost[:9]
    db = sqlite3.connect(f"file:{site.komainu.state}/accounts.db?mode=ro", uri=True)
    known = {row[0].decode() for row in db.execute("SELECT account FROM entry WHERE kind = 'brake'")}
    db.close()
    assert not set(braked) - known, sorted(set(braked) - known)[:9]
    lost = [a for a in known if a.startswith("k") and site.in_force(a) not in ("brake", "suspension")]
    assert not lost, lost[:9]
    assert site.komainu.metric("guard_restarts_total") >= KILLS
    print(f"# {KILLS} kills, {len(braked)} measures, longest away {1000 * slowest:.0f} ms")


def milter_message(subject, n, user=b"", extra=b""):
    macros = b"M" + b"i\0M%s%d\0" % (subject, n) + (b"{auth_authen}\0" + user + b"\0" if user else b"")
    return (packet(b"C", b"client.example.com\x004\x30\x39203.0.113.7\0") + packet(b"H", b"pc\0") + packet(b"D", macros)
            + packet(b"M", b"<a@example.jp>\0") + b"".join(packet(b"R", b"<" + r.encode() + b">\0") for r in RCPTS(n))
            + packet(b"L", b"From\0 a@example.jp\0") + packet(b"L", b"Subject\0 " + subject + b"\0") + extra
            + packet(b"N") + packet(b"B", b"Good day, here is the letter.\r\n") + packet(b"E"))


def RCPTS(n):
    return [f"m{n}.{i}@e{i}.example" for i in range(3)]


def by_milter(site, subject, user):
    p = Peer(site.komainu.milter).send(NEGOTIATE)
    assert p.receive()[0] == b"O"
    for n in range(200):
        p.send(milter_message(subject, n, user))
        replies = p.answers()
        if any(cmd == b"q" for cmd, _ in replies) or replies[-1][0] not in b"ac":
            return n, replies
    raise AssertionError("200 messages went out")


@case
def milter_alone(site):
    """the milter alone brakes a flood of a login; without login mail is nobody's"""
    sent, replies = by_milter(site, b"alone", b"milteruser")
    assert 3 <= sent <= 60 and any(cmd == b"q" for cmd, _ in replies), (sent, replies)
    assert site.in_force("milteruser") == "brake"
    assert site.policy().message("milteruser", 1, ["a@b.example"]).startswith("HOLD "), "one state for both"
    p = Peer(site.komainu.milter).send(NEGOTIATE)
    assert p.receive()[0] == b"O"
    for n in range(60):
        p.send(milter_message(b"nobody", n))
        assert not any(cmd == b"q" for cmd, _ in p.answers())


@case
def reload_changes_the_answer(site):
    """SIGHUP: guard.on_brake defer and reject are in force, a wrong guard.identities is refused"""
    k = site.komainu
    good = k.settings
    for word, want in (("defer", "450 4.7.1 "), ("reject", "550 5.7.1 ")):
        said = k.said().count("the new configuration is in force")
        k.configure(good + f"guard.on_brake: {word}\n")
        k.process.send_signal(signal.SIGHUP)
        service.wait_for("reloaded", lambda: k.said().count("the new configuration is in force") > said)
        service.wait_for(want, lambda: site.policy().message("milteruser", 3, ["a@b.example"]).startswith(want))
    k.configure(good + "guard.identities: [/nowhere.csv]\n")
    k.process.send_signal(signal.SIGHUP)
    service.wait_for("refused", lambda: "guard.identities" in k.said() and "reload refused" in k.said())
    said = k.said().count("the new configuration is in force")
    k.configure(good)
    k.process.send_signal(signal.SIGHUP)
    service.wait_for("reloaded", lambda: k.said().count("the new configuration is in force") > said)


DOVECOT = """\
base_dir = {dir}/run
log_path = {dir}/log
protocols =
ssl = no
default_internal_user = dovenull
default_login_user = dovenull
disable_plaintext_auth = no
auth_mechanisms = plain login
passdb {{
  driver = passwd-file
  args = {dir}/users
}}
userdb {{
  driver = static
  args = uid=nobody gid=nogroup home=/nonexistent
}}
service auth {{
  unix_listener {dir}/auth {{
    mode = 0666
  }}
}}
service stats {{
  client_limit = 10
}}
"""


class Dovecot:
    """Debian's Dovecot with a configuration of its own: logins for Postfix, and nothing else."""

    def __init__(self, folder, users):
        self.dir = pathlib.Path(folder) / "dovecot"
        (self.dir / "run").mkdir(parents=True)
        self.conf = self.dir / "dovecot.conf"
        self.conf.write_text(DOVECOT.format(dir=self.dir))
        (self.dir / "users").write_text("".join(f"{name}:{{PLAIN}}secret\n" for name in users))
        self.process = None

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(self.conf)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        service.wait_for("Dovecot listens\n", lambda: (self.dir / "auth").exists())
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            self.process.wait(20)


class Units:
    """komainu-held.path and .service for a machine without systemd: what they say, for these folders."""

    def __init__(self, site, postfix):
        units = PACKAGING / "systemd"
        real = [("@datadir@/komainu/postfix/komainu-held", str(site.tool)), ("/var/lib/komainu", str(site.komainu.state))]

        def said(unit, key):
            line = next(x for x in (units / unit).read_text().splitlines() if x.startswith(f"{key}="))
            value = line.split("=", 1)[1]
            for a, b in real:
                value = value.replace(a, b)
            return value

        self.folder = pathlib.Path(said("komainu-held.path", "DirectoryNotEmpty"))
        self.command = said("komainu-held.service.in", "ExecStart").split()
        self.environment = {"MAIL_CONFIG": str(postfix.conf)}
        self.ended = threading.Event()
        self.said = []
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def run(self):
        while not self.ended.wait(0.1):
            if self.folder.is_dir() and any(self.folder.iterdir()):
                self.said.append(subprocess.run(self.command, env=self.environment, capture_output=True, text=True, timeout=120))


def submit(port, login, messages, address="127.0.0.1"):
    """Sends (recipient, subject) each from @address; returns the SMTP codes of their ends."""
    codes = []
    with smtplib.SMTP("127.0.0.1", port, timeout=30, source_address=(address, 0)) as s:
        s.login(login, "secret")
        for rcpt, subject in messages:
            data = (f"From: <{login}>\r\nTo: <{rcpt}>\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.jp>\r\n"
                    f"Date: {time.strftime('%a, %d %b %Y %H:%M:%S +0900', time.gmtime(time.time() + 32400))}\r\n\r\n"
                    "Here is what you asked for, with kind regards.\r\n")
            s.mail(login)
            code, _ = s.rcpt(rcpt)
            codes.append(s.data(data)[0] if code == 250 else code)
            if code != 250:
                s.rset()
    return codes


def restrictions(postfix, port):
    check = f"check_policy_service inet:127.0.0.1:{port}"
    return (f"smtpd_sasl_path = {postfix.dir.parent}/dovecot/auth", "smtpd_sasl_type = dovecot", "smtpd_sasl_auth_enable = yes",
            "smtpd_relay_restrictions = permit_sasl_authenticated, reject",
            f"smtpd_recipient_restrictions = {check}, permit_sasl_authenticated, reject",
            f"smtpd_end_of_data_restrictions = {check}")


def subjects(inbox):
    return sorted(line.split(b": ", 1)[1].strip().decode() for data in inbox.values()
                  for line in data.split(b"\n\n", 1)[0].split(b"\n") if line.startswith(b"Subject: "))


@case
def postfix_and_dovecot(site):
    """Postfix, logins by Dovecot: a flood is braked in the middle, the queue keeps it, honest mail goes out by the restore"""
    if os.geteuid() != 0:
        raise Skip("needs root: Postfix's master runs as root")
    for program, package in (("/usr/sbin/postfix", "postfix"), ("/usr/sbin/dovecot", "dovecot-core")):
        if not os.path.exists(program):
            raise Skip(f"{package} is not installed")
    login = "hanako@example.jp"
    dovecot = Dovecot(site.folder, [login])
    postfix = service.Postfix(site.folder, site.komainu.milter)
    with open(postfix.conf / "main.cf", "a", encoding="utf-8") as f:
        f.write("\n".join(restrictions(postfix, site.komainu.policy)) + "\n")
    try:
        dovecot.start()
        postfix.start()
        assert submit(postfix.port, login, [("friend@example.jp", f"before-{i}") for i in range(3)]) == [250] * 3
        bot = [(f"victim{i}@example.jp", f"bot-{i}") for i in range(90)]
        assert submit(postfix.port, login, bot, "127.0.0.9") == [250] * 90, "what is held is taken in"
        assert site.in_force(login) == "brake"
        assert submit(postfix.port, login, [("friend@example.jp", f"during-{i}") for i in range(2)]) == [250] * 2
        held = [m for m in postfix.queue() if m["queue_name"] == "hold"]
        service.wait_for("what was let through is delivered", lambda: len(postfix.inbox()) + len(held) == 95)
        out = [s for s in subjects(postfix.inbox()) if s.startswith("bot-")]
        assert 0 < len(out) <= 50, out
        assert len(held) == 92 - len(out), (len(held), len(out))

        def komainu_held(*words):  # what a person decides: the bot's mail is sent back or dropped
            out = subprocess.run([site.tool, *words], capture_output=True, text=True, check=True, timeout=120,
                                 env={"MAIL_CONFIG": str(postfix.conf)})
            return out.stdout.splitlines()

        listed = komainu_held("list", login)
        assert sorted(line.split()[0] for line in listed) == sorted(m["queue_id"] for m in held), listed
        assert all(f"<{login}> ->" in line for line in listed), listed
        assert komainu_held("list", "x' \"$(reboot)") == [] and komainu_held("drop", "nobody@example.jp") == []
        komainu_held("bounce", login, "--from", "127.0.0.9", next(m["queue_id"] for m in held if "victim" in str(m)))
        komainu_held("drop", login, "--from", "127.0.0.9")
        assert len(komainu_held("list", login)) == 2
        with Units(site, postfix) as units:
            k = site.komainu
            restored = subprocess.run([k.program, "account", "restore", login, "--by", "tanaka", "--reason", "new password",
                                       "--config", str(k.config)], capture_output=True, text=True, timeout=60)
            assert restored.returncode == 0, restored
            service.wait_for("what was held goes out by itself", lambda: {"during-0", "during-1"} <= set(subjects(postfix.inbox())))
            service.wait_for("the request is done", lambda: not list(units.folder.iterdir()))
        told = [line for run in units.said for line in run.stderr.splitlines() if line.startswith("komainu-held: ")]
        assert [line for line in told if line.endswith(login)] == [f"komainu-held: release: 2 messages of {login}"], told
        assert submit(postfix.port, login, [("friend@example.jp", "after-0")]) == [250]
        service.wait_for("honest mail", lambda: "after-0" in subjects(postfix.inbox()) and not postfix.queue())
        got = [s for s in subjects(postfix.inbox()) if not s.startswith(("bot-", "Undelivered"))]
        assert got == ["after-0", "before-0", "before-1", "before-2", "during-0", "during-1"], got
        assert [s for s in subjects(postfix.inbox()) if s.startswith("Undelivered")], "sent back"
        kinds = [kind for kind, _ in site.entries(login)]
        assert kinds[-2:] == ["review", "restore"] and kinds.count("brake") == 1, kinds
    finally:
        postfix.stop()
        dovecot.stop()


def main():
    sys.exit(tap.run_site(Site(sys.argv[1])))


main()
