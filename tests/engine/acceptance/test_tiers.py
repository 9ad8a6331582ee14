"""What is asked of a tier that it cannot do is refused at its field."""

from __future__ import annotations

import pytest

from api_schemas.problem import Problem
from engine.acceptance.validate import validate


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
