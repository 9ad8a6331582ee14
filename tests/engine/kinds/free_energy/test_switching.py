"""The answer of switching runs is what the estimators say, at every number of runs from none on."""

from __future__ import annotations

import numpy as np
import pytest

from api_schemas.free_energies import SwitchingEstimate
from engine.kinds.free_energy.switching import switching_estimate

HEAT = 0.02585


def estimated(forward, backward, accuracy=0.01):
    return switching_estimate(forward, backward, HEAT, steps=300, accuracy=accuracy, seed=0)


@pytest.mark.parametrize(("forward", "backward"), [([], []), ([0.4], []), ([], [-0.4]), ([0.4], [-0.38])])
def test_runs_that_have_just_begun_have_a_place(forward, backward):
    found = estimated(forward, backward)
    assert (found.forward.works, found.backward.works) == (forward, backward)
    assert found.standard_error is None
    assert found.verdict == "unknown"
    assert found.pairs_wanted >= 3
    if forward:
        assert found.forward.exponential == pytest.approx(0.4)
    if backward:
        assert found.backward.exponential == pytest.approx(-backward[0])
    assert (found.free_energy is None) == (not forward or not backward)


def test_ten_pairs_of_runs_give_the_known_free_energy_and_survive_their_text():
    """Gaussian works of deviation s about F + s^2/2kT and -F + s^2/2kT."""
    random = np.random.default_rng(3)
    value, deviation = 1.5, 0.02
    lost = deviation**2 / (2 * HEAT)
    forward = random.normal(value + lost, deviation, 10).tolist()
    backward = random.normal(-value + lost, deviation, 10).tolist()
    found = estimated(forward, backward)
    assert abs(found.free_energy - value) < 2.5 * found.standard_error
    assert found.standard_error == pytest.approx(deviation / np.sqrt(20), rel=0.5)
    assert found.forward.dissipation == pytest.approx(np.mean(forward) - found.free_energy)
    assert found.verdict == "agree"
    assert found.pairs_wanted == 0
    assert estimated(forward, backward, accuracy=0.001).pairs_wanted > 50
    assert SwitchingEstimate.model_validate_json(found.model_dump_json()) == found
