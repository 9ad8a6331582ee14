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
    sha256: str = Field(description="Of the original checkpoint.")
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


class Catalogue(Output):
    """A list of potentials, prototypes or properties."""

    potentials: list[PotentialInfo] = []
    prototypes: list[PrototypeInfo] = []
    properties: list[PropertyInfo] = []
