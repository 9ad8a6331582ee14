"""The symmetry of a CIF: what its operations, the names and the number of its space group may mean.

A file that says nothing of symmetry lists all atoms. One that says something that is not understood is refused by the
name of the field, never taken as one that says nothing. Where a file can be understood in several ways, all are given,
for its formula to decide.
"""

from __future__ import annotations

from dataclasses import dataclass

import gemmi
import numpy as np

from engine.crystals import space_groups
from engine.crystals.cif_block import CifBlock
from engine.crystals.cif_operations import LISTS, Symmetry, from_identity, listed_symmetry, magnetic_symmetry
from engine.crystals.parent import FloatArray
from engine.crystals.structure_faults import StructureFault, bad_structure

_METRIC_TOLERANCE = 0.01
_HALL = ("_space_group_name_Hall", "_symmetry_space_group_name_Hall")
_NAMES = (
    "_space_group_name_H-M_alt",
    "_symmetry_space_group_name_H-M",
    "_space_group_name_H-M_full",
    "_space_group_name_H-M_ref",
    "_space_group_name_H-M",
    "_symmetry_space_group_name_H-M_alt",
)
_NUMBERS = ("_space_group_IT_number", "_symmetry_Int_Tables_number")
_SETTINGS = ("_space_group_crystal_system", "_symmetry_cell_setting")
_SAYS_NOTHING = (
    *("_space_group_id", "_symmetry_entry_id", "_space_group_symop_id", "_symmetry_equiv_pos_site_id"),
    *("_symmetry_equiv_id", "_space_group_symop_sg_id"),
)
_OTHER = ("_space_group", "_symmetry", "_spacegroup", "_parent_space_group", "_magnetic_space_group")
"""How the tags begin that speak of symmetry."""
_MODULATED = ("_space_group_ssg", "_space_group_symop_ssg", "_cell_modulation_dimension")
_SHOWN = 40


@dataclass(frozen=True)
class Symmetries:
    """All ways to understand it.

    Attributes:
        ways: One at least.
        undecided: The refusal, unless the rest of the file shows which way is right; None where no doubt is left.
    """

    ways: tuple[Symmetry, ...]
    undecided: StructureFault | None = None


def symmetries(block: CifBlock, lattice: FloatArray, angles: space_groups.Angles) -> Symmetries:
    """What the symmetry of a CIF may be.

    Args:
        block: The block.
        lattice: Vectors as rows, [3, 3] Å.
        angles: alpha and gamma of the cell, degrees.

    Raises:
        StructureFault: naming the field that is not understood, or that does not fit the cell.
    """
    for tag, value in block.known(_MODULATED):
        if not (tag.lower().endswith("dimension") and value == "0"):
            raise bad_structure(
                f"{tag} says that the structure is modulated, which is not read; give a commensurate cell"
            )
    magnetic = magnetic_symmetry(block)
    listed = magnetic or listed_symmetry(block)
    groups, named = _groups(block, angles, listed=listed is not None)
    # The name beside magnetic operations is that of another cell, or of the moments.
    found = _joined(listed, [] if magnetic else groups, named)
    if found is None:
        return _none_stated(block)
    fitting = [way for way in found.ways if _fits(lattice, way)]
    if not fitting:
        text = (
            f"the symmetry operations of {found.ways[0].source} do not fit the cell; check its lengths and angles, or "
            "the setting"
        )
        raise bad_structure(text)
    return Symmetries(tuple(fitting), found.undecided if len(fitting) > 1 else None)


def _joined(listed: Symmetry | None, groups: list[gemmi.SpaceGroup], named: str) -> Symmetries | None:
    """The operations that are listed and those of the named group as one, or as several ways."""
    of_groups = [Symmetry(from_identity(list(group.operations())), named) for group in groups]
    if listed is None:
        if not groups:
            return None
        hm = groups[0].hm
        text = f"{named} has two choices of origin; list its operations, or write {hm}:1 or {hm}:2"
        return Symmetries(tuple(of_groups), bad_structure(text) if len(groups) > 1 else None)
    differing = [way for way in of_groups if len(way.operations) != len(listed.operations)]
    if not of_groups or not differing:
        return Symmetries((listed,))
    text = (
        f"{listed.source} lists {len(listed.operations)} symmetry operations, and {named} has "
        f"{len(differing[0].operations)}; remove the one that does not belong to these atoms"
    )
    return Symmetries((listed, *differing), bad_structure(text))


