"""The text of a CIF 2.0 as one of CIF 1.1, as far as a structure needs it: lists, tables and triple quotes.

Values that CIF 1.1 cannot hold (lists, tables) become unknown: no data item of a structure is one. The grammar: H. J.
Bernstein, J. C. Bollinger, I. D. Brown, S. Gražulis, J. R. Hester, B. McMahon, N. Spadaccini, J. D. Westbrook, S. P.
Westrip, J. Appl. Crystallogr. 49, 277 (2016), doi:10.1107/S1600576715021871.
"""

from __future__ import annotations

import re

MAGIC = "#\\#CIF_2.0"
_NEW = re.compile(r"[\[{]|\'\'\'|\"\"\"")
# A quotation mark opens a string at the beginning of a value: after white space, at the beginning of a list or table,
# or behind the key of a table; within a value it is a letter. Nothing is looked at twice: possessive repeats.
_BEGIN = r"(?:(?<![^\s\[{])|(?<=['\"]:))"
_TOKEN = re.compile(
    r"(?P<comment>(?<!\S)\#[^\n]*)"
    r"|(?P<text>(?:\A|(?<=\n));.*?\n;)"
    rf"|(?P<triple>{_BEGIN}(?:\'\'\'.*?\'\'\'|\"\"\".*?\"\"\"))"
    rf"|(?P<quoted>{_BEGIN}(?:'[^'\n]*'|\"[^\"\n]*\"))"
    r"|(?P<open>[\[{]+)"
    r"|(?P<close>[\]}]+)"
    r"|(?P<plain>(?:[^\[\]{}'\"\#\n]++|(?<=\S)(?<!['\"]:)['\"\#]++|\n(?!;))++)"
    r"|(?P<other>.)",
    re.DOTALL,
)


def as_cif_1(text: str) -> str:
    """The text with unknown values for lists and tables, and text fields for triple quotes; others stay as they are."""
    if not text.startswith(MAGIC) or not _NEW.search(text):
        return text
    depth = 0
    kept: list[str] = []
    for token in _TOKEN.finditer(text):
        kind, word = token.lastgroup, token.group()
        if kind == "open":
            kept += ["?"] if depth == 0 else []
            depth += len(word)
        elif kind == "close":
            depth = max(0, depth - len(word))
        elif depth:
            kept.append("\n" * word.count("\n"))  # lines keep their numbers, for messages
        elif kind == "triple":
            inside = word[3:-3]
            kept.append(f"\n;{inside}\n;\n" if "\n" in inside or "'" in inside else f"'{inside}'")
        else:
            kept.append(word)
    return "".join(kept)
