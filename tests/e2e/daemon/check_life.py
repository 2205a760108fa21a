"""The daemon's life: reload, drain, hung and killed processes, damaged and old records, sockets, limits.

usage: check_life.py KOMAINU
"""

import contextlib
import ctypes
import grp
import os
import pathlib
import re
import shutil
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import tempfile
import time

import service
import tap
from milter import NEGOTIATE, Peer, honest, one_message, packet
from tap import Skip, case

PACK = """\
version: life
thresholds: {tag: 6, quarantine: 10, reject: 15}
probability: {even: 6, slope: 0.7}
points:
  FROM_MULTIPLE: 20
overrides:
  lenient.example: {thresholds: {reject: off}}
  tagged.example: {thresholds: {reject: off, quarantine: off}}
  postmaster@example.jp: {off: true}
classes:
  - {class: spam, min_score: 6}
"""


@contextlib.contextmanager
def daemon(program, settings="", start=True):
    """A daemon of its own for one case; must end in good order."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="komainu-e2e-"))
    folder.chmod(0o755)
    (folder / "pack.yaml").write_text(PACK)
    k = service.Komainu(program, folder, f"policy.pack: {folder}/pack.yaml\n" + settings)
    try:
        if start:
            k.start()
        yield k
        if k.process:
            assert k.stop() == 0, k.said()
    finally:
        if k.process and k.process.poll() is None:
            k.process.kill()
            k.process.wait(10)
        shutil.rmtree(folder, ignore_errors=True)


def begin(k, **options):
    """A peer that has negotiated."""
    p = Peer(k.milter).send(NEGOTIATE)
    assert p.receive()[0] == b"O"
    return p


def field(replies):
    """The X-Komainu field that is inserted."""
    return next(d[4:].split(b"\0")[1].strip() for c, d in replies if c == b"i" and d[4:].startswith(b"X-Komainu\0"))


def reload(k, settings=None):
    before = k.said().count("in force")
    if settings is not None:
        k.configure(settings)
    k.process.send_signal(signal.SIGHUP)
    service.wait_for("reload", lambda: k.said().count("in force") > before)


@case
def unjudged_is_let_through_where_configured(program):
    """policy.default_on_error: tempfail by default; with accept the message says that it is not recorded"""
    for setting, want in (("", b"y"), ("policy.default_on_error: accept\n", b"c")):
        with daemon(program, setting) as k:
            keeper = k.roles("keeper")[0]
            p = begin(k)
            os.kill(keeper, signal.SIGSTOP)
            p.send(one_message(b"unjudged", forged=True))
            replies = p.answers()
            os.kill(keeper, signal.SIGCONT)
            assert replies[-1][0] == want, replies
            if want == b"c":
                assert b"action=accept error=not-recorded" in field(replies), replies
            else:
                assert replies[-1][1].startswith(b"451 4.7.1 "), replies
            p.close()


@case
def keeper_can_not_start(program):
    """no keeper comes up: 451 for the milter, 503 and "soft reject" by HTTP, until one does"""
    with daemon(program) as k:
        database, aside = k.state / "records.db", k.state / "aside"
        os.kill(k.roles("keeper")[0], signal.SIGSTOP)
        database.rename(aside)
        database.mkdir()
        os.kill(k.roles("keeper")[0], signal.SIGKILL)
        service.wait_for("503", lambda: k.get("/ready")[0] == 503)
        # Each scanner notices by itself, and until then keeps its records for the next keeper.
        service.wait_for("all scanners know", lambda: all(honest(k)[0] == b"y" for _ in range(10)))
        cmd, data = honest(k)
        assert cmd == b"y" and data.startswith(b"451 4.7.1 "), data
        message = b"From: alice@example.com\r\n\r\nhello\r\n"
        status, _, body = k.request("POST", "/scan", message)
        assert status == 503 and b"records" in body, (status, body)
        o = k.scan(message, path="/checkv2")
        assert o["action"] == "soft reject" and o["symbols"] == {} and o["error"], o
        assert str(database) in k.said(), k.said()
        database.rmdir()
        aside.rename(database)
        # One scanner may know of the new keeper before the other does.
        service.wait_for("mail is taken again", lambda: honest(k)[0] == b"c")


@case
def strictest_common_action(program):
    """recipients with other settings: the strictest action that all of them have in common"""
    with daemon(program) as k:
        for rcpts, want in (
            ((b"bob@example.jp",), b"y"),
            ((b"a@lenient.example",), b"q"),
            ((b"bob@example.jp", b"a@lenient.example"), b"q"),
            ((b"a@lenient.example", b"b@tagged.example", b"bob@example.jp"), b"tag"),
            ((b"bob@example.jp", b"Postmaster@Example.JP"), b"accept"),
        ):
            p = begin(k).send(one_message(b"common", rcpts, forged=True))
            replies = p.answers()
            p.close()
            if len(want) == 1:
                assert any(cmd == want for cmd, _ in replies), (rcpts, replies)
            else:
                assert replies[-1][0] == b"c", (rcpts, replies)
                assert field(replies).startswith(b"action=" + want), (rcpts, replies)


@case
def pipelined_behind_a_waiting_answer(program):
    """messages that come while an answer waits for its record are not lost, nor when the keeper dies"""
    with daemon(program) as k:
        three = b"".join(one_message(b"piped-%d" % i, forged=i != 1) for i in range(3))
        for kill in (False, True):
            for _ in range(5):
                p = begin(k)
                if kill:
                    os.kill(k.roles("keeper")[0], signal.SIGKILL)
                p.send(three)
                assert [p.final()[0] for _ in range(3)] == [b"y", b"c", b"y"]
                p.close()
                service.wait_for("keeper", lambda: len(k.roles("keeper")) == 1)
        service.wait_for("30 records", lambda: len([r for r in k.records() if r["subject"].startswith("piped-")]) == 30)


def stolen_line(pid):
    """A copy of the scanner's socket to the keeper: the one that is a stream, unnamed and connected."""
    call = ctypes.CDLL(None, use_errno=True).syscall
    handle = call(434, pid, 0)  # pidfd_open
    for name in os.listdir(f"/proc/{pid}/fd"):
        fd = call(438, handle, int(name), 0)  # pidfd_getfd
        if fd < 0 or not stat.S_ISSOCK(os.fstat(fd).st_mode):
            continue
        s = socket.socket(fileno=fd)
        if s.family == socket.AF_UNIX and s.type == socket.SOCK_STREAM and s.getsockname() == s.getpeername() == "":
            return s
    raise Skip("descriptors of another process can not be taken here")


