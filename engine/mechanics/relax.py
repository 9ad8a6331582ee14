"""Relaxation in symmetry-adapted coordinates: quasi-Newton steps from exact Hessians, with a trust region.

Counted in potential calls (see landscape.py). A cold start knows only a model Hessian, an isotropic solid as stiff as
its volume per atom suggests; a neighbouring composition brings its exact one along. Each step then updates the Hessian
from gradients and energies, which takes fewer calls than an exact Hessian at the start would (measured on wurtzites:
11-14 against 16-20 in all). The exact Hessian that the implicit gradients need at the end gives a last Newton
correction for nothing (docs/science.md, Eq. 25), so that the result is much nearer to the minimum than the residual
asked for. Crystals with more than WHOLE_HESSIAN_UP_TO coordinates go downhill as `engine.mechanics.low_symmetry` does.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.krylov import MAX_STEP_PRODUCTS, response
from engine.mechanics.landscape import CALLS_PER_ROW, FirstDerivatives, Landscape
from engine.mechanics.low_symmetry import Descent, SpringModel, descend
from engine.mechanics.quasi_newton import Walker, advance, model_hessian

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.mechanics.springs import Springs


WHOLE_HESSIAN_UP_TO = 30
"""Coordinates up to which a whole Hessian is always taken."""
PRODUCTS_PER_DIRECTION = 10
"""Above, it is still taken where it has fewer rows than the solves along the directions take products."""
MAX_STRAIN = 1.0
"""A cell that leaves the parent's by more than this has come apart."""


@dataclass(frozen=True)
class Tolerance:
    """When a relaxation is finished.

    Attributes:
        force: Largest residual force on a site, eV/Å.
        stress: Largest residual stress component, eV/Å^3.
        gradient: If given, the norm of dH/dq (eV per unit of q) must also be below this.
        max_steps: Potential calls for energies after which the relaxation of a crystal with up to WHOLE_HESSIAN_UP_TO
            coordinates is given up; see `budget`.
    """

    force: float = 1e-3
    stress: float = 1e-5
    gradient: float | None = None
    max_steps: int = 60

    def budget(self, n_q: int) -> int:
        """Potential calls for energies that n_q coordinates may take, growing with the square root of their number."""
        return round(self.max_steps * np.sqrt(max(1.0, n_q / WHOLE_HESSIAN_UP_TO)))

    def met(
        self, coordinates: SymmetryCoordinates, q: NDArray[np.float64], gradient: NDArray[np.float64]
    ) -> bool:
        """Whether coordinates q and a gradient dH/dq, [n_q] each, are the end of a relaxation."""
        force, stress = coordinates.residual(q, gradient)
        small = self.gradient is None or float(np.linalg.norm(gradient)) <= self.gradient
        return force <= self.force and stress <= self.stress and small


AT_REST = Tolerance(force=5e-6, stress=5e-8)
"""Below these even a mode of 0.01 eV/Å^2, such as layers have between them, is within 5e-4 Å of its minimum."""


@dataclass(frozen=True, eq=False)
class Start:
    """Where a relaxation starts.

    Attributes:
        q: Coordinates, [n_q].
        hessian: Second derivatives known from a neighbour, [n_q, n_q]; used up to WHOLE_HESSIAN_UP_TO coordinates.
        springs: What is known of them from a neighbour above.
    """

    q: NDArray[np.float64]
    hessian: NDArray[np.float64] | None = None
    springs: Springs | None = None


@dataclass(frozen=True, eq=False)
class Relaxed:
    """A relaxed composition with what its derivatives need.

    Attributes:
        q: Coordinates, with the last Newton correction, [n_q].
        enthalpy: Enthalpy per cell at q, eV.
        dh_dlam: Derivative of the relaxed enthalpy by the weights (docs/science.md, Eq. 29), [n_copies], eV.
        hessian: Second derivatives d2H/dq2, [n_q, n_q], eV per squared unit of q.
        mixed: Mixed derivatives d2H/dq dlam, [n_q, n_copies], eV per unit of q.
        force: Residual force before the correction, eV/Å.
        stress: Residual stress before the correction, eV/Å^3.
        calls: Potential calls spent on this composition.
        converged: Whether the tolerance was met.
        stable: Whether the Hessian has no negative eigenvalue; None where only products with it were taken.
        response: dq*/dlam along the directions asked for, [n_q, n_directions], where only products were taken; then
            ``hessian`` is that of the springs and ``mixed`` is empty.
        springs: What was learned of the Hessian, above WHOLE_HESSIAN_UP_TO coordinates.
        correction: The last Newton step, which q holds already, [n_q].
        gain: Enthalpy that it gained, eV.
        undecided: How far the minimum may still be along a soft valley, Å; 0 where it was found.
    """

    q: NDArray[np.float64]
    enthalpy: float
    dh_dlam: NDArray[np.float64]
    hessian: NDArray[np.float64]
    mixed: NDArray[np.float64]
    force: float
    stress: float
    calls: int
    converged: bool
    stable: bool | None
    response: NDArray[np.float64] | None = None
    springs: Springs | None = None
    correction: NDArray[np.float64] | None = None
    gain: float = 0.0
    undecided: float = 0.0


