"""What one process does with one problem: reads the body, checks it, and tells what it comes to. Free of torch."""

from __future__ import annotations

import json
import math
import signal
import socket
from collections.abc import Callable
from typing import Any

from api_schemas.arrays import MOST_MEMBERS, ArrayRequest, members
from api_schemas.errors import FieldError, ProblemInvalid, parse
from api_schemas.jobs import Validation
from api_schemas.problem import Problem
from engine.acceptance.answers_to_come import estimate_before_answers, resolve_before_answers
from engine.acceptance.resolve import resolve
from engine.acceptance.validate import validate
from engine.kinds.registry import KINDS
from service.checking.frames import What, receive, send
from service.http.refusals import ServiceProblem, TooLarge
from service.http.request_body import parse_object
from service.repositories.dependencies import MOST_TAKEN
from service.repositories.idempotency import digest
from service.work.reading import examine

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


MOST_CHARACTERS = 4_000_000
"""Of all problems of an array together, as they are stored."""


def converse(connection: socket.socket) -> None:
    """Check the problem that comes over a connection, and answer over it.

    First comes what is wanted, then the body. Before a job is stored its digest is asked for: it is told first, and
    checking waits for a word, for the request may have been answered before.
    """
    wanted = parse_object(receive(connection))
    raw = receive(connection)
    try:
        if wanted["what"] == "work":  # not by way of `parse_object`: it comes in megabytes
            examine(wanted["operation"], raw)
            send(connection, {})
            return
        data = parse_object(raw)
        if wanted["digest"] is not None:
            send(connection, {"digest": digest({"body": data, **wanted["digest"]})})
            receive(connection)
        if wanted["what"] == "array":
            _have_longer(data, wanted["seconds_more"])
        send(connection, _FOUND[wanted["what"]](data, taking=wanted["taking"]))
    except ProblemInvalid as invalid:
        send(connection, {"invalid": told(invalid.errors), "more": invalid.more})
    except ServiceProblem as refusal:
        send(connection, {"refused": refusal.detail.model_dump(mode="json"), "headers": refusal.headers})


def _have_longer(data: dict[str, Any], seconds: float) -> None:
    """Put off the end of this check by so many seconds of a core for each member of an array."""
    over = data.get("over")
    if not isinstance(over, dict) or not all(isinstance(values, list) for values in over.values()):
        return  # a fault that is told at once
    left, _ = signal.getitimer(signal.ITIMER_PROF)
    count = min(math.prod(len(values) for values in over.values()), MOST_MEMBERS)
    signal.setitimer(signal.ITIMER_PROF, left + count * seconds)


def told(errors: tuple[FieldError, ...]) -> list[dict[str, Any]]:
    """Faults as JSON."""
    return [error.model_dump(mode="json") for error in errors]


def _validation(data: dict[str, Any], *, taking: bool) -> dict[str, Any]:
    del taking
    try:
        found = validate(parse(Problem, data))
    except ProblemInvalid as invalid:
        found = Validation(valid=False, errors=list(invalid.errors), more=invalid.more)
    return {"validation": found.model_dump_json()}


def _acceptance(data: dict[str, Any], *, taking: bool) -> dict[str, Any]:
    problem = parse(Problem, data)
    if taking:
        resolved = resolve_before_answers(problem)
        estimate = estimate_before_answers(resolved, MOST_TAKEN)
    else:
        resolved = resolve(problem)
        estimate = KINDS[problem.kind].estimate(resolved)
    accepted = (
        json.dumps(problem.document()) if taking else resolved.problem.model_dump_json(exclude_none=True)
    )
    return {"problem": accepted, "estimate": estimate.model_dump(mode="json")}


def _array(data: dict[str, Any], *, taking: bool) -> dict[str, Any]:
    """All problems of an array, or the faults of all of them."""
    found: list[dict[str, Any]] = []
    errors: list[FieldError] = []
    more, length = 0, 0
    for member in members(parse(ArrayRequest, data)):
        try:
            accepted = _acceptance(member.document, taking=taking)
        except ProblemInvalid as invalid:
            errors.extend(member.of_request(fault) for fault in invalid.errors)
            more += invalid.more
            continue
        length += len(accepted["problem"])
        if length > MOST_CHARACTERS:
            raise TooLarge(
                "array-too-large",
                "The array is too large",
                f"its problems have more than {MOST_CHARACTERS} characters together; give fewer values, or a smaller "
                "structure",
            )
        found.append({**accepted, "values": member.values})
    if errors:
        raise ProblemInvalid(list({(one.pointer, one.message): one for one in errors}.values()), more)
    return {"members": found}


_FOUND: dict[What, Callable[..., dict[str, Any]]] = {
    "validation": _validation,
    "problem": _acceptance,
    "array": _array,
}


def warm_up() -> None:
    """Import what checks import."""
    for sample in SAMPLES:
        _acceptance(sample, taking=False)
