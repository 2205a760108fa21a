"""What all accounts of the simulator share: time, domains, networks, the events of the present day."""
import hashlib
import json
import random

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
        self.events, self.serial, self.queued = [], 0, 0
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

    def number(self):
        """Of the next message, for its queue id."""
        self.queued += 1
        return self.queued

    def add(self, t, **event):
        for name in [n for n in event if n in self.without or event[n] is None]:
            del event[name]
        if event["event"] in self.without:
            return
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


def poisson(r, mean):
    if mean > 60:
        return max(0, int(r.gauss(mean, mean ** .5)))
    n, p, limit = 0, r.random(), 2.718281828 ** -mean
    while p > limit:
        n += 1
        p *= r.random()
    return n