def relax(
    landscape: Landscape,
    lam: NDArray[np.float64],
    starts: Sequence[Start],
    tolerance: Tolerance | None = None,
    directions: NDArray[np.float64] | None = None,
) -> list[Relaxed]:
    """Relax a batch of compositions of one crystal.

    Args:
        landscape: Enthalpy of the crystal.
        lam: Weights, [n, n_copies].
        starts: One start per composition.
        tolerance: When to stop.
        directions: Directions of the weights along which the response of the coordinates is wanted,
            [n_copies, n_directions]. Used above WHOLE_HESSIAN_UP_TO coordinates; up to those the whole Hessian gives
            all.

    Returns:
        One result per composition, in order. A composition that does not converge says so; nothing is raised for it.
    """
    tolerance = tolerance or Tolerance()
    if landscape.coordinates.n_q > WHOLE_HESSIAN_UP_TO:
        pairs = zip(lam, starts, strict=True)
        return [_relax_alone(landscape, one, start, tolerance, directions) for one, start in pairs]
    model = model_hessian(landscape.coordinates)
    scale = np.sqrt(np.diag(model))  # q times this has unit curvature, roughly
    relative = 1e-12 if landscape.potential.dtype.itemsize == 8 else 1e-5
    walkers = [
        Walker(
            q=np.array(start.q, dtype=float),
            hessian=landscape.held(model if start.hessian is None else start.hessian, one),
        )
        for one, start in zip(lam, starts, strict=True)
    ]
    finished: dict[int, Relaxed] = {}
    walking = list(range(len(walkers)))
    # Converged, but in a batch with others that were not: their rows are taken together.
    waiting: list[int] = []
    while walking:
        at = landscape.first(np.stack([walkers[i].q for i in walking]), lam[walking])
        done = []
        for position, i in enumerate(walking):
            walkers[i].calls += 1
            walkers[i].steps += 1
            if _is_done(landscape, walkers[i], at, position, tolerance):
                done.append(i)
        if len(done) == len(walking):
            results = _finish(landscape, [walkers[i] for i in walking], at, tolerance)
            finished |= dict(zip(walking, results, strict=True))
            break
        for position, i in enumerate(walking):
            if i not in done:
                advance(
                    walkers[i],
                    float(at.enthalpy[position]),
                    at.dh_dq[position],
                    scale,
                    relative,
                    landscape.coordinates,
                )
        waiting += done
        walking = [i for i in walking if i not in done]
    if waiting:
        waiting.sort()
        at = landscape.first(np.stack([walkers[i].q for i in waiting]), lam[waiting])
        for i in waiting:
            walkers[i].calls += 1
        results = _finish(landscape, [walkers[i] for i in waiting], at, tolerance)
        finished |= dict(zip(waiting, results, strict=True))
    return [finished[i] for i in range(len(walkers))]


def needs_products(coordinates: SymmetryCoordinates, directions: NDArray[np.float64] | None) -> bool:
    """Whether the crystal has so many coordinates that only products with its Hessian are taken."""
    wanted = 0 if directions is None else directions.shape[1]
    return coordinates.n_q > max(WHOLE_HESSIAN_UP_TO, PRODUCTS_PER_DIRECTION * wanted)


def _relax_alone(
    landscape: Landscape,
    lam: NDArray[np.float64],
    start: Start,
    tolerance: Tolerance,
    directions: NDArray[np.float64] | None,
) -> Relaxed:
    """Relax a crystal with many coordinates at the weights lam [n_copies]."""
    coordinates = landscape.coordinates
    labels = np.asarray(landscape.crystal.labels)
    model = SpringModel(coordinates, labels, start.springs, lambda hessian: landscape.held(hessian, lam))
    descent = descend(
        landscape,
        lam,
        start.q,
        model,
        finished=partial(tolerance.met, coordinates),
        possible=partial(in_one_piece, coordinates),
        budget=tolerance.budget(coordinates.n_q),
    )
    if not descent.finished or needs_products(coordinates, directions):
        return _finish_by_products(landscape, descent, model, directions)
    walker = Walker(q=descent.at.q[0], hessian=descent.hessian, calls=descent.calls)
    (result,) = _finish(landscape, [walker], descent.at, tolerance)
    return replace(result, springs=descent.springs)


