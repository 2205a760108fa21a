#!/usr/bin/python3
"""Events of a provider's accounts in virtual time, honest ones of many habits and attackers, as JSON lines for
`komainu guard simulate`. The same seed gives the same lines.
usage: generate.py --truth FILE [--seed N] [--days N] [--accounts N] [--attackers N] [--without FIELD,...]
                   [--from-day N] > events.jsonl
--attackers: of each kind. --without: members that the events do not have. --from-day: first day of attacks."""
import argparse
import hashlib
import json
import random
import sys

START = 1767193200          # 2026-01-01T00:00:00+09:00, a Thursday
DAY = 86400
FREEMAIL = ["gmail.com", "yahoo.co.jp", "docomo.ne.jp", "icloud.com", "outlook.jp", "ezweb.ne.jp", "softbank.ne.jp"]
JP_ASN = [2497, 2516, 2518, 4713, 9605, 17511, 17676, 18126]
WORLD = ["US", "CN", "BR", "VN", "RU", "IN", "ID", "UA", "NG", "DE", "FR", "TR", "MX", "KR", "TH"]


def stamp(t):
    """RFC 3339 in JST, without the cost of datetime."""
    days, second = divmod(int(t) - START, DAY)
    month_days = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    month = 0
    while days >= month_days[month]:
        days -= month_days[month]
        month += 1
    return f"2026-{month + 1:02}-{days + 1:02}T{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}+09:00"


class World:
    """What all accounts share: domains, networks, and the list of events of the present day."""

    def __init__(self, seed, without):
        self.r = random.Random(seed)
        self.without = set(without)
        self.domains = [f"{w}{i}.example" for i, w in enumerate(self.r.choices(
            ["kaisha", "shoten", "koubou", "gakuen", "clinic", "studio", "hoken", "denki"], k=2500))]
        self.events, self.serial = [], 0
        self.isp = [self.net16() for _ in range(24)]        # fixed lines
        self.carrier = [(self.net16(), asn) for asn in (9605, 2516, 17676) for _ in range(6)]
        self.offices = [(self.net16() + f".{self.r.randrange(256)}", self.r.choice(JP_ASN)) for _ in range(400)]

    def net16(self):
        return f"{self.r.choice([x for x in range(11, 223) if x not in (100, 127, 169, 172, 192, 198, 203)])}" \
               f".{self.r.randrange(256)}"

    def stranger(self):
        self.serial += 1
        domain = self.r.choice(FREEMAIL) if self.r.random() < .45 else self.r.choice(self.domains)
        return f"p{self.serial}@{domain}"

    def add(self, t, **event):
        for name in self.without:
            event.pop(name, None)
        event = {"t": stamp(t), **event}
        self.events.append((t, len(self.events), json.dumps(event, ensure_ascii=False)))

    def anywhere(self):
        """An address somewhere in the world, of its own network and country."""
        country = self.r.choice(WORLD)
        return {"ip": f"{self.net16()}.{self.r.randrange(256)}.{self.r.randrange(1, 255)}", "country": country,
                "asn": 10000 + hash_of(country) % 900 + self.r.randrange(40)}


def hash_of(text):
    return int(hashlib.sha256(text.encode()).hexdigest()[:8], 16)


def jp(ip, asn):
    return {"ip": ip, "country": "JP", "asn": asn}


