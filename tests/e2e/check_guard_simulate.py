#!/usr/bin/env python3
"""`komainu guard simulate` (DESIGN.md section 7, outbound events): the shape of every line, bad input, and a short play of
the simulator of bench/outbound.
usage: check_guard_simulate.py PROGRAM SOURCE     prints TAP"""
import json
import os
import subprocess
import sys
import tempfile

PROGRAM, SOURCE = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
ENV = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "KOMAINU_CONFIG": "", "HOME": "/nonexistent"}
DECISIONS = {"accept", "defer", "hold", "reject"}
MEASURES = {"notice", "warning", "throttle", "suspension", "restore", "brake"}
DATAERR, NOINPUT = 65, 66
T = "2026-03-02T09:14:05+09:00"

results = []


def check(ok, name, why=""):
    results.append(ok)
    print(f"{'ok' if ok else 'not ok'} {len(results)} - {name}" + (f" # {why}" if not ok and why else ""), flush=True)


def run(data, *options, name="-"):
    p = subprocess.run([PROGRAM, "guard", "simulate", *options, name], input=data, capture_output=True, env=ENV, timeout=120)
    return p.returncode, p.stdout, p.stderr.decode("utf-8", "replace")


def lines(out):
    return [json.loads(line) for line in out.decode("utf-8").splitlines()]


def event(**members):
    return (json.dumps({"t": T, **members}, ensure_ascii=False) + "\n").encode()


def facts_wrong(facts):
    for f in facts:
        if not {"id", "points", "seen"} <= set(f) <= {"id", "points", "seen", "text"}:
            return f"members of a fact {sorted(f)}"
        if not (isinstance(f["id"], str) and f["id"].isupper() and isinstance(f["points"], (int, float))
                and isinstance(f["seen"], str)):
            return f"a fact {f}"
    return None


def shape_wrong(d, submits):
    """What of a line is not as the contract says; @submits: queue_id to event."""
    if not isinstance(d.get("t"), str) or "account" not in d or not isinstance(d.get("facts"), list):
        return f"t, account, facts: {d}"
    if not (d["account"] is None or isinstance(d["account"], str)):
        return f"account {d['account']!r}"
    if "measure" in d:
        if d["measure"] not in MEASURES or "decision" in d:
            return f"measure {d}"
        if set(d) - {"t", "account", "measure", "facts", "until", "ip"}:
            return f"members of a measure {sorted(d)}"
    else:
        if d.get("decision") not in DECISIONS or "queue_id" not in d:
            return f"decision {d}"
        if set(d) - {"t", "account", "queue_id", "decision", "facts", "accepted_rcpts"}:
            return f"members of a decision {sorted(d)}"
        e = submits.get(d["queue_id"])
        if e and (d["t"] != e["t"] or d["account"] != e.get("account")):
            return f"t or account of {d}"
        if "accepted_rcpts" in d and not 0 <= d["accepted_rcpts"] < len(e["rcpts"]):
            return f"accepted_rcpts {d}"
    return facts_wrong(d["facts"])


def check_small():
    data = b"".join([
        event(event="account", account="a", kind="person", identities=["a@example.jp"]),
        event(event="submit", account="a", ip="192.0.2.1", rcpts=["b@example.com"], queue_id="Q1"),
        event(event="submit", ip="192.0.2.9", rcpts=["b@example.com", "c@example.com"], queue_id="Q2"),
        event(event="submit", account="名前", rcpts=[], queue_id=None),
        event(event="submit"),
        b"\n", b"   \r\n",
        event(event="of-a-later-version", x=[1]),
        event(event="login", account="a", ok=False),
        event(event="bounce", account="a", rcpt="x@y", status="5.1.1", queue_id="Q1"),
        event(event="review", account="a", outcome="restore"),
        event(event="password_changed", account="a"),
    ])
    code, out, err = run(data, "--json")
    got = lines(out)
    check(code == 0 and err == "", "all kinds of events", f"{code} {err}")
    check([(d["queue_id"], d["account"]) for d in got] == [("Q1", "a"), ("Q2", None), (None, "名前"), (None, None)],
          "a line for every submit, in order", str(got))
    check(all(d["t"] == T and "accepted_rcpts" not in d for d in got), "t as it was written")
    check(not any(shape_wrong(d, {}) for d in got), "shape of decisions")
    code, out, err = run(b"", "--json")
    check((code, out, err) == (0, b"", ""), "nothing gives nothing", f"{code} {out} {err}")
    code, out, err = run(data)
    check(code == 0 and b"4 messages" in out + b"4 \xe9\x80\x9a" or "送信 4 通".encode() in out, "a summary for people",
          out.decode())


