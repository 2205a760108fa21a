"""Users teach by moving mail: Debian's Dovecot and Pigeonhole with the shipped configuration, and a running Komainu.

usage: check_dovecot.py KOMAINU SOURCE_DIRECTORY
"""

import grp
import imaplib
import json
import os
import pathlib
import pwd
import random
import shutil
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "daemon"))

import service  # noqa: E402
import tap  # noqa: E402
from tap import case  # noqa: E402

CONFIG = """\
base_dir = {dir}/run
state_dir = {dir}/run
log_path = {dir}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
default_internal_user = {internal}
default_vsz_limit = 0
default_login_user = {login}
default_internal_group = {internal_group}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = 0
  }}
  chroot =
}}
service anvil {{
  chroot =
}}
service stats {{
  chroot =
}}
auth_username_chars =
passdb {{
  driver = static
  args = password=secret
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={dir}/home/%u
}}
first_valid_uid = 0
first_valid_gid = 0
mail_location = maildir:~/Maildir
namespace inbox {{
  inbox = yes
  mailbox Junk {{
    auto = subscribe
    special_use = \\Junk
  }}
  mailbox Trash {{
    auto = subscribe
    special_use = \\Trash
  }}
  mailbox Rubbish {{
    auto = subscribe
    special_use = \\Trash
  }}
  mailbox Friends {{
    auto = subscribe
  }}
}}
!include {dir}/90-komainu.conf
"""


class Dovecot:
    def __init__(self, k, source, folder):
        self.k = k
        self.dir = pathlib.Path(folder) / "dovecot"
        self.port = service.free_port()
        packaging = pathlib.Path(source) / "packaging" / "dovecot"
        share, bin_ = self.dir / "share" / "dovecot", self.dir / "bin"
        for path in (share / "bin", bin_, self.dir / "home", self.dir / "run"):
            path.mkdir(parents=True)
        shutil.copytree(packaging / "sieve", share / "sieve")
        # The program, with this test's configuration; users can neither read nor write Komainu's state.
        program = bin_ / "komainu"
        # A copy, since users may not get at a tree that lies in /root, say.
        shutil.copy(k.program, bin_ / "built")
        program.write_text(f'#!/bin/sh\nKOMAINU_CONFIG={k.config} exec {bin_}/built "$@"\n')
        program.chmod(0o755)
        for template, to in ((packaging / "bin" / "komainu-learn.in", share / "bin" / "komainu-learn"),
                             (packaging / "conf" / "90-komainu.conf.in", self.dir / "90-komainu.conf")):
            to.write_text(template.read_text().replace("@bindir@", str(bin_)).replace("@datadir@", str(self.dir / "share")))
        (share / "bin" / "komainu-learn").chmod(0o755)
        owner = pwd.getpwnam("mail")  # not the one that Komainu runs as
        internal = pwd.getpwnam("dovecot")
        os.chown(self.dir / "home", owner.pw_uid, owner.pw_gid)
        self.conf = self.dir / "dovecot.conf"
        self.conf.write_text(CONFIG.format(
            dir=self.dir, port=self.port, uid=owner.pw_uid, gid=owner.pw_gid, internal="dovecot", login="dovenull",
            internal_group=grp.getgrgid(internal.pw_gid).gr_name))
        for script in ("learn-spam", "learn-ham"):
            out = subprocess.run(["sievec", "-c", str(self.conf), "-x", "+vnd.dovecot.pipe +imapsieve +vnd.dovecot.environment +special-use",
                                  str(share / "sieve" / f"{script}.sieve")], capture_output=True, text=True)
            assert out.returncode == 0, out.stdout + out.stderr
        self.process = None

    def start(self):
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", str(self.conf)], stdin=subprocess.DEVNULL,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT)

        def up():
            assert self.process.poll() is None, self.process.stdout.read().decode() + self.said()
            return service.listens(self.port)

        service.wait_for("Dovecot listens", up)
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)

    def said(self):
        path = self.dir / "dovecot.log"
        return path.read_text(errors="replace") if path.exists() else ""

    def login(self, user):
        c = imaplib.IMAP4("127.0.0.1", self.port, timeout=180)
        c._simple_command("LOGIN", imaplib.IMAP4._quote(c, user), "secret")
        c.state = "AUTH"
        return c


def message(topic, seed):
    r = random.Random(f"{topic}/{seed}")
    words = " ".join(r.choice(("gasket", "pallet", "ledger", "orchard", "beacon", "copper")) for _ in range(50))
    return (f"From: a@sender.example\r\nTo: taro@example.jp\r\nSubject: {topic} {seed}\r\n"
            f"Message-ID: <{topic}.{seed}@sender.example>\r\nDate: Mon, 2 Mar 2026 09:14:05 +0900\r\n\r\n{topic} {words}\r\n").encode()


def put(c, folder, *bodies):
    for body in bodies:
        assert c.append(folder, None, None, body)[0] == "OK"


def move(c, source, to, how="MOVE"):
    """Moves all messages of @source at once."""
    assert c.select(source)[0] == "OK"
    status, answer = c.uid(how, "1:*", f'"{to}"')
    assert status == "OK", answer
    if how == "COPY":
        c.store("1:*", "+FLAGS", r"(\Deleted)")
        c.expunge()
    c.unselect()


