"""The dictionary of a pymatgen Structure to a parent crystal.

Only plain data are read: nothing is imported or built by the names of modules and classes that the dictionary
holds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from engine.crystals.cif import lattice_from_parameters, partial_occupancy
from engine.crystals.labels import element_of
from engine.crystals.parent import FloatArray, ParentCrystal
from engine.crystals.structure_faults import StructureFault, bad_structure, check_count, check_lattice

_OCCUPANCY_TOLERANCE = 1e-3


def read_structure_dict(data: Mapping[str, object], max_atoms: int) -> ParentCrystal:
    """The crystal of ``Structure.as_dict()``: its lattice, and the species and coordinates of its sites in order.

    Raises:
        StructureFault: naming the entry and what would be right.
    """
    lattice = _lattice(data.get("lattice"))
    sites = data.get("sites")
    if not isinstance(sites, list):
        raise bad_structure("the pymatgen dictionary has no list of sites; take Structure.as_dict()")
    check_count(len(sites), max_atoms)
    symbols = tuple(_symbol(site, index) for index, site in enumerate(sites))
    frac = np.array([_coordinates(site, index, lattice) for index, site in enumerate(sites)])
    return ParentCrystal(lattice, frac, symbols)


def _lattice(data: object) -> FloatArray:
    if not isinstance(data, Mapping):
        raise bad_structure(
            "the pymatgen dictionary has no lattice; a periodic Structure is needed, not a Molecule"
        )
    if any(periodic is not True for periodic in _sequence(data.get("pbc", [True]))):
        raise bad_structure("the lattice is not periodic in all three directions (pbc); give a bulk crystal")
    matrix = data.get("matrix")
    if matrix is not None:
        rows = [_three_numbers(row) for row in _sequence(matrix)]
        if len(rows) != 3 or any(row is None for row in rows):
            raise bad_structure("lattice/matrix is not three rows of three finite numbers")
        lattice = np.array(rows, dtype=float)
    else:
        lengths = _three_numbers([data.get(name) for name in ("a", "b", "c")])
        angles = _three_numbers([data.get(name) for name in ("alpha", "beta", "gamma")])
        if lengths is None or angles is None:
            raise bad_structure("the lattice has neither a matrix nor a, b, c, alpha, beta, gamma")
        lattice = lattice_from_parameters(lengths, angles)
    check_lattice(lattice)
    return lattice


def _sequence(data: object) -> Sequence[object]:
    return data if isinstance(data, list | tuple) else []


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _three_numbers(data: object) -> list[float] | None:
    values = [number for value in _sequence(data) if (number := _number(value)) is not None]
    return values if len(values) == 3 and len(_sequence(data)) == 3 else None


def _symbol(site: object, index: int) -> str:
    species = _sequence(site.get("species")) if isinstance(site, Mapping) else []
    if not species:
        raise bad_structure(f"site {index} has no species; take Structure.as_dict()")
    labels = []
    for entry in species:
        label = entry.get("element") if isinstance(entry, Mapping) else None
        occupancy = _number(entry.get("occu", 1.0)) if isinstance(entry, Mapping) else None
        if not isinstance(label, str) or occupancy is None:
            raise bad_structure(f"a species of site {index} is not of the form {{element: Al, occu: 1}}")
        if len(species) > 1 or abs(occupancy - 1.0) > _OCCUPANCY_TOLERANCE:
            raise partial_occupancy(
                f"site {index} holds {len(species)} species, {label[:20]} with occupancy {occupancy:g}"
            )
        labels.append(label)
    symbol = element_of(labels[0])
    if symbol is None:
        text = f"{labels[0][:20]!r} on site {index} is not a chemical element; write a symbol such as Al"
        raise StructureFault("unknown-element", text)
    return symbol


def _coordinates(site: object, index: int, lattice: FloatArray) -> list[float]:
    if isinstance(site, Mapping):
        frac = _three_numbers(site.get("abc"))
        if frac is not None:
            return frac
        cartesian = _three_numbers(site.get("xyz"))
        if cartesian is not None:
            return [float(value) for value in np.linalg.solve(lattice.T, np.array(cartesian))]
    raise bad_structure(f"site {index} has no coordinates abc (fractional) of three finite numbers")
