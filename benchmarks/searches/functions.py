"""Functions of a composition with known gradients and a known optimum, on which searches are compared.

Each is a loss to be minimised over the simplex of k elements; ``targets`` is composed of two properties with targets.
Four have several local minima: ``wells``, ``ripples``, ``corners`` and ``solution``.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeResult, minimize

Vector = NDArray[np.float64]
Property = Callable[[Vector], tuple[float, Vector]]
"""Value and raw gradient [k] at a composition [k]."""
MULTIMODAL = ("wells", "ripples", "corners", "solution")
REGRET = 1e-3
"""Of the difference between the mean loss of random compositions and the least loss: near enough to the optimum."""
TEMPERATURE = 1000.0
"""K, of the free energies."""
BOLTZMANN = 8.617333262e-5
"""eV/K."""
_STARTS = 40
_DRAWN = 2000
_CHECKED = 16


@dataclass(frozen=True)
class Target:
    """A target value of a property and how far from it counts as one unit of loss."""

    value: float
    tolerance: float


@dataclass(frozen=True)
class Case:
    """A search on the simplex of k elements.

    Attributes:
        name: Of the function.
        k: Number of elements.
        properties: By the name under which the campaign knows them; with one, it is minimised.
        targets: Of the properties where there are several.
    """

    name: str
    k: int
    properties: dict[str, Property]
    targets: dict[str, Target]
    starts: tuple[tuple[float, ...], ...] = ()

    def loss(self, x: Vector) -> tuple[float, Vector]:
        """Loss and raw gradient [k]."""
        if not self.targets:
            (only,) = self.properties.values()
            return only(x)
        value, slope = 0.0, np.zeros(self.k)
        for name, target in self.targets.items():
            at, gradient = self.properties[name](x)
            away = (at - target.value) / target.tolerance
            value += away**2
            slope += 2.0 * away * gradient / target.tolerance
        return value, slope

    @cached_property
    def enough(self) -> float:
        """The loss that counts as found."""
        return self.least + REGRET * self.range

    @cached_property
    def range(self) -> float:
        """The mean loss of random compositions beyond the least."""
        drawn = np.random.default_rng(2).dirichlet(np.ones(self.k), _DRAWN)
        return float(np.mean([self.loss(x)[0] for x in drawn])) - self.least

    @cached_property
    def least(self) -> float:
        """The least loss, by sequential quadratic programs from the corners, given places and random starts."""
        if self.targets:
            return 0.0  # the targets are those of a composition
        rng = np.random.default_rng(0)
        starts = [
            *np.array(self.starts).reshape(-1, self.k),
            *(0.999 * np.eye(self.k) + 0.001 / self.k),
            *rng.dirichlet(np.ones(self.k), _STARTS),
        ]
        found = [self._descended(start / start.sum()) for start in starts]
        return float(min(one.fun for one in found if abs(one.x.sum() - 1.0) < 1e-9))

    @property
    def fingerprint(self) -> str:
        """Of what is searched: losses at fixed compositions, and the one that is enough."""
        x = np.random.default_rng(1).dirichlet(np.ones(self.k), _CHECKED)
        losses = [*(self.loss(one)[0] for one in x), self.enough]
        return sha256(" ".join(f"{loss:.6e}" for loss in losses).encode()).hexdigest()[:12]

    def _descended(self, start: Vector) -> OptimizeResult:
        """A local minimum: by logarithms of the fractions, which entropy needs, and then along the faces."""

        def of_logs(u: Vector) -> tuple[float, Vector]:
            x = np.exp(u - u.max())
            x /= x.sum()
            value, slope = self.loss(x)
            return value, x * (slope - slope @ x)

        inside = minimize(of_logs, np.log(start), jac=True, method="L-BFGS-B", options={"maxiter": 300})
        x = np.exp(inside.x - inside.x.max())
        refined = minimize(
            self.loss,
            x / x.sum(),
            jac=True,
            method="SLSQP",
            bounds=[(0.0, 1.0)] * self.k,
            constraints={"type": "eq", "fun": lambda x: x.sum() - 1.0, "jac": lambda x: np.ones(len(x))},
            options={"ftol": 1e-14, "maxiter": 300},
        )
        inside.x = x / x.sum()
        exact = abs(refined.x.sum() - 1.0) < 1e-9 and refined.x.min() >= 0.0
        return refined if exact and refined.fun < inside.fun else inside


def bowl(k: int) -> Case:
    """A quadratic with its minimum inside."""
    centre = np.arange(1.0, k + 1.0) / (k * (k + 1) / 2)
    stiffness = np.linspace(1.0, 4.0, k)

    def function(x: Vector) -> tuple[float, Vector]:
        away = x - centre
        return float(stiffness @ away**2), 2.0 * stiffness * away

    return of_one("bowl", k, function)


def valley(k: int) -> Case:
    """A narrow bent valley, as Rosenbrock's: each fraction wants to be a function of the one before."""
    steep, top = 20.0, 1.6 / k

    def function(x: Vector) -> tuple[float, Vector]:
        away = x[1:] - 2.0 * x[:-1] ** 2 - 0.3 / k
        value = steep * float(away @ away) + float((x[0] - top) ** 2)
        slope = np.zeros(k)
        slope[1:] += 2.0 * steep * away
        slope[:-1] -= 8.0 * steep * away * x[:-1]
        slope[0] += 2.0 * (x[0] - top)
        return value, slope

    return of_one("valley", k, function)


