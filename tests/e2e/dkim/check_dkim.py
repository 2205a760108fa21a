#!/usr/bin/python3
"""What we sign, others verify; what others sign, we verify: python3-dkim and opendkim-testmsg.
usage: check_dkim.py TOOL     prints TAP"""
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), os.pardir, "daemon"))
import tap

try:
    import dkim
except ImportError:
    dkim = None

MESSAGE = (b"From: Alice <alice@example.jp>\r\nTo: bob@example.com\r\nSubject: =?utf-8?B?44GT44KT?=\r\n"
           b"Date: Mon, 23 Nov 2026 09:00:00 +0900\r\nMIME-Version: 1.0\r\n"
           b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n"
           b"Hello  \t Bob,  \r\n\r\n\xe3\x81\x93\xe3\x82\x93\xe3\x81\xab\xe3\x81\xa1\xe3\x81\xaf\r\n.\r\n\r\n\r\n")
DOMAIN, SELECTOR = "example.jp", "s1"


class Keys:
    """A key of each kind, made anew."""

    def __init__(self, tool, folder):
        self.tool, self.folder = tool, folder
        self.path = {}
        for kind, how in (("rsa", ["genrsa", "-traditional", "-out"]),
                          ("ed25519", ["genpkey", "-algorithm", "ed25519", "-out"])):
            self.path[kind] = os.path.join(folder, kind + ".pem")
            extra = ["2048"] if kind == "rsa" else []
            subprocess.run(["openssl", *how, self.path[kind], *extra], check=True, timeout=60,
                           capture_output=True)

    def run(self, *arguments, message=b""):
        return subprocess.run([self.tool, *arguments], input=message, check=True, timeout=60,
                              capture_output=True).stdout

    def record(self, kind):
        return self.run("record", self.path[kind]).strip()


def need(what):
    if what is None:
        raise tap.Skip("python3-dkim is not installed")


def by_dkimpy(keys, kind, message):
    record = keys.record(kind)
    return dkim.verify(message, dnsfunc=lambda name, timeout=5: record)


@tap.case
def rsa_for_dkimpy(keys):
    """python3-dkim verifies our RSA signature, and not of a changed message"""
    need(dkim)
    signed = keys.run("sign", keys.path["rsa"], DOMAIN, SELECTOR, message=MESSAGE)
    assert by_dkimpy(keys, "rsa", signed)
    assert not by_dkimpy(keys, "rsa", signed.replace(b"Hello", b"Hallo"))
    assert not by_dkimpy(keys, "rsa", b"Subject: other\r\n" + signed)


@tap.case
def ed25519_for_dkimpy(keys):
    """python3-dkim verifies our Ed25519 signature"""
    need(dkim)
    try:
        import nacl  # noqa: F401
    except ImportError:
        raise tap.Skip("python3-nacl is not installed")
    assert by_dkimpy(keys, "ed25519", keys.run("sign", keys.path["ed25519"], DOMAIN, SELECTOR,
                                               message=MESSAGE))


@tap.case
def dkimpy_for_us(keys):
    """we verify what python3-dkim signs, by every pair of canonicalisations"""
    need(dkim)
    with open(keys.path["rsa"], "rb") as f:
        key = f.read()
    for header in (b"simple", b"relaxed"):
        for body in (b"simple", b"relaxed"):
            field = dkim.sign(MESSAGE, SELECTOR.encode(), DOMAIN.encode(), key,
                              canonicalize=(header, body))
            for text in (field + MESSAGE, (field + MESSAGE).replace(b"\r\n", b"\n")):
                said = keys.run("verify", keys.record("rsa"), message=text)
                assert said.strip() == b"pass", (header, body, said)


@tap.case
def opendkim_for_us(keys):
    """we verify what opendkim signs"""
    program = shutil.which("opendkim-testmsg") or "/usr/sbin/opendkim-testmsg"
    if not os.path.exists(program):
        raise tap.Skip("opendkim-tools is not installed")
    signed = subprocess.run([program, "-C", "-d", DOMAIN, "-s", SELECTOR, "-k", keys.path["rsa"]],
                            input=MESSAGE, check=True, timeout=60, capture_output=True).stdout
    said = keys.run("verify", keys.record("rsa"), message=signed)
    # Debian's signs with SHA-1: only what verifies is refused for that.
    assert said.strip() == b"pass" or said.startswith(b"policy rsa-sha1"), said
    assert keys.run("verify", keys.record("rsa"),
                    message=signed.replace(b"Hello", b"Hallo")).startswith(b"fail")


def main():
    if not shutil.which("openssl"):
        tap.skip_all("openssl is not installed")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        return tap.run(Keys(sys.argv[1], folder))


if __name__ == "__main__":
    sys.exit(main())
