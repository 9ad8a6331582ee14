"""Plain crystals against sevenn's own energies, forces and stresses (tests/data/sevennet_golden.json)."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.engine.potentials.samples import derivatives, plain, voigt_stress

GOLDEN = json.loads((Path(__file__).parents[2] / "data" / "sevennet_golden.json").read_text())["crystals"]
KEYS = {"sevennet-0": "7net-0", "sevennet-l3i5": "7net-l3i5"}
TOLERANCES = {"float64": (1e-7, 1e-6, 1e-7), "float32": (3e-6, 3e-5, 3e-6)}


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("name", list(KEYS))
@pytest.mark.parametrize("crystal", list(GOLDEN))
def test_energy_forces_and_stress_are_those_of_sevenn(load, crystal, name, dtype):
    data = GOLDEN[crystal]
    expected = data[KEYS[name]][dtype]
    sample = plain(data["cell"], data["positions"], data["numbers"])
    found = derivatives(load(name, dtype), sample, dtype=getattr(torch, dtype))
    per_atom, force, stress = TOLERANCES[dtype]
    assert abs(found.energy[0] - expected["energy"]) / len(data["numbers"]) < per_atom
    assert np.abs(-found.positions - expected["forces"]).max() < force
    assert np.abs(voigt_stress(sample, found.strain[0]) - expected["stress"]).max() < stress
