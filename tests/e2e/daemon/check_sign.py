"""What Komainu signs and seals behind a real Postfix, verified by others: python3-dkim, opendkim, and by ourselves.

usage: check_sign.py KOMAINU
"""

import os
import pathlib
import random
import re
import shutil
import signal
import smtplib
import subprocess
import sys
import tempfile
import time

import service
import tap
from milter import NEGOTIATE, Peer, packet
from tap import Skip, case

try:
    import dkim
except ImportError:
    dkim = None

USERS = "sign.users: [u1042=example.jp, news=example.net]\n"


def unique(prefix):
    return f"{prefix}-{random.getrandbits(48):012x}"


def message(mark, sender="alice@example.jp", extra=""):
    return (
        f"From: Alice <{sender}>\r\nTo: bob@example.jp\r\nSubject: {mark}\r\n"
        f"Date: Mon, 23 Nov 2026 09:00:00 +0900\r\nMessage-ID: <{mark}@example.jp>\r\n{extra}"
        "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
        "Hello  Bob,\r\n.dot and \u72db\u72ac  \r\n\r\n"
    ).encode()


def make_key(folder, domain, selector, kind):
    """A key as any program makes it; returns the record to publish."""
    path = folder / domain / f"{selector}.pem"
    path.parent.mkdir(parents=True, exist_ok=True)
    extra = ["-pkeyopt", "rsa_keygen_bits:2048"] if kind == "rsa" else []
    subprocess.run(["openssl", "genpkey", "-algorithm", kind, "-out", str(path), *extra], check=True, capture_output=True)
    path.chmod(0o600)
    der = subprocess.run(["openssl", "pkey", "-in", str(path), "-pubout", "-outform", "DER"], check=True,
                         capture_output=True).stdout
    public = subprocess.run(["openssl", "base64", "-A"], input=der if kind == "rsa" else der[-32:], check=True,
                            capture_output=True).stdout.decode()
    return f"v=DKIM1; k={kind}; p={public}"


class Site:
    """One Komainu with keys and one Postfix that may be told who logs in (XCLIENT)."""

    def __init__(self, program):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-e2e-"))
        os.chmod(self.folder, 0o755)
        self.komainu = service.Komainu(program, self.folder, "arc.seal: example.net\n" + USERS)
        keys = self.komainu.state / "keys"
        self.records = {
            ("example.jp", "r1"): make_key(keys, "example.jp", "r1", "rsa"),
            ("example.jp", "e1"): make_key(keys, "example.jp", "e1", "ed25519"),
            ("example.net", "r2"): make_key(keys, "example.net", "r2", "rsa"),
        }
        owner = self.folder.stat()
        nobody = service.pwd.getpwnam("komainu") if has_user("komainu") else service.pwd.getpwnam("nobody")
        for path in [self.komainu.state, *self.komainu.state.rglob("*")]:
            os.chown(path, nobody.pw_uid, nobody.pw_gid)
        self.zone = self.folder / "zone"
        self.zone.write_text("".join(
            f'{s}._domainkey.{d}. IN TXT {" ".join(chr(34) + r[i:i + 200] + chr(34) for i in range(0, len(r), 200))}\n'
            for (d, s), r in self.records.items()))
        self.komainu.settings += f"dns.snapshot: {self.zone}\n"
        self.komainu.configure().start()
        self.postfix = service.Postfix(self.folder, self.komainu.milter).start()
        self.postfix.set("smtpd_authorized_xclient_hosts = 127.0.0.0/8")
        assert owner.st_uid == os.geteuid()

    def finish(self):
        self.postfix.stop()
        self.komainu.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def send(self, data, login=None, sender="alice@example.jp"):
        with smtplib.SMTP("127.0.0.1", self.postfix.port, local_hostname="client.example.com", timeout=60) as s:
            s.ehlo()
            what = "NAME=client.example.com ADDR=192.0.2.7" + (f" LOGIN={login}" if login else "")
            code, text = s.docmd("XCLIENT", what)
            assert code == 220, (code, text)
            s.ehlo_resp = s.helo_resp = None
            s.sendmail(sender, ["bob@example.jp"], data)

    def delivered(self, mark):
        def found():
            return [m for m in self.postfix.inbox().values() if mark.encode() in m]
        raw = service.wait_for(f"{mark} is delivered", found, 120)[0]
        # As the receiver has it: what the delivery put on top is gone, lines end in CRLF.
        raw = re.sub(rb"\A(?:(?:Return-Path|X-Original-To|Delivered-To):[^\n]*\n)+", b"", raw)
        return raw.replace(b"\n", b"\r\n")

    def look_up(self, name, timeout=5):
        name = name.decode() if isinstance(name, bytes) else name
        selector, _, domain = name.rstrip(".").partition("._domainkey.")
        record = self.records.get((domain, selector))
        return record.encode() if record else None


