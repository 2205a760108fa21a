"""The HTTP scan service: as Rspamd's clients use it, natively, and against hostile clients.

usage: check_http.py KOMAINU
"""

import json
import os
import pathlib
import random
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

import service
import tap
from tap import Skip, case

MESSAGE = (
    b"From: Alice <alice@example.com>\r\nFrom: Mallory <m@example.net>\r\nTo: bob@example.jp\r\n"
    b"Subject: =?UTF-8?B?54ub54qs?=\r\nMessage-ID: <1@example.com>\r\n"
    b"Date: Mon, 2 Mar 2026 09:14:05 +0900\r\n\r\nhello\r\n"
)
ENVELOPE = (
    ("IP", "192.0.2.7"),
    ("Helo", "client.example.com"),
    ("From", "<alice@example.com>"),
    ("Rcpt", "bob@example.jp"),
    ("Rcpt", "<carol@example.jp>"),
    ("User", "u1"),
    ("Queue-Id", "4QABC"),
)


def raw(k, data, seconds=5.0):
    """What comes back for @data on a fresh connection."""
    with socket.create_connection(("127.0.0.1", k.http), seconds) as s:
        s.sendall(data)
        got = b""
        try:
            while True:
                piece = s.recv(65536)
                if not piece:
                    return got
                got += piece
                if b"\r\n\r\n" in got and b"Content-Length: 0" in got:
                    return got
        except socket.timeout:
            return got


@case
def checkv2_has_rspamds_shape(k):
    """/checkv2 answers in Rspamd's shape"""
    o = k.scan(MESSAGE, ENVELOPE, "/checkv2")
    assert o["is_skipped"] is False and o["message-id"] == "1@example.com"
    assert isinstance(o["score"], float) and o["required_score"] == 15.0
    assert o["action"] in ("no action", "greylist", "add header", "soft reject", "reject")
    symbol = o["symbols"]["FROM_MULTIPLE"]
    assert symbol["name"] == "FROM_MULTIPLE" and symbol["score"] > 0 and symbol["description"]
    assert isinstance(symbol["options"], list) and "metric_score" in symbol
    assert {"messages", "urls", "emails", "time_real", "milter"} <= set(o)
    assert "X-Spam-Score" in o["milter"]["add_headers"]


@case
def scan_is_the_contract(k):
    """/scan answers with the native verdict"""
    o = k.scan(MESSAGE, ENVELOPE)
    for name in ("id", "class", "category", "brand", "action", "score", "probability", "auth", "facts",
                 "explanation", "advice", "timings_us"):
        assert name in o, name
    assert "file" not in o
    assert set(o["explanation"]) == {"recipient", "admin", "sender"}
    fact = next(f for f in o["facts"] if f["id"] == "FROM_MULTIPLE")
    assert {"id", "group", "points", "seen", "part", "offset", "length", "text"} <= set(fact)


@case
def envelope_is_recorded(k):
    """the envelope of the headers is what `komainu log` shows"""
    k.scan(MESSAGE, ENVELOPE)
    r = service.wait_for("record", lambda: k.records("--id", "4QABC"))[-1]
    assert r["client"] == "192.0.2.7" and r["helo"] == "client.example.com" and r["user"] == "u1"
    assert r["mail_from"] == "alice@example.com" and r["rcpts"] == "bob@example.jp carol@example.jp"
    assert r["subject"] == "狛犬" and r["via"] == "http"


@case
def stored_envelope_only_when_asked(k):
    """a message's own Received is believed only with Envelope: stored"""
    received = b"Return-Path: <x@example.org>\r\nReceived: from h.example.org (h.example.org [198.51.100.9]) by mx.example.jp (Postfix) with ESMTP id Z for <b@example.jp>; Mon, 2 Mar 2026 09:14:06 +0900\r\n"
    for header, client in ((), ""), ((("Envelope", "stored"),), "198.51.100.9"):
        queue_id = f"STORED{len(header)}"
        k.scan(received + MESSAGE, header + (("Queue-Id", queue_id),))
        r = service.wait_for("record", lambda: k.records("--id", queue_id))[0]
        assert r["client"] == client, r


@case
def small_paths(k):
    """/ping, /ready, /metrics, unknown paths and methods; each with Content-Length"""
    for method, path, want in (("GET", "/ping", 200), ("GET", "/ready", 200), ("GET", "/metrics", 200),
                               ("GET", "/", 404), ("GET", "/scan", 405), ("POST", "/ping", 405),
                               ("HEAD", "/ping", 200)):
        status, headers, body = k.request(method, path, b"" if method == "POST" else None)
        assert status == want, (method, path, status)
        assert "Content-Length" in headers, (path, headers)
    assert b"# TYPE komainu_messages_total counter" in k.get("/metrics")[2]
    assert k.metric("messages_total") > 0


