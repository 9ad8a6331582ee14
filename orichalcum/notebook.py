"""What notebooks show: the tables of the command line as HTML."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import RenderableType

WIDTH = 120
"""Characters of a line, in which tables fold."""


def as_html(thing: RenderableType) -> str:
    """A table or a group of them as HTML, as the command line prints it; what is in it is escaped."""
    from rich.console import Console

    from orichalcum import display

    console = Console(record=True, file=io.StringIO(), width=WIDTH, highlight=False, force_jupyter=False)
    display.show(console, thing)
    form = '<pre style="font-family:monospace;white-space:pre;overflow-x:auto;line-height:1.35">{code}</pre>'
    return console.export_html(inline_styles=True, code_format=form)
