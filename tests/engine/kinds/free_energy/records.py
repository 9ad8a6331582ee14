"""Records of kind free_energy without a potential: harmonic wells whose free energies are known in closed form."""

from __future__ import annotations

import numpy as np

from api_schemas.cost import Cost
from api_schemas.dynamics import (
    BatchingRecord,
    Defect,
    DynamicsRecord,
    HarmonicRecord,
    ReferenceBetween,
    ThermalCellRecord,
)
from api_schemas.errors import parse
from api_schemas.evaluations import EvaluationRecord, PropertyValue, ReferenceRecord, RelaxationState
from api_schemas.problem import Problem

BOLTZMANN = 8.617333262e-5
ATOMS, CELLS = 16.0, 8
REST = (-50.0, -48.0)
"""eV of the supercell at rest, of the first element and of the second."""
FREQUENCIES = (4.0, 2.5)
"""THz, of all vibrations."""
BEYOND = 0.02
"""eV of the supercell, what the first crystal has beyond harmonic on average."""
CHANGE = -0.7
"""eV of the supercell, what the change of composition does without the masses."""
EXPANDED = 2e-5
"""Strain of the cell, by K."""
SPRING = 2.0
"""eV/Å^2, of an atom that is switched off."""
EMPTY, RESERVOIR = -45.5, -1.3
"""eV of the supercell at rest with a site empty, and of the element that was there."""
HELD, SPRINGS = 0.31, [3.0, 5.0]
"""eV of the supercell, what the crystal has above Einstein's, and the springs of that, eV/Å^2."""
TAKEN = 5.1
"""eV, what switching off an atom does, its spring with it."""
STIFFNESS, VOLUMES = (300.0, 200.0), (400.0, 520.0)
"""eV of the supercell, of the first crystal and of the second, and Å^3 where cells are sampled."""
SWOLLEN = 12.0
"""Å^3 of the supercell, by which sampled volumes are above those."""
SPENT = Cost(potential_calls=3, shared_calls=5, seconds=0.5)


def problem(**options) -> Problem:
    """NaCl to KCl in 16 atoms unless told otherwise."""
    document = {
        "kind": "free_energy",
        "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
        "potential": {"name": "sevennet-0"},
    }
    if options.get("path") != "composition":
        document["at"] = options.pop("at", [{"cation": {"Na": 1.0}}])
    else:
        options = {"from": {"cation": {"Na": 1.0}}, "to": {"cation": {"K": 1.0}}, **options}
    return parse(Problem, {**document, "free_energy": {"path": "absolute", "atoms": 16, **options}})


