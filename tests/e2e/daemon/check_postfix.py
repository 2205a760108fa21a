"""Komainu behind Debian's Postfix: what is delivered, rejected, held, deferred, and that nothing is lost.

usage: check_postfix.py KOMAINU [--long]
"""

import concurrent.futures
import email
import email.policy
import grp
import os
import pathlib
import random
import re
import shutil
import signal
import smtplib
import sys
import tempfile
import threading
import time

import service
import tap
from tap import case

PACK = """\
version: e2e
thresholds: {tag: 6, quarantine: 10, reject: 15}
probability: {even: 6, slope: 0.7}
points:
  FROM_MULTIPLE: 20
classes:
  - {class: spam, min_score: 6}
"""


def message(subject="hello", body="This is an honest message.\r\n", extra="", sender="alice@example.com"):
    return (
        f"From: Alice <{sender}>\r\nTo: bob@example.jp\r\nSubject: {subject}\r\n"
        f"Date: {email.utils.formatdate()}\r\nMessage-ID: <{random.getrandbits(64)}@example.com>\r\n"
        f"{extra}MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
        f"Content-Transfer-Encoding: 8bit\r\n\r\n{body}"
    ).encode()


FORGED = "From: Mallory <mallory@example.net>\r\n"


class Site:
    """One Komainu and one Postfix for all cases."""

    def __init__(self, program):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-e2e-"))
        os.chmod(self.folder, 0o755)
        self.pack = self.folder / "pack.yaml"
        self.pack.write_text(PACK)
        self.komainu = service.Komainu(program, self.folder, f"policy.pack: {self.pack}\n").start()
        self.postfix = service.Postfix(self.folder, self.komainu.milter).start()

    def finish(self):
        self.postfix.stop()
        self.komainu.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def smtp(self, port=None):
        return smtplib.SMTP("127.0.0.1", port or self.postfix.port, local_hostname="client.example.com", timeout=300)

    def send(self, data, rcpts=("bob@example.jp",), sender="alice@example.com", options=(), port=None):
        with self.smtp(port) as s:
            return s.sendmail(sender, rcpts, data, mail_options=list(options))

    def delivered(self, marker, count=1, seconds=120):
        """The @count messages in the inbox that contain @marker."""
        marker = marker.encode()

        def found():
            got = [m for m in self.postfix.inbox().values() if marker in m]
            return got if len(got) >= count else None

        return service.wait_for(f"{count} messages with {marker!r} are delivered", found, seconds)


def unique(prefix):
    return f"{prefix}-{random.getrandbits(48):012x}"


def parse(raw):
    return email.message_from_bytes(raw, policy=email.policy.SMTP)


@case
def clean_mail_has_headers(site):
    """clean mail is delivered with score, class and reasons in its header; forged ones are removed"""
    mark = unique("clean")
    forged = "X-Komainu: action=accept score=-100\r\nX-Spam-Flag: NO\r\nX-Komainu: second\r\n"
    site.send(message(mark, extra=forged))
    raw = site.delivered(mark)[0]
    assert b"\nX-Komainu: action=" in raw, raw[:500]
    got = parse(raw)
    values = got.get_all("X-Komainu")
    assert len(values) == 1, values
    assert re.search(r"action=accept class=ham\s.*score=\S+\s.*id=[0-9A-Z]{26}", values[0]), values
    assert got.get_all("X-Spam-Flag") is None
    record = service.wait_for("record", lambda: [r for r in site.komainu.records() if r["subject"] == mark])[0]
    assert record["id"] in values[0]
    assert record["mail_from"] == "alice@example.com" and record["client"] == "127.0.0.1"
    assert record["rcpts"] == "bob@example.jp" and record["helo"] == "client.example.com"
    assert record["queue_id"], record


