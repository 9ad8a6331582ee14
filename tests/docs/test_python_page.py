"""The section on ASE in docs/python.md does what it says: its code is executed in order, with smaller numbers."""

import numpy as np
import pytest

from tests.docs.test_snippets import FENCED
from tools.site.hooks import REPOSITORY

SECTION = (REPOSITORY / "docs" / "python.md").read_text().partition("## In ASE")[2]
SMALLER = {
    "fmax=1e-4": "fmax=0.02",
    "(4, 4, 2)": "(2, 2, 1)",
    "run(100)": "run(5)",
    "[3, 3, 2]": "[2, 2, 1]",
}
ALSCN = """
structure: {prototype: wurtzite, species: [Al, N], a: 3.16, c: 5.02}
sublattices: [{name: cation, sites: [Al], elements: [Al, Sc]}]
potential: {name: sevennet-0}
"""


@pytest.mark.usefixtures("weights")
def test_relaxation_dynamics_phonons_and_weights_run_as_they_are_shown(tmp_path, monkeypatch):
    (tmp_path / "alscn.yaml").write_text(ALSCN)
    monkeypatch.chdir(tmp_path)
    code = "\n".join(found[2] for found in FENCED.finditer(SECTION) if found[1] == "python")
    for shown, smaller in SMALLER.items():
        assert shown in code
        code = code.replace(shown, smaller)
    names = {}
    exec(compile(code, "docs/python.md", "exec"), names)  # noqa: S102  (our own)
    large, phonons = names["large"], names["phonons"]
    names["calculator"].set_composition("cation:Al=0.8,Sc=0.2")
    assert np.linalg.norm(names["atoms"].get_forces(), axis=1).max() < 0.02
    assert len(large) == len(names["slopes"]) == 16
    assert set(names["slopes"][0]) == {"Al", "Sc"}
    assert large.get_masses()[0] == pytest.approx(0.8 * 26.98154 + 0.2 * 44.95591, abs=1e-4)
    assert 0.0 < large.get_temperature() < 1500.0
    frequencies = phonons.mesh.frequencies
    assert frequencies.shape[1] == 12
    assert 15.0 < frequencies.max() < 35.0
