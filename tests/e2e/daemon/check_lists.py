"""Lists of known-bad things: import, refusal, look-up, and a running daemon that takes up a new list.

usage: check_lists.py KOMAINU
"""

import contextlib
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import service
import tap
from tap import case

MAIL = (b"From: a@example.com\r\nTo: b@example.jp\r\nSubject: x\r\nDate: Mon, 02 Mar 2026 09:00:00 +0900\r\n"
        b"Message-ID: <1@example.com>\r\n\r\nhttps://evil.example/login\r\n")
JPCERT = "date,URL,description\n2026/02/01 10:00:00,https://evil.example/login,銀行\n"


@contextlib.contextmanager
def daemon(program):
    folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-e2e-"))
    folder.chmod(0o755)
    k = service.Komainu(program, folder)
    try:
        yield k.start()
        assert k.stop() == 0, k.said()
    finally:
        if k.process and k.process.poll() is None:
            k.process.kill()
            k.process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def run(k, *args, status=0):
    done = subprocess.run([k.program, "list", *args, "--config", str(k.config)], capture_output=True, timeout=60,
                          check=False)
    assert done.returncode == status, (args, done)
    return done.stdout.decode(), done.stderr.decode()


def facts(k):
    return [f["id"] for f in k.scan(MAIL)["facts"]]


@case
def taken_up(program):
    """a daemon that runs takes up a new list, and its end"""
    with daemon(program) as k:
        source = k.folder / "jpcert.csv"
        assert "LISTED_URL" not in facts(k)
        source.write_text(JPCERT, encoding="utf-8")
        out, _ = run(k, "import", "jpcert", str(source))
        assert "1 rows" in out, out
        # While scanners with the list and without it serve, either may answer: one answer is looked at.
        found = service.wait_for(
            "the new list", lambda: next((f for f in k.scan(MAIL)["facts"] if f["id"] == "LISTED_URL"), None)
        )
        assert "銀行" in found["text"] and found["seen"] == "https://evil.example/login", found
        source.write_text("date,URL,description\n", encoding="utf-8")
        run(k, "import", "jpcert", str(source))
        service.wait_for("the empty list", lambda: "LISTED_URL" not in facts(k))


@case
def refused(program):
    """a bad row refuses the import, and the old list stays"""
    with daemon(program) as k:
        source = k.folder / "list.csv"
        source.write_text(JPCERT, encoding="utf-8")
        run(k, "import", "jpcert", str(source))
        source.write_text(JPCERT + "2026/02/02 10:00:00,nothing,x\n", encoding="utf-8")
        _, said = run(k, "import", "jpcert", str(source), status=65)
        assert f"{source}:3: not a URL: nothing" in said, said
        out, _ = run(k, "show", "https://evil.example/login", "--json")
        hits = [json.loads(line) for line in out.splitlines()]
        assert [h["kind"] for h in hits] == ["url", "site"] and hits[0]["date"] == "2026-02-01", hits
        out, _ = run(k, "show")
        assert out.startswith("jpcert: 1 rows"), out


if __name__ == "__main__":
    sys.exit(tap.run(sys.argv[1]))
