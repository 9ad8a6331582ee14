"""What one process does with one problem: reads the body, checks it, and tells what it comes to. Free of torch."""

from __future__ import annotations

import socket
from typing import Any

from api_schemas.errors import FieldError, ProblemInvalid, parse
from api_schemas.jobs import Validation
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.acceptance.validate import validate
from engine.kinds.registry import KINDS
from service.checking.frames import receive, send
from service.http.refusals import ServiceProblem
from service.http.request_body import parse_object
from service.repositories.idempotency import digest

SAMPLES: tuple[dict[str, Any], ...] = (
    {
        "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
        "constraints": {"max_elements": {"cation": 1}},
        "objectives": [{"property": "lattice_a", "target": 5.9, "tolerance": 0.01}],
        "potential": {"name": "sevennet-0"},
    },
    {
        "kind": "order",
        "structure": {
            "cif": "data_x\n_cell_length_a 3.8\n_cell_length_b 3.8\n_cell_length_c 3.8\n_cell_angle_alpha 90\n"
            "_cell_angle_beta 90\n_cell_angle_gamma 90\n_symmetry_space_group_name_H-M 'F m -3 m'\n"
            "loop_\n_atom_site_label\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\nCu1 0 0 0\n"
        },
        "sublattices": [{"name": "mix", "sites": ["Cu"], "elements": ["Cu", "Au"]}],
        "potential": {"name": "sevennet-0"},
    },
)
"""Problems that bring with them what checks import when they need it: checked once, before any process is forked."""


def converse(connection: socket.socket) -> None:
    """Check the problem that comes over a connection, and answer over it.

    First comes what is wanted, then the body. Before a job is stored its digest is asked for: it is told first, and
    checking waits for a word, for the request may have been answered before.
    """
    wanted = parse_object(receive(connection))
    raw = receive(connection)
    try:
        data = parse_object(raw)
        if wanted["digest"] is not None:
            send(connection, {"digest": digest({"body": data, **wanted["digest"]})})
            receive(connection)
        send(connection, _validation(data) if wanted["validate"] else _acceptance(data))
    except ProblemInvalid as invalid:
        send(connection, {"invalid": told(invalid.errors), "more": invalid.more})
    except ServiceProblem as refusal:
        send(connection, {"refused": refusal.detail.model_dump(mode="json"), "headers": refusal.headers})


def told(errors: tuple[FieldError, ...]) -> list[dict[str, Any]]:
    """Faults as JSON."""
    return [error.model_dump(mode="json") for error in errors]


def _validation(data: dict[str, Any]) -> dict[str, Any]:
    try:
        found = validate(parse(Problem, data))
    except ProblemInvalid as invalid:
        found = Validation(valid=False, errors=list(invalid.errors), more=invalid.more)
    return {"validation": found.model_dump_json()}


def _acceptance(data: dict[str, Any]) -> dict[str, Any]:
    problem = parse(Problem, data)
    resolved = resolve(problem)
    estimate = KINDS[problem.kind].estimate(resolved)
    return {
        "problem": resolved.problem.model_dump_json(exclude_none=True),
        "estimate": estimate.model_dump(mode="json"),
    }


def warm_up() -> None:
    """Import what checks import."""
    for sample in SAMPLES:
        _acceptance(sample)
