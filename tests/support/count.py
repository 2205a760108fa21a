#!/usr/bin/python3
"""Counts the test cases of a meson test run: prints "passed failed skipped".
usage: count.py BUILD/meson-logs

testlog.json has a line for every test program, with its result and its output; a program that speaks
TAP counts once for each case. One that failed without a failed case (a crash, a time-out) counts as
one failure more."""
import json
import os
import re
import sys

CASE = re.compile(r"^(not )?ok\b([^#\n]*)(#\s*(?:skip|todo)\b)?", re.I | re.M)
PLAN = re.compile(r"^1\.\.\d+", re.M)


def cases(program):
    """[passed, failed, skipped] of one program."""
    out, result = program.get("stdout") or "", program["result"]
    n = [0, 0, 0]
    if PLAN.search(out):
        for m in CASE.finditer(out):
            n[2 if m.group(3) else 1 if m.group(1) else 0] += 1
    if result == "SKIP":
        n[2] = max(n[2], 1)
    elif result in ("OK", "EXPECTEDFAIL"):
        n[0] += sum(n) == 0
    else:
        n[1] = max(n[1], 1)
    return n


def main():
    with open(os.path.join(sys.argv[1], "testlog.json"), encoding="utf-8") as f:
        counts = [cases(json.loads(line)) for line in f]
    print(*map(sum, zip(*counts)))


if __name__ == "__main__":
    main()
