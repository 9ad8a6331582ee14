"""``GET /v1/jobs/{id}/map``."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Response

from api_schemas.maps import MapUnderWay, SurrogateMap
from engine.acceptance.maps import asked_slice
from engine.composition.slices import INCUMBENT, MOST_TEXT
from service.api.caller import Reader
from service.api.context import InContext
from service.api.promises import asked, promised, responses
from service.http.calls import calls

router = calls(tags=["jobs"])


@router.get(
    "/jobs/{job_id}/map",
    response_model=SurrogateMap,
    responses=responses(
        "The newest stored map; `evaluations` says how many evaluations it has learned from.",
        MapUnderWay,
        "A worker computes the slice",
    ),
)
async def read_map(
    job_id: str,
    context: InContext,
    caller: Reader,
    wanted: Annotated[
        str | None,
        Query(
            alias="property",
            min_length=1,
            max_length=200,
            description="A property of the job's evaluations; by default that of the first objective.",
            examples=["lattice_a"],
        ),
    ] = None,
    over: Annotated[
        str | None,
        Query(
            min_length=1,
            max_length=MOST_TEXT,
            description="sublattice:element,element: the two to four elements of a sublattice that vary; by default "
            "the first elements, three at the most, of the first sublattice that has several.",
            examples=["cation:Al,Sc"],
        ),
    ] = None,
    at: Annotated[
        str,
        Query(
            min_length=1,
            max_length=MOST_TEXT,
            description="Through which composition: incumbent (the best so far, else the centre), centre, or one "
            "written as on the command line.",
            examples=["incumbent", "cation:Al=0.8,Sc=0.2;anion:N=1"],
        ),
    ] = INCUMBENT,
) -> Response:
    """The surrogate's mean and uncertainty of a property over a slice of the composition space, for plots.

    A surrogate is fitted whatever the job's strategy. While the job runs, the newest stored map is answered and a newer
    one is computed in the background once evaluations have come that it does not know.
    """
    found = await asked(context, caller, job_id, lambda problem: asked_slice(problem, wanted, over, at))
    if found.document is not None:
        return Response(found.document, media_type="application/json")
    under_way = MapUnderWay(
        property=found.property,
        over=list(found.wanted.columns),
        at=found.wanted.at,
        message="a worker computes this map; ask again in a moment",
    )
    return promised(under_way)
