#!/usr/bin/python3
"""Each rule of check_arch.py must find what it is there to find: a small tree that breaks the rule is
made, and the rule must speak; a clean tree must pass all.
usage: check_rules.py     prints TAP"""
import os
import sys
import tempfile

import check_arch

HEADER = "/*\n * {0} - a purpose.\n */\n#ifndef {1}\n#define {1}\n{2}\n#endif\n"
CLEAN = {
    "src/base/a.h": HEADER.format("base/a.h", "KM_BASE_A_H", "int km_a_get(int n);"),
    "src/base/a.c": '#include "base/a.h"\nstatic int twice(int n)\n{\n\treturn n + n;\n}\n\n'
                    "int km_a_get(int n)\n{\n\treturn twice(n);\n}\n",
    "src/base/meson.build": "x = files('a.c')\n",
    "src/text/b.c": '#include "base/a.h"\nstatic int walk(int n)\n{\n\treturn n;\n}\n',
    "src/text/meson.build": "x = files('b.c')\n",
    "data/t.csv": "# Source: us. Licence: ours.\nname,value\na,1\nb,2\n",
}


def body(lines):
    return "static int f(int n)\n{\n" + "".join(lines) + "\treturn n;\n}\n"


# rule, what is laid over the clean tree, part of what the rule must say
BROKEN = [
    (check_arch.rule_arrows, {"src/base/c.c": '#include "text/t.h"\n'}, "base may not include text/t.h"),
    (check_arch.rule_arrows, {"src/nowhere/c.c": "int x;\n"}, "no row"),
    (check_arch.rule_arrows, {"src/base/c.c": '#include "a.h"\n'}, "write the folder"),
    (check_arch.rule_include_cycles, {
        "src/base/x.h": '#include "base/y.h"\n', "src/base/y.h": '#include "base/x.h"\n'}, "base/x.h"),
    (check_arch.rule_headers_alone, {
        "src/base/x.h": HEADER.format("base/x.h", "KM_BASE_X_H", "size_t km_x(void);")}, "base/x.h"),
    (check_arch.rule_headers_purpose, {"src/base/x.h": "int km_x(void);\n"}, "purpose"),
    (check_arch.rule_headers_purpose, {"src/base/x.h": "int km_x(void);\n"}, "guard KM_BASE_X_H"),
    (check_arch.rule_function_length, {"src/base/c.c": body(["\tn++;\n"] * 100)}, "f has 104 lines"),
    (check_arch.rule_file_length, {"src/base/c.c": "int x;\n" * 1001}, "1001 lines"),
    (check_arch.rule_complexity, {"src/base/c.c": body(["\tif (n && n)\n\t\tn++;\n"] * 13)}, "complexity 27"),
    (check_arch.rule_banned, {"src/base/c.c": body(["\tstrcpy(a, b);\n"])}, "strcpy is banned"),
    (check_arch.rule_banned, {"src/base/c.c": body(["\tp = malloc(n * sizeof(*p));\n"])}, "product"),
    (check_arch.rule_recursion, {"src/text/b.c": body(["\tf(n - 1);\n"])}, "b.c:f"),
    (check_arch.rule_recursion, {"src/mail/b.c": "int km_g(int n)\n{\n\treturn km_h(n);\n}\n",
                                 "src/mail/c.c": "int km_h(int n)\n{\n\treturn km_g(n);\n}\n"}, "km_h"),
    (check_arch.rule_names, {"src/base/a.h": "int a_get(int n);\n"}, "a_get is public"),
    (check_arch.rule_names, {"src/base/c.c": "static int km_f(void)\n{\n\treturn 0;\n}\n"}, "file-local"),
    (check_arch.rule_names, {"src/base/c.c": "int km_f(void)\n{\n\treturn 0;\n}\n"}, "in no header"),
    (check_arch.rule_listed, {"src/base/c.c": "int x;\n"}, "c.c: not in"),
    (check_arch.rule_listed, {"tests/unit/base/test_c.c": "int x;\n"}, "test_c.c: not in"),
    (check_arch.rule_listed, {"fuzz/base/fuzz_c.c": "int x;\n"}, "fuzz_c.c: not in"),
    (check_arch.rule_forbidden, {"docs/x.md": "see /" + "work/main\n"}, "x.md:1"),
    (check_arch.rule_data, {"data/t.csv": "# Source, licence\nname\nb\na\n"}, "not sorted"),
    (check_arch.rule_data, {"data/t.csv": "# Source, licence\nname\na\na\n"}, "twice"),
    (check_arch.rule_data, {"data/t.csv": "# Source\nname\na\n"}, "licence"),
    (check_arch.rule_data, {"data/t.txt": "# Source, licence\r\na\r\n"}, "LF"),
    (check_arch.rule_data, {"data/t.txt": b"# Source, licence\n\xff\n"}, "not UTF-8"),
]


def complaints(rule, files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            full = os.path.join(root, path)
            os.makedirs(os.path.dirname(full), exist_ok=True)
            with open(full, "wb") as f:
                f.write(text if isinstance(text, bytes) else text.encode())
        tree = check_arch.Tree(root)
        tree.compiler, tree.build = "gcc", None
        tree.note = lambda text: None
        return list(rule(tree))


def main():
    print(f"1..{len(check_arch.RULES) + len(BROKEN)}")
    n = 0
    for rule in check_arch.RULES:
        n += 1
        said = complaints(rule, CLEAN)
        print("not ok" if said else "ok", n, f"- {rule.__name__} passes a clean tree", *said)
    for rule, files, want in BROKEN:
        n += 1
        said = complaints(rule, {**CLEAN, **files})
        found = any(want in line for line in said)
        print("ok" if found else "not ok", n, f"- {rule.__name__} finds: {want}", "" if found else f"# {said}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