class Account:
    """Habits: when, how much, to whom, from where."""
    kind, rate, hours, contacts, new_share, weekend, group_share = "person", 3, (8, 22), 25, .06, .8, .05
    several = (2, 6)

    def __init__(self, w, name):
        r = w.r
        self.w, self.name = w, name
        self.address = f"{name}@{r.choice(['mail.example.jp', 'isp.example.ne.jp', 'office.example.co.jp'])}"
        self.own_rate = self.rate * r.lognormvariate(0, .5)
        n = max(4, int(self.contacts * r.lognormvariate(0, .4)))
        self.friends = [w.stranger() for _ in range(n)]
        self.line = f"{r.choice(w.isp)}.{r.randrange(256)}.{r.randrange(1, 255)}"
        self.asn = r.choice(JP_ASN)
        self.mobile = r.sample(w.carrier, 3)
        self.phone_share = r.choice([0, .1, .3])
        self.taken = None
        self.burst_day = None

    def start(self, t):
        created = self.w.r.randrange(2005, 2025)
        self.w.add(t, event="account", account=self.name, created=f"{created}-04-01", kind=self.kind,
                   identities=[self.address])

    def place(self, t):
        r = self.w.r
        if r.random() < self.phone_share:
            return self.phone()
        if r.random() < .01:            # the line got another address
            self.line = ".".join(self.line.split(".")[:2] + [str(r.randrange(256)), str(r.randrange(1, 255))])
        return jp(self.line, self.asn)

    def phone(self):
        r = self.w.r
        net, asn = r.choice(self.mobile)
        if r.random() < .4:
            return jp(f"2400:{2000 + hash_of(net) % 5000:x}:{r.randrange(65536):x}:{r.randrange(65536):x}::1", asn)
        return jp(f"{net}.{r.randrange(256)}.{r.randrange(1, 255)}", asn)

    def friend(self):
        return self.friends[min(int(self.w.r.expovariate(4 / len(self.friends))), len(self.friends) - 1)]

    def recipient(self):
        r = self.w.r
        if r.random() >= self.new_share:
            return self.friend()
        new = self.w.stranger()
        if r.random() < .4:
            self.friends[r.randrange(len(self.friends))] = new
        return new

    def submit(self, t, rcpts, place=None, **more):
        r = self.w.r
        event = {"event": "submit", "account": self.name, **(self.place(t) if place is None else place),
                 "port": r.randrange(1024, 65535), "mail_from": self.address, "from": self.address, "rcpts": rcpts,
                 "size": int(r.lognormvariate(9, 1)), "subject": f"件名 {r.randrange(10**6)}",
                 "body_digest": f"{r.getrandbits(64):016x}",
                 "class": "spam" if r.random() < .004 else "ham", "score": round(r.uniform(0, 3), 1),
                 "queue_id": f"4Q{self.w.serial:X}{r.getrandbits(20):05X}"}
        event.update(more)
        self.w.add(t, **event)
        if r.random() < .006:
            self.w.add(t + r.randrange(1, 600), event="bounce", account=self.name, rcpt=rcpts[0],
                       status=r.choice(["5.1.1", "5.2.2", "4.4.1"]))

    def moment(self, day):
        low, high = self.hours
        return START + day * DAY + int(self.w.r.triangular(low * 3600, high * 3600))

    def is_weekend(self, day):
        return (day + 3) % 7 >= 5

    def day(self, day):
        r = self.w.r
        rate = self.own_rate * (self.weekend if self.is_weekend(day) else 1)
        for _ in range(poisson(r, rate)):
            t, n = self.moment(day), 1
            if r.random() < self.group_share:
                n = r.randint(*self.several)
            self.submit(t, [self.recipient() for _ in range(n)])
        if r.random() < .5:
            self.w.add(self.moment(day), event="login", account=self.name, ok=True, service="imap", **self.place(day))
        if r.random() < .03:
            self.w.add(self.moment(day), event="login", account=self.name, ok=False, service="imap",
                       **self.w.anywhere())
        if day == self.burst_day:
            self.burst(day)

    def burst(self, day):
        """Moving house, New Year's greetings, invoices: to nearly all whom one knows, within the hour."""
        r, t = self.w.r, self.moment(day)
        to = list(dict.fromkeys(self.friends)) + [self.w.stranger() for _ in range(len(self.friends) // 8)]
        r.shuffle(to)
        place, digest, subject = self.place(t), f"{r.getrandbits(64):016x}", "転居のお知らせ"
        if r.random() < .3:
            self.submit(t, to, place, body_digest=digest, subject=subject)
            return
        for i, rcpt in enumerate(to):
            self.submit(t + i * r.choice([2, 10, 40]), [rcpt], place, body_digest=digest, subject=subject)


def poisson(r, mean):
    if mean > 60:
        return max(0, int(r.gauss(mean, mean ** .5)))
    n, p, limit = 0, r.random(), 2.718281828 ** -mean
    while p > limit:
        n += 1
        p *= r.random()
    return n


class Office(Account):
    rate, hours, contacts, new_share, weekend, group_share = 12, (8, 19), 90, .07, .05, .2

    def __init__(self, w, name):
        super().__init__(w, name)
        net, self.asn = w.r.choice(w.offices)
        self.line = f"{net}.{w.r.randrange(1, 255)}"
        self.phone_share = w.r.choice([0, .05, .15])


class Family(Account):
    rate, contacts = 1.2, 18


class Phone(Account):
    rate, contacts = 5, 30

    def __init__(self, w, name):
        super().__init__(w, name)
        self.phone_share = .75
        self.mobile = w.r.sample(w.carrier, 6)


class Shop(Account):
    rate, hours, contacts, new_share, weekend = 25, (7, 24), 60, .75, 1.2


class Newsletter(Account):
    kind, rate, new_share = "bulk", 1, .1

    def __init__(self, w, name):
        super().__init__(w, name)
        self.weekday = w.r.randrange(5)
        self.list = [w.stranger() for _ in range(int(w.r.lognormvariate(7.2, .6)))]

    def day(self, day):
        r = self.w.r
        super().day(day)
        if (day + 3) % 7 != self.weekday:
            return
        self.list += [self.w.stranger() for _ in range(len(self.list) // 30)]
        t, place, digest = self.moment(day), jp(self.line, self.asn), f"{r.getrandbits(64):016x}"
        for i, rcpt in enumerate(self.list):
            self.submit(t + i // 15, [rcpt], place, body_digest=digest, subject="今週のお知らせ", **{"class": "bulk"})
            if r.random() < .02:
                self.w.add(t + i // 15 + 20, event="bounce", account=self.name, rcpt=rcpt, status="5.1.1")
        for _ in range(poisson(r, len(self.list) * .0005)):
            self.w.add(t + r.randrange(DAY), event="complaint", account=self.name, type="abuse")


class School(Account):
    """A list kept by hand: one message to all parents, once or twice a week."""
    rate, contacts, new_share = 2, 30, .03

    def __init__(self, w, name):
        super().__init__(w, name)
        self.kind = w.r.choice(["bulk", "person"])
        self.list = [w.stranger() for _ in range(w.r.randint(40, 110))]

    def day(self, day):
        super().day(day)
        if self.w.r.random() < .2:
            self.submit(self.moment(day), self.list, jp(self.line, self.asn), subject="学年だより")


class Printer(Account):
    kind, rate, hours, contacts, new_share, weekend = "server", 6, (8, 19), 8, .01, .02


class WebForm(Account):
    kind, rate, hours, contacts, new_share = "server", 5, (0, 24), 3, 0
    script = "contact.php"

    def day(self, day):
        r = self.w.r
        for _ in range(poisson(r, self.own_rate * (8 if r.random() < .02 else 1))):
            t, visitor = self.moment(day), self.w.stranger()
            place = jp(self.line, self.asn)
            self.submit(t, [self.friends[0]], place, script=self.script, **{"from": visitor})
            self.submit(t + 1, [visitor], place, script=self.script)


class Traveller(Office):
    def __init__(self, w, name):
        super().__init__(w, name)
        self.away = w.r.randrange(4, 26)
        self.back = self.away + w.r.randint(2, 7)
        self.hotel = None

    def place(self, t):
        day = (t - START) // DAY if t > 1000 else t
        if not self.away <= day < self.back:
            return super().place(t)
        if self.hotel is None or self.w.r.random() < .03:
            self.hotel = self.w.anywhere()
        return self.hotel


class Cron(Account):
    kind, rate, hours, contacts, new_share, weekend = "server", 8, (2, 5), 3, 0, 1

    def day(self, day):
        super().day(day)
        if self.w.r.random() < .02:         # something is down
            t = self.moment(day)
            for i in range(self.w.r.randint(30, 150)):
                self.submit(t + i * 20, [self.friends[0]])


class MailServer(Account):
    kind, rate = "server", 20
    new_share, contacts = .2, 150

    def day(self, day):
        super().day(day)
        for _ in range(30):
            self.w.add(self.moment(day), event="smtp25_out", ip=self.line, port=40000,
                       dest=f"198.51.100.{self.w.r.randrange(256)}")

    def start(self, t):
        super().start(t)
        self.w.add(t, event="lease", ip=self.line, account=self.name)


class Newcomer(Account):
    kind, rate, contacts, new_share = "new", 4, 25, .15

    def __init__(self, w, name):
        super().__init__(w, name)
        self.born = w.r.randrange(25)

    def start(self, t):
        pass

    def day(self, day):
        if day == self.born:
            self.w.add(START + day * DAY, event="account", account=self.name, created=stamp(START + day * DAY)[:10],
                       kind="new", identities=[self.address])
        if day >= self.born:
            super().day(day)


HONEST = [(Office, .36), (Family, .27), (Phone, .12), (Shop, .05), (Newsletter, .003), (School, .01), (Printer, .03),
          (WebForm, .04), (Traveller, .04), (Cron, .03), (MailServer, .01), (Newcomer, .037)]


class Attack:
    """Sends through a taken account from a moment on."""

    def __init__(self, w, account, day):
        self.w, self.a = w, account
        self.t = START + day * DAY + w.r.randrange(DAY)
        self.digest = f"{w.r.getrandbits(64):016x}"

    def send(self, t, rcpts, place, **more):
        self.w.add(t, event="submit", account=self.a.name, **place, port=self.w.r.randrange(1024, 65535),
                   **{"mail_from": self.a.address, "from": self.a.address, "rcpts": rcpts, "size": 3000,
                      "subject": "重要なお知らせ", "body_digest": self.digest,
                      "queue_id": f"4X{self.w.r.getrandbits(40):010X}",
                      "class": self.w.r.choice(["ham", "ham", "spam", "phish"]), "score": 5.0, **more})

    def strangers(self, n):
        return [self.w.stranger() for _ in range(n)]

    def events(self):
        raise NotImplementedError


class FastBot(Attack):
    def events(self):
        place = self.w.anywhere()
        for i in range(600):
            self.send(self.t + i, self.strangers(1), place)


class OwnPcBot(Attack):
    """Malware on the owner's machine."""
    def events(self):
        for i in range(400):
            self.send(self.t + i * 3, self.strangers(1), jp(self.a.line, self.a.asn))


class SlowDistributed(Attack):
    def events(self):
        for i in range(200):
            self.send(self.t + i * 600 + self.w.r.randrange(60), self.strangers(1), self.w.anywhere())


class SlowWithinCountry(Attack):
    def events(self):
        for i in range(150):
            ip = f"{self.w.net16()}.{self.w.r.randrange(256)}.{self.w.r.randrange(1, 255)}"
            self.send(self.t + i * 900, self.strangers(1), jp(ip, self.w.r.choice(JP_ASN)),
                      body_digest=f"{self.w.r.getrandbits(64):016x}", **{"class": "ham", "score": 0.5})


class Dictionary(Attack):
    def events(self):
        place, domain = self.w.anywhere(), self.w.r.choice(self.w.domains)
        per = self.w.r.choice([1, 5, 20, 50])
        for i in range(600 // per):
            rcpts = [f"{self.w.r.choice('abcdefghk')}{self.w.r.randrange(10**5)}@{domain}" for _ in range(per)]
            self.send(self.t + i * 4 * per, rcpts, place)
            for rcpt in rcpts:
                if self.w.r.random() < .85:
                    self.w.add(self.t + i * 4 * per + 2, event="bounce", account=self.a.name, rcpt=rcpt, status="5.1.1")


class BccStorm(Attack):
    def events(self):
        place = self.w.anywhere()
        for i in range(20):
            self.send(self.t + i * 120, self.strangers(self.w.r.choice([50, 100, 400])), place)


class WebScript(Attack):
    """A hole in a web site: mail from its own server."""
    def events(self):
        script = self.w.r.choice(["contact.php", "wp-content/uploads/x.php"])
        for i in range(1500):
            self.send(self.t + i * 2, self.strangers(1), jp(self.a.line, self.a.asn), script=script)


class WarmUp(Attack):
    def events(self):
        place = self.w.anywhere()
        for day in range(5):
            for _ in range(4 * 2 ** day):
                self.send(self.t + day * DAY + self.w.r.randrange(8 * 3600), self.strangers(1), place,
                          **{"class": "ham", "score": 0.5})
        self.t += 5 * DAY
        for i in range(800):
            self.send(self.t + i * 2, self.strangers(1), place)


class OneDomain(Attack):
    def events(self):
        place = self.w.anywhere()
        for i in range(400):
            self.send(self.t + i * 15, [f"k{self.w.r.getrandbits(30)}@docomo.ne.jp"], place)


class ForgedFrom(Attack):
    def events(self):
        place = self.w.anywhere()
        for i in range(300):
            self.send(self.t + i * 30, self.strangers(1), place, **{"from": "info@bank.example"})


class Insider(Attack):
    """An honest sender of a newsletter that was not registered; may be held."""
    def events(self):
        for i in range(1200):
            self.send(self.t + i, self.strangers(1), jp(self.a.line, self.a.asn), **{"class": "bulk", "score": 1.0})


class Infected(Attack):
    """Connections past the relay, from a leased address."""
    def events(self):
        self.w.add(self.t - 60, event="lease", ip=self.a.line, account=self.a.name)
        for i in range(300):
            self.w.add(self.t + i * 10, event="smtp25_out", ip=self.a.line, port=40112,
                       dest=f"198.51.{self.w.r.randrange(256)}.{self.w.r.randrange(256)}")


ATTACKS = [FastBot, OwnPcBot, SlowDistributed, SlowWithinCountry, Dictionary, BccStorm, WebScript, WarmUp, OneDomain,
           ForgedFrom, Insider, Infected]


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
    o = p.parse_args()
    w = World(o.seed, [f for f in o.without.split(",") if f])
    accounts = accounts_of(w, o.accounts)
    for a in accounts:
        if isinstance(a, (Office, Family, Shop)) and w.r.random() < .04:
            a.burst_day = w.r.randrange(10, max(11, o.days))
    victims = {kind: [a for a in accounts if isinstance(a, WebForm)] if kind is WebScript else
               [a for a in accounts if type(a) in (Office, Family, Phone, Shop)] for kind in ATTACKS}
    attacks, truth = [], {a.name: {"kind": type(a).__name__, "burst": a.burst_day is not None} for a in accounts}
    for kind in ATTACKS:
        for _ in range(o.attackers):
            a = w.r.choice([v for v in victims[kind] if v.taken is None and v.burst_day is None])
            a.taken = kind(w, a, w.r.randrange(o.from_day, max(o.from_day + 1, o.days - 6)))
            attacks.append(a.taken)
            truth[a.name]["attack"] = kind.__name__
            truth[a.name]["t"] = a.taken.t
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
