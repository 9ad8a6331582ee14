"""``POST /v1/problems/validate``."""

from __future__ import annotations

import json
from typing import Any

from anyio.to_thread import run_sync
from fastapi import Request, Response

from api_schemas.choices import PotentialChoice
from api_schemas.jobs import CostEstimate, Validation
from service.api.caller import Submitter
from service.api.checking import checking
from service.api.context import Context, InContext
from service.http.calls import calls
from service.http.problem_details import documented
from service.http.request_body import json_body
from service.repositories import speeds

router = calls(tags=["problems"])

EXAMPLE: dict[str, Any] = {
    "kind": "optimize",
    "name": "Al(Sc)N matched to GaN",
    "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
    "sublattices": [{"name": "cation", "sites": ["Al"], "elements": {"Al": [0, 1], "Sc": [0, 0.5]}}],
    "objectives": [
        {
            "property": "lattice_a",
            "target": {"same_as": {"prototype": "wurtzite", "species": ["Ga", "N"]}},
            "tolerance": 0.001,
        }
    ],
    "potential": {"name": "sevennet-l3i5"},
}

PROBLEM_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {
                    "al_sc_n": {"summary": "Al(Sc)N with the lattice constant of GaN", "value": EXAMPLE}
                },
            }
        },
    }
}
"""OpenAPI of a body that is a problem; it is read by hand, with bounds."""


@router.post(
    "/problems/validate",
    response_model=Validation,
    openapi_extra=PROBLEM_BODY,
    responses=documented(400, 401, 403, 413, 415, 422, 429),
)
async def validate_problem(request: Request, context: InContext, caller: Submitter) -> Response:
    """Check a problem without submitting it: the normalised problem, its sites and its cost, or every fault found."""
    await run_sync(context.rates.count_submission, caller.name)
    body = await json_body(request, context.settings.max_request_bytes)
    async with checking(context, body, what="validation") as check:
        text = (await check.answer())["validation"]
        return Response(await run_sync(_from_experience, context, text), media_type="application/json")


def _from_experience(context: Context, text: str) -> str:
    """A validation whose seconds are learned from what evaluations took here, where its calls are of that kind.

    Those for explicit supercells and for other potentials are not.
    """
    found = json.loads(text)
    problem, estimate = found["problem"], found["estimate"]
    if problem is None or estimate is None or problem.get("verify") or problem["potential"].get("also"):
        return text
    with context.database.reading() as session:
        learned = speeds.from_experience(
            session,
            CostEstimate.model_validate(estimate),
            PotentialChoice.model_validate(problem["potential"]),
            problem["kind"],
            len(found["sites"]),
        )
    return json.dumps({**found, "estimate": learned.model_dump(mode="json")}, ensure_ascii=False)