@case
def line_to_the_keeper_is_remade(program):
    """a line on which nonsense came is closed and made again; what was under way is written all the same"""
    if os.geteuid() != 0:
        raise Skip("needs root, to write on another process's socket")
    with daemon(program) as k:
        for pid in k.roles("scanner"):
            with stolen_line(pid) as line:
                line.sendall(b"\xff" * 64)
        for i in range(20):
            p = begin(k).send(one_message(b"line-%d" % i, forged=i % 2 == 1))
            assert p.final()[0] == (b"y" if i % 2 else b"c")
            p.close()
        service.wait_for("closed lines", lambda: k.said().count("its line is closed") == 2)
        service.wait_for("records", lambda: len([r for r in k.records() if r["subject"].startswith("line-")]) == 20)


@case
def roles_tell_their_names(program):
    """ps shows what each process is for"""
    with daemon(program) as k:
        for name in ("scanner", "keeper"):
            for pid in k.roles(name):
                assert re.fullmatch(rf"komainu: {name} \d+\0", pathlib.Path(f"/proc/{pid}/cmdline").read_text())
                assert pathlib.Path(f"/proc/{pid}/comm").read_text() == f"komainu:{name}\n"


@case
def sigterm_drains(program):
    """SIGTERM: a message under way is finished, idle connections are closed, the status is 0"""
    with daemon(program) as k:
        idle, busy = begin(k), begin(k)
        whole = one_message(b"drained")
        busy.send(whole[:-5])
        service.wait_until_read(busy.s)
        process = k.process
        # as systemd does it: to every process of the service at once
        for pid in k.roles("scanner") + k.roles("keeper") + [process.pid]:
            os.kill(pid, signal.SIGTERM)
        assert idle.closed()
        assert process.poll() is None
        busy.send(whole[-5:])
        assert busy.final()[0] == b"c"
        assert process.wait(60) == 0, k.said()
        assert "signal" not in k.said(), k.said()
        assert [r["subject"] for r in k.records()] == ["drained"]
        k.start()


