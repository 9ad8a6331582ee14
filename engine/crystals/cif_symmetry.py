"""The symmetry of a CIF: what its operations, the names and the number of its space group may mean.

A file that says nothing of symmetry lists all atoms. One that says something that is not understood is refused by the
name of the field, never taken as one that says nothing. Where a file can be understood in several ways, all are given,
for its formula to decide.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import gemmi
import numpy as np

from engine.crystals import space_groups
from engine.crystals.cif_block import UNKNOWN, CifBlock
from engine.crystals.parent import FloatArray
from engine.crystals.structure_faults import StructureFault, bad_structure

MAX_OPERATIONS = 192
"""Operations of the largest space groups (F-centred cubic)."""
MAX_MAGNETIC_OPERATIONS = 2 * MAX_OPERATIONS
"""With the translations that a magnetic cell adds."""

_METRIC_TOLERANCE = 0.01
_LISTS = (
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
)
_MAGNETIC = ("_space_group_symop_magn_operation_xyz", "_space_group_symop_magn_centering_xyz")
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
class Symmetry:
    """One way to understand what a file says of its symmetry.

    Attributes:
        operations: The operations, the identity first.
        source: Where they come from: a tag with what it says.
    """

    operations: tuple[gemmi.Op, ...]
    source: str

    def matrices(self) -> tuple[FloatArray, FloatArray]:
        """Rotations [n, 3, 3] and translations [n, 3] in fractional coordinates, the identity first."""
        rotations = np.array([op.rot for op in self.operations], dtype=float)
        translations = np.array([op.tran for op in self.operations], dtype=float)
        return rotations / gemmi.Op.DEN, translations / gemmi.Op.DEN


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
    magnetic = _magnetic(block)
    listed = magnetic or _listed(block)
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
    of_groups = [Symmetry(_from_identity(list(group.operations())), named) for group in groups]
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


def _listed(block: CifBlock) -> Symmetry | None:
    """The operations that the file lists; None where it lists none, or only says that they are unknown."""
    for tag in _LISTS:
        triplets = [triplet.strip() for triplet in block.column(tag)]
        if not triplets or all(triplet in UNKNOWN for triplet in triplets):
            continue
        spelt = block.name(tag)
        if len(triplets) > MAX_OPERATIONS:
            text = f"{spelt} lists {len(triplets)} symmetry operations; no space group has more than {MAX_OPERATIONS}"
            raise bad_structure(text)
        operations = _from_identity([_operation(triplet, spelt) for triplet in triplets])
        _check_group(operations, spelt)
        return Symmetry(operations, spelt)
    return None


def _magnetic(block: CifBlock) -> Symmetry | None:
    """The operations of a magnetic space group, as they move atoms: moments and the reversal of time do not matter."""
    tag, centring = _MAGNETIC
    triplets = [triplet.strip() for triplet in block.column(tag) if triplet.strip() not in UNKNOWN]
    translations = [triplet.strip() for triplet in block.column(centring) if triplet.strip() not in UNKNOWN]
    if not triplets:
        if translations:
            raise bad_structure(
                f"the CIF has {block.name(centring)} but no {tag}; list the magnetic operations"
            )
        return None
    if len(triplets) * max(1, len(translations)) > MAX_MAGNETIC_OPERATIONS:
        text = (
            f"{block.name(tag)} and {block.name(centring)} give {len(triplets)} x {len(translations)} operations; no "
            f"magnetic space group has more than {MAX_MAGNETIC_OPERATIONS} in its usual cell"
        )
        raise bad_structure(text)
    operations = [_operation(_without_time(triplet), block.name(tag)) for triplet in triplets]
    shifts = [_operation(_without_time(triplet), block.name(centring)) for triplet in translations]
    found = _from_identity([(shift * op).wrap() for shift in shifts or [gemmi.Op()] for op in operations])
    _check_group(found, block.name(tag))
    return Symmetry(found, block.name(tag))


def _without_time(triplet: str) -> str:
    parts = triplet.split(",")
    return ",".join(parts[:3]) if len(parts) == 4 and parts[3].strip() in ("+1", "-1", "1") else triplet


def _operation(triplet: str, tag: str) -> gemmi.Op:
    if triplet in UNKNOWN:
        raise bad_structure(f"an operation of {tag} is unknown ({triplet!r}); write it like '-x, y+1/2, -z'")
    try:
        return gemmi.Op(triplet.lower()).wrap()
    except (RuntimeError, ValueError, TypeError):
        text = f"{triplet[:60]!r} in {tag} is not a symmetry operation; write it like '-x, y+1/2, -z'"
        raise bad_structure(text) from None


def _from_identity(operations: Sequence[gemmi.Op]) -> tuple[gemmi.Op, ...]:
    """Each operation once, the identity first."""
    by_triplet = {"x,y,z": gemmi.Op()} | {op.triplet(): op for op in operations}
    return tuple(by_triplet.values())


def _check_group(operations: Sequence[gemmi.Op], tag: str) -> None:
    """Refuse operations that are no group: applied one after the other they must give one of them."""
    rotations = np.array([op.rot for op in operations]) // gemmi.Op.DEN
    translations = np.array([op.tran for op in operations])
    known = {op.triplet() for op in operations}
    weights = 7 ** np.arange(9)
    codes = {int(code) for code in ((rotations.reshape(-1, 9) + 3) @ weights)}
    products = np.einsum("aij,bjk->abik", rotations, rotations).reshape(-1, 9)
    strange = ~np.isin((products + 3) @ weights, list(codes))
    size = len(operations)
    if not strange.any():
        den = gemmi.Op.DEN
        moved = (np.einsum("aij,bj->abi", rotations, translations) + translations[:, None]) % den
        place = den ** np.arange(3)
        pairs = (products + 3) @ weights * den**3 + (moved.reshape(-1, 3) @ place)
        own = (rotations.reshape(-1, 9) + 3) @ weights * den**3 + (translations % den) @ place
        strange = ~np.isin(pairs, own)
    if strange.any():
        first, second = divmod(int(np.argmax(strange)), size)
        missing = (operations[first] * operations[second]).wrap().triplet()
        if missing in known:
            return
        text = (
            f"the {size} operations of {tag} are no group: {operations[second].triplet()!r} followed by "
            f"{operations[first].triplet()!r} gives {missing!r}, which is not listed; list all of them"
        )
        raise bad_structure(text)


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
    understood = {tag.lower() for tag in (*_LISTS, *_HALL, *_NAMES, *_NUMBERS, *_SAYS_NOTHING)}
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
