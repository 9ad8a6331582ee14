"""Crystals of answers in other libraries: pymatgen Structures with their mixtures, ASE Atoms of ordered cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.evaluations import CrystalState, Evaluation
from orichalcum import local
from orichalcum.exceptions import NotAnswered
from orichalcum.extras import needing
from orichalcum.structure_texts import held, whole_atoms

if TYPE_CHECKING:
    from ase import Atoms
    from pymatgen.core import Structure


def crystal_of(item: CrystalState | Evaluation) -> CrystalState:
    """The crystal that is meant.

    Raises:
        NotAnswered: if an evaluation has none, as where its potential failed.
    """
    if isinstance(item, CrystalState):
        return item
    if item.structure is None:
        raise NotAnswered("this evaluation has no structure" + (f": {item.message}" if item.message else ""))
    return item.structure


def ordered(crystal: CrystalState, sites: int | None, *, seed: int = 0, number: int = 0) -> CrystalState:
    """The crystal itself, or with ``sites`` a quasi-random decoration of about so many mixed sites, unrelaxed.

    Raises:
        ServerExtraMissing: if what makes decorations is not installed.
    """
    return crystal if sites is None else local.ordered_cell(crystal, sites, seed, number)


def to_structure(item: CrystalState | Evaluation) -> Structure:
    """A pymatgen Structure with partial occupancies; empty sites are left out.

    Args:
        item: A crystal, or an evaluation that has one.

    Raises:
        ExtraMissing: if pymatgen is not installed.
        NotAnswered: if the evaluation has no structure.
    """
    with needing("pymatgen", "crystals"):
        from pymatgen.core import Lattice, Structure
    crystal = crystal_of(item)
    kept = [(held(site.species), site.frac) for site in crystal.sites if held(site.species)]
    lattice = Lattice(crystal.lattice)
    return Structure(lattice, [species for species, _ in kept], [frac for _, frac in kept])


def to_atoms(
    item: CrystalState | Evaluation, *, sites: int | None = None, seed: int = 0, number: int = 0
) -> Atoms:
    """ASE Atoms, of whole atoms.

    Args:
        item: A crystal, or an evaluation that has one.
        sites: Mixed sites, about, of the supercell in which a mixed crystal is decorated (quasi-random, unrelaxed);
            None takes the crystal as it is.
        seed: Of the decorations.
        number: Which of the decorations, from 0, the most random first.

    Raises:
        ExtraMissing: if ASE is not installed.
        MixedSites: if a site holds several elements and no ``sites`` are given.
        NotAnswered: if the evaluation has no structure.
        ServerExtraMissing: if what makes decorations is not installed.
    """
    with needing("ase", "crystals"):
        from ase import Atoms
    crystal = ordered(crystal_of(item), sites, seed=seed, number=number)
    atoms = whole_atoms(crystal, "an Atoms object")
    return Atoms(
        symbols=[element for element, _ in atoms],
        scaled_positions=[frac for _, frac in atoms],
        cell=crystal.lattice,
        pbc=True,
    )
