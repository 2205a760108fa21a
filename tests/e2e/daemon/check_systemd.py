"""The daemon under systemd: units, socket activation, notification, journal; no systemd has to run for it.

usage: check_systemd.py KOMAINU SERVICE_FILE UNIT_DIRECTORY
"""

import grp
import os
import pathlib
import re
import shutil
import signal
import socket
import stat
import struct
import subprocess
import sys
import time

import service
import tap
from tap import Skip, case

MESSAGE = b"From: alice@example.com\r\nTo: bob@example.jp\r\nSubject: hello\r\n\r\nhello\r\n"
NEGOTIATE = struct.pack(">IcIII", 13, b"O", 6, 0x1FF, 0x1FFFFF)
NAMES = ("listen.milter", "listen.http", "listen.spamd", "listen.policy")


def listener(blocking=True):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 0))
    s.listen(64)
    s.setblocking(blocking)
    return s


def hand_over(sockets, names):
    """Popen options that pass @sockets as systemd does: descriptors from 3 on, and LISTEN_*."""
    spare = [os.dup(s.fileno()) for s in sockets]

    def in_child():
        high = [os.dup(fd) for fd in spare]  # none of them below 3 + n any more, or moved before it is hit
        high = [os.dup2(fd, 100 + i) for i, fd in enumerate(high)]
        for i, fd in enumerate(high):
            os.dup2(fd, 3 + i)
        os.environ["LISTEN_PID"] = str(os.getpid())
        os.environ["LISTEN_FDS"] = str(len(spare))
        os.environ["LISTEN_FDNAMES"] = ":".join(names)

    return {"close_fds": False, "preexec_fn": in_child}


def ports(sockets):
    return [s.getsockname()[1] for s in sockets]


def negotiates(port):
    """The milter's answer to the offer of options."""
    with socket.create_connection(("127.0.0.1", port), 60) as s:
        s.sendall(NEGOTIATE)
        return s.recv(100)[4:5] == b"O"


class Manager:
    """The socket that systemd gives its services for their messages."""

    def __init__(self, folder):
        self.path = str(pathlib.Path(folder) / "notify")
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.s.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.s.bind(self.path)
        os.chmod(self.path, 0o666)

    def close(self):
        self.s.close()
        os.unlink(self.path)

    def next(self, what, seconds=60.0):
        """Waits for the message that has the line @what; returns it with its sender's pid."""
        end = time.monotonic() + seconds
        seen = []
        while time.monotonic() < end:
            self.s.settimeout(max(0.01, end - time.monotonic()))
            try:
                data, control, _, _ = self.s.recvmsg(4096, 1024)
            except socket.timeout:
                break
            text = data.decode()
            pid = struct.unpack("iii", control[0][2])[0]
            seen.append(text)
            if what in text.splitlines():
                return text, pid
        raise AssertionError(f"no {what} within {seconds} s, only {seen}")


@case
def units_are_valid(k):
    """systemd finds nothing wrong with the units, and their names are the daemon's"""
    unit, folder = pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    names = [re.search(r"^FileDescriptorName=(.*)$", p.read_text(), re.M).group(1)
             for p in sorted(folder.glob("*.socket"))]
    assert sorted(names) == sorted(NAMES), names
    if not shutil.which("systemd-analyze"):
        raise Skip("systemd-analyze is not installed")
    copies = k.folder / "units"
    copies.mkdir()
    text, n = re.subn(r"^ExecStart=\S+", f"ExecStart={k.program}", unit.read_text(), flags=re.M)
    assert n == 1
    (copies / "komainu.service").write_text(text)
    for path in folder.glob("*.socket"):
        shutil.copy(path, copies)
    out = subprocess.run(["systemd-analyze", "verify", "--man=no", *map(str, copies.iterdir())],
                         capture_output=True, text=True, timeout=60)
    said = [line for line in (out.stdout + out.stderr).splitlines() if "komainu" in line]
    assert out.returncode == 0 and not said, said


@case
def sockets_are_taken_over(k):
    """sockets that systemd hands over are served; the addresses of the configuration are not bound"""
    own = (k.milter, k.http)
    sockets = [listener() for _ in NAMES]
    k.milter, k.http, spamd, policy = ports(sockets)
    early = socket.create_connection(("127.0.0.1", k.http), 60)  # before anything is there to serve it
    early.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    try:
        k.start(**hand_over(sockets, NAMES))
        assert b" 200 " in early.recv(4096)
        assert negotiates(k.milter) and k.scan(MESSAGE)["action"]
        assert not any(service.listens(port) for port in own)
        with socket.create_connection(("127.0.0.1", spamd), 10) as s:
            s.sendall(b"PING SPAMC/1.5\r\n")
            assert s.recv(100) == b"SPAMD/1.5 0 PONG\r\n"
        with socket.create_connection(("127.0.0.1", policy), 10) as s:
            s.sendall(b"request=smtpd_access_policy\nprotocol_state=RCPT\n\n")
            assert s.recv(100) == b"action=DUNNO\n\n"
        service.wait_for("ready", lambda: f"milter on 127.0.0.1:{k.milter}" in k.said())
        # Many at once: no scanner may get stuck in accept() for a connection that another one took.
        for _ in range(200):
            assert negotiates(k.milter)
        assert k.stop() == 0
        waiting = socket.create_connection(("127.0.0.1", k.milter), 60)  # nobody serves, nobody is refused
        waiting.sendall(NEGOTIATE)
        k.start(**hand_over(sockets, NAMES))
        assert waiting.recv(100)[4:5] == b"O"
        waiting.close()
    finally:
        early.close()
        k.stop()
        for s in sockets:
            s.close()
        k.milter, k.http = own


