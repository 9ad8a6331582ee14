"""Surrogates of properties that jump: each phase by itself, bands that hold what was left out, nothing bridged."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.sparse.csgraph import connected_components

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record

from api_schemas.evaluations import MemberState
from engine.campaign.campaign import Campaign
from engine.optimize import phases
from engine.optimize.point import Point
from engine.optimize.surrogates.phases import PhaseMixture, band
from engine.optimize.surrogates.surrogate import surrogates

JUMP = 0.47


def jumping(x):
    """A lattice constant with one quadratic below a fraction of K and another above, and its gradient."""
    share = x[1]
    if share < JUMP:
        return 3.1 + 0.4 * share + 0.15 * share**2, [0.0, 0.4 + 0.3 * share]
    return 3.4 + 0.3 * share - 0.1 * share**2, [0.0, 0.3 - 0.2 * share]


def phase_of(share):
    return None if share < JUMP else "layered"


def campaign_of(shares, *, phases=True):
    asked = problem(
        ["Na", "K"],
        [],
        kind="evaluate",
        at=[{"cation": {"Na": 1 - share, "K": share}} for share in shares],
    )
    campaign = Campaign(asked)
    told = []
    for suggestion in campaign.ask(len(shares)):
        one = record(campaign, suggestion, {"lattice_a": jumping})
        share = suggestion.composition["cation"]["K"]
        told.append(one.model_copy(update={"phase": phase_of(share) if phases else None}))
    campaign.tell(told)
    return campaign


def member(share):
    return MemberState(
        composition={"cation": {"Na": 1 - share, "K": share}},
        properties={"lattice_a": jumping([1 - share, share])[0]},
        phase=phase_of(share),
    )


def predicted(campaign, share):
    (found,) = campaign.predict({"cation": {"Na": 1 - share, "K": share}}, "lattice_a")
    return found.mean, found.deviation


def test_a_composition_beyond_a_jump_is_held_by_the_band_once_the_end_member_is_known():
    campaign = campaign_of([0.0, 0.1, 0.2, 0.3, 0.45])
    truth = jumping([0.5, 0.5])[0]
    mean, deviation = predicted(campaign, 0.5)
    assert abs(mean - truth) > 20 * deviation  # nothing tells of the other phase
    campaign.plan.tell_members([member(0.0), member(1.0)])
    mean, deviation = predicted(campaign, 0.5)
    assert abs(mean - truth) < 2 * deviation


def test_each_phase_is_known_as_well_as_if_there_were_no_other():
    campaign = campaign_of([0.0, 0.2, 0.45, 0.5, 0.8, 1.0])
    for share in (0.1, 0.3, 0.6, 0.9):
        mean, deviation = predicted(campaign, share)
        assert mean == pytest.approx(jumping([1 - share, share])[0], abs=1e-3)
        assert deviation < 5e-3
    bridging = campaign_of([0.0, 0.2, 0.45, 0.5, 0.8, 1.0], phases=False)
    assert max(predicted(bridging, share)[1] for share in (0.1, 0.3, 0.6, 0.9)) > 0.01


def test_the_map_says_where_nothing_is_known():
    found = campaign_of([0.1, 0.45, 0.6, 0.8]).map("lattice_a", "cation:Na,K")
    shares = np.array([one["cation"]["K"] for one in found.compositions])
    beyond = np.array(found.beyond)
    assert beyond[(shares < 0.09) | (shares > 0.81)].all()
    assert beyond[np.abs(shares - 0.525) < 0.03].all()
    assert not beyond[((shares > 0.11) & (shares < 0.44)) | ((shares > 0.61) & (shares < 0.79))].any()


def test_relaxations_that_left_the_parent_are_told_with_where():
    campaign = campaign_of([0.0, 0.2, 0.5, 0.9])
    (note,) = campaign.result().notes
    assert note.startswith("2 of 4 relaxations left the parent's phase, all where cation:")
    assert "(layered)" in note


def test_shapes_that_gradients_do_not_explain_are_of_two_phases():
    def shaped(jump):
        def length(x):
            return (5.0, [0.0, 0.0]) if x[1] < JUMP else (5.0 - jump, [0.0, 0.0])

        asked = problem(
            ["Na", "K"],
            [],
            kind="evaluate",
            at=[{"cation": {"Na": 1 - s, "K": s}} for s in (0.1, 0.3, 0.4, 0.5)],
        )
        campaign = Campaign(asked)
        lengths = {"lattice_a": lambda x: (3.0, [0.0, 0.0]), "lattice_b": lambda x: (3.0, [0.0, 0.0])}
        functions = {**lengths, "lattice_c": length}
        campaign.tell([record(campaign, s, functions) for s in campaign.ask(4)])
        return [one.left_parent for one in campaign.result().evaluations]

    assert shaped(0.1) == [None, None, None, None]
    assert shaped(0.6) == [None, None, None, True]


@pytest.mark.parametrize("seed", range(20))
def test_shapes_are_connected_as_a_table_of_all_pairs_has_them(seed):
    rng = np.random.default_rng(seed)
    n = rng.integers(2, 40)
    x, values, slopes = rng.random((n, 3)), rng.normal(0.0, 0.1, (n, 2)), rng.normal(0.0, 0.1, (n, 2, 3))
    off = values[None] - values[:, None]
    off = off - 0.5 * np.einsum("ijsc,ijc->ijs", slopes[None] + slopes[:, None], x[None] - x[:, None])
    _, expected = connected_components(np.abs(off).max(axis=2) <= phases.JUMP, directed=False)
    assert phases._connected(list(zip(x, values, slopes, strict=True))).tolist() == expected.tolist()


def mixture(shares=(0.05, 0.2, 0.4, 0.55, 0.7, 0.95), third=0.0):
    asked = problem(["Na", "K", "Rb"], [{"property": "lattice_a", "target": 3.3, "tolerance": 0.01}])
    campaign = Campaign(asked)
    rng = np.random.default_rng(3)
    points = []
    for index, share in enumerate(shares):
        rest = third or rng.uniform(0.0, 1.0 - share)
        x = np.array([1.0 - share - rest, share, rest])
        value, slope = jumping(x)
        gradient = campaign.space.project_gradient(np.array([*slope, 0.1]))
        points.append(
            Point(
                index,
                None,
                x,
                {"lattice_a": value + 0.1 * x[2]},
                {"lattice_a": gradient},
                1.0,
                phase=phase_of(share),
            )
        )
    model = surrogates(campaign.space, ["lattice_a"], points, {}, {})["lattice_a"]
    assert isinstance(model, PhaseMixture)
    return campaign.space, model


def test_slopes_of_mean_and_covariance_are_those_of_finite_differences():
    space, model = mixture()
    rng = np.random.default_rng(0)
    x = np.array([[0.25, 0.48, 0.27], [0.3, 0.45, 0.25]])
    found = model.sloped_moments(x)
    step = 1e-6
    for i in range(2):
        direction = space.tangent_basis @ rng.standard_normal(2)
        up, down = np.array(x), np.array(x)
        up[i] += step * direction
        down[i] -= step * direction
        plus, minus = model.moments(up), model.moments(down)
        by_mean = (plus.mean - minus.mean) / (2 * step)
        by_covariance = (plus.covariance - minus.covariance) / (2 * step)
        assert found.mean_slope[i] @ direction == pytest.approx(by_mean[i], rel=1e-5)
        assert 2.0 * found.covariance_slope[i, i] @ direction == pytest.approx(by_covariance[i, i], rel=1e-4)
        assert found.covariance_slope[i, 1 - i] @ direction == pytest.approx(
            by_covariance[i, 1 - i], rel=1e-4, abs=1e-9
        )


def test_the_moments_between_phases_are_those_of_a_sample_of_both():
    _, model = mixture()
    x = np.array([[0.25, 0.48, 0.27]])
    (p,) = model.membership.at(x)
    assert p.min() > 0.05
    rng = np.random.default_rng(1)
    each = [part.mean_and_deviation(x) for part in model.parts]
    drawn = np.where(
        rng.random(400_000) < p[0],
        *(float(mean[0]) + float(deviation[0]) * rng.standard_normal(400_000) for mean, deviation in each),
    )
    mean, deviation = model.mean_and_deviation(x)
    assert mean[0] == pytest.approx(drawn.mean(), abs=5e-4)
    assert deviation[0] == pytest.approx(drawn.std(), rel=0.01)


def test_the_band_holds_every_evaluation_that_is_left_out():
    shares = np.linspace(0.0, 1.0, 9)
    for left in (1, 3, 4, 6):
        campaign = campaign_of([share for k, share in enumerate(shares) if k != left])
        mean, deviation = predicted(campaign, shares[left])
        assert abs(mean - jumping([0.0, shares[left]])[0]) <= 2 * deviation, shares[left]


def test_a_property_without_phases_has_the_band_of_its_errors():
    rng = np.random.default_rng(5)
    space = Campaign(problem(["Na", "K"], [{"property": "lattice_a", "goal": "minimize"}])).space
    points = [
        Point(
            k,
            None,
            np.array([1.0 - s, s]),
            {"lattice_a": float(np.sin(9.0 * s) + rng.normal(0.0, 0.02))},
            {},
            0.0,
        )
        for k, s in enumerate(np.linspace(0.0, 1.0, 12))
    ]
    model = surrogates(space, ["lattice_a"], points, {}, {})["lattice_a"]
    errors, deviations = model.leave_one_out()
    x = np.array([[0.52, 0.48]])
    factor = band(model, x)[1] / model.mean_and_deviation(x)[1]
    assert factor[0] == pytest.approx(max(1.0, (np.abs(errors) / deviations).max() / 2.0))


def well(x):
    """A mixing energy with a minimum on each side of the jump, the deeper one at a fraction of K of 0.7."""
    share = x[1]
    if share < JUMP:
        return 0.05 + 0.4 * (share - 0.2) ** 2, [0.0, 0.8 * (share - 0.2)]
    return 0.01 + 0.4 * (share - 0.7) ** 2, [0.0, 0.8 * (share - 0.7)]


def searched(objectives, strategy, most):
    campaign = Campaign(
        problem(["Na", "K"], objectives, strategy={"name": strategy, "max_evaluations": most}), seed=1
    )
    while tasks := campaign.ask(1):
        told = [record(campaign, one, {"lattice_a": jumping, "mixing_energy": well}) for one in tasks]
        campaign.tell(
            [one.model_copy(update={"phase": phase_of(one.composition["cation"]["K"])}) for one in told]
        )
    assert {one.phase for one in campaign.records} == {None, "layered"}
    return campaign.result()


@pytest.mark.parametrize("strategy", ["bayesian", "hybrid"])
def test_a_search_for_a_goal_crosses_from_one_phase_into_the_other(strategy):
    result = searched([{"property": "mixing_energy", "goal": "minimize"}], strategy, 11)
    assert result.best.composition["cation"]["K"] == pytest.approx(0.7, abs=0.03)


def test_a_front_has_members_of_both_phases():
    goals = [{"property": "lattice_a", "goal": "minimize"}, {"property": "mixing_energy", "goal": "minimize"}]
    shares = sorted(one.composition["cation"]["K"] for one in searched(goals, "bayesian", 8).front)
    assert shares[0] < 0.02
    assert JUMP < shares[-1] < 0.72
