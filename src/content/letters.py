#!/usr/bin/python3
"""Makes the C table of which letters follow one another in names that people make up: domains of data/brands.csv and
data/hosts.csv. usage: letters.py BRANDS.csv HOSTS.csv OUT.c

A number is the bits of surprise at the second letter after the first, in sixteenths; the last row and column are the
beginning and the end of a word."""
import collections
import math
import re
import sys

LETTERS = "abcdefghijklmnopqrstuvwxyz^"
ENDINGS = {"co", "ne", "or", "go", "www", "com", "gov"}  # that say nothing of a name


def names(paths):
    found = set()
    for path in paths:
        with open(path, encoding="utf-8") as f:
            for line in f:
                if not line.startswith("#"):
                    for domain in re.findall(r"[a-z0-9-]+(?:\.[a-z0-9-]+)+", line.lower()):
                        found.update(label for label in domain.split(".")[:-1] if label not in ENDINGS)
    return sorted(found)


def main():
    pairs, first = collections.Counter(), collections.Counter()
    for name in names(sys.argv[1:3]):
        for word in re.findall(r"[a-z]{2,}", name):
            for a, b in zip("^" + word, word + "^"):
                pairs[a, b] += 1
                first[a] += 1
    with open(sys.argv[3], "w", encoding="utf-8") as out:
        out.write('#include "content/throwaway.h"\n\nconst uint8_t km_letter_bits[27][27] = {\n')
        for a in LETTERS:
            bits = [-math.log2((pairs[a, b] + 0.5) / (first[a] + 13.5)) for b in LETTERS]
            out.write("\t{ " + ", ".join(str(round(16 * x)) for x in bits) + " },\n")
        out.write("};\n")


main()
