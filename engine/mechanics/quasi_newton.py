"""Quasi-Newton steps in symmetry-adapted coordinates: model Hessian, safe step, update from gradients and energies."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.mechanics.coordinates import SymmetryCoordinates

MODEL_FORCE_CONSTANT = 12.0
"""Force constant of the model Hessian's springs, eV/Å^2."""
MODEL_SHEAR_RATIO = 0.5
"""Shear modulus over bulk modulus of the model Hessian."""
MAX_STRAIN_STEP = 0.10
MAX_DISPLACEMENT_STEP = 0.3
"""Longest step of a displacement coordinate, Å."""


@dataclass(eq=False)
class Walker:
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


def model_hessian(coordinates: SymmetryCoordinates) -> NDArray[np.float64]:
    """An isotropic elastic solid with independent springs (docs/science.md, Eq. 21): [n_q, n_q].

    The bulk modulus, 1 eV/Å^3 at 12 Å^3 per atom and falling with the square of the volume, is within a factor of
    two for most salts, oxides, nitrides and metals.
    """
    volume = abs(np.linalg.det(coordinates.lattice))
    bulk = (12.0 * len(coordinates.positions) / volume) ** 2
    shear = MODEL_SHEAR_RATIO * bulk
    modes = coordinates.strain_modes
    traces = np.trace(modes, axis1=1, axis2=2)
    hessian = np.eye(coordinates.n_q) * MODEL_FORCE_CONSTANT
    n_strain = coordinates.n_strain
    hessian[:n_strain, :n_strain] = volume * (
        (bulk - 2.0 * shear / 3.0) * np.outer(traces, traces)
        + 2.0 * shear * np.einsum("iab,jab->ij", modes, modes)
    )
    return hessian


def newton_step(
    hessian: NDArray[np.float64],
    gradient: NDArray[np.float64],
    scale: NDArray[np.float64],
    trust: float,
    coordinates: SymmetryCoordinates,
) -> NDArray[np.float64]:
    """-|H|^-1 G in scaled coordinates, shortened to the trust region: always downhill (docs/science.md, Eq. 22).

    Args:
        hessian: Second derivatives d2H/dq2, exact or a model, [n_q, n_q], eV per squared unit of q.
        gradient: Derivative dH/dq, [n_q], eV per unit of q.
        scale: Factor by which q has unit curvature, roughly, [n_q].
        trust: Share of the longest step allowed, 0 to 1.
        coordinates: Symmetry-adapted coordinates, of which q are the values.
    """
    values, vectors = np.linalg.eigh(hessian / np.outer(scale, scale))
    floor = 0.02 * max(1.0, float(np.abs(values).max()) * 0.1)
    step = -(vectors @ ((vectors.T @ (gradient / scale)) / np.maximum(np.abs(values), floor))) / scale
    n_strain = coordinates.n_strain
    longest = max(
        float(np.abs(coordinates.strain(step)).max()) / MAX_STRAIN_STEP,
        float(np.abs(step[n_strain:]).max(initial=0.0)) / MAX_DISPLACEMENT_STEP,
    )
    return step * min(1.0, trust / longest) if longest > 0 else step


def updated_hessian(
    hessian: NDArray[np.float64],
    step: NDArray[np.float64],
    gradients: tuple[NDArray[np.float64], NDArray[np.float64]],
    decrease: float,
    noise: float,
) -> NDArray[np.float64]:
    """Symmetric rank-one or BFGS update with the curvature along the step corrected from the energies.

    The plain secant y = G1 - G0 gives the mean curvature over the step; with the energies a cubic through both ends
    gives the curvature at the new end: s.H1.s = s.y + 6 (H0 - H1) + 3 s.(G0 + G1) (docs/science.md, Eq. 23 and 24;
    J. Z. Zhang, N. Y. Deng, L. H. Chen, J. Optim. Theory Appl. 102, 147 (1999), doi:10.1023/A:1021898630001).

    Args:
        hessian: Hessian before the update, [n_q, n_q].
        step: Step from one point to the next, [n_q].
        gradients: Derivatives dH/dq at both, [n_q] each.
        decrease: Decrease of the enthalpy over the step, eV.
        noise: Error of a difference of enthalpies, eV; corrections below are not believed.
    """
    length = float(step @ step)
    if length == 0.0:
        return hessian
    before, after = gradients
    change = after - before
    along = float(step @ change)
    correction = 6.0 * decrease + 3.0 * float(step @ (before + after))
    if abs(correction) < 0.5 * abs(along) and abs(correction) > noise:
        change = change + correction * step / length
        along += correction
    product = hessian @ step
    residual = change - product
    denominator = float(residual @ step)
    curvature = float(step @ product)
    if along > 0 and curvature > 0:
        return hessian + np.outer(change, change) / along - np.outer(product, product) / curvature
    if abs(denominator) > 1e-8 * np.sqrt(length) * float(np.linalg.norm(residual)):
        return hessian + np.outer(residual, residual) / denominator
    return hessian


def advance(
    walker: Walker,
    enthalpy: float,
    gradient: NDArray[np.float64],
    scale: NDArray[np.float64],
    relative: float,
    coordinates: SymmetryCoordinates,
) -> None:
    """Learn from the point just evaluated and choose the next.

    Args:
        walker: The composition, whose ``q`` was evaluated; changed in place.
        enthalpy: The enthalpy there, eV.
        gradient: Its derivative dH/dq, [n_q], eV per unit of q.
        scale: Factor by which q has unit curvature, roughly, [n_q].
        relative: Error of an enthalpy, relative to it where it is above 1 eV.
        coordinates: Symmetry-adapted coordinates, of which q are the values.
    """
    noise = relative * max(1.0, abs(enthalpy))
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
