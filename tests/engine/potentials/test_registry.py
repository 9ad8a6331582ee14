"""The torch-free description of potentials."""

from __future__ import annotations

import subprocess
import sys

import pytest
import torch
from ase.data import atomic_numbers

from engine.potentials.errors import UnknownPotential, UnsupportedDtype
from engine.potentials.registry import DEFAULT_POTENTIAL, POTENTIALS, describe, is_fetched, weights_path
from engine.potentials.weights import read_weights


def test_the_registry_does_not_import_torch():
    code = (
        "import sys, engine.potentials.registry; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_the_default_is_known():
    assert describe(DEFAULT_POTENTIAL).name == "sevennet-l3i5"


def test_an_unknown_name_comes_back_with_close_ones():
    with pytest.raises(UnknownPotential) as refused:
        describe("SevenNet-l3i6")
    assert refused.value.close[0] == "sevennet-l3i5"
    assert refused.value.known == tuple(p.name for p in POTENTIALS)


def test_a_name_like_no_other_comes_back_with_all_that_are_known():
    with pytest.raises(UnknownPotential, match="known: sevennet-l3i5, sevennet-0"):
        describe("quantum")


def test_names_are_unique_and_checksums_are_whole():
    assert len({p.name for p in POTENTIALS}) == len(POTENTIALS)
    assert all(len(p.sha256) == len(p.package.sha256) == 64 for p in POTENTIALS if p.package is not None)


def test_an_empty_data_folder_holds_no_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("ORICHALCUM_DATA", str(tmp_path))
    assert not is_fetched("sevennet-0")
    assert weights_path("sevennet-0").parent == tmp_path / "weights"


@pytest.mark.parametrize("name", [p.name for p in POTENTIALS if p.package is not None])
def test_the_description_agrees_with_the_weights(weights_fetched, load, name):
    description = describe(name)
    _, architecture = read_weights(name)
    assert [atomic_numbers[symbol] for symbol in description.elements] == sorted(architecture["species"])
    assert description.cutoff == architecture["cutoff"]
    potential = load(name)
    assert (potential.name, potential.cutoff, potential.smoothness) == (
        name,
        description.cutoff,
        description.smoothness,
    )


def test_a_potential_is_loaded_once_for_each_dtype(load):
    assert load("sevennet-0") is load("sevennet-0", "float64", "cpu")
    assert load("sevennet-0", "float32").dtype is torch.float32


def test_a_dtype_that_is_not_offered_is_refused(load):
    with pytest.raises(UnsupportedDtype, match="float64, float32, not in float16"):
        load("sevennet-0", "float16")
