"""What one percent more of an element does to a property."""

import pytest

from api_schemas.per_percent import per_percent


def test_the_other_elements_give_way_in_proportion_to_what_they_have():
    gradient = {"s": {"A": 3.0, "B": -1.0, "C": -2.0}}
    at = {"s": {"A": 0.5, "B": 0.1, "C": 0.4}}
    # Moving 0.01 to A takes 0.002 from B and 0.008 from C.
    expected = 0.01 * 3.0 - 0.002 * -1.0 - 0.008 * -2.0
    assert per_percent(gradient, at)["s"]["A"] == pytest.approx(expected)


def test_a_constant_added_to_a_gradient_changes_nothing():
    at = {"s": {"A": 0.5, "B": 0.1, "C": 0.4}}
    plain = {"s": {"A": 3.0, "B": -1.0, "C": -2.0}}
    raised = {"s": {"A": 10.0, "B": 6.0, "C": 5.0}}
    assert per_percent(raised, at)["s"]["B"] == pytest.approx(per_percent(plain, at)["s"]["B"])


def test_a_pure_element_gives_way_to_the_others_in_equal_parts():
    at = {"s": {"A": 1.0, "B": 0.0, "C": 0.0}}
    assert per_percent({"s": {"A": 2.0, "B": 1.0, "C": -3.0}}, at)["s"]["A"] == pytest.approx(0.03)


def test_an_element_alone_has_nothing_to_give_way():
    assert per_percent({"s": {"A": 0.0}}, {"s": {"A": 1.0}}) == {}
