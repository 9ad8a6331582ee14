"""The text of a CIF 2.0 as one of CIF 1.1, as far as a structure needs it: lists, tables and triple quotes.

Values that CIF 1.1 cannot hold (lists, tables) become unknown: no data item of a structure is one. The grammar: H. J.
Bernstein, J. C. Bollinger, I. D. Brown, S. Gražulis, J. R. Hester, B. McMahon, N. Spadaccini, J. D. Westbrook, S. P.
Westrip, J. Appl. Crystallogr. 49, 277 (2016), doi:10.1107/S1600576715021871.
"""

from __future__ import annotations

import re

MAGIC = "#\\#CIF_2.0"
_OPENING = "[{"
_TOKEN = re.compile(
    r"(?P<comment>\#[^\n]*)"
    r"|(?P<text>(?:^|(?<=\n));.*?\n;)"
    r"|(?P<triple>'''.*?'''|\"\"\".*?\"\"\")"
    r"|(?P<quoted>'[^'\n]*'|\"[^\"\n]*\")"
    r"|(?P<bracket>[\[\]{}])"
    r"|(?P<space>\s+)"
    r"|(?P<bare>[^\s\[\]{}]+)",
    re.DOTALL,
)


def as_cif_1(text: str) -> str:
    """The text with unknown values for lists and tables, and text fields for triple quotes; others stay as they are."""
    if not text.startswith(MAGIC):
        return text
    depth = 0
    kept: list[str] = []
    for token in _TOKEN.finditer(text):
        kind, word = token.lastgroup, token.group()
        if kind == "bracket":
            if word in _OPENING:
                depth += 1
                if depth == 1:
                    kept.append("?")
            else:
                depth = max(0, depth - 1)
        elif depth:
            continue
        elif kind == "triple":
            inside = word[3:-3]
            kept.append(f"\n;{inside}\n;\n" if "\n" in inside or "'" in inside else f"'{inside}'")
        else:
            kept.append(word)
    return "".join(kept)
