"""Compositions as users write them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api_schemas.errors import ProblemInvalid
from api_schemas.sublattices import Sublattice
from engine.composition.notation import parse_at_text, parse_composition
from engine.composition.space import CompositionSpace

SPACE = CompositionSpace.of(
    [
        Sublattice(name="cation", sites=["Al"], elements={"Al": [0, 1], "Sc": [0, 0.5], "Ga": [0, 1]}),
        Sublattice(name="anion", sites=["N"], elements=["N"]),
    ]
)


def pointers(composition, prefix=("at", 0)):
    with pytest.raises(ProblemInvalid) as caught:
        parse_composition(SPACE, composition, prefix)
    assert {error.type for error in caught.value.errors} == {"bad-composition"}
    return {error.pointer for error in caught.value.errors}


def test_elements_left_out_are_zero_and_single_elements_are_one():
    np.testing.assert_array_equal(
        parse_composition(SPACE, {"cation": {"Al": 0.8, "Sc": 0.2}}), [0.8, 0.2, 0, 1]
    )


def test_sums_within_the_tolerance_are_scaled_to_one():
    x = parse_composition(SPACE, {"cation": {"Al": 0.3333333, "Sc": 0.3333333, "Ga": 0.3333333}})
    assert x[:3].sum() == pytest.approx(1.0, abs=1e-15)


def test_bounds_are_not_looked_at():
    assert parse_composition(SPACE, {"cation": {"Sc": 1.0}})[1] == 1.0


@pytest.mark.parametrize(
    ("composition", "where"),
    [
        ({"cation": {"Al": 0.8, "Sc": 0.1}}, {"/at/0/cation"}),
        ({"cation": {"Al": 1.2, "Sc": -0.2}}, {"/at/0/cation/Sc"}),
        ({"cation": {"Al": float("nan"), "Sc": 1}}, {"/at/0/cation/Al"}),
        ({"cation": {"Al": 0.8, "Y": 0.2}}, {"/at/0/cation/Y"}),
        ({"cations": {"Al": 1}}, {"/at/0/cations", "/at/0"}),
        ({}, {"/at/0"}),
        ({"cation": {}}, {"/at/0/cation"}),
        ({"cation": {"Al": 1}, "anion": {"N": 0.5}}, {"/at/0/anion"}),
    ],
)
def test_faults_point_at_what_is_wrong(composition, where):
    assert pointers(composition) == where


def test_a_wrong_sum_is_named():
    with pytest.raises(ProblemInvalid, match=r"add up to 0\.9;"):
        parse_composition(SPACE, {"cation": {"Al": 0.8, "Sc": 0.1}})


def test_the_text_form_is_read():
    assert parse_at_text(" cation: Al=0.8, Sc = 2e-1 ; anion:N=1; ") == {
        "cation": {"Al": 0.8, "Sc": 0.2},
        "anion": {"N": 1.0},
    }


@pytest.mark.parametrize(
    "text",
    ["", ";", "Al=0.8", "cation", "cation:", "cation:Al", "cation:Al=", "cation:Al=x", "cation:Al=nan", "cation:=1",
     "cation:Al=inf", "cation:Al=0.5,Al=0.5", "cation:Al=1;cation:Al=1", ":Al=1", "a:Al=1," * 3000],
)  # fmt: skip
def test_a_text_that_cannot_be_read_is_refused(text):
    with pytest.raises(ProblemInvalid) as caught:
        parse_at_text(text)
    assert caught.value.errors[0].type == "bad-composition"
    assert caught.value.errors[0].pointer.startswith("/at")


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text):
    try:
        composition = parse_at_text(text)
    except ProblemInvalid:
        return
    assert composition
