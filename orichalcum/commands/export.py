"""The command that writes answers in the formats that other programs read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from orichalcum.commands.service_jobs import Url
from orichalcum.exceptions import BadRequest
from orichalcum.reporting import note, reporting

if TYPE_CHECKING:
    from api_schemas.results import Result
    from orichalcum import results
    from orichalcum.exporting import What

WHAT = ("best", "front", "evaluations", "supercells", "orderings", "free_energies")
FORMATS = ("json", "csv", "cif", "poscar", "xyz", "html")


@reporting
def export(
    source: Annotated[
        str,
        typer.Argument(
            metavar="ID|FILE", help="A finished job of the service, or a file that 'run --json' has written."
        ),
    ],
    what: Annotated[
        str | None,
        typer.Option(
            help=f"What of the answer: {', '.join(WHAT)}; else what its kind answers, or all evaluations (of "
            "structure files the best).",
            show_default=False,
        ),
    ] = None,
    file_format: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "json",
    to: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="cif, poscar of several crystals: a new folder, or an archive NAME.zip; else a file, or standard "
            "output.",
            show_default=False,
        ),
    ] = None,
    sites: Annotated[
        int | None,
        typer.Option(
            min=2,
            max=10_000,
            help="Structure files: an ordered (quasi-random, unrelaxed) supercell of about so many mixed sites.",
            show_default=False,
        ),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the decorations of --sites.")] = 0,
    url: Url = None,
) -> None:
    """Write an answer as tables, structure files, or a report in one HTML file."""
    _known("--format", file_format, FORMATS)
    if what is not None:
        _known("--what", what, WHAT)
    chosen = cast("What | None", what)
    from orichalcum import columns, exporting

    with _result(source, url) as (result, name):
        if file_format == "html":
            from orichalcum.html_report import report_html

            _document(report_html(result, result.problem, result.surrogate), to)
            return
    if file_format == "csv":
        table = exporting.columns_of(result, chosen, gradients=True)
        if exporting.meant(result, chosen) == "evaluations":
            table = columns.with_measured(table, result.measured)
        _document(columns.csv_text(table), to)
        return
    if file_format == "json":
        _document(exporting.as_json(result, chosen), to)
        return
    if chosen is None and result.best is not None:
        chosen = "best"
    items = exporting.crystals_of(result, chosen)
    if file_format == "xyz":
        _document(exporting.xyz_frames(items, sites, seed), to)
        return
    files = list(exporting.crystal_files(items, file_format, sites, seed))
    part = exporting.meant(result, chosen)
    if part == "best":
        if not files:
            raise BadRequest("the best evaluation has no structure, for its relaxation failed")
        _document(files[0][1], to)
        return
    folder = to or Path(f"{name}-{part}")
    exporting.write_files(files, folder)
    missing = len(items) - len(files)
    note(
        f"{len(files)} of {len(items)} {part} written to {folder}"
        + (f"; {missing} have no structure, for their relaxation failed" if missing else "")
    )


def _known(option: str, wanted: str, known: Sequence[str]) -> None:
    """Refuse what cannot be exported.

    Raises:
        BadRequest: saying what can be.
    """
    if wanted not in known:
        raise BadRequest(f"{option} {wanted} is not known; take {' or '.join(known)}")


@contextmanager
def _result(source: str, url: str | None) -> Iterator[tuple[results.Result, str]]:
    """The result, and a name for files; a service can be asked about it meanwhile."""
    path = Path(source)
    if path.is_file() or path.suffix == ".json" or len(path.parts) > 1:
        from orichalcum.results import Result

        yield Result.of(_read(path)), path.stem
        return
    from orichalcum.client import Client

    with Client(url) as client:
        yield client.job(source).result(wait=False), source


def _read(path: Path) -> Result:
    from pydantic import ValidationError

    from api_schemas.results import Result

    try:
        return Result.model_validate_json(path.read_bytes())
    except ValidationError as error:
        first = error.errors()[0]
        where = "/".join(str(part) for part in first["loc"]) or "the document"
        raise BadRequest(
            f"{path}: this is no result: {where}: {first['msg']}; give a file that 'orichalcum run --json' has written"
        ) from None


def _document(text: str, to: Path | None) -> None:
    from orichalcum import exporting

    if to is None:
        typer.echo(text, nl=False)
        return
    exporting.write_document(text, to)
    note(f"written to {to}")
