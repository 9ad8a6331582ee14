"""The symmetry operations that a CIF lists, those of magnetic space groups too: understood one by one, and a group."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import gemmi
import numpy as np

from engine.crystals.cif_block import UNKNOWN, CifBlock
from engine.crystals.parent import FloatArray
from engine.crystals.structure_faults import bad_structure

MAX_OPERATIONS = 192
"""Operations of the largest space groups (F-centred cubic)."""
MAX_MAGNETIC_OPERATIONS = 2 * MAX_OPERATIONS
"""With the translations that a magnetic cell adds."""

LISTS = (
    "_space_group_symop_operation_xyz",
    "_symmetry_equiv_pos_as_xyz",
)
_OF_XYZ = re.compile(r"[xyzXYZ0-9+\-*/.,\s]+")
_MAGNETIC = ("_space_group_symop_magn_operation_xyz", "_space_group_symop_magn_centering_xyz")


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


def listed_symmetry(block: CifBlock) -> Symmetry | None:
    """The operations that the file lists; None where it lists none, or only says that they are unknown."""
    for tag in LISTS:
        triplets = [triplet.strip() for triplet in block.column(tag)]
        if not triplets or all(triplet in UNKNOWN for triplet in triplets):
            continue
        spelt = block.name(tag)
        if len(triplets) > MAX_OPERATIONS:
            text = f"{spelt} lists {len(triplets)} symmetry operations; no space group has more than {MAX_OPERATIONS}"
            raise bad_structure(text)
        operations = from_identity([_operation(triplet, spelt) for triplet in triplets])
        _check_group(operations, spelt)
        return Symmetry(operations, spelt)
    return None


def magnetic_symmetry(block: CifBlock) -> Symmetry | None:
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
    found = from_identity([(shift * op).wrap() for shift in shifts or [gemmi.Op()] for op in operations])
    _check_group(found, block.name(tag))
    return Symmetry(found, block.name(tag))


def _without_time(triplet: str) -> str:
    parts = triplet.split(",")
    return ",".join(parts[:3]) if len(parts) == 4 and parts[3].strip() in ("+1", "-1", "1") else triplet


def _operation(triplet: str, tag: str) -> gemmi.Op:
    if triplet in UNKNOWN:
        raise bad_structure(f"an operation of {tag} is unknown ({triplet!r}); write it like '-x, y+1/2, -z'")
    try:
        # gemmi reads a,b,c and h,k,l too, which are no coordinates.
        operation = gemmi.Op(triplet.lower()).wrap() if _OF_XYZ.fullmatch(triplet) else None
    except (RuntimeError, ValueError, TypeError):
        operation = None
    if operation is None:
        text = f"{triplet[:60]!r} in {tag} is not a symmetry operation; write it like '-x, y+1/2, -z'"
        raise bad_structure(text)
    return operation


def from_identity(operations: Sequence[gemmi.Op]) -> tuple[gemmi.Op, ...]:
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
