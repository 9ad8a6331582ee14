"""Jobs for people: one per line, or one field by field."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from api_schemas.jobs import BestSoFar, Job
from api_schemas.kinds import KINDS
from orichalcum import tables, wording
from orichalcum.reporting import plain

_STATE_STYLES = {
    "succeeded": "green",
    "failed": "red",
    "cancelled": "yellow",
    "cancelling": "yellow",
    "running": "cyan",
}


def state(name: str) -> Text:
    """A job's state in its colour."""
    return Text(name, style=_STATE_STYLES.get(name, ""))


def best_so_far(best: BestSoFar | None) -> str:
    """One line on the best evaluation up to now."""
    if best is None:
        return "–"
    values = ", ".join(f"{name} {value:.5g}" for name, value in best.properties.items())
    loss = "" if best.loss is None else f", loss {best.loss:.3g}"
    return f"{wording.composition(best.composition)}  {values}{loss}"


def jobs(items: Sequence[Job]) -> Table:
    """Jobs, one per line."""
    table = tables.table("ID", "Name", "State", "Done", "Best so far", "Age", numeric=("Done", "Age"))
    table.columns[0].no_wrap = True
    for job in items:
        done = f"{job.progress.evaluations_done}/{job.progress.evaluations_planned}"
        table.add_row(
            plain(job.id),
            Text(plain(f"★ {job.name}" if job.starred else job.name)),
            state(job.state),
            done,
            Text(best_so_far(job.progress.best)),
            wording.age(job.created_at),
        )
    return table


def job(item: Job) -> Table:
    """One job, field by field."""
    table = tables.table("", "")
    table.show_header = False
    progress = item.progress
    rows: list[tuple[str, RenderableType]] = [
        ("id", plain(item.id)),
        ("name", Text(plain(item.name))),
        ("kind", item.kind),
        ("state", state(item.state)),
        (_counts(item.kind), f"{progress.evaluations_done} done, at most {progress.evaluations_planned}"),
        ("best so far", Text(best_so_far(progress.best))),
        ("created", f"{item.created_at:%Y-%m-%d %H:%M:%S} ({wording.age(item.created_at)} ago)"),
    ]
    if item.started_at is not None and item.finished_at is not None:
        rows.append(("took", wording.seconds((item.finished_at - item.started_at).total_seconds())))
    if item.parent is not None:
        rows.append(("verifies", plain(item.parent)))
    if item.after:
        taking = ", from their answers" if item.takes_answer else ""
        rows.append(("starts after", plain(", ".join(item.after) + taking)))
    if item.array is not None:
        rows.append(("of array", plain(item.array)))
        rows.extend(
            (f"  {path}", Text(plain(str(value)))) for path, value in (item.array_values or {}).items()
        )
    if item.notice is not None:
        rows.append(("waits", Text(plain(item.notice))))
    if item.tags:
        rows.append(("tags", plain(", ".join(item.tags))))
    if item.starred:
        rows.append(("starred", "yes"))
    if item.note:
        rows.append(("note", Text(plain(item.note))))
    if item.cancel_requested and item.state != "cancelled":
        rows.append(("cancel", "requested"))
    if item.failure is not None:
        rows.append(("failure", Text(plain(item.failure.detail or item.failure.title))))
        rows.extend(("", Text(plain(f"{e.pointer or '/'}: {e.message}"))) for e in item.failure.errors)
    for name, value in rows:
        table.add_row(Text(name, style="bold"), value)
    return table


def _counts(kind: str) -> str:
    """What the progress of a kind counts."""
    return KINDS[kind].counts if kind in KINDS else "evaluations"
