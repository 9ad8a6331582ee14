"""The foundation models of MACE that mace-torch 0.3.16 can name. Torch-free.

Hyperparameters are read from each model when it is loaded; what stands here is what must be known before. Licences are
those of the table in mace-torch 0.3.16's own description and of the publisher's list of foundation models.
"""

from __future__ import annotations

import os

from engine.potentials.description import MATERIALS_PROJECT_ELEMENTS, MaceSize, PotentialDescription
from engine.potentials.errors import LicenceNotAccepted

ACCEPTED = "ORICHALCUM_ACCEPT_LICENCES"
ACADEMIC_LICENCE = "ASL"
"""The Academic Software License, https://github.com/gabor1/ASL: for academic, non-commercial use."""

_ARCHITECTURE = "I. Batatia et al., MACE, Adv. Neural Inf. Process. Syst. 35, 11423 (2022)"
_FOUNDATION = (
    "I. Batatia et al., A foundation model for atomistic materials chemistry, arXiv:2401.00096 (2023); "
    f"{_ARCHITECTURE}"
)
_OMAT = f"L. Barroso-Luque et al., Open Materials 2024, arXiv:2410.12771 (2024); {_FOUNDATION}"
_MATPES = (
    f"A. D. Kaplan et al., Foundational potential energy surfaces, arXiv:2503.04070 (2025); {_FOUNDATION}"
)
_CROSS = (
    "I. Batatia et al., Cross learning between electronic structure theories for unifying molecular, surface, and "
    f"inorganic crystal foundation force fields, arXiv:2510.25380 (2025); {_ARCHITECTURE}"
)


# Of the published file; its model card names an `rgd1_b3lyp` head that it does not have.
_MH_1_HEADS = ("matpes_r2scan", "mp_pbe_refit_add", "spice_wB97M", "oc20_usemppbe", "omol", "omat_pbe")

_DEGREES = {"small": 0, "medium": 1, "large": 2}


def _degree(key: str) -> int:
    return next((degree for size, degree in _DEGREES.items() if size in key), 1)


def _entry(
    name: str,
    key: str,
    summary: str,
    licence: str,
    citation: str,
    heads: tuple[str, ...] = (),
    channels: int = 128,
) -> PotentialDescription:
    return PotentialDescription(
        name=name,
        family="mace",
        summary=summary,
        licence=licence,
        citation=citation,
        package=None,
        checkpoint=key,
        sha256="",
        elements=MATERIALS_PROJECT_ELEMENTS,
        dtypes=("float64", "float32"),
        mixings=("mean_field", "paired"),
        cutoff=6.0,
        smoothness=2,
        heads=heads,
        size=MaceSize(channels, _degree(key), by_element="mp-0a" not in name),
    )


_MP = "trained on the Materials Project's relaxations (PBE, PBE+U)"
MACE_FOUNDATION_MODELS: tuple[PotentialDescription, ...] = (
    _entry("mace-mp-0a-small", "small", f"MACE-MP-0a, features up to degree 0, {_MP}.", "MIT", _FOUNDATION),
    _entry("mace-mp-0a-medium", "medium", f"MACE-MP-0a, features up to degree 1, {_MP}.", "MIT", _FOUNDATION),
    _entry("mace-mp-0a-large", "large", f"MACE-MP-0a, features up to degree 2, {_MP}.", "MIT", _FOUNDATION),
    _entry("mace-mp-0b-small", "small-0b", f"MACE-MP-0b with pair repulsion, {_MP}.", "MIT", _FOUNDATION),
    _entry("mace-mp-0b-medium", "medium-0b", f"MACE-MP-0b with pair repulsion, {_MP}.", "MIT", _FOUNDATION),
    _entry(
        "mace-mp-0b2-small",
        "small-0b2",
        f"MACE-MP-0b2, steadier at high pressure, {_MP}.",
        "MIT",
        _FOUNDATION,
    ),
    _entry(
        "mace-mp-0b2-medium",
        "medium-0b2",
        f"MACE-MP-0b2, steadier at high pressure, {_MP}.",
        "MIT",
        _FOUNDATION,
    ),
    _entry(
        "mace-mp-0b2-large",
        "large-0b2",
        f"MACE-MP-0b2, steadier at high pressure, {_MP}.",
        "MIT",
        _FOUNDATION,
    ),
    _entry(
        "mace-mp-0b3-medium",
        "medium-0b3",
        f"MACE-MP-0b3, better phonons than 0b2, {_MP}.",
        "MIT",
        _FOUNDATION,
    ),
    _entry(
        "mace-mpa-0-medium",
        "medium-mpa-0",
        "MACE-MPA-0, trained on the Materials Project and Alexandria (PBE, PBE+U).",
        "MIT",
        _FOUNDATION,
    ),
    _entry(
        "mace-omat-0-small",
        "small-omat-0",
        "MACE-OMAT-0, trained on Open Materials 2024 (PBE, PBE+U).",
        ACADEMIC_LICENCE,
        _OMAT,
    ),
    _entry(
        "mace-omat-0-medium",
        "medium-omat-0",
        "MACE-OMAT-0, trained on Open Materials 2024 (PBE, PBE+U): good phonons.",
        ACADEMIC_LICENCE,
        _OMAT,
    ),
    _entry(
        "mace-matpes-pbe-0",
        "mace-matpes-pbe-0",
        "MACE-MATPES, trained on MatPES (PBE without +U).",
        ACADEMIC_LICENCE,
        _MATPES,
    ),
    _entry(
        "mace-matpes-r2scan-0",
        "mace-matpes-r2scan-0",
        "MACE-MATPES, trained on MatPES (r2SCAN).",
        ACADEMIC_LICENCE,
        _MATPES,
    ),
    _entry(
        "mace-mh-0",
        "mh-0",
        "MACE-MH-0, several heads for several levels of theory: choose one with head.",
        ACADEMIC_LICENCE,
        _CROSS,
        channels=512,
    ),
    _entry(
        "mace-mh-1",
        "mh-1",
        f"MACE-MH-1, a head for each level of theory: choose one with head ({', '.join(_MH_1_HEADS)}).",
        ACADEMIC_LICENCE,
        _CROSS,
        heads=_MH_1_HEADS,
        channels=512,
    ),
)


def check_licence(potential: PotentialDescription) -> None:
    """Refuses weights under the academic licence until the operator accepts it.

    Args:
        potential: Potential whose weights are wanted.

    Raises:
        LicenceNotAccepted: saying how.
    """
    accepted = {licence.strip() for licence in os.environ.get(ACCEPTED, "").split(",")}
    if potential.licence == ACADEMIC_LICENCE and ACADEMIC_LICENCE not in accepted:
        raise LicenceNotAccepted(
            f"{potential.name} is under the Academic Software License (https://github.com/gabor1/ASL), for academic "
            f"use; who runs this program accepts it by setting {ACCEPTED}={ACADEMIC_LICENCE}"
        )
