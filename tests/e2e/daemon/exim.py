"""Debian's Exim for a test, without installing it (its package excludes Postfix): unpacked, under a configuration,
a user table and ports of its own."""

import os
import pathlib
import shutil
import subprocess

from service import free_port, listens, wait_for

# With the libraries that a machine with nothing but Komainu's own packages lacks.
PACKAGES = (
    "exim4-daemon-heavy", "exim4-base", "libidn12", "libldap-2.5-0", "libmariadb3", "libnss-wrapper", "libperl5.36",
    "libpq5", "libspf2-2",
)

CONFIG = """\
exim_path = {exim}
spool_directory = {dir}/spool
log_file_path = {dir}/log/%slog
pid_file_path = {dir}/pid
keep_environment = LD_LIBRARY_PATH : LD_PRELOAD : NSS_WRAPPER_PASSWD : NSS_WRAPPER_GROUP
primary_hostname = mx.example.jp
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
queue_only
acl_not_smtp =
acl_smtp_rcpt = accept
acl_smtp_data = check_data
spamd_address = {spamd}

begin acl

check_data:
{acl}

begin routers

all:
  driver = accept
  transport = box

begin transports

box:
  driver = appendfile
  directory = {dir}/mail
  maildir_format
  user = nobody
  group = nogroup
"""

PASSWD = """\
root:x:0:0:root:/root:/bin/sh
Debian-exim:x:{uid}:{gid}::/nonexistent:/bin/false
nobody:x:65534:65534::/nonexistent:/bin/false
"""
GROUP = "root:x:0:\nadm:x:4:\nDebian-exim:x:{gid}:\nnogroup:x:65534:\n"
UID = 65533


def unpack(cache):
    """The folder with Exim's files, or why there is none."""
    root = pathlib.Path(cache) / "exim"
    if not (root / "usr/sbin/exim4").exists():
        if shutil.which("apt-get") is None or shutil.which("dpkg") is None:
            return None, "no apt-get to fetch Exim with"
        debs = pathlib.Path(cache) / "exim-debs"
        debs.mkdir(parents=True, exist_ok=True)
        try:
            run = subprocess.run(
                ["apt-get", "download", *PACKAGES], cwd=debs, capture_output=True, text=True, timeout=60
            )
        except subprocess.TimeoutExpired:
            return None, "Exim could not be fetched within 60 s"
        if run.returncode:
            return None, "Exim can not be fetched: " + (run.stderr.strip().splitlines() or ["?"])[-1]
        for deb in debs.glob("*.deb"):
            subprocess.run(["dpkg", "-x", str(deb), str(root)], check=True)
    needs = subprocess.run(["ldd", str(root / "usr/sbin/exim4")], env={**os.environ, "LD_LIBRARY_PATH": libraries(root)},
                           capture_output=True, text=True, check=False).stdout
    missing = [line.split()[0] for line in needs.splitlines() if "not found" in line]
    return (None, "Exim lacks " + ", ".join(missing)) if missing else (root, "")


def libraries(root):
    return ":".join(sorted({str(p.parent) for p in root.glob("usr/lib/**/*.so*")}))


class Exim:
    """Mail to anybody goes to one Maildir. @acl is the text of the ACL for DATA."""

    def __init__(self, root, folder, spamd, acl):
        self.dir = pathlib.Path(folder)
        self.exim = root / "usr/sbin/exim4"
        self.port = free_port()
        self.process = None
        for name in ("spool", "log"):
            (self.dir / name).mkdir(parents=True)
            os.chown(self.dir / name, UID, UID)
        (self.dir / "mail").mkdir()
        os.chown(self.dir / "mail", 65534, 65534)
        (self.dir / "passwd").write_text(PASSWD.format(uid=UID, gid=UID))
        (self.dir / "group").write_text(GROUP.format(gid=UID))
        self.conf = self.dir / "exim.conf"
        self.conf.write_text(
            CONFIG.format(exim=self.exim, dir=self.dir, port=self.port, spamd=spamd, acl=acl)
        )
        self.env = {
            "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
            "LD_LIBRARY_PATH": libraries(root),
            "LD_PRELOAD": "libnss_wrapper.so",
            "NSS_WRAPPER_PASSWD": str(self.dir / "passwd"),
            "NSS_WRAPPER_GROUP": str(self.dir / "group"),
        }

    def run(self, *arguments):
        return subprocess.run(
            [str(self.exim), "-C", str(self.conf), *arguments],
            env=self.env, capture_output=True, text=True, timeout=60,
        )

    def start(self):
        said = self.run("-bV")
        assert said.returncode == 0 and "Content_Scanning" in said.stdout, said.stdout + said.stderr
        self.process = subprocess.Popen(
            [str(self.exim), "-C", str(self.conf), "-bdf"],
            env=self.env, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        wait_for("Exim listens", lambda: listens(self.port))
        return self

    def stop(self):
        if self.process:
            self.process.terminate()
            self.process.wait(20)
            self.process = None

    def deliver(self):
        """Delivers what is in the queue; returns all that was delivered so far."""
        self.run("-qff")
        folder = self.dir / "mail/new"
        return [p.read_bytes() for p in folder.iterdir()] if folder.exists() else []

    def log(self):
        return "".join(p.read_text(errors="replace") for p in sorted((self.dir / "log").glob("*log")))
