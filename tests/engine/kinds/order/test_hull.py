"""The convex hull against pymatgen's phase diagrams, and by hand."""

from __future__ import annotations

import numpy as np
import pytest
from pymatgen.analysis.phase_diagram import PDEntry, PhaseDiagram
from pymatgen.core import Composition

from engine.kinds.order.hull import above_hull

SYMBOLS = ["Cu", "Au", "Ag", "Pd", "Ni", "Pt"]


@pytest.mark.parametrize("elements", [2, 3, 4, 6])
def test_as_pymatgen_has_it(elements: int) -> None:
    rng = np.random.default_rng(elements)
    counts = np.concatenate([np.eye(elements, dtype=int), rng.integers(0, 5, size=(40, elements))])
    counts = counts[counts.sum(axis=1) > 0]
    energies = rng.normal(scale=0.05, size=len(counts)) - 3.0
    energies[:elements] = -3.0
    entries = [
        PDEntry(Composition({SYMBOLS[k]: int(n) for k, n in enumerate(row) if n}), energy * row.sum())
        for row, energy in zip(counts, energies, strict=True)
    ]
    diagram = PhaseDiagram(entries)
    expected = [diagram.get_e_above_hull(entry, allow_negative=True) for entry in entries]
    assert above_hull(counts.astype(float), energies) == pytest.approx(np.array(expected), abs=1e-8)


def test_a_fixed_framework_counts() -> None:
    """Li(x)CoO2: 1/2 lies on the line between 0 and 1 in the amounts, not in the fractions of its atoms."""
    amounts = np.array([[0.0, 1.0, 2.0], [1.0, 1.0, 2.0], [0.5, 1.0, 2.0]])
    per_cell = np.array([-10.0, -14.0, -12.5])
    heights = above_hull(amounts, per_cell / amounts.sum(axis=1))
    assert heights == pytest.approx([0.0, 0.0, 0.0], abs=1e-12)
    per_cell[2] = -11.3  # 0.7 eV above the mean of the ends, in 3.5 atoms
    assert above_hull(amounts, per_cell / amounts.sum(axis=1))[2] == pytest.approx(0.7 / 3.5, abs=1e-9)


def test_crystals_of_one_composition_are_compared_with_the_lowest() -> None:
    assert above_hull(np.array([[1.0, 1.0], [2.0, 2.0]]), np.array([-1.0, -1.5])).tolist() == [0.5, 0.0]
