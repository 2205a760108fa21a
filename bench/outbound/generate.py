#!/usr/bin/python3
"""Events of a provider's accounts in virtual time, honest ones of many habits and attackers, as JSON lines for
`komainu guard simulate`. The same seed gives the same lines.
usage: generate.py --truth FILE [--seed N] [--days N] [--accounts N] [--attackers N] [--without NAME,...] [--lean]
                   [--from-day N] > events.jsonl
--attackers: of each kind. --without: members and events that there are not. --lean: what a Postfix policy request tells,
no more. --from-day: first day of attacks."""
import argparse
import json
import sys

from attacks import ATTACKS, RelayAttempts, WebScript
from habits import HONEST, Family, Invoices, Office, Phone, Shop, WebForm
from world import DAY, START, World

LEAN = ["country", "asn", "class", "score", "subject", "body_digest", "from", "script", "helo", "login", "port"]

def accounts_of(w, n):
    made = []
    for kind, share in HONEST:
        made += [kind(w, f"u{len(made) + i}") for i in range(max(1, round(n * share)))]
    return made


def main():
    p = argparse.ArgumentParser()
    p.add_argument("--truth", required=True)
    p.add_argument("--seed", type=int, default=1)
    p.add_argument("--days", type=int, default=30)
    p.add_argument("--accounts", type=int, default=10000)
    p.add_argument("--attackers", type=int, default=10)
    p.add_argument("--without", default="")
    p.add_argument("--from-day", type=int, default=4)
    p.add_argument("--lean", action="store_true")
    o = p.parse_args()
    w = World(o.seed, [f for f in o.without.split(",") if f] + LEAN * o.lean)
    accounts = accounts_of(w, o.accounts)
    for a in accounts:
        if isinstance(a, (Office, Family, Shop)) and not isinstance(a, Invoices) and w.r.random() < .04:
            a.burst_day = w.r.randrange(10, max(11, o.days))
    victims = {kind: [a for a in accounts if isinstance(a, WebForm)] if kind is WebScript else
               [a for a in accounts if type(a) in (Office, Family, Phone, Shop)] for kind in ATTACKS}
    attacks, truth = [], {a.name: {"kind": type(a).__name__, "burst": a.burst_day is not None} for a in accounts}
    for kind in ATTACKS:
        for _ in range(o.attackers):
            a = w.r.choice([v for v in victims[kind] if v.taken is None and v.burst_day is None])
            a.taken = kind(w, a, w.r.randrange(o.from_day, max(o.from_day + 1, o.days - 6)), f"4X{len(attacks):04X}")
            attacks.append(a.taken)
            name = a.taken.place["ip"] if kind is RelayAttempts else a.name
            truth.setdefault(name, {}).update(attack=kind.__name__, t=a.taken.t, mark=a.taken.mark)
    with open(o.truth, "w", encoding="utf-8") as f:
        json.dump(truth, f)
    late = []
    for a in accounts:
        a.start(START)
    for day in range(o.days):
        for a in accounts:
            a.day(day)
        for attack in attacks:
            if START + day * DAY <= attack.t < START + (day + 1) * DAY:
                attack.events()
                attacks = [x for x in attacks if x is not attack]
        late = sorted(late + w.events)
        w.events = []
        end = START + (day + 1) * DAY
        out = [line for t, _, line in late if t < end]
        late = late[len(out):]
        sys.stdout.write("\n".join(out) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
