"""Numbers in words."""

from datetime import UTC, datetime, timedelta

import pytest

from api_schemas.cost import Cost
from api_schemas.evaluations import Evaluation, PropertyValue
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


def test_a_corrected_property_says_how_surely_and_what_it_is_alchemically():
    found = Evaluation(
        composition={"cation": {"Na": 0.5, "K": 0.5}},
        properties={
            "lattice_a": PropertyValue(value=6.0704, unit="Å", alchemical=6.0982, uncertainty=0.00031),
            "volume": PropertyValue(value=28.0, unit="Å^3/atom"),
        },
        energy_per_atom=-3.4, converged=True, stable=True, structure=None,
        cost=Cost(potential_calls=1, shared_calls=0, seconds=1.0),
    )  # fmt: skip
    assert list(wording.corrections(found)) == [
        "lattice_a is corrected by supercells: 6.0704 ± 0.00031 Å, 6.0982 Å alchemically"
    ]
