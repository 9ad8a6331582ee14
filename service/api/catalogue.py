"""``GET /v1/kinds``, ``/v1/potentials``, ``/v1/prototypes`` and ``/v1/properties``."""

from __future__ import annotations

from fastapi import Depends

from api_schemas.catalogue import Catalogue
from api_schemas.kinds import KINDS
from engine.crystals.prototypes import PROTOTYPES
from engine.potentials import registry
from engine.properties import table
from service.api.caller import allowed
from service.http.calls import calls
from service.http.problem_details import documented

router = calls(
    tags=["catalogue"], dependencies=[Depends(allowed("read"))], responses=documented(401, 403, 429)
)


@router.get("/kinds")
def list_kinds() -> Catalogue:
    """Kinds of problems, with the fields that each uses and the views of its answer; those of extensions, too."""
    return Catalogue(kinds=[kind.info() for kind in KINDS])


@router.get("/potentials")
def list_potentials() -> Catalogue:
    """Potentials that a problem may name."""
    found = registry.all_described()
    return Catalogue(
        potentials=[potential.info(fetched=registry.is_fetched(potential.name)) for potential in found]
    )


@router.get("/prototypes")
def list_prototypes() -> Catalogue:
    """Parent structures that a problem may name."""
    return Catalogue(prototypes=[prototype.info() for prototype in PROTOTYPES.values()])


@router.get("/properties")
def list_properties() -> Catalogue:
    """Properties that can be objectives."""
    return Catalogue(properties=table.catalogue())
