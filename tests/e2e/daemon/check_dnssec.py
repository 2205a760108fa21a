"""DNSSEC as the daemon checks it, against zones that a real name server signs: secure, insecure, forged. Answers that are
written down replay to the same verdict. The system's resolvers are found.

usage: check_dnssec.py KOMAINU
"""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

import service
import tap
from tap import Skip, case

MESSAGE = b"From: Alice <alice@%s>\r\nTo: bob@example.jp\r\nSubject: hello\r\n\r\nHello.\r\n"

SOA = "$TTL 60\n@ IN SOA ns.example. hostmaster.example. 1 3600 600 86400 60\n@ IN NS ns.example.\n"
RECORDS = '@ IN TXT "v=spf1 ip4:192.0.2.7 -all"\n@ IN MX 10 mx\nmx IN A 192.0.2.7\n_dmarc IN TXT "v=DMARC1; p=reject"\n'
PARENT = SOA + ("ns IN A 127.0.0.1\ninsecure IN NS ns.example.\nbogus IN NS ns.example.\n"
                # A key that signed nothing.
                "bogus IN DS 4711 13 2 " + "ab" * 32 + "\n$ORIGIN secure.example.\n") + RECORDS

KNOT = """\
server:
  rundir: {dir}
  listen: 127.0.0.1@{port}
log:
  - target: stderr
    any: warning
database:
  storage: {dir}
policy:
  - id: here
    algorithm: ecdsap256sha256
    single-type-signing: on
zone:
  - domain: example
    storage: {dir}
    file: parent
    dnssec-signing: on
    dnssec-policy: here
    zonefile-sync: -1
    zonefile-load: whole
  - domain: insecure.example
    storage: {dir}
    file: child
  - domain: bogus.example
    storage: {dir}
    file: child
    dnssec-signing: on
    dnssec-policy: here
    zonefile-sync: -1
    zonefile-load: whole
"""


class Knot:
    def __init__(self, folder):
        for program in ("knotd", "keymgr"):
            if not os.path.exists("/usr/sbin/" + program):
                raise Skip(f"knot is not installed ({program})")
        self.dir = folder / "knot"
        self.dir.mkdir()
        self.port = service.free_port()
        (self.dir / "parent").write_text(PARENT)
        (self.dir / "child").write_text(SOA + RECORDS)
        self.conf = self.dir / "knot.conf"
        self.conf.write_text(KNOT.format(dir=self.dir, port=self.port))
        self.keymgr("example.", "generate", "algorithm=ecdsap256sha256", "ksk=yes", "zsk=yes")
        self.anchor = self.dir / "anchor"
        self.anchor.write_text("".join(line + "\n" for line in self.keymgr("example.", "dnskey").splitlines() if "DNSKEY" in line))
        self.process = subprocess.Popen(["/usr/sbin/knotd", "-c", str(self.conf)], stderr=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL)
        service.wait_for("knot listens", lambda: service.listens(self.port))

    def keymgr(self, *args):
        return subprocess.run(["/usr/sbin/keymgr", "-c", str(self.conf), *args], check=True, capture_output=True, text=True).stdout

    def stop(self):
        self.process.terminate()
        self.process.wait(20)


class Site:
    def __init__(self, program):
        self.program = program
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-e2e-"))
        self.folder.chmod(0o755)
        self.knot = self.komainu = None

    def start(self):
        if self.knot:
            return
        self.knot = Knot(self.folder)
        self.knot.anchor.chmod(0o644)
        settings = f'dns.servers: ["127.0.0.1@{self.knot.port}"]\ndns.trust_anchor: {self.knot.anchor}\n'
        self.komainu = service.Komainu(self.program, self.folder, settings)
        self.komainu.start()

    def finish(self):
        if self.komainu:
            self.komainu.stop()
        if self.knot:
            self.knot.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def scan(self, domain, ip="192.0.2.7"):
        return self.komainu.scan(MESSAGE % domain.encode(), [("IP", ip), ("From", f"alice@{domain}"), ("Helo", "x.example")])


def facts(verdict):
    return {f["id"]: f for f in verdict["facts"]}


def proofs(verdict):
    """What DNSSEC says of the records of SPF and of DMARC."""
    return tuple(verdict["auth"][method].get("dnssec") for method in ("spf", "dmarc"))


@case
def a_signed_zone(site):
    """a zone that is signed: the answers are right and said to be so, again from the cache"""
    site.start()
    for _ in range(2):
        v = site.scan("secure.example")
        assert (v["auth"]["spf"]["result"], v["auth"]["dmarc"]["result"]) == ("pass", "pass"), v["auth"]
        assert proofs(v) == ("secure", "secure"), v["auth"]
        assert facts(v)["DNSSEC_SECURE"]["points"] == 0 and "DNSSEC_BOGUS" not in facts(v), facts(v).keys()
    v = site.scan("secure.example", "192.0.2.9")
    assert v["auth"]["dmarc"]["result"] == "fail" and "DNSSEC_SECURE" not in facts(v), v["auth"]
    # That there is nothing is proven too.
    v = site.scan("absent.secure.example")
    assert v["auth"]["spf"]["result"] == "none" and proofs(v) == ("secure", "secure"), v["auth"]


