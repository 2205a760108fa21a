"""What sends through accounts that are in other hands."""
from world import DAY, JP_ASN, START, jp


class Attack:
    """Sends through a taken account from a moment on. Its queue ids begin with its mark."""
    def __init__(self, w, account, day, mark):
        self.w, self.a, self.mark = w, account, mark
        self.t = START + day * DAY + w.r.randrange(DAY)
        self.digest = f"{w.r.getrandbits(64):016x}"
        self.classes = w.r.choice([["ham", "ham", "spam", "phish"], ["ham"], ["ham", "spam"]])

    def send(self, t, rcpts, place, **more):
        self.w.add(t, event="submit", **place, port=self.w.r.randrange(1024, 65535),
                   **{"account": self.a.name, "mail_from": self.a.address, "from": self.a.address, "rcpts": rcpts, "size": 3000,
                      "subject": "重要なお知らせ", "body_digest": self.digest,
                      "queue_id": f"{self.mark}{self.w.number():08X}",
                      "class": self.w.r.choice(self.classes), "score": 5.0, **more})

    def home(self):
        return jp(self.a.line, self.a.asn)

    def bounce(self, t, rcpt):
        self.w.add(t, event="bounce", account=self.a.name, rcpt=rcpt, status="5.1.1")

    def strangers(self, n):
        return [self.w.stranger() for _ in range(n)]

    def events(self):
        raise NotImplementedError


class FastBot(Attack):
    """One machine or a few, slower and faster, one recipient or several in a message."""
    def events(self):
        places = [self.w.anywhere() for _ in range(self.w.r.choice([1, 1, 3, 10]))]
        pace, n = self.w.r.choice([.05, .3, 1, 5, 15]), self.w.r.choice([1, 1, 2, 5])
        for i in range(600):
            self.send(self.t + i * pace, self.strangers(n), self.w.r.choice(places))


class OwnPcBot(Attack):
    """Malware on the owner's machine."""
    def events(self):
        pace, bodies = self.w.r.choice([.2, 1, 3, 10, 20]), self.w.r.choice([1, 10**9])
        for i in range(500):
            self.send(self.t + i * pace, self.strangers(1), self.home(), body_digest=f"{i % bodies:016x}{self.digest}")


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
                    self.bounce(self.t + i * 4 * per + 2, rcpt)


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
            self.send(self.t + i * 2, self.strangers(1), self.home(), script=script)


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
            self.send(self.t + i, self.strangers(1), self.home(), **{"class": "bulk", "score": 1.0})


class Infected(Attack):
    """Connections past the relay, from a leased address."""
    def events(self):
        self.w.add(self.t - 60, event="lease", ip=self.a.line, account=self.a.name)
        for i in range(300):
            self.w.add(self.t + i * 10, event="smtp25_out", ip=self.a.line, port=40112,
                       dest=f"198.51.{self.w.r.randrange(256)}.{self.w.r.randrange(256)}")


class LateDictionary(Attack):
    """From the owner's machine; its bounces come when they come."""
    def events(self):
        domain, per, pace = self.w.r.choice(self.w.domains), self.w.r.choice([1, 10, 40, 100]), self.w.r.choice([1, 5])
        for i in range(1000 // per):
            rcpts = [f"{self.w.r.choice('abcdefghk')}{self.w.r.randrange(10**5)}@{domain}" for _ in range(per)]
            self.send(self.t + i * pace * per, rcpts, self.home(), **{"class": "ham", "score": 1.0})
            for rcpt in rcpts:
                if self.w.r.random() < .7:
                    self.bounce(self.t + i * pace * per + self.w.r.randrange(60, 1800), rcpt)


class LowAndSlow(Attack):
    """A message an hour or less, each from another of 200 networks, each with its own text."""
    def events(self):
        places, pace = [self.w.anywhere() for _ in range(200)], self.w.r.choice([1800, 3600])
        for i in range(200):
            self.send(self.t + i * pace + self.w.r.randrange(900), self.strangers(1), places[i],
                      body_digest=f"{self.w.r.getrandbits(64):016x}", **{"class": "ham", "score": 0.5})


class SlowSeveral(Attack):
    """Slow and distributed, some recipients in each message."""
    def events(self):
        for i in range(100):
            self.send(self.t + i * 600, self.strangers(self.w.r.randint(2, 6)), self.w.anywhere())


class SlowHome(Attack):
    """Malware that keeps below what limits usually are."""
    def events(self):
        for i in range(400):
            self.send(self.t + i * 240 + self.w.r.randrange(100), self.strangers(1), self.home())


class BccHome(Attack):
    def events(self):
        for i in range(30):
            self.send(self.t + i * 60, self.strangers(self.w.r.choice([30, 90, 300])), self.home(),
                      **{"class": "ham", "score": 1.0})


class RelayAttempts(Attack):
    """Nobody has logged in, nobody here is meant."""
    def __init__(self, w, account, day, mark):
        super().__init__(w, account, day, mark)
        self.place = w.anywhere()

    def events(self):
        for i in range(300):
            self.send(self.t + i * 2, self.strangers(1), self.place, account=None, mail_from="x@spam.example",
                      **{"from": "x@spam.example"})


class Guessed(Attack):
    """A password that was guessed, then a quiet start and a flood."""
    def events(self):
        place = self.w.anywhere()
        for i in range(40):
            self.w.add(self.t + i * 20, event="login", account=self.a.name, ok=False, service="smtp", **place)
        self.w.add(self.t + 900, event="login", account=self.a.name, ok=True, service="smtp", **place)
        for i in range(5):
            self.send(self.t + 1000 + i * 600, self.strangers(1), place, **{"class": "ham", "score": 0.5})
        for i in range(500):
            self.send(self.t + 7200 + i * 4, self.strangers(1), place)


ATTACKS = [FastBot, OwnPcBot, SlowDistributed, SlowWithinCountry, Dictionary, BccStorm, WebScript, WarmUp, OneDomain,
           ForgedFrom, Insider, Infected, LateDictionary, LowAndSlow, SlowSeveral, SlowHome, BccHome, RelayAttempts,
           Guessed]
