"""Learning: what is taught is durable and in force when the reply is given, over crashes, damage and full disks.

usage: check_learn.py KOMAINU
"""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import service
import tap
from tap import Skip, case

WORDS = ("turbine gasket pallet lubricant ledger orchard beacon parcel harvest copper timber saddle anchor velvet "
         "quarry lantern meadow cobalt thimble granite bobbin sextant trellis walnut").split()


def message(topic, seed, sender="a@sender.example"):
    """A message about @topic, unlike all others in the rest."""
    r = random.Random(f"{topic}/{seed}")
    text = " ".join(r.choice(WORDS) for _ in range(60))
    return (
        f"Received: from mx.sender.example (mx.sender.example [192.0.2.9]) by mx.example.jp; Mon, 2 Mar 2026 09:14:05 +0900\r\n"
        f"From: Sender <{sender}>\r\nTo: taro@example.jp\r\nSubject: {topic} {r.choice(WORDS)} {seed}\r\n"
        f"Message-ID: <{topic}.{seed}@sender.example>\r\nDate: Mon, 2 Mar 2026 09:14:05 +0900\r\n\r\n"
        f"{topic} {topic} news about {topic}: {text}\r\n"
    ).encode()


def teach(k, label, body, headers=(), want=200):
    status, answered, text = k.request("POST", f"/learn{label}", body, headers)
    assert status == want, (status, text)
    assert answered["Content-Length"] == str(len(text)), answered
    return json.loads(text)


def probability(k, body, headers=()):
    return k.scan(body, headers)["learn"]["probability"]


def told_by(k):
    """What is in force, or None while there is no keeper that could tell."""
    number, _, body = k.get("/learn/status")
    return json.loads(body) if number == 200 else None


def state(k):
    told = told_by(k)
    assert told, "no status"
    return told


def command(k, verb, body=b"", want=200):
    status, _, text = k.request("POST", f"/learn/{verb}", body)
    assert status == want, (status, text)
    return json.loads(text)


@case
def in_force_at_once(k):
    """a lesson is in force for the very next scan, on every scanner"""
    spam = message("zinnia", 1)
    before = probability(k, spam)
    answer = teach(k, "spam", spam)
    assert answer["success"] is True and answer["result"] == "learned" and answer["repeat"] is False
    after = [probability(k, spam) for _ in range(20)]
    assert all(p == after[0] > before + 0.3 for p in after), (before, after)
    assert probability(k, message("zinnia", 2)) > before


@case
def repeat_says_so(k):
    """a repeat is 200, says so and changes nothing; so is the message with other line ends and a receiver's fields"""
    spam = message("yarrow", 1)
    teach(k, "spam", spam)
    is_now = state(k)
    delivered = (b"Return-Path: <x@example.org>\nDelivered-To: taro@example.jp\nX-Spam-Flag: YES\n" +
                 spam.replace(b"\r\n", b"\n") + b"\n")
    for body in (spam, delivered):
        answer = teach(k, "spam", body)
        assert answer["result"] == "repeat" and answer["repeat"] is True, answer
    assert state(k) == is_now


@case
def changed_mind_moves(k):
    """a changed mind moves the message, undo takes it back, and that can not be done twice"""
    body = message("xylem", 1)
    before, counts = probability(k, body), state(k)
    teach(k, "spam", body)
    assert state(k)["spam"] == counts["spam"] + 1
    assert teach(k, "ham", body)["result"] == "moved"
    assert (state(k)["spam"], state(k)["ham"]) == (counts["spam"], counts["ham"] + 1)
    assert probability(k, body) < before
    assert teach(k, "undo", body)["result"] == "undone"
    assert (state(k)["spam"], state(k)["ham"]) == (counts["spam"], counts["ham"])
    assert abs(probability(k, body) - before) < 0.02
    assert teach(k, "undo", body)["result"] == "unknown"


