#!/usr/bin/python3
"""Makes the C table of hosts from data/hosts.csv. usage: host_table.py CSV OUT.c

Rows are sorted by host bytewise, so that the program can search by halves; a bad row stops the build."""
import csv
import re
import sys

KINDS = {"shortener": 1, "hosting": 2, "ddns": 4, "redirect": 8, "tracker": 16, "shared": 32, "storage": 64}
WRAPS = {"": "KM_WRAP_NONE", "translate": "KM_WRAP_TRANSLATE", "redirect": "KM_WRAP_REDIRECT",
         "amp": "KM_WRAP_AMP", "guard": "KM_WRAP_GUARD"}
HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.([a-z0-9-]+|\*)")
PARAMETER = re.compile(r"@[a-z0-9]+|[A-Za-z_]+(\|[A-Za-z_]+)*|")


def rows(path):
    with open(path, encoding="utf-8", newline="") as f:
        lines = [(n, line) for n, line in enumerate(f, 1) if not line.startswith("#")]
    if lines[0][1].strip() != "host,kind,wrap,path,parameter":
        sys.exit(f"{path}:{lines[0][0]}: no header")
    for (number, _), row in zip(lines[1:], csv.reader(line for _, line in lines[1:])):
        if len(row) != 5:
            sys.exit(f"{path}:{number}: {len(row)} columns")
        host, kind, wrap, start, parameter = row
        if not HOST.fullmatch(host) or not set(kind.split("|")) <= set(KINDS) or wrap not in WRAPS:
            sys.exit(f"{path}:{number}: bad host, kind or wrap")
        if not PARAMETER.fullmatch(parameter) or (start and not start.startswith("/")):
            sys.exit(f"{path}:{number}: bad path or parameter")
        yield host, sum(KINDS[k] for k in kind.split("|")), WRAPS[wrap], start, parameter


def main():
    table = sorted(rows(sys.argv[1]), key=lambda r: r[0].encode())
    with open(sys.argv[2], "w", encoding="utf-8") as out:
        out.write('#include "content/host_table.h"\n\nconst km_host_row km_host_rows[] = {\n')
        for host, kind, wrap, start, parameter in table:
            out.write(f'\t{{ KM_SV("{host}"), KM_SV("{start}"), KM_SV("{parameter}"), {kind}, {wrap} }},\n')
        out.write(f"}};\nconst size_t km_host_row_count = {len(table)};\n")


main()
