"""``GET /v1/potentials``, ``/v1/prototypes`` and ``/v1/properties``."""

from __future__ import annotations

from fastapi import APIRouter, Depends

from api_schemas.catalogue import Catalogue, PotentialInfo
from engine.crystals.prototypes import PROTOTYPES
from engine.potentials import registry
from engine.properties import table
from service.access.caller import allowed
from service.problem_details import documented

router = APIRouter(
    tags=["catalogue"], dependencies=[Depends(allowed("read"))], responses=documented(401, 403, 429)
)


@router.get("/potentials")
def list_potentials() -> Catalogue:
    """Potentials that a problem may name."""
    return Catalogue(
        potentials=[
            PotentialInfo(
                name=potential.name,
                family=potential.family,
                description=potential.summary,
                licence=potential.licence,
                citation=potential.citation,
                cutoff=potential.cutoff,
                elements=list(potential.elements),
                dtypes=list(potential.dtypes),
                mixing=list(potential.mixings),
                sha256=potential.sha256,
                fetched=registry.is_fetched(potential.name),
            )
            for potential in registry.all_described()
        ]
    )


@router.get("/prototypes")
def list_prototypes() -> Catalogue:
    """Parent structures that a problem may name."""
    return Catalogue(prototypes=[prototype.info() for prototype in PROTOTYPES.values()])


@router.get("/properties")
def list_properties() -> Catalogue:
    """Properties that can be objectives."""
    return Catalogue(properties=table.catalogue())