def state(d):
    status, _, body = d.k.get("/learn/status")
    assert status == 200
    o = json.loads(body)
    return o["spam"], o["ham"]


def reporters(d):
    out = subprocess.run([d.k.program, "learn", "status", "--json"], capture_output=True, timeout=30, check=True,
                         env={**os.environ, "KOMAINU_CONFIG": str(d.k.config)})
    return {o["user"]: o["lessons"] for o in json.loads(out.stdout)["reporters"]}


@case
def into_junk_is_spam(d):
    """a message that is moved into Junk is learned as spam, in the user's name and in force at once"""
    body = message("zinnia", 1)
    before, (spam, ham) = d.k.scan(body)["learn"]["probability"], state(d)
    c = d.login("taro@example.jp")
    put(c, "INBOX", body)
    assert state(d) == (spam, ham)
    move(c, "INBOX", "Junk")
    assert state(d) == (spam + 1, ham), d.said()
    assert reporters(d) == {"taro@example.jp": 1}
    assert d.k.scan(body, (("Rcpt", "taro@example.jp"),))["learn"]["probability"] > before
    c.logout()


@case
def out_of_junk_is_ham(d):
    """moved out of Junk it is learned as ham; a client that copies and deletes is understood, too"""
    c = d.login("taro@example.jp")
    spam, ham = state(d)
    move(c, "Junk", "INBOX")
    assert state(d) == (spam - 1, ham + 1), d.said()
    move(c, "INBOX", "Junk", "COPY")
    assert state(d) == (spam, ham), d.said()
    move(c, "Junk", "Friends", "COPY")
    assert state(d) == (spam - 1, ham + 1), d.said()
    c.logout()


@case
def junk_to_trash_is_nothing(d):
    """moved from Junk into Trash, by whatever name, nothing is learned; nor between other folders"""
    c = d.login("hanako@example.jp")
    put(c, "Junk", message("yarrow", 1), message("yarrow", 2))
    put(c, "INBOX", message("yarrow", 3))
    before = state(d)
    move(c, "Junk", "Trash")
    move(c, "Trash", "Friends")
    move(c, "INBOX", "Friends")
    put(c, "Junk", message("yarrow", 4))
    move(c, "Junk", "Rubbish")
    assert c.create('"Deleted Items"')[0] == "OK"
    put(c, "Junk", message("yarrow", 5))
    move(c, "Junk", "Deleted Items")
    assert state(d) == before, d.said()
    c.logout()


@case
def bulk(d):
    """120 messages moved at once: all are learned, mail goes on meanwhile, and one user's weight has its bound"""
    c = d.login("bulk@example.jp")
    put(c, "INBOX", *(message("xylem", i) for i in range(120)))
    spam, ham = state(d)
    begun = time.monotonic()
    move(c, "INBOX", "Junk")
    took = time.monotonic() - begun
    assert state(d) == (spam + 120, ham), d.said()
    assert reporters(d)["bulk@example.jp"] == 120
    body = message("xylem", "again")
    answer = json.loads(d.k.request("POST", "/learnspam", body, (("User", "bulk@example.jp"),))[2])
    assert answer["weight"] == 0.25, answer
    print(f"# {took / 120 * 1000:.0f} ms a message")
    c.logout()


@case
def odd_names(d):
    """names of users, folders and messages are never read as commands"""
    c = d.login("x;touch $(id)`id`'\"")
    put(c, "INBOX", b"From: a@example.com\r\nSubject: $(touch /tmp/x) `id` ; '\r\n\r\n--user=y\r\n")
    spam, ham = state(d)
    move(c, "INBOX", "Junk")
    assert state(d) == (spam + 1, ham), d.said()
    names = reporters(d)
    assert any(n and n.startswith("x;touch $(id)`id`") for n in names), names
    c.logout()
    c = d.login("--json")
    put(c, "INBOX", message("wisteria", 1))
    move(c, "INBOX", "Junk")
    assert state(d) == (spam + 2, ham), d.said()
    assert "--json" in reporters(d)
    c.logout()


@case
def daemon_gone(d):
    """without Komainu mail is still moved, and the log says what was not learned"""
    c = d.login("taro@example.jp")
    put(c, "INBOX", message("vetch", 1))
    d.k.stop()
    try:
        move(c, "INBOX", "Junk")
        assert c.select("Junk")[1][0] != b"0"
        c.unselect()
        assert "komainu-learn" in d.said(), d.said()
    finally:
        d.k.start()
    c.logout()


def main():
    for program in ("/usr/sbin/dovecot", "/usr/bin/sievec", "/usr/lib/dovecot/imap"):
        if not os.path.exists(program):
            tap.skip_all(f"{program} is not installed (packages dovecot-imapd, dovecot-sieve)")
    if os.geteuid() != 0:
        tap.skip_all("Dovecot is started as root")
    folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-e2e-"))
    folder.chmod(0o755)
    k = service.Komainu(os.path.abspath(sys.argv[1]), folder)
    d = None
    try:
        k.start()
        d = Dovecot(k, sys.argv[2], folder).start()
        status = tap.run(d)
    finally:
        if d:
            d.stop()
        k.stop()
        shutil.rmtree(folder, ignore_errors=True)
    sys.exit(status)


main()
