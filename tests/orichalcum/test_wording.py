"""Numbers in words."""

from datetime import UTC, datetime, timedelta

import pytest

from api_schemas.evaluations import Evaluation
from orichalcum import wording
from tests.orichalcum.fake_service import EVALUATION


def test_one_percent_more_of_one_of_two_elements_moves_it_from_the_other():
    # da/dx along Al -> Sc is 0.2336 - (-0.2336) Å per unit fraction, so 0.004672 Å per percent.
    sentences = list(wording.sensitivities(Evaluation.model_validate(EVALUATION), "lattice_a"))
    assert sentences == ["1 % more Al: -0.00467 Å", "1 % more Sc: +0.00467 Å"]


def test_the_other_elements_give_way_in_proportion_to_what_they_have():
    gradient = {"s": {"A": 3.0, "B": -1.0, "C": -2.0}}
    at = {"s": {"A": 0.5, "B": 0.1, "C": 0.4}}
    # Moving 0.01 to A takes 0.002 from B and 0.008 from C.
    expected = 0.01 * 3.0 - 0.002 * -1.0 - 0.008 * -2.0
    assert wording.per_percent(gradient, at, "s", "A") == pytest.approx(expected)


def test_a_constant_added_to_a_gradient_changes_nothing():
    at = {"s": {"A": 0.5, "B": 0.1, "C": 0.4}}
    plain = {"s": {"A": 3.0, "B": -1.0, "C": -2.0}}
    raised = {"s": {"A": 10.0, "B": 6.0, "C": 5.0}}
    assert wording.per_percent(raised, at, "s", "B") == pytest.approx(
        wording.per_percent(plain, at, "s", "B")
    )


def test_a_pure_element_gives_way_to_the_others_in_equal_parts():
    at = {"s": {"A": 1.0, "B": 0.0, "C": 0.0}}
    assert wording.per_percent({"s": {"A": 2.0, "B": 1.0, "C": -3.0}}, at, "s", "A") == pytest.approx(0.03)


def test_an_element_alone_has_nothing_to_give_way():
    assert wording.per_percent({"s": {"A": 0.0}}, {"s": {"A": 1.0}}, "s", "A") is None


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.44, "0.4 s"), (12.4, "12 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"), (200_000, "2 d 7 h")],
)
def test_spans_of_time_read_as_people_say_them(value, text):
    assert wording.seconds(value) == text


def test_the_age_of_a_moment_without_a_zone_is_taken_as_utc():
    now = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert wording.age((now - timedelta(seconds=75)).replace(tzinfo=None), now) == "1 min 15 s"


def test_pure_numbers_have_no_unit():
    assert wording.quantity(1.55, "1") == "1.5500"
    assert wording.quantity(3.2144, "Å") == "3.2144 Å"
    assert wording.change(0.0, "Å") == "±0 Å"