def has_user(name):
    try:
        service.pwd.getpwnam(name)
        return True
    except KeyError:
        return False


def signatures(raw):
    """(domain, selector, algorithm) of each DKIM-Signature."""
    fields = re.findall(rb"^DKIM-Signature:((?:[^\n]*\n)(?:[ \t][^\n]*\n)*)", raw, re.M)
    tag = lambda f, t: re.search(rb"[;\s]" + t + rb"=([^;\s]+)", f).group(1).decode()  # noqa: E731
    return sorted((tag(f, b"d"), tag(f, b"s"), tag(f, b"a")) for f in fields)


BOTH = [("example.jp", "e1", "ed25519-sha256"), ("example.jp", "r1", "rsa-sha256")]


def verifies(site, raw, i):
    """Whether python3-dkim verifies the @i'th signature."""
    try:
        return dkim.DKIM(raw).verify(idx=i, dnsfunc=site.look_up)
    except dkim.DKIMException:
        return False


@case
def a_user_is_signed_for(site):
    """mail of a user who logged in has both signatures, and python3-dkim verifies them, not of changed mail"""
    for login, sender in (("alice@example.jp", "alice@example.jp"), ("u1042", "alice@example.jp"),
                          ("alice@example.jp", "alice@sales.example.jp")):
        mark = unique("signed")
        site.send(message(mark, sender), login)
        raw = site.delivered(mark)
        assert signatures(raw) == BOTH, raw.decode(errors="replace")
        if dkim is None:
            raise Skip("python3-dkim is not installed")
        verifier = dkim.DKIM(raw)
        for i, field in enumerate(f for f in verifier.headers if f[0].lower() == b"dkim-signature"):
            if b"ed25519" in field[1] and not has_nacl():
                continue
            assert verifies(site, raw, i), (i, raw)
            for old, new in ((b"Hello", b"Hallo"), (b"Subject: s", b"Subject: t")):
                assert not verifies(site, raw.replace(old, new), i)
            for added in (b"Subject: other", b"From: x@y.example", b"To: x@y.example", b"Reply-To: x@y.example",
                          b"Date: Tue, 24 Nov 2026 09:00:00 +0900", b"MIME-Version: 1.0", b"Content-Type: text/html"):
                for changed in (added + b"\r\n" + raw, raw.replace(b"\r\n\r\n", b"\r\n" + added + b"\r\n\r\n", 1)):
                    assert not verifies(site, changed, i), added


def has_nacl():
    try:
        import nacl  # noqa: F401
        return True
    except ImportError:
        return False


@case
def opendkim_verifies(site):
    """opendkim verifies what we sign"""
    program = shutil.which("opendkim") or "/usr/sbin/opendkim"
    if not os.path.exists(program):
        raise Skip("opendkim is not installed")
    mark = unique("opendkim")
    site.send(message(mark), "alice@example.jp")
    raw = site.delivered(mark)
    keys, conf, mail = (site.folder / n for n in ("opendkim.keys", "opendkim.conf", "opendkim.eml"))
    keys.write_text("".join(f"{s}._domainkey.{d} {r}\n" for (d, s), r in site.records.items() if "k=rsa" in r))
    conf.write_text(f"Mode v\nTestPublicKeys {keys}\nSyslog no\n")
    for text, want in ((raw, "succeeded"), (raw.replace(b"Hello", b"Hallo"), "failed")):
        mail.write_bytes(text)
        out = subprocess.run([program, "-x", str(conf), "-t", str(mail)], capture_output=True, text=True, timeout=60)
        assert re.search(rf"verification \(s=r1,? d=example\.jp.*\) {want}", out.stdout + out.stderr), out


@case
def we_verify(site):
    """we verify it too, and say so"""
    mark = unique("ours")
    site.send(message(mark), "alice@example.jp")
    o = site.komainu.scan(site.delivered(mark), [("IP", "192.0.2.9"), ("From", "alice@example.jp")])
    assert [(s["result"], s["domain"], s["aligned"]) for s in o["auth"]["dkim"]] == [("pass", "example.jp", True)] * 2, o["auth"]


