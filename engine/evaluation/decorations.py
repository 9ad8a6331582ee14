"""Energies of many decorations as they stand in the mean-field crystal of their composition: nothing is relaxed."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import torch

from api_schemas.cost import Cost
from api_schemas.decorations import DecorationsRecord
from engine.crystals.decorations import decoration_of, supercell_of
from engine.mechanics.elastic import free_coordinates
from engine.mechanics.threads import fitting_threads
from engine.potentials.errors import CoincidentSites

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from api_schemas.decorations import DecorationsTask, ExplicitDecoration
    from engine.evaluation.evaluator import Evaluator
    from engine.problem.resolved import ResolvedProblem

ATOMS_TOGETHER = 128
"""Atoms of the decorations that are computed in one call: enough to fill a core, few enough to keep memory small."""


def unrelaxed(
    resolved: ResolvedProblem, task: DecorationsTask, evaluator: Evaluator, on_call: Callable[[], None]
) -> DecorationsRecord:
    """The energies of the decorations of a task, in order.

    Args:
        resolved: The problem.
        task: The decorations, with the mean-field crystal that they stand in.
        evaluator: Of the problem, at the workplace.
        on_call: Called before every call of the potential.
    """
    began = time.perf_counter()
    coordinates = evaluator.coordinates(resolved.crystal)
    start = task.warm_start
    q = np.zeros(coordinates.n_q) if start is None else np.array(start.q)
    free = free_coordinates(coordinates, q)
    crystals = [_atoms(resolved, one, free.lattice, free.positions) for one in task.decorations]
    energies: list[float] = []
    for chunk in _chunks(crystals):
        on_call()
        with fitting_threads(sum(len(positions) for _, positions, _ in chunk)):
            energies += _energies(evaluator, chunk)
    cells = [abs(round(float(np.linalg.det(one.matrix)))) for one in task.decorations]
    return DecorationsRecord(
        index=task.index,
        evaluation=task.evaluation,
        energies=[
            energy / n if np.isfinite(energy) else None for energy, n in zip(energies, cells, strict=True)
        ],
        cost=Cost(
            potential_calls=len(energies),
            shared_calls=0,
            seconds=time.perf_counter() - began,
            supercell_calls=len(energies),
            primitive_equivalents=float(sum(cells)),
        ),
    )


_Atoms = tuple["NDArray[np.float64]", "NDArray[np.float64]", list[list[int]]]
"""Vectors of a cell [3, 3] Å, positions [n, 3] Å, and the one element that each site holds."""


def _atoms(
    resolved: ResolvedProblem,
    explicit: ExplicitDecoration,
    lattice: NDArray[np.float64],
    positions: NDArray[np.float64],
) -> _Atoms:
    supercell = supercell_of(explicit)
    decoration = decoration_of(resolved.crystal, supercell, np.array(explicit.columns))
    present = decoration.present
    sites = supercell.positions(lattice, positions)[present]
    return np.asarray(supercell.matrix @ lattice), sites, [[int(n)] for n in decoration.species[present]]


def _chunks(crystals: Sequence[_Atoms]) -> list[list[_Atoms]]:
    """Crystals in order, those together that are computed at a time."""
    found: list[list[_Atoms]] = []
    room = 0
    for one in crystals:
        size = len(one[1])
        if not found or size > room:
            found.append([])
            room = ATOMS_TOGETHER
        found[-1].append(one)
        room -= size
    return found


def _energies(evaluator: Evaluator, crystals: Sequence[_Atoms]) -> list[float]:
    """Energy of each crystal, eV; NaN where atoms coincide or the potential gives none."""
    from engine.crystals.graph import build_graph

    potential = evaluator.potential
    cells, positions, species = zip(*crystals, strict=True)
    try:
        built = build_graph(
            cells, positions, species, potential.cutoff, 0.0, dtype=potential.dtype, device=potential.device
        )
    except CoincidentSites:
        if len(crystals) == 1:
            return [float("nan")]
        return [energy for one in crystals for energy in _energies(evaluator, [one])]
    moved = torch.tensor(np.concatenate(positions), dtype=potential.dtype, device=potential.device)
    with torch.no_grad():
        energies = potential.energy(
            built.graph, moved, moved.new_zeros((len(crystals), 3, 3)), moved.new_ones(len(moved))
        )
    return [float(value) for value in energies.to(torch.float64).cpu()]
