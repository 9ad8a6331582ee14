"""Before a search says that it has converged its surrogates are tested: by probes, and by leaving out."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from engine.campaign.campaign import Campaign
from engine.composition.region import Region
from engine.composition.space import CompositionSpace
from engine.optimize.history import History
from engine.optimize.objective import Loss, build_loss
from engine.optimize.point import Point
from engine.optimize.proposals.claim import CONTRADICTED, IN_DOUBT, PROBE, TESTS, claim, surprises
from engine.optimize.proposals.probes import probe

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record

GOAL = [{"property": "mixing_energy", "goal": "minimize", "scale": 1e-3}]
ELEMENTS = ["Na", "K", "Li", "Rb", "Cs", "Ag", "Cu", "Tl"]
SHALLOW = np.array([0.12, 0.08, 0.1, 0.14, 0.16, 0.15, 0.15, 0.1])
DEEP = 0.6 * np.eye(8)[1] + 0.4 * np.array([0.2, 0.1, 0.1, 0.1, 0.2, 0.1, 0.1, 0.1])


def two_phases(x):
    """The lower of two bowls: beyond a kink towards the second element another phase is lower."""
    one, other = x - SHALLOW, x - DEEP
    branches = [(float(one @ one), 2 * one), (1.5 * float(other @ other) - 0.15, 3 * other)]
    return min(branches, key=lambda found: found[0])


def bowl(x):
    return float((x - SHALLOW) @ (x - SHALLOW)), 2 * (x - SHALLOW)


def searched(function, seed):
    start = np.random.default_rng(seed).dirichlet(np.ones(8))
    at = [{"cation": dict(zip(ELEMENTS, start.tolist(), strict=True))}]
    asked = problem(ELEMENTS, GOAL, at=at, strategy={"name": "auto", "max_evaluations": 25, "seed": seed})
    campaign = Campaign(asked)
    while batch := campaign.ask(1):
        campaign.tell([record(campaign, s, {"mixing_energy": function}) for s in batch])
    return campaign


def test_the_lower_phase_beyond_a_kink_is_found():
    campaign = searched(two_phases, 3)
    # The least of the second bowl is -0.15 eV/atom; the first, where the search used to end, has 0.
    assert campaign.best.properties["mixing_energy"] == pytest.approx(-0.15, abs=1e-3)
    assert len(campaign.records) <= 25


def test_a_smooth_search_still_converges_and_says_how_that_was_tested():
    campaign = searched(bowl, 3)
    stopped = campaign.stopped
    assert stopped.reason == "converged"
    assert len(campaign.records) <= 9
    probes = sum(one.origin == PROBE for one in campaign.records)
    assert probes >= 1
    assert (
        f"tested by leaving out each of {len(campaign.records)} evaluations, {probes} of them probe"
        in stopped.message
    )


SPACE = CompositionSpace(("cation",), (("Na", "K", "Li", "Rb"),), np.zeros(4), np.ones(4))
LOSS = build_loss(problem(["Na", "K"], GOAL), [None])


def point(index, x, value, origin="step", slope=None):
    x = np.array(x)
    gradients = {} if slope is None else {"mixing_energy": SPACE.project_gradient(np.array(slope))}
    return Point(index, origin, x, {"mixing_energy": value}, gradients, value / 1e-3)


def history(points):
    return History(region=Region(SPACE), loss=LOSS, points=points, given=[], seed=0)


def test_a_probe_has_half_of_each_of_the_two_elements_tried_least():
    tried = [[0.7, 0.1, 0.2, 0.0], [0.1, 0.1, 0.8, 0.0], [0.4, 0.2, 0.4, 0.0]]
    told = [point(i, x, 0.0) for i, x in enumerate(tried)]
    np.testing.assert_allclose(probe(history(told)), [0.0, 0.5, 0.0, 0.5], atol=1e-9)


def test_where_every_element_was_tried_one_probe_is_enough():
    corners = [point(i, x, 0.0) for i, x in enumerate(np.eye(4))]
    told = [*corners, point(4, [0.25] * 4, 0.0)]
    first = probe(history(told))
    assert min(np.linalg.norm(first - one.x) for one in told) > 0.3
    assert probe(history([*told, point(5, first, 0.0, PROBE)])) is None


def test_probes_end_at_a_fifth_more_than_the_search_took():
    centre = [point(i, np.full(4, 0.25) + 0.01 * np.array([i, -i, 0, 0]), 0.0) for i in range(10)]
    told, found = list(centre), 0
    while (x := probe(history(told))) is not None:
        told.append(point(len(told), x, 0.0, PROBE))
        found += 1
    assert found == 2


def test_a_property_that_a_smooth_surrogate_follows_is_not_contradicted_and_a_jump_is():
    rng = np.random.default_rng(5)
    x = rng.dirichlet(np.ones(4), 12)
    smooth = [point(i, one, float(one @ one), slope=2 * one) for i, one in enumerate(x)]
    held = claim(SPACE, LOSS, smooth, {})
    assert held.holds
    assert held.left_out == 12
    jumping = [*smooth[:-1], point(11, x[-1], float(x[-1] @ x[-1]) - 2.0, PROBE, slope=2 * x[-1])]
    # Hyperparameters of the smooth ones, as between two refits.
    cache = {}
    claim(SPACE, LOSS, smooth, cache)
    broken = claim(SPACE, LOSS, jumping, cache)
    assert not broken.holds
    assert broken.worst > CONTRADICTED
    assert broken.worst_probe > CONTRADICTED
    assert "1 of them probe far from the rest" in broken.words()


def test_a_claim_of_known_properties_alone_holds():
    assert claim(SPACE, Loss(()), [point(0, [0.25] * 4, 0.0)], {}).holds


FOLDS = (
    (np.array([0.0654, 0.5341, 0.4005]), 1.0, 0.0),
    (np.array([0.4567, 0.2292, 0.3141]), 1.3, -0.05),
    (np.array([0.1732, 0.3311, 0.4957]), 1.6, -0.12),
)
"""Three bowls of which the lowest counts: centre, stiffness, and depth in eV/atom."""
THREE = CompositionSpace(("cation",), (("Na", "K", "Li"),), np.zeros(3), np.ones(3))


def folded(x):
    branches = [
        (s * float((x - c) @ (x - c)) + floor, 2.0 * s * (np.asarray(x) - c)) for c, s, floor in FOLDS
    ]
    return min(branches, key=lambda found: found[0])


def told(compositions, function, origins=()):
    """Points of a function at compositions of three elements."""
    found = []
    for i, x in enumerate(compositions):
        value, slope = function(np.array(x))
        gradients = {"mixing_energy": THREE.project_gradient(slope)}
        origin = origins[i] if i < len(origins) else "step"
        found.append(Point(i, origin, np.array(x), {"mixing_energy": value}, gradients, value / 1e-3))
    return found


ENDED_TOO_EARLY = [
    [0.4679, 0.1242, 0.4079],
    [0.0, 1.0, 0.0],
    [0.3594, 0.3323, 0.3083],
    [0.4827, 0.2314, 0.2859],
    [0.4547, 0.2297, 0.3156],
    [0.0, 0.0, 1.0],
    [1.0, 0.0, 0.0],
]
"""Where a search of these bowls used to say that it had converged, at the second lowest."""


def test_a_surprise_that_a_new_fit_explains_away_is_remembered_until_two_tests_came_as_foretold():
    points = told(ENDED_TOO_EARLY, folded, ["step"] * 5 + [PROBE])
    assert surprises(THREE, LOSS, points, {}) == [2]
    stood = claim(THREE, LOSS, points, {})
    assert stood.holds  # leaving each out shows nothing
    assert (stood.surprises, stood.since, stood.settled) == (1, 1, False)
    assert "1 evaluation came otherwise than foretold" in stood.words()
    # One more test, of what the fourth and fifth know, in the bowl that was found.
    known = [0.45, 0.24, 0.31]
    points = told([*ENDED_TOO_EARLY, known], folded, ["step"] * 5 + [PROBE, "improve", IN_DOUBT])
    stood = claim(THREE, LOSS, points, {})
    assert (stood.surprises, stood.since) == (1, TESTS)
    assert stood.settled
    # What lies in the third bowl is the next surprise.
    points = told([*ENDED_TOO_EARLY, known, [0.2, 0.3, 0.5]], folded)
    assert surprises(THREE, LOSS, points, {}) == [2, 8]


def test_a_smooth_property_surprises_nobody():
    centre = np.array([0.2, 0.3, 0.5])
    points = told(ENDED_TOO_EARLY, lambda x: (float((x - centre) @ (x - centre)), 2.0 * (x - centre)))
    assert surprises(THREE, LOSS, points, {}) == []
    stood = claim(THREE, LOSS, points, {})
    assert stood.settled
    assert "foretold" not in stood.words()


def test_the_lowest_of_three_bowls_is_found_where_the_search_used_to_end_in_the_second():
    strategy = {"name": "auto", "max_evaluations": 25, "seed": 6}
    at = [{"cation": dict(zip(ELEMENTS[:3], ENDED_TOO_EARLY[0], strict=True))}]
    campaign = Campaign(problem(ELEMENTS[:3], GOAL, at=at, strategy=strategy))
    while batch := campaign.ask(1):
        campaign.tell([record(campaign, s, {"mixing_energy": folded}) for s in batch])
    assert campaign.best.properties["mixing_energy"] == pytest.approx(-0.12, abs=1e-3)
