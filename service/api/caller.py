"""Who calls: the dependency of every endpoint that reads or changes what belongs to a tenant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

import structlog
from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from service.access import keys
from service.access.keys import SCOPES, Scope
from service.api.context import InContext
from service.http.refusals import Forbidden, Unauthorized
from service.tables.api_keys import DEFAULT_TENANT


@dataclass(frozen=True)
class Caller:
    """Whoever sent a request.

    Attributes:
        tenant: Whose jobs it may see.
        scopes: What it may do; ``admin`` includes what people do for their tenant, ``operator`` what concerns every
            one, and ``compute`` what workers do for theirs.
        name: For counting: the id of its key, else its address.
        key: The id of its key; None without one.
    """

    tenant: str
    scopes: frozenset[str]
    name: str
    key: str | None = None


_bearer = HTTPBearer(auto_error=False, description="API key, made with `orichalcum keys create`.")


def allowed(scope: Scope) -> Callable[..., Caller]:
    """A dependency that admits callers with ``scope``."""

    def caller(
        request: Request, context: InContext, _documented: Annotated[object, Depends(_bearer)]
    ) -> Caller:
        found = _identified(request, context)
        structlog.contextvars.bind_contextvars(tenant=found.tenant)
        admitted = scope in found.scopes or ("admin" in found.scopes and scope not in ("operator", "compute"))
        if admitted and scope == "compute":
            context.rates.count_work(found.name)
        else:
            context.rates.count_request(found.name)
        if not admitted:
            raise Forbidden(
                "missing-scope",
                "The API key does not allow this",
                f"this needs the scope {scope}; the key has {', '.join(sorted(found.scopes))}",
            )
        return found

    return caller


def _identified(request: Request, context: InContext) -> Caller:
    address = request.client.host if request.client else "unknown"
    header = request.headers.get("authorization")
    if header is None:
        if context.settings.keys_required():
            raise _refused("this service needs an API key; send it as Authorization: Bearer KEY")
        return Caller(tenant=DEFAULT_TENANT, scopes=frozenset(SCOPES), name=address)
    scheme, _, key = header.partition(" ")
    with context.database.reading() as session:
        row = keys.found(session, key.strip()) if scheme.lower() == "bearer" else None
    if row is None:
        context.rates.count_wrong_key(address)
        raise key_ended()
    return Caller(tenant=row.tenant, scopes=frozenset(row.scopes.split(",")), name=row.id, key=row.id)


def key_ended() -> Unauthorized:
    """What is told to whoever comes with a key that is not valid, or no more."""
    return _refused("the API key is unknown, expired or revoked; ask whoever runs the service for a new one")


def _refused(detail: str) -> Unauthorized:
    return Unauthorized("unauthorized", "An API key is needed", detail)


Reader = Annotated[Caller, Depends(allowed("read"))]
Submitter = Annotated[Caller, Depends(allowed("submit"))]
Operator = Annotated[Caller, Depends(allowed("operator"))]
Computer = Annotated[Caller, Depends(allowed("compute"))]
