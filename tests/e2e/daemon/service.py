"""Starts and stops Komainu and Postfix for a test: own folders, loopback, free ports, stopped by pid."""

import contextlib
import http.client
import json
import os
import pathlib
import pwd
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time


@contextlib.contextmanager
def temporary_folder():
    """A folder that other users may look into, gone at the end."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="komainu-e2e-"))
    path.chmod(0o755)
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


PORTS = range(10000, 32000)  # below those that the kernel gives to clients, which could take one between two starts
RESERVED = []


def free_port():
    """A port that no other test is given either while this one runs: each has a name that one process can hold."""
    while True:
        port, name = random.choice(PORTS), socket.socket(socket.AF_UNIX)
        try:
            name.bind(f"\0komainu-e2e-port-{port}")
            with socket.socket() as s:
                s.bind(("127.0.0.1", port))
        except OSError:
            name.close()
            continue
        RESERVED.append(name)
        return port


def wait_for(what, condition, seconds=60.0):
    """Waits until @condition() is true; fails naming @what."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise AssertionError(f"after {seconds} s still not: {what}")


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
        return True
    except OSError:
        return False


def alive(pid):
    """Whether any thread of @pid is left: until then its files are open and its locks held."""
    try:
        ended = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
        return not ended or len(os.listdir(f"/proc/{pid}/task")) > 1
    except OSError:
        return False


def wait_until_read(s):
    """Waits until the server at the other end of TCP connection @s has read all that was sent."""
    here, there = (f"0100007F:{port:04X}" for port in (s.getsockname()[1], s.getpeername()[1]))

    def nothing_waits():
        for line in pathlib.Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[1:3] == [there, here]:
                return fields[4].endswith(":00000000")
        return False

    wait_for("what was sent is read", nothing_waits)