def wells(k: int) -> Case:
    """Gaussian wells near the centre and two corners; the deepest is near a corner."""
    rng = np.random.default_rng(k)
    near = [np.full(k, 1.0 / k), *(0.75 * np.eye(k)[i] + 0.25 / k for i in (0, k - 1))]
    centres = [c + 0.02 * (rng.random(k) - 0.5) for c in near]
    depths, widths = (0.5, 0.7, 1.0), (0.5, 0.4, 0.4)

    def function(x: Vector) -> tuple[float, Vector]:
        value, slope = 0.0, np.zeros(k)
        for centre, depth, width in zip(centres, depths, widths, strict=True):
            away = x - centre
            part = depth * float(np.exp(-(away @ away) / width**2))
            value -= part
            slope += 2.0 * part * away / width**2
        return value, slope

    return of_one("wells", k, function, centres)


def ripples(k: int) -> Case:
    """A bowl with five half waves along an edge along every fraction, as Rastrigin's."""
    centre = np.random.default_rng(40 + k).dirichlet(np.full(k, 3.0))
    waves = 5.0 * np.pi
    height = 0.08

    def function(x: Vector) -> tuple[float, Vector]:
        away = x - centre
        value = float(away @ away) + height * float((1.0 - np.cos(waves * away)).sum())
        return value, 2.0 * away + height * waves * np.sin(waves * away)

    return of_one("ripples", k, function, [centre])


def corners(k: int) -> Case:
    """Elements that repel each other: every pure element is a local minimum, and some mixtures nearly so."""
    rng = np.random.default_rng(70 + k)
    pairs = np.triu(rng.uniform(0.5, 3.0, (k, k)), 1)
    pairs = pairs + pairs.T
    pure = rng.uniform(0.0, 0.6, k)

    def function(x: Vector) -> tuple[float, Vector]:
        return float(0.5 * x @ pairs @ x + pure @ x), pairs @ x + pure

    return of_one("corners", k, function)


def solution(k: int) -> Case:
    """A regular solution at 1000 K: pair interactions of both signs, and the ideal entropy of mixing on half the sites.

    The gradient is infinite where an element is absent.
    """
    rng = np.random.default_rng(100 + k)
    heat = 0.5 * BOLTZMANN * TEMPERATURE
    pairs = np.triu(5.0 * heat * rng.uniform(-1.5, 3.0, (k, k)), 1)
    pairs = pairs + pairs.T

    def function(x: Vector) -> tuple[float, Vector]:
        safe = np.maximum(x, 1e-300)
        logs = np.log(safe)
        value = 0.5 * float(x @ pairs @ x) + heat * float(safe @ logs)
        return value, pairs @ x + heat * (np.where(x > 0.0, logs, -np.inf) + 1.0)

    return Case("solution", k, {"mixing_free_energy": function}, {})


def targets(k: int) -> Case:
    """Two bowed properties with a target each, which many compositions meet together where k is large."""
    rng = np.random.default_rng(130 + k)
    properties, targets = {}, {}
    goal = rng.dirichlet(np.full(k, 2.0))
    for name, size in (("lattice_a", 1.0), ("density", 3.0)):
        pure = 4.0 + size * rng.uniform(-0.5, 0.5, k)
        bowing = np.triu(size * rng.uniform(-0.6, 0.6, (k, k)), 1)

        def function(
            x: Vector, pure: Vector = pure, bowing: Vector = bowing + bowing.T
        ) -> tuple[float, Vector]:
            return float(pure @ x + 0.5 * x @ bowing @ x), pure + bowing @ x

        properties[name] = function
        targets[name] = Target(function(goal)[0], 1e-3 * size)
    return Case("targets", k, properties, targets)


def of_one(name: str, k: int, function: Property, near: list[Vector] | None = None) -> Case:
    """A function that is minimised, with places near which its minima are."""
    starts = tuple(tuple(one.tolist()) for one in near or [])
    return Case(name, k, {"mixing_energy": function}, {}, starts)


CASES: tuple[Callable[[int], Case], ...] = (bowl, valley, wells, ripples, corners, solution, targets)
"""By number of elements."""
