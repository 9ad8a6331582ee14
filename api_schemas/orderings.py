"""What kind order answers: orderings and their hull, the disordered state, and how probable the ordered one is."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from api_schemas.base import Composition, Output
from api_schemas.evaluations import CrystalState

FoundBy = Literal["enumeration", "search"]


class Ordering(Output):
    """One ordered crystal, relaxed."""

    composition: Composition
    energy_per_atom: float = Field(description="eV/atom, relaxed.")
    mixing_energy: float | None = Field(
        description="eV/atom, against the relaxed end members; null where one of them did not converge."
    )
    above_lowest: float = Field(description="eV/atom above the lowest ordering of the same composition.")
    above_hull: float | None = Field(
        description="eV/atom above the convex hull of the end members and every ordering; null where orderings of one "
        "composition only were looked at."
    )
    unrelaxed_energy: float | None = Field(
        description="eV/atom, as it stands in the mean-field crystal; null where that was not computed."
    )
    name: str | None = Field(
        description="Of a known structure, such as L1_0; null where it is none of those."
    )
    space_group: str = Field(description="Of the relaxed crystal, international symbol and number.")
    ideal_space_group: str = Field(description="Of the decoration on the sites of the parent.")
    degeneracy: int = Field(
        description="How many decorations are the same by symmetry: of all that the parent has, or, of one named "
        "supercell, of those that it holds."
    )
    supercell: list[list[int]] = Field(description="Its vectors in units of the parent's, as rows.")
    sites: int = Field(description="Mixed sites in the supercell.")
    found_by: list[FoundBy]
    converged: bool
    left_parent: bool = Field(description="Whether atoms have left the sites of the parent lattice.")
    largest_displacement: float = Field(description="Å, from the sites of the mean-field crystal.")
    potential_calls: int
    structure: CrystalState | None
    message: str | None = None


class Rung(Output):
    """One inequivalent decoration on the ladder of energies, relaxed or not."""

    composition: Composition
    unrelaxed_energy: float | None = Field(description="eV/atom.")
    energy_per_atom: float | None = Field(description="eV/atom, relaxed; null where it was not relaxed.")
    degeneracy: int
    name: str | None


class HullPoint(Output):
    """A corner of the convex hull: an end member or an ordering that no mixture of others betters."""

    composition: Composition
    mixing_energy: float = Field(description="eV/atom.")
    ordering: int | None = Field(description="Which of the orderings, from 0; null for an end member.")
    name: str | None


class ExplicitMean(Output):
    """The disordered state by explicit decorations, relaxed."""

    energy_per_atom: float = Field(description="eV/atom, mean.")
    mixing_energy: float | None = Field(description="eV/atom.")
    standard_error: float | None = Field(
        description="eV/atom, of the mean; zero where all decorations of a cell were taken, null for a single one."
    )
    decorations: int = Field(description="How many were relaxed.")
    sites: int = Field(description="Mixed sites of the cell.")


class DisorderedState(Output):
    """The energy of the random crystal, by each way to compute it."""

    composition: Composition
    random: ExplicitMean | None = Field(
        description="Decorations drawn at random, relaxed; null where none were asked for."
    )
    whole_cell: ExplicitMean | None = Field(
        description="All decorations of the supercell of the ordering probability, each as often as it occurs; null "
        "until all are known, and where one has no energy."
    )
    fluctuation: float | None = Field(
        description="eV/atom, mixing energy of the tier; null where it has none."
    )
    mean_field: float | None = Field(description="eV/atom, mixing energy of the uniform crystal.")
    ordering_energy: float | None = Field(
        description="eV/atom, how far the lowest ordering lies below the explicit disordered state."
    )
    warnings: list[str] = []


class Level(Output):
    """One set of equivalent decorations of the supercell of the ordering probability."""

    energy: float = Field(description="eV per supercell, above the lowest.")
    degeneracy: int
    probability: float
    name: str | None
    relaxed: bool = Field(description="Whether its relaxation converged.")
    left_parent: bool = Field(
        default=False, description="Whether atoms have left the sites of the parent lattice."
    )


class OrderingProbability(Output):
    """How probable the ordered state of one supercell is among all its decorations at a temperature."""

    composition: Composition
    temperature: float = Field(description="K.")
    probability: float = Field(
        description="Of the decorations that are the lowest ordering, in any orientation."
    )
    entropy: float = Field(description="k_B per mixed site, configurational.")
    ideal_entropy: float = Field(
        description="k_B per mixed site, of decorations of equal energy in this cell."
    )
    name: str | None = Field(description="Of the ordered state.")
    supercell: list[list[int]]
    sites: int
    decorations: int = Field(description="All decorations of the supercell at the composition.")
    levels: list[Level]
    temperatures: list[float] = Field(description="K, of the curves below.")
    probabilities: list[float]
    entropies: list[float] = Field(description="k_B per mixed site.")


class CompositionOrder(Output):
    """What was looked at for one composition, and the short of it."""

    composition: Composition
    enumerated: int = Field(description="Inequivalent decorations whose energy was computed.")
    relaxed: int
    lowest: int | None = Field(description="Which of the orderings is the lowest, from 0.")
    text: str = Field(description="The answer in a sentence.")


class OrderAnswer(Output):
    """The answer of kind order."""

    orderings: list[Ordering] = []
    compositions: list[CompositionOrder] = []
    hull: list[HullPoint] | None = Field(
        None, description="Null where orderings of one composition only were looked at."
    )
    ladder: list[Rung] = []
    ladder_left_out: int = Field(
        0, description="Decorations that were ranked, too, and are not on the ladder."
    )
    disordered: list[DisorderedState] = []
    ordering_probability: list[OrderingProbability] = []
