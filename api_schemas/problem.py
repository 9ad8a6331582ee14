"""The problem file: what a user asks for, field by field as in docs/problem-file.md."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError

from api_schemas import extensions, kinds, tiers
from api_schemas.base import Fraction, Identifier, Model, Name, Number, Positive, Scale, SiteIndex, Title
from api_schemas.elements import Element, ElementOrVacancy
from api_schemas.errors import parse
from api_schemas.files import read_file, read_text
from api_schemas.kinds import KINDS
from api_schemas.strategies import STRATEGIES
from api_schemas.structures import Structure
from api_schemas.tiers import TIERS

extensions.load("schema")


def _error(kind: str, text: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{text}", {"text": text})


def _among(what: str, known: Callable[[], tuple[str, ...]]) -> tuple[AfterValidator, WithJsonSchema]:
    """A name out of a registry, to which extensions may add."""

    def check(name: str) -> str:
        if name in known():
            return name
        near = difflib.get_close_matches(name[:60].lower(), known(), n=1)
        hint = f"did you mean {near[0]}?" if near else f"write one of {', '.join(known())}"
        raise _error("unknown-choice", f"there is no such {what}; {hint}")

    return AfterValidator(check), WithJsonSchema({"type": "string", "enum": list(known())})


Kind = Annotated[str, *_among("kind", lambda: (*KINDS.names, *kinds.PROMISED))]
Tier = Annotated[str, *_among("tier", lambda: (*TIERS.names, *tiers.PROMISED))]
StrategyName = Annotated[str, *_among("strategy", lambda: STRATEGIES.names)]
Bounded = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e9, le=1e9)]
Column = Annotated[str, Field(max_length=100, pattern=r"^[^:]+:[^:]+$")]
Site = Annotated[
    Annotated[SiteIndex, Tag("<index>")]
    | Annotated[str, Field(min_length=1, max_length=20), Tag("<element>")],
    Discriminator(lambda value: "<element>" if isinstance(value, str) else "<index>"),
]


def _in_order(bounds: list[float]) -> list[float]:
    low, high = bounds
    if low > high:
        raise _error("bad-bounds", f"lower bound {low:g} exceeds upper bound {high:g}; swap them")
    return bounds


Bounds = Annotated[list[Fraction], Field(min_length=2, max_length=2), AfterValidator(_in_order)]
"""Least and largest fraction of an element."""


def _list_or_mapping(schema: JsonDict) -> None:
    """Let the published schema accept the list of symbols that a validator turns into a mapping."""
    mapping = dict(schema)
    described: JsonDict = {key: mapping.pop(key) for key in ("title", "description") if key in mapping}
    symbols: JsonDict = {"type": "array", "items": {"type": "string"}, "minItems": 1, "maxItems": 20}
    schema.clear()
    schema.update(described)
    schema["anyOf"] = [mapping, symbols]


class Sublattice(Model):
    """Sites of the parent that share one composition, and the elements they may hold."""

    name: Identifier = Field(description="Name used in compositions, e.g. cation.")
    sites: list[Site] = Field(
        min_length=1,
        max_length=1000,
        description="Element symbols of the parent, or 0-based site indices in input order.",
    )
    elements: dict[ElementOrVacancy, Bounds] = Field(
        min_length=1,
        max_length=20,
        description="Allowed elements with the bounds of their fractions; a list of symbols means [0, 1] each.",
        json_schema_extra=_list_or_mapping,
    )

    @field_validator("elements", mode="before")
    @classmethod
    def _list_means_unit_bounds(cls, value: object) -> object:
        if isinstance(value, list) and all(isinstance(symbol, str) for symbol in value):
            duplicates = sorted({symbol for symbol in value if value.count(symbol) > 1})
            if duplicates:
                raise _error(
                    "duplicate-element", f"{', '.join(duplicates)} named twice; name each element once"
                )
            return {symbol: [0.0, 1.0] for symbol in value}
        return value

    @field_validator("elements")
    @classmethod
    def _bounds_make_sense(cls, value: dict[str, list[float]]) -> dict[str, list[float]]:
        low_sum = sum(low for low, _ in value.values())
        high_sum = sum(high for _, high in value.values())
        if low_sum > 1 + 1e-9:
            raise _error(
                "bad-bounds", f"the lower bounds add up to {low_sum:g}, more than 1; lower some of them"
            )
        if high_sum < 1 - 1e-9:
            raise _error(
                "bad-bounds", f"the upper bounds add up to {high_sum:g}, less than 1; raise some of them"
            )
        return value


CompositionInput = Annotated[
    dict[
        Annotated[str, Field(max_length=64)],
        Annotated[dict[Annotated[str, Field(max_length=20)], Fraction], Field(max_length=20)],
    ],
    Field(max_length=20),
]
"""A composition as users write it: sublattice -> element -> fraction."""


class LinearConstraint(Model):
    """``min <= sum of coefficient * fraction <= max`` over terms named ``sublattice:element``."""

    terms: dict[Column, Bounded] = Field(
        min_length=1, max_length=200, description="Coefficient of each fraction, by sublattice:element."
    )
    min: Bounded | None = Field(None, description="Least value of the sum.")
    max: Bounded | None = Field(None, description="Largest value of the sum.")

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        _check_range(self.min, self.max)
        return self


class PropertyConstraint(Model):
    """A bound on a computed property."""

    property: Name = Field(description="Name of a property, e.g. formation_energy.")
    min: Bounded | None = Field(None, description="Least value, in the property's unit.")
    max: Bounded | None = Field(None, description="Largest value, in the property's unit.")

    @model_validator(mode="after")
    def _has_a_range(self) -> Self:
        _check_range(self.min, self.max)
        return self


def _check_range(low: float | None, high: float | None) -> None:
    """Refuse a constraint without min and max, or with min above max."""
    if low is None and high is None:
        raise _error("bad-constraint", "give min, max or both")
    if low is not None and high is not None and low > high:
        raise _error("bad-constraint", f"min {low:g} exceeds max {high:g}; swap them")


class SupercellSites(Model):
    """A sublattice of an explicit supercell: its fractions are whole numbers of atoms over its sites."""

    sites: Annotated[int, Field(strict=True, ge=2, le=1_000_000)] = Field(
        description="Sites of the sublattice in the supercell."
    )


Step = Annotated[Positive, Field(le=0.5)]
StepOrSites = Annotated[
    Annotated[Step, Tag("<step>")] | Annotated[SupercellSites, Tag("<supercell>")],
    Discriminator(lambda value: "<supercell>" if isinstance(value, (dict, SupercellSites)) else "<step>"),
]
Resolution = Annotated[
    Annotated[Step, Tag("<step>")]
    | Annotated[dict[Identifier, StepOrSites], Field(min_length=1, max_length=20), Tag("<sublattices>")],
    Discriminator(lambda value: "<sublattices>" if isinstance(value, dict) else "<step>"),
]


class Constraints(Model):
    """Restrictions of the composition beyond the bounds of each element."""

    charge_neutrality: dict[Element, Bounded] | None = Field(
        None, max_length=120, description="Oxidation state by element; the cell's charge must be zero."
    )
    linear: list[LinearConstraint] = Field(
        default=[], max_length=100, description="Linear inequalities over the fractions of all sublattices."
    )
    min_if_present: dict[Column, Fraction] = Field(
        default={}, max_length=200, description="Least fraction of an element that is there at all."
    )
    max_elements: dict[Identifier, Annotated[int, Field(strict=True, ge=1, le=20)]] = Field(
        default={}, max_length=20, description="Most elements present at a time, by sublattice."
    )
    properties: list[PropertyConstraint] = Field(
        default=[], max_length=20, description="Bounds on computed properties."
    )
    resolution: Resolution | None = Field(
        None,
        description="Step in which the answer can be made, to which it is rounded; or by sublattice a step or "
        "{sites: N}, what a supercell with N sites of the sublattice can hold.",
    )


class SameAs(Model):
    """A target taken from another crystal, computed with the same potential."""

    same_as: Structure = Field(description="The crystal whose value of the property is the target.")


Target = Annotated[
    Annotated[Bounded, Tag("<number>")] | Annotated[SameAs, Tag("<crystal>")],
    Discriminator(lambda value: "<crystal>" if isinstance(value, (dict, SameAs)) else "<number>"),
]


class Objective(Model):
    """One objective: reach a target within a tolerance, or minimize or maximize."""

    property: Name = Field(description="Name of a property, e.g. lattice_a.")
    target: Target | None = Field(
        None, description="A number in the property's unit, or {same_as: structure}."
    )
    tolerance: Scale | None = Field(None, description="Half width of the accepted band around the target.")
    goal: Literal["minimize", "maximize"] | None = Field(
        None, description="Instead of a target: make the property as small or as large as possible."
    )
    scale: Scale | None = Field(None, description="Change of the property that counts as one unit of loss.")
    weight: Scale | None = Field(
        None, description="Weight in the summed loss, 1 where there is one objective."
    )

    @model_validator(mode="after")
    def _target_or_goal(self) -> Self:
        if (self.target is None) == (self.goal is None):
            raise _error("bad-objective", "give either target (with tolerance) or goal: minimize or maximize")
        if self.target is not None and self.tolerance is None:
            raise _error(
                "bad-objective", "a target needs a tolerance in the property's unit, e.g. tolerance: 0.002"
            )
        if self.target is None and self.tolerance is not None:
            raise _error("bad-objective", "tolerance goes with a target; a goal takes scale")
        if self.target is not None and self.scale is not None:
            raise _error("bad-objective", "scale goes with a goal; a target takes tolerance")
        return self


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


class Substrate(Model):
    """What a film is to fit on: a length in its plane, as a number or as that of another crystal."""

    value: Positive | None = Field(None, le=1000.0, description="Å")
    same_as: Structure | None = Field(
        None, description="The substrate's crystal, relaxed with the same potential."
    )
    direction: Annotated[
        list[Annotated[int, Field(strict=True, ge=-9, le=9)]], Field(min_length=3, max_length=3)
    ] = Field(
        default=[1, 0, 0],
        description="Lattice direction [u, v, w] of the conventional cell, in the chosen plane: its length is compared",
    )

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if (self.value is None) == (self.same_as is None):
            raise _error("bad-substrate", "give either value (a length in Å) or same_as (a crystal)")
        if not any(self.direction):
            raise _error(
                "bad-substrate", "direction [0, 0, 0] has no length; give one in the plane, e.g. [1, 0, 0]"
            )
        return self


class Conditions(Model):
    """Temperature (K), hydrostatic pressure (GPa), and what the crystal is compared with."""

    temperature: Number = Field(300.0, ge=0.0, le=100_000.0, description="K")
    pressure: Number = Field(0.0, ge=-100.0, le=1000.0, description="GPa; positive compresses.")
    chemical_potentials: dict[Element, Annotated[Number, Field(ge=-1e5, le=1e5)]] = Field(
        default={},
        max_length=120,
        description="eV/atom, for formation_energy; elements left out refer to their elemental phases.",
    )
    substrate: Substrate | None = Field(None, description="For substrate_mismatch.")
    element_prices: dict[Element, Annotated[Number, Field(ge=0.0, le=1e12)]] = Field(
        default={},
        max_length=120,
        description="USD/kg, for price_per_kg; elements left out have the price of the table.",
    )
    supply_risks: dict[Element, Annotated[Number, Field(ge=0.0, le=1e6)]] = Field(
        default={},
        max_length=120,
        description="For supply_risk, from 0 (none) to 1; elements left out have the value of the table.",
    )


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


class Scan(Model):
    """Grid of kind scan: every feasible point of the simplex lattice with this many points on an edge."""

    points_per_edge: Annotated[int, Field(strict=True, ge=2, le=1001)] = Field(
        11, description="Points between one element and another, both included: 11 gives steps of 0.1."
    )


class Verify(Model):
    """Explicit supercells of the answer."""

    supercells: Annotated[int, Field(strict=True, ge=1, le=20)] = Field(2, description="How many.")
    sites: Annotated[int, Field(strict=True, ge=2, le=256)] = Field(32, description="Sites of each.")


class Problem(Model):
    """What a user asks for: the body of ``POST /v1/jobs`` and the content of a problem file."""

    kind: Kind = Field("optimize", description=" ".join(f"{kind.name}: {kind.summary}" for kind in KINDS))
    name: Title = Field("unnamed", description="Shown in lists.")
    structure: Structure = Field(description="The parent crystal.")
    sublattices: list[Sublattice] = Field(
        default=[], max_length=20, description="Sites that are mixed; none leaves a plain crystal."
    )
    constraints: Constraints = Field(
        Constraints(), description="Restrictions of the composition beyond the bounds of the elements."
    )
    objectives: list[Objective] = Field(
        default=[], max_length=20, description="What is sought: one objective, or several with weights."
    )
    properties: list[Name] = Field(default=[], max_length=50, description="Wanted besides the objectives'.")
    potential: PotentialChoice = Field(PotentialChoice(), description="What computes energies.")
    conditions: Conditions = Field(Conditions(), description="Temperature and pressure.")
    strategy: Strategy = Field(Strategy(), description="How compositions are chosen, and how many.")
    at: list[CompositionInput] = Field(
        default=[],
        max_length=10_000,
        description="Compositions to evaluate (kind evaluate), or to start from (kind optimize).",
    )
    scan: Scan | None = Field(None, description="The grid of kind scan, or of strategy grid.")
    verify: Verify | None = Field(None, description="Explicit supercells of the answer.")

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [sublattice.name for sublattice in self.sublattices]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise _error("duplicate-sublattice", f"/sublattices: name {twice[0]!r} is used twice; rename one")
        searches = self.kind in KINDS and KINDS[self.kind].searches
        if searches and not self.objectives:
            raise _error("missing-objective", f"/objectives: kind {self.kind} needs at least one objective")
        if searches and not self.sublattices:
            text = f"/sublattices: kind {self.kind} needs a sublattice whose elements may vary"
            raise _error("missing-sublattice", text)
        weighted = [objective.weight is not None for objective in self.objectives]
        if any(weighted) and not all(weighted):
            raise _error(
                "bad-objective", "/objectives: give every objective a weight, or none (a Pareto front)"
            )
        return self

    @property
    def seeks_front(self) -> bool:
        """Whether several objectives without weights ask for a Pareto front."""
        return len(self.objectives) > 1 and all(one.weight is None for one in self.objectives)

    @classmethod
    def from_file(cls, path: str | Path) -> Problem:
        """Read a YAML or JSON problem file.

        Raises:
            api_schemas.errors.ProblemInvalid: naming the field and the mend.
            OSError: if the file cannot be read.
        """
        return parse(cls, read_file(Path(path)))

    @classmethod
    def from_text(cls, text: str, *, is_json: bool = False) -> Problem:
        """Read the text of a problem file, YAML or JSON.

        Raises:
            api_schemas.errors.ProblemInvalid: naming the field (or line) and the mend.
        """
        return parse(cls, read_text(text, is_json=is_json))

    def document(self) -> dict[str, Any]:
        """The normalised problem as a JSON-ready dictionary, without fields that were not given and have no default.

        A limit on evaluations that nobody set is left out too: to some kinds it means something else than its default.
        """
        found = self.model_dump(mode="json", exclude_none=True)
        if "max_evaluations" not in self.strategy.model_fields_set:
            del found["strategy"]["max_evaluations"]
        return found


def extend(fields: Mapping[str, type[Model]]) -> None:
    """Add the fields of a kind's own options to problems, each optional.

    Raises:
        ValueError: if there is a field of one of these names.
    """
    for name, model in fields.items():
        if name in Problem.model_fields:
            raise ValueError(f"problems have a field {name!r} already")
        Problem.model_fields[name] = FieldInfo(annotation=cast("Any", model | None), default=None)
    if fields:
        Problem.model_rebuild(force=True)


for _kind in KINDS:
    extend(_kind.options)
