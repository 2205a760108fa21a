"""Virus scanners: a real clamd with a signature of our own, a real c-icap, and ones that are slow, dead or lie.

usage: check_virus.py KOMAINU
"""

import contextlib
import json
import pathlib
import socket
import subprocess
import sys
import threading
import time

import service
import tap
from milter import NEGOTIATE, Peer, one_message
from tap import Skip, case

HEAD = (b"From: a@example.com\r\nTo: b@example.jp\r\nSubject: %s\r\nDate: Mon, 02 Mar 2026 09:00:00 +0900\r\n"
        b"Message-ID: <1@example.com>\r\n\r\n")
CLEAN = HEAD % b"x" + b"hello\r\n"
BAD = HEAD % b"x" + b"KOMAINU-TEST-VIRUS\r\n"
SIGNATURE = "Komainu.Test.Signature"
CLAMD = "/usr/sbin/clamd"
C_ICAP = "/usr/bin/c-icap"


@contextlib.contextmanager
def daemon(program, settings):
    with service.temporary_folder() as path:
        k = service.Komainu(program, path, settings)
        try:
            yield k.start()
            assert k.stop() == 0, k.said()
        finally:
            if k.process and k.process.poll() is None:
                k.process.kill()
                k.process.wait(10)


@contextlib.contextmanager
def running(command, port, log):
    """A program until the end of the block; skips when it does not come up."""
    with open(log, "wb") as out:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
    try:
        end = time.monotonic() + 60
        while not service.listens(port):
            if process.poll() is not None or time.monotonic() > end:
                raise Skip(f"{command[0]} does not start: " + log.read_text(errors="replace")[-200:].replace("\n", " "))
            time.sleep(0.1)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@contextlib.contextmanager
def clamd(path):
    """(TCP address, unix address) of a real clamd that knows one signature."""
    if not pathlib.Path(CLAMD).exists():
        raise Skip("clamav-daemon is not installed")
    port = service.free_port()
    (path / "db").mkdir()
    (path / "db" / "test.ndb").write_text(f"{SIGNATURE}:0:*:{b'KOMAINU-TEST-VIRUS'.hex()}\n")
    conf = path / "clamd.conf"
    conf.write_text(f"DatabaseDirectory {path}/db\nLocalSocket {path}/clamd.ctl\nTCPSocket {port}\nTCPAddr 127.0.0.1\n"
                    "Foreground yes\nUser root\nStreamMaxLength 1M\nTemporaryDirectory /tmp\n")
    with running([CLAMD, "-c", str(conf)], port, path / "clamd.log"):
        yield f"127.0.0.1:{port}", f"unix:{path}/clamd.ctl"


class Stub:
    """A server that does to each connection what @behave says."""

    def __init__(self, behave):
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.behave, self.ending = behave, False
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.ending:
            try:
                s, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self.one, args=(s,), daemon=True).start()

    def one(self, s):
        with s, contextlib.suppress(OSError):
            self.behave(s)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending = True
        self.socket.close()


def read_until(s, end):
    got = b""
    while end not in got:
        piece = s.recv(65536)
        if not piece:
            return got
        got += piece
    return got


def milter(k, subject):
    """The final reply to a message with @subject."""
    p = Peer(k.milter)
    p.send(NEGOTIATE).receive()
    code, text = p.send(one_message(subject)).final()
    p.close()
    return code, text


def fact(answer, name):
    return next((f for f in answer["facts"] if f["id"] == name), None)


@case
def real_clamd(program):
    """a real clamd, by TCP and by unix socket: found, clean, too large for it"""
    with service.temporary_folder() as path, clamd(path) as addresses:
        for address in addresses:
            with daemon(program, f"virus.clamd: '{address}'\n") as k:
                bad = k.scan(BAD)
                assert fact(bad, "VIRUS_FOUND")["seen"].startswith(SIGNATURE), bad
                assert bad["class"] == "malware" and bad["action"] == "reject", bad
                clean = k.scan(CLEAN)
                assert not fact(clean, "VIRUS_FOUND") and clean["action"] == "accept", clean
                large = k.scan(CLEAN + b"x" * 1100000)
                assert fact(large, "VIRUS_UNEXAMINED") and large["action"] == "accept", large
                assert k.metric("viruses_total") == 1 and k.metric("virus_failures_total") == 0
                assert milter(k, b"KOMAINU-TEST-VIRUS")[0] in (b"r", b"y")


