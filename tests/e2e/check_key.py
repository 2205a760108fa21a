"""`komainu key`: keys from making to retiring, as a postmaster does it, and what is refused.

usage: check_key.py KOMAINU
"""

import json
import os
import pathlib
import re
import socket
import stat
import struct
import subprocess
import sys
import tempfile
import threading

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "daemon"))
import tap
from tap import case


class NameServer(threading.Thread):
    """Answers every TXT question on a UDP port with @texts[name], or that there is no such name."""

    def __init__(self, texts):
        super().__init__(daemon=True)
        self.texts = texts
        self.s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.s.bind(("127.0.0.1", 0))
        self.port = self.s.getsockname()[1]

    def run(self):
        while True:
            query, peer = self.s.recvfrom(4096)
            labels, at = [], 12
            while query[at]:
                labels.append(query[at + 1:at + 1 + query[at]].decode().lower())
                at += query[at] + 1
            question = query[12:at + 5]
            text = self.texts.get(".".join(labels))
            data = b"".join(bytes([len(text[i:i + 200])]) + text[i:i + 200] for i in range(0, len(text), 200)) if text else b""
            answer = b"\xc0\x0c" + struct.pack(">HHIH", 16, 1, 60, len(data)) + data if text else b""
            head = query[:2] + (b"\x85\x80" if text else b"\x85\x83") + struct.pack(">HHHH", 1, bool(text), 0, 0)
            self.s.sendto(head + question + answer, peer)


class Site:
    def __init__(self, program, folder):
        self.program, self.folder = os.path.abspath(program), pathlib.Path(folder)
        self.state, self.zone = self.folder / "state", self.folder / "zone"
        self.state.mkdir()
        self.zone.write_text("")
        self.config = self.folder / "none.yaml"  # asks nobody
        self.config.write_text("dns.servers: [off]\n")

    def key(self, *arguments, status=0, dns=False):
        """Standard output, or with another status standard error."""
        command = [self.program, "key", arguments[0], "--state-dir", str(self.state), *arguments[1:]]
        if dns:
            command += ["--dns-snapshot", str(self.zone)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60,
                             env={"LC_ALL": "C.UTF-8", "KOMAINU_CONFIG": str(self.config)})
        assert run.returncode == status, (arguments, run)
        return run.stdout if status == 0 else run.stderr

    def json(self, *arguments, **options):
        return [json.loads(line) for line in self.key(*arguments, "--json", **options).splitlines()]

    def states(self, domain):
        return {k["selector"]: (k["state"], k["dns"]) for k in self.json("list", domain, dns=True)}

    def publish(self, text):
        """Records as they were printed are lines of a zone file."""
        lines = [line for line in text.splitlines() if " IN TXT " in line]
        assert lines, text
        with open(self.zone, "a") as f:
            f.write("\n".join(line.replace("( ", "").removesuffix(" )") for line in lines) + "\n")


@case
def from_new_to_retired(site):
    """new, use, rotate, retire: what is not seen in DNS is not used, and something signs at any time"""
    said = site.key("new", "example.jp")
    assert said.count(" IN TXT ") == 2 and "k=rsa" in said and "k=ed25519" in said
    assert all(len(s) <= 255 for s in re.findall(r'"([^"]*)"', said))
    first = site.states("example.jp")
    assert len(first) == 2 and set(first.values()) == {("pending", "missing")}, first
    assert "not published" in site.key("use", "example.jp", status=75, dns=True)
    assert "could not be asked" in site.key("use", "example.jp", status=75)
    assert site.states("example.jp") == first
    site.publish(said)
    site.key("use", "example.jp", dns=True)
    assert set(site.states("example.jp").values()) == {("active", "visible")}

    said = site.key("rotate", "example.jp", dns=True)
    now = site.states("example.jp")
    assert [now[s][0] for s in first] == ["active"] * 2 and len(now) == 4, now
    site.key("rotate", "example.jp", status=75, dns=True)
    assert site.states("example.jp") == now
    site.publish(said)
    site.key("rotate", "example.jp", dns=True)
    now = site.states("example.jp")
    assert {s: now[s][0] for s in now} == {s: "retired" if s in first else "active" for s in now}, now

    assert "7 days" in site.key("retire", "example.jp", status=75)
    for path in (site.state / "keys/example.jp").glob("*.pem"):
        path.write_text(re.sub(r"^since: .*$", "since: 2026-01-01T00:00:00Z", path.read_text(), flags=re.M))
    said = site.key("retire", "example.jp")
    assert re.search(r'k=rsa; p="', said) and re.search(r'k=ed25519; p="', said), said
    assert set(site.states("example.jp")) == set(now) - set(first)


