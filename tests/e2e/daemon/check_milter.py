"""The milter against Debian's miltertest, against hostile peers, and with failing disks and settings.

usage: check_milter.py KOMAINU
"""

import json
import os
import pathlib
import random
import resource
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time

import service
import tap
from milter import NEGOTIATE, Peer, honest, one_message, packet
from tap import Skip, case

SCRIPT = """
conn = mt.connect("inet:{port}@127.0.0.1")
if conn == nil then error "no connection" end
if mt.conninfo(conn, "client.example.com", "192.0.2.7") ~= nil then error "conninfo" end
if mt.helo(conn, "client.example.com") ~= nil then error "helo" end
for i = 1, 3 do
    if mt.mailfrom(conn, "<alice@example.com>") ~= nil then error "mailfrom" end
    if mt.rcptto(conn, "<bob@example.jp>") ~= nil then error "rcptto" end
    mt.macro(conn, SMFIC_MAIL, "i", "MT" .. i)
    if mt.header(conn, "From", "Alice <alice@example.com>") ~= nil then error "header" end
    if mt.header(conn, "To", "bob@example.jp") ~= nil then error "header" end
    if mt.header(conn, "Date", "{date}") ~= nil then error "header" end
    if mt.header(conn, "Message-ID", "<1@example.com>") ~= nil then error "header" end
    if mt.header(conn, "Subject", "from miltertest") ~= nil then error "header" end
    if mt.eoh(conn) ~= nil then error "eoh" end
    if mt.bodystring(conn, "An honest message.\\r\\n") ~= nil then error "body" end
    if mt.eom(conn) ~= nil then error "eom" end
    reply = mt.getreply(conn)
    if reply ~= SMFIR_CONTINUE and reply ~= SMFIR_ACCEPT then error("reply " .. reply) end
    if not mt.eom_check(conn, MT_HDRINSERT, "X-Komainu") and not mt.eom_check(conn, MT_HDRADD, "X-Komainu") then
        error "no X-Komainu header"
    end
end
mt.disconnect(conn)
"""


@case
def miltertest_agrees(k):
    """Debian's miltertest is served"""
    program = shutil.which("miltertest")
    if not program:
        raise Skip("miltertest is not installed")
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as f:
        date = time.strftime("%a, %d %b %Y %H:%M:%S +0000", time.gmtime())
        f.write(SCRIPT.format(port=k.milter, date=date))
        f.flush()
        out = subprocess.run([program, "-s", f.name], capture_output=True, text=True, timeout=60)
    assert out.returncode == 0, out.stdout + out.stderr
    service.wait_for("3 records", lambda: len([r for r in k.records() if r["subject"] == "from miltertest"]) == 3)


BAD = (
    ("4 GB announced", b"\xff\xff\xff\xffO"),
    ("length 0", b"\0\0\0\0"),
    ("just over the limit", struct.pack(">I", 1024 * 1024 + 1) + b"O"),
    ("no negotiation", packet(b"M", b"<a@b>\0")),
    ("short negotiation", packet(b"O", b"\0\0\0\6")),
    ("version 1", packet(b"O", struct.pack(">III", 1, 0, 0))),
    ("unknown command", NEGOTIATE + packet(b"!")),
    ("connect without NUL", NEGOTIATE + packet(b"C", b"xxxx")),
    ("header without value", NEGOTIATE + packet(b"L", b"Subject\0")),
    ("empty macro", NEGOTIATE + packet(b"D")),
    ("an SMTP client", b"EHLO client.example.com\r\n"),
    ("an HTTP client", b"GET / HTTP/1.0\r\n\r\n"),
    ("TLS", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 100),
)


@case
def malformed_frames(k):
    """malformed frames close the connection with a line in the log, and harm nobody"""
    for name, data in BAD:
        before = k.metric("connections_dropped_total")
        p = Peer(k.milter).send(data)
        assert p.closed(), name
        p.close()
        service.wait_for(name, lambda: k.metric("connections_dropped_total") > before)
    service.wait_for("the log tells", lambda: k.said().count("milter connection closed:") >= len(BAD) - 1)
    assert honest(k)[0] == b"c"
    assert "ended" not in k.said(), k.said()


@case
def random_frames(k):
    """500 connections of random frames leave the service as it was"""
    seed = random.Random(20260302)
    for _ in range(500):
        p = Peer(k.milter)
        data = NEGOTIATE
        for _ in range(seed.randrange(12)):
            data += packet(bytes([seed.choice(b"ABCDEHKLMNORTU")]), seed.randbytes(seed.randrange(60)))
        try:
            p.send(data)
        except OSError:
            pass
        p.close()
    assert honest(k)[0] == b"c"
    assert "ended" not in k.said(), k.said()


@case
def vanishing_clients(k):
    """clients that vanish at every point of a session leave nothing behind"""
    whole = NEGOTIATE + one_message()
    for at in range(0, len(whole), 3):
        p = Peer(k.milter).send(whole[:at])
        p.s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        p.close()
    service.wait_for("connections are gone", lambda: k.metric("connections_open") <= 1)
    assert honest(k)[0] == b"c"