@case
def rspamc_works(k):
    """Debian's rspamc is served"""
    program = shutil.which("rspamc")
    if not program:
        raise Skip("rspamc is not installed (package rspamd)")
    with tempfile.NamedTemporaryFile(suffix=".eml") as f:
        f.write(MESSAGE)
        f.flush()
        out = subprocess.run(
            [program, "-h", f"127.0.0.1:{k.http}", "-i", "192.0.2.7", "--from", "alice@example.com",
             "-r", "bob@example.jp", "symbols", f.name], capture_output=True, text=True, timeout=30)
    assert out.returncode == 0, out
    assert "Action:" in out.stdout and "FROM_MULTIPLE" in out.stdout, out.stdout
    assert "/ 15.00" in out.stdout, out.stdout


@case
def rspamc_counts(k):
    """Debian's rspamc shows what was judged, by Rspamd's words"""
    program = shutil.which("rspamc")
    if not program:
        raise Skip("rspamc is not installed (package rspamd)")
    k.scan(MESSAGE)
    out = subprocess.run([program, "-h", f"127.0.0.1:{k.http}", "stat"], capture_output=True, text=True, timeout=30)
    assert out.returncode == 0, out
    told = json.loads(k.get("/stat")[2])
    assert f"Messages scanned: {told['scanned']}" in out.stdout, (told, out.stdout)
    assert f"Messages treated as ham: {told['ham_count']}," in out.stdout, (told, out.stdout)
    assert sum(told["actions"].values()) == told["scanned"] > 0, told
    assert told["spam_count"] + told["ham_count"] <= told["scanned"], told
    assert set(told["actions"]) == {"no action", "add header", "greylist", "soft reject", "quarantine", "reject", "discard"}


@case
def keep_alive(k):
    """many requests on one connection, in pieces of odd sizes"""
    one = b"POST /scan HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(MESSAGE) + MESSAGE
    with socket.create_connection(("127.0.0.1", k.http), 10) as s:
        f = s.makefile("rb")
        for i in range(50):
            for at in range(0, len(one), 7 + i):
                s.sendall(one[at:at + 7 + i])
            status = f.readline()
            assert b" 200 " in status, status
            length = 0
            while True:
                line = f.readline().strip()
                if not line:
                    break
                if line.lower().startswith(b"content-length:"):
                    length = int(line.split(b":")[1])
            assert json.loads(f.read(length))["action"]


def exchange(k, data, close=True):
    """All that comes back for @data; our side says that it sends no more."""
    with socket.create_connection(("127.0.0.1", k.http), 10) as s:
        s.sendall(data)
        if close:
            s.shutdown(socket.SHUT_WR)
        got = b""
        while True:
            piece = s.recv(65536)
            if not piece:
                return got
            got += piece


