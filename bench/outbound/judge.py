#!/usr/bin/python3
"""What got through, and who was wronged: reads the truth of generate.py and the lines of `komainu guard simulate --json`.
usage: judge.py TRUTH [EVENTS...] < decisions.jsonl      prints tables; --json for one object"""
import json
import statistics
import sys
from collections import defaultdict
from datetime import datetime

STOPS = {"brake", "suspension"}


def seconds(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def value(line, name):
    """A string member of a line, without the cost of reading all of it."""
    at = line.find(f'"{name}": "')
    return line[at + len(name) + 5:line.find('"', at + len(name) + 5)] if at >= 0 else None


def read(truth, lines):
    """For each attacked account what leaked; for each honest one which measures it met."""
    leaked = {n: {"messages": 0, "recipients": 0, "brake": None, "measures": set()} for n, a in truth.items()
              if "attack" in a}
    marks = {a["mark"]: n for n, a in truth.items() if "attack" in a}
    honest = defaultdict(lambda: defaultdict(int))
    for line in lines:
        measure = value(line, "measure")
        name = value(line, "account")
        mark = (value(line, "queue_id") or "")[:6]
        if measure is None and mark in marks:
            name = marks[mark]
        elif measure and name is None:
            name = value(line, "ip")
        what = measure or value(line, "decision")
        if name in leaked:
            row = leaked[name]
            if mark in marks and what == "accept":
                row["messages"] += 1
            elif seconds(value(line, "t")) >= truth[name]["t"]:
                row["measures"].add(what)
                if what in STOPS and row["brake"] is None:
                    row["brake"] = seconds(value(line, "t")) - truth[name]["t"]
        elif what != "accept" and name in truth:
            honest[name][what] += 1
    return leaked, honest


def recipients(leaked, truth, events, lines):
    """How many recipients the accepted messages of attackers had, from the events themselves."""
    marks = {a["mark"]: n for n, a in truth.items() if "attack" in a}
    accepted = {value(line, "queue_id") for line in lines if '"queue_id": "4X' in line and '"decision": "accept"' in line}
    for path in events:
        with open(path, encoding="utf-8") as f:
            for line in f:
                if '"4X' in line and value(line, "queue_id") in accepted:
                    leaked[marks[value(line, "queue_id")[:6]]]["recipients"] += len(json.loads(line)["rcpts"])


def attack_rows(truth, leaked):
    kinds = defaultdict(list)
    for name, row in leaked.items():
        kinds[truth[name]["attack"]].append(row)
    for kind, rows in kinds.items():
        times = [r["brake"] for r in rows if r["brake"] is not None]
        messages = sorted(r["messages"] for r in rows)
        to = sorted(r["recipients"] for r in rows)
        yield {"attacker": kind, "n": len(rows), "stopped": len(times), "messages_median": statistics.median(messages),
               "messages_most": messages[-1], "recipients_median": statistics.median(to), "recipients_most": to[-1],
               "minutes_to_brake": round(statistics.median(times) / 60, 1) if times else None,
               "suspended": sum("suspension" in r["measures"] for r in rows)}


def honest_rows(truth, honest):
    kinds = defaultdict(list)
    for name, a in truth.items():
        if "attack" not in a:
            kinds[a["kind"] + (" with burst" if a["burst"] else "")].append(honest.get(name, {}))
    for kind, rows in kinds.items():
        row = {"kind": kind, "n": len(rows)}
        for what in ("notice", "warning", "throttle", "brake", "suspension", "defer", "hold", "reject"):
            row[what] = sum(what in r for r in rows)
        yield row


def table(rows):
    rows = list(rows)
    if not rows:
        return
    print("| " + " | ".join(rows[0]) + " |")
    print("|" + "---|" * len(rows[0]))
    for r in rows:
        print("| " + " | ".join("-" if v is None else str(v) for v in r.values()) + " |")
    print()


def main():
    args = [a for a in sys.argv[1:] if a != "--json"]
    with open(args[0], encoding="utf-8") as f:
        truth = json.load(f)
    lines = sys.stdin.readlines()
    leaked, honest = read(truth, lines)
    recipients(leaked, truth, args[1:], lines)
    attacks, kinds = list(attack_rows(truth, leaked)), list(honest_rows(truth, honest))
    if "--json" in sys.argv:
        print(json.dumps({"attackers": attacks, "honest": kinds}))
        return 0
    table(attacks)
    table(kinds)
    total = {w: sum(r[w] for r in kinds) for w in ("n", "notice", "warning", "throttle", "brake", "suspension")}
    print("honest accounts:", ", ".join(f"{k} {v}" for k, v in total.items()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
