"""CIF text to a parent crystal.

Sites keep the order of the file: for each listed atom first the atom itself, where the file has it, then its images in
the order of the symmetry operations, in the cell from 0 to 1. Atoms on special positions are moved exactly onto them.
A file that also lists images of its own atoms is read as if it did not. Where symmetry can be understood in several
ways the file's own formula, numbers of atoms or density decide, or it is refused.
"""

from __future__ import annotations

import numpy as np

from engine.crystals.cif_atoms import ListedAtoms, listed_atoms
from engine.crystals.cif_block import UNKNOWN, CifBlock, read_block
from engine.crystals.cif_contents import Contents, check_multiplicity, check_volume, stated_contents
from engine.crystals.cif_operations import Symmetry
from engine.crystals.cif_symmetry import symmetries
from engine.crystals.lattice import lattice_from_parameters
from engine.crystals.parent import FloatArray, ParentCrystal
from engine.crystals.structure_faults import (
    StructureFault,
    bad_structure,
    check_count,
    check_density_of_atoms,
    check_lattice,
    check_overlaps,
)

SPECIAL_POSITION = 0.1
"""An image nearer than this (Å) to its own atom is the same atom on a special position."""

_LENGTHS = tuple(f"_cell_length_{name}" for name in "abc")
_ANGLES = tuple(f"_cell_angle_{name}" for name in ("alpha", "beta", "gamma"))


def read_cif(text: str, max_atoms: int) -> ParentCrystal:
    """The crystal of a CIF with one structure and full occupancies.

    Args:
        text: The file's text.
        max_atoms: Most sites allowed, after symmetry expansion.

    Returns:
        The crystal, with a along x and b in the x-y plane.

    Raises:
        StructureFault: saying what is wrong and what would be right.
    """
    block = read_block(text)
    contents = stated_contents(block)
    lattice, angles = _lattice(block)
    atoms = listed_atoms(block, list(contents.formula or ()), max_atoms)
    found = symmetries(block, lattice, (angles[0], angles[2]))
    if found.undecided is None:
        return _checked(lattice, atoms, found.ways[0], contents, max_atoms)
    if not contents.proves and not any(atoms.multiplicities):
        raise found.undecided
    fitting = []
    for way in found.ways:
        try:
            fitting.append(_checked(lattice, atoms, way, contents, max_atoms, overlaps=True))
        except StructureFault as fault:
            if len(found.ways) == 1:
                raise
            refused = fault
    if len(fitting) == 1:
        return fitting[0]
    raise found.undecided if fitting else refused


def _lattice(block: CifBlock) -> tuple[FloatArray, list[float]]:
    """Vectors as rows, [3, 3] Å, and the angles in degrees; one that is left out is 90, the format's default."""
    lengths, angles = [], []
    for tag in _LENGTHS:
        length = block.number(tag)
        if length is None:
            raise bad_structure(f"the CIF lacks {tag}; give the length in Å")
        lengths.append(length)
    for tag in _ANGLES:
        if block.column(tag) and block.column(tag)[0].strip() in UNKNOWN:
            raise bad_structure(f"{block.name(tag)} is unknown in the CIF; give the angle in degrees")
        angle = block.number(tag)
        angles.append(90.0 if angle is None else angle)
    lattice = lattice_from_parameters(lengths, angles)
    check_lattice(lattice)
    check_volume(block, float(abs(np.linalg.det(lattice))))
    return lattice, angles


def _checked(
    lattice: FloatArray,
    atoms: ListedAtoms,
    symmetry: Symmetry,
    contents: Contents,
    max_atoms: int,
    *,
    overlaps: bool = False,
) -> ParentCrystal:
    """The crystal under one way to understand its symmetry, held against what the file says of it."""
    parent = _expanded(lattice, atoms, symmetry, max_atoms)
    check_density_of_atoms(parent)
    hydrogen = atoms.symbols.count("H")
    contents.check(parent, len(atoms.symbols), atoms.heavy / hydrogen if hydrogen else 0.0)
    if overlaps:
        check_overlaps(parent)
    return parent


def _expanded(lattice: FloatArray, atoms: ListedAtoms, symmetry: Symmetry, max_atoms: int) -> ParentCrystal:
    operations = symmetry.matrices()
    sites: list[FloatArray] = []
    names: list[str] = []
    images = np.zeros((0, 3))
    image_symbols: list[str] = []
    for row, (symbol, position) in enumerate(zip(atoms.symbols, atoms.frac, strict=True)):
        special = _special_position(position, operations, lattice)
        same = np.array([other == symbol for other in image_symbols], dtype=bool)
        if _nearest(images[same], special, lattice) < SPECIAL_POSITION:
            continue  # an image of an atom before it
        found = _images(special, operations, lattice)
        check_count(len(names) + len(found), max_atoms, at_least=True)
        check_multiplicity(atoms.names[row], atoms.multiplicities[row], len(found), len(symmetry.operations))
        sites.append(found)
        names.extend([symbol] * len(found))
        images = np.concatenate([images, found[1:]])
        image_symbols.extend([symbol] * (len(found) - 1))
    return ParentCrystal(lattice, np.concatenate(sites), tuple(names))


def _nearest(places: FloatArray, position: FloatArray, lattice: FloatArray) -> float:
    """Distance (Å) from a position [3] to the nearest of places [n, 3], all fractional."""
    difference = places - position
    difference -= np.round(difference)
    return float(np.min(np.linalg.norm(difference @ lattice, axis=1), initial=np.inf))


def _special_position(
    position: FloatArray, operations: tuple[FloatArray, FloatArray], lattice: FloatArray
) -> FloatArray:
    """The mean over the operations that map an atom onto itself, [3] fractional; it keeps its place in the file."""
    rotations, translations = operations
    images = rotations @ position + translations
    images = images - np.round(images - position)
    near = np.linalg.norm((images - position) @ lattice, axis=1) < SPECIAL_POSITION
    return np.asarray(images[near].mean(axis=0))


def _images(
    special: FloatArray, operations: tuple[FloatArray, FloatArray], lattice: FloatArray
) -> FloatArray:
    """An atom and its images by symmetry, each once, [n, 3] fractional, in the cell from 0 to 1."""
    rotations, translations = operations
    images = np.mod(rotations[1:] @ special + translations[1:], 1.0)
    images = np.where(images > 1.0 - 1e-9, 0.0, images)
    found = special[None]
    while len(images):
        difference = images - found[-1]
        difference -= np.round(difference)
        images = images[np.linalg.norm(difference @ lattice, axis=1) >= SPECIAL_POSITION]
        found = np.concatenate([found, images[:1]])
    return found
