"""The typical error that goes with the properties of an answer."""

from __future__ import annotations

import pytest

from api_schemas.choices import PotentialChoice
from api_schemas.cost import Cost
from api_schemas.evaluations import Evaluation, PropertyValue
from engine.tiers.uncertainty import with_uncertainty


def evaluation(composition):
    values = {
        "lattice_a": (4.0, "Å"),
        "volume": (10.0, "Å^3/atom"),
        "mixing_energy": (-0.1, "eV/atom"),
        "alpha": (90.0, "degree"),
    }
    return Evaluation(
        composition=composition,
        properties={name: PropertyValue(value=value, unit=unit) for name, (value, unit) in values.items()},
        energy_per_atom=-1.0,
        converged=True,
        stable=True,
        cost=Cost(potential_calls=1, shared_calls=0, seconds=0.1),
        structure=None,
    )


@pytest.mark.parametrize(
    ("choice", "length", "volume", "energy"),
    [({}, 0.01, 0.075, 0.025), ({"mixing": "paired"}, 0.0232, 0.174, 0.082)],
)
def test_a_mixed_crystal_carries_the_error_measured_against_supercells(choice, length, volume, energy):
    found = with_uncertainty(
        evaluation({"cation": {"Na": 0.5, "K": 0.5}}), PotentialChoice(**choice)
    ).properties
    assert found["lattice_a"].uncertainty == pytest.approx(length)
    assert found["volume"].uncertainty == pytest.approx(volume)
    assert found["mixing_energy"].uncertainty == energy
    assert found["alpha"].uncertainty is None


def test_a_crystal_in_which_nothing_is_mixed_carries_none():
    pure = evaluation({"cation": {"Na": 1.0, "K": 0.0}, "anion": {"Cl": 1.0}})
    assert with_uncertainty(pure, PotentialChoice()) == pure
