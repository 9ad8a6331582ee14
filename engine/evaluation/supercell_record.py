"""From a relaxed decoration to the record that is stored and shown."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.evaluations import CrystalState, OccupiedSite
from api_schemas.supercells import ShortRangeOrder, SupercellRecord
from api_schemas.symbols import SYMBOLS
from engine.crystals.coordination import changed_coordination
from engine.crystals.holding import mixed_sublattices, sites_of
from engine.crystals.short_range_order import shells_of
from engine.evaluation.warnings import lost_members
from engine.mechanics.mean_strain import symmetric_strain
from engine.properties.gradients import RelaxedPoint, property_values
from engine.properties.table import PROPERTIES, vibrating, wanted_properties

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from api_schemas.cost import Cost
    from api_schemas.supercells import SupercellTask
    from engine.mechanics.coordinates import SymmetryCoordinates
    from engine.mechanics.preconditioned import State
    from engine.mechanics.response.decorated import Relaxation
    from engine.problem.resolved import ResolvedProblem
    from engine.references.shared_values import SharedValues

FARTHEST = 0.4
"""Å; an atom farther than this from its site has left the parent lattice."""
MOST_CHANGED = 0.05
"""Share of atoms with other neighbours than in the parent above which the crystal has left it."""


@dataclass(frozen=True, eq=False)
class Outcome:
    """A relaxed decoration.

    Attributes:
        x: Composition that the supercell holds, [n_columns].
        coordinates: Symmetry-adapted coordinates of the parent.
        relaxation: What was relaxed.
        state: Where it ended.
        shared: What all evaluations of the problem share.
        gained: By how much leaving the symmetry of its sites lowered its energy, eV; 0 where it kept that.
    """

    x: NDArray[np.float64]
    coordinates: SymmetryCoordinates
    relaxation: Relaxation
    state: State
    shared: SharedValues
    gained: float = 0.0


@dataclass(frozen=True)
class Departure:
    """How far a relaxed decoration is from its parent lattice.

    Attributes:
        displacement: Of the atom farthest from its site, the cell's strain and rigid translations aside, Å.
        changed: Share of the atoms whose neighbours are not those of the parent.
        followed: Whether the atoms were led away along soft modes, as octahedra that tilt: then they may be far from
            their sites while their neighbours stay.
    """

    displacement: float
    changed: float
    followed: bool = False

    @property
    def left(self) -> bool:
        """Whether atoms have left the sites of the parent."""
        return self.changed > MOST_CHANGED or (self.displacement > FARTHEST and not self.followed)


def supercell_record(
    resolved: ResolvedProblem, task: SupercellTask, outcome: Outcome, cost: Cost
) -> SupercellRecord:
    """The record of a relaxed decoration, with every property that the problem wants and that needs no curvature."""
    relaxation, state = outcome.relaxation, outcome.state
    usable = bool(np.isfinite(state.best_value))
    q, enthalpy = relaxation.corrected(state)
    values = _properties(resolved, outcome, q, enthalpy) if usable else {}
    departure = Departure(0.0, 0.0)
    if usable:
        departure = replace(departure_of(relaxation, q), followed=outcome.gained > 0.0)
    crystal, supercell = resolved.crystal, relaxation.host.supercell
    said = list(_said(resolved, task, outcome, departure, usable=usable))
    return SupercellRecord(
        index=task.index,
        cost=cost,
        evaluation=task.evaluation,
        after=task.after,
        decoration=task.decoration,
        composition=resolved.space.to_composition(outcome.x),
        matrix=supercell.matrix.tolist(),
        sites={
            crystal.sublattices[number].name: len(sites_of(crystal, supercell, number))
            for number in mixed_sublattices(crystal)
        },
        properties=values,
        energy_per_atom=values.get("energy"),
        converged=state.finished,
        left_parent=departure.left,
        largest_displacement=departure.displacement,
        changed_coordination=departure.changed,
        warren_cowley=list(_short_range_order(resolved, relaxation)),
        structure=_structure(relaxation, q) if usable else None,
        message="; ".join(said) or None,
    )


def departure_of(relaxation: Relaxation, q: NDArray[np.float64]) -> Departure:
    """How far the atoms at coordinates q [6 + 3 n_atoms] are from the sites of the mean-field crystal."""
    moved = relaxation.positions(q) - relaxation.sites
    moved = (moved - moved.mean(axis=0)) @ (np.eye(3) + relaxation.strain(q)).T
    changed = changed_coordination(relaxation.lattice, relaxation.sites, *relaxation.deformed(q))
    return Departure(float(np.linalg.norm(moved, axis=1).max()), changed)


def _properties(
    resolved: ResolvedProblem, outcome: Outcome, q: NDArray[np.float64], enthalpy: float
) -> dict[str, float]:
    """Values by name, none of vibrations; the cell is that of the symmetric strain nearest to the relaxed one."""
    host, coordinates, shared = outcome.relaxation.host, outcome.coordinates, outcome.shared
    deformation = (np.eye(3) + outcome.relaxation.strain(q)) @ (np.eye(3) + coordinates.strain(host.q))
    mean = np.array(host.q)
    mean[: coordinates.n_strain] = symmetric_strain(coordinates, deformation)
    point = RelaxedPoint(
        q=mean,
        x=outcome.x,
        enthalpy=enthalpy / host.supercell.n_cells,
        dq_dx=None,
        dh_dx=np.zeros(len(outcome.x)),
        surroundings=shared.surroundings,
    )
    ends, vibrate = shared.ends, vibrating(resolved.problem)
    names = [
        name
        for name in wanted_properties(resolved.problem)
        if not PROPERTIES[name].needs_curvature
        and not PROPERTIES[name].needs_force_constants
        and name not in vibrate
        and (ends or not PROPERTIES[name].needs_mixture)
    ]
    found = property_values(names, resolved.crystal, coordinates, point, ends)
    return {name: value.value for name, value in found.items()}


def _short_range_order(resolved: ResolvedProblem, relaxation: Relaxation) -> Iterator[ShortRangeOrder]:
    """Warren-Cowley parameters of every two elements that are there."""
    crystal, host = resolved.crystal, relaxation.host
    positions = host.supercell.positions(host.lattice, host.positions)
    for number in mixed_sublattices(crystal):
        sublattice, part = crystal.sublattices[number], crystal.column_slices[number]
        sites = sites_of(crystal, host.supercell, number)
        columns = relaxation.decoration.columns[sites] - part.start
        there = [k for k in range(len(sublattice.elements)) if k in columns]
        if len(there) < 2:
            continue
        shells = shells_of(relaxation.lattice, positions[sites])
        values = shells.warren_cowley(columns, len(sublattice.elements))
        for shell, distance in enumerate(shells.distances):
            for i, a in enumerate(there):
                for b in there[i + 1 :]:
                    yield ShortRangeOrder(
                        sublattice=sublattice.name,
                        elements=[sublattice.elements[a], sublattice.elements[b]],
                        shell=shell + 1,
                        distance=float(distance),
                        value=float(values[shell, a, b]),
                    )


def _structure(relaxation: Relaxation, q: NDArray[np.float64]) -> CrystalState:
    """The relaxed crystal: one element a site, empty sites left out."""
    lattice, positions = relaxation.deformed(q)
    species = relaxation.decoration.species[relaxation.atoms]
    return CrystalState(
        lattice=lattice.tolist(),
        sites=[
            OccupiedSite(species={SYMBOLS[number]: 1.0}, frac=frac)
            for number, frac in zip(species, (positions @ np.linalg.inv(lattice)).tolist(), strict=True)
        ],
    )


def _said(
    resolved: ResolvedProblem, task: SupercellTask, outcome: Outcome, departure: Departure, *, usable: bool
) -> Iterator[str]:
    """What to be careful about, in words."""
    state, relaxation = outcome.state, outcome.relaxation
    asked = resolved.space.to_vector(task.composition)
    if np.abs(outcome.x - asked).max(initial=0.0) > 5e-4:
        listed = ", ".join(
            f"{column} {value:.4g}"
            for column, value in zip(resolved.space.columns, outcome.x, strict=True)
            if value > 0.0
        )
        yield f"the sites of the supercell hold {listed}"
    if not usable:
        yield "the potential gave no energy for it"
        return
    if departure.left:
        yield (
            f"the crystal left the parent lattice: an atom is {departure.displacement:.2f} Å from its site, and "
            f"{departure.changed:.0%} of the atoms have other neighbours; the mean-field crystal cannot follow"
        )
    soft = relaxation.host.constants.soft
    if outcome.gained > 0.0:
        gain = 1000 * outcome.gained / len(relaxation.atoms)
        yield f"it left the symmetry of its sites along soft modes, which gained {gain:.3g} meV/atom"
    elif soft:
        yield (
            f"{soft} soft {'mode' if soft == 1 else 'modes'} of the mean-field crystal: it may want to leave its "
            "lattice"
        )
    if not state.finished:
        force, stress = relaxation.residual(state.best_q, state.best_gradient)
        why = "no step leads further down" if state.stuck else f"given up after {state.evaluations} calls"
        yield (
            f"the relaxation did not converge ({why}): residual force {force:.2g} eV/Å, stress {stress:.2g} eV/Å^3"
        )
    lost = sum(not member.converged for member in outcome.shared.members)
    if lost:
        yield lost_members(lost, len(outcome.shared.members))
