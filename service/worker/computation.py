"""The engine as the tasks call it: each problem is resolved once in a worker, however many evaluations it has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache

from api_schemas.evaluations import EvaluationRecord, Suggestion
from api_schemas.maps import SurrogateMap
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.campaign.campaign import Campaign
from engine.campaign.evaluate import evaluate
from engine.composition.slices import Slice
from engine.problem.resolved import ResolvedProblem
from service.repositories.references import SqlReferenceStore


@lru_cache(maxsize=64)
def _resolved(document: str) -> ResolvedProblem:
    return resolve(Problem.model_validate_json(document))


def evaluated(
    problem: Problem,
    composition: Suggestion,
    *,
    references: SqlReferenceStore,
    device: str,
    on_call: Callable[[], None],
) -> EvaluationRecord:
    """Relax one composition and compute its properties.

    Raises:
        api_schemas.errors.ProblemInvalid: if the problem cannot be computed.
        engine.potentials.errors.PotentialError: if the potential cannot be used.
    """
    resolved = _resolved(problem.model_dump_json())
    return evaluate(resolved, composition, references=references, device=device, on_call=on_call)


def campaign_of(problem: Problem) -> Campaign:
    """A new campaign of a problem.

    Raises:
        api_schemas.errors.ProblemInvalid: if the problem cannot be computed.
    """
    return Campaign(_resolved(problem.model_dump_json()))


def mapped(
    problem: Problem, records: Sequence[EvaluationRecord], property_name: str, wanted: Slice
) -> SurrogateMap:
    """What a surrogate of the records expects of a property over a slice.

    Raises:
        api_schemas.errors.ProblemInvalid: if the slice cannot be mapped as the records are.
    """
    campaign = campaign_of(problem)
    campaign.tell(records)
    return campaign.plan.map(property_name, wanted)