class Records:
    """What a worker would answer.

    Args:
        deviation: Of the energies beyond harmonic, eV of the supercell.
        left: Of them, what an energy of bonds leaves.
        lost: Mean work that a run dissipates, eV of the supercell; works are Gaussian.
        unstable: Whether the crystal has unstable modes.
        fails: Whether a segment fails, by its task.
        rests: Whether crystals come to rest.
        unfit: Whether the time step is too large, or beyond which it is, fs.
        no_cell: Why a cell at a temperature is not found.
        spread: Of the works, against that of the fluctuation theorem.
        rests_empty: Whether the crystal with an empty site comes to rest.
        together: How many runs are measured to be best computed together, or fewer.
        friction: Shares of what is lost in each eighth of the way.
    """

    def __init__(
        self,
        deviation=0.01,
        *,
        left=None,
        lost=0.005,
        unstable=False,
        fails=lambda task: False,
        rests=True,
        unfit=False,
        no_cell=None,
        spread=1.0,
        rests_empty=True,
        together=4,
        friction=(1.0,) * 8,
    ) -> None:
        self.together, self.friction = together, np.array(friction) / sum(friction)
        self.deviation, self.lost, self.unstable = deviation, lost, unstable
        self.left = deviation if left is None else left
        self.fails, self.rests, self.unfit = fails, rests, unfit
        self.no_cell, self.rests_empty, self.spread = no_cell, rests_empty, spread

    def __call__(self, task):
        return getattr(self, task.unit)(task)

    def reference(self, task):
        return ReferenceRecord(
            index=task.index, what=task.what, members=task.members, converged=True, cost=SPENT,
            enthalpies=[-6.0 for _ in task.members],
        )  # fmt: skip

    def relaxation(self, task):
        return EvaluationRecord(
            index=task.index, composition=task.composition, energy_per_atom=-3.0, converged=self.rests, stable=True,
            properties={"energy": PropertyValue(value=-3.0, unit="eV/atom")}, cost=SPENT, structure=None,
            relaxation=RelaxationState(q=[0.0], columns=[], dq_dx=[], hessian=[]),
        )  # fmt: skip

    def thermal_cell(self, task):
        return ThermalCellRecord(
            index=task.index, cost=SPENT, evaluation=task.crystal.evaluation, temperature=task.temperature,
            q=[EXPANDED * task.temperature], expansion=3 * EXPANDED * task.temperature, failed=self.no_cell,
        )  # fmt: skip

    def harmonic(self, task):
        second = task.crystal.composition.get("cation", {}).get("K", 0.0) > 0.5
        frequencies = [FREQUENCIES[second]] * (3 * int(ATOMS) - 3)
        if self.unstable:
            frequencies[:2] = [-0.5, -0.5]
        differences, between = [], None
        if task.learned is not None:
            # What is learned takes half of the mean.
            between = ReferenceBetween(difference=BEYOND / 2, error=1e-4, forgotten=True)
        for number in range(task.first, task.first + task.pairs):
            draw = np.random.default_rng([task.seed, number])
            if between is None:
                differences.append((BEYOND + self.deviation * draw.standard_normal(2)).tolist())
            else:
                differences.append((BEYOND / 2 + self.left * draw.standard_normal(1)).tolist())
        return HarmonicRecord(
            index=task.index, cost=SPENT, evaluation=task.crystal.evaluation, temperature=task.temperature,
            atoms=ATOMS, energy=REST[second], volume=VOLUMES[second] if task.stretched else 400.0,
            stiffness=STIFFNESS[second] if task.stretched else None, frequencies=frequencies, first=task.first,
            unstable=["0.50i THz at q = (1/2, 0, 0)"] if self.unstable else [], differences=differences,
            springs=SPRINGS,
            between=between,
            defect=None if task.empty is None or self.unstable else Defect(
                energy=EMPTY, converged=self.rests_empty, spring=SPRING,
                chemical_potential=None if task.empty.removed is None else RESERVOIR,
                reference=task.empty.removed and f"{task.empty.removed}, body-centred cubic, -1.3000 eV/atom",
            ),
        )  # fmt: skip

    def batching(self, task):
        return BatchingRecord(index=task.index, cost=SPENT, replicas=min(self.together, task.most))

    def dynamics(self, task):
        failed = "replica 0 exploded at step 7" if self.fails(task) else None
        unfit = self.unfit if isinstance(self.unfit, bool) else task.timestep > self.unfit
        failed = "time step of 9 fs too large" if unfit else failed
        done = task.end == task.equilibration + task.steps and not failed
        exact = {"composition": CHANGE, "harmonic": BEYOND, "vacancy": TAKEN, "einstein": HELD}[
            task.reference
        ]
        heat = BOLTZMANN * task.temperature
        works = []
        for run in range(task.run, task.run + task.replicas):
            draw = np.random.default_rng([task.seed, run, task.forward]).standard_normal()
            # Gaussian works of this variance obey Crooks' theorem in both directions.
            works.append(
                (exact if task.forward else -exact)
                + self.lost
                + self.spread * np.sqrt(2.0 * heat * self.lost) * draw
            )
        return DynamicsRecord(
            index=task.index, cost=SPENT, run=task.run, replicas=task.replicas, forward=task.forward,
            temperature=task.temperature, end=task.end, works=works if done else None,
            measured=task.temperature + task.begin, failed=failed, unfit=unfit, timestep=task.timestep,
            volumes=None if task.moving is None or not task.begin < task.equilibration <= task.end else [
                VOLUMES[not task.forward] + SWOLLEN + run % 2
                for run in range(task.run, task.run + task.replicas)
            ],
            volume=400.0 + task.begin, closest=3.0 - 0.1 * task.run if task.end > task.equilibration else None,
            drift=0.002 if task.forward and not task.begin and not task.run else None,
            work_by_part=(self.lost * self.friction).tolist() if done else None,
        )  # fmt: skip
