"""Mathematics of GitHub's Markdown as MathML, which browsers draw without a script: ``mathematics(text)``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from latex2mathml.converter import convert
from markdown.extensions import Extension

if TYPE_CHECKING:
    from markdown import Markdown

DISPLAYED = re.compile(r"^```math\n(.*?)^```$", re.DOTALL | re.MULTILINE)
INLINE = re.compile(r"\$`(.*?)`\$", re.DOTALL)
NUMBER = re.compile(r"\\tag\{(\d+)\}")
UNREAD = re.compile(r"<m[ion]>\\[^<]*")


class FormulaError(ValueError):
    """A formula that cannot be read."""


class InlineMathML(Extension):
    """Lets ``math`` stand within a line: Markdown takes it for a block."""

    def extendMarkdown(self, md: Markdown) -> None:  # noqa: N802 (Markdown's name)
        """Take ``math`` from the elements that end a paragraph."""
        md.block_level_elements = [name for name in md.block_level_elements if name != "math"]


def mathematics(text: str) -> str:
    """A page's Markdown with its formulas as MathML.

    Displayed formulas are fenced blocks ``math``; inline ones stand between a dollar with a grave accent and a grave
    accent with a dollar. Raises ``FormulaError`` where a command is not known.
    """
    return INLINE.sub(
        lambda found: _mathml(found[1], "inline"), DISPLAYED.sub(lambda found: _numbered(found[1]), text)
    )


def _numbered(formula: str) -> str:
    numbers = NUMBER.findall(formula)
    shown = _mathml(NUMBER.sub("", formula), "block")
    number = f'<span class="number">({", ".join(numbers)})</span>' if numbers else ""
    return f'\n<div class="equation">{shown}{number}</div>\n'


@lru_cache(maxsize=4096)
def _mathml(formula: str, display: str) -> str:
    readable = re.sub(r"\\arg\b", r"\\operatorname{arg}", " ".join(formula.split()))
    readable = readable.replace(r"\ \text", r"\;\text")
    try:
        found: str = convert(readable, display=display)
    except Exception as fault:  # the converter raises many kinds of its own
        raise FormulaError(f"{formula.strip()}: {fault!r}") from fault
    if unread := UNREAD.search(found):
        raise FormulaError(f"{formula.strip()}: {unread[0]} is not known")
    return found.replace("\n", " ")
