#!/usr/bin/python3
"""Every komainu command that the READMEs and ./run's closing lines show is run as shown, with a daemon running.
usage: check_commands.py SOURCE_DIRECTORY PROGRAM     prints TAP"""
import os
import re
import shlex
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "daemon"))
import service

SHOWN = re.compile(r"^\s*\./run ([^#\n]*?\S)(?:\s{2,}.*|\s*#.*)?$", re.M)
READMES = ["README.md", "README.ja.md"]
STAND_IN = {"MAIL.eml": "examples/ham-newsletter-en.eml", "メール.eml": "examples/ham-business-ja.eml"}


def shown(path):
    """Arguments of each "./run ARGUMENTS" of the code blocks of a page, or of a script's text."""
    with open(path, encoding="utf-8") as f:
        text = f.read()
    if path.endswith(".md"):
        text = "\n".join(re.findall(r"```sh\n(.*?)```", text, re.S))
    else:
        text = "\n".join(re.findall(r"<<'TEXT'\n(.*?)\nTEXT", text, re.S))
    return SHOWN.findall(text)


def main():
    with tempfile.TemporaryDirectory(prefix="komainu-e2e-") as folder:
        os.chmod(folder, 0o755)
        daemon = service.Komainu(os.path.abspath(sys.argv[2]), folder).start()
        os.environ["KOMAINU_CONFIG"] = str(daemon.config)
        try:
            return check()
        finally:
            daemon.stop()


def check():
    source, program = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    os.chdir(source)
    pages = {name: shown(name) for name in READMES + ["run"]}
    commands = sorted({line for lines in pages.values() for line in lines})
    print(f"1..{len(commands) + 1}")
    same = [pages[name] for name in READMES]
    print("ok" if same[0] == same[1] and same[0] else "not ok", "1 - both READMEs show the same commands")
    for n, line in enumerate(commands, 2):
        run = subprocess.run([program] + [STAND_IN.get(a, a) for a in shlex.split(line)],
                             stdin=subprocess.DEVNULL, capture_output=True, check=False)
        good = run.returncode == 0 and run.stdout.strip()
        print("ok" if good else "not ok", n, "- komainu", line.replace("#", ""))
        if not good:
            print("# exit status", run.returncode, *run.stderr.decode("utf-8", "replace").splitlines()[-3:],
                  sep="\n#   ")
    return 0


if __name__ == "__main__":
    sys.exit(main())
