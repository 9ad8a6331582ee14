"""The dictionary of a pymatgen Structure, or the structure of an evaluation, to a parent crystal.

Only plain data are read: nothing is imported or built by the names of modules and classes that the dictionary
holds. A dictionary arrives here as `api_schemas.structure_documents` leaves it: with what is read, and nothing else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from engine.crystals.labels import element_of_type, unknown_element
from engine.crystals.lattice import lattice_from_parameters
from engine.crystals.parent import FloatArray, ParentCrystal
from engine.crystals.structure_faults import bad_structure, check_count, check_lattice, partial_occupancy

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
    if isinstance(data, list):
        data = {"matrix": data}
    if not isinstance(data, Mapping):
        raise bad_structure(
            "the pymatgen dictionary has no lattice; a periodic Structure is needed, not a Molecule"
        )
    if any(periodic is not True for periodic in _sequence(data.get("pbc", [True]))):
        raise bad_structure(
            "lattice/pbc says that the lattice is not periodic in all three directions; give a bulk crystal, or a "
            "sheet or molecule in a periodic box"
        )
    matrix = data.get("matrix")
    if matrix is not None:
        rows = [_three_numbers(row) for row in _sequence(matrix)]
        if len(rows) != 3 or any(row is None for row in rows):
            raise bad_structure(
                "lattice/matrix is not three rows of three finite numbers; give vectors in Å as rows"
            )
        lattice = np.array(rows, dtype=float)
    else:
        lengths = _three_numbers([data.get(name) for name in ("a", "b", "c")])
        angles = _three_numbers([data.get(name) for name in ("alpha", "beta", "gamma")])
        if lengths is None or angles is None:
            raise bad_structure(
                "the lattice has neither a matrix nor a, b, c, alpha, beta, gamma; give its matrix"
            )
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


def _species(site: object, index: int) -> list[tuple[str, float]]:
    """What a site holds, as pairs of a name and an occupancy."""
    given = site.get("species") if isinstance(site, Mapping) else None
    if isinstance(given, Mapping):  # as evaluations write it: {Al: 0.8, Sc: 0.2}
        entries: Sequence[object] = [{"element": name, "occu": share} for name, share in given.items()]
    else:
        entries = _sequence(given)
    if not entries:
        raise bad_structure(f"site {index} has no species; take Structure.as_dict()")
    found = []
    for entry in entries:
        label = entry.get("element") if isinstance(entry, Mapping) else None
        occupancy = _number(entry.get("occu", 1.0)) if isinstance(entry, Mapping) else None
        if not isinstance(label, str) or occupancy is None:
            raise bad_structure(f"a species of site {index} is not of the form {{element: Al, occu: 1}}")
        if occupancy != 0.0 or not isinstance(given, Mapping):
            found.append((label, occupancy))
    return found


def _symbol(site: object, index: int) -> str:
    species = _species(site, index)
    if len(species) != 1 or abs(species[0][1] - 1.0) > _OCCUPANCY_TOLERANCE:
        shown = ", ".join(f"{label[:20]} with occupancy {share:g}" for label, share in species[:4])
        raise partial_occupancy(f"site {index} holds {shown or 'nothing'}")
    label = species[0][0]
    symbol = element_of_type(label)
    if symbol is None:
        raise unknown_element(label, f"site {index}")
    return symbol


def _coordinates(site: object, index: int, lattice: FloatArray) -> list[float]:
    if isinstance(site, Mapping):
        for name in ("abc", "frac"):
            frac = _three_numbers(site.get(name))
            if frac is not None:
                return frac
        cartesian = _three_numbers(site.get("xyz"))
        if cartesian is not None:
            return [float(value) for value in np.linalg.solve(lattice.T, np.array(cartesian))]
    raise bad_structure(
        f"site {index} has no coordinates abc (fractional) of three finite numbers; give them"
    )
