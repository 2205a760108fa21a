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


def read(truth, lines):
    """For each attacked account what leaked; for each honest one which measures it met."""
    leaked = {n: {"messages": 0, "recipients": 0, "brake": None, "measures": set()} for n, a in truth.items()
              if "attack" in a}
    honest = defaultdict(lambda: defaultdict(int))
    for line in lines:
        if '"decision": "accept"' in line[:200] or '"decision": "accept"' in line:
            name = line[line.find('"account": "') + 12:]
            name = name[:name.find('"')]
            if name in leaked and "4X" in line[:200]:
                leaked[name]["messages"] += 1
            continue
        d = json.loads(line)
        name = d["account"]
        if name is None or name not in truth:
            continue
        what = d.get("measure") or d["decision"]
        if name in leaked and seconds(d["t"]) >= truth[name]["t"]:
            leaked[name]["measures"].add(what)
            if what in STOPS and leaked[name]["brake"] is None:
                leaked[name]["brake"] = seconds(d["t"]) - truth[name]["t"]
        else:
            honest[name][what] += 1
    return leaked, honest


def recipients(leaked, truth, events, lines):
    """How many recipients the accepted messages of attackers had, from the events themselves."""
    accepted = set()
    for line in lines:
        if '"queue_id": "4X' in line and '"decision": "accept"' in line:
            accepted.add(json.loads(line)["queue_id"])
    for path in events:
        with open(path, encoding="utf-8") as f:
            for line in f:
                if '"4X' in line:
                    e = json.loads(line)
                    if e.get("queue_id") in accepted:
                        leaked[e["account"]]["recipients"] += len(e["rcpts"])


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