def check_bad():
    good = event(event="submit", account="a", rcpts=["b@example.com"])
    bad = [(b"{", "column"), (b"[1]", "not a JSON object"), (b"zzz", "expected"), (b'{"event": "submit"}', '"t" is missing'),
           (b'{"t": "2026-03-02T00:00:00Z"}', '"event" is missing'),
           (b'{"t": "today", "event": "submit"}', '"t": a time as in RFC 3339 is expected'),
           (event(event="submit", ip="1.2.3").strip(), '"ip": not an IP address'),
           (event(event="submit", rcpts=[7]).strip(), '"rcpts": a list of strings is expected'),
           (event(event="review", outcome="perhaps").strip(), '"restore", "keep" or "terminate" is expected')]
    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/events.jsonl"
        with open(path, "wb") as f:
            for line, _ in bad:
                f.write(good + line + b"\n")
            f.write(good.rstrip(b"\n"))         # the last line without its end
        code, out, err = run(None, "--json", name=path)
    check(code == DATAERR, "lines that can not be read: EX_DATAERR", str(code))
    check(len(lines(out)) == len(bad) + 1, "what can be read is judged")
    told = err.splitlines()
    check(len(told) == len(bad), "one complaint a line", err)
    for i, (line, want) in enumerate(bad):
        check(i < len(told) and f"{path}:{2 * i + 2}: " in told[i] and want in told[i], f"file:line and reason: {want}",
              told[i] if i < len(told) else "")
    code, _, err = run(b"x\n" * 5000, "--json")
    check(code == DATAERR and len(err.splitlines()) == 21 and "4980" in err, "thousands of them are counted, not told", err[-200:])
    code, out, _ = run(b'{"t": "%s", "event": "submit", "account": "\xff\xfe", "queue_id": "\x83\x65", "rcpts": ["\xa4\xb9@b"]}\n'
                       % T.encode(), "--json")
    check(code == 0 and lines(out)[0]["account"] == "\uf7ff\uf7fe", "bytes that are no UTF-8", str(out))
    code, out, err = run(event(event="submit", account="a", subject="x" * (5 << 20)) + good, "--json")
    check(code == DATAERR and len(lines(out)) == 1 and "longer than" in err, "a line of 5 MB", err[:200])
    code, out, err = run(event(event="submit", account="a", rcpts=["x@y"] * 60000) + good, "--json")
    check(code == DATAERR and len(lines(out)) == 1 and "more than" in err, "60,000 recipients", err[:200])
    code, out, _ = run(b"[" * 100000 + b"\n" + good, "--json")
    check(code == DATAERR and len(lines(out)) == 1, "deep nesting")
    code, _, err = run(None, name="/nonexistent/events")
    check(code == NOINPUT and "/nonexistent/events" in err, "no such file: EX_NOINPUT", f"{code} {err}")


def check_order():
    """Lines out of order, clocks that jump, absurd times: judged, never a crash."""
    times = ["2026-03-02T00:00:00Z", "1970-01-01T00:00:00Z", "2099-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
             "9999-12-31T23:59:59Z", "2026-03-02T00:00:01+14:00", "2026-03-02T00:00:02-12:00", "2026-03-02T00:00:03Z"]
    data = b"".join(event(t=t, event="submit", account="a", ip="192.0.2.1", country="JP", rcpts=[f"r{i}@x"], queue_id=f"Q{i}")
                    for i, t in enumerate(times * 5))
    code, out, err = run(data, "--json")
    got = [d for d in lines(out) if "decision" in d]
    check(code == 0 and len(got) == 5 * len(times), "any order of time", err)
    check(all(d["decision"] == "accept" for d in got), "nobody is held for a clock", str([d["decision"] for d in got]))


def play(*options):
    with tempfile.TemporaryDirectory() as folder:
        generate = os.path.join(SOURCE, "bench", "outbound", "generate.py")
        with open(f"{folder}/events", "wb") as f:
            subprocess.run([sys.executable, "-B", generate, "--truth", f"{folder}/truth", "--accounts", "300", "--days", "9",
                            "--attackers", "1", "--from-day", "2", *options], stdout=f, check=True, timeout=120)
        with open(f"{folder}/truth", encoding="utf-8") as f:
            truth = json.load(f)
        with open(f"{folder}/events", encoding="utf-8") as f:
            events = [json.loads(line) for line in f]
        code, out, err = run(None, "--json", name=f"{folder}/events")
        again = run(None, "--json", name=f"{folder}/events")[1]
    return truth, events, code, out, err, again


def check_play(name, *options):
    truth, events, code, out, err, again = play(*options)
    submits = {e["queue_id"]: e for e in events if e["event"] == "submit"}
    got = lines(out)
    check(code == 0 and err == "", f"{name}: plays", err[:300])
    check(out == again, f"{name}: a second time the same")
    wrong = next((w for d in got if (w := shape_wrong(d, submits))), None)
    check(wrong is None, f"{name}: shape of {len(got)} lines", wrong)
    order = [d["queue_id"] for d in got if "decision" in d]
    check(order == [e["queue_id"] for e in events if e["event"] == "submit"], f"{name}: the order of submits")
    leaked = {}
    for d in got:
        if d.get("decision") == "accept" and d["queue_id"].startswith("4X"):
            leaked[d["queue_id"][:6]] = leaked.get(d["queue_id"][:6], 0) + 1
    by_kind = {a["attack"]: leaked.get(a["mark"], 0) for a in truth.values() if "attack" in a}
    for kind, most in {"FastBot": 50, "OwnPcBot": 50, "SlowDistributed": 20, "SlowWithinCountry": 20, "Dictionary": 100}.items():
        check(by_kind[kind] <= most, f"{name}: {kind} {by_kind[kind]} messages, at most {most}")
    honest = {n for n, a in truth.items() if "attack" not in a}
    wronged = [d for d in got if d["account"] in honest and d.get("measure") in {"brake", "suspension", "throttle"}]
    check(not wronged, f"{name}: no honest account is stopped", str(wronged[:1]))
    stopped = {}
    for d in got:
        if d.get("measure") in {"brake", "suspension"}:
            stopped[d["account"]] = True
        elif d.get("measure") == "restore":
            stopped.pop(d["account"], None)
        elif d["account"] in stopped and d.get("decision") == "accept":
            check(False, f"{name}: mail of a stopped account", str(d))
            return


def main():
    check_small()
    check_bad()
    check_order()
    check_play("all that can be known", "--seed", "5")
    check_play("what a policy request tells", "--seed", "6", "--lean")
    print(f"1..{len(results)}")
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
