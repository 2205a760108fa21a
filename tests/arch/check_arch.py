#!/usr/bin/python3
"""The rules of DESIGN.md section 3 and of the house style, checked on the sources themselves.
usage: check_arch.py SOURCE_DIRECTORY [COMPILER [BUILD_DIRECTORY]]     prints TAP; needs only the standard library"""
import os
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor

import csource

# folder: the folders that it may include, besides itself. The one place where arrows are written.
ARROWS = {
    "base": "",
    "text": "base",
    "crypt": "base",
    "dns": "base",
    "net": "base",
    "conf": "base",
    "store": "base",
    "mail": "base text",
    "fact": "base text",
    "auth": "base mail dns crypt fact",
    "content": "base mail text dns fact",
    "learn": "base mail text store fact",
    "policy": "base fact conf",
    "outbound": "base text store fact",
    "ledger": "base store crypt",
    "desk": "base ledger mail auth outbound",
    "domain": "base dns auth mail store",
    "engine": "base text crypt dns net conf store mail fact auth content learn policy outbound ledger",
    "front": "base text crypt dns net conf store mail fact auth content learn policy outbound ledger "
             "engine",
}
_BELOW_DAEMON = " ".join(ARROWS)
ARROWS["daemon"] = _BELOW_DAEMON
ARROWS["console"] = _BELOW_DAEMON + " daemon"
ARROWS["cli"] = _BELOW_DAEMON + " daemon console"

MAX_FUNCTION, HABIT_FUNCTION = 100, 60
MAX_FILE, HABIT_FILE = 1000, 600
MAX_COMPLEXITY, HABIT_COMPLEXITY = 25, 15
BANNED = {"strcpy", "strcat", "sprintf", "vsprintf", "gets", "strtok", "atoi", "atol", "atof", "alloca"}
READS_INPUT = {"text", "mail", "dns", "content", "auth"}
# Machine paths, registry hosts: nothing committed may point at where it happened to be written.
FORBIDDEN = re.compile(
    "|".join([r"(?<![\w./])/" + r"work/", r"/tmp/" + "corp", r"/root/" + r"\.", "artifact-" + "registry",
              r"\b[\w-]+\.pkg\." + "dev", "art" + "ifactory"]))
TEXT_ENDS = (".c", ".h", ".def", ".py", ".sh", ".md", ".txt", ".csv", ".yaml", ".yml", ".build", ".html",
             ".js", ".css", ".json", ".zone", ".expect")


class Tree:
    """Every committed file, and every C source of it read once."""

    def __init__(self, root):
        self.root = root
        self.files = self._list()
        self.text, self.code, self.funcs = {}, {}, {}
        for path in self.files:
            if path.endswith((".c", ".h")):
                self.text[path] = self.read(path).decode("utf-8", "replace")
                self.code[path] = csource.blanked(self.text[path])
                self.funcs[path] = csource.functions(self.code[path])
        self.src = [p for p in self.text if p.startswith("src/")]
        self.headers = [p for p in self.src if p.endswith(".h")]

    def _list(self):
        # Who has the sources from an archive has no git, or is in no working copy.
        git = shutil.which("git") and subprocess.run(["git", "-C", self.root, "ls-files", "-z", "--cached", "--others",
                                                      "--exclude-standard"], capture_output=True, check=False)
        if git and git.returncode == 0:
            names = git.stdout.decode().split("\0")
            return sorted(n for n in names if n and os.path.isfile(os.path.join(self.root, n)))
        out = []
        for where, dirs, names in os.walk(self.root):
            dirs[:] = [d for d in dirs if not d.startswith((".", "build")) or d == ".ci"]
            out += [os.path.relpath(os.path.join(where, n), self.root) for n in names]
        return sorted(out)

    def read(self, path):
        with open(os.path.join(self.root, path), "rb") as f:
            return f.read()

    def folder(self, path):
        return path.split("/")[1]


def rule_arrows(tree):
    """a folder of src includes only the folders that its arrow names"""
    for path in tree.src:
        folder = tree.folder(path)
        if folder not in ARROWS:
            yield f"{path}: folder {folder} has no row in the table of arrows"
            continue
        allowed = set(ARROWS[folder].split()) | {folder}
        for line, name in csource.includes(tree.text[path]):
            if "/" in name and name.split("/")[0] not in allowed:
                yield f"{path}:{line}: {folder} may not include {name}"
            if "/" not in name:
                yield f"{path}:{line}: write the folder: \"{folder}/{name}\""


