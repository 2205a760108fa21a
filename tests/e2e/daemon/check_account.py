"""A measure from beginning to end: the file of the account, who is told and how often, the appeal, the review.

usage: check_account.py KOMAINU
"""

import contextlib
import email
import email.policy
import hashlib
import hmac
import http.server
import json
import os
import pathlib
import pty
import shutil
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import threading
import time

import service
import tap
from tap import Skip, case


class MailSink:
    """An SMTP server that keeps what it takes; it can be slow to say so, refuse, or be away."""

    def __init__(self):
        self.port = service.free_port()
        self.taken, self.senders, self.begun = [], [], 0
        self.slow, self.refuse = threading.Event(), None
        self.listener = self.tls = None
        self.secured, self.commands = 0, []

    def start(self):
        self.listener = socket.socket()
        self.listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.listener.bind(("127.0.0.1", self.port))
        self.listener.listen(20)
        threading.Thread(target=self.accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def accept(self, listener):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=(listener.accept()[0],), daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection:
            connection.sendall(b"220 sink\r\n")
            if self.talk(connection) == b"STARTTLS":
                with self.tls.wrap_socket(connection, server_side=True) as secure:
                    self.secured += 1
                    self.talk(secure)

    def talk(self, connection):
        """Serves until the end, or until the client asks for TLS."""
        secure = isinstance(connection, ssl.SSLSocket)
        with connection.makefile("rwb", 0) as f:
            sender = rcpt = b""
            for line in f:
                verb = line[:4].upper()
                self.commands.append(line)
                if verb == b"EHLO" and self.tls:
                    f.write(b"250-sink\r\n" + (b"" if secure else b"250-STARTTLS\r\n") + b"250 AUTH PLAIN\r\n")
                elif line.upper().startswith(b"STARTTLS"):
                    f.write(b"220 go on\r\n")
                    return b"STARTTLS"
                elif verb == b"DATA":
                    f.write(b"354 go on\r\n")
                    lines = []
                    while (text := f.readline()) != b".\r\n":
                        if not text:
                            return None
                        lines.append(text)
                    self.begun += 1
                    while self.slow.is_set() and not self.gone(connection):
                        time.sleep(0.02)
                    if not secure and self.gone(connection):
                        return None
                    self.senders.append(sender.strip())
                    self.taken.append((rcpt.strip(), b"".join(lines)))
                    f.write(b"250 taken\r\n")
                elif verb == b"QUIT":
                    f.write(b"221 bye\r\n")
                    return None
                elif verb == b"RCPT" and self.refuse and self.refuse in line:
                    f.write(b"550 no such mailbox\r\n")
                else:
                    sender = line if verb == b"MAIL" else sender
                    rcpt = line if verb == b"RCPT" else rcpt
                    f.write(b"250 ok\r\n")
        return None

    @staticmethod
    def gone(connection):
        """The client has closed."""
        try:
            return connection.recv(1, socket.MSG_DONTWAIT | socket.MSG_PEEK) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    def messages(self, to="", number=""):
        """(recipient, message) of what was taken, by recipient and entry."""
        parsed = [(rcpt.decode(), email.message_from_bytes(m, policy=email.policy.default)) for rcpt, m in self.taken]
        return [m for rcpt, m in parsed if to in rcpt and f".{number}." in m["Message-ID"]] if number else \
            [m for rcpt, m in parsed if to in rcpt]

    def all_once(self):
        ids = [m["Message-ID"] for m in self.messages()]
        return len(ids) == len(set(ids))


class WebSink:
    """An HTTP server that keeps what is posted."""

    def __init__(self):
        sink = self
        self.posts, self.status = [], 204

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if sink.status == 204:
                    sink.posts.append((dict(self.headers), body))
                self.send_response(sink.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def entries(self, account=None):
        """What was posted, by account."""
        found = [json.loads(body) for _, body in self.posts]
        return [e for e in found if account in (None, e["account"])]


class Site:
    """The daemon with a mail server, a web server and programs to tell."""

    def __init__(self, program, folder):
        self.folder = pathlib.Path(folder)
        self.folder.chmod(0o777)
        self.mail, self.web = MailSink(), WebSink()
        self.mail.start()
        self.state = self.folder / "state"
        (self.folder / "secret").write_text("s3cret\n")
        for name in ("ticket", "reset"):
            hook = self.folder / f"{name}.sh"
            hook.write_text(f"""#!/bin/sh
entry=$(cat)
printf '%s\\t%s\\t%s\\n' "$KOMAINU_ACCOUNT" "$*" "$entry" >> {self.folder}/{name}.log
""")
            hook.chmod(0o755)
        self.k = service.Komainu(program, folder, self.settings()).start()

    def settings(self, more=""):
        return (
            f"notify.smtp: smtp://localhost:{self.mail.port}\nnotify.operator: 例のプロバイダー\n"
            "notify.contact: 03-0000-0000\nnotify.from: abuse@example.jp\nnotify.domain: example.jp\n"
            f"notify.staff: [staff@example.jp]\nnotify.webhooks: ['http://127.0.0.1:{self.web.port}/x?key=1']\n"
            f"notify.webhook_secret_file: {self.folder}/secret\n"
            f"hooks.ticket: [{self.folder}/ticket.sh, '$(touch {self.folder}/shell)']\n"
            f"hooks.password_reset: [{self.folder}/reset.sh]\n" + more
        )

    def close(self):
        try:
            status = self.k.stop() if self.k.process else 0
            assert status == 0, (status, self.k.said())
        finally:
            if self.k.process and self.k.process.poll() is None:
                self.k.process.kill()
                self.k.process.wait(10)

    def runs(self, name):
        """(account, words, entry) of each run of a program."""
        path = self.folder / f"{name}.log"
        text = path.read_bytes().decode(errors="surrogateescape") if path.exists() else ""
        lines = text[:text.rfind("\n") + 1].splitlines()
        return [(account, words, json.loads(text)) for account, words, text in (x.split("\t", 2) for x in lines)]

    def guard(self, *events):
        """The answers of guard.sock to @events."""
        with socket.socket(socket.AF_UNIX) as s:
            s.settimeout(60)
            s.connect(str(self.state / "guard.sock"))
            f = s.makefile("rwb")
            answers = []
            for e in events:
                f.write(json.dumps(e).encode() + b"\n")
                f.flush()
                answers.append(json.loads(f.readline()))
            return answers

    def submit(self, account, n, ip="203.0.113.7"):
        return {"event": "submit", "account": account, "ip": ip, "port": 50211, "mail_from": f"{account}@example.jp",
                "from": f"{account}@example.jp", "rcpts": [f"stranger{n}@example.com"], "size": 2000,
                "queue_id": f"4Q{account}{n}", "class": "ham", "score": 0.1}

    def stop_account(self, account):
        """A flood until the account is stopped; returns its file."""
        self.guard({"event": "account", "account": account, "kind": "person", "created": "2019-04-01",
                    "alternative": f"{account}.private@example.org"})
        for n in range(2000):
            answer = self.guard(self.submit(account, n, f"203.0.{n % 200}.7"))[0]
            if answer["decision"] != "accept":
                break
        return service.wait_for("a brake", lambda: [e for e in self.history(account) if e["kind"] == "brake"])[0]

    def account(self, *arguments, status=0, stdin=None):
        run = subprocess.run([self.k.program, *arguments, "--config", str(self.k.config)], capture_output=True,
                             timeout=60, input=stdin, env={"LC_ALL": "C.UTF-8", "PATH": os.environ["PATH"]})
        assert run.returncode == status, (arguments, run)
        return run.stdout.decode() if status == 0 else run.stderr.decode()

    def json(self, *arguments, **options):
        return [json.loads(line) for line in self.account(*arguments, "--json", **options).splitlines()]

    def history(self, account):
        try:
            return self.json("account", "history", account)
        except AssertionError:
            return []

    def told(self, account):
        return [e["reason"] for e in self.history(account) if e["kind"] == "told"]

    def kill_courier(self):
        self.k.kill_roles("courier")


def pty_of(command):
    """What @command writes on a terminal."""
    ours, theirs = pty.openpty()
    run = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env={"LC_ALL": "C.UTF-8", "TERM": "xterm"})
    os.close(theirs)
    written = b""
    with contextlib.suppress(OSError):
        while piece := os.read(ours, 65536):
            written += piece
    os.close(ours)
    assert run.wait(60) == 0, written
    return written


def text_of(message):
    return message.get_content().replace("\r\n", "\n")


@case
def told_once(site):
    """a measure: subscriber, alternative address and staff by mail, webhook and program, each once"""
    brake = site.stop_account("u1")
    number = f"K{brake['row']}"
    for to in ("u1@example.jp", "u1.private@example.org", "staff@example.jp"):
        service.wait_for(to, lambda to=to: site.mail.messages(to, number))
    service.wait_for("the webhook", lambda: [e for e in site.web.entries("u1") if e["event"] == "brake"])
    service.wait_for("the program", lambda: [r for r in site.runs("ticket") if r[2]["event"] == "brake"])
    service.wait_for("the file tells of it", lambda: len([x for x in site.told("u1") if x.endswith(f" {brake['row']}")]) == 5)
    m = site.mail.messages("u1@example.jp", number)[0]
    assert m["Auto-Submitted"] == "auto-generated" and m["From"] == "abuse@example.jp", m["From"]
    assert set(site.mail.senders) == {b"MAIL FROM:<>"}, site.mail.senders
    said = text_of(m)
    assert "感染" in said and "infected device" in said and "03-0000-0000" in said and "203.0." in said, said
    assert "例のプロバイダー" in said and "JST" in said, said
    staff = text_of(site.mail.messages("staff@example.jp", number)[0])
    # Numbers are for staff alone.
    figures = [f["text"] for f in brake["facts"]]
    assert any(text in staff for text in figures) and not any(text in said for text in figures), (figures, said)
    headers, body = site.web.posts[-1]
    want = hmac.new(b"s3cret", body, hashlib.sha256).hexdigest()
    assert headers["X-Komainu-Signature"] == f"sha256={want}" and headers["Idempotency-Key"].startswith("komainu-K")
    account, words, entry = site.runs("ticket")[-1]
    assert account == "u1" and words.startswith("$(touch") and entry["account"] == "u1", (account, words)
    assert not (site.folder / "shell").exists()
    time.sleep(1.5)
    assert site.mail.all_once() and len({e["id"] for e in site.web.entries()}) == len(site.web.entries())


@case
def killed(site):
    """a courier that is killed, idle or in the middle of a mail, neither repeats nor forgets"""
    before = len(site.mail.taken), len(site.web.posts), len(site.runs("ticket"))
    site.kill_courier()
    service.wait_for("another courier", lambda: site.k.roles("courier"))
    time.sleep(1.5)
    assert before == (len(site.mail.taken), len(site.web.posts), len(site.runs("ticket")))
    begun = site.mail.begun
    site.mail.slow.set()
    brake = site.stop_account("u2")
    service.wait_for("a mail under way", lambda: site.mail.begun > begun)
    service.wait_for("webhook and program", lambda: [e for e in site.web.entries("u2") if e["event"] == "brake"] and
                     [r for r in site.runs("ticket") if r[0] == "u2"])
    # What the receivers know and the file does not would be said again.
    service.wait_for("the file tells of both", lambda: len([x for x in site.told("u2") if x.endswith(f" {brake['row']}")]) >= 2)
    site.kill_courier()
    site.mail.slow.clear()
    number = f"K{brake['row']}"
    for to in ("u2@example.jp", "u2.private@example.org", "staff@example.jp"):
        service.wait_for(to, lambda to=to: site.mail.messages(to, number))
    time.sleep(1)
    assert site.mail.all_once(), [m["Message-ID"] for m in site.mail.messages()]
    ids = [(e["id"]) for e in site.web.entries()]
    assert len(ids) == len(set(ids)), ids
    runs = [(r[2]["id"]) for r in site.runs("ticket")]
    assert len(runs) == len(set(runs)), runs


@case
def runs_apart(site):
    """programs are run by a runner, so the courier stays confined; a runner that is killed is no loss"""
    def status(role):
        text = pathlib.Path(f"/proc/{site.k.roles(role)[0]}/status").read_text()
        return {key: value.strip() for key, _, value in (line.partition(":") for line in text.splitlines())}

    service.wait_for("a runner", lambda: site.k.roles("runner"))
    if "built with sanitizers" not in site.k.said():
        for role in ("courier", "runner"):
            assert status(role)["Seccomp"] == "2" and status(role)["NoNewPrivs"] == "1", (role, status(role))
    slow = site.folder / "slow"
    hook = site.folder / "ticket.sh"
    plain = hook.read_text()
    hook.write_text(plain.replace("entry=", f"[ ! -e {slow} ] || {{ : > {slow}.begun; sleep 30; }}\nentry="))
    slow.touch()
    site.guard({"event": "complaint", "account": "u11", "type": "abuse"})
    service.wait_for("a program under way", (site.folder / "slow.begun").exists)
    slow.unlink()
    os.kill(site.k.roles("runner")[0], signal.SIGKILL)
    service.wait_for("it is run again", lambda: [r for r in site.runs("ticket") if r[0] == "u11"], 120)
    assert "the runner ended before the program did" in site.k.said()
    hook.write_text(plain)


@case
def nobody_waits(site):
    """with mail server and web server away, mail is judged on; they are told when they are back"""
    site.mail.stop()
    site.web.status = 500
    brake = site.stop_account("u3")
    answers = site.guard(*[site.submit("u4", n) for n in range(50)])
    assert all("decision" in a for a in answers)
    service.wait_for("the log tells", lambda: "put off" in site.k.said())
    assert "key=1" not in site.k.said()
    assert [r for r in service.wait_for("the program", lambda: [r for r in site.runs("ticket") if r[0] == "u3"])]
    site.mail.refuse = b"u3@example.jp"
    site.mail.start()
    site.web.status = 204
    number = f"K{brake['row']}"
    for to in ("u3.private@example.org", "staff@example.jp"):
        service.wait_for(to, lambda to=to: site.mail.messages(to, number), 120)
    service.wait_for("the webhook", lambda: [e for e in site.web.entries("u3") if e["event"] == "brake"], 120)
    service.wait_for("given up", lambda: "u3@example.jp: given up" in site.k.said(), 120)
    assert not site.mail.messages("u3@example.jp") and site.mail.all_once()
    assert site.k.metric("notices_put_off_total") > 0 and site.k.metric("notices_given_up_total") > 0


@case
def heard(site):
    """appeal, review, restore: on file, told, in force, and a new password asked for"""
    assert site.guard(site.submit("u1", 5000))[0]["decision"] != "accept"
    log = site.folder / "router.log"
    log.write_bytes(b"2026-03-02 09:00 nobody at home \x1b[2J\xff\n")
    site.account("account", "appeal", "u1", "--log", str(log), "--by", "sato", stdin="私ではありません。\n".encode())
    appeal = [e for e in site.history("u1") if e["kind"] == "appeal"][0]
    assert "私ではありません" in appeal["reason"] and "nobody at home" in appeal["reason"] and appeal["by"] == "sato"
    assert "\x1b" not in site.account("account", "history", "u1")
    service.wait_for("staff hear", lambda: [m for m in site.mail.messages("staff@example.jp", f"K{appeal['row']}")
                                            if "私ではありません" in text_of(m)])
    service.wait_for("the subscriber hears", lambda: site.mail.messages("u1@example.jp", f"K{appeal['row']}"))
    assert "--reason" in site.account("account", "review", "u1", "--outcome", "keep", "--by", "t", status=64)
    site.account("account", "review", "u1", "--outcome", "keep", "--by", "tanaka", "--reason", "端末の検査がまだ")
    kept = [e for e in site.history("u1") if e["kind"] == "review"][-1]
    m = service.wait_for("the answer", lambda: site.mail.messages("u1@example.jp", f"K{kept['row']}"))[0]
    assert "端末の検査がまだ" in text_of(m) and "tanaka" not in text_of(m), text_of(m)
    assert site.guard(site.submit("u1", 5001))[0]["decision"] != "accept"
    assert not site.runs("reset")
    site.account("account", "restore", "u1", "--by", "tanaka", "--reason", "端末を初期化した")
    restore = service.wait_for("restore", lambda: [e for e in site.history("u1") if e["kind"] == "restore"])[-1]
    m = service.wait_for("told", lambda: site.mail.messages("u1@example.jp", f"K{restore['row']}"))[0]
    assert "端末を初期化した" in text_of(m), text_of(m)
    service.wait_for("password reset", lambda: site.runs("reset"))
    time.sleep(1)
    assert [r[0] for r in site.runs("reset")] == ["u1"]
    assert site.guard(site.submit("u1", 5002))[0]["decision"] == "accept"
    assert site.json("account", "show", "u1")[0]["in_force"] is None


@case
def database(site):
    """which addresses an account may use comes from a database outside of the state folder"""
    path = site.folder / "users.db"
    with contextlib.closing(sqlite3.connect(path)) as db:
        db.execute("CREATE TABLE alias (login TEXT, address TEXT)")
        db.executemany("INSERT INTO alias VALUES (?, ?)", [("u7", "u7@example.jp"), ("u8'--", "@shop.example")])
        db.commit()
    path.chmod(0o644)
    site.k.configure(site.settings(f"guard.identities_db: {path}\n"))
    site.k.process.send_signal(signal.SIGHUP)
    service.wait_for("the new settings", lambda: "the new configuration is in force" in site.k.said())
    service.wait_for("the guard", lambda: not site.guard({"query": "ping"})[0].get("error"))

    def facts(account, sender):
        event = site.submit(account, 1) | {"from": sender, "mail_from": sender, "queue_id": f"4X{sender}"}
        return [f["id"] for f in site.guard(event)[0]["facts"]]

    service.wait_for("a foreign address", lambda: "OUT_FROM_FOREIGN" in facts("u7", "other@example.net"))
    assert "OUT_FROM_FOREIGN" not in facts("u7", "u7@example.jp")
    assert "OUT_FROM_FOREIGN" not in facts("u8'--", "any@shop.example")
    assert "OUT_FROM_FOREIGN" in facts("u8'--", "u7@example.jp")
    assert "can not be asked" not in site.k.said(), site.k.said()


@case
def encrypted(site):
    """TLS is used where it is offered; a password goes only to a server that proves its name"""
    if not shutil.which("openssl"):
        raise Skip("openssl is not installed")
    key, cert, password = (site.folder / name for name in ("key.pem", "cert.pem", "password"))
    made = subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=elsewhere.example",
                           "-days", "2", "-keyout", str(key), "-out", str(cert)], capture_output=True)
    assert made.returncode == 0, made.stderr
    def server():
        sink = MailSink()
        sink.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        sink.tls.load_cert_chain(cert, key)
        sink.start()
        return sink

    password.write_text("hunter2\n")
    smtp = f"smtp://localhost:{site.mail.port}"

    def use(sink, settings, account):
        before = site.k.said().count("the new configuration is in force")
        site.k.configure(site.settings(settings).replace(smtp, f"smtp://localhost:{sink.port}"))
        site.k.process.send_signal(signal.SIGHUP)
        service.wait_for("the new settings",
                         lambda: site.k.said().count("the new configuration is in force") > before)
        return site.stop_account(account)

    sink = server()
    use(sink, "", "u9")
    service.wait_for("mail over TLS", lambda: sink.messages("u9@example.jp"))
    assert sink.secured
    sink = server()  # what is still on its way goes to the first
    use(sink, f"notify.smtp_user: komainu\nnotify.smtp_password_file: {password}\n", "u10")
    service.wait_for("it is refused", lambda: "certificate" in site.k.said())
    assert not sink.messages("u10@example.jp"), site.k.said()
    assert not [c for c in sink.commands if c.upper().startswith((b"AUTH", b"MAIL"))], sink.commands
    assert "hunter2" not in site.k.said()


