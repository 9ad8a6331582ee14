"""Kinds of problems as their files are written: which fields each uses, and what is said of those it does not use.

From this table follow the check for unused fields, the JSON Schema, the forms of the dashboard (by ``GET /v1/kinds``)
and ``orichalcum new --kind``. What a kind computes is in engine.kinds.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from api_schemas import extensions
from api_schemas.registry import Registry

if TYPE_CHECKING:  # the command line lists the kinds in its help, which waits for no schema
    from api_schemas.base import Model
    from api_schemas.catalogue import KindInfo

_POTENTIAL = frozenset(f"potential.{name}" for name in ("name", "file", "head", "mixing", "tier", "dtype"))
_COMMON = _POTENTIAL | {"kind", "name", "structure", "sublattices", "properties", "conditions"}
_BUDGET = frozenset({"strategy.max_evaluations", "strategy.batch_size", "strategy.seed"})
_COMPOSITION = frozenset(
    f"constraints.{name}" for name in ("charge_neutrality", "linear", "min_if_present", "max_elements")
)


@dataclass(frozen=True)
class KindSchema:
    """How problems of a kind are written.

    Attributes:
        name: As in ``kind:``.
        summary: What it does, in one line.
        uses: Fields that it uses; a field of a part after a dot, a whole part by its own name.
        because: Why a field that it does not use is refused, by field, where there is more to say than its name.
        faults: Type of the fault that such a field is, by field, where it is another than ``unused-field``.
        options: Fields that it adds to a problem, by name.
        searches: Whether it needs objectives and something to vary, and ends when the objectives are met.
        listed: Whether its compositions are those of `at`.
        spends: Whether `strategy.max_evaluations` is a budget to spend; else it is a limit, for those who set it.
        counts: What its progress counts, in the plural.
        views: Names of the views of its answer.
        example: Lines of a problem file to start from that are this kind's own, with comments.
    """

    name: str
    summary: str
    uses: frozenset[str]
    because: Mapping[str, str] = field(default_factory=dict)
    faults: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, type[Model]] = field(default_factory=dict)
    searches: bool = False
    listed: bool = False
    spends: bool = False
    counts: str = "evaluations"
    views: tuple[str, ...] = ()
    example: str = ""

    def info(self) -> KindInfo:
        """The catalogue's entry."""
        from api_schemas.catalogue import KindInfo

        return KindInfo(
            name=self.name,
            summary=self.summary,
            fields=sorted(self.uses | set(self.options)),
            searches=self.searches,
            counts=self.counts,
            views=list(self.views),
        )

    def takes(self, path: str) -> bool:
        """Whether it uses a field, written with a dot before a field of a part; or a part whole, or some of it."""
        return (
            path in self.uses
            or path in self.options
            or path.partition(".")[0] in self.uses
            or any(used.startswith(f"{path}.") for used in self.uses)
        )

    def refusal(self, path: str) -> str:
        """Why a field that it does not use cannot stay, and the mend."""
        if path in self.because or path.partition(".")[0] in self.because:
            return self.because.get(path) or self.because[path.partition(".")[0]]
        others = [kind.name for kind in KINDS if kind.takes(path)]
        mend = f"; it goes with kind {' or '.join(others)}" if others else ""
        return f"kind {self.name} does not use {path}: remove it{mend}"


OPTIMIZE = KindSchema(
    name="optimize",
    summary="Search the composition that meets the objectives.",
    uses=_COMMON
    | _BUDGET
    | {"objectives", "constraints", "strategy", "at", "measured", "scan", "verify", "potential.also"},
    searches=True,
    spends=True,
    views=("answer", "composition", "convergence", "crystal", "front"),
    example="""\
strategy:
  max_evaluations: 20
  seed: 0
""",
)
SCAN = KindSchema(
    name="scan",
    summary="Evaluate every feasible composition of a grid.",
    uses=_COMMON | _BUDGET | _COMPOSITION | {"objectives", "strategy.name", "measured", "scan", "verify"},
    because={
        "at": "kind scan evaluates its own grid; remove at, or use kind evaluate",
        "constraints": "a scan visits a grid and has no answer to constrain; remove it, or use kind optimize with "
        "strategy grid",
    },
    views=("answer", "composition", "crystal"),
    example="""\
scan:
  points_per_edge: 6          # between one element and another, both included: steps of 0.2
""",
)
EVALUATE = KindSchema(
    name="evaluate",
    summary="Evaluate the compositions that are listed.",
    uses=_COMMON | _BUDGET | {"objectives", "at", "measured", "verify"},
    listed=True,
    because={
        "scan": "scan goes with kind scan or strategy grid, not with kind evaluate; remove it",
        "strategy": "kind evaluate takes no strategy; remove it",
        "constraints": "kind evaluate takes its compositions as they are given; remove the constraint, or use kind "
        "optimize",
    },
    views=("answer", "composition", "crystal"),
    example="""\
# The compositions; none is needed for a crystal without sublattices.
at:
  - {AT}
""",
)

