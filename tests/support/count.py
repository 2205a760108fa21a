#!/usr/bin/python3
"""Counts the test cases of a meson test run: prints "passed failed skipped"; on standard error, what
failed: the program's name, its failed cases and the end of what it said.
usage: count.py BUILD/meson-logs

testlog.json has a line for every test program, with its result and its output; a program that speaks
TAP counts once for each case. One that failed without a failed case (a crash, a time-out) counts as
one failure more."""
import itertools
import json
import os
import re
import sys

CASE = re.compile(r"^(not )?ok\b([^#\n]*)(#\s*(?:skip|todo)\b)?", re.I | re.M)
PLAN = re.compile(r"^1\.\.\d+", re.M)
MESON_SAYS = "(test program exited"
LAST_LINES = 12
LONGEST = 300


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


def failed_cases(said):
    """Each failed case of the lines @said, and the end of the comments that follow it: why it failed."""
    lines = []
    for at, line in enumerate(said):
        if line.startswith("not ok"):
            after = itertools.takewhile(lambda comment: comment.startswith("#"), said[at + 1:])
            lines += [line, *list(after)[-LAST_LINES:]]
    return lines


def tell(program):
    """The lines that a reader needs of a program that failed."""
    said = (program.get("stdout") or "").splitlines()
    end = [line for line in (program.get("stderr") or "").splitlines() if line and not line.startswith(MESON_SAYS)]
    cases_failed = failed_cases(said)
    lines = cases_failed + (end or ([] if cases_failed else said))[-LAST_LINES:]
    print(f"FAILED: {program['name']} ({program['result']})", *(f"  {line[:LONGEST]}" for line in lines),
          sep="\n", file=sys.stderr)


def main():
    with open(os.path.join(sys.argv[1], "testlog.json"), encoding="utf-8") as f:
        programs = [json.loads(line) for line in f]
    counts = [cases(program) for program in programs]
    print(*map(sum, zip(*counts)))
    for program, (_, failed, _) in zip(programs, counts):
        if failed:
            tell(program)


if __name__ == "__main__":
    main()
