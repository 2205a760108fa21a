"""Tagged mail goes to Junk or Trash by the shipped Sieve script, as Pigeonhole runs it, and a user can have it
otherwise. The fields come from a running Komainu.

usage: check_sieve.py KOMAINU SOURCE_DIRECTORY
"""

import json
import os
import pathlib
import pwd
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "daemon"))

import service  # noqa: E402
import tap  # noqa: E402
from tap import case  # noqa: E402

CONFIG = """\
mail_location = maildir:{dir}/mail
mail_home = {dir}/home
mail_uid = {uid}
mail_gid = {gid}
first_valid_uid = 0
first_valid_gid = 0
ssl = no
namespace inbox {{
  inbox = yes
  mailbox Junk {{
    special_use = \\Junk
  }}
  mailbox Trash {{
    special_use = \\Trash
  }}
}}
plugin {{
  sieve = file:{dir}/home/sieve;active={dir}/home/.dovecot.sieve
  sieve_extensions = +special-use +vnd.dovecot.environment
{more}}}
"""


class Box:
    """One mailbox owner, and messages with the fields that Komainu gave them."""

    def __init__(self, program, source, folder):
        self.dir = pathlib.Path(folder)
        self.source = pathlib.Path(source)
        self.program = program
        (self.dir / "home" / "sieve").mkdir(parents=True)
        self.user = pwd.getpwnam("nobody") if os.geteuid() == 0 else pwd.getpwuid(os.geteuid())
        shutil.copy(self.source / "packaging" / "dovecot" / "sieve" / "komainu.sieve", self.dir)
        self.judged = {}

    def judge(self, milter, name):
        """Sends an example through the milter and keeps it as it would be delivered."""
        path = self.source / "examples" / name
        out = subprocess.run(
            [self.program, "try", "--json", "--milter", f"127.0.0.1:{milter}", str(path)],
            capture_output=True, timeout=30, check=True,
        )
        answer = json.loads(out.stdout)
        assert answer["answer"] == "accept", answer
        head = "".join(f"{f['name']}: {f['value']}\n" for f in answer["added"])
        self.judged[name] = head.encode() + path.read_bytes().replace(b"\r\n", b"\n")
        return answer

    def file(self, message, own=None, **environment):
        """The folder that @message goes into; @own: the user's script, @environment: fields of his userdb entry."""
        more = "".join(f"  sieve_env_{name} = {value}\n" for name, value in environment.items())
        scripts = []
        if own:
            (self.dir / "own.sieve").write_text(own)
            scripts = ["-s", str(self.dir / "own.sieve")]
        config = self.dir / "dovecot.conf"
        config.write_text(CONFIG.format(dir=self.dir, uid=self.user.pw_uid, gid=self.user.pw_gid, more=more))
        letter = self.dir / "letter.eml"
        letter.write_bytes(message)
        for path in [self.dir, *self.dir.rglob("*")]:
            if os.geteuid() == 0:
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        out = subprocess.run(
            ["sieve-test", "-c", str(config), *scripts, str(self.dir / "komainu.sieve"), str(letter)],
            capture_output=True, text=True, timeout=30, env={**os.environ, "HOME": str(self.dir / "home")},
            check=False,
        )
        assert out.returncode == 0, out.stderr
        for line in out.stdout.splitlines():
            if "store message in folder:" in line:
                return line.split(":", 1)[1].strip()
        raise AssertionError(out.stdout)


TAGGED, HAM = "fraud-billing-ja.eml", "ham-business-ja.eml"


def tagged(kind, score, action="tag"):
    """A message as Komainu tags it."""
    return (
        f"X-Komainu: action={action} class={kind} category=none score={score:.2f}\n"
        f"\tprobability=0.990 id=01J\nX-Spam-Score: {score:.2f}\nFrom: a@example.com\nSubject: x\n\nx\n"
    ).encode()


@case
def honest_mail_stays(box):
    """honest mail stays in the inbox"""
    assert box.file(box.judged[HAM]) == "INBOX"


@case
def tagged_mail_goes_to_junk(box):
    """tagged mail goes to Junk"""
    assert box.file(box.judged[TAGGED]) == "Junk"


@case
def certain_abuse_goes_to_trash(box):
    """phishing, fraud and malware over a score go to Trash, spam never does"""
    assert box.file(tagged("phish", 14.9)) == "Junk"
    assert box.file(tagged("phish", 15)) == "Trash"
    assert box.file(tagged("scam", 20, "junk")) == "Trash"
    assert box.file(tagged("spam", 30)) == "Junk"


@case
def account_has_its_own_score(box):
    """an account has its own score, or none"""
    assert box.file(box.judged[TAGGED], komainu_trash_score=12) == "Trash"
    assert box.file(tagged("malware", 40), komainu_trash_score="never") == "Junk"


@case
def negative_scores_are_not_high(box):
    """a negative score is not taken for a high one"""
    assert box.file(tagged("phish", -3)) == "Junk"


@case
def user_switches_it_off(box):
    """a user's own script that files into INBOX switches it off; one that does not leaves it on"""
    assert box.file(box.judged[TAGGED], own='require "fileinto"; fileinto "INBOX";\n') == "INBOX"
    assert box.file(box.judged[TAGGED], own='if header :is "Subject" "nothing" { stop; }\n') == "Junk"


@case
def administrator_switches_it_off(box):
    """the administrator switches it off for one account"""
    assert box.file(box.judged[TAGGED], komainu="off") == "INBOX"


def main():
    program, source = sys.argv[1:]
    if shutil.which("sieve-test") is None:
        tap.skip_all("sieve-test (Debian package dovecot-sieve) is not installed")
    with tempfile.TemporaryDirectory(prefix="komainu-sieve.") as folder:
        os.chmod(folder, 0o755)
        pathlib.Path(folder, "daemon").mkdir()
        daemon = service.Komainu(program, pathlib.Path(folder, "daemon")).start()
        try:
            pathlib.Path(folder, "box").mkdir()
            box = Box(program, source, pathlib.Path(folder, "box"))
            for name in (TAGGED, HAM):
                box.judge(daemon.milter, name)
        finally:
            daemon.stop()
        sys.exit(tap.run(box))


if __name__ == "__main__":
    main()
