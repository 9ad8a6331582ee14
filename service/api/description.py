"""The OpenAPI document as it is served: FastAPI's, with every refusal, examples, the events, and kinds' answers."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from pydantic.json_schema import models_json_schema

from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.jobs import EvaluationEvent, ProgressEvent, StateEvent
from api_schemas.orderings import OrderAnswer
from service.api import examples
from service.http.problem_details import MEDIA_TYPE, documented

_EVENTS = (EvaluationEvent, ProgressEvent, StateEvent)
_ANSWERS = (FreeEnergyAnswer, OrderAnswer)
"""What the `answer` of a result is, of the kinds that have one: clients make their types from it."""
_IDS = {
    "job_id": "Id of the job, as the submission answered it.",
    "array_id": "Id of the array, as the submission answered it.",
}


def describe(app: FastAPI) -> None:
    """Complete the document of an application whose routes are all there."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = _completed(plain())
        return app.openapi_schema

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI's documentation has it


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            _complete(path, method, operation)
    schemas: dict[str, Any] = document["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):  # replaced by problem details
        schemas.pop(name, None)
    _, others = models_json_schema(
        [(model, "serialization") for model in (*_EVENTS, *_ANSWERS)],
        ref_template="#/components/schemas/{model}",
    )
    document["components"]["schemas"] = others["$defs"] | schemas
    return document


def _complete(path: str, method: str, operation: dict[str, Any]) -> None:
    answers: dict[str, Any] = operation["responses"]
    own = set(answers)
    # A request under a false name is refused everywhere; nearly everything needs the store.
    common = [403] if path == "/health/live" else [403, 503]
    if path.startswith("/v1/") and method in ("post", "patch", "delete"):
        common.append(507)
    for status, refusal in documented(422, *common).items():
        # FastAPI's own 422 is replaced; any endpoint may refuse a parameter that it does not know.
        if str(status) not in own or (status == 422 and MEDIA_TYPE not in answers["422"]["content"]):
            answers[str(status)] = refusal
    for status, answer in answers.items():
        for media_type, content in answer.get("content", {}).items():
            if media_type == MEDIA_TYPE:
                content["example"] = examples.refusal(status, path)
            elif (found := examples.answer(method, path, status)) is not None:
                content["example"] = found
    for parameter in operation.get("parameters", []):
        if parameter["name"] in _IDS:
            parameter["description"] = _IDS[parameter["name"]]