ORDER = KindSchema(
    name="order",
    summary="Find the orderings of a crystal, and how random it is at a temperature.",
    uses=frozenset({"kind", "name", "structure", "sublattices", "at", "order", "strategy.seed"})
    | {f"potential.{name}" for name in ("name", "file", "head", "dtype")}
    | {"conditions.temperature", "conditions.pressure"}
    | _COMPOSITION,
    because={
        "objectives": "kind order seeks the lowest orderings and takes no objectives; remove them, or use kind "
        "optimize",
        "properties": "kind order answers energies; remove properties, or use kind evaluate for them",
        "verify": "kind order relaxes explicit supercells itself (order.random, order.relax); remove verify",
        "scan": "kind order takes its compositions from at, or all that small cells hold; remove scan",
        "potential.mixing": "paired mixing cannot describe decorations within a sublattice, whose sites hold different "
        "elements; remove mixing",
        "potential.tier": "kind order relaxes explicit decorations and gives every tier beside them; remove tier",
    },
    faults={"potential.mixing": "needs-mean-field"},
    counts="computations",
    views=("order",),
    example="""\
# The compositions; none: all that cells of the enumerated sizes hold (the convex hull).
at:
  - {AT}
order:
  enumerate: {sites: 8}       # all decorations of cells with up to so many mixed sites
  search: {sites: 32, seeds: 4}     # descent and swaps in a larger cell; null for none
  random: {sites: 32, cells: 4}     # explicit random decorations: the disordered state; null for none
  relax: 10                   # how many of the lowest are relaxed
  probability: {sites: 8}     # the cell of the ordering probability
conditions:
  temperature: 300            # K, of the ordering probability
""",
)

FREE_ENERGY = KindSchema(
    name="free_energy",
    summary="Compute free energies of crystals, or of a change of composition, with error bars.",
    uses=frozenset(
        {"kind", "name", "structure", "sublattices", "at", "free_energy", "strategy.seed"}
        | {f"potential.{name}" for name in ("name", "file", "head", "dtype", "mixing")}
    )
    | {"conditions.temperature", "conditions.pressure", "conditions.chemical_potentials"},
    because={
        "objectives": "kind free_energy computes and seeks nothing; remove objectives, or use kind optimize with "
        "mixing_free_energy",
        "properties": "kind free_energy answers free energies; remove properties, or use kind evaluate for them",
        "potential.tier": "kind free_energy moves the atoms of the crystal itself and takes no tier; remove tier",
        "verify": "kind free_energy computes in supercells itself (free_energy.atoms); remove verify",
        "scan": "kind free_energy takes its compositions from at, or from free_energy.from and to; remove scan",
    },
    counts="computations",
    views=("free_energy",),
    example="""\
# The crystals; none is needed for a crystal without sublattices.
at:
  - {AT}
free_energy:
  path: absolute              # or composition, with from: and to: instead of at
  temperatures: [300, 600]    # K
  atoms: 64                   # of the supercell, about
  accuracy: 0.001             # eV/atom: samples and runs are added until the standard error is below
  budget: {runs: 16, steps: 300}    # pairs of switching runs at most, and steps of a run
""",
)

KINDS: Registry[KindSchema] = Registry("kind", OPTIMIZE, SCAN, EVALUATE, ORDER, FREE_ENERGY)
"""Every kind that can be asked for."""

extensions.load("schema")