@case
def nobody_else_is(site):
    """no signature: without login, for another's domain, for a domain without key, with two From fields"""
    for login, sender, extra in (
        (None, "alice@example.jp", ""),
        ("mallory@example.com", "alice@example.jp", ""),
        ("u1043", "alice@example.jp", ""),
        ("news", "alice@example.jp", ""),
        ("alice@example.jp", "alice@example.net", ""),
        ("alice@example.jp", "alice@notexample.jp", ""),
        ("alice@example.com", "alice@example.com", ""),
        ("alice@example.jp", "alice@example.jp", "From: mallory@example.com\r\n"),
    ):
        mark = unique("unsigned")
        site.send(message(mark, sender, extra), login)
        assert signatures(site.delivered(mark)) == [], (login, sender)
    site.send(message(unique("news"), "list@example.net"), "news")
    assert "may not send as example.net" in site.komainu.said()


def by_milter(site, fields, user=b"alice@example.jp"):
    """What the MTA is told at the end of a message of @user with these fields: (signatures, final answer)."""
    peer = Peer(site.komainu.milter).send(NEGOTIATE)
    try:
        peer.receive()
        peer.send(packet(b"C", b"h\x004\x30\x39192.0.2.7\0") + packet(b"D", b"M{auth_authen}\0" + user + b"\0")
                  + packet(b"M", b"<a@b.example>\0") + packet(b"R", b"<c@d.example>\0")
                  + b"".join(packet(b"L", name + b"\0" + value + b"\0") for name, value in fields)
                  + packet(b"N") + packet(b"B", b"x\r\n") + packet(b"E"))
        answers = peer.answers()
    finally:
        peer.close()
    return sum(b"DKIM-Signature" in data for command, data in answers), answers[-1]


@case
def one_certain_author(site):
    """only mail with one certain author in From is signed; of all other mail of users the log says why not"""
    said = site.komainu.said
    for value in (b" a@example.jp", b' "b@evil.example" <a@example.jp>', b" a@example.jp (b@evil.example)"):
        assert by_milter(site, [(b"From", value)])[0] == 2, value
    for values, why in (
        ([b" G: a@example.jp;"], "From can be read in several ways"),
        ([b" <@x.example:a@example.jp>"], "From can be read in several ways"),
        ([b" =?utf-8?q?a=40example.jp?="], "From can be read in several ways"),
        ([b" <a@example.jp> <b@evil.example>"], "From can be read in several ways"),
        ([b" a@example.jp, b@example.jp"], "several addresses in From"),
        ([b" a@example.jp", b" b@example.jp"], "several From fields"),
        ([b" nobody"], "the domain in From is no domain name"),
        ([], "no From field"),
        ([b" a@example.org"], "there is no active key of example.org"),
        ([b" a@example.net"], "alice@example.jp may not send as example.net"),
    ):
        before = len(said())
        n, (command, _) = by_milter(site, [(b"Subject", b" x")] + [(b"From", v) for v in values])
        assert n == 0 and command in b"ac", (values, n, command)
        service.wait_for(f"the log says why {values} is not signed", lambda: f"not signed: {why}" in said()[before:])


@case
def networks(site):
    """mail of a listed network is signed, for the domain listed with it only"""
    k = site.komainu
    k.configure(k.settings + "sign.networks: [192.0.2.0/29=example.jp]\n")
    reload(k)
    try:
        for sender, want in (("cron@example.jp", BOTH), ("cron@example.net", [])):
            mark = unique("network")
            site.send(message(mark, sender))
            assert signatures(site.delivered(mark)) == want, sender
    finally:
        k.configure(k.settings.replace("sign.networks: [192.0.2.0/29=example.jp]\n", ""))
        reload(k)


def reload(k):
    before = k.said().count("in force")
    k.process.send_signal(signal.SIGHUP)
    service.wait_for("reload", lambda: k.said().count("in force") > before)


