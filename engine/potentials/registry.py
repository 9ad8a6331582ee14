"""The potentials that can be asked for: names, origins, licences, checksums. Torch-free: the API answers from here."""

from __future__ import annotations

import difflib
import json
import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from api_schemas.registry import Registry
from engine.potentials.description import (
    MATERIALS_PROJECT_ELEMENTS,
    CallCost,
    MaceSize,
    Package,
    PotentialDescription,
)
from engine.potentials.errors import PotentialError, UnknownPotential
from engine.potentials.mace.catalogue import MACE_FOUNDATION_MODELS
from engine.potentials.mace.models import described_file, registered_files

if TYPE_CHECKING:
    from api_schemas.choices import PotentialChoice

__all__ = [
    "DEFAULT_POTENTIAL",
    "LOCAL_FILE",
    "POTENTIALS",
    "Package",
    "PotentialDescription",
    "all_described",
    "describe",
    "describe_choice",
    "is_fetched",
    "known_names",
    "weights_folder",
    "weights_path",
    "weights_path_of",
]

CACHE_FORMAT = 1  # raised whenever the converted file changes, so that an old one is never misread


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
DEFAULT_POTENTIAL = "sevennet-l3i5"
LOCAL_FILE = "mace"
"""The name of a potential whose model is a file of the user's."""

_PUBLISHED = (
    PotentialDescription(
        name="sevennet-l3i5",
        family="sevennet",
        summary="SevenNet with degrees up to 3, twice continuously differentiable: the default.",
        licence="MIT",
        citation=_SEVENNET_CITATION,
        package=_SEVENN,
        checkpoint="sevenn/pretrained_potentials/SevenNet_l3i5/checkpoint_l3i5.pth",
        sha256="a7ff190d41efe5b8317a03d20a468e4036a1a3e64e0b14fdbab64ac3f4bfc09d",
        elements=MATERIALS_PROJECT_ELEMENTS,
        dtypes=("float64", "float32"),
        mixings=("mean_field", "paired"),
        cutoff=5.0,
        smoothness=2,
        costs=(
            ("float64", CallCost(275e3, 142e3, 150e6, 66e3, 12e-3, 0.24e-3, 0.32e-3)),
            ("float32", CallCost(140e3, 75e3, 130e6, 33e3, 14e-3, 0.11e-3, 0.16e-3)),
        ),
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
        elements=MATERIALS_PROJECT_ELEMENTS,
        dtypes=("float64", "float32"),
        mixings=("mean_field", "paired"),
        cutoff=5.0,
        smoothness=1,
        costs=(
            ("float64", CallCost(142e3, 87e3, 105e6, 39e3, 11e-3, 0.105e-3, 0.165e-3)),
            ("float32", CallCost(73e3, 45e3, 90e6, 20e3, 10e-3, 0.045e-3, 0.075e-3)),
        ),
    ),
    *MACE_FOUNDATION_MODELS,
)

POTENTIALS: Registry[PotentialDescription] = Registry("potential", *_PUBLISHED)
"""Every published potential, and those that extensions added."""


def describe(name: str) -> PotentialDescription:
    """The description of a potential: published, or a model file that the operator registered.

    Args:
        name: Name as in the problem file.

    Raises:
        UnknownPotential: with the names that come close.
        WeightsUnavailable: if a registered file cannot be read.
        UnsupportedModel: if a registered file holds no model that can be run here.
    """
    files = registered_files()
    published = POTENTIALS.get(name)
    if name in files:
        found = described_file(name, files[name], weights_folder())
        if published is None:
            return found
        return replace(
            found, licence=published.licence, citation=published.citation, summary=published.summary
        )
    if published is None:
        known = known_names()
        raise UnknownPotential(
            name, known, tuple(difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5))
        )
    return _with_record(published)


def describe_choice(choice: PotentialChoice) -> PotentialDescription:
    """The description of what a problem chooses: by name, or a file of the user's.

    Args:
        choice: Choice of the problem.

    Raises:
        UnknownPotential: with the names that come close.
        WeightsUnavailable: if a file cannot be read.
        UnsupportedModel: if a file holds no model that can be run here.
    """
    if choice.name == LOCAL_FILE and choice.file is not None:
        return described_file(LOCAL_FILE, Path(choice.file).expanduser(), weights_folder())
    return describe(choice.name)


def known_names() -> tuple[str, ...]:
    """Every name that can be asked for, those that the operator registered last."""
    names = POTENTIALS.names
    return (*names, *(name for name in registered_files() if name not in names))


def all_described() -> Iterable[PotentialDescription]:
    """Every potential that can be asked for; a registered file that cannot be read is left out."""
    for name in known_names():
        try:
            yield describe(name)
        except PotentialError:
            continue


def _with_record(potential: PotentialDescription) -> PotentialDescription:
    """What was learned when the weights were fetched, where the publisher does not say."""
    if potential.package is not None or potential.weightless:
        return potential
    try:
        record = json.loads(weights_path_of(potential).with_suffix(".json").read_text())
        return replace(
            potential,
            sha256=record["sha256"],
            elements=tuple(record["elements"]),
            cutoff=record["cutoff"],
            heads=tuple(record["heads"]),
            size=MaceSize(**record["size"]) if "size" in record else potential.size,
        )
    except (OSError, ValueError, KeyError, TypeError):
        return potential


def weights_folder() -> Path:
    """Where converted weights are kept: `$ORICHALCUM_DATA/weights`, else the user's cache folder."""
    data = os.environ.get("ORICHALCUM_DATA")
    if data:
        return Path(data).expanduser() / "weights"
    cache = os.environ.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "orichalcum" / "weights"


def weights_path(name: str) -> Path:
    """The file of a potential's weights, whether or not it is there.

    Raises:
        UnknownPotential: with the names that come close.
    """
    return weights_path_of(describe(name))


def weights_path_of(potential: PotentialDescription) -> Path:
    """The file of a potential's weights, whether or not it is there: converted, or as published where it is a MACE."""
    if potential.file is not None:
        return Path(potential.file)
    if potential.package is None:
        return weights_folder() / f"{potential.name}-v{CACHE_FORMAT}.model"
    return weights_folder() / f"{potential.name}-{potential.sha256[:12]}-v{CACHE_FORMAT}.safetensors"


def is_fetched(name: str) -> bool:
    """Whether the weights are in the cache. A look at the folder only: the content is checked on loading.

    Raises:
        UnknownPotential: with the names that come close.
    """
    potential = describe(name)
    if potential.weightless:
        return True
    path = weights_path_of(potential)
    return path.is_file() and (potential.file is not None or path.with_suffix(".json").is_file())
