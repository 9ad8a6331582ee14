"""CIF text to a parent crystal.

The grammar is gemmi's (M. Wojdyr, J. Open Source Softw. 7, 4200 (2022), doi:10.21105/joss.04200); the expansion by
symmetry is here, so that sites keep the order of the file: for each listed atom first the atom itself, where the file
has it, then its images in the order of the symmetry operations, in the cell from 0 to 1. Atoms on special positions are
moved exactly onto them.
"""

from __future__ import annotations

import math

import gemmi
import numpy as np

from engine.crystals.conventional import cell_parameters
from engine.crystals.labels import element_of
from engine.crystals.parent import FloatArray, ParentCrystal
from engine.crystals.structure_faults import StructureFault, bad_structure, check_count, check_lattice

MAX_OPERATIONS = 192
"""Operations of the largest space groups (F-centred cubic)."""

_SPECIAL_POSITION = 0.1
"""An image nearer than this (Å) to its own atom is the same atom on a special position."""

_OCCUPANCY_TOLERANCE = 1e-3
_METRIC_TOLERANCE = 0.01
_CELL_TAGS = tuple(f"_cell_{name}" for name in ("length_a", "length_b", "length_c"))
_ANGLE_TAGS = tuple(f"_cell_{name}" for name in ("angle_alpha", "angle_beta", "angle_gamma"))
_OPERATION_TAGS = (
    "_space_group_symop_operation_xyz",
    "_space_group_symop.operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
    "_symmetry_equiv.pos_as_xyz",
)
_NAME_TAGS = (
    "_space_group_name_Hall",
    "_symmetry_space_group_name_Hall",
    "_space_group_name_H-M_alt",
    "_symmetry_space_group_name_H-M",
    "_space_group.name_H-M_full",
)
_NUMBER_TAGS = ("_space_group_IT_number", "_symmetry_Int_Tables_number")


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
    block = _block(text)
    lattice = _lattice(block)
    operations = _operations(block, lattice)
    _check_metric(lattice, operations)
    symbols, frac = _listed_atoms(block, max_atoms)
    sites: list[FloatArray] = []
    names: list[str] = []
    for symbol, position in zip(symbols, frac, strict=True):
        images = _images(position, operations, lattice)
        sites.append(images)
        names.extend([symbol] * len(images))
        check_count(len(names), max_atoms, at_least=True)
    return ParentCrystal(lattice, np.concatenate(sites), tuple(names))


def _block(text: str) -> gemmi.cif.Block:
    try:
        document = gemmi.cif.read_string(text)
    except (ValueError, RuntimeError, TypeError) as error:
        reason = str(error).splitlines()[0].removeprefix("string:")[:200]
        raise bad_structure(f"the CIF cannot be read (line:column) {reason}") from None
    blocks = [block for block in document if _column(block, "_atom_site_fract_x")]
    if len(blocks) > 1:
        names = ", ".join(block.name[:40] for block in blocks[:4])
        raise bad_structure(f"the CIF holds {len(blocks)} structures ({names}); keep one data block")
    if not blocks:
        raise bad_structure("the CIF has no atoms with fractional coordinates (_atom_site_fract_x, _y, _z)")
    return blocks[0]


def _column(block: gemmi.cif.Block, tag: str) -> list[str]:
    return [gemmi.cif.as_string(value) for value in block.find_values(tag)]


def _value(block: gemmi.cif.Block, tags: tuple[str, ...]) -> str | None:
    for tag in tags:
        values = _column(block, tag)
        if values and values[0] not in ("", "?", "."):
            return values[0]
    return None


def _number(block: gemmi.cif.Block, tag: str) -> float:
    text = _value(block, (tag,))
    if text is None:
        raise bad_structure(f"the CIF lacks {tag}")
    value = gemmi.cif.as_number(text)
    if not math.isfinite(value):
        raise bad_structure(f"{tag} is {text[:30]!r}, not a number")
    return float(value)