@case
def slow_clients_are_dropped(k):
    """clients at one byte a time are dropped at the deadline; others are served meanwhile"""
    before = k.metric("connections_dropped_total")
    slow = [Peer(k.milter) for _ in range(200)]
    begun = time.monotonic()
    with service.trickle([p.send for p in slow], packet(b"O", b"\0" * 1000)):
        assert honest(k)[0] == b"c"
        service.wait_for("all are dropped", lambda: k.metric("connections_dropped_total") - before >= 200)
        print(f"# dropped after {time.monotonic() - begun:.1f} s, deadline 2 s")
    for p in slow:
        p.close()


@case
def interleaved_sessions(k):
    """300 sessions whose packets interleave do not mix"""
    peers = [Peer(k.milter).send(NEGOTIATE) for _ in range(300)]
    for i, p in enumerate(peers):
        p.send(one_message(b"interleaved-%03d" % i)[:-5 - 12])
    for p in reversed(peers):
        assert p.receive()[0] == b"O"
    for i, p in enumerate(peers):
        p.send(one_message(b"interleaved-%03d" % i)[-5 - 12:])
    for p in peers:
        assert p.final()[0] == b"c"
        p.close()
    service.wait_for("records", lambda: len({r["subject"] for r in k.records() if r["subject"].startswith("interleaved-")}) == 300)


def kill_in_hand(k, data, delay):
    """Sends a message and kills the scanners @delay seconds after its end; the reply, or None."""
    p = Peer(k.milter)
    try:
        p.send(NEGOTIATE)
        assert p.receive()[0] == b"O"
        pids = k.roles("scanner")
        p.send(data)
        time.sleep(delay)
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        return p.final()
    except (ConnectionError, ProcessLookupError):
        return None
    finally:
        p.close()
        service.wait_for("scanners are back", lambda: len(k.roles("scanner")) == 2 and k.ready())


@case
def poison_is_held(k):
    """a message during which two scanners died is held unparsed from then on, and found in the log"""
    body = b"<div>" * 100000 + b"<p>poison " * 400000
    start = one_message(b"poison")[: -len(packet(b"B", b"hello\r\n") + packet(b"E"))]
    start = start.replace(packet(b"N"), packet(b"L", b"Content-Type\0 text/html\0") + packet(b"N"))
    data = start + b"".join(packet(b"B", body[at:at + 65000]) for at in range(0, len(body), 65000)) + packet(b"E")
    for attempt in range(60):
        kill_in_hand(k, data, 0.002 * attempt)
        if "will be held unparsed" in k.said():
            break
    assert "will be held unparsed" in k.said(), k.said()[-2000:]
    p = Peer(k.milter).send(NEGOTIATE + data)
    replies = []
    while not replies or replies[-1][0] not in b"acdrty":
        replies.append(p.receive())
    p.close()
    assert any(cmd == b"q" for cmd, _ in replies), replies
    assert k.metric("held_poison_total") >= 1
    # By HTTP nobody could hold it: a client that knows only actions must defer.
    text = b"From: alice@example.com\r\nSubject: poison\r\nContent-Type: text/html\r\n\r\n" + body
    o = k.scan(text, path="/checkv2")
    assert o["action"] == "soft reject" and "held" in o["messages"]["smtp_message"], o
    assert k.request("POST", "/scan", text)[0] == 422
    record = service.wait_for("record", lambda: k.records("--action", "quarantine"))[-1]
    assert record["facts"] == [] and record["size"] > len(body)
    assert k.stop() == 0  # a restart does not forget it
    k.start()
    p = Peer(k.milter).send(NEGOTIATE + data)
    assert p.receive()[0] == b"O" and any(cmd == b"q" for cmd, _ in p.answers())
    p.close()
    assert honest(k)[0] == b"c"


@case
def full_disk(k):
    """a full disk: 451 and an error in the log; when there is room again, mail is taken"""
    if os.geteuid() != 0:
        raise Skip("needs root to mount a small file system")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-disk-"))
    folder.chmod(0o755)
    run = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], capture_output=True, text=True)
    if run.returncode != 0:
        shutil.rmtree(folder)
        raise Skip("mount is not permitted here: " + run.stderr.strip())
    small = service.Komainu(k.program, folder)
    small.state = folder / "state"
    small.configure()
    filler = folder / "filler"
    try:
        small.start()
        assert honest(small)[0] == b"c"
        filler_fd = os.open(filler, os.O_WRONLY | os.O_CREAT)
        try:
            while True:
                os.write(filler_fd, b"\0" * 4096)
        except OSError:
            os.close(filler_fd)
        answers = [honest(small) for _ in range(60)]
        deadline = time.monotonic() + 60
        while answers[-1][0] != b"y" and time.monotonic() < deadline:
            answers.append(honest(small))
        assert answers[-1][0] == b"y" and answers[-1][1].startswith(b"451 4.7.1 "), answers[-1]
        assert "can not be written" in small.said(), small.said()
        service.wait_for("a scanner says so", lambda: small.get("/ready")[0] == 503)
        filler.unlink()
        service.wait_for("mail is taken again", lambda: honest(small)[0] == b"c")
        service.wait_for("both scanners say so", lambda: all(small.get("/ready")[0] == 200 for _ in range(8)))
    finally:
        small.stop()
        subprocess.run(["umount", "-l", str(folder)], check=True)
        shutil.rmtree(folder)


