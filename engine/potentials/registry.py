"""The potentials that can be asked for: names, origins, licences, checksums. Torch-free: the API answers from here."""

from __future__ import annotations

import difflib
import os
from dataclasses import dataclass
from pathlib import Path

from engine.potentials.errors import UnknownPotential

CACHE_FORMAT = 1  # raised whenever the converted file changes, so that an old one is never misread


@dataclass(frozen=True)
class Package:
    """The Python package that carries the weights.

    Attributes:
        name: Of the distribution.
        version: The one version that is accepted.
        wheel: File name of the wheel.
        sha256: Of the wheel.
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
class PotentialDescription:
    """What is known of a potential without loading it.

    Attributes:
        name: What users write.
        family: The kind of model.
        summary: One sentence on what it is good for.
        licence: SPDX identifier of the weights' licence.
        citation: What to cite.
        package: Where the weights come from.
        checkpoint: Path of the weights inside the package.
        sha256: Of the checkpoint as published; results name this.
        elements: Symbols of the elements it knows, in order of atomic number.
        dtypes: Number formats it is offered in, the recommended first.
        mixings: Mixing rules it is offered with.
        cutoff: Å.
        smoothness: How many continuous derivatives the energy has at the cutoff.
    """

    name: str
    family: str
    summary: str
    licence: str
    citation: str
    package: Package
    checkpoint: str
    sha256: str
    elements: tuple[str, ...]
    dtypes: tuple[str, ...]
    mixings: tuple[str, ...]
    cutoff: float
    smoothness: int


_SEVENN = Package(
    name="sevenn",
    version="0.13.0",
    wheel="sevenn-0.13.0-py3-none-any.whl",
    sha256="9378f7df2b75fe83274483a5f804790ae1023dd22ddeb6a48c1a03de97e22620",
)
_SEVENNET_CITATION = (
    "Y. Park, J. Kim, S. Hwang, S. Han, Scalable parallel algorithm for graph neural network interatomic potentials "
    "in molecular dynamics simulations, J. Chem. Theory Comput. 2024, 20, 4857"
)
# H to Pu without Po, At, Rn, Fr and Ra: the 89 elements of the Materials Project's relaxations.
# fmt: off
_SEVENNET_ELEMENTS = (
    "H", "He", "Li", "Be", "B", "C", "N", "O", "F", "Ne", "Na", "Mg", "Al", "Si", "P", "S", "Cl", "Ar", "K",
    "Ca", "Sc", "Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga", "Ge", "As", "Se", "Br", "Kr",
    "Rb", "Sr", "Y", "Zr", "Nb", "Mo", "Tc", "Ru", "Rh", "Pd", "Ag", "Cd", "In", "Sn", "Sb", "Te", "I",
    "Xe", "Cs", "Ba", "La", "Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb",
    "Lu", "Hf", "Ta", "W", "Re", "Os", "Ir", "Pt", "Au", "Hg", "Tl", "Pb", "Bi", "Ac", "Th", "Pa", "U",
    "Np", "Pu",
)
# fmt: on

DEFAULT_POTENTIAL = "sevennet-l3i5"

POTENTIALS: tuple[PotentialDescription, ...] = (
    PotentialDescription(
        name="sevennet-l3i5",
        family="sevennet",
        summary="SevenNet with degrees up to 3, twice continuously differentiable: the default.",
        licence="MIT",
        citation=_SEVENNET_CITATION,
        package=_SEVENN,
        checkpoint="sevenn/pretrained_potentials/SevenNet_l3i5/checkpoint_l3i5.pth",
        sha256="a7ff190d41efe5b8317a03d20a468e4036a1a3e64e0b14fdbab64ac3f4bfc09d",
        elements=_SEVENNET_ELEMENTS,
        dtypes=("float64", "float32"),
        mixings=("mean_field", "paired"),
        cutoff=5.0,
        smoothness=2,
    ),
    PotentialDescription(
        name="sevennet-0",
        family="sevennet",
        summary="SevenNet with degrees up to 2 (July 2024): faster, but its curvature jumps at 4.5 and 5 Å.",
        licence="MIT",
        citation=_SEVENNET_CITATION,
        package=_SEVENN,
        checkpoint="sevenn/pretrained_potentials/SevenNet_0__11Jul2024/checkpoint_sevennet_0.pth",
        sha256="7052cb42b7b3be42b40b97fa0d21077a48c54b5548948fc4dcf346629f813c36",
        elements=_SEVENNET_ELEMENTS,
        dtypes=("float64", "float32"),
        mixings=("mean_field", "paired"),
        cutoff=5.0,
        smoothness=1,
    ),
)


def describe(name: str) -> PotentialDescription:
    """The description of a potential.

    Args:
        name: As in the problem file.

    Raises:
        UnknownPotential: with the names that come close.
    """
    for potential in POTENTIALS:
        if potential.name == name:
            return potential
    known = tuple(potential.name for potential in POTENTIALS)
    raise UnknownPotential(
        name, known, tuple(difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5))
    )


def weights_folder() -> Path:
    """Where converted weights are kept: `$ORICHALCUM_DATA/weights`, else the user's cache folder."""
    data = os.environ.get("ORICHALCUM_DATA")
    if data:
        return Path(data).expanduser() / "weights"
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "orichalcum" / "weights"


def weights_path(name: str) -> Path:
    """The file of a potential's converted weights, whether or not it is there.

    Raises:
        UnknownPotential: with the names that come close.
    """
    potential = describe(name)
    return weights_folder() / f"{potential.name}-{potential.sha256[:12]}-v{CACHE_FORMAT}.safetensors"


def is_fetched(name: str) -> bool:
    """Whether the weights are in the cache. A look at the folder only: the content is checked on loading.

    Raises:
        UnknownPotential: with the names that come close.
    """
    path = weights_path(name)
    return path.is_file() and path.with_suffix(".json").is_file()
