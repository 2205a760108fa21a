"""Reads C sources just far enough for the rules in check_arch.py: comments and literals are blanked,
functions are found by their braces. Standard library only."""
import re
from collections import namedtuple

# One function: name, first line, number of lines, text of the body, static or not.
Function = namedtuple("Function", "name line lines body static")

_BLANK = re.compile(
    r"//(?:[^\n\\]|\\.|\\\n)*|/\*.*?\*/|\"(?:[^\"\\\n]|\\.|\\\n)*\"|'(?:[^'\\\n]|\\.)*'", re.S)
_DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n\\]|\\.|\\\n)*", re.M)
_TOKEN = re.compile(r"[A-Za-z_]\w*|[^\s\w]")
_KEYWORDS = {"if", "for", "while", "switch", "return", "sizeof", "do", "else", "case",
             "__attribute__", "_Static_assert", "_Generic", "_Alignof", "typeof", "defined"}
CALL = re.compile(r"\b([A-Za-z_]\w*)\s*\(")


def _blank(match):
    text = match.group(0)
    lines = "\n" * text.count("\n")
    if text[0] == '"':
        return '""' + lines
    if text[0] == "'":
        return "0" + lines
    return " " + lines


def blanked(text):
    """The source without comments, literals and directives; line numbers stay."""
    text = _BLANK.sub(_blank, text)
    return _DIRECTIVE.sub(lambda m: "\n" * m.group(0).count("\n"), text)


def includes(text):
    """What the source includes with quotes: [(line, name)]."""
    return [(text.count("\n", 0, m.start()) + 1, m.group(1))
            for m in re.finditer(r'^[ \t]*#[ \t]*include[ \t]*"([^"]+)"', text, re.M)]


def _name_of(code, brace):
    """Name and its offset of the function whose body opens at @brace, or None."""
    at = code.rfind(")", 0, brace)
    if at < 0 or code[at + 1:brace].strip():
        return None
    depth = 0
    for i in range(at, -1, -1):
        if code[i] == ")":
            depth += 1
        elif code[i] == "(":
            depth -= 1
            if depth == 0:
                m = re.search(r"([A-Za-z_]\w*)\s*$", code[:i])
                return (m.group(1), m.start(1)) if m and m.group(1) not in _KEYWORDS else None
    return None


def functions(code):
    """All function definitions of a blanked source."""
    found, depth, opened, last_end = [], 0, 0, 0
    for m in re.finditer(r"[{}]", code):
        if m.group(0) == "{":
            if depth == 0:
                opened = m.start()
            depth += 1
            continue
        depth -= 1
        if depth != 0:
            continue
        name = _name_of(code, opened)
        if name:
            head = code[last_end:name[1]]
            head = head[max(head.rfind(";"), head.rfind("}")) + 1:]
            first = code.count("\n", 0, name[1]) + 1
            last = code.count("\n", 0, m.start()) + 1
            found.append(Function(name[0], first, last - first + 1, code[opened:m.end()],
                                  re.search(r"\bstatic\b", head) is not None))
        last_end = m.end()
    return found


def complexity(body):
    """Ways through a function: 1 + branches; labels that stand together count once."""
    body = re.sub(r"(\b(?:case\b[^:;{}]*|default\s*):\s*)+", " case : ", body)
    return 1 + len(re.findall(r"\b(?:if|for|while|case)\b|&&|\|\||\?", body))


def declared(code):
    """Names of the functions that a blanked header declares or defines: [(line, name)]."""
    out, depth = [], 0
    for m in re.finditer(r"[{}]|\b([A-Za-z_]\w*)\s*\((?!\s*\*)", code):
        if m.group(0) == "{":
            depth += 1
        elif m.group(0) == "}":
            depth -= 1
        elif depth == 0 and m.group(1) not in _KEYWORDS and not m.group(1).isupper():
            before = code[:m.start()].rstrip()
            if before and (before[-1].isalnum() or before[-1] in "_*)"):
                out.append((code.count("\n", 0, m.start()) + 1, m.group(1)))
    return out
