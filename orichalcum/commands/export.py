"""The command that writes answers in the formats that other programs read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from orichalcum import local
from orichalcum.commands.service_jobs import Url
from orichalcum.exceptions import BadRequest
from orichalcum.reporting import note, reporting

if TYPE_CHECKING:
    from api_schemas.results import Result
    from orichalcum.exporting import StructureText

WHAT = ("orderings",)
WHAT_LATER = ("best", "front", "evaluations", "supercells")
STRUCTURES: Mapping[str, tuple[str, StructureText]] = {
    "cif": ("cif", local.cif_text),
    "poscar": ("POSCAR.vasp", local.poscar_text),
}
"""How files of a format end, as pymatgen, ASE, OVITO and VESTA know them, and what writes them."""
FORMATS = (*STRUCTURES, "json", "csv")
FORMATS_LATER = ("xyz", "html")


@reporting
def export(
    source: Annotated[
        str,
        typer.Argument(
            metavar="ID|FILE", help="A finished job of the service, or a file that 'run --json' has written."
        ),
    ],
    what: Annotated[str, typer.Option(help=f"What of the answer: {', '.join(WHAT)}.")] = "orderings",
    file_format: Annotated[str, typer.Option("--format", help=f"One of {', '.join(FORMATS)}.")] = "json",
    to: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            metavar="PATH",
            help="cif, poscar: a new folder, or an archive NAME.zip; json, csv: a file, else standard output.",
            show_default=False,
        ),
    ] = None,
    url: Url = None,
) -> None:
    """Write the orderings of a job of kind order as structure files or tables."""
    _offered("--what", what, WHAT, WHAT_LATER)
    _offered("--format", file_format, FORMATS, FORMATS_LATER)
    from orichalcum import exporting

    result, name = _result(source, url)
    items = exporting.found_orderings(result)
    if file_format == "csv":
        _document(exporting.as_csv(items), to)
    elif file_format == "json":
        _document(exporting.as_json(items, result), to)
    else:
        files = list(exporting.structure_files(items, *STRUCTURES[file_format]))
        folder = to or Path(f"{name}-orderings")
        exporting.write_files(files, folder)
        missing = len(items) - len(files)
        note(
            f"{len(files)} of {len(items)} orderings written to {folder}"
            + (f"; {missing} have no structure, for their relaxation failed" if missing else "")
        )


def _offered(option: str, wanted: str, known: Sequence[str], later: Sequence[str]) -> None:
    """Refuse what cannot be exported.

    Raises:
        BadRequest: saying what can be.
    """
    if wanted in known:
        return
    reason = "is not available yet in this version" if wanted in later else "is not known"
    raise BadRequest(f"{option} {wanted} {reason}; take {' or '.join(known)}")


def _result(source: str, url: str | None) -> tuple[Result, str]:
    """The result, and a name for files."""
    path = Path(source)
    if path.is_file() or path.suffix == ".json" or len(path.parts) > 1:
        return _read(path), path.stem
    from orichalcum.client import Client

    with Client(url) as client:
        return client.job(source).result(wait=False), source


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
    exporting.refuse_to_overwrite(to)
    to.write_text(text, encoding="utf-8")
    note(f"written to {to}")
