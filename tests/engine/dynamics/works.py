"""Works of switching runs whose free energy is known, in units of k_B T: every pair of ends lies at F(B) - F(A) = 0.

Each draws runs that obey Crooks' theorem exactly: forward works of density p, backward ones W' of p(-W') exp(W').
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np


def gaussian(random, n_forward, n_backward, deviation):
    """Slow driving: Gaussian works, whose dissipation is half their variance."""
    mean = 0.5 * deviation**2
    return random.normal(mean, deviation, n_forward), random.normal(mean, deviation, n_backward)


def skewed(random, n_forward, n_backward, shape, scale):
    """Sudden driving: gamma distributions of scales th and th/(1 + th), whose ratio is exp(W - F)."""
    value = shape * np.log1p(scale)
    forward = random.gamma(shape, scale, n_forward)
    backward = random.gamma(shape, scale / (1.0 + scale), n_backward)
    return forward - value, value - backward


def oscillator(random, n_forward, n_backward, stiffening, steps):
    """A harmonic well stiffened in steps, with exact relaxation of half its memory between them.

    Any such chain obeys the theorem: its steps leave the well's equilibrium as it is. F(B) - F(A) = ln(k_B/k_A)/2.
    """
    stiffness = stiffening ** np.linspace(0.0, 1.0, steps + 1)
    value = 0.5 * np.log(stiffening)
    return _chain(random, n_forward, stiffness) - value, _chain(random, n_backward, stiffness[::-1]) + value


def _chain(random, n, stiffness, memory=0.5):
    x = random.normal(0.0, stiffness[0] ** -0.5, n)
    work = np.zeros(n)
    for before, after in pairwise(stiffness):
        work += 0.5 * (after - before) * x**2
        x = memory * x + np.sqrt((1.0 - memory**2) / after) * random.normal(size=n)
    return work
