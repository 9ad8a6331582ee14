"""Execute the notebooks of docs/notebooks anew: ``python -m tools.run_notebooks [--check] [NAME...]``.

By default they are written with what came out, without times and paths of the machine. With ``--check`` what comes out
is compared with what they hold: the same words, and numbers as near as machines agree. Cells that carry the tag
``varies`` are only to run: a search whose surrogates are fitted takes another way on another machine.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "notebooks"
FIGURE = "application/vnd.plotly.v1+json"
VARIES = "varies"
"""Tag of cells whose numbers are not compared."""
RELATIVE, ABSOLUTE = 2e-2, 2e-4
"""How near numbers have to be."""
SECONDS = 900
"""Longest time of a cell."""
DIGITS = 7
"""Of the numbers in figures."""
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?")
_SHOWN = ("text/html", "text/plain")

Notebook = dict[str, Any]


def main() -> int:
    """Write the notebooks, or compare them; returns the exit code."""
    parser = argparse.ArgumentParser(description="Execute the notebooks of docs/notebooks anew.")
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    parser.add_argument("names", nargs="*", metavar="NAME", help="without .ipynb; by default all")
    asked = parser.parse_args()
    paths = [FOLDER / f"{name}.ipynb" for name in asked.names] or sorted(FOLDER.glob("*.ipynb"))
    wrong = 0
    for path in paths:
        kept = stripped(json.loads(path.read_text(encoding="utf-8")))
        fresh = executed(path)
        if not asked.check:
            path.write_text(json.dumps(fresh, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            continue
        found = list(differences(kept, fresh))
        wrong += len(found)
        sys.stdout.write("".join(f"{path.name}: {one}\n" for one in found))
    return 1 if wrong else 0


def executed(path: Path) -> Notebook:
    """A notebook with what its cells give now, stripped of what differs from run to run.

    Raises:
        nbclient.exceptions.CellExecutionError: if a cell fails.
    """
    notebook = nbformat.read(path, as_version=4)
    with tempfile.TemporaryDirectory() as own:
        client = NotebookClient(
            notebook,
            kernel_name="python3",
            config=Config({"KernelManager": {"transport": "ipc", "ip": str(Path(own) / "kernel")}}),
            timeout=SECONDS,
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute(
            env={
                **os.environ,
                "IPYTHONDIR": own,
                "PLOTLY_RENDERER": "plotly_mimetype",
                "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
            }
        )
    return stripped(json.loads(nbformat.writes(notebook)))


def stripped(notebook: Notebook) -> Notebook:
    """A notebook without times, counts and paths of the machine that executed it."""
    cells = []
    for number, cell in enumerate(notebook["cells"]):
        tags = cell["metadata"].get("tags", [])
        kept = {
            "cell_type": cell["cell_type"],
            "id": f"cell-{number}",
            "metadata": {"tags": tags} if tags else {},
            "source": "".join(cell["source"]),
        }
        if cell["cell_type"] == "code":
            outputs = [_stripped_output(one) for one in cell["outputs"] if one.get("name") != "stderr"]
            kept |= {"execution_count": None, "outputs": outputs}
        cells.append(kept)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def differences(kept: Notebook, fresh: Notebook) -> Iterator[str]:
    """In what two executions of a notebook differ, in words."""
    if [cell["source"] for cell in kept["cells"]] != [cell["source"] for cell in fresh["cells"]]:
        yield "its cells are others"
        return
    for number, (one, other) in enumerate(zip(kept["cells"], fresh["cells"], strict=True)):
        before, after = (_texts(cell.get("outputs", [])) for cell in (one, other))
        if VARIES in one["metadata"].get("tags", []):
            if len(before) != len(after):
                yield f"cell {number} gives {len(after)} outputs, not {len(before)}"
            continue
        yield from (f"cell {number}: {text}" for text in _text_differences(before, after))


def _text_differences(before: Sequence[str], after: Sequence[str]) -> Iterator[str]:
    if [_NUMBER.sub("#", text).split() for text in before] != [
        _NUMBER.sub("#", text).split() for text in after
    ]:
        yield f"other words: {after} instead of {before}"
        return
    for one, other in zip(before, after, strict=True):
        for a, b in zip(_NUMBER.findall(one), _NUMBER.findall(other), strict=True):
            if abs(float(a) - float(b)) > ABSOLUTE + RELATIVE * abs(float(a)):
                yield f"{b} instead of {a} in: {other}"


def _texts(outputs: Sequence[Mapping[str, Any]]) -> list[str]:
    """What outputs say; of a figure the names of what is drawn."""
    found = []
    for output in outputs:
        if output["output_type"] == "stream":
            found.append(output["text"])
        elif FIGURE in output["data"]:
            drawn = output["data"][FIGURE]["data"]
            found.append(", ".join(str(trace.get("name", trace["type"])) for trace in drawn))
        else:
            found.append(output["data"].get("text/plain", ""))
    return found


def _stripped_output(output: Mapping[str, Any]) -> dict[str, Any]:
    if output["output_type"] == "stream":
        return {"name": output["name"], "output_type": "stream", "text": "".join(output["text"])}
    data = output["data"]
    if FIGURE in data:
        figure = data[FIGURE]
        shown: dict[str, Any] = {
            FIGURE: {
                "config": {"displaylogo": False, "responsive": True},
                "data": _rounded(figure["data"]),
                "layout": _rounded(figure["layout"]),
            }
        }
    else:
        shown = {kind: "".join(data[kind]) for kind in _SHOWN if kind in data}
    return {"data": shown, "metadata": {}, "output_type": "display_data"}


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, list):
        return [_rounded(one) for one in value]
    if isinstance(value, dict):
        return {name: _rounded(one) for name, one in value.items()}
    return value


if __name__ == "__main__":
    sys.exit(main())