def _groups(
    block: CifBlock, angles: space_groups.Angles, *, listed: bool
) -> tuple[list[gemmi.SpaceGroup], str]:
    """The space groups that the names and the number of the file mean, and the field that says so with its value.

    Args:
        block: The block.
        angles: alpha and gamma of the cell, degrees.
        listed: Whether there are operations: then names that are not understood, or contradict each other, say nothing.
    """
    named: list[tuple[list[gemmi.SpaceGroup], str]] = []
    strange: list[str] = []
    for tag in (*_HALL, *_NAMES, *_NUMBERS):
        text = block.value(tag)
        if text is None:
            continue
        groups = _meant(tag, text, angles)
        # Of a name that is not understood the number does not tell the setting, unless there is one only.
        if (
            groups
            and tag in _NUMBERS
            and strange
            and not named
            and space_groups.settings(groups[0].number) > 1
        ):
            groups = []
        said = f"{block.name(tag)} {text[:_SHOWN]!r}"
        if groups:
            named.append((groups, said))
        else:
            strange.append(said)
    if listed and len({groups[0].number for groups, _ in named}) > 1:
        return [], ""
    for groups, said in named[1:]:
        if groups[0].number != named[0][0][0].number:
            raise bad_structure(f"{named[0][1]} and {said} are different space groups; keep the right one")
    if named:
        return next((one for one in named if len(one[0]) == 1), named[0])
    if strange and not listed:
        mend = "write its Hermann-Mauguin symbol, like 'F m -3 m', or list its operations"
        raise bad_structure(f"the space group is not known by {' or '.join(strange[:3])}; {mend}")
    return [], ""


def _meant(tag: str, text: str, angles: space_groups.Angles) -> list[gemmi.SpaceGroup]:
    """The space groups that the value of a tag may mean."""
    if tag in _HALL:
        group = space_groups.by_hall(text)
        return [group] if group else []
    return space_groups.by_name(text, angles) if tag in _NAMES else space_groups.by_number(text, angles)


def _none_stated(block: CifBlock) -> Symmetries:
    """A file without operations, name and number lists all atoms, unless it speaks of symmetry in other words."""
    identity = Symmetries((Symmetry((gemmi.Op(),), "no symmetry"),))
    understood = {tag.lower() for tag in (*LISTS, *_HALL, *_NAMES, *_NUMBERS, *_SAYS_NOTHING)}
    for tag, value in block.known(_OTHER):
        plain = tag.lower().replace(".", "_")
        if plain in understood:
            continue
        if plain in _SETTINGS:
            if value.lower() in ("triclinic", "triclinic_primitive", "anorthic"):
                continue
            text = (
                f"{tag} says {value[:_SHOWN]!r}, but the CIF gives no space group (_space_group_name_H-M_alt, "
                "_space_group_IT_number) and no operations: add them, or write P 1 where every atom is listed"
            )
            return Symmetries(identity.ways, bad_structure(text))
        text = (
            f"{tag} ({value[:_SHOWN]!r}) speaks of symmetry that is not read; give _space_group_name_H-M_alt or "
            "_space_group_symop_operation_xyz, or of a magnetic structure _space_group_symop_magn_operation.xyz"
        )
        raise bad_structure(text)
    return identity


def _fits(lattice: FloatArray, way: Symmetry) -> bool:
    """Whether the cell is symmetric under the operations."""
    metric = lattice @ lattice.T
    scale = float(np.max(np.diag(metric)))
    # Positions x are columns: x' = R x; lengths are kept when R^T G R = G.
    rotations, _ = way.matrices()
    changed = np.swapaxes(rotations, 1, 2) @ metric @ rotations
    return float(np.max(np.abs(changed - metric))) <= _METRIC_TOLERANCE * scale
