"""Query parameters are read or refused: a misspelled one would change nothing, and its sender would never know."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterator
from typing import Any, get_args, get_origin

from fastapi import Request
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from api_schemas.errors import MOST_FAULTS, FieldError, pointer
from api_schemas.synonyms import PARAMETERS
from service.http.refusals import Unprocessable

_MOST_HINTS = 5
_SHOWN = 60


async def only_known(request: Request) -> None:
    """A dependency of every endpoint.

    Raises:
        Unprocessable: naming each parameter that the endpoint does not know, or that it takes only once.
    """
    route = request.scope.get("route")
    if not request.url.query or not isinstance(route, APIRoute):
        return
    known = dict(_parameters(route.dependant))
    found = 0
    errors: list[FieldError] = []
    for name, times in Counter(name for name, _ in request.query_params.multi_items()).items():
        if name in known and (times == 1 or known[name]):
            continue
        found += 1
        if found > MOST_FAULTS:
            continue
        kind, message = "repeated-parameter", f"this parameter is given {times} times; give it once"
        if name not in known:
            kind, message = "unknown-parameter", _unknown(name, tuple(known), hint=found <= _MOST_HINTS)
        errors.append(FieldError(pointer=pointer([name[:_SHOWN]]), type=kind, message=message))
    if errors:
        raise Unprocessable(
            errors[0].type,
            "A parameter of the request is wrong",
            "; ".join(f"{error.pointer[1:]}: {error.message}" for error in errors[:_MOST_HINTS]),
            errors=errors,
            more=found - len(errors),
        )


def _unknown(name: str, known: tuple[str, ...], *, hint: bool) -> str:
    if not known:
        return "this parameter is not known here, where none is; leave it out"
    meant = PARAMETERS.get(name.lower()[:_SHOWN]) if hint else None
    near = [meant] if meant in known else []
    if hint and not near:
        near = difflib.get_close_matches(name.lower()[:_SHOWN], known, n=1)
    mend = f"did you mean {near[0]}?" if near else f"known are {', '.join(known)}"
    return f"this parameter is not known here; {mend}"


def _parameters(dependant: Dependant) -> Iterator[tuple[str, bool]]:
    """The names of an endpoint's parameters, and whether each may be given several times."""
    for field in dependant.query_params:
        yield field.alias, _several(field.field_info.annotation)
    for one in dependant.dependencies:
        yield from _parameters(one)


def _several(annotation: Any) -> bool:
    return get_origin(annotation) is list or any(_several(part) for part in get_args(annotation))
