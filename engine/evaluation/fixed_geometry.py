"""Energy, forces, stress and dE/dlam at the geometry that was given."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import torch

from api_schemas.cost import Cost
from api_schemas.evaluations import FixedGeometryEvaluation
from api_schemas.symbols import SYMBOLS, VACANCY
from engine.composition.notation import parse_composition
from engine.crystals.graph import build_graph
from engine.potentials.loading import load_chosen

if TYPE_CHECKING:
    from engine.problem.resolved import ResolvedProblem

VOIGT = ((0, 0), (1, 1), (2, 2), (1, 2), (0, 2), (0, 1))


def evaluate_fixed_geometry(
    resolved: ResolvedProblem,
    composition: Mapping[str, Mapping[str, float]],
    *,
    device: str = "cpu",
) -> FixedGeometryEvaluation:
    """Energy (eV per cell), forces (eV/Å), stress (eV/Å^3, Voigt, ASE sign) and dE/dlam (eV) of the parent geometry.

    Raises:
        api_schemas.errors.ProblemInvalid: if the composition cannot be accepted.
        engine.potentials.errors.PotentialError: if the weights are not here, or two sites coincide.
    """
    started = time.perf_counter()
    crystal, choice = resolved.crystal, resolved.problem.potential
    x = parse_composition(resolved.space, composition)
    potential = load_chosen(choice, device)
    found = build_graph(
        [crystal.lattice], [crystal.positions], [crystal.site_copies], potential.cutoff, 0.0,
        groups=[crystal.site_sublattice], dtype=potential.dtype, device=potential.device,
    )  # fmt: skip
    leaves = [
        torch.tensor(values, dtype=potential.dtype, device=potential.device, requires_grad=True)
        for values in (crystal.positions, np.zeros((1, 3, 3)), crystal.weights(x))
    ]
    energy = potential.energy(found.graph, *leaves).sum()
    by_position, by_strain, by_weight = (
        gradient.cpu().double().numpy() for gradient in torch.autograd.grad(energy, leaves)
    )
    stress = (by_strain[0] + by_strain[0].T) / 2 / crystal.volume
    derivatives: list[dict[str, float]] = [
        {VACANCY: 0.0} if may_be_empty else {} for may_be_empty in crystal.site_may_be_empty
    ]
    for site, number, value in zip(crystal.copy_site, crystal.copy_species, by_weight, strict=True):
        derivatives[site][SYMBOLS[number]] = float(value)
    return FixedGeometryEvaluation(
        composition=resolved.space.to_composition(x),
        energy=float(energy.detach()),
        forces=(-by_position).tolist(),
        stress=[float(stress[a, b]) for a, b in VOIGT],
        dE_dlam=derivatives,
        cost=Cost(potential_calls=1, shared_calls=0, seconds=time.perf_counter() - started),
    )
