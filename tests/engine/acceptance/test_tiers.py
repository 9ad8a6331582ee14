"""What is asked of a tier that it cannot do is refused at its field."""

from __future__ import annotations

import pytest

from api_schemas.problem import Problem
from engine.acceptance.validate import validate
from engine.problem.limits import Limits


def problem(**potential):
    return Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
            "at": [{"cation": {"Na": 0.5, "K": 0.5}}],
            "potential": {"name": "sevennet-0", **potential},
        }
    )


@pytest.mark.parametrize(
    ("potential", "pointer", "mend"),
    [
        ({"tier": "fluctuation", "mixing": "paired"}, "/potential/mixing", "remove mixing"),
        ({"tier": "fluctuation", "dtype": "float32"}, "/potential/dtype", "remove dtype"),
        ({"tier": "single_site"}, "/potential/tier", "use fluctuation"),
    ],
)
def test_a_tier_says_what_it_cannot_do(potential, pointer, mend):
    found = validate(problem(**potential))
    assert [fault.pointer for fault in found.errors] == [pointer]
    assert mend in found.errors[0].message


def test_the_estimate_knows_the_supercell():
    plain, disordered = (validate(problem(tier=tier)).estimate for tier in ("mean_field", "fluctuation"))
    assert disordered.potential_calls > plain.potential_calls
    assert disordered.seconds > 3 * plain.seconds
    assert disordered.memory_bytes > plain.memory_bytes


@pytest.mark.parametrize(
    ("potential", "mend"),
    [
        ({"tier": "fluctuation"}, "a smaller cell, tier: mean_field, or raise"),
        ({}, "a smaller cell, dtype: float32, or raise"),
        ({"dtype": "float32"}, "a smaller cell, or raise"),
    ],
)
def test_what_needs_too_much_memory_is_refused_with_what_can_be_done(potential, mend):
    found = validate(problem(**potential), Limits(memory_bytes=2**20))
    (fault,) = found.errors
    assert fault.type == "does-not-fit"
    assert mend in fault.message
