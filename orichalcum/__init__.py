"""Client library of Orichalcum: submit problems to a service, follow them, and read their answers.

from orichalcum import Client, Problem

job = Client("http://localhost:8421").submit(Problem.from_file("alscn.yaml"))
for event in job.events():
    ...
job.result().best.composition
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from api_schemas.errors import ProblemInvalid as ProblemInvalid
    from api_schemas.problem import Problem as Problem
    from orichalcum.answers import free_energies as free_energies
    from orichalcum.answers import orderings as orderings
    from orichalcum.arrays import ArrayHandle as ArrayHandle
    from orichalcum.async_arrays import AsyncArrayHandle as AsyncArrayHandle
    from orichalcum.async_client import AsyncClient as AsyncClient
    from orichalcum.async_jobs import AsyncJobHandle as AsyncJobHandle
    from orichalcum.client import Client as Client
    from orichalcum.events import JobEvent as JobEvent
    from orichalcum.exceptions import BadAddress as BadAddress
    from orichalcum.exceptions import Conflict as Conflict
    from orichalcum.exceptions import ExtraMissing as ExtraMissing
    from orichalcum.exceptions import JobFailed as JobFailed
    from orichalcum.exceptions import MapNotReady as MapNotReady
    from orichalcum.exceptions import MixedSites as MixedSites
    from orichalcum.exceptions import NotAnswered as NotAnswered
    from orichalcum.exceptions import NotFound as NotFound
    from orichalcum.exceptions import OrichalcumError as OrichalcumError
    from orichalcum.exceptions import ProblemRefused as ProblemRefused
    from orichalcum.exceptions import RequestRefused as RequestRefused
    from orichalcum.exceptions import ServiceFault as ServiceFault
    from orichalcum.exceptions import ServiceUnreachable as ServiceUnreachable
    from orichalcum.exceptions import StillRunning as StillRunning
    from orichalcum.exceptions import Unauthorized as Unauthorized
    from orichalcum.exceptions import UnexpectedAnswer as UnexpectedAnswer
    from orichalcum.jobs import JobHandle as JobHandle
    from orichalcum.results import Evaluation as Evaluation
    from orichalcum.results import Result as Result
    from orichalcum.solving import evaluate as evaluate
    from orichalcum.solving import run as run

__version__ = "0.1.0"

_HOME = {
    "ArrayHandle": "orichalcum.arrays",
    "AsyncArrayHandle": "orichalcum.async_arrays",
    "AsyncClient": "orichalcum.async_client",
    "AsyncJobHandle": "orichalcum.async_jobs",
    "BadAddress": "orichalcum.exceptions",
    "Client": "orichalcum.client",
    "Conflict": "orichalcum.exceptions",
    "Evaluation": "orichalcum.results",
    "ExtraMissing": "orichalcum.exceptions",
    "JobEvent": "orichalcum.events",
    "JobFailed": "orichalcum.exceptions",
    "JobHandle": "orichalcum.jobs",
    "MapNotReady": "orichalcum.exceptions",
    "MixedSites": "orichalcum.exceptions",
    "NotAnswered": "orichalcum.exceptions",
    "NotFound": "orichalcum.exceptions",
    "OrichalcumError": "orichalcum.exceptions",
    "Problem": "api_schemas.problem",
    "ProblemInvalid": "api_schemas.errors",
    "ProblemRefused": "orichalcum.exceptions",
    "RequestRefused": "orichalcum.exceptions",
    "Result": "orichalcum.results",
    "ServiceFault": "orichalcum.exceptions",
    "ServiceUnreachable": "orichalcum.exceptions",
    "StillRunning": "orichalcum.exceptions",
    "Unauthorized": "orichalcum.exceptions",
    "UnexpectedAnswer": "orichalcum.exceptions",
    "evaluate": "orichalcum.solving",
    "free_energies": "orichalcum.answers",
    "orderings": "orichalcum.answers",
    "run": "orichalcum.solving",
}

__all__ = sorted([*_HOME, "__version__"])  # noqa: PLE0605  (the lazy names, written once)


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for, so that ``orichalcum --help`` starts at once."""
    if name not in _HOME:
        raise AttributeError(f"module 'orichalcum' has no attribute {name!r}")
    value: object = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value
