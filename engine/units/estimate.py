"""What relaxing compositions will cost: calls, seconds and memory, before anything is computed. Torch-free."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.jobs import CostEstimate
from engine.crystals.by_content import by_content
from engine.crystals.conventional import SYMPREC
from engine.crystals.crystal import AlchemicalCrystal, build_crystal
from engine.crystals.parent import FloatArray, IntArray
from engine.crystals.supercells import VIBRATING_ATOMS, supercell_of_atoms
from engine.crystals.symmetry import hessian_rows
from engine.crystals.together import batch_size
from engine.potentials.cost import estimate_edges, estimate_memory, estimate_seconds
from engine.potentials.description import PotentialDescription
from engine.potentials.families import FAMILIES
from engine.problem.resolved import ResolvedProblem
from engine.properties.table import (
    MIXING_FREE_ENERGY,
    PROPERTIES,
    named_properties,
    tests_stability,
    vibrating,
)
from engine.references.elemental_phases import ELEMENTAL_PHASES
from engine.references.substrate import substrate_crystal

if TYPE_CHECKING:
    from engine.tiers.tier import SupercellWork

CALLS_PER_ROW = 2
"""A row of second derivatives counts as two potential calls."""

_STEPS, _STEPS_PER_COORDINATE, _MOST_STEPS = 5, 1.2, 60
"""Energies that a relaxation takes, by its number of coordinates (measured from cold starts)."""

_WHOLE_HESSIAN_UP_TO, _PRODUCTS_PER_DIRECTION = 30, 10
"""Coordinates up to which, and for each direction of the composition, a whole Hessian is taken; as in relaxations."""

_STEPS_BY_SPRINGS, _PRODUCTS, _PRODUCTS_OF_STEP = 16, 7, 5
"""Energies above so many coordinates, and rows where no whole Hessian is taken: for each direction, and without any for
the last Newton step (7 to 26 and 3 to 10 measured on cells of 20 to 216 sites, 41 and 58 on a frustrated one; of the
last step 3 in a salt, 12 in a soft chalcohalide)."""
_CALLS_PER_GRADIENT, _STRAINS = 4, 6
_MEMORY_OF_GRADIENT = 3.0
"""A backward pass through a row against a row, in memory (2.5 to 2.9 measured)."""


PROCESS_MEMORY = 0.5e9
"""A worker with a model loaded, bytes."""


@dataclass(frozen=True)
class _Relaxation:
    """Cost of relaxing one composition of a crystal, with all its gradients."""

    calls: int
    seconds: float
    memory: float


_NOTHING = _Relaxation(calls=0, seconds=0.0, memory=0.0)


@dataclass(frozen=True)
class Work:
    """What one call of a potential has to do; see `engine.potentials.cost`."""

    potential: PotentialDescription
    dtype: str
    edges: int
    nodes: int
    links: int | None

    def memory(self, together: int = 1, *, second_derivatives: bool = False) -> int:
        """Bytes of a call for so many crystals together."""
        return estimate_memory(
            together * self.edges,
            together * self.nodes,
            self.dtype,
            self.potential.name,
            second_derivatives=second_derivatives,
            n_links=None if self.links is None else together * self.links,
            size=self.potential.size,
        )

    def seconds(self, *, second_derivatives: bool = False) -> float:
        """Seconds of a call."""
        return estimate_seconds(
            self.edges,
            self.dtype,
            self.potential.name,
            second_derivatives=second_derivatives,
            n_copies=self.nodes,
            n_links=self.links,
            size=self.potential.size,
        )


def estimate_relaxations(resolved: ResolvedProblem, evaluations: int) -> CostEstimate:
    """Expected cost of evaluations on one CPU worker.

    Calls per evaluation follow from the number of symmetry-adapted coordinates; end members and the crystals of targets
    are counted once.
    """
    members = math.prod(len(elements) for elements in resolved.space.elements)
    directions = resolved.space.tangent_basis.shape[1]
    one = _relaxation(resolved.crystal, resolved, members, directions)
    beyond = _supercell(resolved)
    moduli = _moduli(resolved.crystal, resolved)
    vibrations, departed = _vibrations(resolved, 1 + 2 * directions), _departed(resolved)
    of_members = _vibrations(resolved, 1) if MIXING_FREE_ENERGY in vibrating(resolved.problem) else _NOTHING
    others = [_relaxation(crystal, resolved, 1, 0) for crystal in _references(resolved)]
    return CostEstimate(
        evaluations=evaluations,
        potential_calls=(evaluations + members) * one.calls
        + evaluations * (moduli.calls + beyond.calls + vibrations.calls + departed.calls)
        + members * of_members.calls
        + sum(other.calls for other in others),
        seconds=(evaluations + members) * one.seconds
        + evaluations * (moduli.seconds + beyond.seconds + vibrations.seconds + departed.seconds)
        + members * of_members.seconds
        + sum(other.seconds for other in others),
        memory_bytes=int(max(part.memory for part in (one, moduli, beyond, vibrations, departed, *others))),
    )


def coordinate_count(crystal: AlchemicalCrystal) -> int:
    """Number of symmetry-adapted strain and internal coordinates of the labelled parent, by characters.

    The average over the symmetry operations of the trace of their action on strains, plus that on
    displacements, minus that on rigid translations (docs/science.md, Eq. 19).
    """
    return _coordinate_count(crystal.lattice, crystal.frac, crystal.labels)


@by_content
def _coordinate_count(lattice: FloatArray, frac: FloatArray, labels: IntArray) -> int:
    import spglib

    found = spglib.get_symmetry((lattice, frac, labels), symprec=SYMPREC)
    if found is None:
        return 6 + 3 * len(labels) - 3
    rotations = np.asarray(found["rotations"], dtype=float)
    translations = np.asarray(found["translations"], dtype=float)
    total = 0.0
    for rotation, translation in zip(rotations, translations, strict=True):
        moved = frac @ rotation.T + translation - frac
        moved -= np.round(moved)
        kept = int(np.sum(np.linalg.norm(moved @ lattice, axis=1) < 10 * SYMPREC))
        trace = float(np.trace(rotation))
        strains = (trace**2 + float(np.trace(rotation @ rotation))) / 2.0
        total += strains + trace * (kept - 1)
    return round(total / len(rotations))


def _references(resolved: ResolvedProblem) -> list[AlchemicalCrystal]:
    """Crystals that are relaxed once besides the end members: of targets, of the substrate, and elemental phases."""
    problem = resolved.problem
    crystals = list({id(crystal): crystal for crystal in resolved.same_as if crystal is not None}.values())
    substrate = substrate_crystal(problem)
    crystals += [] if substrate is None else [substrate]
    if "formation_energy" in named_properties(problem):
        elements = set(resolved.crystal.species_symbols()) - set(problem.conditions.chemical_potentials)
        crystals += [build_crystal(ELEMENTAL_PHASES[element].build()) for element in sorted(elements)]
    return crystals


def _moduli(crystal: AlchemicalCrystal, resolved: ResolvedProblem) -> _Relaxation:
    """Cost of the moduli of one relaxed composition: rows of second derivatives, and backward passes through them."""
    names = [name for name in named_properties(resolved.problem) if PROPERTIES[name].needs_curvature]
    elastic = [name for name in names if name != "bulk_modulus"]
    calls = 0
    if "bulk_modulus" in names:
        calls += 1 + CALLS_PER_ROW + _CALLS_PER_GRADIENT
    if elastic:
        passes = sum(_STRAINS if name == "poisson_ratio" else 1 for name in elastic)
        rows = _STRAINS + 3 * (crystal.n_sites - 1) + min(_STRAINS, passes)
        calls += 2 + CALLS_PER_ROW * rows + _CALLS_PER_GRADIENT * passes
    work = work_of(crystal, resolved)
    memory = work.memory(second_derivatives=True)
    return _Relaxation(
        calls=calls,
        seconds=calls * work.seconds(),
        memory=PROCESS_MEMORY + (_MEMORY_OF_GRADIENT * memory if names else 0.0),
    )


def _vibrations(resolved: ResolvedProblem, crystals: int) -> _Relaxation:
    """Rows of force constants of so many compositions, in the supercell of the vibrations."""
    if not vibrating(resolved.problem):
        if not tests_stability(resolved.problem):
            return _NOTHING
        crystals = 1
    crystal = resolved.crystal
    cells = supercell_of_atoms(crystal, VIBRATING_ATOMS).n_cells
    work = work_of(crystal, resolved, cells)
    calls = crystals * (1 + hessian_rows(crystal))
    waves = 3 * 16 * cells * (3 * crystal.n_sites) ** 2  # complex matrices of all waves, a few at a time
    return _Relaxation(
        calls=calls, seconds=calls * work.seconds(), memory=PROCESS_MEMORY + work.memory() + waves
    )


def _departed(resolved: ResolvedProblem) -> _Relaxation:
    """What the tier computes in a supercell for the vibrations of each composition."""
    from engine.tiers.registry import TIERS

    if not vibrating(resolved.problem):
        return _NOTHING
    return _in_supercell(
        resolved, TIERS[resolved.problem.potential.tier].vibration_work(resolved.crystal), matrices=3
    )


def _supercell(resolved: ResolvedProblem) -> _Relaxation:
    """What the tier computes in a supercell for each composition."""
    from engine.tiers.registry import TIERS  # extensions are opened there, and may import kinds that estimate

    crystal = resolved.crystal
    return _in_supercell(
        resolved, TIERS[resolved.problem.potential.tier].supercell_work(crystal, coordinate_count(crystal))
    )


def _in_supercell(resolved: ResolvedProblem, wanted: SupercellWork | None, matrices: int = 0) -> _Relaxation:
    """What work in a supercell costs, which holds so many complex matrices of all its displacements at a time."""
    if wanted is None:
        return _NOTHING
    crystal = resolved.crystal
    work = work_of(crystal, resolved, wanted.cells)
    return _Relaxation(
        calls=wanted.calls,
        seconds=wanted.calls * work.seconds(),
        memory=PROCESS_MEMORY + work.memory() + matrices * 16 * (3 * wanted.cells * crystal.n_sites) ** 2,
    )


def _relaxation(
    crystal: AlchemicalCrystal, resolved: ResolvedProblem, members: int, directions: int
) -> _Relaxation:
    """Cost of one composition with its response along directions; the memory is that of a batch of end members."""
    work = work_of(crystal, resolved)
    coordinates = coordinate_count(crystal)
    steps, rows = min(_MOST_STEPS, round(_STEPS + _STEPS_PER_COORDINATE * coordinates)), coordinates
    if coordinates > _WHOLE_HESSIAN_UP_TO:
        steps = _STEPS_BY_SPRINGS
    if coordinates > max(_WHOLE_HESSIAN_UP_TO, _PRODUCTS_PER_DIRECTION * directions):
        rows = _PRODUCTS * directions or _PRODUCTS_OF_STEP
    together = min(members, batch_size(crystal))
    return _Relaxation(
        calls=steps + CALLS_PER_ROW * rows,
        seconds=steps * work.seconds() + rows * work.seconds(second_derivatives=True),
        memory=PROCESS_MEMORY + work.memory(together, second_derivatives=True),
    )


def work_of(crystal: AlchemicalCrystal, resolved: ResolvedProblem, cells: int = 1) -> Work:
    """What one call for so many cells has to do; where senders are mixed first, copies of a site share their edges."""
    potential, mixing = resolved.potential, resolved.problem.potential.mixing
    edges = cells * estimate_edges(crystal.n_sites, crystal.volume, potential.cutoff)
    by_element = potential.size is not None and potential.size.by_element
    of_copies = not FAMILIES[potential.family].by_nodes
    premixed = of_copies or (mixing == "mean_field" and not by_element)
    if mixing == "paired" or not premixed:
        edges = math.ceil(edges * _messages_per_edge(crystal, mixing, premixed=premixed))
    if of_copies:
        return Work(potential, resolved.problem.potential.dtype, edges, cells * crystal.n_copies, None)
    nodes = cells * (crystal.n_sites if premixed else crystal.n_copies)
    links = nodes * nodes * (2 if mixing == "paired" else 1)
    links = links if cells == 1 else min(links, edges)  # images of a pair in a small cell are one link
    return Work(potential, resolved.problem.potential.dtype, edges, nodes, links)


def _messages_per_edge(crystal: AlchemicalCrystal, mixing: str, *, premixed: bool) -> float:
    """How many messages an edge carries, the average over edges.

    One where senders are mixed first, else one for each pair of elements; under paired mixing within a sublattice one
    for each element. A neighbour is taken to be in a sublattice as often as its share of the sites says.
    """
    counts = np.array([len(copies) for copies in crystal.site_copies], dtype=float)
    total = 1.0 if premixed else float(counts.mean()) ** 2
    if mixing != "paired":
        return total
    for sublattice in crystal.sublattices:
        within = (len(sublattice.sites) / crystal.n_sites) ** 2
        n = counts[sublattice.sites[0]]
        total += within * (n - (1.0 if premixed else n**2))
    return total
