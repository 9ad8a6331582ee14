"""What makes a parent crystal unusable, and where in the problem it is reported."""

from __future__ import annotations

import numpy as np

from api_schemas.errors import FieldError, ProblemInvalid, pointer
from engine.crystals.parent import FloatArray, ParentCrystal

MAX_ATOMS = 200
"""Sites allowed in a parent crystal by default."""

OVERLAP = 0.5
"""Sites nearer than this (Å) overlap."""

MIN_LENGTH, MAX_LENGTH = 0.5, 500.0
MIN_VOLUME_PER_SITE = 1.0
"""Å^3; with less the lengths are in another unit, or atoms lie upon each other."""
MAX_VOLUME_PER_SITE = 30_000.0
"""Å^3: an atom in a box of 31 Å."""
MAX_VOLUME_OF_PROTOTYPE = 500.0
"""Å^3 per site: a prototype is no sheet or molecule in a box."""
MAX_COORDINATE = 1000.0
_MIN_FLATNESS = 0.01
_MAX_SHOWN_PAIRS = 5
_ROWS = 64


class StructureFault(ValueError):  # noqa: N818  (it becomes a fault of the input)
    """A fault of a structure: ``kind`` is the problem type, the message names the mend."""

    def __init__(self, kind: str, message: str) -> None:
        """Keep the type slug and the message."""
        self.kind = kind
        super().__init__(message)

    def at(self, where: tuple[str | int, ...]) -> ProblemInvalid:
        """The fault as a refusal of the field at ``where``."""
        return ProblemInvalid([FieldError(pointer=pointer(where), type=self.kind, message=str(self))])


def bad_structure(message: str) -> StructureFault:
    """A fault of type ``bad-structure``."""
    return StructureFault("bad-structure", message)


def partial_occupancy(what: str, otherwise: str = "") -> StructureFault:
    """The refusal of a site that is not filled by one element, perhaps with what to do if it is filled by one."""
    text = f"{what}; give a parent with one element on each site, and put the mixture into sublattices{otherwise}"
    return StructureFault("partial-occupancy", text)


def check_count(count: int, max_atoms: int, *, at_least: bool = False) -> None:
    """Refuse a number of sites that is zero or more than allowed.

    Args:
        count: Number of sites.
        max_atoms: Most sites allowed.
        at_least: Whether more sites may follow, so that the message claims no more than is known.

    Raises:
        StructureFault: of type ``too-many-atoms`` or ``bad-structure``.
    """
    if count < 1:
        raise bad_structure("the structure has no atoms; give at least one site")
    if count > max_atoms:
        bound = "at least " if at_least else ""
        text = (
            f"the structure has {bound}{count} atoms, more than the {max_atoms} allowed; give a smaller cell"
        )
        raise StructureFault("too-many-atoms", text)


def check_lattice(lattice: FloatArray) -> None:
    """Refuse lattice vectors (rows, [3, 3] Å) that span no sensible cell.

    Raises:
        StructureFault: of type ``bad-structure``.
    """
    if not np.all(np.isfinite(lattice)):
        raise bad_structure("the lattice holds a value that is not a finite number; give lengths in Å")
    # A component beyond the limit comes first: the square of a huge one would overflow.
    lengths = np.max(np.abs(lattice), axis=1)
    if np.all(lengths <= MAX_LENGTH):
        lengths = np.linalg.norm(lattice, axis=1)
    if np.any(lengths < MIN_LENGTH) or np.any(lengths > MAX_LENGTH):
        shown = ", ".join(f"{length:.4g}" for length in lengths)
        other = "in nm? Multiply them by 10" if np.any(lengths < MIN_LENGTH) else "in pm? Divide them by 100"
        text = (
            f"the lattice vectors are {shown} Å long; they must be between {MIN_LENGTH} and {MAX_LENGTH:g} Å. Are the "
            f"lengths {other}"
        )
        raise bad_structure(text)
    flatness = abs(np.linalg.det(lattice)) / np.prod(lengths)
    if flatness < _MIN_FLATNESS:
        raise bad_structure("the lattice vectors lie (nearly) in a plane; give three independent vectors")


def check_parent(parent: ParentCrystal, max_atoms: int = MAX_ATOMS) -> None:
    """Refuse a parent crystal that cannot be computed: too many atoms, an absurd cell, overlapping sites.

    Raises:
        StructureFault: of type ``too-many-atoms``, ``bad-structure`` or ``overlapping-atoms``.
    """
    check_count(parent.n_sites, max_atoms)
    check_lattice(parent.lattice)
    if not np.all(np.isfinite(parent.frac)):
        raise bad_structure("a coordinate is not a finite number; give the place of every atom")
    if np.any(np.abs(parent.frac) > MAX_COORDINATE):
        raise bad_structure(
            f"a fractional coordinate is beyond {MAX_COORDINATE:g}; give coordinates near the cell"
        )
    check_density_of_atoms(parent)
    check_overlaps(parent)


def check_density_of_atoms(parent: ParentCrystal, most: float = MAX_VOLUME_PER_SITE) -> None:
    """Refuse a cell with too little or too much room for its atoms: its lengths are in another unit than Å.

    Args:
        parent: The crystal.
        most: Å^3 per site.

    Raises:
        StructureFault: of type ``bad-structure``.
    """
    per_site = parent.volume / parent.n_sites
    if MIN_VOLUME_PER_SITE <= per_site <= most:
        return
    small = per_site < MIN_VOLUME_PER_SITE
    text = (
        f"the cell has {per_site:.3g} Å^3 per atom ({parent.volume:.4g} Å^3 for {parent.n_sites} atoms); a crystal has "
        f"between {MIN_VOLUME_PER_SITE:g} and {most:g}. Are the lengths in Å? "
        + ("From nm multiply them by 10" if small else "From pm divide them by 100")
    )
    raise bad_structure(text)


def check_overlaps(parent: ParentCrystal) -> None:
    """Refuse a crystal with sites nearer than `OVERLAP`.

    Raises:
        StructureFault: of type ``overlapping-atoms``.
    """
    from ase.geometry import get_distances, minkowski_reduce

    shortest = float(np.min(np.linalg.norm(minkowski_reduce(parent.lattice)[0], axis=1)))
    if shortest < OVERLAP:
        text = (
            f"the lattice repeats every {shortest:.3f} Å: each atom overlaps its own image; check the vectors"
        )
        raise StructureFault("overlapping-atoms", text)
    positions = np.mod(parent.frac, 1.0) @ parent.lattice
    pairs: list[str] = []
    for start in range(0, parent.n_sites, _ROWS):
        rows = positions[start : start + _ROWS]
        _, distances = get_distances(rows, positions, cell=parent.lattice, pbc=True)
        for row, other in np.argwhere(distances < OVERLAP):
            site = start + int(row)
            if site < other:
                first, second = parent.symbols[site], parent.symbols[other]
                pairs.append(
                    f"site {site} ({first}) and site {other} ({second}) are {distances[row, other]:.3f} Å apart"
                )
    if pairs:
        more = f" (and {len(pairs) - _MAX_SHOWN_PAIRS} more pairs)" if len(pairs) > _MAX_SHOWN_PAIRS else ""
        mend = (
            "; list each atom once (not its images by symmetry too), special positions with all their digits, and mix "
            "elements on one site through sublattices"
        )
        raise StructureFault("overlapping-atoms", "; ".join(pairs[:_MAX_SHOWN_PAIRS]) + more + mend)
