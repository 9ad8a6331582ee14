"""Records of kind order without a potential: pairs of neighbours on fcc have energies, and relaxing gains a tenth."""

from __future__ import annotations

from itertools import product

import numpy as np

from api_schemas.cost import Cost
from api_schemas.decorations import DecorationsRecord, ExplicitDecoration
from api_schemas.descents import DescentRecord
from api_schemas.evaluations import (
    CrystalState,
    EvaluationRecord,
    OccupiedSite,
    PropertyValue,
    ReferenceRecord,
    RelaxationState,
)
from api_schemas.supercells import SupercellRecord
from engine.crystals.holding import held_by

FCC = np.array([[0.0, 0.5, 0.5], [0.5, 0.0, 0.5], [0.5, 0.5, 0.0]])
PAIRS = (0.012, -0.003)
"""eV, of a pair of unlike nearest neighbours, negative, and second neighbours: L1_0 and L1_2 are lowest."""
ENDS = (-3.7, -3.2)
"""eV an atom, of the end members."""
GAIN = 0.1
"""Share of the energy of the pairs that relaxing gains."""
FLUCTUATION = 0.004
"""eV/atom"""
SPENT = Cost(potential_calls=3, shared_calls=5, seconds=0.5)
EXPLICIT = Cost(potential_calls=3, shared_calls=5, seconds=0.5, supercell_calls=3, primitive_equivalents=12.0)


def shell(number):
    """Neighbours of a site in units of the parent's vectors."""
    grid = np.array(list(product(range(-2, 3), repeat=3)))
    lengths = np.linalg.norm(grid @ FCC, axis=1)
    return grid[np.isclose(lengths, (np.sqrt(0.5), 1.0)[number])]


def mixing(decoration: ExplicitDecoration) -> float:
    """Energy of the pairs of a decoration, eV/atom."""
    matrix = np.array(decoration.matrix)
    spins = {}
    inverse = np.linalg.inv(matrix)

    def key(vector):
        return tuple(np.round(vector @ inverse % 1.0 % 0.9999999, 6))

    from engine.crystals.supercells import Supercell

    cells = Supercell(matrix).cells
    for cell, column in zip(cells, decoration.columns, strict=True):
        spins[key(cell)] = column
    assert len(spins) == len(cells)
    energy = 0.0
    for cell in cells:
        for number, strength in enumerate(PAIRS):
            unlike = sum(spins[key(cell + v)] != spins[key(cell)] for v in shell(number))
            energy -= strength * unlike / 2
    return energy / len(cells)


def of_ends(x) -> float:
    """Of the end members, eV/atom."""
    return float(x[0] * ENDS[0] + x[1] * ENDS[1])


def of_mean_field(x) -> float:
    """Of a crystal without any order, eV/atom."""
    return float(-2.0 * x[0] * x[1] * (12 * PAIRS[0] + 6 * PAIRS[1]) / 2)


class Records:
    """What a worker would answer.

    Args:
        campaign: Whose tasks they are of.
        converged: Whether a supercell with so many columns relaxed; by default every one.
    """

    def __init__(self, campaign, converged=lambda columns: True) -> None:
        self.space, self.crystal = campaign.space, campaign.resolved.crystal
        self.converged = converged

    def __call__(self, task):
        return getattr(self, task.unit)(task)

    def reference(self, task):
        assert task.what == "end_members"
        return ReferenceRecord(
            index=task.index, what=task.what, members=task.members, converged=True, cost=SPENT,
            enthalpies=[ENDS[number] for number in task.members],
        )  # fmt: skip

    def relaxation(self, task):
        x = self.space.to_vector(task.composition)
        value = FLUCTUATION if task.tier == "fluctuation" else of_mean_field(x)
        return EvaluationRecord(
            index=task.index,
            composition=task.composition,
            properties={"mixing_energy": PropertyValue(value=value, unit="eV/atom")},
            energy_per_atom=of_ends(x) + value,
            converged=True,
            stable=True,
            cost=SPENT,
            structure=None,
            relaxation=RelaxationState(q=[0.0], columns=[], dq_dx=[], hessian=[]),
        )

    def decorations(self, task):
        energies = [self.energy(one) for one in task.decorations]
        return DecorationsRecord(index=task.index, evaluation=task.evaluation, energies=energies, cost=SPENT)

    def energy(self, decoration):
        return of_ends(held_by(self.crystal, np.array(decoration.columns))) + mixing(decoration)

    def descent(self, task):
        """Every other search ends at layers, the others at what comes first."""
        n = round(np.linalg.det(task.matrix))
        x = self.space.to_vector(task.composition)
        golden = round(x[1] * n)
        columns = [0] * (n - golden) + [1] * golden
        if task.number % 2:
            columns = np.random.default_rng(task.number).permutation(columns).tolist()
        found = ExplicitDecoration(matrix=task.matrix, columns=columns)
        return DescentRecord(
            index=task.index, evaluation=task.evaluation, number=task.number, composition=task.composition,
            matrix=task.matrix, columns=columns, energy_per_atom=self.energy(found), start_energy_per_atom=0.0,
            steps=[], swaps_tried=2, swaps_accepted=1, ended="ordered", cost=EXPLICIT,
        )  # fmt: skip

    def supercell(self, task):
        columns = np.array(task.explicit.columns)
        x = held_by(self.crystal, columns)
        value = mixing(task.explicit) * (1.0 + GAIN)
        matrix = np.array(task.explicit.matrix)
        from engine.crystals.supercells import Supercell

        frac = Supercell(matrix).cells @ np.linalg.inv(matrix)
        return SupercellRecord(
            index=task.index,
            evaluation=task.evaluation,
            decoration=task.decoration,
            composition=task.composition,
            matrix=task.explicit.matrix,
            sites={"mix": len(columns)},
            properties={"mixing_energy": value},
            energy_per_atom=of_ends(x) + value,
            converged=self.converged(task.explicit.columns),
            left_parent=False,
            largest_displacement=0.01,
            changed_coordination=0.0,
            structure=CrystalState(
                lattice=(matrix @ FCC * 3.9).tolist(),
                sites=[
                    OccupiedSite(species={("Cu", "Au")[column]: 1.0}, frac=place)
                    for column, place in zip(columns, frac.tolist(), strict=True)
                ],
            ),
            cost=EXPLICIT,
        )
