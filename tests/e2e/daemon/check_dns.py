"""The DNS as the daemon asks it: a real name server, and one that is dead, slow, broken or lying.

usage: check_dns.py KOMAINU
"""

import concurrent.futures
import os
import pathlib
import random
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

import service
import tap
from tap import Skip, case

DEADLINE = 5.0
MESSAGE = b"From: Alice <alice@%s>\r\nTo: bob@example.jp\r\nSubject: hello\r\n\r\nHello.\r\n"

ZONE = """\
$TTL 60
example. IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60
example. IN NS ns.example.
ns.example. IN A 127.0.0.1
$ORIGIN knot.example.
@ IN TXT "v=spf1 ip4:192.0.2.7 include:other.knot.example -all"
other IN TXT "v=spf1 ip4:192.0.2.8 -all"
big IN TXT {big}
_dmarc IN TXT "v=DMARC1; p=reject"
"""

KNOT = """\
server:
  rundir: {dir}
  listen: 127.0.0.1@{port}
log:
  - target: stderr
    any: warning
database:
  storage: {dir}
zone:
  - domain: example
    storage: {dir}
    file: zone
"""


class Knot:
    def __init__(self, folder):
        if not os.path.exists("/usr/sbin/knotd"):
            raise Skip("knot is not installed")
        self.port = service.free_port()
        self.dir = folder / "knot"
        self.dir.mkdir()
        # Longer than any UDP answer that is asked for: it comes by TCP.
        big = "v=spf1 " + " ".join(f"ip4:198.51.{i // 250}.{i % 250}" for i in range(200)) + " ip4:192.0.2.7 -all"
        strings = " ".join(f'"{big[i:i + 200]}"' for i in range(0, len(big), 200))
        (self.dir / "zone").write_text(ZONE.format(big=strings))
        conf = self.dir / "knot.conf"
        conf.write_text(KNOT.format(dir=self.dir, port=self.port))
        self.process = subprocess.Popen(["/usr/sbin/knotd", "-c", str(conf)], stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        service.wait_for("knot listens", lambda: service.listens(self.port))

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


def header(query, flags, answers=0):
    return query[:2] + flags + struct.pack(">HHHH", 1, answers, 0, 0)


class Broken(threading.Thread):
    """A name server that treats questions for names with a label of its table as the table says, and others well."""

    def __init__(self):
        super().__init__(daemon=True)
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(("127.0.0.1", 0))
        self.port = self.s.getsockname()[1]
        self.asked = set()  # names, in lower case

    def txt(self, question, text=b"v=spf1 ip4:192.0.2.7 -all", name=b"\xc0\x0c"):
        return question + name + struct.pack(">HHIH", 16, 1, 60, len(text) + 1) + bytes([len(text)]) + text

    def answers(self, query, labels, question):
        """(delay, datagram) of each."""
        good = header(query, b"\x81\x80", 1) + self.txt(question)
        return {
            "dead": [],
            "slow": [(60.0, good)],
            "servfail": [(0, header(query, b"\x81\x82") + question)],
            "refused": [(0, header(query, b"\x81\x85") + question)],
            "garbage": [(0, query[:2] + os.urandom(60))],
            "halved": [(0, good[: len(good) // 2])],
            "otherid": [(0, bytes([query[0] ^ 1]) + good[1:])],
            "othername": [(0, header(query, b"\x81\x80", 1) + self.txt(b"\x04evil\x07example\0\0\x10\0\x01"))],
            "loop": [(0, header(query, b"\x81\x80", 1) + question + b"\xc0\x0c" + struct.pack(">HHIH", 5, 1, 60, 2) + b"\xc0\x0c")],
            "cut": [(0, header(query, b"\x83\x80") + question)],
            "empty": [(0, b"")],
        }.get(labels[0], [(0, good)])

    def run(self):
        while True:
            query, peer = self.s.recvfrom(4096)
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
                at += query[at] + 1
            self.asked.add(".".join(labels))
            question = query[12:at + 5]
            kind = struct.unpack(">H", query[at + 1:at + 3])[0]
            if labels[0] == "_dmarc":
                labels = labels[1:]
            if kind != 16 and labels[0] == "good":
                self.s.sendto(header(query, b"\x81\x80") + question, peer)
                continue
            for delay, datagram in self.answers(query, labels, question):
                if delay:
                    later = threading.Timer(delay, self.s.sendto, (datagram, peer))
                    later.daemon = True
                    later.start()
                else:
                    self.s.sendto(datagram, peer)


class Site:
    def __init__(self, program):
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-e2e-"))
        self.folder.chmod(0o755)
        self.broken = Broken()
        self.broken.start()
        self.komainu = service.Komainu(program, self.folder, self.settings(self.broken.port)).start()

    @staticmethod
    def settings(port):
        return (f'dns.servers: ["127.0.0.1@{port}"]\ndns.trust_anchor: "off"\n'
                f"dns.timeout: 2s\ndns.deadline: {int(DEADLINE)}s\n")

    def finish(self):
        self.komainu.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def scan(self, domain, ip="192.0.2.7", komainu=None):
        """(seconds, auth) of a message from @domain."""
        begun = time.monotonic()
        o = (komainu or self.komainu).scan(MESSAGE % domain.encode(), [("IP", ip), ("From", f"alice@{domain}"), ("Helo", "x")])
        return time.monotonic() - begun, o["auth"]


@case
def a_real_name_server(site):
    """answers of a real name server: SPF with an include, a DMARC policy, a record that only fits TCP, no such name"""
    knot = Knot(site.folder)
    (site.folder / "other").mkdir()
    k = service.Komainu(site.program, site.folder / "other", site.settings(knot.port))
    try:
        k.start()
        for domain, ip, spf, dmarc in (
            ("knot.example", "192.0.2.7", "pass", "pass"),
            ("knot.example", "192.0.2.8", "pass", "pass"),
            ("knot.example", "192.0.2.9", "fail", "fail"),
            ("big.knot.example", "192.0.2.7", "pass", "pass"),
            ("absent.knot.example", "192.0.2.7", "none", "fail"),
        ):
            _, auth = site.scan(domain, ip, k)
            assert (auth["spf"]["result"], auth["dmarc"]["result"]) == (spf, dmarc), (domain, ip, auth)
        asked = k.metric("dns_questions_total")
        site.scan("knot.example", "192.0.2.7", k)
        assert k.metric("dns_questions_total") > asked and k.metric("dns_cache_hits_total") > 0
    finally:
        k.stop()
        knot.stop()


@case
def broken_ones(site):
    """dead, slow, failing, truncated, garbage, lying: a temporary error within the deadline, never none, never a pass"""
    took, auth = site.scan("good.example")
    assert auth["spf"]["result"] == "pass", auth
    slowest = 0
    kinds = ("dead", "slow", "servfail", "refused", "garbage", "halved", "otherid", "othername", "loop", "cut", "empty")
    with concurrent.futures.ThreadPoolExecutor(len(kinds)) as pool:
        results = list(pool.map(lambda kind: site.scan(f"{kind}.x{random.getrandbits(32):x}.example"), kinds))
    for kind, (took, auth) in zip(kinds, results):
        assert auth["spf"]["result"] == "temperror", (kind, auth["spf"])
        assert auth["dmarc"]["result"] in ("temperror", "fail", "none") and auth["dmarc"]["result"] != "pass", (kind, auth["dmarc"])
        assert took < DEADLINE + 10, (kind, took)
        slowest = max(slowest, took)
    print(f"# slowest verdict {slowest * 1000:.0f} ms, deadline {DEADLINE * 1000:.0f} ms")
    took, auth = site.scan("good.example")
    assert auth["spf"]["result"] == "pass", (took, auth)


@case
def others_go_on(site):
    """while messages wait for a dead name server, others are judged at once, in the same process"""
    site.komainu.stop()
    site.komainu.configure(site.settings(site.broken.port) + "")
    site.komainu.config.write_text(site.komainu.config.read_text().replace("scanner.processes: 2", "scanner.processes: 1"))
    site.komainu.start()
    with concurrent.futures.ThreadPoolExecutor(64) as pool:
        waiting = [pool.submit(site.scan, f"dead.y{i}.example") for i in range(50)]
        service.wait_for("all wait", lambda: site.komainu.metric("connections_open") >= 50)
        for _ in range(5):
            _, auth = site.scan("good.example")
            assert auth["spf"]["result"] == "pass", auth["spf"]
        assert not any(w.done() for w in waiting)
        for w in waiting:
            took, auth = w.result()
            assert auth["spf"]["result"] == "temperror" and took < DEADLINE + 10, (took, auth["spf"])


@case
def clients_that_vanish(site):
    """clients that go away while their message waits are no harm, nor is a stop in the midst of it"""
    data = MESSAGE % b"dead.vanish.example"
    request = (b"POST /scan HTTP/1.1\r\nHost: x\r\nIP: 192.0.2.7\r\nFrom: a@dead.vanish.example\r\nContent-Length: %d\r\n\r\n"
               % len(data)) + data
    for _ in range(30):
        with socket.create_connection(("127.0.0.1", site.komainu.http), 5) as s:
            s.sendall(request)
    time.sleep(0.2)
    took, auth = site.scan("good.example")
    assert auth["spf"]["result"] == "pass", (took, auth)
    with socket.create_connection(("127.0.0.1", site.komainu.http), 20) as s:
        s.sendall(request.replace(b"vanish", b"stopped"))
        time.sleep(0.3)
        assert site.komainu.stop() == 0
    site.komainu.start()


class Alone:
    """One scanner for a case, which waits long for the broken name server."""

    def __init__(self, site, more=""):
        folder = site.folder / f"alone{random.getrandbits(32):x}"
        folder.mkdir()
        settings = site.settings(site.broken.port).replace("dns.timeout: 2s", "dns.timeout: 15s")
        settings = settings.replace(f"dns.deadline: {int(DEADLINE)}s", "dns.deadline: 15s")
        self.komainu = service.Komainu(site.program, folder, settings + more)
        self.komainu.config.write_text(self.komainu.config.read_text().replace("scanner.processes: 2", "scanner.processes: 1"))

    def __enter__(self):
        return self.komainu.start()

    def __exit__(self, *_):
        self.komainu.stop()


@case
def a_client_that_vanishes_is_noticed(site):
    """a client that goes away while its message waits is noticed long before the deadline"""
    data = MESSAGE % b"dead.gone.example"
    request = (b"POST /scan HTTP/1.1\r\nHost: x\r\nIP: 192.0.2.7\r\nFrom: a@dead.gone.example\r\nContent-Length: %d\r\n\r\n"
               % len(data)) + data
    with Alone(site) as k:
        service.wait_for("nobody else is there", lambda: k.metric("connections_open") == 1)
        clients = [socket.create_connection(("127.0.0.1", k.http), 20) for _ in range(10)]
        for s in clients:
            s.sendall(request)
        service.wait_for("all wait", lambda: k.metric("connections_open") == 11)
        stays, *gone = clients
        for s in gone:
            s.close()
        begun = time.monotonic()
        service.wait_for("they are noticed", lambda: k.metric("connections_open") <= 2, 12)
        took = time.monotonic() - begun
        print(f"# noticed after {took:.1f} s")
        # Who is still there gets its answer.
        stays.settimeout(20)
        assert b" 200 " in stays.recv(4096)
        stays.close()


@case
def memory_of_those_that_wait(site):
    """messages that wait have a bound in bytes together: past it the longest waiting go on, as temporary errors; others are
    not touched"""
    body = b"x" * 70 + b"\r\n"
    with Alone(site, "limits.waiting: 4M\n") as k:
        def scan(i):
            domain = f"dead.z{i}.example"
            begun = time.monotonic()
            v = k.scan(MESSAGE % domain.encode() + body * 5000, [("IP", "192.0.2.7"), ("From", f"a@{domain}"), ("Helo", "x")])
            return time.monotonic() - begun, v["auth"]["spf"]["result"]
        with concurrent.futures.ThreadPoolExecutor(40) as pool:
            waiting = [pool.submit(scan, i) for i in range(30)]
            # While more come in, any one may have to go on.
            service.wait_for("all have come in", lambda: site.broken.asked >= {f"dead.z{i}.example" for i in range(30)})
            _, auth = site.scan("good.example", komainu=k)
            assert auth["spf"]["result"] == "pass", auth
            early = sum(w.done() for w in waiting)
            results = [w.result() for w in waiting]
        assert all(result == "temperror" for _, result in results), results
        assert early < 30, early
        assert k.metric("dns_hurried_total") >= 15
        print(f"# {early} of 30 went on early")


@case
def dkim_replay(site):
    """one signature that comes to many from hosts that are not its signer's is told, by all scanners together, over a restart"""
    mail = pathlib.Path(__file__).resolve().parents[2] / "mail"
    message = (mail / "dmarc-forwarded.eml").read_bytes().replace(b"\n", b"\r\n")
    message = message[message.index(b"DKIM-Signature"):]
    folder = site.folder / "replay"
    folder.mkdir()
    k = service.Komainu(site.program, folder, f"dns.snapshot: {mail / 'dmarc-forwarded.zone'}\n").start()

    def send(n, ip, sender="x@evil.example"):
        v = k.scan(message, [("IP", ip), ("From", sender), ("Helo", "x.example"), ("Rcpt", f"u{n}@example.jp")])
        assert v["auth"]["dkim"][0]["result"] == "pass", v["auth"]
        return [f for f in v["facts"] if f["id"] == "DKIM_REPLAY"]
    try:
        assert not any(send(n, "198.51.100.7") for n in range(30))
        k.stop()
        k.start()
        found = [send(n, f"198.51.{n % 5 + 100}.7") for n in range(30, 60)]
        assert not found[0] and found[-1][0]["points"] == 3 and "bank.example" in found[-1][0]["text"], found[-1]
        print("# " + found[-1][0]["text"])
        # The signer's own host may send it to whom he likes.
        assert not send(99, "203.0.113.25", "taro@bank.example")
    finally:
        k.stop()


def main():
    sys.exit(tap.run_site(Site(sys.argv[1])))


main()
