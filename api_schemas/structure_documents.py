"""Structures as other programs hold them, made into the fields of a `Structure`: nothing that is not read is looked at.

Taken are the dictionary of a pymatgen Structure (with arrays or lists in it), the structure of one of our
evaluations, the path of a CIF or POSCAR by its name, and, in Python, the Structure or the ASE Atoms themselves. They
are known by what they have; neither library is imported.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any, Protocol

MOST_SITES = 10_000
"""Sites of a dictionary that are taken over; of more, so many and one, so that they are refused by their number."""

_CELL = ("matrix", "pbc", "a", "b", "c", "alpha", "beta", "gamma")
_MOST_SPECIES = 20
_COORDINATES = ("abc", "xyz", "frac")


class PymatgenStructure(Protocol):
    """What of a pymatgen Structure is looked at."""

    @property
    def lattice(self) -> Any:
        """Its lattice."""

    @property
    def sites(self) -> Any:
        """Its sites."""

    def as_dict(self) -> dict[str, Any]:
        """The structure as its dictionary."""


class AseAtoms(Protocol):
    """What of ASE Atoms is looked at, besides the cell and its periodicity."""

    def get_chemical_symbols(self) -> Any:
        """Element of each atom."""

    def get_scaled_positions(self, wrap: bool = True) -> Any:  # noqa: FBT001, FBT002  (as ASE has it)
        """Fractional coordinates."""


def of_file(value: object) -> dict[str, str] | None:
    """The field that names a structure file, where this is the path of one by its name; else None.

    CIFs end in ``.cif``; POSCARs end in ``.vasp`` or ``.poscar``, or begin with POSCAR or CONTCAR.
    """
    text = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(text, str) or "\n" in text or "\0" in text:
        return None
    name = PurePath(text).name.lower()
    if name.endswith(".cif"):
        return {"cif_file": text}
    if name.endswith((".vasp", ".poscar")) or name.startswith(("poscar", "contcar")):
        return {"poscar_file": text}
    return None


def as_fields(value: object) -> object:
    """What stands for a structure as the fields of one, where it is known what it is; else as it was."""
    named = of_file(value)
    if named is not None:
        return named
    if isinstance(value, Mapping):
        bare = "sites" in value and "lattice" in value
        return {"pymatgen": plain_structure(value)} if bare else value
    if hasattr(value, "as_dict") and hasattr(value, "lattice") and hasattr(value, "sites"):
        return {"pymatgen": plain_structure(value.as_dict())}
    if hasattr(value, "get_scaled_positions") and hasattr(value, "get_chemical_symbols"):
        return {"pymatgen": _of_atoms(value)}
    return value


def plain_structure(data: object) -> object:
    """The part of a pymatgen dictionary, or of a Structure, that says where which atoms are, as lists and numbers."""
    if hasattr(data, "as_dict"):
        data = data.as_dict()
    if not isinstance(data, Mapping) or not ("lattice" in data or "sites" in data):
        return data  # no structure: it is refused as it is
    kept: dict[str, object] = {
        name: data[name] for name in ("@module", "@class") if isinstance(data.get(name), str)
    }
    lattice = data.get("lattice")
    if isinstance(lattice, Mapping):
        kept["lattice"] = {name: _numbers(lattice[name]) for name in _CELL if name in lattice}
    elif lattice is not None:
        kept["lattice"] = _numbers(lattice)
    sites = data.get("sites")
    if isinstance(sites, list | tuple):
        kept["sites"] = [_site(site) for site in sites[: MOST_SITES + 1]]
    return kept


def _of_atoms(atoms: object) -> dict[str, object]:
    """The same of ASE Atoms."""
    symbols = atoms.get_chemical_symbols()  # type: ignore[attr-defined]
    places = atoms.get_scaled_positions(wrap=False)[: MOST_SITES + 1]  # type: ignore[attr-defined]
    cell = _numbers(atoms.cell.array)  # type: ignore[attr-defined]
    pbc = _numbers(atoms.pbc)  # type: ignore[attr-defined]
    sites = [
        {"species": [{"element": symbol, "occu": 1}], "abc": _numbers(place)}
        for symbol, place in zip(symbols, places, strict=False)
    ]
    return {"lattice": {"matrix": cell, "pbc": pbc}, "sites": sites}


def _site(site: object) -> object:
    if not isinstance(site, Mapping):
        return None
    kept: dict[str, object] = {name: _numbers(site[name]) for name in _COORDINATES if name in site}
    species = site.get("species")
    if isinstance(species, Mapping):
        kept["species"] = {
            str(name): _numbers(share) for name, share in list(species.items())[:_MOST_SPECIES]
        }
    elif isinstance(species, list | tuple):
        kept["species"] = [
            {name: _numbers(entry[name]) for name in ("element", "occu") if name in entry}
            if isinstance(entry, Mapping)
            else None
            for entry in species[:_MOST_SPECIES]
        ]
    return kept


def _numbers(value: object, depth: int = 0) -> object:
    """Arrays and tuples as lists, two deep at the most; what is no number, text or list becomes null."""
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_numbers(entry, depth + 1) for entry in value[:4]] if depth < 2 else None
    return value if isinstance(value, str | int | float | bool) else None
