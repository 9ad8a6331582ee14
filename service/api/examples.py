"""Examples of answers for the OpenAPI document: each is made of the models, so that none can go out of date."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from pydantic import BaseModel

from api_schemas.arrays import JobArray
from api_schemas.catalogue import Catalogue
from api_schemas.choices import Verify
from api_schemas.cost import Cost
from api_schemas.errors import TYPE_PREFIX, FieldError, ProblemDetail
from api_schemas.evaluations import CrystalState, Evaluation, OccupiedSite, PropertyValue
from api_schemas.jobs import (
    AnswerSoFar,
    BestSoFar,
    CancelledJobs,
    CostEstimate,
    EvaluationPage,
    Job,
    JobPage,
    Progress,
    SiteOfProblem,
    StoredEvaluation,
    Validation,
)
from api_schemas.kinds import KINDS
from api_schemas.maps import (
    ExpectedProperty,
    LeftOut,
    MapUnderWay,
    PointUnderWay,
    SurrogateMap,
    SurrogatePoint,
)
from api_schemas.problem import Problem
from api_schemas.results import PotentialProvenance, Provenance, Result, Sensitivity, Stopped, TotalCost
from engine.crystals.prototypes import PROTOTYPES
from engine.kinds.evaluate.verifying import evaluating, verifying
from engine.potentials import registry
from engine.properties.table import PROPERTIES
from service.api.problems import EXAMPLE

_PROBLEM = Problem.model_validate(EXAMPLE)
_AT = {"cation": {"Al": 0.8165, "Sc": 0.1835}}
_LATTICE = [[3.2144, 0.0, 0.0], [-1.6072, 2.7838, 0.0], [0.0, 0.0, 5.0811]]

_VERIFYING = verifying(_PROBLEM, [_AT], Verify())
_EVALUATING = evaluating(_PROBLEM, [_AT])

EVALUATION = Evaluation(
    composition=_AT,
    properties={
        "lattice_a": PropertyValue(
            value=3.2144, unit="Å", gradient={"cation": {"Al": -0.2336, "Sc": 0.2336}}, uncertainty=None
        )
    },
    energy_per_atom=-7.62102,
    converged=True,
    stable=True,
    cost=Cost(potential_calls=9, shared_calls=42, seconds=0.5),
    structure=CrystalState(
        lattice=_LATTICE, sites=[OccupiedSite(species=_AT["cation"], frac=[0.3333, 0.6667, 0.0])]
    ),
)

_POTENTIAL = registry.describe("sevennet-l3i5")

RESULT = Result(
    kind="optimize",
    best=EVALUATION,
    evaluations=[EVALUATION],
    stopped=Stopped(
        reason="target_met", message="lattice_a is within 0.001 Å of 3.21444 Å after 2 evaluations"
    ),
    sensitivities=[
        Sensitivity(
            property="lattice_a",
            sublattice="cation",
            element="Sc",
            per_percent=0.00467,
            unit="Å",
            text="1 % more Sc moves lattice_a by +0.00467 Å",
        )
    ],
    targets=[3.21444],
    cost=TotalCost(evaluations=2, potential_calls=21, shared_calls=42, seconds=3.7),
    provenance=Provenance(
        orichalcum="0.1.0",
        potential=PotentialProvenance(
            name=_POTENTIAL.name,
            sha256=_POTENTIAL.sha256,
            licence=_POTENTIAL.licence,
            citation=_POTENTIAL.citation,
        ),
        seed=0,
        device="cpu",
        dtype="float64",
    ),
)


def job(**changes: Any) -> Job:
    """A job that has just been submitted."""
    return Job.model_validate(
        {
            "id": "01jd3q8z7k5v2m9xw4c6t1b0fh",
            "name": _PROBLEM.name,
            "kind": _PROBLEM.kind,
            "state": "queued",
            "progress": Progress(evaluations_done=0, evaluations_planned=40),
            "cancel_requested": False,
            "created_at": datetime(2025, 1, 1, 12, tzinfo=UTC),
            "problem": _PROBLEM,
            **changes,
        }
    )


_RUNNING = job(
    state="running",
    started_at=datetime(2025, 1, 1, 12, 0, 1, tzinfo=UTC),
    progress=Progress(
        evaluations_done=1,
        evaluations_planned=40,
        best=BestSoFar(index=0, loss=961.0, composition=_AT, properties={"lattice_a": 3.2454}),
        doing=["evaluation 2"],
    ),
)

_ARRAY = JobArray(
    id="01jd3q8z7k5v2m9xw4c6t1b0fj",
    states={"queued": 2},
    items=[
        job(
            id=f"01jd3q8z7k5v2m9xw4c6t1b0f{letter}",
            name=f"{_PROBLEM.name}, pressure {pressure}",
            problem=None,
            array="01jd3q8z7k5v2m9xw4c6t1b0fj",
            array_values={"conditions.pressure": pressure},
        )
        for letter, pressure in (("k", 0), ("m", 5))
    ],
)

ANSWERS: dict[tuple[str, str, str], Any] = {
    ("post", "/v1/problems/validate", "200"): Validation(
        valid=True,
        problem=_PROBLEM,
        sites=[SiteOfProblem(index=0, element="Al", sublattice="cation", frac=[0.3333, 0.6667, 0.0])],
        lattice=_LATTICE,
        estimate=CostEstimate(evaluations=40, potential_calls=640, seconds=45.0, memory_bytes=700_000_000),
    ),
    ("post", "/v1/jobs", "202"): job(),
    ("post", "/v1/arrays", "202"): _ARRAY,
    ("get", "/v1/arrays/{array_id}", "200"): _ARRAY,
    ("post", "/v1/jobs/{job_id}/verify", "202"): job(
        id="01jd3r0v9e4m8t2k6w1c5b7xgz",
        name=f"{_PROBLEM.name}, verified",
        kind=_VERIFYING.kind,
        problem=_VERIFYING,
        parent="01jd3q8z7k5v2m9xw4c6t1b0fh",
        progress=Progress(evaluations_done=1, evaluations_planned=3),
    ),
    ("post", "/v1/jobs/{job_id}/evaluate", "202"): job(
        id="01jd3r0v9e4m8t2k6w1c5b7xgy",
        name=_EVALUATING.name,
        kind=_EVALUATING.kind,
        problem=_EVALUATING,
        parent="01jd3q8z7k5v2m9xw4c6t1b0fh",
        progress=Progress(evaluations_done=0, evaluations_planned=1),
    ),
    ("get", "/v1/jobs", "200"): JobPage(items=[_RUNNING.model_copy(update={"problem": None})]),
    ("get", "/v1/jobs/{job_id}", "200"): _RUNNING,
    ("get", "/v1/jobs/{job_id}/result", "200"): RESULT,
    ("get", "/v1/jobs/{job_id}/answer", "200"): AnswerSoFar(
        state="running", told=9, answer={"convention": "The centre of mass is held.", "free_energies": []}
    ),
    ("post", "/v1/jobs/cancel", "202"): CancelledJobs(
        items=[_RUNNING.model_copy(update={"state": "cancelling", "cancel_requested": True, "problem": None})]
    ),
    ("post", "/v1/jobs/{job_id}/cancel", "202"): _RUNNING.model_copy(
        update={"state": "cancelling", "cancel_requested": True}
    ),
    ("patch", "/v1/jobs/{job_id}", "200"): _RUNNING.model_copy(
        update={"note": "the one of the talk", "starred": True}
    ),
    ("post", "/v1/jobs/{job_id}/pause", "200"): _RUNNING.model_copy(update={"state": "paused"}),
    ("post", "/v1/jobs/{job_id}/resume", "200"): _RUNNING,
    ("get", "/v1/jobs/{job_id}/evaluations", "200"): EvaluationPage(
        items=[StoredEvaluation(index=0, evaluation=EVALUATION)]
    ),
    ("get", "/v1/jobs/{job_id}/map", "200"): SurrogateMap(
        property="lattice_a",
        unit="Å",
        over=["cation:Al", "cation:Sc"],
        at=_AT,
        compositions=[{"cation": {"Al": 1.0, "Sc": 0.0}}, {"cation": {"Al": 0.5, "Sc": 0.5}}],
        mean=[3.1286, 3.33],
        deviation=[0.0004, 0.011],
        feasible=[True, True],
        evaluations=2,
        left_out=[LeftOut(index=0, value=3.1286, mean=3.127, deviation=0.004, outside=False)],
    ),
    ("get", "/v1/jobs/{job_id}/map", "202"): MapUnderWay(
        property="lattice_a",
        over=["cation:Al", "cation:Sc"],
        at="incumbent",
        message="a worker computes this map; ask again in a moment",
    ),
    ("get", "/v1/jobs/{job_id}/surrogate", "200"): SurrogatePoint(
        at=_AT,
        expected=[
            ExpectedProperty(
                property="lattice_a",
                unit="Å",
                mean=3.2144,
                deviation=0.0004,
                gradient={"cation": {"Al": -0.2336, "Sc": 0.2336}},
                per_percent={"cation": {"Al": -0.0047, "Sc": 0.0047}},
                beyond=False,
            )
        ],
        feasible=True,
        broken=[],
        evaluations=2,
    ),
    ("get", "/v1/jobs/{job_id}/surrogate", "202"): PointUnderWay(
        at="cation:Al=0.8,Sc=0.2", message="a worker computes it; ask again in a moment"
    ),
    ("get", "/v1/kinds", "200"): Catalogue(kinds=[KINDS[_PROBLEM.kind].info()]),
    ("get", "/v1/potentials", "200"): Catalogue(
        potentials=[_POTENTIAL.info(fetched=True).model_copy(update={"elements": ["Al", "N", "Sc"]})]
    ),
    ("get", "/v1/prototypes", "200"): Catalogue(prototypes=[PROTOTYPES["wurtzite"].info()]),
    ("get", "/v1/properties", "200"): Catalogue(properties=[PROPERTIES["lattice_a"].info()]),
    ("get", "/health/live", "200"): {"status": "ok"},
    ("get", "/health/ready", "200"): {
        "ready": True,
        "database": True,
        "broker": True,
        "workers": 1,
        "sweeper": True,
        "stalled": [],
    },
    ("get", "/health/ready", "503"): {
        "ready": False,
        "database": True,
        "broker": True,
        "workers": 0,
        "sweeper": True,
        "stalled": ["messages have waited in orichalcum for 40 s, and no living worker serves it"],
    },
    ("get", "/metrics", "200"): 'orichalcum_jobs{state="running"} 1.0\n',
}
"""Method, path and status -> an answer of that kind."""


def answer(method: str, path: str, status: str) -> Any:
    """The example of an answer as JSON; None where there is none."""
    found = ANSWERS.get((method, path, status))
    return found.model_dump(mode="json") if isinstance(found, BaseModel) else found


_REFUSALS: dict[str, tuple[str, str, str]] = {
    "400": ("malformed-json", "The body cannot be read", "not valid JSON: line 1, column 9: Expecting value"),
    "401": ("unauthorized", "An API key is needed", "this service needs an API key"),
    "403": (
        "missing-scope",
        "The API key does not allow this",
        "this needs the scope submit; the key has read",
    ),
    "404": ("job-not-found", "There is no such job", "no job has the id '01jd3q'; see GET /v1/jobs"),
    "409": ("job-not-finished", "There is no result yet", "the job is running; ask again later"),
    "413": ("too-large", "The body is too large", "at most 4,000,000 bytes are accepted"),
    "415": (
        "unsupported-media-type",
        "The body must be JSON",
        "the Content-Type is 'text/plain'; send application/json",
    ),
    "422": ("invalid-problem", "The problem cannot be accepted", "1 field is wrong: see errors"),
    "429": ("too-many-requests", "Too many requests", "at most 120 submissions a minute are allowed"),
    "503": ("store-unavailable", "The job store cannot be used now", "The database is out of reach or busy."),
    "507": ("store-full", "The job store is full", "The job store's disk has no room; nothing was changed."),
}


def refusal(status: str, path: str) -> dict[str, Any]:
    """The example of a problem detail with this status."""
    slug, title, detail = _REFUSALS[status]
    fault = FieldError(
        pointer="/objectives/0/target",
        type="invalid-value",
        message="This should be a valid number; give a lattice constant in Å",
    )
    told = ProblemDetail(
        type=TYPE_PREFIX + slug,
        title=title,
        status=int(status),
        detail=detail,
        instance=path.replace("{job_id}", "01jd3q8z7k5v2m9xw4c6t1b0fh").replace("{array_id}", _ARRAY.id),
        errors=[fault] if status == "422" else [],
    )
    return told.model_dump(mode="json")
