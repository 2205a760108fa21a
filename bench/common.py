"""What the measuring scripts share: tables, corpora, services under load and what they cost."""
import json
import os
import random
import re
import shutil
import signal
import socket
import statistics
import struct
import subprocess
import sys
import tempfile
import time

SOURCE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
TICK = os.sysconf("SC_CLK_TCK")


def table(title, head, rows):
    print(f"\n## {title}")
    print("| " + " | ".join(head) + " |")
    print("|" + "|".join("---" for _ in head) + "|")
    for row in rows:
        print("| " + " | ".join(str(cell) for cell in row) + " |", flush=True)


def say(text):
    """Progress, beside the tables."""
    print(f"{time.strftime('%H:%M:%S')} {text}", file=sys.stderr, flush=True)


def quantile(values, q):
    values = sorted(values)
    return values[min(len(values) - 1, int(q * len(values)))]


def spread(values, form):
    """Median, and in brackets the smallest and the greatest."""
    return f"{statistics.median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def unpacked(corpora, name):
    """The messages of a corpus, unpacked once into bench/corpora/."""
    target = os.path.join(SOURCE, "bench", "corpora", name)
    archive = os.path.join(corpora, name + ".tar.zst")
    if not os.path.isdir(target):
        if not os.path.isfile(archive):
            return []
        part = target + ".part"
        os.makedirs(part, exist_ok=True)
        with subprocess.Popen(["zstd", "-dc", "--long=27", archive], stdout=subprocess.PIPE) as zstd:
            subprocess.run(["tar", "-x", "-C", part], stdin=zstd.stdout, check=True)
        os.rename(part, target)
    found = []
    for where, dirs, names in os.walk(target):
        dirs.sort()
        found += [os.path.join(where, n) for n in sorted(names)]
    # Messages lie below data/, what is said about them beside it.
    return [f for f in found if "/data/" in f[len(target):]] or found


def sample(corpora, names, count):
    """@count messages of all these corpora, the same ones every time."""
    files = [f for name in names for f in unpacked(corpora, name)]
    if not files:
        sys.exit(f"no corpora: none of {', '.join(names)} is in {corpora}; name their folder with --corpora")
    return sorted(random.Random(1).sample(files, min(count, len(files))))


def build(folder, *targets):
    """As ./run and the package do it: what is measured is what people get."""
    if not os.path.isfile(os.path.join(folder, "build.ninja")):
        subprocess.run(["meson", "setup", "-Db_lto=true", folder, SOURCE], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["ninja", "-C", folder, *targets], check=True, stdout=subprocess.DEVNULL)


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def answers(port, path="/ping"):
    try:
        with socket.create_connection(("127.0.0.1", port), 0.5) as s:
            s.sendall(f"GET {path} HTTP/1.0\r\n\r\n".encode())
            return b" 200 " in s.recv(64)
    except OSError:
        return False


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 0.5).close()
        return True
    except OSError:
        return False


def until(condition, seconds, complaint):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            sys.exit(complaint)
        time.sleep(0.01)


def write(path, text):
    with open(path, "w", encoding="utf-8") as f:
        f.write(text)


def txt_answer(asked, question, text):
    """A DNS answer with the one TXT record @text."""
    strings = [text[i:i + 255].encode() for i in range(0, len(text), 255)]
    data = b"".join(bytes([len(s)]) + s for s in strings)
    return (asked[:2] + b"\x81\x80\x00\x01\x00\x01" + bytes(4) + question + b"\xc0\x0c\x00\x10\x00\x01" +
            (3600).to_bytes(4, "big") + len(data).to_bytes(2, "big") + data)


def no_such_name(asked, question):
    """NXDOMAIN, with the SOA of the root: without one a resolver must not keep the answer (RFC 2308 section 5)."""
    soa = b"\x00\x00" + struct.pack(">5I", 1, 1800, 900, 604800, 3600)
    return (asked[:2] + b"\x81\x83\x00\x01\x00\x00\x00\x01\x00\x00" + question + b"\x00\x00\x06\x00\x01" +
            struct.pack(">IH", 3600, len(soa)) + soa)


def dns_stub(records=None):
    """Starts a process that answers DNS questions for the TXT @records (by name), and all others NXDOMAIN, at once;
    (pid, port)."""
    s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", 0))
    pid = os.fork()
    if pid:
        port = s.getsockname()[1]
        s.close()
        return pid, port
    while True:
        asked, who = s.recvfrom(4096)
        at, labels = 12, []
        while at < len(asked) and asked[at]:
            labels.append(asked[at + 1:at + 1 + asked[at]].decode("ascii", "replace").lower())
            at += asked[at] + 1
        text = (records or {}).get(".".join(labels))
        if text and asked[at + 1:at + 3] == b"\x00\x10":
            s.sendto(txt_answer(asked, asked[12:at + 5], text), who)
            continue
        s.sendto(no_such_name(asked, asked[12:at + 5]), who)


