"""Relaxations in soft valleys: where a small force still leads far, the relaxation goes on along it.

Residual forces and stresses are small in two ways: near a minimum, and anywhere in a valley whose floor is nearly flat,
as layers that hardly hold each other, or an angle that costs nothing. What is left there is told by the Newton step
H^-1 G, not by G: where a soft direction of the Hessian makes that step long, two starts would end apart.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.relax import Relaxed, Start, Tolerance, relax

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.mechanics.landscape import Landscape

NEAR, SOFT = 5e-4, 0.3
"""Å and eV/Å^2; a last Newton step that moves no site and no vector of the cell by more, or along which the crystal is
stiffer, has found the bottom.

Along the steps of layered MoS2 and of SbSI there are 0.01 to 0.1 eV/Å^2, along those of salts 1."""
BELIEVED = 0.2
"""Å; a Newton step that is longer is shortened to this before the relaxation goes on."""
TIGHTER, ROUNDS = 0.1, 3
"""Force and stress are asked for so many times smaller in each further round, and there are so many at the most."""


def relax_to_the_bottom(
    landscape: Landscape,
    lam: NDArray[np.float64],
    starts: Sequence[Start],
    tolerance: Tolerance | None = None,
    directions: NDArray[np.float64] | None = None,
) -> list[Relaxed]:
    """Relax a batch of compositions as `relax` does, and further where the last Newton step was long.

    What is still undecided after all rounds is told by ``undecided`` of the result.

    Args:
        landscape: Enthalpy of the crystal.
        lam: Weights, [n, n_copies].
        starts: One start per composition.
        tolerance: When to stop.
        directions: Of the weights, along which the response is wanted, [n_copies, n_directions].
    """
    tolerance = tolerance or Tolerance()
    coordinates = landscape.coordinates
    found = relax(landscape, lam, starts, tolerance, directions)
    as_far_as_it_goes: set[int] = set()
    for _ in range(ROUNDS):
        soft = [
            k for k, one in enumerate(found) if k not in as_far_as_it_goes and _undecided(coordinates, one)
        ]
        if not soft:
            break
        tolerance = replace(tolerance, force=TIGHTER * tolerance.force, stress=TIGHTER * tolerance.stress)
        again = [
            Start(
                q=_beyond(coordinates, found[k]),
                hessian=None if found[k].stable is None else found[k].hessian,
                springs=found[k].springs,
            )
            for k in soft
        ]
        for k, further in zip(soft, relax(landscape, lam[soft], again, tolerance, directions), strict=True):
            calls = found[k].calls + further.calls
            if further.converged:
                found[k] = replace(further, calls=calls)
            else:  # nearer than the noise of the potential lets it come
                found[k] = replace(found[k], calls=calls)
                as_far_as_it_goes.add(k)
    return [replace(one, undecided=_undecided(coordinates, one)) for one in found]


def _beyond(coordinates: SymmetryCoordinates, one: Relaxed) -> NDArray[np.float64]:
    """Where to go on: at the end of the last Newton step, or as far along it as the Hessian is to be believed."""
    if one.correction is None:
        return one.q
    kept = min(1.0, BELIEVED / max(reach(coordinates, one.correction), 1e-12))
    return one.q - (1.0 - kept) * one.correction


def reach(coordinates: SymmetryCoordinates, step: NDArray[np.float64] | None) -> float:
    """The longest way, Å, by which a step of the coordinates [n_q] moves a site or a vector of the cell."""
    return float(_ways(coordinates, step).max(initial=0.0))


def _ways(coordinates: SymmetryCoordinates, step: NDArray[np.float64] | None) -> NDArray[np.float64]:
    """By how much, Å, a step of the coordinates [n_q] moves each site and each vector of the cell, [n_sites + 3]."""
    if step is None or not len(step):
        return np.zeros(0)
    moved = np.einsum("j,jna->na", step[coordinates.n_strain :], coordinates.displacement_modes)
    vectors = coordinates.lattice @ coordinates.strain(step)
    return np.concatenate([np.linalg.norm(moved, axis=1), np.linalg.norm(vectors, axis=1)])


def _undecided(coordinates: SymmetryCoordinates, one: Relaxed) -> float:
    """How far, Å, the minimum may still be: the last Newton step where it was long and the crystal soft, else 0."""
    if not one.converged or one.stable is False:
        return 0.0
    ways = _ways(coordinates, one.correction)
    left = float(ways.max(initial=0.0))
    # The Newton step d gains d.H.d / 2, so that this is the stiffness along it.
    return left if left > NEAR and 2.0 * one.gain < SOFT * float(ways @ ways) else 0.0