def chunked(body, size):
    pieces = [body[at:at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


@case
def as_haraka_asks(k):
    """a request as Haraka's plugin sends it: chunked, several Rcpt, headers that mean nothing here"""
    head = (
        b"POST /checkv2 HTTP/1.1\r\nIP: 2001:db8::7\r\nHostname: client.example.com\r\nHelo: client.example.com\r\n"
        b"SPF: [object Object]\r\nFrom: alice@example.com\r\nRcpt: bob@example.jp\r\nRcpt: carol@example.jp\r\n"
        b"Queue-Id: 7A1F0C2E-55B1.1\r\nTLS-Cipher: TLS_AES_256_GCM_SHA384\r\nTLS-Version: TLSv1.3\r\n"
        b"Host: localhost:11333\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for size in (1, 7, 65536):
        got = exchange(k, head + chunked(MESSAGE, size), close=False)
        assert got.startswith(b"HTTP/1.1 200 "), got[:300]
        o = json.loads(got.split(b"\r\n\r\n", 1)[1])
        # what the plugin reads: action, symbols {name, score}, milter.add_headers {value}, messages
        assert o["action"] and all({"name", "score"} <= set(s) for s in o["symbols"].values())
        assert all("value" in v for v in o["milter"]["add_headers"].values()) and isinstance(o["messages"], dict)
    r = service.wait_for("records", lambda: len(k.records("--id", "7A1F0C2E-55B1.1")) == 3 and k.records("--id", "7A1F0C2E-55B1.1"))[0]
    assert r["client"] == "2001:db8::7" and r["rcpts"] == "bob@example.jp carol@example.jp", r


@case
def forms_of_the_envelope(k):
    """several addresses in one Rcpt, Deliver-To alone, an IPv6 literal, 8-bit bytes"""
    for number, (headers, want) in enumerate((
        ((("Rcpt", "a@example.jp,<b@example.jp>, c@example.jp"),), {"rcpts": "a@example.jp b@example.jp c@example.jp", "n_rcpts": 3}),
        ((("Deliver-To", "d@example.jp"),), {"rcpts": "d@example.jp", "n_rcpts": 1}),
        ((("IP", "[IPv6:2001:DB8::1]"),), {"client": "2001:db8::1"}),
        ((("From", "\u3042@example.jp".encode()), ("User", b"\xff\xfe")), {"mail_from": "\u3042@example.jp", "user": "\ufffd\ufffd"})),
    ):
        queue_id = f"FORM{number}"
        assert k.scan(MESSAGE, headers + (("Queue-Id", queue_id),))["action"]
        r = service.wait_for("record", lambda: k.records("--id", queue_id))[0]
        assert all(r[name] == value for name, value in want.items()), (want, r)


@case
def forms_of_the_request(k):
    """Expect: 100-continue, pipelined requests, HEAD, a body that is cut short or too long"""
    one = b"POST /scan HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(MESSAGE) + MESSAGE
    with socket.create_connection(("127.0.0.1", k.http), 10) as s:
        s.sendall(one[:-len(MESSAGE) - 2] + b"Expect: 100-continue\r\n\r\n")
        assert s.recv(1000).startswith(b"HTTP/1.1 100 ")
        s.sendall(MESSAGE)
        assert s.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert exchange(k, one * 20).count(b"HTTP/1.1 200 OK\r\n") == 20
    got = exchange(k, b"HEAD /ready HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", close=False)
    assert got.startswith(b"HTTP/1.1 200 ") and got.endswith(b"\r\n\r\n"), got
    before = k.metric("messages_total")
    assert b" 200 " not in exchange(k, one[:-5])
    assert k.metric("messages_total") == before
    got = exchange(k, one + b"surplus\r\n\r\n")
    assert got.count(b"HTTP/1.1 200 OK\r\n") == 1, got[-400:]


@case
def compressed_is_refused(k):
    """a compressed body is refused, not judged as it is"""
    for header in (("Content-Encoding", "zstd"), ("Compression", "zstd"), ("Content-Encoding", "gzip")):
        for path in ("/scan", "/checkv2"):
            status, _, body = k.request("POST", path, MESSAGE, (header,))
            assert status == 415 and b"compressed" in body, (status, body)
    assert k.scan(MESSAGE, (("Content-Encoding", "identity"),))["action"]


BAD = (
    b"\r\n\r\n\r\n",
    b"GET\r\n\r\n",
    b"GET /ping HTTP/9.9\r\n\r\n",
    b"POST /scan HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /scan HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
    b"POST /scan HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /scan HTTP/1.1\r\nHost: x\r\nContent-Length: 4294967296\r\n\r\nabc",
    b"POST /scan HTTP/1.1\r\n" + b"X: " + b"a" * 300000 + b"\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200,
    b"\0" * 5000,
)


@case
def malformed_requests(k):
    """malformed requests are refused and harm nobody"""
    for data in BAD:
        with socket.create_connection(("127.0.0.1", k.http), 5) as s:
            s.settimeout(0.3)
            try:
                s.sendall(data)
                answer = s.recv(100)
            except socket.timeout:
                answer = b""
            except ConnectionError:
                answer = b""
            assert b" 200 " not in answer, (data[:60], answer)
    assert k.get("/ping")[0] == 200
    assert "ended" not in k.said(), k.said()


@case
def random_bytes(k):
    """200 connections of random bytes leave the service as it was"""
    seed = random.Random(20260302)
    for _ in range(200):
        with socket.create_connection(("127.0.0.1", k.http), 5) as s:
            try:
                s.sendall(seed.randbytes(seed.randrange(2000)))
            except OSError:
                pass
    assert k.get("/ping")[0] == 200
    assert "ended" not in k.said(), k.said()


@case
def hostile_envelope(k):
    """hostile envelope values are data, never an error"""
    for name in ("IP", "Helo", "Hostname", "From", "Rcpt", "User", "Queue-Id"):
        for value in ("", "\"';--", "a" * 8000, "\x7f\x01".replace("\x01", "\t"), "%s%n", "<>", "<a@b"):
            o = k.scan(MESSAGE, ((name, value),))
            assert o["action"], (name, value)


@case
def bodies_of_any_kind(k):
    """empty, binary and header-only bodies get a verdict"""
    for body in (b"", b"\0" * 1000, b"Subject: x", b"\r\n", bytes(range(256)) * 100):
        assert k.scan(body)["action"], body[:20]


@case
def slow_clients_are_dropped(k):
    """clients at one byte a second are dropped at the deadline; others are served meanwhile"""
    slow = [socket.create_connection(("127.0.0.1", k.http), 10) for _ in range(100)]
    data = b"POST /scan HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"a" * 900
    begun = time.monotonic()
    with service.trickle([s.sendall for s in slow], data):
        service.wait_for("all slow ones are dropped", lambda: k.metric("connections_dropped_total") >= 100)
        took = time.monotonic() - begun
        assert k.scan(MESSAGE)["action"]
        print(f"# dropped after {took:.1f} s, deadline 2 s")
    for s in slow:
        s.close()


@case
def too_large(k):
    """a message over limits.message_size is answered 413"""
    status, _, body = k.request("POST", "/scan", b"a" * (3 * 1024 * 1024))
    assert status == 413 and b"limits.message_size" in body, (status, body)


@case
def stalled_keeper(k):
    """a keeper that stalls turns mail away in time, and nothing that was accepted is lost when it goes on"""
    keeper = k.roles("keeper")[0]
    long = [("Queue-Id", "stalled"), ("Helo", "h" * 20000)]
    accepted = 0
    os.kill(keeper, signal.SIGSTOP)
    try:
        for _ in range(3000):
            status, _, body = k.request("POST", "/scan", MESSAGE, long)
            if status == 503:
                break
            assert status == 200, (status, body)
            accepted += 1
    finally:
        os.kill(keeper, signal.SIGCONT)
    assert status == 503 and accepted, (status, accepted)
    service.wait_for("both scanners are ready", lambda: all(k.get("/ready")[0] == 200 for _ in range(8)))
    assert k.roles("keeper") == [keeper]
    service.wait_for("all are recorded", lambda: len(k.records("--id", "stalled")) == accepted)
    print(f"# {accepted} accepted before")


@case
def vanishing_clients(k):
    """clients that vanish in mid-request leave nothing behind"""
    for _ in range(200):
        s = socket.create_connection(("127.0.0.1", k.http), 5)
        s.sendall(b"POST /scan HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\nSubject: x\r\n")
        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        s.close()
    service.wait_for("connections are gone", lambda: k.metric("connections_open") <= 1)


@case
def open_files(k):
    """the limit of open files is raised as far as may be, and said to be too low when it is"""
    for hard, enough in ((1500, False), (20000, True)):
        if resource.getrlimit(resource.RLIMIT_NOFILE)[1] < hard:
            raise Skip(f"no {hard} open files are allowed here")
        other = service.Komainu(k.program, tempfile.mkdtemp(dir=k.folder), "limits.connections: 1000\n")
        other.folder.chmod(0o755)
        try:
            other.start(preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard)))
            for pid in other.roles("scanner"):
                limits = pathlib.Path(f"/proc/{pid}/limits").read_text()
                assert re.search(rf"^Max open files +{hard} +{hard} ", limits, re.M), limits
            assert ("limits.connections" not in other.said()) == enough, other.said()
        finally:
            other.stop()


@case
def connection_limit(k):
    """a scanner keeps limits.connections open, milter and HTTP together, and drops what comes beyond"""
    other = service.Komainu(k.program, tempfile.mkdtemp(dir=k.folder), "limits.connections: 20\n")
    other.folder.chmod(0o755)
    other.config.write_text(other.config.read_text().replace("processes: 2", "processes: 1"))
    held = []
    try:
        other.start()
        held = [socket.create_connection(("127.0.0.1", other.milter), 5) for _ in range(15)]
        service.wait_for("15 are open", lambda: other.metric("connections_open") == 16)
        more = [socket.create_connection(("127.0.0.1", other.http), 5) for _ in range(10)]
        held += more
        for s in more:
            s.settimeout(0.1)
        service.wait_for("those beyond are dropped", lambda: sum(closed(s) for s in more) >= 5)
        # One more when the connection that asked for the count was still there.
        assert sum(closed(s) for s in more) in (5, 6)
    finally:
        for s in held:
            s.close()
        other.stop()


def closed(s):
    try:
        return s.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


def main():
    with service.running(sys.argv[1], "milter.packet_timeout: 2s\nlimits.message_size: 2M\n") as k:
        status = tap.run(k)
    sys.exit(status)


main()