@case
def arc_seals(site):
    """mail from outside is sealed, and again when it is forwarded; python3-dkim believes the chain"""
    if dkim is None:
        raise Skip("python3-dkim is not installed")
    mark = unique("arc")
    text = message(mark, "carol@example.com")
    for hop in (1, 2, 3):
        site.send(text)
        raw = site.delivered(mark)
        assert signatures(raw) == []
        assert raw.count(b"\r\nARC-Seal:") == hop or raw.startswith(b"ARC-Seal:")
        cv, results, reason = dkim.ARC(raw).verify(dnsfunc=site.look_up)
        assert cv == b"pass" and len(results) == hop, (hop, cv, results, reason)
        o = site.komainu.scan(raw, [("IP", "192.0.2.9"), ("From", "x@example.org")])
        assert o["auth"]["arc"]["result"] == "pass", o["auth"]["arc"]
        text = raw
        site.postfix.empty_inbox()
    broken = dkim.ARC(raw.replace(b"Hello", b"Hallo")).verify(dnsfunc=site.look_up)
    assert broken[0] == b"fail", broken


def in_memory(pid, secret):
    """Whether the process has these bytes anywhere."""
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            where, rights = line.split()[:2]
            if "r" not in rights or line.rstrip().endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            begin, end = (int(x, 16) for x in where.split("-"))
            if end - begin > 1 << 30:  # only a sanitizer's
                continue
            try:
                mem.seek(begin)
                if secret in mem.read(end - begin):
                    return True
            except OSError:
                continue
    return False


@case
def only_the_signer_has_keys(site):
    """no private key is in the memory of any process but the signer"""
    path = site.komainu.state / "keys/example.jp/e1.pem"
    der = subprocess.run(["openssl", "pkey", "-in", str(path), "-outform", "DER"], check=True, capture_output=True).stdout
    site.send(message(unique("memory")), "alice@example.jp")
    found = {name: any(in_memory(pid, der[-32:]) for pid in site.komainu.roles(name))
             for name in ("scanner", "keeper", "signer")}
    assert found == {"scanner": False, "keeper": False, "signer": True}, found


@case
def signer_killed(site):
    """the signer killed again and again: no message goes unsigned, none is lost, it is back within 100 ms"""
    k, gone = site.komainu, []
    for i in range(8):
        pid = service.wait_for("signer", lambda: k.roles("signer"))[0]
        os.kill(pid, signal.SIGKILL)
        begun = time.monotonic()
        mark = unique("killed")
        site.send(message(mark), "alice@example.jp")
        assert signatures(site.delivered(mark)) == BOTH
        gone.append(time.monotonic() - begun)
        service.wait_for("signer", lambda: [p for p in k.roles("signer") if p != pid])
    assert k.metric("signer_restarts_total") >= 8
    print(f"# sent and delivered {min(gone) * 1000:.0f}-{max(gone) * 1000:.0f} ms after the signer was killed")


@case
def signer_hangs(site):
    """a signer that does not answer: 451; with sign.on_error: unsigned it passes"""
    k = site.komainu
    for setting in ("", "sign.on_error: unsigned\n"):
        k.configure(k.settings + setting)
        reload(k)
        service.wait_for("one signer", lambda: len(k.roles("signer")) == 1)
        pid = k.roles("signer")[0]
        mark = unique("hangs")
        os.kill(pid, signal.SIGSTOP)
        try:
            site.send(message(mark), "alice@example.jp")
            assert setting, "was accepted without a signature"
        except smtplib.SMTPDataError as e:
            assert not setting and e.smtp_code == 451 and b"can not be signed now" in e.smtp_error, e
        finally:
            os.kill(pid, signal.SIGCONT)
        if setting:
            assert signatures(site.delivered(mark)) == []
        k.configure(k.settings.replace("sign.on_error: unsigned\n", ""))
    reload(k)
    assert k.metric("sign_failures_total") >= 2


@case
def keys_change(site):
    """a new key is taken up by itself and signs from then on; one that is taken away signs no more"""
    k = site.komainu
    folder = k.state / "keys"
    site.records[("example.jp", "r3")] = make_key(folder, "example.jp", "r3", "rsa")
    path = folder / "example.jp" / "r3.pem"
    path.write_text("state: active\nsince: 2026-01-01T00:00:00Z\n" + path.read_text())
    os.chown(path, folder.stat().st_uid, folder.stat().st_gid)
    before = k.said().count("in force")
    os.utime(folder)
    service.wait_for("taken up", lambda: k.said().count("in force") > before)
    try:
        mark = unique("new")
        site.send(message(mark), "alice@example.jp")
        assert ("example.jp", "r3", "rsa-sha256") in signatures(site.delivered(mark))
    finally:
        path.unlink()
        reload(k)
    mark = unique("old")
    site.send(message(mark), "alice@example.jp")
    assert signatures(site.delivered(mark)) == BOTH


