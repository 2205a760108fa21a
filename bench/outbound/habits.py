"""Honest accounts: when they send, how much, to whom, from where."""
from world import DAY, JP_ASN, START, hash_of, jp, poisson, stamp


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
        self.taken, self.written = None, {}
        self.burst_day = None

    def start(self, t):
        created = self.w.r.randrange(2005, 2025)
        self.w.add(t, event="account", account=self.name, created=f"{created}-04-01",
                   **({"kind": self.kind} if self.kind else {}), identities=[self.address])

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
                 "queue_id": f"4Q{self.w.number():08X}"}
        event.update(more)
        self.written.update(dict.fromkeys(rcpts))
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
        """Moving house, New Year's greetings: to all whom one wrote to and some others, within the hour, at midnight too."""
        r, t = self.w.r, self.moment(day) if self.w.r.random() < .7 else START + day * DAY + 60
        to = list(self.written)[-3 * len(self.friends):] + [self.w.stranger() for _ in range(len(self.friends) // 6)]
        r.shuffle(to)
        place, digest, subject = self.place(t), f"{r.getrandbits(64):016x}", "転居のお知らせ"
        pace = r.choice([.2, 1, 2, 10, 40])
        if r.random() < .3:
            self.submit(t, to, place, body_digest=digest, subject=subject)
            return
        for i, rcpt in enumerate(to):
            self.submit(t + i * pace, [rcpt], place, body_digest=digest, subject=subject)


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


class Shared(Family):
    """A family with one account: at home, on telephones, a student in another town, a parent abroad."""
    rate, contacts = 5, 45

    def __init__(self, w, name):
        super().__init__(w, name)
        self.student = jp(f"{w.net16()}.{w.r.randrange(256)}.{w.r.randrange(1, 255)}", w.r.choice(JP_ASN))
        self.abroad = w.anywhere()
        self.since = w.r.randrange(0, 20)

    def place(self, t):
        r = self.w.r.random()
        if r < .15:
            return self.student
        if r < .25 and t > START + self.since * DAY:
            return self.abroad
        return super().place(t)


class Vpn(Office):
    """Comes out of another country each time."""
    def __init__(self, w, name):
        super().__init__(w, name)
        self.exits = [w.anywhere() for _ in range(w.r.randint(2, 8))]

    def place(self, t):
        return self.w.r.choice(self.exits) if self.w.r.random() < .5 else super().place(t)


class Tourist(Family):
    """Many countries, another network each day or more often; writes more than at home."""
    rate = 2

    def __init__(self, w, name):
        super().__init__(w, name)
        self.away = w.r.randrange(3, 15)
        self.back = self.away + w.r.randint(5, 14)

    def day(self, day):
        self.here = [self.w.anywhere() for _ in range(self.w.r.randint(1, 3))]
        self.own_rate = self.rate * (2.5 if self.away <= day < self.back else 1)
        super().day(day)

    def place(self, t):
        day = (t - START) // DAY if t > 1000 else t
        return self.w.r.choice(self.here) if self.away <= day < self.back else super().place(t)


class Roamer(Phone):
    """Each connection from another network of the carrier."""
    def phone(self):
        net, asn = self.w.r.choice(self.mobile)
        if self.w.r.random() < .5:
            return jp(f"2400:{self.w.r.randrange(65536):x}:{self.w.r.randrange(65536):x}::1", asn)
        return jp(f"{net.split('.')[0]}.{self.w.r.randrange(256)}.{self.w.r.randrange(256)}.9", asn)


class Mover(Office):
    """The whole office gets another provider on one day."""
    def __init__(self, w, name):
        super().__init__(w, name)
        self.move = w.r.randrange(5, 25)

    def day(self, day):
        if day == self.move:
            net, self.asn = self.w.r.choice(self.w.offices)
            self.line = f"{net}.{self.w.r.randrange(1, 255)}"
        super().day(day)


class Invoices(Office):
    """To all customers at the month's end, each with its own text; some are new."""
    def __init__(self, w, name):
        super().__init__(w, name)
        self.customers = [w.stranger() for _ in range(w.r.randint(60, 200))]

    def day(self, day):
        super().day(day)
        for c in self.customers:        # quotations, orders: they know each other
            if self.w.r.random() < .1:
                self.submit(self.moment(day), [c])
        if day == 29:
            t, place, pace = self.moment(day), jp(self.line, self.asn), self.w.r.choice([0.3, 1, 5])
            for i, c in enumerate(self.customers + [self.w.stranger() for _ in range(len(self.customers) // 12)]):
                self.submit(t + i * pace, [c], place, subject="ご請求書")


class Emergency(School):
    """To all parents at once, at night, from a teacher's telephone."""
    def __init__(self, w, name):
        super().__init__(w, name)
        self.list = [w.stranger() for _ in range(w.r.randint(40, 110))]
        self.alarm = w.r.randrange(12, 28)

    def day(self, day):
        super().day(day)
        if day == self.alarm:
            t = START + day * DAY + self.w.r.randrange(2 * 3600, 5 * 3600)
            self.submit(t, self.list, self.phone(), subject="【緊急】臨時休校")
            self.submit(t + 3600, self.list, self.phone(), subject="【緊急】臨時休校（続報）")


class Monitor(Account):
    """A program that nobody registered; thousands of lines when something is down."""
    kind, rate, hours, contacts, new_share = None, 10, (0, 24), 4, 0

    def day(self, day):
        super().day(day)
        if self.w.r.random() < .05:
            t = self.moment(day)
            for i in range(self.w.r.randint(50, 300)):
                self.submit(t + i * self.w.r.choice([1, 3, 10]), [self.friends[0]])


class Forwarder(Account):
    """Forwards what it gets: senders that are not its own."""
    kind, rate, hours, contacts, new_share = "server", 30, (0, 24), 4, 0

    def submit(self, t, rcpts, place=None, **more):
        super().submit(t, [self.friends[0]], jp(self.line, self.asn), **{"from": self.w.stranger(), **more})


class Dormant(Family):
    """A message a week."""
    rate, contacts = .15, 12


class Club(Family):
    """Writes to all members by Bcc now and then."""
    def __init__(self, w, name):
        super().__init__(w, name)
        self.members = [w.stranger() for _ in range(w.r.randint(15, 80))]

    def day(self, day):
        super().day(day)
        if self.w.r.random() < .08:
            self.submit(self.moment(day), self.members, subject="例会のご案内")


class Helpdesk(Office):
    rate, hours, contacts, new_share = 70, (8, 20), 200, .5


class Relay(Account):
    """A company's own mail server, with all its people behind it."""
    kind, rate, hours, contacts, new_share, group_share = "server", 250, (6, 23), 600, .12, .1


class Silent(Office):
    """Nobody told of the account."""
    def start(self, t):
        pass


HONEST = [(Office, .33), (Family, .24), (Phone, .09), (Shop, .05), (Newsletter, .003), (School, .008), (Printer, .03),
          (WebForm, .04), (Traveller, .03), (Cron, .02), (MailServer, .01), (Newcomer, .037), (Shared, .02), (Vpn, .008),
          (Tourist, .01), (Roamer, .01), (Mover, .01), (Invoices, .008), (Emergency, .005), (Monitor, .005),
          (Forwarder, .004), (Dormant, .03), (Club, .01), (Helpdesk, .005), (Relay, .002), (Silent, .015)]