def rule_include_cycles(tree):
    """no include cycle, neither among files nor among folders"""
    files = {p[4:]: [n for _, n in csource.includes(tree.text[p])] for p in tree.src}
    folders = {f: to.split() for f, to in ARROWS.items()}
    for graph in (files, folders):
        for cycle in cycles(graph):
            yield "cycle: " + " → ".join(cycle)


def cycles(graph):
    """Every group of nodes that reach each other (Tarjan, with its own stack), and self-loops."""
    index, low, onstack, stack, out = {}, {}, set(), [], []
    for start in graph:
        if start in index:
            continue
        index[start] = low[start] = len(index)
        stack.append(start)
        onstack.add(start)
        work = [(start, iter(graph[start]))]
        while work:
            node, edges = work[-1]
            for to in edges:
                if to not in graph:
                    continue
                if to not in index:
                    index[to] = low[to] = len(index)
                    stack.append(to)
                    onstack.add(to)
                    work.append((to, iter(graph[to])))
                    break
                if to in onstack:
                    low[node] = min(low[node], index[to])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    group = []
                    while not group or group[-1] != node:
                        group.append(stack.pop())
                        onstack.discard(group[-1])
                    if len(group) > 1 or node in graph[node]:
                        out.append(group[::-1])
    return out


def rule_headers_alone(tree):
    """each header compiles alone"""
    places = [os.path.join(tree.root, "src")] + ([os.path.join(tree.build, "src")] if tree.build else [])
    def compile_one(path):
        run = subprocess.run(
            [tree.compiler, "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror", "-fsyntax-only",
             *(f"-I{place}" for place in places), "-x", "c", "-include", os.path.join(tree.root, path),
             "/dev/null"], capture_output=True, check=False, text=True)
        return path, run
    with ThreadPoolExecutor(os.cpu_count() or 2) as pool:
        for path, run in pool.map(compile_one, tree.headers):
            if run.returncode != 0:
                yield f"{path}: " + (run.stderr.strip().splitlines() or ["does not compile"])[-1]


def rule_headers_purpose(tree):
    """each header begins with its name and its purpose, and has the guard of its name"""
    for path in tree.headers:
        name = path[4:]
        guard = "KM_" + re.sub(r"\W", "_", name).upper()
        if not re.match(r"/\*\n \* " + re.escape(name) + r" - \S", tree.text[path]):
            yield f"{path}: does not begin with \"{name} - purpose\""
        if f"#ifndef {guard}\n#define {guard}\n" not in tree.text[path]:
            yield f"{path}: has no guard {guard}"


def rule_function_length(tree):
    """no function is over 100 lines"""
    long = 0
    for path in tree.text:
        for f in tree.funcs[path]:
            long += f.lines > HABIT_FUNCTION
            if f.lines > MAX_FUNCTION:
                yield f"{path}:{f.line}: {f.name} has {f.lines} lines"
    tree.note(f"functions over the habit of {HABIT_FUNCTION} lines: {long} of "
              f"{sum(map(len, tree.funcs.values()))}")


def rule_file_length(tree):
    """no source file is over 1,000 lines"""
    sizes = {p: t.count("\n") for p, t in tree.text.items()}
    tree.note(f"files over the habit of {HABIT_FILE} lines: {sum(n > HABIT_FILE for n in sizes.values())} "
              f"of {len(sizes)}")
    yield from (f"{p}: {n} lines" for p, n in sizes.items() if n > MAX_FILE)


def rule_complexity(tree):
    """no function has a cyclomatic complexity over 25"""
    habit = 0
    for path in tree.text:
        for f in tree.funcs[path]:
            ways = csource.complexity(f.body)
            habit += ways > HABIT_COMPLEXITY
            if ways > MAX_COMPLEXITY:
                yield f"{path}:{f.line}: {f.name} has complexity {ways}"
    tree.note(f"functions over the habit of complexity {HABIT_COMPLEXITY}: {habit}")


def rule_banned(tree):
    """no banned function, no allocation of an unchecked product"""
    for path, code in tree.code.items():
        for m in csource.CALL.finditer(code):
            if m.group(1) in BANNED:
                yield f"{path}:{code.count(chr(10), 0, m.start()) + 1}: {m.group(1)} is banned"
        for m in re.finditer(r"\b(?:malloc|realloc)\s*\(([^;]*)\)", code):
            if path.startswith("src/") and re.search(r"[\w)]\s*\*\s*[\w(]", m.group(1)):
                yield (f"{path}:{code.count(chr(10), 0, m.start()) + 1}: allocation of a product; use calloc, "
                       "reallocarray or km_alloc_array")


