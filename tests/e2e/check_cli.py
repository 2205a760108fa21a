#!/usr/bin/env python3
"""The commands of the terminal as a person and a script meet them (DESIGN.md section 7).
usage: check_cli.py PROGRAM DIRECTORY_OF_MANUAL_PAGES     prints TAP"""
import json
import os
import pty
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time

PROGRAM, MANUALS = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ENV = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "TERM": "xterm", "KOMAINU_CONFIG": "",
       "HOME": "/nonexistent"}
PLAIN = (b"Return-Path: <sender@example.jp>\r\n"
         b"Received: from mx.example.jp (mx.example.jp [203.0.113.7]) by in.example.com with ESMTP id 1\r\n"
         b"\tfor <you@example.com>; Mon, 02 Mar 2026 09:14:05 +0900\r\n"
         b"From: Hanako <hanako@example.jp>\r\nTo: you@example.com\r\nSubject: =?UTF-8?B?44GT44KT44Gr44Gh44Gv?=\r\n"
         b"Date: Mon, 02 Mar 2026 09:14:00 +0900\r\nMessage-ID: <1@example.jp>\r\n"
         b"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello\r\n")
HOSTILE = (b"From: a@example.jp\r\nSubject: \x1b]0;owned\x07 \x1b[31m\xc2\x9b1m\xe2\x80\xaetxt\r\n"
           b"Date: Mon, 02 Mar 2026 09:14:00 +0900\r\nContent-Type: text/plain\r\nX-Odd: \x1b[2J\r\n\r\n\x1b[2J\r\n")
TWO_READINGS = (b"From: a@example.jp\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=a\r\n"
                b"Date: Mon, 02 Mar 2026 09:14:00 +0900\r\nContent-Type: text/plain\r\n\r\n--a\r\nContent-Type: text/html\r\n\r\n<p>hi <a href='http://x.example/'>"
                b"x</a></p>\r\n--a\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nMZ\r\n--a--\r\n")
FROM_LINE = b"From sender@example.jp Mon Mar  2 09:14:05 2026\n"
ESC = b"\x1b"


def run(*args, stdin=b"", env=None, **more):
    return subprocess.run([PROGRAM, *args], input=stdin, capture_output=True, check=False, timeout=60,
                          env={**ENV, **(env or {})}, **more)


