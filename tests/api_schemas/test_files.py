"""Problem files: what YAML and JSON mean here, and hostile files."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_schemas.errors import ProblemInvalid
from api_schemas.files import MAX_FILE_BYTES
from api_schemas.problem import Problem

GOOD = """
kind: scan
structure: {prototype: rocksalt, species: [Na, Cl]}
sublattices:
  - name: cation
    sites: [Na]
    elements: {Na: [0, 1], No: [0, 1e-1], Y: [0, .5]}   # nobelium and yttrium, not booleans
"""


def refused(text, **options):
    with pytest.raises(ProblemInvalid) as caught:
        Problem.from_text(text, **options)
    return caught.value.errors


def test_scalars_follow_yaml_1_2():
    problem = Problem.from_text(GOOD)
    assert problem.sublattices[0].elements == {"Na": [0, 1], "No": [0, 0.1], "Y": [0, 0.5]}


def test_json_is_read_where_it_is_said():
    document = Problem.from_text(GOOD).document()
    assert Problem.from_text(json.dumps(document), is_json=True) == Problem.from_text(GOOD)


@pytest.mark.parametrize(
    "number", ["010", "0x10", "1_000", "1:30", ".nan", ".inf", "'5'", "2020-01-01", "~", "yes"]
)
def test_what_is_no_plain_number_is_not_taken_for_one(number):
    errors = refused(GOOD + f"strategy: {{seed: {number}}}\n")
    assert errors[0].pointer == "/strategy/seed"


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "- 1\n- 2", "just text", "42", "a: [1", "a: 1\na: 2", "a: &x 1\nb: *x", "{a: {b: c}", "\t- x",
        "a: !!python/object/apply:os.system ['true']", "!!binary x", "a: !!timestamp nonsense", "1: x", "? [1, 2]\n: x",
        "--- a: 1\n--- b: 2", "a: 1\n---\nb: 2", "a: \x00", "%YAML 9.9\n---\na: 1", "a: !!int x", "a: !!float x",
        "x: " + "[" * 10_000, "x: " + "{a: " * 500, "- " * 5000, "a: " + "9" * 5000, "&a [*a]", "<<: {a: 1}",
    ],
)  # fmt: skip
def test_a_malformed_yaml_file_is_refused(text):
    for error in refused(text):
        assert error.message
        assert "Traceback" not in error.message


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "nul", '{"a": 1, "a": 2}',
     '{"structure": ' * 2000, "[" * 200_000, '{"a": ' + "9" * 5000 + "}", "\ufeff{}", '"x"'],
)  # fmt: skip
def test_a_malformed_json_file_is_refused(text):
    assert refused(text, is_json=True)


def test_numbers_that_are_not_finite_are_refused_in_json_too():
    document = Problem.from_text(GOOD).document()
    text = json.dumps(document).replace("300.0", "NaN")
    assert refused(text, is_json=True)[0].pointer == "/conditions/temperature"


def test_the_line_of_a_syntax_error_is_named():
    assert (
        "line 3" in refused("a: 1\nb: 2\nc: [1\n")[0].message
        or "line 4" in refused("a: 1\nb: 2\nc: [1\n")[0].message
    )


def test_a_comma_for_a_decimal_point_is_told():
    text = GOOD.replace("species: [Na, Cl]", "species: [Na, Cl], a: 5,64")
    assert "keys must be words; decimals stand after a point" in refused(text)[0].message


def test_aliases_cannot_blow_a_file_up():
    laughs = "a: &a [x, x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [*{chr(97 + i)}, *{chr(97 + i)}]\n" for i in range(20)
    )
    assert "aliases" in refused(laughs)[0].message


def test_a_file_is_read_from_its_path(tmp_path):
    path = tmp_path / "problem.yaml"
    path.write_text("\ufeff" + GOOD, encoding="utf-8")
    assert Problem.from_file(path).kind == "scan"
    as_json = tmp_path / "problem.JSON"
    as_json.write_text(json.dumps(Problem.from_file(path).document()), encoding="utf-8")
    assert Problem.from_file(str(as_json)) == Problem.from_file(path)


def test_a_file_that_is_too_large_or_no_text_is_refused(tmp_path):
    path = tmp_path / "problem.yaml"
    path.write_bytes(b"#" * (MAX_FILE_BYTES + 1))
    with pytest.raises(ProblemInvalid, match="larger than 4 MB"):
        Problem.from_file(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ProblemInvalid, match="not UTF-8"):
        Problem.from_file(path)


def test_a_missing_file_is_the_callers_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        Problem.from_file(tmp_path / "nothing.yaml")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_a_problem_or_refused(text):
    for is_json in (False, True):
        faults = []
        try:
            Problem.from_text(text, is_json=is_json)
        except ProblemInvalid as fault:
            faults = list(fault.errors)
        assert all(error.message for error in faults)
