"""What a problem of kind free_energy asks: one free energy for each crystal, or change, and temperature. Torch-free."""

from __future__ import annotations

import math
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from engine.composition.notation import parse_composition
from engine.crystals.supercells import Supercell, supercell_of_atoms
from engine.kinds.free_energy.legs import Leg, Question
from engine.kinds.listed_compositions import listed_compositions

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.problem.resolved import ResolvedProblem

PAIRS, MOST_BATCHES = 8, 16
"""Pairs of samples of the harmonic crystal that are a task, and the most tasks of either kind of samples."""
DRAWN = 32
"""Samples of the crystal with an energy of its bonds that are a task."""
FIRST_BATCHES = 2
"""Of pairs, that are asked for at once."""
FIRST_RUNS = 4
"""Runs of either direction that are asked for at once; of fewer nothing is said to be met."""
CALLS_OF_A_SEGMENT = 200
"""Potential calls of a segment of trajectories, about."""
SITES_TOGETHER, MOST_TOGETHER = 512, 8
"""Whether runs are best computed together is measured up to so many sites, and no more than so many runs."""
OF_CRYSTAL, OF_SWITCH = 0.3, 0.8
"""Shares of the accuracy of a vacancy in an element; what the free energy of an atom of the crystal has, which takes
few calls, and what the switch has. Together they are below 1 in crystals of two atoms and more."""
SETTLING = 120
"""Steps from a sample of the harmonic crystal to equilibrium; half of them show whether it is one."""
SETTLING_MOVING = 240
"""Steps to equilibrium where the cell moves, which begins at rest; in the second half its mean volume is taken."""
SETTLING_SOFT = 1000
"""Steps to equilibrium of a crystal that is not harmonic, whose slow modes have no samples to begin from."""
MOST_ATTEMPTS, SHORTER = 5, 0.6
"""How often a time step that was chosen, and is too long, is made shorter, and by what factor."""