@case
def some_sockets_or_strange_ones(k):
    """sockets of unknown names are left alone, and what was not handed over is bound"""
    own = (k.milter, k.http)
    sockets = [listener(), listener()]
    try:
        k.milter = ports(sockets)[1]
        k.start(**hand_over(sockets, ("something.else", "listen.milter")))
        assert negotiates(k.milter) and k.scan(MESSAGE)["action"]
    finally:
        k.stop()
        for s in sockets:
            s.close()
        k.milter, k.http = own


@case
def started_by_systemd_socket_activate(k):
    """the first connection to systemd's own socket-activation tool starts the daemon and is served"""
    program = shutil.which("systemd-socket-activate")
    if not program:
        raise Skip("systemd-socket-activate is not installed")
    own = (k.milter, k.http)
    k.milter, k.http = service.free_port(), service.free_port()
    process = subprocess.Popen(
        [program, "-l", f"127.0.0.1:{k.milter}", "-l", f"127.0.0.1:{k.http}",
         "-l", f"127.0.0.1:{service.free_port()}", "-l", f"127.0.0.1:{service.free_port()}", "--fdname=" + ":".join(NAMES), k.program,
         "serve", "--config", str(k.config)], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    try:
        service.wait_for("the tool listens", lambda: b"Listening on" in process.stderr.readline())
        assert service.wait_for("the daemon answers", lambda: negotiates(k.milter))
        assert k.scan(MESSAGE)["action"]
    finally:
        process.send_signal(signal.SIGTERM)
        process.stderr.close()
        assert process.wait(60) == 0
        k.milter, k.http = own


@case
def systemd_is_told(k):
    """READY when it serves, RELOADING and READY around a reload, refused ones too, WATCHDOG, STOPPING"""
    manager = Manager(k.folder)
    try:
        k.start(env={**os.environ, "NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": "30000000"})
        main = k.process.pid
        assert manager.next("READY=1")[1] == main  # NotifyAccess=main: no role may speak for the service
        for _ in range(3):
            assert manager.next("WATCHDOG=1")[1] == main
        for settings, says in (("", "in force"), ("no.such.key: 1\n", "refused")):
            before = len(k.said())
            good = k.config.read_text()
            k.config.write_text(good + settings)
            k.process.send_signal(signal.SIGHUP)
            text, pid = manager.next("RELOADING=1")
            assert pid == main and re.search(r"^MONOTONIC_USEC=\d+$", text, re.M), text
            manager.next("READY=1")
            service.wait_for(says, lambda: says in k.said()[before:])
            k.config.write_text(good)
        k.process.send_signal(signal.SIGTERM)
        assert manager.next("STOPPING=1")[1] == main
        assert k.stop() == 0
    finally:
        k.stop()
        manager.close()


@case
def not_ready_before_it_serves(k):
    """READY is not said by a daemon that can not start"""
    manager = Manager(k.folder)
    taken = socket.create_server(("127.0.0.1", k.milter))
    try:
        out = subprocess.run([k.program, "serve", "--config", str(k.config)], capture_output=True, text=True,
                             env={**os.environ, "NOTIFY_SOCKET": manager.path}, timeout=60)
        assert out.returncode == os.EX_IOERR and "in use" in out.stderr, out
        manager.s.setblocking(False)
        try:
            raise AssertionError(manager.s.recv(4096))
        except BlockingIOError:
            pass
    finally:
        taken.close()
        manager.close()


@case
def journal_priorities(k):
    """lines for the journal begin with their priority, and have no time stamp of their own"""
    log = k.folder / "journal.log"
    with open(log, "wb") as f:
        st = os.fstat(f.fileno())
        out = subprocess.run([k.program, "serve", "--config", "/nonexistent.yaml"], stderr=f,
                             env={**os.environ, "JOURNAL_STREAM": f"{st.st_dev}:{st.st_ino}"}, timeout=60)
        assert out.returncode == os.EX_CONFIG, out
        k.log.write_text("")
        process = subprocess.Popen([k.program, "serve", "--config", str(k.config)], stderr=f,
                                   stdout=subprocess.DEVNULL,
                                   env={**os.environ, "JOURNAL_STREAM": f"{st.st_dev}:{st.st_ino}"})
        try:
            service.wait_for("ready", lambda: b"ready: milter" in log.read_bytes())
        finally:
            process.terminate()
            assert process.wait(60) == 0
    lines = [line for line in log.read_text().splitlines() if line.startswith("<")]
    assert any(re.match(r"<6>.*ready: milter on ", line) for line in lines), log.read_text()


@case
def unix_sockets_are_for_owner_and_group(k):
    """a unix socket may be used by its owner and its group, which a setgid folder chooses"""
    folder = k.folder / "sockets"
    folder.mkdir()
    path = folder / "milter.sock"
    if os.geteuid() == 0:
        os.chown(folder, 0, grp.getgrnam("mail").gr_gid)
    os.chmod(folder, 0o2755)
    text = k.config.read_text()
    k.config.write_text(text.replace(f"listen.milter: 127.0.0.1:{k.milter}", f"listen.milter: unix:{path}"))
    try:
        k.start()
        st = path.stat()
        assert stat.S_IMODE(st.st_mode) == 0o660 and st.st_gid == folder.stat().st_gid, st
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(path))
            s.sendall(NEGOTIATE)
            assert s.recv(100)[4:5] == b"O"
    finally:
        k.stop()
        k.config.write_text(text)


def main():
    with service.temporary_folder() as folder:
        k = service.Komainu(os.path.abspath(sys.argv[1]), folder)
        try:
            status = tap.run(k)
        finally:
            k.stop()
    sys.exit(status)


main()
