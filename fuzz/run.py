#!/usr/bin/python3
"""Runs every fuzz target of a build directory for a while: see fuzz/README.md.
usage: run.py [--runs N | --seconds N] [--jobs N] [--counts FILE] [--artifacts DIR] BUILD [TARGET …]
With --runs the inputs are the same in every run, so that a change is judged by what it changed;
--seconds looks for new ones. Exit status 0 when there was no finding, 1 else."""
import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

SOURCE = os.path.dirname(os.path.abspath(__file__))


def targets(build, only):
    """[(name, program)] of the fuzz targets that meson knows in @build."""
    with open(os.path.join(build, "meson-info", "intro-targets.json"), encoding="utf-8") as f:
        known = {t["name"]: t["filename"][0] for t in json.load(f) if t["type"] == "executable"}
    return sorted((n, p) for n, p in known.items() if n.startswith("fuzz_") and (not only or n in only))


def fuzz(name, program, args):
    """None, or what was found."""
    folder, target = name.split("_", 2)[1:]
    seeds = os.path.join(SOURCE, folder, "seeds", target)
    words = os.path.join(SOURCE, folder, target + ".dict")
    with tempfile.TemporaryDirectory() as corpus:
        much = [f"-runs={args.runs}", "-seed=1"] if args.runs else [f"-max_total_time={args.seconds}"]
        command = [program, *much, "-timeout=20", "-rss_limit_mb=2048", "-print_final_stats=1", f"-artifact_prefix={args.artifacts}/{name}-"]
        command += [f"-dict={words}"] if os.path.isfile(words) else []
        command += [corpus] + ([seeds] if os.path.isdir(seeds) else [])
        try:
            run = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                 stderr=subprocess.STDOUT, timeout=args.seconds + 300, check=False)
        except subprocess.TimeoutExpired:
            return "did not end in time"
    return None if run.returncode == 0 else run.stdout.decode("utf-8", "replace")[-6000:]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--counts")
    parser.add_argument("--artifacts")
    parser.add_argument("build")
    parser.add_argument("target", nargs="*")
    args = parser.parse_args()
    args.artifacts = os.path.abspath(args.artifacts or os.path.join(args.build, "fuzz-findings"))
    os.makedirs(args.artifacts, exist_ok=True)
    todo = targets(args.build, args.target)
    failed = 0
    with ThreadPoolExecutor(args.jobs) as pool:
        for (name, _), found in zip(todo, pool.map(lambda t: fuzz(*t, args), todo)):
            print("ok   " if found is None else "FAIL ", name, flush=True)
            if found is not None:
                failed += 1
                print(found)
    if not todo:
        print("no fuzz target was built")
    if args.counts:
        with open(args.counts, "w", encoding="utf-8") as f:
            print(len(todo) - failed, failed, 0, file=f)
    return 1 if failed or not todo else 0


if __name__ == "__main__":
    sys.exit(main())