def lines(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def on_terminal(*args, env=None, feed=None):
    """Runs with standard output and error on a terminal; returns what it showed."""
    master, slave = pty.openpty()
    process = subprocess.Popen([PROGRAM, *args], stdin=subprocess.DEVNULL, stdout=slave, stderr=slave,
                               env={**ENV, **(env or {})})
    os.close(slave)
    if feed:
        threading.Thread(target=feed).start()
    shown = b""
    try:
        while block := os.read(master, 65536):
            shown += block
    except OSError:  # the terminal's other side was closed
        pass
    process.wait(timeout=60)
    os.close(master)
    return shown


def write(name, content):
    os.makedirs(os.path.dirname(name) or ".", exist_ok=True)
    with open(name, "wb") as f:
        f.write(content)
    return name


def without_chance(verdict):
    return {k: v for k, v in verdict.items() if k not in ("id", "timings_us")}


# ---- each function is a test; an assertion that fails shows its values ----

def helps_everywhere():
    names = re.findall(r"^  ([a-z]+(?: [a-z]+)?)  ", run("--help").stdout.decode(), re.M)
    assert {"scan", "show", "config check", "config show", "config explain", "version"} <= set(names), names
    for name in names:
        for lang, word in (("en", "Usage: komainu " + name), ("ja", "使い方: komainu " + name)):
            r = run(*name.split(), "--help", "--lang", lang)
            assert r.returncode == 0 and r.stdout.decode().startswith(word), (name, lang, r)
            assert max(map(len, r.stdout.decode().splitlines())) <= 80, (name, lang)
            assert r.stdout == run("help", *name.split(), env={"LC_ALL": "ja_JP.UTF-8" if lang == "ja" else "C"}).stdout


def suggests_what_was_meant():
    for args, near in ((["scna"], "scan"), (["config", "chek"], "config check"), (["scan", "--exlpain"], "--explain"),
                       (["config", "show", "lisen.http"], "listen.http")):
        r = run(*args)
        assert r.returncode == 64 and near in r.stderr.decode() and not r.stdout, (args, r)
    for args in ([], ["config"], ["scan", "-j", "0"], ["scan", "--now", "noon"], ["version", "extra"],
                 ["docs", "man"], ["config", "explain"]):
        r = run(*args)
        assert r.returncode == 64 and r.stderr, (args, r)


def verdict_keeps_its_contract():
    r = run("scan", "--json", "plain.eml")
    assert r.returncode == 0 and r.stdout.endswith(b"\n") and not r.stderr, r
    (v,) = lines(r)
    number, text = (int, float), str
    kinds = {"file": text, "id": text, "class": text, "category": text, "brand": (text, type(None)), "action": text,
             "score": number, "probability": number, "auth": dict, "facts": list, "explanation": dict,
             "advice": (text, type(None)), "timings_us": dict}
    for key, kind in kinds.items():
        assert key in v and isinstance(v[key], kind), (key, v)
    assert v["file"] == "plain.eml" and re.fullmatch(r"[0-9A-HJKMNP-TV-Z]{26}", v["id"])
    assert v["class"] in "ham spam phish malware scam bulk".split()
    assert v["action"] in "accept tag junk quarantine greylist reject tempfail discard".split()
    assert 0 <= v["probability"] <= 1
    assert set(v["explanation"]) == {"recipient", "admin", "sender"} and all(v["explanation"].values())
    (v,) = lines(run("scan", "--json", "hostile.eml"))
    assert v["facts"]
    for f in v["facts"]:
        assert {"id", "group", "points", "seen", "part", "offset", "length", "text"} <= set(f), f
        assert f["group"] in ("structure mime ambiguity sender auth link brand wording disguise attachment list "
                              "learn outbound").split(), f
        assert f["text"] and ESC.decode() not in f["text"], f


def languages():
    ja, en = (lines(run("scan", "--json", "--lang", lang, "hostile.eml"))[0] for lang in ("ja", "en"))
    assert re.search("[ぁ-ん]", ja["explanation"]["admin"]) and not re.search("[ぁ-ん]", en["explanation"]["admin"])
    assert re.search("[ぁ-ん]", run("scan", "hostile.eml", env={"LC_ALL": "ja_JP.UTF-8"}).stdout.decode())
    assert not re.search("[ぁ-ん]", run("scan", "hostile.eml").stdout.decode())
    write("en.yaml", b"language: en\n")
    r = run("scan", "--config", "en.yaml", "hostile.eml", env={"LC_ALL": "ja_JP.UTF-8"})
    assert not re.search("[ぁ-ん]", r.stdout.decode()), r


def files_as_given_and_in_order():
    names = [write(f"many/{n:03}.eml", PLAIN.replace(b"Hello", b"Hello " * (n % 7 * 400))) for n in range(120)]
    names = names[60:] + ["./" + n for n in names[:60]] + ["absent.eml", "plain.eml", "plain.eml"]
    one, four = (run("scan", "--json", "-j", jobs, *names) for jobs in "14")
    assert one.returncode == four.returncode == 66
    assert [v["file"] for v in lines(four)] == names
    assert list(map(without_chance, lines(one))) == list(map(without_chance, lines(four)))
    plain = run("scan", "-j", "4", *names[:100]).stdout.decode().splitlines()
    assert [re.search(r"(\S+/\d+\.eml)", line)[1] for line in plain[:100]] == names[:100]


def odd_file_names():
    names = [b"with space.eml", "日本.eml".encode(), b"bad\xff\x1b[31m.eml"]
    for name in names:
        write(name, PLAIN)
    seen = [v["file"] for v in lines(run("scan", "--json", *names))]
    assert seen == ["with space.eml", "日本.eml", "bad\ufffd\x1b[31m.eml"], seen
    assert ESC not in run("scan", *names).stdout


def unreadable_is_an_error_of_its_own():
    os.makedirs("void", exist_ok=True)
    r = run("scan", "--json", "plain.eml", "absent.eml", "void", "plain.eml")
    got = lines(r)
    assert r.returncode == 66 and [v["file"] for v in got] == ["plain.eml", "absent.eml", "plain.eml"], got
    assert set(got[1]) == {"file", "error"} and got[1]["error"], got[1]
    r = run("scan", "absent.eml", "plain.eml")
    assert r.returncode == 66 and b"absent.eml" in r.stderr and b"plain.eml" in r.stdout, r
    assert run("scan", "--json", "void").stdout == b"" and b"0 messages judged" in run("scan", "void").stdout
    assert run("scan", "plain.eml", env={"KOMAINU_CONFIG": "absent.yaml"}).returncode in (66, 78)
    assert run("scan", "--dns-snapshot", "absent.zone", "plain.eml").returncode == 66
    with open("/dev/full", "wb") as full:
        r = subprocess.run([PROGRAM, "scan", "--json", "plain.eml"], stdout=full, stderr=subprocess.PIPE, env=ENV,
                           check=False)
    assert r.returncode == 74 and r.stderr, r


def standard_input():
    by_name = without_chance(lines(run("scan", "--json", "plain.eml"))[0])
    for args in ([], ["-"]):
        (v,) = lines(run("scan", "--json", *args, stdin=PLAIN))
        assert v["file"] == "-" and without_chance(v) == {**by_name, "file": "-"}, v
    mbox = FROM_LINE + PLAIN + b"\n" + FROM_LINE + PLAIN
    assert [v["file"] for v in lines(run("scan", "--json", stdin=mbox))] == ["-:1", "-:2"]
    assert len(lines(run("scan", "--json", stdin=b""))) == 1


def folders_maildirs_mboxes():
    write("box/cur/1:2,S", PLAIN)
    write("box/new/2", PLAIN)
    write("box/tmp/3", PLAIN)
    os.makedirs("box/.Sent/new", exist_ok=True)
    write("box/.Sent/cur/4", PLAIN)
    write("some.mbox", FROM_LINE + PLAIN + b"\r\n" + FROM_LINE + b">From x\n" + HOSTILE)
    write("one.mbox", FROM_LINE + PLAIN)
    got = [v["file"] for v in lines(run("scan", "--json", "box", "some.mbox", "one.mbox"))]
    assert got == ["box/.Sent/cur/4", "box/cur/1:2,S", "box/new/2", "some.mbox:1", "some.mbox:2", "one.mbox"], got


def broken_pipe():
    names = ["plain.eml"] * 3000
    p = subprocess.Popen([PROGRAM, "scan", "--json", "-j", "2", *names], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env=ENV)
    p.stdout.readline()
    p.stdout.close()
    assert p.wait(timeout=30) in (-13, 74) and b"Sanitizer" not in p.stderr.read()
    p.stderr.close()


def colours_only_on_a_terminal():
    assert ESC in on_terminal("scan", "plain.eml", "hostile.eml")
    assert ESC not in on_terminal("scan", "plain.eml", "hostile.eml", env={"NO_COLOR": "1"})
    assert ESC not in on_terminal("scan", "plain.eml", "hostile.eml", env={"TERM": "dumb"})
    assert ESC not in run("scan", "plain.eml", "hostile.eml").stdout
    shown = on_terminal("scan", "--explain", "hostile.eml", env={"NO_COLOR": "1"})
    shown += on_terminal("show", "--headers", "hostile.eml", env={"NO_COLOR": "1"})
    shown += on_terminal("show", "--part", "1", "hostile.eml", env={"NO_COLOR": "1"})
    assert not re.search(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80\xae", shown), shown


def progress_bar_for_long_work():
    os.mkfifo("slow")

    def feed():
        with open("slow", "wb") as f:
            time.sleep(0.7)
            f.write(PLAIN)

    shown = on_terminal("scan", "plain.eml", "slow", "plain.eml", feed=feed)
    assert re.search(rb"\r[^\n]*/s", shown) and b"\r\x1b[K" in shown, shown
    assert b"/s" not in on_terminal("scan", "--json", "plain.eml", "plain.eml")
    threading.Thread(target=feed).start()
    assert not run("scan", "plain.eml", "slow").stderr


def envelope_is_data():
    hostile = ["--ip", "no address", "--helo", b"\xff\x00"[:1], "--from", "<<>\r\n", "--rcpt", "", "--rcpt", "x" * 5000,
               "--user", "a\tb"]
    r = run("scan", "--json", *hostile, "plain.eml")
    assert r.returncode == 0 and lines(r)[0]["action"], r
    r = run("scan", "--ip", "2001:db8::1", "--helo", "h.example", "--from", "", "--rcpt", "a@x.example", "--rcpt",
            "<b@x.example>", "plain.eml").stdout.decode()
    assert "a@x.example, b@x.example" in r and "<> h.example [2001:db8::1]" in r, r
    r = run("scan", "plain.eml").stdout.decode()
    assert "<sender@example.jp> mx.example.jp [203.0.113.7]" in r and "you@example.com" in r, r
    r = run("scan", "--ip", "no address", "--helo", "", "plain.eml").stdout.decode()
    assert "<sender@example.jp>" in r and "203.0.113.7" not in r and "mx.example.jp" not in r, r


def time_and_replay():
    def facts(now):
        return {f["id"] for f in lines(run("scan", "--json", "--now", now, "hostile.eml"))[0]["facts"]}

    assert facts("received") == facts("2026-03-02T09:14:00+09:00") == facts("2026-03-02T00:14:00Z")
    assert facts("2036-03-02T09:14:05Z") - facts("received") == {"DATE_PAST"}
    assert facts("2016-03-02T09:14:05Z") - facts("received") == {"DATE_FUTURE"}
    r = run("scan", "--json", "--dns-record", "used.zone", "plain.eml", "hostile.eml", "plain.eml")
    recorded = open("used.zone", "rb").read().splitlines()
    assert r.returncode == 0 and len(recorded) == len(set(recorded)), recorded
    again = run("scan", "--json", "--dns-snapshot", "used.zone", "plain.eml", "hostile.eml", "plain.eml")
    assert list(map(without_chance, lines(again))) == list(map(without_chance, lines(r)))
    write("x.zone", b"example.jp. IN MX 10 mx.example.jp.\nmx.example.jp. IN A 203.0.113.7\n")
    assert run("scan", "--dns-snapshot", "x.zone", "plain.eml").returncode == 0
    write("bad.zone", b"this is no zone\n")
    assert run("scan", "--dns-snapshot", "bad.zone", "plain.eml").returncode == 65


def text_for_one_and_for_several():
    one = run("scan", "plain.eml").stdout.decode()
    for word in ("plain.eml", "you@example.com", "こんにちは", "Verdict", "Facts", "To the recipient",
                 "To the administrator", "To the sender"):
        assert word in one, (word, one)
    several = run("scan", "plain.eml", "hostile.eml", "absent.eml").stdout.decode()
    assert len(several.split("\n\n")[0].splitlines()) == 2 and "2 messages judged, 1 errors" in several, several
    both = run("scan", "--explain", "plain.eml", "hostile.eml").stdout.decode()
    assert both.count("To the recipient") == 2 and "2 messages judged" in both, both


def large_message_in_little_space():
    big = write("big.eml", PLAIN + b"all work and no play\r\n" * (32 * 1024 * 1024 // 22))
    limit = 512 * 1024 * 1024
    too_big = write("too-big.eml", PLAIN)
    os.truncate(too_big, 130 * 1024 * 1024)  # more than is read: as far as it is, with a fact
    r = run("scan", "--json", big, "plain.eml", too_big,
            preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    os.unlink(big)
    os.unlink(too_big)
    if b"Sanitizer" in r.stderr:
        return "the address sanitizer needs more space"
    assert r.returncode == 0 and len(lines(r)) == 3, r
    assert ["LIMIT_SIZE" in {f["id"] for f in v["facts"]} for v in lines(r)] == [False, False, True], r
    return None


def show_keeps_its_contract():
    (m,) = lines(run("show", "--json", "two.eml"))
    assert m["file"] == "two.eml" and set(m) == {"file", "headers", "parts", "readings", "ambiguities"}, m
    assert [h["name"] for h in m["headers"]] == ["From", "MIME-Version", "Content-Type", "Date", "Content-Type"]
    assert all(set(h) == {"name", "raw", "text"} for h in m["headers"])
    for p in m["parts"]:
        assert {"path", "type", "sniffed", "charset", "encoding", "filename", "size", "text"} <= set(p), p
    html = next(p for p in m["parts"] if p["type"] == "text/html")
    assert html["text"].strip() == "hi x" and html["encoding"] == "7bit" and html["size"] > 20, html
    pdf = next(p for p in m["parts"] if p["type"] == "application/pdf")
    assert pdf["filename"] == "a.pdf" and pdf["text"] is None and pdf["sniffed"], pdf
    assert m["readings"] and any(a["id"] == "DUP_CONTENT_TYPE" for a in m["ambiguities"]), m
    (m,) = lines(run("show", "--json", "--received", "--html-links", "plain.eml"))
    assert m["received"][0]["ip"] == "203.0.113.7" and m["links"] == [], m
    assert next(h for h in m["headers"] if h["name"] == "Subject")["text"] == "こんにちは"


def show_for_people():
    text = run("show", "--html-links", "two.eml").stdout.decode()
    assert "└─ 2 application/pdf" in text and "http://x.example/" in text and "DUP_CONTENT_TYPE" in text, text
    assert "another reading" in text, text
    assert run("show", "--part", "1", "plain.eml").stdout.replace(b"\r", b"") == b"Hello\n"
    r = run("show", "--part", "7", "plain.eml", "absent.eml")
    assert r.returncode == 66 and b"7" in r.stderr and b"absent.eml" in r.stderr, r
    received = run("show", "--received", "plain.eml").stdout.decode()
    assert "mx.example.jp [203.0.113.7] → in.example.com" in received, received
    for options, shown in ([], False), (["--headers"], True):
        assert ("X-Odd" in run("show", *options, "hostile.eml").stdout.decode()) == shown, options


def show_every_step_of_authentication():
    cases = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "mail")
    write("spf.zone", b"""\
_dmarc.example.jp. TXT "v=DMARC1; p=reject; psd=n"
example.jp. TXT "v=spf1 a:void.example.jp include:%{d2}.spf.example ~all"
example.jp.spf.example. TXT "v=spf1 ip4:203.0.113.0/24 -all"
;! example.jp. TXT SECURE
""")
    (m,) = lines(run("show", "--json", "--auth", "--dns-snapshot", "spf.zone", "plain.eml"))
    spf = m["auth"]["spf"]
    assert (spf["result"], spf["lookups"], spf["voids"], spf["mechanism"]) == ("pass", 2, 1, "include:%{d2}.spf.example")
    got = [(s["outcome"], s["depth"], s["text"], s["name"]) for s in spf["steps"]]
    record = "v=spf1 a:void.example.jp include:%{d2}.spf.example ~all"
    assert got == [
        ("record", 0, record, "example.jp"), ("no_match", 0, "a:void.example.jp", "void.example.jp"),
        ("enter", 0, "include:%{d2}.spf.example", "example.jp.spf.example"),
        ("record", 1, "v=spf1 ip4:203.0.113.0/24 -all", "example.jp.spf.example"),
        ("match", 1, "ip4:203.0.113.0/24", None)], got
    assert [s["dnssec"] for s in spf["steps"]] == ["secure", None, None, "insecure", None], spf["steps"]
    walk = [(w["name"], w["answer"], w["dnssec"], w["record"], w["in_force"]) for w in m["auth"]["dmarc"]["walk"]]
    assert walk == [("example.jp", "OK", "insecure", "v=DMARC1; p=reject; psd=n", True), ("jp", "NXDOMAIN", "insecure", None, False)], walk
    (m,) = lines(run("scan", "--json", "--dns-snapshot", "spf.zone", "plain.eml"))
    assert m["auth"]["spf"]["dnssec"] == m["auth"]["dmarc"]["dnssec"] == "insecure", m["auth"]
    case = os.path.join(cases, "dmarc-list")
    options = ["--dns-snapshot", case + ".zone", case + ".eml"]
    (m,) = lines(run("show", "--json", "--auth", *options))
    broken, whole = m["auth"]["dkim"]
    assert broken["body_hash"] != broken["body_hash_claimed"] and not broken["body_right"] and broken["signature_right"]
    assert whole["body_hash"] == whole["body_hash_claimed"] and whole["result"] == "pass" and whole["key"]["bits"] == 2048
    assert whole["key"]["name"] == "s1._domainkey.list.example" and whole["key"]["record"].startswith("v=DKIM1;")
    assert m["auth"]["dmarc"]["override"] == "mailing_list" and m["auth"]["arc"]["result"] == "none", m["auth"]
    text = run("show", "--auth", *options).stdout.decode()
    for part in ("the body was changed", "v=DMARC1; p=reject", "mailing_list", "ip4:198.51.100.9", "header.d=list.example",
                 whole["body_hash"]):
        assert part in text, (part, text)
    assert "auth" not in lines(run("show", "--json", "plain.eml"))[0]


def configuration():
    shown = run("config", "show").stdout
    assert b"# default" in shown
    write("all.yaml", shown)
    assert run("config", "check", "all.yaml").returncode == 0
    again = run("config", "show", "--config", "all.yaml").stdout
    strip = re.compile(rb"  # .*")
    assert strip.sub(b"", again) == strip.sub(b"", shown) and b"# all.yaml:1\n" in again, again
    write("wrong.yaml", b"scanner:\n  processes: many\n")
    r = run("config", "check", "wrong.yaml")
    assert r.returncode == 78 and b"wrong.yaml:2" in r.stderr and b"scanner.processes" in r.stderr, r
    (j,) = lines(run("config", "check", "--json", "wrong.yaml"))
    assert j["ok"] is False and "wrong.yaml:2" in j["error"], j
    write("pack.yaml", b"no_such_section: 1\n")
    assert run("config", "check", "all.yaml", "--policy", "pack.yaml").returncode == 78
    write("named.yaml", b"policy.pack: pack.yaml\n")
    assert run("config", "check", "named.yaml").returncode == 78
    (j,) = lines(run("config", "show", "--json", "trusted.networks"))
    assert j["keys"]["trusted.networks"] == {"value": ["127.0.0.0/8", "::1/128"], "line": None}, j
    (j,) = lines(run("config", "explain", "--json", "--all"))
    assert j["keys"]["scanner.processes"]["max"] == 256 and j["keys"]["language"]["choices"] == "ja|en", j
    assert len(j["keys"]) == len(shown.splitlines())
    assert b"scanner processes" in run("config", "explain", "scanner.processes").stdout


def version():
    assert run("version").stdout == run("--version").stdout and run("version").stdout.startswith(b"komainu ")
    (j,) = lines(run("version", "--json"))
    assert re.fullmatch(r"\d+\.\d+\.\d+", j["version"]) and j["policy"] and j["icu"], j


def manual_pages():
    pages = [os.path.join(d, f) for d, _, names in os.walk(MANUALS) for f in names if re.search(r"\.[158]$", f)]
    assert len(pages) >= 16 and sum(p.endswith("komainu.8") for p in pages) == 2, pages
    if shutil.which("mandoc") is None:
        return "mandoc is not installed"
    for page in pages:
        level = "error" if "/ja/" in page else "warning"  # mdoc knows English section names only
        r = subprocess.run(["mandoc", "-T", "lint", "-W", level, page], capture_output=True, check=False)
        assert r.returncode == 0, r
    return None


def completion():
    if shutil.which("bash") is None:
        return "bash is not installed"
    write("komainu.bash", run("docs", "completion").stdout)
    write("dir x/plain.eml", PLAIN)
    for words, want in ((["sc"], ["scan"]), (["config", "ch"], ["check"]), (["scan", "--dns-s"], ["--dns-snapshot"]),
                        (["scan", "--lang", ""], ["ja", "en"]), (["config", "show", "listen.m"], ["listen.milter"]),
                        (["scan", "plai"], ["plain.eml"]), (["scan", "--config", "dir"], ["dir x"]),
                        (["show", "--html"], ["--html-links"]), (["scan", "-j", ""], [])):
        script = ('source ./komainu.bash && COMP_WORDS=(komainu "$@") COMP_CWORD=$# && _komainu && '
                  'for w in "${COMPREPLY[@]}"; do echo "$w"; done')
        r = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, check=False, env=ENV)
        assert r.returncode == 0 and r.stdout.decode().splitlines() == want, (words, r)
    return None


def brands_and_advice():
    r = run("brands", "show", "--json", "楽天", "jcb", "ANA")
    shown = {b["brand"]: b for b in lines(r)}
    assert r.returncode == 0 and list(shown) == ["rakuten", "jcb", "ana"], r
    assert "rakuten.co.jp" in shown["rakuten"]["domains"] and shown["rakuten"]["certainty"] == "A1", shown
    assert shown["jcb"]["category"] == "phish_card" and shown["jcb"]["category_name"], shown
    assert {"name": "ANA", "ambiguous": True} in shown["ana"]["names"], shown
    assert "公式のドメイン".encode() in run("brands", "show", "--lang", "ja", "docomo").stdout
    assert run("brands", "show", "no such brand").returncode == os.EX_DATAERR
    assert run("brands", "check").returncode == 0
    head = "brand_id,kind,owner,certainty,name_ja,name_en,aliases,domains,senders,mailboxes,source\n"
    write("own.csv", (head + "ours,service,,A1,うち,Ours,うちの会社,ours.example,,,\n").encode())
    assert lines(run("brands", "check", "--json", "own.csv"))[0]["brands"] == 1 + \
        lines(run("brands", "check", "--json"))[0]["brands"]
    write("bad.csv", (head + "ours,service,,A1,うち,Ours,うちの会社,no domain,,,\n").encode())
    r = run("brands", "check", "bad.csv")
    assert r.returncode == os.EX_CONFIG and b"bad.csv:2:" in r.stderr, r
    write("own.yaml", b"content:\n  brands: own.csv\n")
    assert lines(run("brands", "show", "--json", "--config", "own.yaml", "うちの会社"))[0]["brand"] == "ours"
    advice = lines(run("advise", "--after", "password", "--brand", "Amazon", "--json"))[0]
    assert advice["do"] and advice["brand"]["report"] and "amazon.co.jp" in advice["brand"]["domains"], advice
    assert b"reportascam@amazon.com" in run("advise", "--after", "card", "--brand", "amazon").stdout
    r = run("advise", "--after", "card", "--brand", "nobody")
    assert r.returncode == 0 and b"nobody" in r.stderr and r.stdout, r


TESTS = [helps_everywhere, suggests_what_was_meant, verdict_keeps_its_contract, languages, files_as_given_and_in_order,
         odd_file_names, unreadable_is_an_error_of_its_own, standard_input, folders_maildirs_mboxes, broken_pipe,
         colours_only_on_a_terminal, progress_bar_for_long_work, envelope_is_data, time_and_replay,
         text_for_one_and_for_several, large_message_in_little_space, show_keeps_its_contract, show_for_people,
         configuration, brands_and_advice, version, manual_pages, completion]


def main():
    print(f"1..{len(TESTS)}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        for name, content in (("plain.eml", PLAIN), ("hostile.eml", HOSTILE), ("two.eml", TWO_READINGS)):
            write(name, content)
        for number, test in enumerate(TESTS, 1):
            title = f"{number} - {test.__name__.replace('_', ' ')}"
            try:
                skipped = test()
                print("ok", title + (f" # SKIP {skipped}" if skipped else ""), flush=True)
            except (AssertionError, LookupError, ValueError, OSError, TypeError, StopIteration,
                    subprocess.SubprocessError) as e:
                print("not ok", title, flush=True)
                line = e.__traceback__.tb_next.tb_lineno if e.__traceback__.tb_next else 0
                print(f"# line {line}: {type(e).__name__}: {str(e)[:1500]}".replace("\n", "\n# "), flush=True)
        os.chdir("/")


if __name__ == "__main__":
    main()
