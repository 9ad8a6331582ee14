"""What is asked of vibrations that cannot be had, or serves nothing, is refused at its field."""

from __future__ import annotations

import pytest

from api_schemas.problem import Problem
from engine.acceptance.validate import validate

HARMONIC = {"vibrations": "harmonic"}


def problem(**fields):
    return Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
            "at": [{"cation": {"Na": 0.5, "K": 0.5}}],
            "potential": {"name": "sevennet-0"},
            "properties": ["mixing_free_energy", "heat_capacity"],
            "conditions": HARMONIC,
            **fields,
        }
    )


VACANT = {
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": {"Na": [0.5, 1], "Vac": [0, 0.5]}}],
    "at": [{"cation": {"Na": 0.9, "Vac": 0.1}}],
}


@pytest.mark.parametrize(
    ("fields", "pointer", "kind", "mend"),
    [
        ({"conditions": {}}, "/properties/1", "missing-field", "write conditions: {vibrations: harmonic}"),
        ({"properties": ["volume"]}, "/conditions/vibrations", "unused-field", "ask for one, or remove"),
        (VACANT, "/conditions/vibrations", "not-available-yet", "remove Vac"),
        (
            {"potential": {"name": "sevennet-0", "dtype": "float32"}},
            "/potential/dtype",
            "not-with-vibrations",
            "remove dtype",
        ),
        (
            {"kind": "order", "properties": [], "order": {}},
            "/conditions/vibrations",
            "unused-field",
            "it goes with kind optimize or scan or evaluate",
        ),
        (
            {"kind": "free_energy", "properties": [], "free_energy": {"path": "absolute"}},
            "/conditions/vibrations",
            "unused-field",
            "kind free_energy does not use conditions.vibrations",
        ),
        (
            {
                "structure": {
                    "poscar": "sheet\n1\n2.46 0 0\n-1.23 2.1304 0\n0 0 20\nC\n2\nDirect\n0 0 0.5\n0.3333 0.6667 0.5\n"
                },
                "sublattices": [],
                "at": [],
                "properties": ["heat_capacity"],
            },
            "/conditions/vibrations",
            "not-available-yet",
            "close the gap",
        ),
    ],
)
def test_what_vibrations_cannot_do_or_serve_nothing_for_is_refused(fields, pointer, kind, mend):
    found = validate(problem(**fields))
    assert [(fault.pointer, fault.type) for fault in found.errors] == [(pointer, kind)]
    assert mend in found.errors[0].message


@pytest.mark.parametrize("temperature", [0.0, 300.0])
def test_at_zero_kelvin_there_is_zero_point_motion(temperature):
    assert not validate(problem(conditions={**HARMONIC, "temperature": temperature})).errors


def test_an_unknown_word_is_refused_with_the_words_there_are():
    from api_schemas.errors import ProblemInvalid, parse

    document = problem().model_dump(mode="json", exclude_unset=True)
    document["conditions"] = {"vibrations": "anharmonic"}
    with pytest.raises(ProblemInvalid) as caught:
        parse(Problem, document)
    assert [fault.pointer for fault in caught.value.errors] == ["/conditions/vibrations"]
    assert "'none' or 'harmonic'" in caught.value.errors[0].message


def test_the_estimate_counts_rows_of_force_constants():
    """Measured: 3 calls for each of two end members, 9 for a mixed composition, 39 in the tier of disorder."""
    at_rest, shaken = (
        validate(problem(properties=["mixing_free_energy"], conditions=conditions)).estimate
        for conditions in ({}, HARMONIC)
    )
    assert shaken.potential_calls - at_rest.potential_calls == 2 * 3 + 9
    assert shaken.seconds > at_rest.seconds
    assert shaken.memory_bytes >= at_rest.memory_bytes
    potential = {"name": "sevennet-0", "tier": "fluctuation"}
    still = validate(problem(properties=["volume"], conditions={}, potential=potential)).estimate
    disordered = validate(problem(properties=["heat_capacity"], potential=potential)).estimate
    assert disordered.potential_calls - still.potential_calls == pytest.approx(39, abs=8)
