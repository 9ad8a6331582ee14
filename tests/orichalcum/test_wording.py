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
