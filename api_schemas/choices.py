"""What a problem chooses by name: its kind, its potential with tier and mixing, its strategy; and their settings."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import Annotated, Literal

from pydantic import (
    AfterValidator,
    Field,
    WithJsonSchema,
)

from api_schemas import tiers
from api_schemas.base import (
    Model,
    Name,
    refusal,
)
from api_schemas.kinds import KINDS
from api_schemas.strategies import STRATEGIES
from api_schemas.sublattices import CompositionInput
from api_schemas.tiers import TIERS


def _among(what: str, known: Callable[[], tuple[str, ...]]) -> tuple[AfterValidator, WithJsonSchema]:
    """A name out of a registry, to which extensions may add."""

    def check(name: str) -> str:
        if name in known():
            return name
        near = difflib.get_close_matches(name[:60].lower(), known(), n=1)
        hint = f"did you mean {near[0]}?" if near else f"write one of {', '.join(known())}"
        raise refusal("unknown-choice", f"there is no such {what}; {hint}")

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(known())})


Kind = Annotated[str, *_among("kind", lambda: KINDS.names)]
Tier = Annotated[str, *_among("tier", lambda: (*TIERS.names, *tiers.PROMISED))]
StrategyName = Annotated[str, *_among("strategy", lambda: STRATEGIES.names)]


MOST_OTHERS = 5
"""Other potentials with which an answer may be evaluated."""


class OtherPotential(Model):
    """A potential with which the answer is evaluated, too: mixing and tier are those of the problem's own."""

    name: Name = Field(description="Name of a potential; mace for a model file.")
    file: Annotated[str, Field(min_length=1, max_length=1000)] | None = Field(
        None, description="With name mace: a model file of mace-torch. Only for run on one's own machine."
    )
    head: Name | None = Field(None, description="Which head of a MACE model that has several.")
    dtype: Literal["float64", "float32"] | None = Field(
        None, description="Precision; by default that of the problem's own potential."
    )


class PotentialChoice(Model):
    """Which potential computes energies, and how species are mixed."""

    name: Name = Field("sevennet-l3i5", description="Name of a potential; mace for a model file.")
    file: Annotated[str, Field(min_length=1, max_length=1000)] | None = Field(
        None,
        description="With name mace: a model file of mace-torch. Only for run and evaluate on one's own machine.",
    )
    head: Name | None = Field(None, description="Which head of a MACE model that has several.")
    mixing: Literal["mean_field", "paired"] = Field(
        "mean_field", description="How an atom receives from the candidates on a neighbouring site."
    )
    tier: Tier = Field("mean_field", description="How accurately mixed crystals are computed.")
    dtype: Literal["float64", "float32"] = Field("float64", description="Precision of the computation.")
    also: list[OtherPotential] = Field(
        default=[],
        max_length=MOST_OTHERS,
        description="Other potentials: the answer is evaluated with each, and which composition each would choose.",
    )

    def other(self, number: int) -> PotentialChoice:
        """One of the other potentials as the choice of a problem, with the mixing and the tier of this one."""
        one = self.also[number]
        return PotentialChoice(
            name=one.name,
            file=one.file,
            head=one.head,
            dtype=one.dtype or self.dtype,
            mixing=self.mixing,
            tier=self.tier,
        )


SUPERCELLS = "supercells"
"""The fidelity that seeks the properties of explicit supercells."""


class Strategy(Model):
    """How compositions are chosen, and how many may be evaluated."""

    name: StrategyName = Field("auto", description="How compositions are chosen; auto picks for the problem.")
    max_evaluations: Annotated[int, Field(strict=True, ge=1, le=100_000)] = Field(
        40, description="Most compositions that may be evaluated."
    )
    batch_size: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = Field(
        None, description="Compositions suggested at a time; by default as many as the strategy has use for."
    )
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)] = Field(
        0, description="Seed of everything random: the same seed gives the same search."
    )
    prefer: Literal["centre", "mixing_energy", "first"] = Field(
        "centre",
        description="Which of many compositions that meet all targets is the answer: the nearest to the centre of what "
        "is allowed (or to the first of at), that of least mixing energy, or the first that was found.",
    )
    fidelity: Literal["alchemical", "supercells"] = Field(
        "alchemical",
        description="Whose properties are sought: those of the alchemical crystal, or those of explicit supercells, of "
        "which a search then computes as few as it can; verify says how many of a composition, and how large.",
    )


class Scan(Model):
    """Grid of kind scan: every feasible point of the simplex lattice with this many points on an edge."""

    points_per_edge: Annotated[int, Field(strict=True, ge=2, le=1001)] = Field(
        11, description="Points between one element and another, both included: 11 gives steps of 0.1."
    )


MOST_SUPERCELL_SITES = 256
"""Mixed sites of an explicit supercell."""


class Verify(Model):
    """Explicit supercells of the answer, of each member of a front, and of the compositions of a list or a grid."""

    supercells: Annotated[int, Field(strict=True, ge=1, le=20)] = Field(
        2, description="How many decorations of each composition are relaxed."
    )
    sites: Annotated[int, Field(strict=True, ge=2, le=MOST_SUPERCELL_SITES)] = Field(
        32, description="Mixed sites of each, about: those of a whole number of parent cells."
    )


MOST_EVALUATED = 100
"""Compositions that are evaluated for a job at a time."""


class EvaluateAt(Model):
    """Compositions that are to be evaluated as a job does, beside it."""

    at: Annotated[list[CompositionInput], Field(min_length=1, max_length=MOST_EVALUATED)] = Field(
        description="Fractions by sublattice and element."
    )
