"""Relaxation in symmetry-adapted coordinates: quasi-Newton steps from exact Hessians, with a trust region.

Counted in potential calls (see landscape.py). A cold start knows only a model Hessian, an isotropic solid as stiff as
its volume per atom suggests; a neighbouring composition brings its exact one along. Each step then updates the Hessian
from gradients and energies, which takes fewer calls than an exact Hessian at the start would (measured on wurtzites:
11-14 against 16-20 in all). The exact Hessian that the implicit gradients need at the end gives a last Newton
correction for nothing (docs/science.md, Eq. 25), so that the result is much nearer to the minimum than the residual
asked for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.mechanics.krylov import response
from engine.mechanics.landscape import CALLS_PER_ROW, FirstDerivatives, Landscape
from engine.mechanics.quasi_newton import model_hessian, newton_step, updated_hessian

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from engine.mechanics.coordinates import SymmetryCoordinates


WHOLE_HESSIAN_UP_TO = 30
"""Coordinates up to which a whole Hessian is always taken."""
PRODUCTS_PER_DIRECTION = 20
"""Above, it is still taken where it has fewer rows than the solves along the directions take products (18 seen)."""
MAX_STRAIN = 1.0
"""A cell that leaves the parent's by more than this has come apart."""


@dataclass(frozen=True)
class Tolerance:
    """When a relaxation is finished.

    Attributes:
        force: Largest residual force on a site, eV/Å.
        stress: Largest residual stress component, eV/Å^3.
        gradient: If given, the norm of dH/dq (eV per unit of q) must also be below this.
        max_steps: Potential calls for energies after which the relaxation is given up.
    """

    force: float = 1e-3
    stress: float = 1e-5
    gradient: float | None = None
    max_steps: int = 60


@dataclass(frozen=True, eq=False)
class Start:
    """Where a relaxation starts: coordinates q [n_q], and a Hessian [n_q, n_q] known from a neighbour, if any."""

    q: NDArray[np.float64]
    hessian: NDArray[np.float64] | None = None


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
            ``hessian`` is the quasi-Newton one and ``mixed`` is empty.
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


