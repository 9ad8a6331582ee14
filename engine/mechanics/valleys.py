"""Relaxations in soft valleys: where a small force still leads far, the relaxation goes on along it.

Residual forces and stresses are small in two ways: near a minimum, and anywhere in a valley whose floor is nearly flat,
as layers that hardly hold each other, or an angle that costs nothing. What is left there is told by the Newton step
H^-1 G, not by G: where the softest eigenvalue of the Hessian makes that step long, two starts would end apart.
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

NEAR = 1e-3
"""Å; a last Newton step that moves no site and no vector of the cell by more has found the bottom."""
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
            k
            for k, one in enumerate(found)
            if one.converged
            and one.stable is not False
            and k not in as_far_as_it_goes
            and reach(coordinates, one.correction) > NEAR
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
    if step is None or not len(step):
        return 0.0
    moved = np.einsum("j,jna->na", step[coordinates.n_strain :], coordinates.displacement_modes)
    vectors = coordinates.lattice @ coordinates.strain(step)
    both = np.concatenate([np.linalg.norm(moved, axis=1), np.linalg.norm(vectors, axis=1)])
    return float(both.max(initial=0.0))


def _undecided(coordinates: SymmetryCoordinates, one: Relaxed) -> float:
    """How far, Å, the minimum may still be: the last Newton step where it was long, else 0."""
    left = reach(coordinates, one.correction) if one.converged and one.stable is not False else 0.0
    return left if left > NEAR else 0.0