def in_one_piece(coordinates: SymmetryCoordinates, q: NDArray[np.float64]) -> bool:
    """Whether the cell at q [n_q] still resembles the parent's."""
    return bool(np.abs(coordinates.strain(q)).max() <= MAX_STRAIN)


def _is_done(
    landscape: Landscape, walker: Walker, at: FirstDerivatives, position: int, tolerance: Tolerance
) -> bool:
    gradient = at.dh_dq[position]
    finite = np.isfinite(at.enthalpy[position]) and np.isfinite(gradient).all()
    if not finite or not in_one_piece(landscape.coordinates, at.q[position]):
        walker.failed = True
        return True
    return walker.steps >= tolerance.max_steps or tolerance.met(
        landscape.coordinates, at.q[position], gradient
    )


def _finish(
    landscape: Landscape, walkers: Sequence[Walker], at: FirstDerivatives, tolerance: Tolerance
) -> list[Relaxed]:
    """Rows of second derivatives, the last Newton correction, and the verdict."""
    finished = []
    rows = landscape.second(at)
    for position, walker in enumerate(walkers):
        walker.calls += CALLS_PER_ROW * landscape.coordinates.n_q
        gradient, hessian, mixed = at.dh_dq[position], rows.hessian[position], rows.mixed[position]
        force, stress = landscape.coordinates.residual(at.q[position], gradient)
        converged = not walker.failed and tolerance.met(landscape.coordinates, at.q[position], gradient)
        finite = bool(np.isfinite(hessian).all() and np.isfinite(mixed).all())
        stable = finite and bool(np.linalg.eigvalsh(hessian).min(initial=np.inf) > 0)
        last = -np.linalg.solve(hessian, gradient) if converged and stable else np.zeros_like(gradient)
        one = Relaxed(
            q=at.q[position] + last,
            enthalpy=float(at.enthalpy[position] + 0.5 * gradient @ last),
            dh_dlam=at.dh_dlam[position] + last @ mixed,
            hessian=hessian,
            mixed=mixed,
            force=force,
            stress=stress,
            calls=walker.calls,
            converged=converged and finite,
            stable=stable,
            correction=last,
            gain=float(-0.5 * gradient @ last),
        )
        finished.append(one)
    return finished


def _finish_by_products(
    landscape: Landscape,
    descent: Descent,
    model: SpringModel,
    directions: NDArray[np.float64] | None,
) -> Relaxed:
    """The response along the directions and the last Newton correction, without a whole Hessian."""
    at, gradient = descent.at, descent.at.dh_dq[0]
    force, stress = landscape.coordinates.residual(at.q[0], gradient)
    found = None
    last, slope = np.zeros_like(gradient), np.zeros_like(at.dh_dlam[0])
    wanted = np.zeros((at.dh_dlam.shape[1], 0)) if directions is None else directions
    if descent.finished and (wanted.shape[1] or not AT_REST.met(landscape.coordinates, at.q[0], gradient)):
        own = 0 if wanted.shape[1] else MAX_STEP_PRODUCTS
        found = response(landscape, at, wanted, model.inverse(descent.hessian), own)
        last = found.correction
        if wanted.shape[1]:
            slope = np.linalg.pinv(wanted).T @ found.slope
        elif gradient @ last > 0.0:  # not downhill: a saddle, or products that did not suffice
            last = np.zeros_like(gradient)
    return Relaxed(
        q=at.q[0] + last,
        enthalpy=float(at.enthalpy[0] + 0.5 * gradient @ last),
        dh_dlam=at.dh_dlam[0] + slope,
        hessian=descent.hessian,
        mixed=np.zeros((len(gradient), 0)),
        force=force,
        stress=stress,
        calls=descent.calls + (0 if found is None else found.calls),
        converged=descent.finished,
        stable=None,
        response=found.dq if found is not None and directions is not None and found.converged else None,
        springs=descent.springs,
        correction=last,
        gain=float(-0.5 * gradient @ last),
    )
