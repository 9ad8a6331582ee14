"""One-sided free energies against closed forms and quadrature, and their errors against the spread over seeds."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from engine.dynamics.one_sided import one_sided

HEAT = 0.025


@cache
def anharmonic(cubic, quartic):
    """Free energy of x^2/2 + cubic x^3 + quartic x^4 over that of x^2/2, all in kT, by quadrature."""
    x = np.linspace(-12, 12, 40001)
    beyond = cubic * x**3 + quartic * x**4
    weight = np.exp(-(x**2) / 2)
    return -np.log(np.trapezoid(weight * np.exp(-beyond), x) / np.trapezoid(weight, x))


def work(cubic, quartic, oscillators, pairs, seed):
    """Energies beyond the harmonic of so many such oscillators at pairs of samples, [pairs, 2] eV."""
    x = np.random.default_rng(seed).standard_normal((pairs, 1, oscillators)) * np.array([[[1.0], [-1.0]]])
    return HEAT * (cubic * x**3 + quartic * x**4).sum(axis=2)


@pytest.mark.parametrize(
    ("cubic", "quartic", "oscillators"), [(0.0, 0.02, 40), (0.03, 0.006, 40), (0.04, 0.004, 20)]
)
def test_the_error_is_the_spread_over_seeds(cubic, quartic, oscillators):
    """Of 200 answers from 60 pairs each, all of which call one side enough."""
    exact = HEAT * oscillators * anharmonic(cubic, quartic)
    answers = [one_sided(work(cubic, quartic, oscillators, 60, seed), HEAT, seed) for seed in range(200)]
    assert np.mean([answer.enough for answer in answers]) > 0.9
    missed = np.array([answer.difference - exact for answer in answers])
    errors = np.array([answer.error for answer in answers])
    assert 1 / 1.25 < missed.std() / np.sqrt((errors**2).mean()) < 1.25
    assert abs(missed.mean()) < 0.3 * missed.std()
    inside = np.abs(missed) < errors
    assert 0.58 < inside.mean() < 0.78
    assert (np.abs(missed) < 2 * errors).mean() > 0.87


def test_between_harmonic_wells_it_is_the_closed_form():
    """kT/2 ln of the springs' ratio for each oscillator; the mean is above, as Gibbs and Bogoliubov say."""
    x = np.random.default_rng(0).standard_normal((2000, 2, 10))
    for ratio in (0.9, 1.2):
        found = one_sided(HEAT * ((ratio - 1) * x**2 / 2).sum(axis=2), HEAT, 0)
        exact = 10 * HEAT / 2 * np.log(ratio)
        assert found.difference == pytest.approx(exact, abs=4 * found.error)
        assert found.error < 0.05 * HEAT
        assert found.mean == pytest.approx(10 * HEAT * (ratio - 1) / 2, abs=4 * found.mean_error)
        assert found.mean > exact
        assert found.enough


def test_forces_left_at_rest_are_relaxed_to_second_order_exactly():
    """A well with its minimum elsewhere has the free energy less what moving there gains: -g.g/2 for a spring of 1."""
    g = np.array([0.5, -0.3, 0.4])
    x = np.random.default_rng(1).standard_normal((4000, 1, 3)) * np.array([[[1.0], [-1.0]]])
    found = one_sided(HEAT * x @ g, HEAT, 0)
    exact = -HEAT * (g @ g) / 2
    assert found.difference == pytest.approx(exact, abs=4 * found.error)
    assert found.cumulant == pytest.approx(exact, abs=4 * found.cumulant_error)
    assert abs(found.mean) < 1e-15
    assert found.mean_error < 1e-15


def test_pairs_are_one_unit_whose_odd_part_cancels():
    """With the odd part large, pairs know the mean as well as if it were not there; taken as singles they do not."""
    odd = work(0.03, 0.004, 40, 100, 0)
    pairs, singles = one_sided(odd, HEAT, 0), one_sided(odd.reshape(-1, 1), HEAT, 0)
    assert pairs.mean == pytest.approx(singles.mean)
    assert pairs.mean_error < 0.5 * singles.mean_error
    assert (pairs.units, singles.units, pairs.calls) == (100, 200, 200)


def test_where_samples_vary_too_much_it_says_so():
    found = one_sided(work(0.08, 0.01, 100, 100, 0), HEAT, 0)
    assert not found.enough
    assert found.deviation > 2.0
    assert "varies by" in found.reasons[0]
    assert any("samples count" in reason for reason in found.reasons)


def test_where_the_second_cumulant_is_wrong_it_says_so():
    """A rare well 3 kT deep: few samples see it, and their energies are anything but Gaussian."""
    energies = np.zeros((4000, 1))
    energies[::50] = -3.0 * HEAT
    found = one_sided(energies, HEAT, 0)
    assert found.difference == pytest.approx(-HEAT * np.log(0.98 + 0.02 * np.exp(3)), rel=1e-12)
    energies[::50] = -6.0 * HEAT
    (reason,) = one_sided(energies, HEAT, 0).reasons
    assert "which chance does not explain" in reason


def test_it_is_a_function_of_its_seed():
    energies = work(0.03, 0.004, 40, 30, 0)
    assert one_sided(energies, HEAT, 1) == one_sided(energies, HEAT, 1)
    assert one_sided(energies, HEAT, 1).error != one_sided(energies, HEAT, 2).error


def test_energies_of_hundreds_of_kt_do_not_overflow():
    energies = work(0.0, 0.01, 40, 50, 0)
    shifted = one_sided(energies + 900 * HEAT, HEAT, 0)
    assert shifted.difference == pytest.approx(
        one_sided(energies, HEAT, 0).difference + 900 * HEAT, rel=1e-10
    )


def test_too_few_samples_and_energies_that_are_no_numbers_are_refused():
    with pytest.raises(ValueError, match="four independent units or more, got 3"):
        one_sided(np.zeros((3, 2)), HEAT, 0)
    energies = np.zeros((10, 2))
    energies[4, 1] = np.nan
    with pytest.raises(ValueError, match="came too near"):
        one_sided(energies, HEAT, 0)