@case
def whose_mail(k):
    """what a user teaches counts most for that user"""
    body = message("wisteria", 1)
    teach(k, "spam", body, (("User", "taro@example.jp"),))
    mine = probability(k, message("wisteria", 2), (("Rcpt", "taro@example.jp"),))
    theirs = probability(k, message("wisteria", 2), (("Rcpt", "hanako@example.com"),))
    assert mine > theirs, (mine, theirs)


@case
def one_reporter_is_capped(k):
    """the lessons of one reporter count less and less for others"""
    weights = [teach(k, "spam", message("vetch", i), (("User", "eager"),))["weight"] for i in range(21)]
    assert weights == [1.0] * 10 + [0.5] * 10 + [0.25], weights
    assert teach(k, "spam", message("vetch", 99), (("User", "calm"),))["weight"] == 1.0


@case
def refused_with_the_reason(k):
    """what can not be learned is refused with the reason, and nothing of it is kept"""
    before = state(k)
    big = b"Subject: big\r\n\r\n" + b"x" * (1 << 20)
    answer = teach(k, "spam", big, want=413)
    assert "limit" in answer["error"], answer
    assert teach(k, "spam", b"", want=400)["success"] is False
    assert k.request("GET", "/learnspam")[0] == 405
    long = "u" * 400
    teach(k, "spam", message("u", 1), (("User", long),), want=400)
    assert state(k) == before


@case
def rspamc_teaches(k):
    """Debian's rspamc learns spam and ham"""
    program = shutil.which("rspamc")
    if not program:
        raise Skip("rspamc is not installed (package rspamd)")
    with tempfile.NamedTemporaryFile(suffix=".eml") as f:
        f.write(message("umbel", 1))
        f.flush()
        for verb, result in (("learn_spam", "learned"), ("learn_spam", "repeat"), ("learn_ham", "moved")):
            out = subprocess.run([program, "-h", f"127.0.0.1:{k.http}", verb, f.name], capture_output=True, text=True,
                                 timeout=30)
            assert out.returncode == 0 and "success = true" in out.stdout, out
            assert f'result = "{result}"' in out.stdout, out.stdout


@case
def kill_nine_loses_nothing(k):
    """keepers killed at any time: every lesson that was answered is there, none is there twice"""
    stop = threading.Event()
    known, lock = [], threading.Lock()

    def client(n):
        i = 0
        while not stop.is_set():
            i += 1
            body = message("thyme", f"{n}-{i}")
            try:
                status, _, text = k.request("POST", "/learnspam", body)
            except OSError:
                continue
            if status == 200:
                with lock:
                    known.append(body)

    before = state(k)["spam"]
    threads = [threading.Thread(target=client, args=(n,)) for n in range(3)]
    for t in threads:
        t.start()
    for n in range(1, 8):
        service.wait_for("lessons are answered", lambda n=n: len(known) >= 3 * n)
        if n < 7:
            k.kill_roles("keeper")
    stop.set()
    for t in threads:
        t.join(120)
    service.wait_for("learning again", lambda: all(k.get("/learn/status")[0] == 200 for _ in range(8)))
    for body in known:
        assert teach(k, "spam", body)["repeat"] is True
    assert state(k)["spam"] >= before + len(known)
    # what is in force is what the journal makes
    model = state(k)["model"]
    assert command(k, "replay")["model"] == model


@case
def restart_and_replay_are_the_same(k):
    """the same model, byte for byte: after a restart, after a kill -9 of all, after a replay, without its file"""
    model = state(k)
    assert k.stop() == 0
    assert (k.state / "learn.model").stat().st_size > 0
    for how in ("file", "no file", "replay", "killed"):
        if how == "no file":
            (k.state / "learn.model").unlink()
        k.start()
        now = service.wait_for("model", lambda: told_by(k))
        assert now == model, (how, now, model)
        if how == "replay":
            assert command(k, "replay")["model"] == model["model"]
        if how == "killed":
            break
        k.kill_all() if how == "replay" else k.stop()


