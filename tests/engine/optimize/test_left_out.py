"""What a map says of evaluations left out, against dense posteriors of all others and one solve for each."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from api_schemas.evaluations import MemberState
from engine.campaign.campaign import Campaign
from engine.optimize.surrogates.phases import PhaseMixture

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run

from tests.posterior import DensePosterior

JUMP = 0.5
HEAT = 8.617333262e-5 * 1000.0
"""k_B T, eV."""


def wavy(x):
    return np.sin(3.0 * x[0]) + 2.0 * x[1] * x[2], [3.0 * np.cos(3.0 * x[0]), 2.0 * x[2], 2.0 * x[1]]


def entropy(x):
    """Of one mixed site in two atoms, eV per atom, and its gradient."""
    return HEAT / 2.0 * float(np.sum(x * np.log(x))), HEAT / 2.0 * (np.log(x) + 1.0)


def jumping(x):
    """A free energy of two phases, with the entropy of mixing."""
    own = 0.05 + 0.3 * x[1] ** 2 if x[1] < JUMP else 0.2 - 0.1 * x[1]
    slope = 0.6 * x[1] if x[1] < JUMP else -0.1
    added, gradient = entropy(np.asarray(x))
    return own + added, gradient + np.array([0.0, slope])


@pytest.fixture(scope="module")
def campaign():
    asked = problem(
        ["Na", "K", "Li"],
        [{"property": "lattice_a", "goal": "maximize"}],
        strategy={"name": "random", "max_evaluations": 7},
    )
    return run(asked, {"lattice_a": wavy})


def test_every_evaluation_is_predicted_as_by_a_dense_posterior_of_all_others(campaign):
    found = campaign.map("lattice_a", "cation:Na,K").left_out
    h = campaign.plan._learned("lattice_a").model.hyperparameters
    x = np.array([campaign.space.to_vector(one.composition) for one in campaign.records])
    values = [one.properties["lattice_a"].value for one in campaign.records]
    gradients = [campaign.space.to_vector(one.properties["lattice_a"].gradient) for one in campaign.records]
    expected = DensePosterior(h, x, values, gradients).leave_one_out()
    assert [one.index for one in found] == [one.index for one in campaign.records]
    np.testing.assert_allclose([one.value for one in found], values, atol=1e-12)
    np.testing.assert_allclose([one.value - one.mean for one in found], expected[:, 0], atol=1e-7)
    # of the value as it is observed, with its noise
    deviations = np.hypot(expected[:, 1], h.spread * h.prior.value_noise)
    np.testing.assert_allclose([one.deviation for one in found], deviations, rtol=5e-3)
    off = np.abs(expected[:, 0])
    outside = (off > 2.0 * deviations) & (off > 1e-3 * np.ptp(values))
    assert [one.outside for one in found] == outside.tolist()


def told(shares, phase=None):
    """A campaign that evaluated these fractions of K; those above the jump are of the phase."""
    at = [{"cation": {"Na": 1 - share, "K": share}} for share in shares]
    campaign = Campaign(
        problem(
            ["Na", "K"],
            [],
            kind="evaluate",
            at=at,
            properties=["mixing_free_energy"],
            conditions={"temperature": 1000.0},
        )
    )
    records = [record(campaign, one, {"mixing_free_energy": jumping}) for one in campaign.ask(len(shares))]
    campaign.tell(
        [
            one.model_copy(update={"phase": phase if one.composition["cation"]["K"] > JUMP else None})
            for one in records
        ]
    )
    return campaign


def test_of_several_phases_each_is_predicted_from_what_may_be_there_with_the_known_part():
    shares = [0.05, 0.2, 0.35, 0.45, 0.55, 0.7, 0.9]
    campaign = told(shares, "layered")
    found = campaign.map("mixing_free_energy", "cation:Na,K").left_out
    model = campaign.plan._learned("mixing_free_energy").model
    assert isinstance(model, PhaseMixture)
    assert [one.index for one in found] == list(range(7))
    parts = [
        [np.array([1 - share, share]) for share in shares if (share > JUMP) == above]
        for above in (False, True)
    ]

    def expected(k, x):
        """The part of a phase, without what is left out, [mean, deviation]."""
        at = np.array([one for one in parts[k] if abs(one - x).max() > 1e-9])
        both = [(jumping(one), entropy(one)) for one in at]
        values = [whole[0] - known[0] for whole, known in both]
        slopes = np.array([whole[1] - known[1] for whole, known in both])
        gradients = slopes - slopes.mean(axis=1, keepdims=True)
        h = model.parts[k].hyperparameters
        posterior = DensePosterior(h, at, values, gradients)
        mean, deviation = posterior.mean_and_deviation(x)
        noise = h.spread * h.prior.value_noise if len(at) < len(parts[k]) else 0.0
        return mean, np.hypot(deviation, noise)

    for one, share in zip(found, shares, strict=True):
        x = np.array([1 - share, share])
        place = int(np.argmin(np.abs(model.membership.x - x).max(axis=1)))
        p = model.membership.without(place).at(x[None])[0]
        means, deviations = np.transpose([expected(k, x) for k in range(2)])
        mean = p @ means
        variance = p @ (deviations**2 + means**2) - mean**2
        assert one.value == pytest.approx(jumping(x)[0], abs=1e-12)
        assert one.mean == pytest.approx(mean + entropy(x)[0], abs=1e-6), share
        assert one.deviation == pytest.approx(variance**0.5, rel=1e-3), share
    sure = [model.membership.without(k).at(model.membership.x[k : k + 1]).max() for k in range(7)]
    assert min(sure) < 0.9  # the phases do mix in what is compared


def test_the_only_evaluation_of_a_phase_and_end_members_are_not_among_them():
    campaign = told([0.1, 0.3, 0.45, 0.8], "layered")
    campaign.plan.tell_members(
        [
            MemberState(
                composition={"cation": {"Na": 1.0, "K": 0.0}},
                properties={"mixing_free_energy": 0.05},
                phase=None,
            )
        ]
    )
    found = campaign.map("mixing_free_energy", "cation:Na,K").left_out
    assert [one.index for one in found] == [0, 1, 2]


def test_one_evaluation_cannot_be_predicted_from_others():
    assert told([0.3]).map("mixing_free_energy", "cation:Na,K").left_out == []


def test_a_value_that_no_other_lets_expect_is_outside():
    at = [{"cation": {"Na": 1 - share, "K": share}} for share in np.linspace(0.0, 1.0, 9).tolist()]
    campaign = Campaign(problem(["Na", "K"], [], kind="evaluate", at=at))

    def stepping(x):
        return 3.0 + 0.2 * x[1] + (0.3 if abs(x[1] - 0.5) < 1e-6 else 0.0), [0.0, 0.2]

    campaign.tell([record(campaign, one, {"lattice_a": stepping}) for one in campaign.ask(9)])
    found = campaign.map("lattice_a", "cation:Na,K").left_out
    assert max(found, key=lambda one: abs(one.value - one.mean)).index == 4
    assert all(one.outside == (abs(one.value - one.mean) > 2 * one.deviation) for one in found)
