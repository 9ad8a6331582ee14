"""Notebooks as pages: the Markdown of a notebook with its outputs, and the library that draws its figures."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from plotly.offline import get_plotlyjs

FIGURE = "application/vnd.plotly.v1+json"
LIBRARY = "assets/plotly.min.js"
"""Where the site has the library of the figures."""


def library() -> str:
    """The script that draws figures."""
    return str(get_plotlyjs())


def page(path: Path) -> str:
    """A notebook as a page in a folder of the site: text, code, and what came out.

    Figures are drawn by `library`, which the page loads.
    """
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    title, *rest = [part for number, cell in enumerate(cells) for part in _cell(cell, number)]
    file = html.escape(path.name)
    return "\n\n".join(
        [
            title,
            f'<p><a href="{file}" download>Download this page as a notebook</a></p>',
            f'<script src="../{LIBRARY}"></script>',
            *rest,
            "",
        ]
    )


def _cell(cell: Mapping[str, Any], number: int) -> list[str]:
    """The parts of a cell; of text its first heading by itself."""
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        head, _, body = source.partition("\n")
        return [head, body.strip()] if head.startswith("# ") else [source]
    outputs = [_output(one, f"figure-{number}-{place}") for place, one in enumerate(cell["outputs"])]
    return [f"```python\n{source}\n```", *outputs]


def _output(output: Mapping[str, Any], name: str) -> str:
    if output["output_type"] == "stream":
        return _text(output["text"])
    data = output["data"]
    if FIGURE in data:
        # A "</script>" within would end it.
        figure = json.dumps(data[FIGURE], ensure_ascii=False).replace("</", "<\\/")
        return f'<div class="output figure" id="{name}"></div>\n<script>Plotly.newPlot("{name}", {figure})</script>'
    if "text/html" in data:
        shown = re.sub(r"<style.*?</style>", "", "".join(data["text/html"]), flags=re.DOTALL)
        shown = re.sub(r'<table[^>]*class="dataframe"[^>]*>', "<table>", shown)  # the site's own look
        return f'<div class="output">{" ".join(shown.split()) if "<table>" in shown else shown}</div>'
    return _text(data["text/plain"])


def _text(text: str | list[str]) -> str:
    return f"```text\n{''.join(text).rstrip()}\n```"