@case
def results_are_ours(site):
    """Authentication-Results in our name stands on top, once; forged ones in any spelling are gone, others' stay"""
    mark = unique("results")
    name = "mx.example.jp"
    forged = (
        f"Authentication-Results: {name}; dmarc=pass header.from=example.com\r\n"
        f"Authentication-Results: mx.other.example; dmarc=pass header.from=other.example\r\n"
        f'authentication-RESULTS: (by) "{name.upper()}." 1;\r\n\tdkim=pass\r\n'
        f"Authentication-Results:\r\n {name};spf=pass\r\n"
        f"Authentication-Results: {name}\r\n"
    )
    site.send(message(mark, extra=forged))
    got = parse(site.delivered(mark)[0])
    values = got.get_all("Authentication-Results")
    assert len(values) == 2 and values[1].startswith("mx.other.example;"), values
    assert values[0].startswith(f"{name};") and "spf=" in values[0] and "dmarc=" in values[0], values
    assert "smtp.mailfrom=alice@example.com" in values[0], values
    names = [n for n in got.keys() if n not in ("Return-Path", "X-Original-To", "Delivered-To")]
    assert names.index("Authentication-Results") < names.index("Received"), names
    assert got["From"] == "Alice <alice@example.com>" and got["Subject"] == mark


@case
def results_for_our_own_users(site):
    """mail that a logged-in user hands in gets no Authentication-Results, and forged ones are gone"""
    mark = unique("submitted")
    site.send(message(mark, extra="Authentication-Results: mx.example.jp; dmarc=pass\r\n"), port=site.postfix.submission)
    got = parse(site.delivered(mark)[0])
    assert got.get_all("Authentication-Results") is None, got.get_all("Authentication-Results")


@case
def tagged_mail_says_why(site):
    """tagged mail says why, in the recipient's language, with encoded-words that decode"""
    mark = unique("tag")
    site.pack.write_text(PACK.replace("FROM_MULTIPLE: 20", "FROM_MULTIPLE: 7"))
    reload(site)
    try:
        site.send(message(mark, extra=FORGED))
        got = parse(site.delivered(mark)[0])
        assert "action=tag" in got["X-Komainu"] and got["X-Spam-Flag"] == "YES"
        assert "FROM_MULTIPLE(7.00)" in got["X-Komainu-Facts"]
        assert "sender" in got["X-Komainu-Why"].lower(), got["X-Komainu-Why"]
        assert all(len(line) <= 998 for line in got.as_bytes().splitlines())
    finally:
        site.pack.write_text(PACK)
        reload(site)


def reload(site):
    before = site.komainu.said().count("in force")
    site.komainu.process.send_signal(signal.SIGHUP)
    service.wait_for("reload", lambda: site.komainu.said().count("in force") > before)


@case
def reject_is_explained(site):
    """a reject is answered 550 with a sentence and an id that `komainu log` finds"""
    mark = unique("reject")
    try:
        site.send(message(mark, extra=FORGED))
        raise AssertionError("was accepted")
    except smtplib.SMTPDataError as e:
        code, text = e.smtp_code, e.smtp_error.decode()
    assert code == 550 and text.startswith("5.7.1 "), (code, text)
    assert "From" in text, text
    found = re.search(r"id ([0-9A-Z]{26})", text).group(1)
    record = site.komainu.records("--id", found)
    assert len(record) == 1 and record[0]["action"] == "reject", record
    assert any(f["id"] == "FROM_MULTIPLE" for f in record[0]["facts"])
    logged = [line for line in site.postfix.maillog().splitlines() if found in line and "milter-reject" in line]
    assert len(logged) == 1 and "5.7.1 " + text[6:] in logged[0] and "??" not in logged[0], logged


@case
def quarantine_is_held(site):
    """quarantine lands in Postfix's hold queue, and can be released"""
    mark = unique("hold")
    site.pack.write_text(PACK.replace("FROM_MULTIPLE: 20", "FROM_MULTIPLE: 11"))
    reload(site)
    try:
        site.send(message(mark, extra=FORGED))
        held = service.wait_for("held", lambda: [q for q in site.postfix.queue() if q["queue_name"] == "hold"])
        assert len(held) == 1
        assert site.komainu.records("--id", held[0]["queue_id"])[0]["action"] == "quarantine"
        site.postfix.super("-H", held[0]["queue_id"])
        site.postfix.flush()
        site.delivered(mark)
    finally:
        site.pack.write_text(PACK)
        reload(site)


@case
def eight_bit_and_utf8(site):
    """8-bit bodies and SMTPUTF8 addresses pass unharmed and are recorded"""
    mark = unique("utf8")
    data = message(mark, "狛犬が見張っています。\r\n", sender="アリス@example.com")
    with site.smtp() as s:
        s.ehlo()
        assert s.has_extn("smtputf8")
        s.sendmail("アリス@example.com", ["ボブ@example.jp"], data, mail_options=["SMTPUTF8", "BODY=8BITMIME"])
    assert "狛犬が見張っています。".encode() in site.delivered(mark)[0]
    record = service.wait_for("record", lambda: [r for r in site.komainu.records() if r["subject"] == mark])[0]
    assert record["mail_from"] == "アリス@example.com" and record["rcpts"] == "ボブ@example.jp"