@dataclass(eq=False)
class _Walker:
    """State of one composition on its way to the minimum."""

    q: NDArray[np.float64]
    hessian: NDArray[np.float64]
    trust: float = 1.0
    calls: int = 0
    steps: int = 0
    best_q: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    best_h: float = np.inf
    best_g: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    failed: bool = False


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
            [n_copies, n_directions]. Used above WHOLE_HESSIAN_UP_TO coordinates; below, the whole Hessian gives all.

    Returns:
        One result per composition, in order. A composition that does not converge says so; nothing is raised for it.
    """
    tolerance = tolerance or Tolerance()
    if len(starts) > 1 and needs_products(landscape.coordinates, directions):
        pairs = zip(lam, starts, strict=True)
        return [relax(landscape, one[None], [start], tolerance, directions)[0] for one, start in pairs]
    model = model_hessian(landscape.coordinates)
    scale = np.sqrt(np.diag(model))  # q times this has unit curvature, roughly
    walkers = [
        _Walker(
            q=np.array(start.q, dtype=float),
            hessian=landscape.held(model if start.hessian is None else start.hessian, one),
        )
        for one, start in zip(lam, starts, strict=True)
    ]
    finished: list[Relaxed | None] = [None] * len(walkers)
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
            if needs_products(landscape.coordinates, directions):
                return [_finish_by_products(landscape, walkers[0], at, tolerance, directions)]
            _finish(landscape, walkers, walking, at, tolerance, finished)
            break
        for position, i in enumerate(walking):
            if i not in done:
                _step(walkers[i], float(at.enthalpy[position]), at.dh_dq[position], scale, landscape)
        waiting += done
        walking = [i for i in walking if i not in done]
    if waiting:
        waiting.sort()
        at = landscape.first(np.stack([walkers[i].q for i in waiting]), lam[waiting])
        for i in waiting:
            walkers[i].calls += 1
        _finish(landscape, walkers, waiting, at, tolerance, finished)
    return [result for result in finished if result is not None]


def needs_products(coordinates: SymmetryCoordinates, directions: NDArray[np.float64] | None) -> bool:
    """Whether the crystal has so many coordinates that only products with its Hessian are taken."""
    wanted = 0 if directions is None else directions.shape[1]
    return coordinates.n_q > max(WHOLE_HESSIAN_UP_TO, PRODUCTS_PER_DIRECTION * wanted)


def _is_done(
    landscape: Landscape, walker: _Walker, at: FirstDerivatives, position: int, tolerance: Tolerance
) -> bool:
    gradient = at.dh_dq[position]
    finite = np.isfinite(at.enthalpy[position]) and np.isfinite(gradient).all()
    if not finite or np.abs(landscape.coordinates.strain(at.q[position])).max() > MAX_STRAIN:
        walker.failed = True
        return True
    return walker.steps >= tolerance.max_steps or _within(landscape, at.q[position], gradient, tolerance)


def _within(
    landscape: Landscape, q: NDArray[np.float64], gradient: NDArray[np.float64], tolerance: Tolerance
) -> bool:
    force, stress = landscape.coordinates.residual(q, gradient)
    small = tolerance.gradient is None or float(np.linalg.norm(gradient)) <= tolerance.gradient
    return force <= tolerance.force and stress <= tolerance.stress and small


def _step(
    walker: _Walker,
    enthalpy: float,
    gradient: NDArray[np.float64],
    scale: NDArray[np.float64],
    landscape: Landscape,
) -> None:
    """Learn from the point just evaluated and choose the next."""
    coordinates = landscape.coordinates
    noise = (1e-12 if landscape.potential.dtype.itemsize == 8 else 1e-5) * max(1.0, abs(enthalpy))
    if walker.best_g.size:
        step = walker.q - walker.best_q
        walker.hessian = updated_hessian(
            walker.hessian, step, (walker.best_g, gradient), walker.best_h - enthalpy, noise
        )
        flatter = np.linalg.norm(gradient / scale) < 0.5 * np.linalg.norm(walker.best_g / scale)
        if enthalpy > walker.best_h + noise and not flatter:
            walker.trust = max(0.3 * walker.trust, 1e-3)
            walker.q = walker.best_q + newton_step(
                walker.hessian, walker.best_g, scale, walker.trust, coordinates
            )
            return
        walker.trust = min(1.0, 2.0 * walker.trust)
    walker.best_q, walker.best_h, walker.best_g = walker.q, enthalpy, gradient
    walker.q = walker.q + newton_step(walker.hessian, gradient, scale, walker.trust, coordinates)


def _finish(
    landscape: Landscape,
    walkers: list[_Walker],
    members: list[int],
    at: FirstDerivatives,
    tolerance: Tolerance,
    finished: list[Relaxed | None],
) -> None:
    """Rows of second derivatives, the last Newton correction, and the verdict."""
    rows = landscape.second(at)
    for position, i in enumerate(members):
        walker = walkers[i]
        walker.calls += CALLS_PER_ROW * landscape.coordinates.n_q
        gradient, hessian, mixed = at.dh_dq[position], rows.hessian[position], rows.mixed[position]
        force, stress = landscape.coordinates.residual(at.q[position], gradient)
        converged = not walker.failed and _within(landscape, at.q[position], gradient, tolerance)
        finite = bool(np.isfinite(hessian).all() and np.isfinite(mixed).all())
        stable = finite and bool(np.linalg.eigvalsh(hessian).min(initial=np.inf) > 0)
        last = -np.linalg.solve(hessian, gradient) if converged and stable else np.zeros_like(gradient)
        finished[i] = Relaxed(
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
        )


def _finish_by_products(
    landscape: Landscape,
    walker: _Walker,
    at: FirstDerivatives,
    tolerance: Tolerance,
    directions: NDArray[np.float64] | None,
) -> Relaxed:
    """The response along the directions and the last Newton correction, without a whole Hessian."""
    gradient = at.dh_dq[0]
    force, stress = landscape.coordinates.residual(at.q[0], gradient)
    converged = not walker.failed and _within(landscape, at.q[0], gradient, tolerance)
    found = None
    if converged and directions is not None:
        found = response(landscape, at, directions, walker.hessian)
    last = np.zeros_like(gradient) if found is None else found.correction
    return Relaxed(
        q=at.q[0] + last,
        enthalpy=float(at.enthalpy[0] + 0.5 * gradient @ last),
        dh_dlam=at.dh_dlam[0],
        hessian=walker.hessian,
        mixed=np.zeros((len(gradient), 0)),
        force=force,
        stress=stress,
        calls=walker.calls + (0 if found is None else found.calls),
        converged=converged,
        stable=None,
        response=found.dq if found is not None and found.converged else None,
    )
