"""A good problem to spoil."""

from __future__ import annotations

import copy

import pytest

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.problem.limits import Limits

DEMO = {
    "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
    "sublattices": [{"name": "cation", "sites": ["Al"], "elements": {"Al": [0, 1], "Sc": [0, 0.5]}}],
    "objectives": [
        {
            "property": "lattice_a",
            "target": {"same_as": {"prototype": "wurtzite", "species": ["Ga", "N"]}},
            "tolerance": 0.001,
        }
    ],
}


@pytest.fixture
def document():
    """The demonstration's problem with fields replaced."""

    def build(**changes):
        return {**copy.deepcopy(DEMO), **changes}

    return build


@pytest.fixture
def accepted(document):
    """The resolved problem with fields replaced."""

    def build(limits=None, **changes):
        return resolve(parse(Problem, document(**changes)), limits)

    return build


@pytest.fixture
def faults(document):
    """The faults (pointer, type) of the problem with fields replaced."""

    def find(limits=None, **changes):
        with pytest.raises(ProblemInvalid) as caught:
            resolve(parse(Problem, document(**changes)), limits)
        for error in caught.value.errors:
            assert len(error.message) > 10
            assert "Traceback" not in error.message
        return [(error.pointer, error.type) for error in caught.value.errors]

    return find


@pytest.fixture
def small():
    """Limits of a small machine."""

    def build(**changes):
        return Limits(**{"memory_bytes": 8 * 2**30, **changes})

    return build
