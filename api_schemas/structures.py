"""How a user gives a crystal: a prototype by name, or the text of a structure file."""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, JsonValue, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api_schemas.base import Model, Positive
from api_schemas.elements import Element

MAX_STRUCTURE_TEXT = 1_000_000
"""Longest CIF or POSCAR text accepted, in characters."""

MAX_DEPTH = 20
"""Deepest nesting of a pymatgen dictionary."""

_FORMS = ("prototype", "cif", "poscar", "pymatgen")


class Structure(Model):
    """A parent crystal, in exactly one of the forms prototype, cif, poscar, pymatgen."""

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

    @field_validator("pymatgen", mode="before")
    @classmethod
    def _tuples_are_lists(cls, value: object) -> object:
        return _json_like(value, 0)

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        given = [form for form in _FORMS if getattr(self, form) is not None]
        if len(given) != 1:
            what = "none is given" if not given else f"{' and '.join(given)} are given"
            raise _structure_error(f"give exactly one of {', '.join(_FORMS)}: {what}")
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
        return next(form for form in _FORMS if getattr(self, form) is not None)

    def model_dump_compact(self) -> dict[str, Any]:
        """The fields that were given, as a JSON-ready dictionary."""
        return self.model_dump(mode="json", exclude_none=True)


def _json_like(value: object, depth: int) -> object:
    """Tuples as lists: ``Structure.as_dict()`` holds some."""
    if depth > MAX_DEPTH:
        raise _structure_error("the dictionary is nested too deeply; take Structure.as_dict()")
    if isinstance(value, dict):
        return {key: _json_like(entry, depth + 1) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_json_like(entry, depth + 1) for entry in value]
    return value


def _structure_error(text: str) -> PydanticCustomError:
    return PydanticCustomError("bad-structure", "{text}", {"text": text})
