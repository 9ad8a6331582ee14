"""Forward and backward runs that obey the fluctuation theorem are told from those that do not."""

from __future__ import annotations

import numpy as np
import pytest

from engine.dynamics.agreement import agreement, one_direction
from engine.dynamics.estimators import two_sided
from tests.engine.dynamics.works import gaussian, oscillator, skewed
from tests.soak import amount

HEAT = 0.02585


def judged(forward, backward, heat=1.0):
    return agreement(forward, backward, two_sided(forward, backward, heat, seed=0))


def refused(draw, *shape, pairs, seeds, shift=0.0):
    """How often runs are said to disagree, forward works being moved by a shift."""
    random = np.random.default_rng(6)
    found = []
    for _ in range(seeds):
        forward, backward = draw(random, pairs, pairs, *shape)
        found.append(judged(forward + shift, backward).verdict == "disagree")
    return np.mean(found)


@pytest.mark.parametrize(
    ("draw", "shape", "pairs"),
    [(gaussian, (0.2,), 4), (gaussian, (2.0,), 8), (skewed, (0.5, 5.0), 8), (oscillator, (4.0, 4), 6)],
)
def test_runs_that_obey_the_theorem_are_seldom_refused(draw, shape, pairs):
    assert refused(draw, *shape, pairs=pairs, seeds=amount(200, 2000)) <= 0.05


def test_runs_that_did_not_begin_in_equilibrium_are_refused():
    """Works of which one direction has twice the deviation too much: a theorem of another temperature."""
    assert refused(gaussian, 0.3, pairs=16, seeds=50, shift=0.6) >= 0.9


def test_runs_that_gain_work_are_refused():
    """The second law: there and back costs work."""
    random = np.random.default_rng(0)
    found = judged(random.normal(-0.5, 0.3, 8), random.normal(-0.5, 0.3, 8))
    assert found.verdict == "disagree"
    assert found.probability < 0.01
    assert "did not begin in equilibrium" in found.text


def test_without_overlap_nothing_is_said():
    forward, backward = gaussian(np.random.default_rng(0), 8, 8, 9.0)
    found = judged(forward, backward)
    assert found.verdict == "unknown"
    assert found.probability is None
    assert "raise budget.steps" in found.text


def test_of_few_runs_nothing_is_said():
    found = judged([1.0, 1.2, 0.9], [-1.0, -0.8, -0.9])
    assert found.verdict == "unknown"
    assert "4 are needed" in found.text


def test_runs_that_do_nothing_agree():
    found = judged(np.zeros(6), np.zeros(6), HEAT)
    assert found.verdict == "agree"
    assert found.forward.exponential == found.backward.exponential == found.forward.cumulant == 0.0


def test_a_direction_by_itself_has_the_closed_forms():
    """-kT ln <exp(-W/kT)>, and the mean less half the variance over kT; backward works are those from B."""
    works = np.array([0.02, 0.05, 0.011])
    forward = one_direction(works / HEAT, HEAT)
    assert forward.exponential == pytest.approx(-HEAT * np.log(np.mean(np.exp(-works / HEAT))), rel=1e-12)
    assert forward.cumulant == pytest.approx(works.mean() - works.var(ddof=1) / (2 * HEAT), rel=1e-12)
    backward = one_direction(-works / HEAT, HEAT, backward=True)
    assert backward.exponential == pytest.approx(-forward.exponential, rel=1e-12)
    assert backward.cumulant == pytest.approx(-forward.cumulant, rel=1e-12)
    assert backward.cumulant_error == pytest.approx(forward.cumulant_error, rel=1e-12)
    assert one_direction(np.array([2.0]), HEAT).cumulant is None


def test_the_error_of_the_cumulant_is_its_spread():
    random = np.random.default_rng(0)
    found = [one_direction(random.normal(0.5, 1.0, 12), 1.0) for _ in range(2000)]
    value, error = (
        np.array([getattr(one, name) for one in found]) for name in ("cumulant", "cumulant_error")
    )
    assert np.mean(value) == pytest.approx(0.0, abs=0.03)
    assert np.sqrt(np.mean(error**2)) == pytest.approx(value.std(), rel=0.05)


def test_huge_works_are_judged_without_overflow():
    found = judged(np.array([1e6, 1.1e6, 0.9e6, 1e6]), np.array([1e6, 1.2e6, 1e6, 1e6]))
    assert np.isfinite([found.forward.exponential, found.backward.exponential]).all()
    assert found.verdict == "unknown"
