"""A small service made of functions, for tests of the client: no network, no sleeping."""

import json
from collections.abc import Callable, Iterator

import httpx

JOB = {
    "id": "job1",
    "name": "a job",
    "kind": "optimize",
    "state": "running",
    "progress": {"evaluations_done": 1, "evaluations_planned": 40, "best": None},
    "cancel_requested": False,
    "created_at": "2026-01-02T03:04:05Z",
}
EVALUATION = {
    "composition": {"cation": {"Al": 0.8, "Sc": 0.2}},
    "properties": {
        "lattice_a": {
            "value": 3.2221,
            "unit": "Å",
            "gradient": {"cation": {"Al": -0.2336, "Sc": 0.2336}},
            "uncertainty": None,
        },
        "c_over_a": {"value": 1.55, "unit": "1", "gradient": None},
    },
    "energy_per_atom": -7.9,
    "converged": True,
    "stable": True,
    "cost": {"potential_calls": 17, "shared_calls": 40, "seconds": 1.4},
    "structure": {
        "lattice": [[3.2, 0.0, 0.0], [-1.6, 2.8, 0.0], [0.0, 0.0, 5.0]],
        "sites": [{"species": {"Al": 0.8, "Sc": 0.2}, "frac": [0.0, 0.0, 0.0]}],
    },
}
RESULT = {
    "kind": "optimize",
    "best": EVALUATION,
    "targets": [3.2214],
    "stopped": {
        "reason": "target_met",
        "message": "lattice_a is within 0.001 Å of 3.2214 Å after 4 evaluations",
    },
    "cost": {"evaluations": 4, "potential_calls": 52, "shared_calls": 40, "seconds": 9.1},
    "provenance": {
        "orichalcum": "0.1.0",
        "potential": {
            "name": "sevennet-l3i5",
            "sha256": "a7ff" * 16,
            "licence": "MIT",
            "citation": "a paper",
        },
        "seed": 0,
        "device": "cpu",
        "dtype": "float64",
    },
}
VERIFIED = {
    "property": "lattice_a",
    "unit": "Å",
    "evaluation": 0,
    "composition": EVALUATION["composition"],
    "alchemical": 3.2221,
    "tier": "mean_field",
    "explicit": {"value": 3.2251, "spread": 0.001, "decorations": 2},
    "at_answer": 3.2241,
    "difference": 0.002,
    "tolerance": 0.001,
    "holds": False,
    "composition_would_move": {"cation": {"Al": 0.004, "Sc": -0.004}},
    "text": "lattice_a does not hold: 3.224(1) Å in 2 supercells of 32 sites against 3.222 Å alchemically",
    "supercells": [
        {
            "decoration": number,
            "composition": EVALUATION["composition"],
            "sites": {"cation": 32},
            "converged": True,
            "potential_calls": 6,
            "largest_displacement": 0.2 + number / 10,
            "left_parent": False,
            "message": "the sites of the supercell hold cation:Al 0.8125, cation:Sc 0.1875",
        }
        for number in range(2)
    ],
}
MAP = {
    "property": "lattice_a",
    "unit": "Å",
    "over": ["cation:Al", "cation:Sc"],
    "at": {"cation": {"Al": 0.8, "Sc": 0.2}},
    "compositions": [{"cation": {"Al": 1 - i / 20, "Sc": i / 20}} for i in range(21)],
    "mean": [3.11 + i / 50 for i in range(21)],
    "deviation": [0.01] * 21,
    "feasible": [i <= 10 for i in range(21)],
    "evaluations": 4,
}
UNDER_WAY = {
    "property": "lattice_a",
    "over": ["cation:Al", "cation:Sc"],
    "at": "incumbent",
    "message": "a worker computes this map; ask again in a moment",
}
POINT = {
    "at": {"cation": {"Al": 0.8, "Sc": 0.2}},
    "expected": [
        {
            "property": "lattice_a",
            "unit": "Å",
            "mean": 3.2144,
            "deviation": 0.0004,
            "gradient": {"cation": {"Al": -0.2336, "Sc": 0.2336}},
            "per_percent": {"cation": {"Al": -0.0047, "Sc": 0.0047}},
            "beyond": False,
        }
    ],
    "feasible": False,
    "broken": ["Sc is at most 0.1"],
    "evaluations": 4,
}
POINT_UNDER_WAY = {"at": "incumbent", "message": "a worker computes it; ask again in a moment"}
PROBLEM = """
structure: {prototype: wurtzite, species: [Al, N]}
sublattices: [{name: cation, sites: [Al], elements: {Al: [0, 1], Sc: [0, 0.5]}}]
objectives: [{property: lattice_a, target: 3.2214, tolerance: 0.001}]
"""


def event(number: int, name: str, data: dict) -> bytes:
    """One server-sent event as bytes."""
    return f"id: {number}\nevent: {name}\ndata: {json.dumps(data)}\n\n".encode()


def state_event(number: int, state: str) -> bytes:
    """A change of state as bytes."""
    return event(number, "state", {"state": state, "at": "2026-01-02T03:04:05Z"})


def problem_detail(status: int, **fields: object) -> httpx.Response:
    """A refusal as RFC 9457 has it."""
    body = {"type": "urn:orichalcum:problem:x", "title": "Refused", "status": status, **fields}
    return httpx.Response(status, json=body, headers={"Content-Type": "application/problem+json"})


class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that ends in a broken connection after some bytes."""

    def __init__(self, *chunks: bytes):
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        yield from self.chunks
        raise httpx.ReadError("connection reset")

    async def __aiter__(self):
        for chunk in self.chunks:
            yield chunk
        raise httpx.ReadError("connection reset")


class Recorder:
    """Answers requests from a list, in order, and keeps what was asked."""

    def __init__(self, *answers: httpx.Response | BaseException | Callable[[httpx.Request], httpx.Response]):
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, BaseException):
            raise answer
        return answer(request) if callable(answer) else answer
