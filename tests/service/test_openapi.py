"""The OpenAPI document from which the dashboard's types are generated."""

from __future__ import annotations

from service.openapi import document


def test_the_document_describes_events_and_maps_and_every_reference_leads_somewhere():
    described = document()
    schemas = described["components"]["schemas"]
    assert {"StateEvent", "ProgressEvent", "EvaluationEvent", "SurrogateMap"} <= set(schemas)

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