@case
def reload_keeps_it(k):
    """a reload keeps what is in force, and lessons go on being learned meanwhile"""
    body, is_now = message("tansy", 1), state(k)
    teach(k, "spam", body)
    p = probability(k, body)
    scanners = k.roles("scanner")
    k.process.send_signal(signal.SIGHUP)
    for i in range(30):
        assert teach(k, "spam", message("tansy", f"during {i}"))["success"] is True
    service.wait_for("new scanners", lambda: not set(scanners) & set(k.roles("scanner")))
    now = service.wait_for("learning", lambda: told_by(k))
    assert now["spam"] == is_now["spam"] + 31, (now, is_now)
    assert probability(k, body) >= p
    assert command(k, "replay")["model"] == now["model"]


@case
def compact_drops_what_is_void(k):
    """a compact journal has fewer rows, what is in force stays so, and a replay makes the same model"""
    body = message("tansy", 1)
    command(k, "snapshot", b"before")
    for i in range(5):
        teach(k, "spam", message("chervil", i))
    command(k, "rollback", b"before")
    before, p = state(k), probability(k, body)
    command(k, "compact", b"some", want=400)
    after = command(k, "compact", b"all")
    assert after["journal"] <= before["journal"] - 5, (before, after)
    assert (after["spam"], after["ham"]) == (before["spam"], before["ham"])
    assert probability(k, body) == p
    assert command(k, "replay")["model"] == after["model"]
    command(k, "rollback", b"before", want=404)
    assert teach(k, "spam", message("chervil", 1))["result"] == "learned"
    assert command(k, "compact", b"all")["journal"] == after["journal"] + 1


@case
def snapshot_and_rollback(k):
    """back to a snapshot: the model of then, and lessons after it can be given again"""
    command(k, "snapshot", b"good")
    model, body = state(k), message("sorrel", 1)
    before = probability(k, body)
    teach(k, "ham", body)
    assert probability(k, body) < before
    command(k, "rollback", b"none", want=404)
    command(k, "snapshot", b"not a name", want=400)
    back = command(k, "rollback", b"good")
    assert (back["spam"], back["ham"]) == (model["spam"], model["ham"])
    assert probability(k, body) == before
    assert command(k, "replay")["model"] == back["model"]
    assert teach(k, "spam", body)["result"] == "learned"