def lattice_from_parameters(lengths: list[float], angles: list[float]) -> FloatArray:
    """Lattice vectors as rows, [3, 3] Å, a along x and b in the x-y plane, from lengths (Å) and angles (degrees).

    Raises:
        StructureFault: if no cell has these parameters.
    """
    if any(length <= 0.0 for length in lengths):
        raise bad_structure("a cell length is not positive; give lengths in Å")
    if not all(1.0 <= angle <= 179.0 for angle in angles):
        raise bad_structure("a cell angle is not between 1 and 179 degrees")
    # Exact zeros at 90 degrees: a cosine of 6e-17 would leave off-diagonal dust in the lattice.
    alpha, beta, gamma = (0.0 if angle == 90.0 else math.cos(math.radians(angle)) for angle in angles)
    sine = math.sqrt(1.0 - gamma**2)
    across = (alpha - beta * gamma) / sine
    square = 1.0 - beta**2 - across**2
    if square <= 0.0:
        raise bad_structure("no cell has these angles; each must be less than the sum of the other two")
    a, b, c = lengths
    return np.array(
        [[a, 0.0, 0.0], [b * gamma, b * sine, 0.0], [c * beta, c * across, c * math.sqrt(square)]]
    )


def _lattice(block: gemmi.cif.Block) -> FloatArray:
    lengths = [_number(block, tag) for tag in _CELL_TAGS]
    angles = [_number(block, tag) if _value(block, (tag,)) is not None else 90.0 for tag in _ANGLE_TAGS]
    lattice = lattice_from_parameters(lengths, angles)
    check_lattice(lattice)
    return lattice


def _operations(block: gemmi.cif.Block, lattice: FloatArray) -> list[tuple[FloatArray, FloatArray]]:
    """Rotations [3, 3] and translations [3] in fractional coordinates, the identity first."""
    triplets = next((column for tag in _OPERATION_TAGS if (column := _column(block, tag))), [])
    if len(triplets) > MAX_OPERATIONS:
        text = f"the CIF lists {len(triplets)} symmetry operations; no space group has more than {MAX_OPERATIONS}"
        raise bad_structure(text)
    if triplets:
        parsed = [_operation(triplet) for triplet in triplets]
    else:
        group = _space_group(block, lattice)
        parsed = [] if group is None else list(group.operations())
    operations = [
        (np.array(op.rot, dtype=float) / op.DEN, np.array(op.tran, dtype=float) / op.DEN)
        for op in parsed
        if op.triplet() != "x,y,z"
    ]
    return [(np.eye(3), np.zeros(3)), *operations]


def _operation(triplet: str) -> gemmi.Op:
    try:
        return gemmi.Op(triplet)
    except (RuntimeError, ValueError, TypeError):
        text = f"{triplet[:60]!r} is not a symmetry operation; write it like '-x, y+1/2, -z'"
        raise bad_structure(text) from None


def _space_group(block: gemmi.cif.Block, lattice: FloatArray) -> gemmi.SpaceGroup | None:
    """The space group by name, else by number; None where the file names none (every atom is listed)."""
    _, _, _, alpha, _, gamma = cell_parameters(lattice)
    name = _value(block, _NAME_TAGS)
    number = _value(block, _NUMBER_TAGS)
    if name is None and number is None:
        return None
    group: gemmi.SpaceGroup | None = None
    if name is not None:
        hall = next((g for g in gemmi.spacegroup_table() if g.hall == " ".join(name.split())), None)
        if hall is not None:
            return hall
        # The angles tell hexagonal from rhombohedral axes.
        group = gemmi.find_spacegroup_by_name(name, alpha, gamma)
    if group is None and number is not None and number.isdecimal() and len(number) < 4:
        group = gemmi.find_spacegroup_by_number(int(number))
        group = group and gemmi.find_spacegroup_by_name(group.hm, alpha, gamma)
    shown = (name or number or "")[:40]
    if group is None:
        raise bad_structure(f"the space group {shown!r} is not known; list its operations in the CIF")
    if group.ext in ("1", "2") and f":{group.ext}" not in (name or ""):
        text = f"the space group {shown!r} has two choices of origin; list its operations, or write {group.hm}:1 or :2"
        raise bad_structure(text)
    return group


