#!/usr/bin/python3
"""Makes the C table of cues from data/cues.csv. usage: cue_table.py CSV [CUES.h OUT.c]

Without OUT.c the table is only checked. A bad row ends it with file, line and reason."""
import csv
import os
import re
import sys
import unicodedata

LONGEST = 60  # bytes; as much as is looked at around a name


def sets_of(header):
    with open(header, encoding="utf-8") as f:
        return dict(re.findall(r"\tX\((\w+), (key|raw)\)", f.read()))


def why_bad(row, sets):
    if len(row) != 2:
        return f"{len(row)} columns, 2 are needed"
    name, cue = row
    if name not in sets:
        return f"no set is called {name}"
    if not cue or len(cue.encode()) > LONGEST:
        return f"a cue has 1 to {LONGEST} bytes"
    if sets[name] == "key" and cue != unicodedata.normalize("NFKC", cue).lower():
        return f"can not be found in a match key, where it would be {unicodedata.normalize('NFKC', cue).lower()}"
    return None


def rows(path, sets):
    with open(path, "rb") as f:
        lines = f.read().split(b"\n")
    before, begun = b"", False
    for number, line in enumerate(lines, 1):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            sys.exit(f"{path}:{number}: not UTF-8")
        if not text or text.startswith("#"):
            continue
        row = next(csv.reader([text]))
        if not begun:
            if row != ["set", "cue"]:
                sys.exit(f"{path}:{number}: the columns are to be called set,cue")
            begun = True
            continue
        reason = why_bad(row, sets) or (line <= before and "not in order, or there twice")
        if reason:
            sys.exit(f"{path}:{number}: {reason}")
        before = line
        yield row


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    sets = sets_of(sys.argv[2] if len(sys.argv) > 2 else os.path.join(here, "cues.h"))
    table = {name: [] for name in sets}
    for name, cue in rows(sys.argv[1], sets):
        table[name].append(cue)
    for name, cues in table.items():
        if not cues:
            sys.exit(f"{sys.argv[1]}: the set {name} has no rows")
    if len(sys.argv) < 4:
        print(f"no errors; {sum(map(len, table.values()))} cues in {len(table)} sets")
        return
    with open(sys.argv[3], "w", encoding="utf-8") as out:
        out.write('#include "content/cues.h"\n\n')
        for name, cues in table.items():
            out.write(f"static const km_sv {name}[] = {{\n")
            for cue in cues:
                escaped = cue.replace("\\", "\\\\").replace('"', '\\"')
                out.write(f'\tKM_SV("{escaped}"),\n')
            out.write("};\n")
        out.write("const km_cues km_cue_table[KM_CUE_SET_COUNT] = {\n")
        for name in table:
            out.write(f"\t[KM_CUES_{name}] = {{ {name}, KM_COUNT({name}) }},\n")
        out.write("};\n")


main()
