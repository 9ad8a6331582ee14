"""Structure files named in a problem, read where the user is: ``cif_file`` and ``poscar_file`` become their text.

A client does this with its own files before it sends or computes a problem; a service never does.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.structures import MAX_STRUCTURE_TEXT

FORMS = {"cif_file": "cif", "poscar_file": "poscar"}
"""The field that holds the text, by the field that names a file."""

_MAX_DEPTH = 12


def with_texts(document: Mapping[str, Any], folder: Path) -> dict[str, Any]:
    """A problem's document with the texts of the files that it names.

    Args:
        document: The document.
        folder: Where relative paths begin.

    Raises:
        ProblemInvalid: of type ``bad-file``, at the field whose file cannot be read.
    """
    return {name: _read(value, folder, (name,)) for name, value in document.items()}


def _read(data: object, folder: Path, where: tuple[str | int, ...]) -> object:
    if isinstance(data, list):
        return [_read(entry, folder, (*where, place)) for place, entry in enumerate(data)]
    if not isinstance(data, Mapping) or len(where) > _MAX_DEPTH:
        return data
    found: dict[str, object] = {}
    for name, value in data.items():
        form = FORMS.get(name)
        if form is not None and isinstance(value, str | Path) and form not in data:
            found[form] = _text(folder / Path(value).expanduser(), (*where, name))
        else:
            found[name] = value if name == "pymatgen" else _read(value, folder, (*where, name))
    return found


def _text(path: Path, where: tuple[str | int, ...]) -> str:
    try:
        with path.open("rb") as stream:
            raw = stream.read(MAX_STRUCTURE_TEXT + 1)
    except OSError as error:
        raise _fault(where, f"{path} cannot be read: {error.strerror or error}; check the path") from None
    if len(raw) > MAX_STRUCTURE_TEXT:
        raise _fault(
            where, f"{path.name} is larger than {MAX_STRUCTURE_TEXT // 1_000_000} MB; give one structure"
        )
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        pass
    return raw.decode("latin-1")  # CIFs of old programs: only names of authors go beyond ASCII


def _fault(where: tuple[str | int, ...], text: str) -> ProblemInvalid:
    return ProblemInvalid([FieldError(pointer=pointer(where), type="bad-file", message=text)])