@case
def hung_scanner(program):
    """a scanner that hangs is killed and replaced; one that hangs while ending holds nothing up for ever"""
    with daemon(program, "scanner.hang_timeout: 3s\n") as k:
        first = k.roles("scanner")
        os.kill(first[0], signal.SIGSTOP)
        service.wait_for("replaced", lambda: len(k.roles("scanner")) == 2 and first[0] not in k.roles("scanner"))
        assert "no sign of life" in k.said()
        assert honest(k)[0] == b"c"
        os.kill(k.roles("scanner")[0], signal.SIGSTOP)
        assert k.stop() == 0


@case
def supervisor_killed(program):
    """the supervisor killed: a message under way is finished, the roles end, the ports are free again"""
    with daemon(program) as k:
        p = begin(k)
        whole = one_message(b"orphan", forged=True)
        p.send(whole[:-5])
        service.wait_until_read(p.s)
        pids = k.roles("scanner") + k.roles("keeper")
        k.stop(signal.SIGKILL)
        service.wait_for("ports are free", lambda: not service.listens(k.milter) and not service.listens(k.http))
        p.send(whole[-5:])
        assert p.final()[0] == b"y"
        service.wait_for("roles have ended", lambda: not any(service.alive(pid) for pid in pids))
        k.start()
        assert [r["subject"] for r in k.records()] == ["orphan"]


@case
def reload_changes(program):
    """reload: other number of scanners; a changed address is named; a missing DNS snapshot is refused"""
    with daemon(program) as k:
        good = k.settings
        k.config.write_text(k.config.read_text().replace("processes: 2", "processes: 3"))
        before = k.said().count("in force")
        k.process.send_signal(signal.SIGHUP)
        service.wait_for("reload", lambda: k.said().count("in force") > before)
        service.wait_for("3 scanners", lambda: len(k.roles("scanner")) == 3)
        port, k.milter = k.milter, service.free_port()
        reload(k, good)
        k.milter = port
        assert "listen.milter was" in k.said() and "restart" in k.said(), k.said()
        service.wait_for("2 scanners", lambda: len(k.roles("scanner")) == 2)
        assert honest(k)[0] == b"c"
        k.configure(good + "dns.snapshot: /nonexistent/x.zone\n")
        k.process.send_signal(signal.SIGHUP)
        service.wait_for("refusal", lambda: "reload refused" in k.said() and "x.zone" in k.said())
        assert honest(k)[0] == b"c"


@case
def many_reloads(program):
    """reloads one upon another, with all old connections open, until there is no room: refused, none harmed"""
    with daemon(program) as k:
        if "built with sanitizers" in k.said():
            raise Skip("with sanitizers, starting so many processes takes longer than an MTA waits")
        for _ in range(5):
            k.process.send_signal(signal.SIGHUP)
            time.sleep(0.02)
        # The last of them has got its own number of processes once that is another one.
        k.config.write_text(k.config.read_text().replace("processes: 2", "processes: 1"))
        k.process.send_signal(signal.SIGHUP)
        service.wait_for("1 scanner", lambda: len(k.roles("scanner")) == 1 and k.ready())
        k.config.write_text(k.config.read_text().replace("processes: 1", "processes: 2"))
        reload(k)
        service.wait_for("2 scanners", lambda: len(k.roles("scanner")) == 2)
        k.config.write_text(k.config.read_text().replace("processes: 2", "processes: 31"))
        peers = []
        for _ in range(3):
            before = k.said().count("in force") + k.said().count("refused")
            k.process.send_signal(signal.SIGHUP)
            service.wait_for("reload", lambda: k.said().count("in force") + k.said().count("refused") > before)
            peers += [begin(k) for _ in range(200)]
        assert "there is room for" in k.said(), k.said()
        for i, p in enumerate(peers):
            p.send(one_message(b"old-%d" % i))
        for p in peers:
            assert p.final()[0] == b"c"
        assert k.ready()
        k.process.send_signal(signal.SIGTERM)
        k.process.send_signal(signal.SIGHUP)
        assert k.process.wait(90) == 0, k.said()
        for p in peers:
            p.close()
        k.process = None