def rule_recursion(tree):
    """no recursion over input, direct or through others"""
    home = defaultdict(dict)   # file: name of a static function → node
    for path in tree.src:
        for f in tree.funcs[path]:
            home[path if f.static else ""][f.name] = f"{path}:{f.name}"
    graph = {}
    for path in tree.src:
        if tree.folder(path) in READS_INPUT:
            for f in tree.funcs[path]:
                called = set(csource.CALL.findall(f.body))
                graph[f"{path}:{f.name}"] = [home[path].get(c) or home[""].get(c) for c in called]
    for cycle in cycles(graph):
        yield "recursion: " + " → ".join(cycle)


def rule_names(tree):
    """public functions are called km_…, file-local ones are not, and none is public without a header"""
    public = set()
    for path in tree.headers:
        for line, name in csource.declared(tree.code[path]):
            public.add(name)
            if not name.startswith("km_"):
                yield f"{path}:{line}: {name} is public and not called km_…"
    for path in tree.src:
        if not path.endswith(".c"):
            continue
        for f in tree.funcs[path]:
            if f.static and f.name.startswith("km_"):
                yield f"{path}:{f.line}: {f.name} is file-local; it carries no prefix"
            if not f.static and f.name != "main" and f.name not in public:
                yield f"{path}:{f.line}: {f.name} is in no header"


def rule_listed(tree):
    """every source, test and fuzz target is built"""
    for path in tree.text:
        parts = path.split("/")
        name = parts[-1]
        if parts[0] == "src" and name.endswith(".c"):
            build, needle = "/".join(parts[:-1]) + "/meson.build", f"'{name}'"
        elif parts[:2] == ["tests", "unit"] and name.startswith("test_"):
            build, needle = "/".join(parts[:-1]) + "/meson.build", f"'{name[5:-2]}'"
        elif parts[0] == "fuzz" and name.startswith("fuzz_"):
            build, needle = "/".join(parts[:-1]) + "/meson.build", f"'{name[5:-2]}'"
        else:
            continue
        if build not in tree.files or needle not in tree.read(build).decode():
            yield f"{path}: not in {build}"


def rule_forbidden(tree):
    """no committed file names a machine's paths or hosts"""
    for path in tree.files:
        if path.endswith(TEXT_ENDS) or "." not in os.path.basename(path):
            for n, line in enumerate(tree.read(path).decode("utf-8", "replace").splitlines(), 1):
                m = FORBIDDEN.search(line)
                if m:
                    yield f"{path}:{n}: {m.group(0)}"


def rule_data(tree):
    """data tables are UTF-8, one sorted record a line, with source and licence in the header"""
    for path in tree.files:
        if not re.fullmatch(r"data/[^/]+\.(csv|txt)", path):
            continue
        try:
            lines = tree.read(path).decode("utf-8").split("\n")
        except UnicodeDecodeError as e:
            yield f"{path}: not UTF-8: {e.reason} at byte {e.start}"
            continue
        if lines[-1] or any("\r" in line or line.startswith("\ufeff") for line in lines):
            yield f"{path}: line ends must be LF, also at the end, and without byte order mark"
        head = " ".join(line for line in lines if line.startswith("#")).lower()
        for word in ("source", "licence"):
            if word not in head:
                yield f"{path}: the header comment does not say its {word}"
        records = [line for line in lines if line and not line.startswith("#")]
        records = records[1:] if path.endswith(".csv") else records   # the names of the columns
        for before, after in zip(records, records[1:]):
            if after.encode() <= before.encode():
                yield f"{path}: not sorted, or twice: {after[:60]}"
                break


RULES = [rule_arrows, rule_include_cycles, rule_headers_alone, rule_headers_purpose, rule_function_length,
         rule_file_length, rule_complexity, rule_banned, rule_recursion, rule_names, rule_listed,
         rule_forbidden, rule_data]


def main():
    tree = Tree(os.path.abspath(sys.argv[1]))
    tree.compiler = sys.argv[2] if len(sys.argv) > 2 else "gcc"
    tree.build = sys.argv[3] if len(sys.argv) > 3 else None   # where generated headers are
    tree.note = lambda text: print("#", text)
    if not tree.src:
        sys.exit("no sources under " + tree.root)
    print(f"1..{len(RULES)}")
    for n, rule in enumerate(RULES, 1):
        broken = list(rule(tree))
        print("not ok" if broken else "ok", n, "-", rule.__doc__)
        for line in broken:
            print("#  ", line)
    return 0


if __name__ == "__main__":
    sys.exit(main())
