"""Attached files looked into behind the sandbox.

usage: check_files.py KOMAINU SOURCE
"""

import base64
import contextlib
import json
import pathlib
import subprocess
import sys

import service
import tap
from tap import case


@contextlib.contextmanager
def daemon(program, path):
    k = service.Komainu(program, path)
    try:
        yield k.start()
        assert k.stop() == 0, k.said()
    finally:
        if k.process and k.process.poll() is None:
            k.process.kill()
            k.process.wait(10)


def message(name, data):
    lines = base64.encodebytes(data).replace(b"\n", b"\r\n")
    return (b"From: a@example.com\r\nTo: b@example.jp\r\nSubject: x\r\nDate: Mon, 02 Mar 2026 09:00:00 +0900\r\n"
            b"Message-ID: <1@example.com>\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
            b"Content-Disposition: attachment; filename=\"" + name.encode() + b"\"\r\n"
            b"Content-Transfer-Encoding: base64\r\n\r\n" + lines)


def facts(answer):
    return sorted((f["id"], f["seen"]) for f in answer["facts"] if f["group"] in ("attachment", "link"))


@case
def sandboxed(program, source):
    """QR codes, zip, 7z, LZH, tar.gz, PDF, SVG: the daemon finds what the command line does, and no process dies"""
    mails = [p.read_bytes() for p in sorted((source / "tests/mail").glob("*.eml"))
             if p.name.startswith(("archive", "qr-", "pdf-", "svg-", "onenote", "extension-", "macros", "html-"))]
    mails += [message(p.name, p.read_bytes())
              for kind in ("archives", "image", "pdf") for p in sorted((source / "fuzz/content/seeds" / kind).iterdir())]
    assert len(mails) > 25
    with service.temporary_folder() as path, daemon(program, path) as k:
        found = set()
        for number, mail in enumerate(mails):
            name = path / f"{number}.eml"
            name.write_bytes(mail)
            done = subprocess.run([program, "scan", "--json", str(name)], capture_output=True, timeout=60)
            want, got = facts(json.loads(done.stdout)), facts(k.scan(mail))
            assert got == want, (number, got, want)
            found |= {f for f, _ in got}
        for name in ("LINK_IN_QR", "ARCHIVE_PROGRAM", "ARCHIVE_ENCRYPTED", "DOUBLE_EXTENSION", "SVG_SCRIPT", "LINK_IP_HOST"):
            assert name in found, (name, found)
        assert any("見積書.exe" in seen for _, seen in facts(k.scan((source / "tests/mail/archive-lzh.eml").read_bytes())))
        assert k.metric("scanner_restarts_total") == 0, k.said()


def main():
    return tap.run(sys.argv[1], pathlib.Path(sys.argv[2]))


if __name__ == "__main__":
    sys.exit(main())
