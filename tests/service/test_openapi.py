"""The OpenAPI document from which the dashboard's types are generated."""

from __future__ import annotations

import json
import re

import jsonschema_rs
import pytest

from service.api.openapi import document


def test_the_document_describes_events_and_maps_and_every_reference_leads_somewhere():
    described = document()
    schemas = described["components"]["schemas"]
    assert {"StateEvent", "ProgressEvent", "EvaluationEvent", "SurrogateMap"} <= set(schemas)
    assert {"OrderAnswer", "FreeEnergyAnswer"} <= set(schemas)

    def references(node):
        if isinstance(node, dict):
            if isinstance(node.get("$ref"), str):
                yield node["$ref"]
            for value in node.values():
                yield from references(value)
        elif isinstance(node, list):
            for value in node:
                yield from references(value)

    found = set(references(described))
    assert found
    assert all(reference.removeprefix("#/components/schemas/") in schemas for reference in found)


DOCUMENT = document()
OPERATIONS = [
    (method, path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
]


def resolved(schema: object) -> object:
    """A schema with what it refers to."""
    return {"$ref": "#/answer", "answer": schema, "components": DOCUMENT["components"]}


@pytest.mark.parametrize(("method", "path", "operation"), OPERATIONS)
def test_every_call_is_described_with_its_refusals_and_an_example_of_each_answer(method, path, operation):
    assert operation["summary"]
    assert operation["description"]
    assert all(parameter["description"] for parameter in operation.get("parameters", []))
    answers = operation["responses"]
    needed = {"403"} if path.startswith("/health") else {"401", "403", "429"}
    if "{job_id}" in path:
        needed |= {"404", "422", "503"}
    if path.startswith("/v1") and method != "get":
        needed |= {"503", "507"}
    assert needed <= set(answers)
    for status, answer in answers.items():
        assert answer["description"]
        for media_type, content in answer.get("content", {}).items():
            example = content["example"]
            if int(status) >= 400 and path != "/health/ready":
                assert media_type == "application/problem+json"
                assert example["status"] == int(status)
            if "schema" in content and "json" in media_type:
                jsonschema_rs.validate(resolved(content["schema"]), example)


def test_every_reference_of_the_document_leads_somewhere():
    described = DOCUMENT
    text = json.dumps(described)
    named = set(re.findall(r"#/components/schemas/([^\"]+)", text))
    assert named <= set(described["components"]["schemas"])
    assert not {"HTTPValidationError", "ValidationError"} & named
    operations = {operation["operationId"] for _, _, operation in OPERATIONS}
    links = described["paths"]["/v1/jobs"]["post"]["responses"]["202"]["links"]
    assert {link["operationId"] for link in links.values()} <= operations
    assert len(links) == sum("{job_id}" in path for _, path, _ in OPERATIONS)
