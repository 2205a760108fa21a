"""Test cases as TAP (Test Anything Protocol), for tests of the whole program."""

import sys
import traceback

CASES = []


class Skip(Exception):
    """Raised by a case that can not run here; says why."""


def case(function):
    """Registers @function as a test case; its docstring or name is shown."""
    CASES.append(function)
    return function


def run(*arguments):
    """Runs all cases with @arguments; exits with 1 when one failed."""
    print(f"1..{len(CASES)}", flush=True)
    failed = 0
    for number, function in enumerate(CASES, 1):
        name = (function.__doc__ or function.__name__).strip().split("\n")[0]
        try:
            function(*arguments)
            print(f"ok {number} {name}", flush=True)
        except Skip as why:
            print(f"ok {number} {name} # SKIP {why}", flush=True)
        except Exception:  # noqa: BLE001 - any failure of a case is reported, and the next one runs
            failed += 1
            print(f"not ok {number} {name}")
            for line in traceback.format_exc().splitlines():
                print(f"# {line}")
            sys.stdout.flush()
    return 1 if failed else 0


def run_site(site):
    """Runs all cases with @site and finishes it; when one failed, shows the end of what its daemon said."""
    try:
        status = run(site)
        if status and site.komainu:
            print(*site.komainu.said().splitlines()[-30:], sep="\n", file=sys.stderr)
    finally:
        site.finish()
    return status


def skip_all(why):
    print(f"1..0 # SKIP {why}", flush=True)
    sys.exit(0)
