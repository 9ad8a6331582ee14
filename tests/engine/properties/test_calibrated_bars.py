"""Error bars of tiers against relaxed supercells of systems that they were not calibrated with."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from api_schemas.choices import PotentialChoice
from api_schemas.cost import Cost
from api_schemas.evaluations import Evaluation, PropertyValue
from engine.tiers.registry import TIERS
from engine.tiers.uncertainty import seen, with_uncertainty

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "tier_errors.py"
UNITS = {
    "lattice_a": "Å",
    "lattice_c": "Å",
    "volume": "Å^3/atom",
    "mixing_energy": "eV/atom",
    "energy": "eV/atom",
}


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("tier_errors", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    sys.modules["tier_errors"] = module
    spec.loader.exec_module(module)
    return module


def evaluation(composition, properties, stable=True):
    return Evaluation(
        composition={"mixed": composition},
        properties={name: PropertyValue(unit=UNITS[name], **value) for name, value in properties.items()},
        energy_per_atom=-1.0, converged=True, stable=stable, structure=None,
        cost=Cost(potential_calls=1, shared_calls=0, seconds=0.1),
    )  # fmt: skip


def of_point(point):
    """The evaluation of a point; where gradients were not kept, the volume's is that of its end members."""
    if point.evaluation is not None:
        return evaluation(point.composition, point.evaluation)
    elements = list(point.composition)
    x = np.array([point.composition[element] for element in elements])
    direction = np.array([1.0, -1.0])  # of two elements any slopes with this mismatch
    assert len(elements) == 2
    slopes = direction * 10.0 * point.mismatch / (2.0 * np.sqrt(x[0] * x[1]))
    gradient = {"mixed": dict(zip(elements, slopes.tolist(), strict=True))}
    return evaluation(
        point.composition,
        {"lattice_a": {"value": 4.0}, "volume": {"value": 10.0, "gradient": gradient},
         "mixing_energy": {"value": point.mixing}},
    )  # fmt: skip


@pytest.mark.parametrize("tier", ["mean_field", "fluctuation"])
def test_of_systems_that_were_held_out_nine_of_ten_lie_within_two_bars_that_are_no_wider_than_they_need(
    script, tier
):
    points = script.known()
    out = script.held_out(points)
    errors = {"lattice_a": [], "mixing_energy": []}
    bars = {"lattice_a": [], "mixing_energy": []}
    for point in points:
        if point.tier != tier or point.system not in out:
            continue
        found = with_uncertainty(of_point(point), PotentialChoice(tier=tier)).properties
        length = found["lattice_a"]
        errors["lattice_a"].append(point.length)
        bars["lattice_a"].append(length.uncertainty / length.value)
        errors["mixing_energy"].append(point.energy)
        bars["mixing_energy"].append(found["mixing_energy"].uncertainty)
    assert min(map(len, errors.values())) >= (20 if tier == "mean_field" else 12)
    for name, found in errors.items():
        off, wide = np.abs(found), np.array(bars[name])
        assert np.mean(off <= 2.0 * wide) >= 0.9
        assert wide.mean() <= 2.0 * np.sqrt(np.mean(off**2))


@pytest.mark.parametrize("tier", ["mean_field", "fluctuation"])
def test_the_constants_are_those_of_the_script_and_know_nothing_of_what_was_held_out(script, tier):
    made = script.constants(script.known(), tier)
    kept = TIERS[tier].error("mean_field").calibration
    assert kept.length == pytest.approx(made["lattice_a"], rel=0.02, abs=2e-5)
    assert kept.energy == pytest.approx(made["mixing_energy"], rel=0.02, abs=2e-5)


def test_the_mismatch_of_a_sublattice_is_that_of_its_end_members_where_volumes_follow_vegard():
    volumes, x = np.array([10.0, 12.0, 15.0]), np.array([0.5, 0.2, 0.3])
    slopes = volumes - volumes.mean()
    gradient = {"mixed": dict(zip("ABC", slopes.tolist(), strict=True))}
    volume = {"value": float(x @ volumes), "gradient": gradient}
    mixed = dict(zip("ABC", x.tolist(), strict=True))
    found = seen(evaluation(mixed, {"volume": volume, "mixing_energy": {"value": -0.02}}))
    expected = np.sqrt(x @ (volumes - x @ volumes) ** 2) / (x @ volumes)
    assert found.mismatch == pytest.approx(expected)
    assert found.mixing == -0.02


def test_an_unstable_crystal_has_no_bar_and_one_without_a_gradient_the_typical_one():
    halves = {"A": 0.5, "B": 0.5}
    gradient = {"mixed": {"A": -1.0, "B": 1.0}}
    sized = {"volume": {"value": 10.0, "gradient": gradient}, "mixing_energy": {"value": 0.01}}
    bars = [
        with_uncertainty(evaluation(halves, properties, stable), PotentialChoice())
        .properties["mixing_energy"]
        .uncertainty
        for properties, stable in ((sized, True), (sized, False), ({"mixing_energy": {"value": 0.01}}, True))
    ]
    # 0.1 of ln(volume) for each element: hypot(0.00343, 0.19924 * 0.1, 0.09579 * 0.01)
    assert bars == [pytest.approx(0.02024, abs=2e-5), None, 0.025]