@case
def the_dns_is_asked(site):
    """without a zone file the DNS is asked, as dns.servers says"""
    texts = {}
    server = NameServer(texts)
    server.start()
    config = site.folder / "komainu.yaml"
    config.write_text(f'dns.servers: ["127.0.0.1@{server.port}"]\ndns.trust_anchor: "off"\n')
    made = site.json("new", "asked.example")
    use = ("use", "asked.example", "--config", str(config))
    assert "not published" in site.key(*use, status=75)
    texts.update({k["name"]: k["record"].encode() for k in made})
    site.key(*use)
    assert {k["dns"] for k in site.json("list", "asked.example", "--config", str(config))} == {"visible"}


@case
def one_key(site):
    """retire DOMAIN SELECTOR: a key that may have leaked signs no more; the last one needs --force"""
    site.key("new", "one.example")
    site.key("use", "one.example", "--force")
    a, b = sorted(site.states("one.example"))
    site.key("retire", "one.example", a)
    assert site.states("one.example")[a][0] == "retired"
    assert "last key" in site.key("retire", "one.example", b, status=65)
    site.key("retire", "one.example", b, "--force")
    assert {s for s, _ in site.states("one.example").values()} == {"retired"}
    assert "no key with selector" in site.key("retire", "one.example", "none", status=65)


@case
def files(site):
    """key files are their owner's only, of the state folder's owner, PEM that openssl reads, and never half-written"""
    site.key("new", "files.example")
    folder = site.state / "keys/files.example"
    for path, mode in ((site.state / "keys", 0o700), (folder, 0o700), *((p, 0o600) for p in folder.iterdir())):
        st = path.stat()
        assert stat.S_IMODE(st.st_mode) == mode and st.st_uid == site.state.stat().st_uid, (path, st)
    for path in folder.iterdir():
        subprocess.run(["openssl", "pkey", "-in", str(path), "-noout"], check=True, capture_output=True)
        private = "".join(path.read_text().split("-----")[2].split())
        assert private[:40] not in site.key("list"), "a private key was printed"
    if os.geteuid() == 0:
        site.state = site.folder / "theirs"
        site.state.mkdir()
        os.chown(site.state, 65534, 65534)
        site.key("new", "given.example")
        assert {p.stat().st_uid for p in (site.state / "keys").rglob("*")} == {65534}
        site.state = site.folder / "state"


@case
def selectors(site):
    """selectors begin with what is asked for, and do not clash"""
    assert sorted(k["selector"] for k in site.json("new", "sel.example", "--selector", "mail")) == ["maile", "mailr"]
    site.key("use", "sel.example", "--force")
    assert sorted(k["selector"] for k in site.json("rotate", "sel.example", "--selector", "mail")) == ["mailae", "mailar"]
    assert "selector" in site.key("new", "sel2.example", "--selector", "a b", status=65)
    assert site.json("list", "sel2.example") == []


@case
def refusals(site):
    """what is no domain, has keys already or none, is broken, or can not be written"""
    assert "is no domain" in site.key("new", "..", status=65)
    site.key("new", "twice.example")
    assert "key rotate" in site.key("new", "twice.example", status=65)
    assert "key new" in site.key("rotate", "none.example", status=65)
    assert "no key" in site.key("use", "none.example", status=65)
    site.publish(site.key("new", "other.example").replace("p=", "p=AAAA"))
    assert "another key is published" in site.key("use", "other.example", status=75, dns=True)
    broken = site.state / "keys/twice.example/x.pem"
    broken.write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n")
    broken.chmod(0o600)
    assert "x.pem" in site.key("list", status=78)
    broken.unlink()
    site.state = site.folder / "absent"
    assert "can not be made" in site.key("new", "example.jp", status=74)
    site.state = site.folder / "state"


def main():
    with tempfile.TemporaryDirectory(prefix="komainu-key-") as folder:
        sys.exit(tap.run(Site(sys.argv[1], folder)))


main()