class Komainu:
    """`komainu serve` on ports that stay the same over restarts."""

    def __init__(self, program, folder, settings=""):
        self.program = str(program)
        self.folder = pathlib.Path(folder)
        self.milter, self.http, self.policy = free_port(), free_port(), free_port()
        self.state = self.folder / "state"
        self.config = self.folder / "komainu.yaml"
        self.log = self.folder / "komainu.log"
        self.settings = settings
        self.process = None
        self.configure()

    def configure(self, settings=None):
        if settings is not None:
            self.settings = settings
        self.config.write_text(
            f"listen.milter: 127.0.0.1:{self.milter}\n"
            f"listen.http: 127.0.0.1:{self.http}\n"
            f"listen.policy: 127.0.0.1:{self.policy}\nstate.dir: {self.state}\nscanner.processes: 2\nlanguage: en\n"
            # No test's result may depend on the network.
            + ("" if "dns." in self.settings else "dns.servers: [off]\n") + self.settings,
            encoding="utf-8",
        )
        return self

    def start(self, **options):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [self.program, "serve", "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                **options,
            )
        wait_for("Komainu is ready\n" + self.said(), self.ready)
        return self

    def ready(self):
        assert self.process.poll() is None, "Komainu ended:\n" + self.said()
        try:
            return self.get("/ready")[0] == 200
        except (OSError, http.client.HTTPException):
            return False

    def stop(self, how=signal.SIGTERM):
        """Stops it and returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        status = self.process.wait(90)
        self.process = None
        said = self.said()
        for sign in ("AddressSanitizer", "LeakSanitizer", "runtime error:"):
            assert sign not in said, said[max(0, said.index(sign) - 500):][:6000]
        return status

    def kill_all(self):
        """Kills the supervisor, and waits until the roles have noticed and ended."""
        roles = self.roles()
        self.stop(signal.SIGKILL)
        wait_for("all roles have ended", lambda: not any(alive(pid) for pid in roles))

    def kill_roles(self, name):
        """Kills the roles called @name, and waits until they are gone; others are started then."""
        pids = wait_for(f"a {name}", lambda: self.roles(name))
        for pid in pids:
            os.kill(pid, signal.SIGKILL)
        wait_for(f"the {name} is gone", lambda: not any(alive(pid) for pid in pids))

    def said(self):
        return self.log.read_text(encoding="utf-8", errors="replace") if self.log.exists() else ""

    def request(self, method, path, body=None, headers=()):
        """(status, headers, body) of one request; @headers may repeat names."""
        c = http.client.HTTPConnection("127.0.0.1", self.http, timeout=60)
        try:
            c.putrequest(method, path)
            for name, value in headers:
                c.putheader(name, value)
            if body is not None:
                c.putheader("Content-Length", str(len(body)))
            c.endheaders(body)
            r = c.getresponse()
            return r.status, dict(r.getheaders()), r.read()
        finally:
            c.close()

    def get(self, path):
        return self.request("GET", path)

    def scan(self, message, headers=(), path="/scan"):
        status, _, body = self.request("POST", path, message, headers)
        assert status == 200, (status, body)
        return json.loads(body)

    def records(self, *options):
        out = subprocess.run(
            [self.program, "log", "--state-dir", str(self.state), "--json", "-n", "100000", *options],
            capture_output=True,
        )
        assert out.returncode == 0, out.stderr
        out = out.stdout
        return [json.loads(line) for line in out.splitlines()]

    def metric(self, name):
        for line in self.get("/metrics")[2].decode().splitlines():
            if line.startswith(f"komainu_{name} "):
                return float(line.split()[1])
        raise AssertionError(f"no metric {name}")

    def roles(self, name=""):
        """Pids of the running roles called @name, or of all."""
        found = []
        for entry in pathlib.Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                stat = (entry / "stat").read_text().rsplit(")", 1)[1].split()
                args = (entry / "cmdline").read_bytes().split(b"\0")
            except (OSError, IndexError):
                continue
            if int(stat[1]) == self.process.pid and args[0].startswith(b"komainu: " + name.encode() + (b" " if name else b"")):
                found.append(int(entry.name))
        return sorted(found)


@contextlib.contextmanager
def running(program, settings=""):
    """A daemon in a folder of its own, stopped in good order at the end."""
    with temporary_folder() as folder:
        k = Komainu(program, folder, settings)
        try:
            k.start()
            yield k
            assert k.stop() in (0, None), k.said()
        finally:
            k.stop()


@contextlib.contextmanager
def trickle(sends, data):
    """Gives each of @sends another byte of @data five times a second, as slow clients do."""
    end = threading.Event()

    def feed():
        at = 0
        while not end.wait(0.2):
            for send in sends:
                with contextlib.suppress(OSError):
                    send(data[at:at + 1])
            at += 1

    thread = threading.Thread(target=feed)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join()


MAIN_CF = """\
compatibility_level = 3.6
queue_directory = {dir}/queue
data_directory = {dir}/data
command_directory = /usr/sbin
daemon_directory = {daemons}
mail_owner = postfix
setgid_group = postdrop
maillog_file = {dir}/maillog
maillog_file_prefixes = {dir}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.example.jp
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
virtual_mailbox_domains = example.jp
virtual_mailbox_maps = static:inbox/
virtual_mailbox_base = {dir}/mail
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
message_size_limit = 52428800
mailbox_size_limit = 0
virtual_mailbox_limit = 0
smtputf8_enable = yes
smtpd_recipient_limit = 1000
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
default_process_limit = 30
smtpd_milters = inet:127.0.0.1:{milter}
milter_default_action = tempfail
milter_protocol = 6
milter_connect_timeout = 5s
"""

MASTER_CF = """\
127.0.0.1:{port} inet n - n - - smtpd
127.0.0.1:{submission} inet n - n - - smtpd -o milter_macro_defaults=auth_authen=alice
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Debian's Postfix with a configuration of its own; mail to example.jp goes to a Maildir."""

    def __init__(self, folder, milter):
        self.dir = pathlib.Path(folder) / "postfix"
        self.port, self.submission = free_port(), free_port()  # what comes by the second comes from user alice
        self.conf = self.dir / "conf"
        for name in ("conf", "queue", "data", "mail/inbox"):
            (self.dir / name).mkdir(parents=True)
        owner, nobody = pwd.getpwnam("postfix"), pwd.getpwnam("nobody")
        os.chown(self.dir / "data", owner.pw_uid, owner.pw_gid)
        os.chown(self.dir / "mail", nobody.pw_uid, nobody.pw_gid)
        os.chown(self.dir / "mail/inbox", nobody.pw_uid, nobody.pw_gid)
        daemons = next(
            d for d in ("/usr/lib/postfix/sbin", "/usr/libexec/postfix") if os.path.isdir(d)
        )
        (self.conf / "main.cf").write_text(
            MAIN_CF.format(
                dir=self.dir, daemons=daemons, milter=milter, uid=nobody.pw_uid, gid=nobody.pw_gid
            )
        )
        (self.conf / "master.cf").write_text(MASTER_CF.format(port=self.port, submission=self.submission))
        shutil.copy("/etc/postfix/dynamicmaps.cf", self.conf) if os.path.exists(
            "/etc/postfix/dynamicmaps.cf"
        ) else None

    def start(self):
        run = subprocess.run(
            ["/usr/sbin/postfix", "-c", str(self.conf), "start"], capture_output=True, text=True
        )
        assert run.returncode == 0, run.stdout + run.stderr
        wait_for("Postfix listens", lambda: listens(self.port))
        return self

    def stop(self):
        subprocess.run(["/usr/sbin/postfix", "-c", str(self.conf), "stop"], capture_output=True)

    def maillog(self):
        path = self.dir / "maillog"
        return path.read_text(errors="replace") if path.exists() else ""

    def inbox(self):
        """Delivered messages, by file name."""
        folder = self.dir / "mail/inbox/new"
        return {p.name: p.read_bytes() for p in folder.iterdir()} if folder.exists() else {}

    def empty_inbox(self):
        for path in (self.dir / "mail/inbox/new").glob("*"):
            path.unlink()

    def queue(self):
        """Entries of the queue, as postqueue -j tells them."""
        out = subprocess.run(
            ["/usr/sbin/postqueue", "-c", str(self.conf), "-j"], capture_output=True, text=True
        )
        return [json.loads(line) for line in out.stdout.splitlines()]

    def set(self, setting):
        """Changes main.cf and reloads."""
        subprocess.run(["/usr/sbin/postconf", "-c", str(self.conf), "-e", setting], check=True, capture_output=True)
        subprocess.run(["/usr/sbin/postfix", "-c", str(self.conf), "reload"], check=True, capture_output=True)

    def flush(self):
        """Tries everything that waits again now."""
        subprocess.run(["/usr/sbin/postqueue", "-c", str(self.conf), "-f"], check=True, capture_output=True)

    def super(self, *arguments):
        subprocess.run(
            ["/usr/sbin/postsuper", "-c", str(self.conf), *arguments], check=True, capture_output=True
        )
