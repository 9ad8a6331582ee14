"""A report of a result in one HTML file: the answer, the figures, the tables, and how to repeat and cite it.

Nothing is loaded from elsewhere: the library that draws the figures is in the file.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

from api_schemas.problem import Problem
from api_schemas.reading import reading
from api_schemas.results import Result
from orichalcum import display, wording
from orichalcum.columns import Column, Value, of_evaluations, of_measured
from orichalcum.extras import needing
from orichalcum.figures import figures
from orichalcum.notebook import as_html
from orichalcum.plot_style import ACCENT, FONT, GRID, SOFT, TEXT
from orichalcum.surrogate import Surrogate

if TYPE_CHECKING:
    import plotly.graph_objects as go

MOST_ROWS = 500
"""Evaluations that the table lists."""
METHOD = (
    "J. Nam, J. Peng and R. Gómez-Bombarelli, Interpolation and differentiation of alchemical degrees of freedom in "
    "machine learning interatomic potentials, Nat. Commun. 16, 4350 (2025), doi:10.1038/s41467-025-59543-2"
)
_STYLE = f"""
body {{ font: 15px/1.5 {FONT}; color: {TEXT}; background: #fff; max-width: 1100px; margin: 24px auto; padding: 0 20px }}
h1 {{ font-size: 22px; margin: 0 0 4px }} h2 {{ font-size: 16px; margin: 32px 0 8px }}
.answer {{ border-left: 5px solid {ACCENT}; background: #f6ebdd; padding: 12px 18px; margin: 16px 0 }}
.answer strong {{ font-size: 19px }} .soft {{ color: {SOFT} }}
pre {{ white-space: pre; overflow-x: auto; font-size: 12.5px }} .wide {{ overflow-x: auto }}
table {{ border-collapse: collapse; font-size: 13px }} th {{ text-align: left }}
th, td {{ padding: 3px 14px 3px 0; border-bottom: 1px solid {GRID}; white-space: nowrap; vertical-align: top }}
td.number {{ text-align: right; font-variant-numeric: tabular-nums }}
@media print {{ body {{ max-width: none; margin: 0 }} .figure {{ break-inside: avoid }} }}
"""


def report_html(result: Result, problem: Problem | None = None, surrogate: Surrogate | None = None) -> str:
    """The report.

    Args:
        result: The result.
        problem: What it answers, where it is known: its name, its wishes and its file are told then.
        surrogate: What is asked for maps; without it no band is drawn.

    Raises:
        ExtraMissing: if plotly is not installed.
    """
    with needing("plotly", "plot"):
        from plotly.offline import get_plotlyjs
    drawn = figures(result, problem, surrogate)
    title = problem.name if problem is not None else f"Result of kind {result.kind}"
    body = [f"<h1>{html.escape(title)}</h1>", _source_line(result), _card(result)]
    if drawn:
        body += ["<h2>Figures</h2>", *(_figure(one) for one in drawn.values())]
    objectives = () if problem is None else problem.objectives
    body += [
        "<h2>The answer in full</h2>",
        f'<div class="wide">{as_html(display.result(result, objectives))}</div>',
    ]
    if result.evaluations:
        body += ["<h2>Evaluations</h2>", _table(of_evaluations(result.evaluations[:MOST_ROWS]))]
        if len(result.evaluations) > MOST_ROWS:
            body.append(f'<p class="soft">The first {MOST_ROWS} of {len(result.evaluations)}.</p>')
    if result.measured:
        body += ["<h2>Measured</h2>", _table(of_measured(result.measured))]
    if problem is not None:
        body += ["<h2>The problem</h2>", problem._repr_html_()]
    body += ["<h2>To repeat and to cite</h2>", _provenance(result)]
    library = f"<script>{get_plotlyjs()}</script>" if drawn else ""
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{_STYLE}</style>{library}</head>\n'
        f"<body>{chr(10).join(body)}</body></html>\n"
    )


def _card(result: Result) -> str:
    """The answer in a few seconds: the headline, then what its reader must see besides."""
    told = reading(result)
    head = "".join(f"<strong>{html.escape(one.text)}</strong><br>" for one in told if one.role == "headline")
    rest = "<br>".join(html.escape(one.text) for one in told if one.role not in {"headline", "note"})
    return f'<div class="answer">{head}{rest}</div>'


def _source_line(result: Result) -> str:
    source = result.provenance
    cost = result.cost
    said = (
        f"kind {result.kind} · {source.potential.name}, {source.dtype}, tier {source.tier} · "
        f"{wording.counted(cost.evaluations, 'evaluation')}, "
        f"{wording.counted(cost.potential_calls, 'potential call')}, {wording.seconds(cost.seconds)} · "
        f"orichalcum {source.orichalcum}"
    )
    return f'<p class="soft">{html.escape(said)}</p>'


def _figure(one: go.Figure) -> str:
    drawn = one.to_html(
        full_html=False, include_plotlyjs=False, config={"displaylogo": False, "responsive": True}
    )
    return f'<div class="figure">{drawn}</div>'


def _table(columns: Sequence[Column]) -> str:
    heads = "".join(f"<th>{html.escape(column.head)}</th>" for column in columns)
    rows = "".join(
        f"<tr>{''.join(map(_cell, cells))}</tr>" for cells in zip(*(c.cells for c in columns), strict=True)
    )
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cell(value: Value) -> str:
    if isinstance(value, bool) or not isinstance(value, int | float):
        shown = {True: "yes", False: "no", None: "–"}.get(value) if not isinstance(value, str) else value
        return f"<td>{html.escape(str(shown))}</td>"
    return (
        f'<td class="number">{value:.6g}</td>'
        if isinstance(value, float)
        else f'<td class="number">{value}</td>'
    )


def _provenance(result: Result) -> str:
    source = result.provenance
    rows: dict[str, object] = {
        "orichalcum": source.orichalcum,
        "potential": f"{source.potential.name}, {source.potential.licence}, sha256 {source.potential.sha256}",
        "numbers": f"{source.dtype}, mixing {source.mixing}, tier {source.tier}",
        "seed": source.seed,
        "device": source.device,
        "libraries": ", ".join(f"{name} {version}" for name, version in source.versions.items()),
        "cite the method": METHOD,
        "cite the potential": source.potential.citation,
    }
    lines = "".join(
        f"<tr><th>{name}</th><td style='white-space:normal'>{html.escape(str(value))}</td></tr>"
        for name, value in rows.items()
        if value != ""
    )
    return f"<table>{lines}</table>"