def _check_metric(lattice: FloatArray, operations: list[tuple[FloatArray, FloatArray]]) -> None:
    """Refuse operations under which the cell is not symmetric."""
    metric = lattice @ lattice.T
    scale = float(np.max(np.diag(metric)))
    for rotation, _ in operations:
        # Positions x are columns: x' = R x; lengths are kept when R^T G R = G.
        deviation = float(np.max(np.abs(rotation.T @ metric @ rotation - metric)))
        if deviation > _METRIC_TOLERANCE * scale:
            raise bad_structure("the symmetry operations do not fit the cell; check its lengths and angles")


def _listed_atoms(block: gemmi.cif.Block, max_atoms: int) -> tuple[list[str], FloatArray]:
    """Elements and fractional coordinates [n, 3] of the atoms that the file lists."""
    columns = [_column(block, f"_atom_site_fract_{axis}") for axis in "xyz"]
    check_count(len(columns[0]), max_atoms)
    labels = _column(block, "_atom_site_type_symbol") or _column(block, "_atom_site_label")
    if not labels:
        raise bad_structure("the CIF names no elements (_atom_site_type_symbol or _atom_site_label)")
    names = _column(block, "_atom_site_label") or labels
    if any(len(column) != len(columns[0]) for column in (*columns, labels, names)):
        raise bad_structure("the columns of the CIF's atoms differ in length")
    _check_occupancies(block, names)
    symbols = []
    for label in labels:
        symbol = element_of(label)
        if symbol is None:
            text = f"{label[:20]!r} in the CIF is not a chemical element; write a symbol such as Al"
            raise StructureFault("unknown-element", text)
        symbols.append(symbol)
    values = np.array([[gemmi.cif.as_number(value) for value in column] for column in columns], dtype=float).T
    for name, row in zip(names, values, strict=True):
        if not np.all(np.isfinite(row)):
            raise bad_structure(f"atom {name[:20]!r} of the CIF has a coordinate that is not a number")
    return symbols, values


def _check_occupancies(block: gemmi.cif.Block, names: list[str]) -> None:
    for name, text in zip(names, _column(block, "_atom_site_occupancy"), strict=False):
        if text in ("", "?", "."):
            continue
        occupancy = gemmi.cif.as_number(text)
        if not math.isfinite(occupancy):
            raise bad_structure(
                f"atom {name[:20]!r} of the CIF has the occupancy {text[:20]!r}, which is not a number"
            )
        if abs(occupancy - 1.0) > _OCCUPANCY_TOLERANCE:
            raise partial_occupancy(f"atom {name[:20]!r} of the CIF has occupancy {occupancy:g}")


def partial_occupancy(what: str) -> StructureFault:
    """The refusal of a site that is not filled by one element."""
    text = f"{what}; give a parent with one element on each site, and put the mixture into sublattices"
    return StructureFault("partial-occupancy", text)


def _images(
    position: FloatArray, operations: list[tuple[FloatArray, FloatArray]], lattice: FloatArray
) -> FloatArray:
    """An atom and its images by symmetry, each once, [n, 3] fractional; the atom keeps its place in the file."""
    # The mean over the operations that map the atom onto itself is its special position.
    onto_itself = []
    for rotation, translation in operations:
        image = rotation @ position + translation
        image = image - np.round(image - position)
        if np.linalg.norm((image - position) @ lattice) < _SPECIAL_POSITION:
            onto_itself.append(image)
    special = np.mean(onto_itself, axis=0)
    found = [special]
    for rotation, translation in operations[1:]:
        image = np.mod(rotation @ special + translation, 1.0)
        image = np.where(image > 1.0 - 1e-9, 0.0, image)
        difference = np.array(found) - image
        difference -= np.round(difference)
        if np.min(np.linalg.norm(difference @ lattice, axis=1)) >= _SPECIAL_POSITION:
            found.append(image)
    return np.array(found)
