#!/usr/bin/python3
"""A bad row of data/cues.csv is refused with file, line and reason; the table as it is is taken.
usage: check_cues.py SOURCE     prints TAP"""
import os
import subprocess
import sys
import tempfile

HEAD = "# source, licence\nset,cue\n"
BAD = [
    (HEAD + "title\n", ":3: 1 columns, 2 are needed"),
    (HEAD + "title,a,b\n", ":3: 3 columns"),
    (HEAD + "titel,a\n", ":3: no set is called titel"),
    (HEAD + "title,\n", ":3: a cue has 1 to"),
    (HEAD + "title," + "a" * 61 + "\n", ":3: a cue has 1 to"),
    (HEAD + "title,Ａ\n", ":3: can not be found in a match key, where it would be a"),
    (HEAD + "role,b\nrole,a\n", ":4: not in order"),
    (HEAD + "role,a\nrole,a\n", ":4: not in order, or there twice"),
    (HEAD.encode() + b"title,\xff\n", ":3: not UTF-8"),
    ("name,cue\ntitle,a\n", ":1: the columns are to be called"),
    (HEAD + "title,a\n", "has no rows"),
    ("", "has no rows"),
]


def run(program, table):
    p = subprocess.run([sys.executable, "-B", program, table], capture_output=True, timeout=60)
    return p.returncode, p.stdout.decode() + p.stderr.decode()


def main():
    source = sys.argv[1]
    program = os.path.join(source, "src/content/cue_table.py")
    print(f"1..{len(BAD) + 1}")
    code, said = run(program, os.path.join(source, "data/cues.csv"))
    print("ok" if code == 0 and "no errors" in said else "not ok", 1, "-", said.strip())
    with tempfile.TemporaryDirectory() as folder:
        table = os.path.join(folder, "t.csv")
        for n, (text, want) in enumerate(BAD, 2):
            with open(table, "wb") as f:
                f.write(text if isinstance(text, bytes) else text.encode())
            code, said = run(program, table)
            print("ok" if code != 0 and table in said and want in said else "not ok", n, "-", said.strip())


main()
