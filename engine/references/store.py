"""Shared calculations of a problem: end members and same_as crystals, computed once and kept by content.

The key of a reference is a digest of everything that determines it (crystal, weights, potential and its checksum,
number format, pressure, tolerance, device kind, code version), so a store may be shared by any number of problems.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from engine.mechanics.springs import Springs, mixed_springs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.mechanics.relax import Relaxed, Tolerance
    from engine.potentials.interface import Potential

REVISION = 3
"""Raised when the numbers of a reference change for the same input."""


class ReferenceStore(Protocol):
    """Where references are kept: JSON-able dictionaries by key."""

    def get(self, key: str) -> dict[str, Any] | None:
        """The value stored under the key, or None."""

    def begin(self, keys: Sequence[str]) -> None:
        """Told which values are computed now; the store of several processes may raise to have one of them wait."""

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Store a value; storing the same key twice is harmless."""


class MemoryStore:
    """References kept in this process."""

    def __init__(self) -> None:
        self._values: dict[str, dict[str, Any]] = {}

    def get(self, key: str) -> dict[str, Any] | None:
        """The value stored under the key, or None."""
        return self._values.get(key)

    def begin(self, keys: Sequence[str]) -> None:
        """Nobody else computes for this store."""

    def put(self, key: str, value: dict[str, Any]) -> None:
        """Store a value."""
        self._values[key] = value


@dataclass(frozen=True, eq=False)
class Reference:
    """A relaxed reference.

    Attributes:
        x: [n_columns] composition (one-hot per sublattice for an end member; empty for a plain crystal).
        q: [n_q] relaxed coordinates.
        enthalpy: eV per cell.
        dq_dx: [n_q, n_columns] or None.
        hessian: [n_q, n_q].
        springs: What was learned of the Hessian of a crystal with many coordinates, or None.
        calls: Potential calls that it took.
        converged: Whether it converged.
    """

    x: NDArray[np.float64]
    q: NDArray[np.float64]
    enthalpy: float
    dq_dx: NDArray[np.float64] | None
    hessian: NDArray[np.float64]
    springs: Springs | None
    calls: int
    converged: bool


def reference_key(
    crystal: AlchemicalCrystal,
    x: NDArray[np.float64],
    potential: Potential,
    sha256: str,
    pressure: float,
    tolerance: Tolerance,
    *,
    fixed_cell: bool = False,
    what: str | None = None,
    tier: str = "mean_field",
) -> str:
    """Digest of everything that determines a reference, or a value computed of one (``what``)."""
    content = {
        "revision": REVISION,
        "lattice": np.asarray(crystal.lattice).tolist(),
        "frac": np.asarray(crystal.frac).tolist(),
        "labels": np.asarray(crystal.labels).tolist(),
        "copy_site": np.asarray(crystal.copy_site).tolist(),
        "copy_species": np.asarray(crystal.copy_species).tolist(),
        "copy_column": np.asarray(crystal.copy_column).tolist(),
        "x": np.asarray(x).tolist(),
        "potential": [potential.name, sha256, str(potential.dtype), potential.device.type],
        "pressure": pressure,
        "tolerance": repr(tolerance),
        **({"mixing": potential.mixing} if crystal.n_columns and potential.mixing != "mean_field" else {}),
        **({"tier": tier} if crystal.n_columns and tier != "mean_field" else {}),
        **({"fixed_cell": True} if fixed_cell else {}),
        **({"held": len(crystal.connections.held)} if crystal.connections else {}),
        **({"what": what} if what else {}),
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def pack(relaxed: Relaxed, x: NDArray[np.float64], dq_dx: NDArray[np.float64] | None) -> dict[str, Any]:
    """A relaxed reference as a JSON-able dictionary."""
    return {
        "x": x.tolist(),
        "q": relaxed.q.tolist(),
        "enthalpy": relaxed.enthalpy,
        "dq_dx": None if dq_dx is None else dq_dx.tolist(),
        "hessian": relaxed.hessian.tolist(),
        "springs": None if relaxed.springs is None else relaxed.springs.table(),
        "calls": relaxed.calls,
        "converged": relaxed.converged,
    }


def unpack(value: dict[str, Any]) -> Reference:
    """The reference of a stored dictionary."""
    n_q = len(value["q"])
    dq_dx = value["dq_dx"]
    return Reference(
        x=np.array(value["x"], dtype=float),
        q=np.array(value["q"], dtype=float),
        enthalpy=float(value["enthalpy"]),
        dq_dx=None if dq_dx is None else np.array(dq_dx, dtype=float).reshape(n_q, -1),
        hessian=np.array(value["hessian"], dtype=float).reshape(n_q, n_q),
        springs=None if value["springs"] is None else Springs.of_table(value["springs"]),
        calls=int(value["calls"]),
        converged=bool(value["converged"]),
    )


def interpolated_start(
    references: Sequence[Reference], shares: NDArray[np.float64], x: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64], Springs | None]:
    """Coordinates [n_q], Hessian [n_q, n_q] and springs, if there are any, at x, interpolated between end members.

    sum_m w_m [q_m + (1/2) dq_m/dx (x - e_m)] reproduces every coordinate that is quadratic in the composition.

    Args:
        references: The end members.
        shares: [n_references] weights w_m, adding up to 1.
        x: [n_columns] composition.
    """
    q = np.zeros_like(references[0].q)
    hessian = np.zeros_like(references[0].hessian)
    for share, member in zip(shares, references, strict=True):
        slope = 0.0 if member.dq_dx is None else 0.5 * member.dq_dx @ (x - member.x)
        q += share * (member.q + slope)
        hessian += share * member.hessian
    known = [
        (member.springs, share) for member, share in zip(references, shares, strict=True) if member.springs
    ]
    springs = (
        mixed_springs([one for one, _ in known], np.array([share for _, share in known])) if known else None
    )
    return q, hessian, springs