@case
def explained(site):
    """show, list, explain and top: with and without the daemon, without limits for the subscriber"""
    mine = site.account("account", "explain", "u2", "--for", "subscriber", "--lang", "ja")
    ours = site.account("account", "explain", "u2", "--for", "staff", "--lang", "en")
    brake = [e for e in site.history("u2") if e["kind"] == "brake"][0]
    assert "JST" in mine and "203.0." in mine and "50211" in mine and "感染" in mine and "03-0000-0000" in mine
    assert any(f["text"] in ours for f in brake["facts"])
    assert "percent" not in mine and "budget" not in mine and "パーセント" not in mine and "staff@" not in mine, mine
    told = site.json("account", "explain", "u2")[0]
    assert told["messages"]["stopped"] >= 1, told["messages"]
    assert {"action": "hold", "ip": brake["ip"], "port": 50211}.items() <= told["messages"]["newest"][0].items(), told["messages"]
    assert f"{brake['ip']} ポート 50211  宛先 1  保留" in mine, mine
    assert told["in_force"]["kind"] == "brake" and set(told["speaks_for"]) == {"other", "machine", "either", "mailing"}
    assert "u2" in [e["account"] for e in site.json("account", "list")]
    assert "staff@" not in site.account("account", "history", "u2", "--for", "subscriber")
    assert site.json("account", "show", "u2")[0]["live"]["known"] is True
    top = site.account("guard", "top")
    assert "u2" in top and "\x1b" not in top, top
    live = pty_of([site.k.program, "guard", "top", "--count", "2", "-i", "1", "--config", str(site.k.config)])
    assert live.count(b"\x1b[H") == 2 and live.count(b"u2") >= 2, live
    assert "u2" in [r["account"] for r in site.json("guard", "top")[0]["accounts"]]
    preview = site.account("account", "notice", "u2", "--kind", "brake", "--lang", "en")
    assert preview.startswith("Subject: ") and "infected device" in preview
    hostile = "x'; DROP TABLE entry; -- $(id)\x1b[2J"
    site.guard({"event": "complaint", "account": hostile, "type": "abuse"})
    assert "\x1b" not in site.account("account", "history", hostile)
    assert site.json("account", "history", hostile)[0]["account"] == hostile
    assert "no record" in site.account("account", "show", "nobody", status=66)
    site.k.stop()
    for command in ("show", "history", "explain"):
        assert "u2" in site.account("account", command, "u2", "--json")
    assert "daemon" in site.account("account", "restore", "u2", "--by", "t", "--reason", "x", status=75)
    assert "daemon" in site.account("guard", "top", status=75)


@case
def wrong_settings(site):
    """a wrong address, URL or template is refused with its place"""
    own = site.folder / "texts"
    own.mkdir()
    (own / "brake.en").write_text("Subject: x\n\nHello {acount}\n")
    for settings, says in (
        ("notify.staff: [nobody]\n", 'notify.staff: "nobody"'),
        ("notify.webhooks: ['gopher://x']\n", 'notify.webhooks: "gopher://x"'),
        (f"guard.identities_db: {site.folder}/absent.db\n", "guard.identities_db: "),
        (f"guard.identities_db: {site.folder}/users.db\nguard.identities_query: DELETE FROM alias WHERE login = ?\n",
         "a query that reads is expected"),
        (f"notify.templates: {own}\n", "brake.en:3: not known: {acount}"),
    ):
        site.k.configure(settings)
        run = subprocess.run([site.k.program, "serve", "--config", str(site.k.config)], capture_output=True, timeout=60)
        assert run.returncode == 78 and says in run.stderr.decode(), run


def main():
    with service.temporary_folder() as folder:
        site = Site(sys.argv[1], folder)
        try:
            return tap.run(site)
        finally:
            site.close()


if __name__ == "__main__":
    sys.exit(main())
