"""What can be asked for: potentials, prototypes, properties."""

from __future__ import annotations

from pydantic import Field

from api_schemas.base import Output


class PotentialInfo(Output):
    """A potential that can be named in a problem."""

    name: str
    family: str
    description: str
    licence: str
    citation: str
    cutoff: float = Field(description="Å")
    elements: list[str]
    dtypes: list[str]
    mixing: list[str]
    tiers: list[str] = Field([], description="How accurately it can compute mixed crystals.")
    sha256: str = Field(description="SHA-256 of the original checkpoint.")
    fetched: bool = Field(description="Whether the weights are in this machine's cache.")


class PrototypeInfo(Output):
    """A parent structure that can be named in a problem."""

    name: str
    description: str
    species: list[str] = Field(description="Roles of the species, in order, e.g. cation, anion.")
    example: list[str] = Field(description="Elements of a well-known compound of this structure.")
    parameters: list[str] = Field(description="Lattice constants that may be given.")
    sites: int = Field(description="Sites in the primitive cell.")


class PropertyInfo(Output):
    """A property that can be an objective."""

    name: str
    unit: str
    description: str
    always: bool = Field(description="Computed in every evaluation.")
    symbol: str = Field("", description="The unit as people read it; empty for a plain number.")
    decimals: int = Field(4, description="Digits after the point that mean something.")
    scale: float = Field(
        1.0, description="The change that counts as one unit of loss, for a goal that names none."
    )
    tolerance: float = Field(0.01, description="The half width of a target's band to begin with.")


class KindInfo(Output):
    """A kind of problem that can be asked for."""

    name: str
    summary: str = Field(description="What it does, in one line.")
    fields: list[str] = Field(
        description="Fields of a problem that it uses, with a dot before one of a part, e.g. constraints.resolution."
    )
    searches: bool = Field(description="Whether it needs objectives and ends when they are met.")
    counts: str = Field(description="What its progress counts, in the plural, e.g. evaluations.")
    views: list[str] = Field(default=[], description="Names of the views of its answer.")


class Catalogue(Output):
    """A list of potentials, prototypes, properties or kinds."""

    potentials: list[PotentialInfo] = []
    prototypes: list[PrototypeInfo] = []
    properties: list[PropertyInfo] = []
    kinds: list[KindInfo] = []