class Questions:
    """All questions of a problem, and which number each of their tasks has.

    Args:
        resolved: The problem, which has options of the kind.

    Raises:
        ValueError: if it has none.
    """

    def __init__(self, resolved: ResolvedProblem) -> None:
        if resolved.problem.free_energy is None:
            raise ValueError("the problem has no options of free energies")
        self.resolved = resolved
        self.options = resolved.problem.free_energy

    @cached_property
    def temperatures(self) -> list[float]:
        """K."""
        given = self.options.temperatures
        return list(given) if given else [self.resolved.problem.conditions.temperature]

    @cached_property
    def points(self) -> list[NDArray[np.float64]]:
        """Compositions that are relaxed, [n_columns] each, by the number of their evaluation."""
        resolved, options = self.resolved, self.options
        if options.path == "composition":
            first, last = (
                parse_composition(resolved.space, end or {}, (self.resolved.problem.kind, name))
                for name, end in (("from", options.start), ("to", options.end))
            )
            return [first, 0.5 * (first + last), last]
        listed = [x for _, x in listed_compositions(resolved.problem, resolved.region)]
        return listed or [resolved.region.center()]

    @cached_property
    def all(self) -> list[Question]:
        """The questions, in order."""
        ways = [(0, 1, 2)] if self.options.path == "composition" else [(n,) for n in range(len(self.points))]
        found: list[Question] = []
        for crystals in ways:
            for temperature in self.temperatures:
                before = found[-1].legs[-1].number + 1 if found else 0
                found.append(Question(len(found), self._legs(crystals, temperature, before)))
        return found

    def _legs(self, crystals: tuple[int, ...], temperature: float, number: int) -> tuple[Leg, ...]:
        """Of one question, numbered from there on."""
        if self.options.path == "composition":
            return (Leg(number, "change", crystals, temperature),)
        if self.options.path == "absolute":
            return (Leg(number, "crystal", crystals, temperature),)
        if not self.is_element(crystals[0]):
            return (Leg(number, "vacancy", crystals, temperature),)
        crystal = Leg(number, "crystal", crystals, temperature, share=OF_CRYSTAL)
        return (crystal, Leg(number + 1, "vacancy", crystals, temperature, share=OF_SWITCH))

    def is_element(self, point: int) -> bool:
        """Whether a crystal is of one element, so that what is taken out of it goes to the same crystal."""
        crystal = self.resolved.crystal
        return len(np.unique(crystal.copy_species[crystal.weights(self.points[point]) > 0.0])) == 1

    @cached_property
    def empty(self) -> int:
        """The site of the supercell that path vacancy leaves empty: the first one of its sublattice.

        Raises:
            ValueError: if the problem names no vacancy.
        """
        vacancy = self.options.vacancy
        if vacancy is None:
            raise ValueError("the problem names no atom that is taken out")
        (sublattice,) = [one for one in self.resolved.crystal.sublattices if one.name == vacancy.sublattice]
        return int(sublattice.sites[0])

    @property
    def legs(self) -> list[Leg]:
        """Of all questions, in order."""
        return [leg for question in self.all for leg in question.legs]

    def wanted_error(self, leg: Leg, atoms: float) -> float:
        """Standard error that is wanted of a leg, eV of its supercell of so many atoms."""
        return self.options.accuracy * leg.share * (1.0 if leg.kind == "vacancy" else atoms)

    @cached_property
    def supercell(self) -> Supercell:
        """The supercell in which atoms move."""
        return supercell_of_atoms(self.resolved.crystal, self.options.atoms)

    @property
    def n_sites(self) -> int:
        """Sites of the supercell."""
        return self.supercell.n_cells * self.resolved.crystal.n_sites

    @property
    def most_replicas(self) -> int:
        """No more runs of one direction than so many are computed together."""
        asked, runs = self.options.replicas, self.options.budget.runs
        if isinstance(asked, int):
            return min(asked, runs)
        return max(1, min(MOST_TOGETHER, runs, SITES_TOGETHER // self.n_sites))

    @property
    def replicas(self) -> int | None:
        """Runs of one direction that are computed together; None where that is measured first."""
        most = self.most_replicas
        return most if most == 1 or isinstance(self.options.replicas, int) else None

    @cached_property
    def most_segments(self) -> int:
        """Of a run, the longest."""
        return len(self.segments(SETTLING_SOFT, self.most_replicas))

    def segments(self, settling: int, replicas: int) -> list[tuple[int, int]]:
        """Steps at which each segment of runs that are computed together begins and ends.

        Args:
            settling: Steps that they take to come to equilibrium.
            replicas: How many they are.
        """
        total = settling + self.options.budget.steps
        count = math.ceil(total * replicas / CALLS_OF_A_SEGMENT)
        edges = np.unique(np.rint(np.linspace(0, total, count + 1)).astype(int)).tolist()
        return list(pairwise(edges))

    @property
    def expands(self) -> bool:
        """Whether cells are those at the temperature that vibrations give, and not those at rest."""
        return self.options.ensemble == "npt" and not self.moves

    @property
    def moves(self) -> bool:
        """Whether cells move under the pressure while atoms do."""
        return self.options.ensemble == "npt" and self.options.cell == "sampled"

    @property
    def settling(self) -> int:
        """Steps from a sample of the harmonic crystal to equilibrium."""
        return SETTLING_MOVING if self.moves else SETTLING

    def cell(self, crystal: int, temperature: float) -> int:
        """Number of the task of finding the cell of a crystal, by its evaluation, at a temperature."""
        return crystal * len(self.temperatures) + self.temperatures.index(temperature)

    def harmonic(self, leg: Leg, crystal: int, batch: int) -> int:
        """Number of a task of samples: of one of a leg's crystals, which is the crystal's place among them.

        Samples of a crystal with an energy of its bonds have the place after it.
        """
        return (3 * leg.number + crystal) * MOST_BATCHES + batch

    def dynamics(self, leg: Leg, run: int, segment: int, *, forward: bool, attempt: int = 0) -> int:
        """Number of a segment of runs, of which the first is named; attempts differ in their time step."""
        of_leg = leg.number * MOST_ATTEMPTS + attempt
        of_run = (of_leg * self.options.budget.runs + run) * 2 + (not forward)
        return of_run * self.most_segments + segment
