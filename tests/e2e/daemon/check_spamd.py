"""Komainu in place of spamd: for the real spamc, and behind a real Exim with both variants of spamd_address.

usage: check_spamd.py KOMAINU [FOLDER in which unpacked packages are kept]
"""

import json
import os
import pathlib
import random
import re
import shutil
import signal
import smtplib
import socket
import subprocess
import sys
import tempfile

import exim
import service
import tap
from tap import Skip, case

PACK = """\
version: e2e
thresholds: {tag: 6, quarantine: 10, reject: 15}
probability: {even: 6, slope: 0.7}
points:
  FROM_MULTIPLE: 20
  DATE_MISSING: 11
classes:
  - {class: spam, min_score: 6}
"""

CLEAN = b"""\
From: Alice <alice@example.com>
To: bob@example.jp
Subject: %s
Date: Mon, 23 Nov 2026 09:00:00 +0000
Message-ID: <%s@example.com>
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

This is an honest message.
"""
SECOND = b"From: Mallory <mallory@example.net>\n"

# The lines of docs/postfix.md.
RSPAMD = """\
  deny    spam = nobody:true
          condition = ${if eq{$spam_action}{reject}}
          message = Message refused: $spam_score points
  defer   condition = ${if or{{eq{$spam_action}{soft reject}}{eq{$spam_action}{greylist}}}}
          message = Please try again later
  warn    condition = ${if eq{$spam_action}{quarantine}}
          control = freeze
  accept  add_header = X-Spam-Score: $spam_score
          add_header = X-Spam-Action: $spam_action
"""
SPAMASSASSIN = """\
  deny    spam = nobody:true
          condition = ${if >={$spam_score_int}{150}}
          message = Message refused: $spam_score points
  accept  add_header = X-Spam-Score: $spam_score
"""


def unique(prefix):
    return f"{prefix}-{random.getrandbits(48):012x}"


def message(subject, spam=False):
    return (SECOND if spam else b"") + CLEAN % (subject.encode(), subject.encode())


class Site:
    def __init__(self, program, cache):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-e2e-"))
        os.chmod(self.folder, 0o755)
        self.cache = cache
        (self.folder / "pack.yaml").write_text(PACK)
        self.spamd = service.free_port()
        self.komainu = service.Komainu(program, self.folder, self.settings()).start()

    def settings(self, more=""):
        return f"policy.pack: {self.folder}/pack.yaml\nlisten.spamd: 127.0.0.1:{self.spamd}\n{more}"

    def finish(self):
        self.komainu.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def spamc(self, data, *options):
        """(exit status, output) of the real spamc."""
        if shutil.which("spamc") is None:
            raise Skip("spamc is not installed")
        run = subprocess.run(
            ["spamc", "-x", "-d", "127.0.0.1", "-p", str(self.spamd), *options],
            input=data, capture_output=True, timeout=60,
        )
        return run.returncode, run.stdout

    def talk(self, request, end=True):
        """All that is answered to raw bytes."""
        with socket.create_connection(("127.0.0.1", self.spamd), 60) as s:
            s.sendall(request)
            if end:
                s.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: s.recv(65536), b""))

    def record(self, subject):
        got = service.wait_for("record", lambda: [r for r in self.komainu.records() if r["subject"] == subject])
        assert len(got) == 1, got
        return got[0]


@case
def spamc_check(site):
    """spamc -c: score, threshold and exit status of ham and spam; the verdict is on record"""
    mark = unique("check")
    status, out = site.spamc(message(mark), "-c")
    assert status == 0 and re.fullmatch(rb"-?[0-9.]+/6\.0\n", out), (status, out)
    record = site.record(mark)
    assert record["via"] == "spamd" and record["action"] == "accept" and record["user"] == "", record
    mark = unique("check")
    status, out = site.spamc(message(mark, spam=True), "-c")
    assert status == 1 and re.fullmatch(rb"2[0-9.]+/6\.0\n", out), (status, out)
    assert site.record(mark)["action"] == "reject"


@case
def spamc_others(site):
    """spamc -y, -R, -r, -K"""
    spam, ham = message(unique("others"), spam=True), message(unique("others"))
    status, out = site.spamc(spam, "-y")
    assert status == 0 and b"FROM_MULTIPLE" in out.strip().split(b","), out
    status, out = site.spamc(spam, "-R")
    assert status == 0 and b"20.00  FROM_MULTIPLE" in out and b"(id " in out, out
    assert all(c < 0x80 for c in out)
    assert b"20.00  FROM_MULTIPLE" in site.spamc(spam, "-r")[1]
    assert b"FROM" not in site.spamc(ham, "-r")[1]
    status, out = site.spamc(b"", "-K")
    assert status == 0 and out.startswith(b"SPAMD/1.5 0"), out