@case
def by_hand(program):
    """komainu scan --clamd: found, clean, nobody there"""
    with service.temporary_folder() as path, clamd(path) as addresses:
        (path / "bad.eml").write_bytes(BAD)
        (path / "clean.eml").write_bytes(CLEAN)
        files = [str(path / "bad.eml"), str(path / "clean.eml")]
        for address in addresses:
            done = subprocess.run([program, "scan", "--json", "--clamd", address, *files], capture_output=True, timeout=60)
            assert done.returncode == 0, done
            bad, clean = map(json.loads, done.stdout.splitlines())
            assert fact(bad, "VIRUS_FOUND")["seen"].startswith(SIGNATURE) and bad["class"] == "malware", bad
            assert not fact(clean, "VIRUS_FOUND"), clean
        done = subprocess.run([program, "scan", "--json", "--clamd", f"127.0.0.1:{service.free_port()}", files[0]],
                              capture_output=True, timeout=60)
        assert done.returncode == 75 and b"error" in done.stdout, done


@case
def clamd_goes_and_comes(program):
    """clamd stopped: tempfail; started again: examined"""
    with service.temporary_folder() as path:
        with clamd(path) as (address, _):
            k = service.Komainu(program, path, f"virus.clamd: '{address}'\n").start()
            try:
                assert k.scan(CLEAN)["action"] == "accept"
                port = int(address.rsplit(":", 1)[1])
            except BaseException:
                k.process.kill()
                raise
        try:
            assert not service.listens(port)
            assert k.scan(CLEAN)["action"] == "tempfail"
            assert "connection refused" in k.said(), k.said()
            with running([CLAMD, "-c", str(path / "clamd.conf")], port, path / "clamd.log"):
                assert k.scan(CLEAN)["action"] == "accept"
            assert k.stop() == 0
        finally:
            if k.process and k.process.poll() is None:
                k.process.kill()
                k.process.wait(10)


def slow(s):
    read_until(s, b"\0\0\0\0\0\0\0\0never")


def silent(s):
    time.sleep(60)


def drips(s):
    for _ in range(600):
        s.sendall(b"s")
        time.sleep(0.1)


@case
def bad_scanners(program):
    """dead, slow, dripping, lying, cutting clamds: 451 within the deadline, and the mail that follows is served"""
    kinds = [
        ("reads and says nothing", slow),
        ("says nothing at all", silent),
        ("drips", drips),
        ("closes", lambda s: None),
        ("cuts the answer", lambda s: (read_until(s, b"hello"), s.sendall(b"stream: OK"))),
        ("lies", lambda s: (read_until(s, b"hello"), s.sendall(b"250 all is well\0"))),
        ("fails", lambda s: (read_until(s, b"hello"), s.sendall(b"Can't allocate memory ERROR\0"))),
        ("talks without end", lambda s: s.sendall(b"x" * 40000)),
    ]
    for name, behave in kinds:
        with Stub(behave) as stub, daemon(program, f"virus.clamd: 127.0.0.1:{stub.port}\nvirus.timeout: 700ms\n") as k:
            begun = time.monotonic()
            answer = k.scan(CLEAN)
            took = time.monotonic() - begun
            assert answer["action"] == "tempfail" and fact(answer, "VIRUS_UNEXAMINED"), (name, answer)
            assert took < 25, (name, took)  # before the stub gives up
            code, text = milter(k, b"raw")
            assert code == b"t" or (code == b"y" and text.startswith(b"451")), (name, code, text)
            assert k.metric("virus_failures_total") == 2, name


@case
def may_pass(program):
    """virus.on_error: accept lets it pass and says so; a client that goes away harms nothing"""
    with Stub(silent) as stub, daemon(
            program, f"virus.clamd: 127.0.0.1:{stub.port}\nvirus.timeout: 1s\nvirus.on_error: accept\n") as k:
        answer = k.scan(CLEAN)
        assert answer["action"] == "accept" and fact(answer, "VIRUS_UNEXAMINED"), answer
        for _ in range(10):
            with socket.create_connection(("127.0.0.1", k.http)) as s:
                s.sendall(b"POST /scan HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s" % (len(CLEAN), CLEAN))
        assert k.scan(CLEAN)["action"] == "accept"


