"""The problem file: what a user asks for (contract: kinds, structure, sublattices, objectives, ...)."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator
from pydantic_core import PydanticCustomError

from api_schemas.base import Fraction, Identifier, Model, Name, Number, Positive, SiteIndex
from api_schemas.elements import check_element
from api_schemas.structures import Structure

Kind = Literal["optimize", "scan", "evaluate", "order", "free_energy"]
StrategyName = Literal["auto", "gradient", "bayesian", "hybrid", "grid", "random"]
Bounds = Annotated[list[Fraction], Field(min_length=2, max_length=2)]
Site = Annotated[
    Annotated[SiteIndex, Tag("<index>")]
    | Annotated[str, Field(min_length=1, max_length=20), Tag("<element>")],
    Discriminator(lambda value: "<element>" if isinstance(value, str) else "<index>"),
]


def _error(kind: str, text: str) -> PydanticCustomError:
    return PydanticCustomError(kind, "{text}", {"text": text})


class Sublattice(Model):
    """Sites of the parent that share one composition, and the elements they may hold."""

    name: Identifier = Field(description="Name used in compositions, e.g. cation.")
    sites: list[Site] = Field(
        min_length=1,
        max_length=1000,
        description="Element symbols of the parent, or 0-based site indices in input order.",
    )
    elements: dict[str, Bounds] = Field(
        min_length=1,
        max_length=20,
        description="Allowed elements with the bounds of their fractions; a list of symbols means [0, 1] each.",
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
        for symbol, (low, high) in value.items():
            check_element(symbol, vacancy_allowed=True)
            if low > high:
                raise _error(
                    "bad-bounds", f"{symbol}: lower bound {low:g} exceeds upper bound {high:g}; swap them"
                )
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


class LinearConstraint(Model):
    """``min <= sum of coefficient * fraction <= max`` over terms named ``sublattice:element``."""

    terms: dict[Annotated[str, Field(max_length=100)], Number] = Field(min_length=1, max_length=200)
    min: Number | None = None
    max: Number | None = None


class PropertyConstraint(Model):
    """A bound on a computed property."""

    property: Name
    min: Number | None = None
    max: Number | None = None


class Constraints(Model):
    """Restrictions of the composition beyond the bounds of each element."""

    charge_neutrality: dict[str, Number] | None = Field(
        None, max_length=100, description="Oxidation state by element."
    )
    linear: list[LinearConstraint] = Field(default=[], max_length=100)
    min_if_present: dict[str, Fraction] = Field(default={}, max_length=100)
    max_elements: dict[str, Annotated[int, Field(strict=True, ge=1, le=20)]] = Field(
        default={}, max_length=20
    )
    properties: list[PropertyConstraint] = Field(default=[], max_length=20)
    resolution: Positive | None = Field(None, le=0.5, description="Step in which the answer can be made.")


class SameAs(Model):
    """A target taken from another crystal, computed with the same potential."""

    same_as: Structure


Target = Annotated[
    Annotated[Number, Tag("<number>")] | Annotated[SameAs, Tag("<crystal>")],
    Discriminator(lambda value: "<crystal>" if isinstance(value, (dict, SameAs)) else "<number>"),
]


class Objective(Model):
    """One wish: reach a target within a tolerance, or minimize or maximize."""

    property: Name = Field(description="Name of a property, e.g. lattice_a.")
    target: Target | None = Field(
        None, description="A number in the property's unit, or {same_as: structure}."
    )
    tolerance: Positive | None = Field(None, description="Half width of the accepted band around the target.")
    goal: Literal["minimize", "maximize"] | None = None
    scale: Positive | None = Field(
        None, description="Change of the property that counts as one unit of loss."
    )
    weight: Positive | None = Field(
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

    name: Name = "sevennet-l3i5"
    mixing: Literal["mean_field", "paired"] = "mean_field"
    tier: Literal["mean_field", "single_site"] = "mean_field"
    dtype: Literal["float64", "float32"] = "float64"


class Conditions(Model):
    """Temperature (K) and hydrostatic pressure (GPa)."""

    temperature: Number = Field(300.0, ge=0.0, le=100_000.0, description="K")
    pressure: Number = Field(0.0, ge=-100.0, le=1000.0, description="GPa; positive compresses.")


class Strategy(Model):
    """How compositions are chosen, and how many may be evaluated."""

    name: StrategyName = "auto"
    max_evaluations: Annotated[int, Field(strict=True, ge=1, le=100_000)] = 40
    batch_size: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = Field(
        None, description="Compositions suggested at a time; by default as many as the strategy has use for."
    )
    seed: Annotated[int, Field(strict=True, ge=0, lt=2**32)] = 0


class Scan(Model):
    """Grid of kind scan: every feasible point of the simplex lattice with this many points on an edge."""

    points_per_edge: Annotated[int, Field(strict=True, ge=2, le=1001)] = 11


class Verify(Model):
    """Explicit supercells of the answer."""

    supercells: Annotated[int, Field(strict=True, ge=1, le=20)] = 2
    sites: Annotated[int, Field(strict=True, ge=2, le=256)] = 32


class Problem(Model):
    """What a user asks for: the body of ``POST /v1/jobs`` and the content of a problem file."""

    kind: Kind = "optimize"
    name: Name = "unnamed"
    structure: Structure
    sublattices: list[Sublattice] = Field(default=[], max_length=20)
    constraints: Constraints = Constraints()
    objectives: list[Objective] = Field(default=[], max_length=20)
    properties: list[Name] = Field(default=[], max_length=50, description="Wanted besides the objectives'.")
    potential: PotentialChoice = PotentialChoice()
    conditions: Conditions = Conditions()
    strategy: Strategy = Strategy()
    at: list[dict[str, dict[str, Fraction]]] = Field(
        default=[],
        max_length=10_000,
        description="Compositions to evaluate (kind evaluate), or to start from (kind optimize).",
    )
    scan: Scan | None = None
    verify: Verify | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [sublattice.name for sublattice in self.sublattices]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise _error("duplicate-sublattice", f"/sublattices: name {twice[0]!r} is used twice; rename one")
        if self.kind == "optimize" and not self.objectives:
            raise _error("missing-objective", "/objectives: kind optimize needs at least one objective")
        if self.kind == "optimize" and not self.sublattices:
            raise _error(
                "missing-sublattice", "/sublattices: kind optimize needs a sublattice whose elements may vary"
            )
        weighted = [objective.weight is not None for objective in self.objectives]
        if any(weighted) and not all(weighted):
            raise _error(
                "bad-objective", "/objectives: give every objective a weight, or none (a Pareto front)"
            )
        return self

    @classmethod
    def from_file(cls, path: str | Path) -> Problem:
        """Read a YAML or JSON problem file.

        Raises:
            api_schemas.errors.ProblemInvalid: naming the field and the mend.
            OSError: if the file cannot be read.
        """
        from api_schemas.files import read_problem_file

        return read_problem_file(Path(path))

    def document(self) -> dict[str, Any]:
        """The normalised problem as a JSON-ready dictionary, without fields that were not given and have no default."""
        return self.model_dump(mode="json", exclude_none=True)