@case
def spamc_filter(site):
    """spamc as a filter: our fields on top, forged ones gone, the rest byte for byte, with LF and CRLF, large too"""
    for eol in (b"\n", b"\r\n"):
        for size in (0, 3 * 1024 * 1024):
            body = b"0123456789\n" * (size // 11)
            data = b"X-Spam-Flag: NO\nX-Spam-Status: No,\n\tfolded\nx-komainu: x\n" + message(unique("filter"), True) + body
            data = data.replace(b"\n", eol)
            rest = data[data.index(b"From: Mallory"):]
            for options in ((), ("--headers",)):
                status, out = site.spamc(data, "-s", "100000000", *options)
                assert status == 0 and out.endswith(rest), (options, out[:600])
                head = out[: -len(rest)]
                assert head.count(b"\n") == head.count(eol)
                assert re.match(rb"X-Komainu: action=reject .*\r?\n", head), head
                assert head.count(b"X-Spam-Flag: YES") == 1 and b"X-Spam-Flag: NO" not in head, head
                assert re.search(rb"\nX-Spam-Status: Yes, score=2\S+ required=6\.0\r?\n", head), head
                assert re.search(rb"\nX-Spam-Level: \*{20,25}\r?\n", head) and b"folded" not in head, head


@case
def spamc_learns(site):
    """spamc -L spam, ham, forget: learned once, moved, forgotten; -C report and revoke; not from other networks"""
    done, already = b"Message successfully un/learned\n", b"Message was already un/learned\n"
    data = message(unique("learn"))

    def labels():
        exported = subprocess.run([site.komainu.program, "learn", "status", "--json", "--config", str(site.komainu.config)],
                                  capture_output=True, timeout=60, check=True)
        status = json.loads(exported.stdout)
        return status["spam"], status["ham"]

    for options, want, counts in (
        (("-L", "spam"), done, (1, 0)),
        (("-L", "spam"), already, (1, 0)),
        (("-L", "ham", "-u", "bob@example.jp"), done, (0, 1)),
        (("-L", "forget"), done, (0, 0)),
        (("-L", "forget"), already, (0, 0)),
        (("-C", "report"), None, (1, 0)),
        (("-C", "revoke"), None, (0, 1)),
    ):
        status, out = site.spamc(data, *options)
        # spamc reports nothing to collections of others, and says so; it was learned all the same.
        assert status == 0 and out == (want or b"Unable to report/revoke message\n"), (options, status, out)
        assert labels() == counts, (options, labels())
    site.komainu.stop()
    site.komainu.configure(site.settings("learn.networks: [192.0.2.0/24]\n")).start()
    try:
        got = site.talk(b"TELL SPAMC/1.5\r\nMessage-class: spam\r\nSet: local\r\n\r\n" + data)
        assert got == b"SPAMD/1.1 77 not from here: see learn.networks\r\n\r\n", got
    finally:
        site.komainu.stop()
        site.komainu.configure(site.settings()).start()
    assert labels() == (0, 1)


@case
def refusals(site):
    """what is not understood or not taken is told, also to a client that is still sending"""
    big = b"x" * (8 * 1024 * 1024)
    for request, want in (
        (b"TELL SPAMC/1.5\r\nMessage-class: spam\r\nContent-length: %d\r\n\r\n" % len(big) + big, rb"SPAMD/1\.1 76 "),
        (b"PROCESS SPAMC/1.5\r\nContent-length: 99999999\r\n\r\n" + big, rb"SPAMD/1\.1 65 "),
        (b"PROCESS SPAMC/1.5\r\nContent-length: 4294967296\r\n\r\n" + big, rb"SPAMD/1\.1 65 "),
        (b"CHECK SPAMC/1.5\r\nCompress: zlib\r\n\r\n" + big, rb"SPAMD/1\.1 76 "),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", rb"SPAMD/1\.1 76 "),
        (b"CHECK SPAMC/1.5\r\nContent-length: 5\r\n\r\nx", rb"SPAMD/1\.1 76 "),
        (b"CHECK SPAMC/1.5\r\nContent-length: -1\r\n\r\nx", rb"SPAMD/1\.1 76 "),
        (b"CHECK SPAMC/1.5\r\nConten", rb"$"),
        (b"", rb"$"),
    ):
        got = site.talk(request)
        assert re.match(want, got), (request[:60], got)
    assert site.talk(b"PING SPAMC/1.2\r\n", end=False) == b"SPAMD/1.5 0 PONG\r\n"


@case
def slow_client(site):
    """a client that trickles is dropped at the deadline, and counted; the others are served"""
    site.komainu.stop()
    site.komainu.configure(site.settings("milter.packet_timeout: 1s\n")).start()
    try:
        dropped = site.komainu.metric("connections_dropped_total")
        with socket.create_connection(("127.0.0.1", site.spamd), 20) as s:
            s.settimeout(0.1)
            got = b"still there"
            for c in b"CHECK SPAMC/1.5\r\nContent-length: 1000\r\n\r\n" + b"x" * 900:
                try:
                    s.sendall(bytes([c]))
                    got = s.recv(1)
                    break
                except TimeoutError:
                    assert site.talk(b"PING SPAMC/1.2\r\n") == b"SPAMD/1.5 0 PONG\r\n"
                except OSError:
                    got = b""
                    break
            assert got == b"", got
        service.wait_for("it is counted", lambda: site.komainu.metric("connections_dropped_total") > dropped)
    finally:
        site.komainu.stop()
        site.komainu.configure(site.settings()).start()


def send(mta, data, sender="alice@example.com", rcpts=("bob@example.jp",)):
    with smtplib.SMTP("127.0.0.1", mta.port, local_hostname="client.example.com", timeout=60) as s:
        s.sendmail(sender, rcpts, data)


def refused(mta, data):
    """The code and text with which DATA was answered."""
    try:
        send(mta, data)
    except smtplib.SMTPDataError as e:
        return e.smtp_code, e.smtp_error.decode()
    raise AssertionError("was accepted")


def with_exim(site, name, variant, acl):
    if os.geteuid() != 0:
        raise Skip("needs root: Exim's daemon changes its user")
    root, why = exim.unpack(site.cache)
    if root is None:
        raise Skip(why)
    return exim.Exim(root, site.folder / name, f"127.0.0.1 {site.spamd} {variant}".strip(), acl).start()


def behind_exim(site, mta, rspamd):
    mark = unique("exim")
    send(mta, message(mark), rcpts=("bob@example.jp", "carol@example.jp"))
    got = [m for m in mta.deliver() if mark.encode() in m]
    assert len(got) == 2 and re.search(rb"\nX-Spam-Score: -?[0-9.]+\n", got[0]), (got, mta.log())
    assert not rspamd or b"\nX-Spam-Action: no action\n" in got[0], got[0]
    record = site.record(mark)
    assert record["mail_from"] == "alice@example.com" and record["n_rcpts"] == 2, record
    known = (record["client"], record["helo"], bool(record["queue_id"]))
    assert known == (("127.0.0.1", "client.example.com", True) if rspamd else ("", "", False)), record
    mark = unique("exim")
    code, text = refused(mta, message(mark, spam=True))
    assert code == 550 and re.search(r"refused: 2[0-9.]+ points", text), (code, text)
    assert site.record(mark)["action"] == "reject"
    mark = unique("null")
    send(mta, message(mark), sender="")
    assert site.record(mark)["mail_from"] == ""
    site.komainu.stop()
    try:
        assert refused(mta, message(unique("down")))[0] == 451
    finally:
        site.komainu.start()


@case
def exim_rspamd(site):
    """behind Exim, variant=rspamd: clean mail delivered with its score, spam refused, 451 while Komainu is down"""
    mta = with_exim(site, "rspamd", "variant=rspamd", RSPAMD)
    try:
        behind_exim(site, mta, True)
        mark = unique("frozen")
        send(mta, re.sub(rb"Date: .*\n", b"", message(mark)))
        assert site.record(mark)["action"] == "quarantine"
        assert "*** frozen ***" in mta.run("-bp").stdout, mta.run("-bp").stdout
    finally:
        mta.stop()


@case
def exim_spamassassin(site):
    """behind Exim as SpamAssassin: the same"""
    mta = with_exim(site, "spamassassin", "", SPAMASSASSIN)
    try:
        behind_exim(site, mta, False)
    finally:
        mta.stop()


@case
def records_can_not_be_written(site):
    """no keeper: nothing is judged, 75; with policy.default_on_error: accept it passes, marked"""
    k = site.komainu

    def after_keeper_stops(want):
        pid = k.roles("keeper")[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            got = site.talk(b"PROCESS SPAMC/1.5\r\n\r\n" + message(unique("keeper"), spam=True))
            assert re.match(want, got, re.DOTALL), got
        finally:
            os.kill(pid, signal.SIGCONT)

    after_keeper_stops(rb"SPAMD/1\.1 75 ")
    k.stop()
    k.configure(site.settings("policy.default_on_error: accept\n")).start()
    after_keeper_stops(rb"SPAMD/1\.1 0 EX_OK\r\n.*Spam: False ; 0 / 6\r\n\r\nX-Komainu: action=accept error=not-recorded\n")
    k.stop()
    k.configure(site.settings()).start()


def main():
    cache = sys.argv[2] if len(sys.argv) > 2 else tempfile.gettempdir()
    sys.exit(tap.run_site(Site(sys.argv[1], cache)))


main()