def start_fails(k, settings, prepare=None):
    """What `komainu serve` says and returns when it can not start."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-e2e-"))
    folder.chmod(0o755)
    try:
        bad = service.Komainu(k.program, folder, settings)
        if prepare:
            prepare(bad)
        run = subprocess.run([bad.program, "serve", "--config", str(bad.config)], capture_output=True, text=True, timeout=60)
        return run.returncode, run.stdout + run.stderr
    finally:
        shutil.rmtree(folder)


@case
def clear_errors_at_start(k):
    """a port in use, a broken setting, a missing policy, an unusable state folder: clear error, sysexits code"""
    def take_port(b):
        b.milter = k.milter
        b.configure()

    status, said = start_fails(k, "", take_port)
    assert status == 74 and "in use" in said and str(k.milter) in said, (status, said)
    status, said = start_fails(k, "scanner.procesess: 2\n")
    assert status == 78 and "komainu.yaml:" in said and "scanner.processes" in said, (status, said)
    status, said = start_fails(k, "policy.pack: /nonexistent/pack.yaml\n")
    assert status == 78 and "/nonexistent/pack.yaml" in said, (status, said)
    status, said = start_fails(k, "", lambda b: b.state.write_text("a file where the folder should be"))
    assert status == 74 and "state" in said, (status, said)


@case
def read_only_state(k):
    """a read-only state folder: clear error"""
    if os.geteuid() != 0:
        raise Skip("needs root to mount a file system")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-ro-"))
    run = subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", str(folder)], capture_output=True, text=True)
    if run.returncode != 0:
        folder.rmdir()
        raise Skip("mount is not permitted here: " + run.stderr.strip())
    try:
        def use(b):
            b.state = folder
            b.configure()
        status, said = start_fails(k, "", use)
        assert status == 74 and str(folder) in said and "Read-only" in said, (status, said)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
        folder.rmdir()


@case
def try_shows_the_answer(k):
    """`komainu try` shows what an MTA and an HTTP client are told"""
    mail = b"From: a@example.com\nFrom: b@example.com\nSubject: tried\n\nhello\n"

    def attempt(*options):
        return subprocess.run([k.program, "try", "--lang", "en", *options], input=mail, capture_output=True, timeout=60)

    run = attempt("--milter", f"127.0.0.1:{k.milter}", "--from", "", "--rcpt", "bob@example.jp", "--ip", "2001:db8::1")
    assert run.returncode == 0 and b"delivered" in run.stdout, run
    assert b"FROM_MULTIPLE(" in run.stdout, run.stdout
    record = service.wait_for("record", lambda: [r for r in k.records() if r["subject"] == "tried"])[-1]
    assert record["client"] == "2001:db8::1" and record["mail_from"] == "" and record["rcpts"] == "bob@example.jp"
    run = attempt("--http", f"127.0.0.1:{k.http}")
    assert run.returncode == 0 and json.loads(run.stdout)["action"], run
    run = attempt("--milter", f"127.0.0.1:{service.free_port()}")
    assert run.returncode == 74 and b"is `komainu serve` running?" in run.stderr, run


@case
def restart_is_quick(k):
    """a killed scanner is back in under 100 ms (reported), and SIGTERM ends everything"""
    took = []
    for _ in range(5):
        before = k.roles("scanner")
        os.kill(before[0], signal.SIGKILL)
        begun = time.monotonic()
        service.wait_for("restart", lambda: len([p for p in k.roles("scanner") if p != before[0]]) == 2)
        took.append((time.monotonic() - begun) * 1000)
        time.sleep(0.2)
    print(f"# process is there again after {min(took):.0f}-{max(took):.0f} ms")


@case
def many_idle_connections(k):
    """1,000 idle connections cost little memory"""
    if "built with sanitizers" in k.said():
        raise Skip("with sanitizers, most of the memory is theirs")

    def anonymous():
        total = 0
        for pid in k.roles("scanner"):
            for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("RssAnon:"):
                    total += int(line.split()[1])
        return total

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 4096), hard))
    before = anonymous()
    peers = [Peer(k.milter).send(NEGOTIATE) for _ in range(1000)]
    for p in peers:
        assert p.receive()[0] == b"O"
    grown = anonymous() - before
    for p in peers:
        p.close()
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    print(f"# {grown} KiB for 1,000 idle connections")
    assert grown < 10000, grown


def main():
    with service.running(sys.argv[1], "milter.packet_timeout: 2s\n") as k:
        status = tap.run(k)
    sys.exit(status)


main()