@case
def large_message(site):
    """a message of 20 MB passes, byte for byte"""
    mark = unique("large")
    line = b"0123456789" * 7 + b"\r\n"
    body = line * (20 * 1024 * 1024 // len(line))
    site.send(message(mark) + body)
    got = site.delivered(mark)[0].replace(b"\r\n", b"\n")
    assert got.endswith(body.replace(b"\r\n", b"\n"))
    record = service.wait_for("record", lambda: [r for r in site.komainu.records() if r["subject"] == mark])[0]
    assert record["size"] >= len(body)


@case
def fifty_recipients(site):
    """50 recipients of one message are judged once and all recorded"""
    mark = unique("fifty")
    rcpts = [f"user{i}@example.jp" for i in range(50)]
    site.send(message(mark), rcpts)
    site.delivered(mark, 50)
    records = service.wait_for("record", lambda: [r for r in site.komainu.records() if r["subject"] == mark])
    assert len(records) == 1 and records[0]["n_rcpts"] == 50, records
    assert records[0]["rcpts"].split() == rcpts


@case
def hundred_messages_one_connection(site):
    """100 messages down one connection, rejects among them, do not mix"""
    mark = unique("hundred")
    rejected = 0
    with site.smtp() as s:
        for i in range(100):
            data = message(f"{mark}-{i:03d}", extra=FORGED if i % 10 == 9 else "")
            try:
                s.sendmail(f"sender{i}@example.com", [f"rcpt{i}@example.jp"], data)
            except smtplib.SMTPDataError:
                rejected += 1
    assert rejected == 10
    site.delivered(mark, 90)

    def recorded():
        return {r["subject"]: r for r in site.komainu.records() if r["subject"].startswith(mark)}

    service.wait_for("100 records", lambda: len(recorded()) == 100)
    records = recorded()
    for i in range(100):
        r = records[f"{mark}-{i:03d}"]
        assert r["mail_from"] == f"sender{i}@example.com" and r["rcpts"] == f"rcpt{i}@example.jp", r
        assert r["action"] == ("reject" if i % 10 == 9 else "accept"), r


@case
def daemon_stopped(site):
    """daemon stopped: 451, and after the next start the same message is delivered once"""
    mark = unique("stopped")
    data = message(mark)
    assert site.komainu.stop() == 0
    try:
        site.send(data)
        raise AssertionError("was accepted without a filter")
    except (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused) as e:
        code = e.smtp_code if hasattr(e, "smtp_code") else list(e.recipients.values())[0][0]
        assert code == 451, e
    finally:
        site.komainu.start()
    site.send(data)
    time.sleep(0.5)
    assert len(site.delivered(mark)) == 1


def send_until_taken(site, data, stop):
    """As a remote MTA does: tries again after a temporary error. Returns the number of tries."""
    tries = 0
    while not stop.is_set():
        tries += 1
        try:
            site.send(data)
            return tries
        except (smtplib.SMTPException, OSError) as e:
            permanent = isinstance(e, smtplib.SMTPDataError) and e.smtp_code >= 500
            assert not permanent, e
            time.sleep(0.02)
    raise AssertionError("not taken in time")


@case
def scanner_killed(site):
    """scanner killed 50 times in mid-message: nothing lost, nothing doubled, other messages unharmed"""
    mark = unique("killed")
    stop = threading.Event()
    kills = 0
    total = 300
    body = "A line of an honest message that is long enough to be in hand for a while.\r\n" * 2000
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        work = [pool.submit(send_until_taken, site, message(f"{mark}-{i:04d}", body), stop) for i in range(total)]
        while kills < 50 or not all(w.done() for w in work):
            if kills >= 50:
                time.sleep(0.05)
                continue
            pids = site.komainu.roles("scanner")
            if pids:
                os.kill(random.choice(pids), signal.SIGKILL)
                kills += 1
            time.sleep(0.05)
            if all(w.done() for w in work) and kills < 50:
                work += [pool.submit(send_until_taken, site, message(f"{mark}-{len(work):04d}", body), stop)]
        timer = threading.Timer(120, stop.set)
        timer.start()
        tries = [w.result() for w in work]
        timer.cancel()
    # A message during which two scanners were killed is held for a person: not lost either.
    held = [q["queue_id"] for q in site.postfix.queue() if q["queue_name"] == "hold"]
    for queue_id in held:
        site.postfix.super("-H", queue_id)
    site.postfix.flush()
    got = site.delivered(mark, len(work))
    time.sleep(0.5)
    subjects = sorted(parse(m)["Subject"] for m in site.delivered(mark, len(work)))
    assert subjects == sorted(f"{mark}-{i:04d}" for i in range(len(work))), (len(got), len(work))
    service.wait_for("the queue is empty", lambda: site.postfix.queue() == [])
    print(f"# {len(work)} messages, {kills} kills, {sum(tries) - len(work)} tries again, {len(held)} held")


@case
def keeper_killed(site):
    """keeper killed 10 times under load: every delivered message has its record"""
    mark = unique("keeper")
    stop = threading.Event()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        work = [pool.submit(send_until_taken, site, message(f"{mark}-{i:04d}"), stop) for i in range(300)]
        for _ in range(10):
            for pid in site.komainu.roles("keeper"):
                os.kill(pid, signal.SIGKILL)
            time.sleep(0.15)
        for w in work:
            w.result(300)
    site.delivered(mark, 300)

    def recorded():
        return {r["subject"] for r in site.komainu.records() if r["subject"].startswith(mark)}

    service.wait_for("300 records", lambda: len(recorded()) == 300)


@case
def reload_keeps_connections(site):
    """SIGHUP in the middle of an SMTP session: the session goes on, the new policy holds for new ones"""
    mark = unique("reload")
    with site.smtp() as s:
        s.sendmail("a@example.com", ["bob@example.jp"], message(mark + "-1"))
        reload(site)
        time.sleep(0.5)  # for the old scanners to end, if they would forget the session
        s.sendmail("a@example.com", ["bob@example.jp"], message(mark + "-2"))
    site.delivered(mark, 2)


@case
def broken_reload_is_refused(site):
    """a broken policy or configuration on reload is refused with file and line, the old one stays"""
    mark = unique("broken")
    good = site.komainu.config.read_text()
    for path, text in ((site.pack, PACK + "nonsense: [1\n"), (site.komainu.config, good + "no.such.key: 1\n")):
        before = site.komainu.said()
        path.write_text(text)
        site.komainu.process.send_signal(signal.SIGHUP)
        said = service.wait_for("refusal", lambda: [line for line in site.komainu.said()[len(before):].splitlines(True)
                                                    if "refused" in line and line.endswith("\n")])
        assert path.name in said[0], said
        path.write_text(PACK if path == site.pack else good)
    site.send(message(mark))
    site.delivered(mark)


@case
def over_a_unix_socket(site):
    """the milter on a unix socket in a folder of the group postfix"""
    k, mark = site.komainu, unique("unix")
    folder = site.folder / "socket"
    folder.mkdir()
    os.chown(folder, k.state.stat().st_uid, grp.getgrnam("postfix").gr_gid)
    folder.chmod(0o2750)
    good = k.config.read_text()
    assert k.stop() == 0
    k.config.write_text(good.replace(f"listen.milter: 127.0.0.1:{k.milter}", f"listen.milter: unix:{folder}/milter.sock"))
    k.start()
    site.postfix.set(f"smtpd_milters = unix:{folder}/milter.sock")
    try:
        data, stop = message(mark), threading.Event()
        timer = threading.Timer(90, stop.set)
        timer.start()
        send_until_taken(site, data, stop)  # an smtpd that began before the reload has the old settings
        timer.cancel()
        assert "X-Komainu" in parse(site.delivered(mark)[0])
    finally:
        site.postfix.set(f"smtpd_milters = inet:127.0.0.1:{k.milter}")
        k.stop()
        assert not list(folder.iterdir())
        k.config.write_text(good)
        k.start()


def main():
    if os.geteuid() != 0:
        tap.skip_all("needs root: Postfix's master runs as root")
    if not os.path.exists("/usr/sbin/postfix"):
        tap.skip_all("Postfix is not installed")
    sys.exit(tap.run_site(Site(sys.argv[1])))


main()