@case
def damaged_model(k):
    """a damaged or cut model file is named, and made anew from the journal"""
    model = state(k)["model"]
    k.stop()
    path = k.state / "learn.model"
    good = path.read_bytes()
    for bad in (good[:len(good) // 2], good[:5000] + bytes([good[5000] ^ 1]) + good[5001:], b"", os.urandom(5000)):
        path.write_bytes(bad)
        k.log.unlink()
        k.start()
        now = service.wait_for("model", lambda: told_by(k))
        assert now["model"] == model
        assert "learn.model" in k.said() and "made anew" in k.said(), k.said()
        k.stop()
        assert path.read_bytes() != bad
    k.start()


@case
def damaged_journal(k):
    """a damaged journal is named and set aside; what was learned stays in force, and learning goes on"""
    spam = message("rue", 1)
    teach(k, "spam", spam)
    p = probability(k, spam)
    k.stop()
    for bad in (b"SQLite format 3\0" + os.urandom(20000), os.urandom(9000), b"x"):
        (k.state / "learn.db").write_bytes(bad)
        for suffix in ("-wal", "-shm"):
            (k.state / f"learn.db{suffix}").unlink(missing_ok=True)
        k.log.unlink()
        k.start()
        service.wait_for("the log tells", lambda: "learn.db" in k.said() and "a new one is begun" in k.said())
        assert abs(probability(k, spam) - p) < 1e-9, (probability(k, spam), p)
        aside = list(k.state.glob("learn.db.broken-*"))
        assert len(bad) == 1 or aside[0].read_bytes() == bad, list(k.state.iterdir())
        body = message("rue", random.random())
        assert teach(k, "spam", body)["result"] == "learned"
        p = probability(k, spam)
        model = state(k)["model"]
        assert command(k, "replay")["model"] == model
        k.stop()
        for path in aside:
            path.unlink()
    k.start()


def komainu(k, *arguments, data=None, want=0, **environment):
    """What `komainu ARGUMENTS` prints, as JSON lines when --json is among them."""
    out = subprocess.run([k.program, *map(str, arguments)], input=data, capture_output=True, timeout=60,
                         env={**os.environ, "KOMAINU_CONFIG": str(k.config), "LC_ALL": "C", **environment}, check=False)
    assert out.returncode == want, (arguments, out)
    return [json.loads(line) for line in out.stdout.splitlines()] if "--json" in arguments else out


@case
def command_line(k):
    """`komainu learn` teaches the daemon: files, Maildir, mbox, standard input"""
    before = state(k)["spam"]
    box = k.folder / "Maildir"
    for name in ("cur", "new", "tmp"):
        (box / name).mkdir(parents=True)
        (box / name / "1:2,S").write_bytes(message("maple", name))
    mbox = k.folder / "mbox"
    mbox.write_bytes(b"".join(b"From x@y Mon Mar  2 09:14:05 2026\n" + message("maple", i).replace(b"\r\n", b"\n") + b"\n"
                              for i in range(3)))
    assert [o["result"] for o in komainu(k, "learn", "spam", "--json", box, mbox)] == ["learned"] * 5
    assert komainu(k, "learn", "spam", "--json", "-", data=message("maple", 1))[0]["result"] == "repeat"
    assert state(k)["spam"] == before + 5
    assert komainu(k, "learn", "ham", "--json", mbox)[2]["result"] == "moved"
    assert komainu(k, "learn", "undo", "--json", mbox)[0]["result"] == "undone"
    assert b"2: known already" in komainu(k, "learn", "spam", box).stdout
    assert "2 通: 学習済みです" in komainu(k, "learn", "spam", "--lang", "ja", box).stdout.decode()
    big = k.folder / "big"
    big.write_bytes(b"Subject: x\r\n\r\n" + b"x" * (1 << 20))
    lines = komainu(k, "learn", "spam", "--json", big, "/nonexistent", box, want=65)
    assert "limit" in lines[0]["error"] and "error" in lines[1] and lines[2]["result"] == "repeat", lines
    told = komainu(k, "learn", "status", "--json")[0]
    assert told["spam"] == before + 2 and told["model"] == state(k)["model"] and told["reporters"], told


@case
def scan_is_the_daemons(k):
    """`komainu scan` judges as the daemon does, with what was learned a moment ago"""
    for seed in range(3):
        body = message("teasel", seed)
        teach(k, "spam", body)
        path = k.folder / "scan.eml"
        path.write_bytes(body)
        verdict = komainu(k, "scan", "--json", path)[0]
        assert verdict["learn"]["probability"] == k.scan(body, (("Envelope", "stored"),))["learn"]["probability"]


@case
def backup(k):
    """an export makes the same model elsewhere, adds nothing to itself, and is refused when damaged"""
    file, other = k.folder / "lessons.kml", k.folder / "elsewhere"
    komainu(k, "learn", "export", file)
    is_now = state(k)
    there = komainu(k, "learn", "import", "--json", "--state-dir", other, file)[0]
    assert (there["spam"], there["ham"], there["model"]) == (is_now["spam"], is_now["ham"], is_now["model"]), (there, is_now)
    komainu(k, "learn", "import", file)
    assert state(k) == is_now
    good = file.read_bytes()
    for bad in (good[:-1], good[:200], good[:40], good + b"x", good[:900] + b"?" + good[901:], b"", b"KMLEARN1"):
        file.write_bytes(bad)
        out = komainu(k, "learn", "import", "--state-dir", k.folder / "third", file, want=65)
        assert b"lessons.kml" in out.stderr, out
    assert not (k.folder / "third").exists()


@case
def without_the_daemon(k):
    """without the daemon the command learns by itself, and the daemon then goes on from there"""
    body = message("larch", 1)
    path = k.folder / "larch.eml"
    path.write_bytes(body)
    # while it runs, its store is nobody else's
    out = komainu(k, "learn", "spam", "--state-dir", k.state, path, want=75)
    assert b"another process" in out.stderr, out
    k.stop()
    try:
        assert komainu(k, "learn", "spam", "--json", path)[0]["result"] == "learned"
        model = komainu(k, "learn", "status", "--json")[0]["model"]
        assert (k.state / "learn.db").stat().st_uid == k.state.stat().st_uid
    finally:
        k.start()
    now = service.wait_for("model", lambda: told_by(k))
    assert now["model"] == model
    assert teach(k, "spam", body)["repeat"] is True


@case
def hostile_clients(k):
    """broken requests and clients that go away cost nothing"""
    before = state(k)
    for data in (b"POST /learnspam HTTP/1.1\r\nHost: x\r\nContent-Length: 500\r\n\r\nFrom: a\r\n",
                 b"POST /learnspam HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
                 b"POST /learn/import HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nKMR1xxxxx",
                 b"POST /learn/rollback HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n\x00\xff\x01"):
        with socket.create_connection(("127.0.0.1", k.http), 5) as s:
            s.sendall(data)
            s.settimeout(0.3)
            try:
                s.recv(1000)
            except socket.timeout:
                pass
    time.sleep(0.3)
    assert state(k) == before


@case
def password(k):
    """the password opens what learn.networks closes"""
    folder = k.folder / "access"
    folder.mkdir()
    (folder / "password").write_text("saffron\n")
    other = service.Komainu(k.program, folder, f"learn.networks: []\nlearn.password_file: {folder}/password\n").start()
    try:
        body = message("quince", 1)
        before = probability(other, body)
        teach(other, "spam", body, want=403)
        teach(other, "spam", body, (("Password", "wrong"),), want=403)
        assert other.get("/learn/status")[0] == 403
        assert teach(other, "spam", body, (("Password", "saffron"),))["result"] == "learned"
        assert probability(other, body) > before + 0.3, (before, probability(other, body))
    finally:
        other.stop()


@case
def disk_full(k):
    """a full disk is an error to the reporter, and nothing is half learned"""
    folder = k.folder / "full"
    disk = folder / "state"
    disk.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0777", "tmpfs", str(disk)],
                      capture_output=True).returncode != 0:
        raise Skip("no rights to mount a small disk")
    other = service.Komainu(k.program, folder, "records.keep: 1d\n")
    try:
        other.start()
        kept, refused = [], 0
        while refused < 3:
            body = message("parsnip", len(kept)) + random.Random(len(kept) + refused).randbytes(4000).hex().encode()
            status, _, text = other.request("POST", "/learnspam", body)
            if status == 200:
                kept.append(body)
                assert len(kept) < 1000
                continue
            assert status == 503 and "full" in json.loads(text)["error"], (status, text)
            refused += 1
        before = state(other)
        assert before["spam"] == len(kept), (before, len(kept))
        other.kill_all()
        subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True)
        other.start()
        now = service.wait_for("model", lambda: told_by(other))
        assert now == before, (now, before)
        assert teach(other, "spam", body)["result"] == "learned"
    finally:
        other.stop()
        subprocess.run(["umount", str(disk)], capture_output=True)


def main():
    with service.running(sys.argv[1], "limits.message_size: 512K\nlearn.daily_lessons: 10\n") as k:
        status = tap.run(k)
    sys.exit(status)


main()
