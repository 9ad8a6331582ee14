"""How a user gives a crystal: a prototype by name, or the text of a structure file."""

from __future__ import annotations

import os
from typing import Self

from pydantic import Field, JsonValue, ValidationInfo, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api_schemas.base import Model, Positive
from api_schemas.elements import Element
from api_schemas.structure_documents import as_fields, plain_structure

MAX_STRUCTURE_TEXT = 1_000_000
"""Longest CIF or POSCAR text accepted, in characters."""

_FORMS = ("prototype", "cif", "poscar", "pymatgen")
_FILES = ("cif_file", "poscar_file")


class Structure(Model):
    """A parent crystal, in exactly one of the forms prototype, cif, poscar, pymatgen, or as the path of a file."""

    prototype: str | None = Field(
        None, max_length=64, description="Name of a parent structure, e.g. wurtzite."
    )
    species: list[Element] | None = Field(
        None,
        min_length=1,
        max_length=20,
        description="Elements of the prototype's sites, in the prototype's order.",
    )
    a: Positive | None = Field(
        None, le=1000.0, description="Conventional lattice constant a of the prototype, Å."
    )
    b: Positive | None = Field(
        None, le=1000.0, description="Conventional lattice constant b of the prototype, Å."
    )
    c: Positive | None = Field(
        None, le=1000.0, description="Conventional lattice constant c of the prototype, Å."
    )
    cif: str | None = Field(None, max_length=MAX_STRUCTURE_TEXT, description="Text of a CIF file.")
    poscar: str | None = Field(None, max_length=MAX_STRUCTURE_TEXT, description="Text of a VASP POSCAR file.")
    pymatgen: dict[str, JsonValue] | None = Field(None, description="A pymatgen Structure as its dictionary.")

    cif_file: str | None = Field(
        None,
        max_length=1000,
        description="Path of a CIF file, for run, evaluate, submit and the Python client, which read it; a service "
        "refuses it.",
    )
    poscar_file: str | None = Field(None, max_length=1000, description="Likewise of a VASP POSCAR file.")

    @model_validator(mode="before")
    @classmethod
    def _of_other_programs(cls, value: object) -> object:
        fields = as_fields(value)
        if isinstance(fields, str) or hasattr(fields, "__fspath__"):
            shown = str(fields)[:60]
            raise _structure_error(
                f"{shown!r} is no structure; write {{prototype: wurtzite, species: [Al, N]}}, or of a file "
                "{cif_file: path} or {poscar_file: path}"
            )
        return fields

    @field_validator("pymatgen", mode="before")
    @classmethod
    def _what_is_read(cls, value: object) -> object:
        return plain_structure(value)

    @field_validator("cif_file", "poscar_file", mode="before")
    @classmethod
    def _path_as_text(cls, value: object) -> object:
        return os.fspath(value) if isinstance(value, os.PathLike) else value

    @field_validator("cif", "poscar", mode="before")
    @classmethod
    def _text_is_wanted(cls, value: object, info: ValidationInfo) -> object:
        form = info.field_name
        if hasattr(value, "__fspath__"):
            raise _structure_error(
                f"this is the text of a file, not a path; write {form}_file: {str(value)[:60]}"
            )
        if not isinstance(value, str) and as_fields(value) is not value:
            raise _structure_error(
                "this is the text of a file; give a Structure or Atoms as the structure itself"
            )
        return value

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [form for form in (*_FORMS, *_FILES) if getattr(self, form) is not None]
        if len(given) != 1:
            what = "none is given" if not given else f"{' and '.join(given)} are given"
            raise _structure_error(f"give exactly one of {', '.join((*_FORMS, *_FILES))}: {what}")
        if given != ["prototype"]:
            extra = [name for name in ("species", "a", "b", "c") if getattr(self, name) is not None]
            if extra:
                raise _structure_error(
                    f"{', '.join(extra)}: only for a prototype, not for {given[0]}; remove"
                )
        elif self.species is None:
            raise _structure_error("a prototype needs species, e.g. species: [Al, N]")
        return self

    def form(self) -> str:
        """Name of the form in which the crystal was given."""
        return next(form for form in (*_FORMS, *_FILES) if getattr(self, form) is not None)


def _structure_error(text: str) -> PydanticCustomError:
    return PydanticCustomError("bad-structure", "{text}", {"text": text})
