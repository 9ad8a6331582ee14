"""What is said of crystals whose spins or charges a potential does not know."""

from __future__ import annotations

import pytest

from engine.kinds.free_energy.words import spoken_warnings


@pytest.mark.parametrize(
    ("elements", "vacancy", "spoken"),
    [
        ({"Fe"}, None, ["Fe is magnetic"]),
        ({"Fe", "Co", "Al"}, None, ["Co, Fe are magnetic"]),
        ({"Na", "Cl"}, None, []),
        ({"Na", "K", "Cl"}, "Na", ["vacancy of Na is the neutral one"]),
        ({"Ga", "As"}, "As", ["vacancy of As"]),
        ({"Si"}, "Si", ["vacancy of Si"]),
        ({"Cu", "Au"}, "Cu", []),
        ({"Fe"}, "Fe", ["Fe is magnetic"]),
        ({"Fe", "O"}, "Fe", ["Fe is magnetic", "vacancy of Fe"]),
    ],
)
def test_what_the_free_energy_leaves_out_is_said(elements, vacancy, spoken):
    found = spoken_warnings(elements, vacancy)
    assert len(found) == len(spoken)
    assert all(words in text for words, text in zip(spoken, found, strict=True))