@case
def an_unsigned_zone(site):
    """a zone that is not signed is believed as it is, and no fact speaks of DNSSEC"""
    site.start()
    v = site.scan("insecure.example")
    assert proofs(v) == ("insecure", "insecure"), v["auth"]
    assert (v["auth"]["spf"]["result"], v["auth"]["dmarc"]["result"]) == ("pass", "pass"), v["auth"]
    assert not {"DNSSEC_SECURE", "DNSSEC_BOGUS"} & facts(v).keys(), facts(v).keys()


@case
def a_forged_zone(site):
    """answers whose signatures are not right are no answers: temperror, never a pass, and a fact that says why"""
    site.start()
    for _ in range(2):
        v = site.scan("bogus.example")
        assert (v["auth"]["spf"]["result"], v["auth"]["dmarc"]["result"]) == ("temperror", "temperror"), v["auth"]
        assert proofs(v) == ("bogus", "bogus") and "forged" in v["auth"]["spf"]["reason"], v["auth"]
        assert "bogus.example" in facts(v)["DNSSEC_BOGUS"]["text"], facts(v)
        assert not {"SPF_PASS", "DMARC_PASS", "DNSSEC_SECURE"} & facts(v).keys()
    site.scan("secure.example")


def run(site, *args):
    done = subprocess.run([site.program, "scan", "--json", "--config", str(site.komainu.config), *map(str, args)],
                          capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    verdict = json.loads(done.stdout)
    del verdict["timings_us"], verdict["id"]
    return verdict


@case
def written_down_and_replayed(site):
    """answers that --dns-record wrote down give the same verdict, DNSSEC and all, when the name server is gone"""
    site.start()
    for domain in ("secure.example", "insecure.example", "bogus.example", "absent.secure.example"):
        mail, record = site.folder / "x.eml", site.folder / "x.zone"
        mail.write_bytes(MESSAGE % domain.encode())
        record.unlink(missing_ok=True)
        envelope = ("--ip", "192.0.2.7", "--helo", "x.example", "--from", f"alice@{domain}", "--now", "2026-11-23T00:00:00Z")
        first = run(site, "--dns", "--dns-record", record, *envelope, mail)
        again = run(site, "--dns-snapshot", record, *envelope, mail)
        assert first == again, (first, again, record.read_text())
        assert (first["auth"]["spf"]["result"] == "pass") == (domain in ("secure.example", "insecure.example")), first["auth"]


@case
def the_systems_resolvers(site):
    """dns.servers: [system] asks those of resolv.conf, and says so when there are none"""
    if os.geteuid() != 0 or not shutil.which("unshare"):
        raise Skip("needs root and unshare, to have a resolv.conf of its own")
    site.start()
    conf = site.folder / "system.yaml"
    conf.write_text(f'dns.servers: [system]\ndns.trust_anchor: "off"\nstate.dir: {site.folder}/none\n')
    mail = site.folder / "y.eml"
    mail.write_bytes(MESSAGE % b"secure.example")
    resolv = site.folder / "resolv.conf"
    # A name server of resolv.conf is on port 53: one of our own, in a network of its own.
    knot53 = site.knot.dir / "knot53.conf"
    knot53.write_text(site.knot.conf.read_text().replace(f"@{site.knot.port}", "@53").replace(
        f"rundir: {site.knot.dir}", f"rundir: {site.folder}/run53").replace(
        f"database:\n  storage: {site.knot.dir}", f"database:\n  storage: {site.folder}/run53"))
    (site.folder / "run53").mkdir()
    script = (f"ip link set lo up; mount --bind {resolv} /etc/resolv.conf; "
              f"/usr/sbin/knotd -c {knot53} >/dev/null 2>&1 & k=$!; "
              "for _ in $(seq 300); do grep -q '0100007F:0035 00000000:0000 0A' /proc/net/tcp && break; sleep 0.1; done; "
              f"{site.program} scan --json --dns --config {conf} --ip 192.0.2.7 --helo x --from a@secure.example {mail}; "
              "kill $k; wait")
    for text, result in (("nameserver 127.0.0.1\n", "pass"), ("nameserver 127.0.0.2\n", "temperror")):
        resolv.write_text("# made for a test\nsearch example\n" + text)
        done = subprocess.run(["unshare", "-mn", "sh", "-c", script], capture_output=True, text=True, timeout=60)
        if "unshare" in done.stderr or "mount" in done.stderr or "ip:" in done.stderr:
            raise Skip("no namespaces here: " + done.stderr.strip()[:200])
        verdict = json.loads(done.stdout)
        assert verdict["auth"]["spf"]["result"] == result, (text, verdict["auth"], done.stderr)


def main():
    sys.exit(tap.run_site(Site(sys.argv[1])))


main()