def icap_answer(answer):
    def behave(s):
        asked = read_until(s, b"\r\n0\r\n\r\n")
        assert asked.startswith(b"RESPMOD icap://127.0.0.1:") and b"Allow: 204" in asked
        s.sendall(answer(asked) if callable(answer) else answer)
    return behave


@case
def icap_stub(program):
    """ICAP: a threat by header, a page that is refused, clean, an error"""
    found = (b"ICAP/1.0 200 OK\r\nX-Infection-Found: Type=0; Resolution=2; Threat=Eicar-Test;\r\n"
             b"Encapsulated: res-hdr=0, res-body=30\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n")
    kinds = [
        (found, "reject", "Eicar-Test"),
        (b"ICAP/1.0 200 OK\r\nEncapsulated: res-hdr=0, res-body=30\r\n\r\nHTTP/1.1 403 Forbidden\r\n\r\n", "reject", "blocked"),
        (b"ICAP/1.0 204 No Content\r\n\r\n", "accept", None),
        (b"ICAP/1.0 404 Not Found\r\n\r\n", "tempfail", None),
        (b"HTTP/1.1 200 OK\r\n\r\n", "tempfail", None),
    ]
    for answer, action, name in kinds:
        with Stub(icap_answer(answer)) as stub, daemon(
                program, f"virus.icap: icap://127.0.0.1:{stub.port}/avscan\nvirus.timeout: 20s\n") as k:
            got = k.scan(CLEAN)
            assert got["action"] == action, (answer, got["action"])
            assert (fact(got, "VIRUS_FOUND") or {}).get("seen") == name, (answer, got)


@case
def real_c_icap(program):
    """a real c-icap with its echo service passes all; a service that it does not have defers"""
    if not pathlib.Path(C_ICAP).exists():
        raise Skip("c-icap is not installed")
    with service.temporary_folder() as path:
        port = service.free_port()
        conf = path / "c-icap.conf"
        conf.write_text(
            f"PidFile {path}/pid\nCommandsSocket {path}/ctl\nPort 127.0.0.1:{port}\nServerLog {path}/server.log\n"
            f"AccessLog {path}/access.log\nStartServers 1\nMaxServers 1\nMinSpareThreads 2\nMaxSpareThreads 5\n"
            "ThreadsPerChild 5\nTmpDir /tmp\nModulesDir /usr/lib/x86_64-linux-gnu/c_icap\n"
            "ServicesDir /usr/lib/x86_64-linux-gnu/c_icap\nLoadMagicFile /etc/c-icap/c-icap.magic\n"
            "Service echo srv_echo.so\n")
        with running([C_ICAP, "-N", "-D", "-f", str(conf)], port, path / "c-icap.log"):
            with daemon(program, f"virus.icap: icap://127.0.0.1:{port}/echo\n") as k:
                answer = k.scan(CLEAN)
                assert answer["action"] == "accept" and not fact(answer, "VIRUS_UNEXAMINED"), (answer, k.said())
                assert k.scan(CLEAN + b"x" * 300000)["action"] == "accept", k.said()
            with daemon(program, f"virus.icap: icap://127.0.0.1:{port}/nothing\n") as k:
                assert k.scan(CLEAN)["action"] == "tempfail", k.said()


@case
def bad_settings(program):
    """addresses that are none are refused at start, by name"""
    for setting in ("virus.clamd: nonsense", "virus.icap: http://127.0.0.1/x", "virus.icap: icap://127.0.0.1"):
        with service.temporary_folder() as path:
            k = service.Komainu(program, path, setting + "\n")
            done = subprocess.run([program, "serve", "--config", str(k.config)], capture_output=True, timeout=30)
            assert done.returncode == 78 and setting.split(" ")[1].encode() in done.stderr, done


def main():
    return tap.run(sys.argv[1])


if __name__ == "__main__":
    sys.exit(main())