@case
def damaged_records(program):
    """a damaged database is set aside, at start and while running; mail goes on"""
    with daemon(program) as k:
        honest(k)
        service.wait_for("record", k.records)
        k.stop()
        path = k.state / "records.db"
        path.write_bytes(b"no database at all. " * 1000)
        os.chmod(path, 0o666)
        shown = subprocess.run([program, "log", "--state-dir", str(k.state)], capture_output=True, text=True)
        assert shown.returncode != 0 and "damaged" in shown.stderr and str(path) in shown.stderr, shown
        k.start()
        assert honest(k)[0] == b"c"
        kept = list(k.state.glob("records.db.broken-*"))
        assert len(kept) == 1 and kept[0].read_bytes().startswith(b"no database"), kept
        assert "set aside" in k.said() or "it is now records.db.broken-" in k.said(), k.said()
        service.wait_for("record", k.records)
        time.sleep(1.1)
        # now under the running keeper: the schema page is overwritten through the log
        with sqlite3.connect(path) as db:
            db.execute("PRAGMA writable_schema = ON")
            db.execute("UPDATE sqlite_master SET rootpage = 9999 WHERE name = 'verdict'")
            db.execute("PRAGMA schema_version = 9999")
        db.close()
        service.wait_for("mail is taken", lambda: honest(k)[0] == b"c")
        service.wait_for("set aside again", lambda: len([p for p in k.state.glob("records.db.broken-*") if not p.name.endswith("-wal")]) == 2)
        # The new one is being made: until then the command says that there is none.
        log = [program, "log", "--state-dir", str(k.state), "--json"]
        service.wait_for("record", lambda: subprocess.run(log, capture_output=True).stdout)


@case
def old_records_go(program):
    """records.keep: older records are deleted"""
    with daemon(program) as k:
        for _ in range(5):
            honest(k)
        service.wait_for("5 records", lambda: len(k.records()) == 5)
        k.stop()
        time.sleep(1.1)
        k.configure(k.settings + "records.keep: 1s\n").start()
        service.wait_for("they are gone", lambda: not k.records())
        k.stop()
        k.configure(k.settings.replace("1s", "1h")).start()
        honest(k)
        service.wait_for("a record", lambda: len(k.records()) == 1)
        time.sleep(1.5)
        assert len(k.records()) == 1


@case
def log_command(program):
    """komainu log: filters, --follow, hostile text, no database, no permission, a database being written"""
    with daemon(program) as k:
        log = [program, "log", "--state-dir", str(k.state)]
        out = subprocess.run(log, capture_output=True, text=True)
        assert (out.returncode, out.stdout) == (0, ""), out
        follow = subprocess.Popen(log + ["--json", "--follow"], stdout=subprocess.PIPE, text=True)
        begin(k).send(one_message(b"rejected", (b"bob@example.jp", b"carol@example.jp"), forged=True)).answers()
        begin(k).send(one_message(b"steer \x1b[31m \xc2\x9b31m \xff\x00".replace(b"\0", b""))).answers()
        assert "rejected" in follow.stdout.readline()
        assert "steer" in follow.stdout.readline()
        follow.kill()
        follow.wait()
        follow.stdout.close()
        reject = k.records("--action", "reject")[0]
        for options, want in (
            (("--id", reject["id"]), 1), (("--id", "01M00000000000000000000000"), 0), (("--address", "CAROL@"), 1),
            (("--address", "alice@example.com"), 2), (("--address", "nobody@"), 0), (("--action", "accept"), 1),
            (("--since", "1h"), 2), (("--until", "1h"), 0), (("--since", "2099-01-01T00:00:00Z"), 0),
        ):
            assert len(k.records(*options)) == want, (options, k.records(*options))
        shown = subprocess.run(log + ["--facts"], capture_output=True).stdout
        assert b"steer" in shown and b"\x1b" not in shown and b"\xc2\x9b" not in shown, shown
        shown.decode("utf-8")
        holder = sqlite3.connect(k.state / "records.db", isolation_level=None)
        holder.execute("BEGIN IMMEDIATE")
        assert len(k.records()) == 2
        holder.execute("ROLLBACK")
        holder.close()
        out = subprocess.run([program, "log", "--state-dir", str(k.folder)], capture_output=True, text=True)
        assert out.returncode == 74 and "no records" in out.stderr, out
        if os.geteuid() == 0:
            out = subprocess.run(log, capture_output=True, text=True, user="daemon", group="daemon", extra_groups=[])
            assert out.returncode == 74 and "ermission" in out.stderr and "group" in out.stderr, out