class Service:
    """A service in a folder of its own on free ports of 127.0.0.1."""
    milter = http = None

    def __init__(self, name):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="komainu-bench-")
        os.chmod(self.folder, 0o755)
        self.process = None

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def write(self, name, text):
        os.makedirs(os.path.dirname(self.path(name)), exist_ok=True)
        with open(self.path(name), "w", encoding="utf-8") as f:
            f.write(text)

    def run(self, command):
        with open(self.path("log"), "ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def wait(self, seconds=180): # beside other work a start takes long
        end = time.monotonic() + seconds
        while not answers(self.http):
            if self.process.poll() is not None or time.monotonic() > end:
                with open(self.path("log"), encoding="utf-8", errors="replace") as log:
                    sys.exit(f"{self.name} does not start:\n{log.read()[-2000:]}")
            time.sleep(0.005)
        return self

    def settle(self, seconds=30):
        """Waits until it has stopped working on its own account (compiling patterns, say): for three seconds in
        which it used next to nothing, or no more than in the second before, as timers do. For @seconds at most."""
        end, quiet, last = time.monotonic() + seconds, 0, 0
        say(f"{self.name}: waiting until it rests, {seconds} s at most")
        while quiet < 3 and time.monotonic() < end:
            before = self.cpu()
            time.sleep(1)
            used = self.cpu() - before
            quiet = quiet + 1 if used < max(0.03, min(0.25, 1.2 * last)) else 0
            last = used
        if quiet < 3:
            say(f"{self.name}: still uses {last:.2f} CPU s a second; going on")
        return self

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(30)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def pids(self):
        """The process that was started and all its descendants."""
        found, new = [], [self.process.pid]
        while new:
            pid = new.pop()
            found.append(pid)
            try:
                with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
                    new += map(int, f.read().split())
            except OSError:
                pass
        return found

    def cpu_split(self):
        """Seconds in user mode and in the kernel of all its processes, ended children included."""
        ticks = [0, 0]
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as f:
                    of = list(map(int, f.read().rsplit(")", 1)[1].split()[11:15]))
                ticks = [ticks[0] + of[0] + of[2], ticks[1] + of[1] + of[3]]
            except OSError:
                pass
        return [t / TICK for t in ticks]

    def cpu(self):
        return sum(self.cpu_split())

    def memory(self):
        """MB of all its processes: anonymous, shared or of files (counted in each process), and the sum in
        which shared pages count once."""
        sums = {"RssAnon": 0, "RssFile": 0, "RssShmem": 0, "Pss": 0}
        for pid in self.pids():
            text = ""
            for name in ("status", "smaps_rollup"):
                try:
                    with open(f"/proc/{pid}/{name}", encoding="utf-8", errors="replace") as f:
                        text += f.read()
                except OSError:
                    pass
            for key in sums:
                m = re.search(rf"^{key}:\s+(\d+) kB", text, re.M)
                sums[key] += int(m.group(1)) / 1024 if m else 0
        return sums["RssAnon"], sums["RssFile"] + sums["RssShmem"], sums["Pss"]


class Komainu(Service):
    def __init__(self, program, settings="", scanners=1, name="Komainu"):
        super().__init__(name)
        self.milter, self.http = free_port(), free_port()
        self.program = program
        # A DNS without names answers like the stub that the others ask: nothing is there, at once.
        self.write("empty.zone", "; no names\n")
        self.write("komainu.yaml", f"listen.milter: 127.0.0.1:{self.milter}\nlisten.http: 127.0.0.1:{self.http}\n"
                                   "listen.policy: off\n"
                                   f"state.dir: {self.path('state')}\nscanner.processes: {scanners}\n"
                                   + ("" if "dns." in settings else f"dns.snapshot: {self.path('empty.zone')}\n")
                                   + "language: en\n" + settings)

    def start(self):
        self.run([self.program, "serve", "--config", self.path("komainu.yaml")])
        return self.wait()

    def roles(self, name):
        found = []
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as f:
                    if f.read().startswith(b"komainu: " + name.encode() + b" "):
                        found.append(pid)
            except OSError:
                pass
        return found


def load(folder, service, files, protocol, **options):
    """Runs bench_load against @service and returns what it says."""
    with start_load(folder, service, files, protocol, **options) as p:
        return finish_load(p)


def start_load(folder, service, files, protocol, **options):
    command = [os.path.join(folder, "bench", "bench_load"), "--" + protocol, str(getattr(service, protocol))]
    for name, value in options.items():
        command += ["--" + name, str(value)]
    p = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    p.stdin.write("".join(f + "\n" for f in files))
    p.stdin.close()
    p.opened = json.loads(p.stdout.readline())
    return p


def finish_load(p):
    got = json.loads(p.stdout.readline())
    p.wait()
    return got
