"""Structure files named in a problem, read where the user is: ``cif_file`` and ``poscar_file`` become their text.

So does the path of a CIF or POSCAR itself where a structure stands.

A client does this with its own files before it sends or computes a problem; a service never does.
"""

from __future__ import annotations

import codecs
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.structure_documents import of_file
from api_schemas.structures import MAX_STRUCTURE_TEXT

FORMS = {"cif_file": "cif", "poscar_file": "poscar"}
"""The field that holds the text, by the field that names a file."""

_STRUCTURES = frozenset({"structure", "same_as"})
_LISTS_OF_STRUCTURES = frozenset({"phases"})
"""Where in a problem structures stand."""
_MAX_DEPTH = 12
_SHOWN = 200
_COMPRESSED = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"PK\x03\x04", b"\x28\xb5\x2f\xfd")
"""How files begin that gzip, bzip2, xz, zip and zstd wrote."""


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
    if where[-1] in _STRUCTURES or (isinstance(where[-1], int) and where[-2] in _LISTS_OF_STRUCTURES):
        data = of_file(data) or data
    if isinstance(data, list):
        return [_read(entry, folder, (*where, place)) for place, entry in enumerate(data)]
    if not isinstance(data, Mapping) or len(where) > _MAX_DEPTH:
        return data
    found: dict[str, object] = {}
    for name, value in data.items():
        form = FORMS.get(name)
        if form is not None and isinstance(value, str | os.PathLike) and form not in data:
            found[form] = _text(os.fspath(value), folder, (*where, name))
        else:
            found[name] = value if name == "pymatgen" else _read(value, folder, (*where, name))
    return found


def _text(name: str, folder: Path, where: tuple[str | int, ...]) -> str:
    shown = "".join(one if one.isprintable() else ascii(one)[1:-1] for one in str(folder / name)[:_SHOWN])
    if not name.strip():
        raise _fault(where, "the path is empty; name a file")
    if "://" in name:
        raise _fault(where, f"{shown} is an address, which is not fetched; save the file and give its path")
    try:
        path = folder / Path(name).expanduser()
        with path.open("rb") as stream:
            raw = stream.read(MAX_STRUCTURE_TEXT + 1)
    except OSError as error:
        raise _fault(where, f"{shown} cannot be read: {error.strerror or error}; check the path") from None
    except (ValueError, RuntimeError):  # a NUL, half a character, or the home of nobody
        raise _fault(where, f"{shown} is no path of a file on this machine; check the path") from None
    if len(raw) > MAX_STRUCTURE_TEXT:
        raise _fault(
            where, f"{shown} is larger than {MAX_STRUCTURE_TEXT // 1_000_000} MB; give one structure"
        )
    return _decoded(raw, shown, where)


def _decoded(raw: bytes, shown: str, where: tuple[str | int, ...]) -> str:
    """The text of a file in UTF-8, UTF-16 with its mark, or Latin-1."""
    if not raw.strip():
        raise _fault(where, f"{shown} is empty; give a file with a structure")
    if raw.startswith(_COMPRESSED):
        raise _fault(where, f"{shown} is compressed; unpack it and give the path of the file in it")
    marked = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        text = raw.decode("utf-16" if marked else "utf-8-sig")
    except UnicodeDecodeError:
        text = raw.decode("latin-1")  # CIFs of old programs: only names of authors go beyond ASCII
    if "\0" in text:
        raise _fault(where, f"{shown} is no text file; give a CIF or POSCAR saved as UTF-8")
    return text


def _fault(where: tuple[str | int, ...], text: str) -> ProblemInvalid:
    return ProblemInvalid([FieldError(pointer=pointer(where), type="bad-file", message=text)])