@case
def unix_sockets(program):
    """unix: sockets are for owner and group, serve, replace a stale one, and go at exit"""
    with daemon(program, start=False) as k:
        run = k.folder / "run"
        run.mkdir()
        if os.geteuid() == 0:
            os.chown(run, -1, grp.getgrnam("mail").gr_gid)
        run.chmod(0o2777)
        path = run / "milter.sock"
        text = k.config.read_text().replace(f"listen.milter: 127.0.0.1:{k.milter}", f"listen.milter: unix:{path}")
        k.config.write_text(text)
        stale = socket.socket(socket.AF_UNIX)
        stale.bind(str(path))
        stale.close()
        k.start()
        mode = path.stat()
        assert stat.S_ISSOCK(mode.st_mode) and stat.S_IMODE(mode.st_mode) == 0o660, oct(mode.st_mode)
        if os.geteuid() == 0:
            assert mode.st_uid == k.state.stat().st_uid != 0, mode
            assert mode.st_gid == grp.getgrnam("mail").gr_gid, mode
        p = Peer(path).send(NEGOTIATE + one_message(b"local"))
        assert p.receive()[0] == b"O" and p.final()[0] == b"c"
        p.close()
        assert k.stop() == 0
        assert not path.exists()


@case
def another_user_before(program):
    """files that an earlier user left are handed over; links are not followed"""
    if os.geteuid() != 0:
        raise Skip("needs root")
    with daemon(program) as k:
        honest(k)
        service.wait_for("record", k.records)
        k.stop()
        for path in [k.state, *k.state.iterdir()]:
            os.chown(path, 0, 0)
        k.start()
        assert honest(k)[0] == b"c"
        k.stop()
        victim = k.folder / "victim"
        victim.write_text("root's")
        os.link(victim, k.state / "records.db-wal")
        out = subprocess.run([program, "serve", "--config", str(k.config)], capture_output=True, text=True, timeout=60)
        assert out.returncode == 74 and "records.db-wal" in out.stderr, out
        assert victim.stat().st_uid == 0
        (k.state / "records.db-wal").unlink()


@case
def limits_of_a_message(program):
    """12,000 recipients, a huge HELO, no queue id, 100,000 different X- fields: judged and recorded, in time"""
    with daemon(program) as k:
        rcpts = [b"user%05d@example.jp" % i for i in range(12000)]
        begin(k).send(one_message(b"rcpts", rcpts)).answers()
        r = service.wait_for("record", k.records)[-1]
        assert r["n_rcpts"] == 12000 and r["rcpts"].startswith("user00000@example.jp user00001@"), r["n_rcpts"]
        assert r["queue_id"] == ""
        whole = one_message(b"helo").replace(packet(b"H", b"client.example.com\0"), packet(b"H", b"h" * 500000 + b"\0"))
        assert begin(k).send(whole).answers()[-1][0] == b"c"
        fields = b"".join(packet(b"L", b"X-%d\0 y\0" % i) for i in range(100000))
        begun = time.monotonic()
        assert begin(k).send(one_message(b"fields", extra=fields)).answers()[-1][0] == b"c"
        print(f"# 100,000 fields in {time.monotonic() - begun:.1f} s")
        forged = packet(b"L", b"X-Komainu\0 class=ham\0") * 3 + packet(b"L", b"x-spam-flag\0 NO\0")
        replies = begin(k).send(one_message(b"forged", extra=forged)).answers()
        assert [d[:4] for c, d in replies if c == b"m"] == [b"\0\0\0\3", b"\0\0\0\2", b"\0\0\0\1", b"\0\0\0\1"], replies


@case
def start_is_refused(program):
    """a missing DNS snapshot is named at start"""
    with daemon(program, "dns.snapshot: /nonexistent/x.zone\n", start=False) as k:
        out = subprocess.run([program, "serve", "--config", str(k.config)], capture_output=True, text=True, timeout=60)
        assert out.returncode == 78 and "x.zone" in out.stderr, out


sys.exit(tap.run(sys.argv[1]))