@case
def one_connection(site):
    """signed, unsigned and sealed messages down one milter connection do not mix; an abort while signing is no harm"""
    def say(user, sender, end=packet(b"E")):
        macros = b"Mi\0Q1\0" + (b"{auth_authen}\0" + user + b"\0" if user else b"")
        return (packet(b"D", macros) + packet(b"M", b"<a@b.example>\0") + packet(b"R", b"<c@d.example>\0")
                + packet(b"L", b"From\0 " + sender + b"\0") + packet(b"N") + packet(b"B", b"x\r\n") + end)

    peer = Peer(site.komainu.milter).send(NEGOTIATE)
    assert peer.receive()[0] == b"O"
    peer.send(packet(b"C", b"h\x004\x30\x39192.0.2.7\0"))
    plan = [(b"alice@example.jp", b"a@example.jp", 2), (b"", b"a@example.jp", 3), (b"x", b"a@example.jp", 0)] * 10
    peer.send(b"".join(say(user, sender) for user, sender, _ in plan))
    for user, sender, want in plan:
        fields = [d[4:].split(b"\0")[0] for c, d in peer.answers() if c == b"i"]
        got = [f for f in fields if f == b"DKIM-Signature" or f.startswith(b"ARC-")]
        assert len(got) == want, (user, sender, fields)
    for _ in range(20):
        with socket_of(site) as other:
            other.send(NEGOTIATE + say(b"alice@example.jp", b"a@example.jp"))
    peer.send(say(b"alice@example.jp", b"a@example.jp"))
    assert [d[4:].split(b"\0")[0] for c, d in peer.answers() if c == b"i"].count(b"DKIM-Signature") == 2
    peer.close()


class socket_of:
    def __init__(self, site):
        self.peer = Peer(site.komainu.milter)

    def __enter__(self):
        return self.peer

    def __exit__(self, *why):
        self.peer.close()


@case
def bad_keys(site):
    """a broken key, one that others may read, one from the future, no key for arc.seal: refused at start with what to do"""
    k = site.komainu
    folder = k.state / "keys" / "example.com"
    folder.mkdir()
    path = folder / "s1.pem"

    def refused(*wanted):
        out = subprocess.run([k.program, "serve", "--config", str(k.config)], capture_output=True, text=True, timeout=60)
        assert out.returncode == os.EX_CONFIG and all(w in out.stderr for w in wanted), out
        before = k.said()
        k.process.send_signal(signal.SIGHUP)
        service.wait_for("refusal", lambda: "reload refused" in k.said()[len(before):])

    path.write_text("nonsense")
    path.chmod(0o600)
    refused("s1.pem", "can not be used", "komainu key new")
    make_key(k.state / "keys", "example.com", "s1", "rsa")
    path.chmod(0o644)
    refused("s1.pem", "chmod 600")
    path.chmod(0o600)
    path.write_text("made: 2099-01-01T00:00:00Z\n" + path.read_text())
    refused("s1.pem", "2099-01-01", "clock")
    make_key(k.state / "keys", "example.com", "s1", "rsa")
    os.chown(path, 0, 0)
    good = k.config.read_text()
    k.config.write_text(re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:0", good) + "\nguard.enabled: false\n")
    refused("s1.pem", "must belong to the user")
    k.config.write_text(good)
    shutil.rmtree(folder)
    good = k.config.read_text()
    k.config.write_text(good.replace("arc.seal: example.net", "arc.seal: example.org"))
    refused("arc.seal", "example.org", "komainu key new example.org")
    k.config.write_text(good.replace("news=example.net", "news=example.org"))
    refused("sign.users", "komainu key new example.org")
    k.config.write_text(good.replace("u1042=example.jp", "u1042"))
    refused("sign.users", "LOGIN=DOMAIN")
    k.config.write_text(good)
    reload(k)


def main():
    if os.geteuid() != 0:
        tap.skip_all("needs root: Postfix's master runs as root")
    if not os.path.exists("/usr/sbin/postfix"):
        tap.skip_all("Postfix is not installed")
    if not shutil.which("openssl"):
        tap.skip_all("openssl is not installed")
    sys.exit(tap.run_site(Site(sys.argv[1])))


main()
