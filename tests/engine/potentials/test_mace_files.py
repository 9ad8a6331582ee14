"""MACE models by name and by file: what is read, what is refused, and what the message says."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import warnings
from importlib.metadata import metadata
from pathlib import Path
from urllib.error import URLError

import pytest
import torch

from api_schemas.choices import PotentialChoice
from api_schemas.errors import ProblemInvalid
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve, resolved_problem
from engine.potentials.errors import (
    CorruptedCache,
    LicenceNotAccepted,
    UnsupportedModel,
    WeightsUnavailable,
)
from engine.potentials.loading import load_chosen, load_potential
from engine.potentials.mace import weights as mace_weights
from engine.potentials.mace.catalogue import ACADEMIC_LICENCE, MACE_FOUNDATION_MODELS
from engine.potentials.mace.file import import_mace, open_mace
from engine.potentials.registry import describe, is_fetched, known_names, weights_path
from engine.potentials.weights import fetch
from engine.problem.limits import Limits
from tests.engine.potentials.mace_models import build

NAMES = (
    "mace-mp-0a-small", "mace-mp-0a-medium", "mace-mp-0a-large", "mace-mp-0b-small", "mace-mp-0b-medium",
    "mace-mp-0b2-small", "mace-mp-0b2-medium", "mace-mp-0b2-large", "mace-mp-0b3-medium", "mace-mpa-0-medium",
    "mace-omat-0-small", "mace-omat-0-medium", "mace-matpes-pbe-0", "mace-matpes-r2scan-0", "mace-mh-0", "mace-mh-1",
)  # fmt: skip


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Model files: of one head, and of two."""
    folder = tmp_path_factory.mktemp("models")
    for name, family in (("one", "gaussian"), ("two", "two-heads")):
        torch.save(build(family, channels=4, elements=(11, 17, 19)), folder / f"{name}.model")
    return folder


@pytest.fixture(autouse=True)
def own_folder(tmp_path, monkeypatch):
    """An empty folder for weights, and nothing registered or accepted."""
    monkeypatch.setenv("ORICHALCUM_DATA", str(tmp_path / "data"))
    for variable in ("ORICHALCUM_MACE_MODELS", "ORICHALCUM_ACCEPT_LICENCES"):
        monkeypatch.delenv(variable, raising=False)


def problem(potential, species=("Na", "Cl")):
    return Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": {"prototype": "rocksalt", "species": list(species)},
            "sublattices": [{"name": "cation", "sites": [species[0]], "elements": [species[0], "K"]}],
            "at": [{"cation": {species[0]: 0.5, "K": 0.5}}],
            "potential": potential,
        }
    )


def faults(potential, *, model_files=True, **options):
    with pytest.raises(ProblemInvalid) as caught:
        resolve(problem(potential, **options), Limits(model_files=model_files))
    return [(fault.pointer, fault.type, fault.message) for fault in caught.value.errors]


def test_every_foundation_model_of_mace_torch_has_a_name():
    assert tuple(model.name for model in MACE_FOUNDATION_MODELS) == NAMES
    import_mace()
    from mace.calculators.foundations_models import mace_mp_urls

    assert {model.checkpoint for model in MACE_FOUNDATION_MODELS} == set(mace_mp_urls)


def test_the_catalogue_needs_no_torch_and_no_mace():
    code = (
        "import sys, engine.potentials.registry as r; list(r.all_described());"
        "sys.exit(any(m in sys.modules for m in ('torch', 'mace', 'e3nn')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_registered_file_is_described_without_torch_in_this_process(files):
    code = (
        "import sys, engine.potentials.registry as r; print(r.describe('salts').elements);"
        "sys.exit(any(m in sys.modules for m in ('torch', 'mace', 'e3nn')))"
    )
    environment = os.environ | {"ORICHALCUM_MACE_MODELS": f"salts={files / 'one.model'}"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "('Na', 'Cl', 'K')"


def test_the_academic_licence_must_be_accepted_by_the_operator(monkeypatch):
    academic = [model.name for model in MACE_FOUNDATION_MODELS if model.licence == ACADEMIC_LICENCE]
    assert {"mace-omat-0-small", "mace-omat-0-medium", "mace-matpes-pbe-0", "mace-matpes-r2scan-0"} <= set(
        academic
    )
    with pytest.raises(LicenceNotAccepted, match="ORICHALCUM_ACCEPT_LICENCES=ASL"):
        fetch("mace-omat-0-small")
    where, kind, _ = faults({"name": "mace-omat-0-small"})[0]
    assert (where, kind) == ("/potential/name", "licence-not-accepted")
    monkeypatch.setenv("ORICHALCUM_ACCEPT_LICENCES", "ASL")
    resolve(problem({"name": "mace-omat-0-small"}))


def test_the_licences_are_those_that_mace_torch_states():
    """In the table of foundation models of its own description, which is installed with it."""
    rows = [
        [cell.strip() for cell in line.split("|")]
        for line in (metadata("mace-torch").get_payload() or "").splitlines()
        if line.startswith("| MACE-")
    ]
    stated = {row[1]: row[-2] for row in rows}
    assert len(stated) > 6
    named = {
        "mace-mp-0a-": "MACE-MP-0a", "mace-mp-0b3-": "MACE-MP-0b3", "mace-mpa-0-": "MACE-MPA-0",
        "mace-omat-0-": "MACE-OMAT-0", "mace-matpes-pbe-0": "MACE-MATPES-PBE-0",
        "mace-matpes-r2scan-0": "MACE-MATPES-r2SCAN-0", "mace-mh-": "MACE-MH-0/1",
    }  # fmt: skip
    for model in MACE_FOUNDATION_MODELS:
        for prefix, row in named.items():
            if model.name.startswith(prefix):
                assert model.licence == stated[row], model.name


def test_a_head_that_mace_mh_1_lacks_is_refused_before_the_download(monkeypatch):
    monkeypatch.setenv("ORICHALCUM_ACCEPT_LICENCES", "ASL")
    where, kind, text = faults({"name": "mace-mh-1", "head": "rgd1_b3lyp"})[0]
    assert (where, kind) == ("/potential/head", "invalid-value")
    assert all(head in text for head in ("matpes_r2scan", "omol", "omat_pbe"))
    assert faults({"name": "mace-mh-1"})[0][:2] == ("/potential/head", "missing-field")
    resolve(problem({"name": "mace-mh-1", "head": "omat_pbe"}))


@pytest.fixture
def downloads(monkeypatch, files):
    """mace-torch's download hands out a small model; the calls are counted."""
    import_mace()
    from mace.calculators import foundations_models

    asked = []

    def download(key):
        asked.append(key)
        return str(files / "one.model")

    monkeypatch.setattr(foundations_models, "download_mace_mp_checkpoint", download)
    return asked


def test_a_foundation_model_is_brought_by_mace_torch_once_and_kept_with_its_facts(downloads):
    assert not is_fetched("mace-mp-0a-small")
    path = fetch("mace-mp-0a-small")
    assert path == weights_path("mace-mp-0a-small") == fetch("mace-mp-0a-small")
    assert downloads == ["small"]
    found = describe("mace-mp-0a-small")
    assert (found.elements, found.cutoff, len(found.sha256)) == (("Na", "Cl", "K"), 6.0, 64)
    assert load_potential("mace-mp-0a-small").species == frozenset({11, 17, 19})
    assert load_potential("mace-mp-0a-small") is load_potential("mace-mp-0a-small")


def test_a_fetched_model_that_changed_afterwards_is_refused(downloads):
    path = fetch("mace-mp-0b-small")
    path.write_bytes(path.read_bytes() + b"x")
    with pytest.raises(CorruptedCache, match="fetch mace-mp-0b-small"):
        mace_weights.read_mace(describe("mace-mp-0b-small"))
    fetch("mace-mp-0b-small")
    mace_weights.read_mace(describe("mace-mp-0b-small"))
    assert downloads == ["small-0b", "small-0b"]


def test_without_a_network_the_message_names_the_address_and_the_way_out(monkeypatch):
    import_mace()
    from mace.calculators import foundations_models

    def unreachable(_key):
        raise URLError("Name or service not known")

    monkeypatch.setattr(foundations_models, "download_mace_mp_checkpoint", unreachable)
    with pytest.raises(WeightsUnavailable) as refused:
        load_potential("mace-mp-0a-medium")
    message = str(refused.value)
    assert "2023-12-03-mace-128-L1_epoch-199.model: Name or service not known" in message
    assert "set ORICHALCUM_MACE_MODELS=mace-mp-0a-medium=/path/to/the/file" in message


def test_a_file_on_ones_own_machine_is_a_potential(files):
    choice = PotentialChoice(name="mace", file=str(files / "one.model"))
    potential = load_chosen(choice)
    assert potential.species == frozenset({11, 17, 19})
    assert resolved_problem(problem(choice.model_dump())).potential.elements == ("Na", "Cl", "K")


def test_a_problem_that_came_over_a_network_may_name_no_file(files):
    found = faults({"name": "mace", "file": str(files / "one.model")}, model_files=False)
    assert found[0][:2] == ("/potential/file", "file-not-allowed")
    assert "ORICHALCUM_MACE_MODELS" in found[0][2]
    with pytest.raises(ProblemInvalid):
        resolve(problem({"name": "mace", "file": str(files / "one.model")}))


def test_a_file_that_the_operator_registered_is_chosen_by_its_name_everywhere(files, monkeypatch):
    monkeypatch.setenv("ORICHALCUM_MACE_MODELS", f"salts={files / 'one.model'};heads={files / 'two.model'}")
    assert {"salts", "heads"} <= set(known_names())
    assert resolve(problem({"name": "salts"})).potential.elements == ("Na", "Cl", "K")
    assert load_potential("salts").name == "salts"
    assert faults({"name": "heads"}, model_files=False)[0][:2] == ("/potential/head", "missing-field")
    assert load_potential("heads", head="r2scan").name == "heads/r2scan"


def test_a_registered_file_stands_for_a_published_model_of_its_name(files, monkeypatch):
    monkeypatch.setenv("ORICHALCUM_MACE_MODELS", f"mace-mp-0a-small={files / 'one.model'}")
    found = describe("mace-mp-0a-small")
    assert (found.licence, found.elements) == ("MIT", ("Na", "Cl", "K"))
    assert fetch("mace-mp-0a-small") == files / "one.model"


def test_a_registration_that_cannot_be_understood_is_quoted(monkeypatch):
    monkeypatch.setenv("ORICHALCUM_MACE_MODELS", "/models/one.model")
    with pytest.raises(WeightsUnavailable, match=r"write name=/path/to/file\.model"):
        known_names()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a whole MACE model file"),
        (b"not a model", "not a whole MACE model file"),
        ("truncated", "not a whole MACE model file"),
        ({"model": 1}, "holds a checkpoint or bare weights"),
        (torch.nn.Linear(2, 2), "holds a Linear, not a MACE model"),
    ],
)
def test_a_file_that_is_no_mace_model_is_refused_at_its_field(files, tmp_path, content, message):
    path = tmp_path / "other.model"
    if content == "truncated":
        whole = (files / "one.model").read_bytes()
        path.write_bytes(whole[: len(whole) // 2])
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    where, kind, text = faults({"name": "mace", "file": str(path)})[0]
    assert (where, kind) == ("/potential/file", "bad-model-file")
    assert message in text
    with pytest.raises(UnsupportedModel):
        load_chosen(PotentialChoice(name="mace", file=str(path)))


def test_a_model_without_energies_is_refused_by_its_kind(tmp_path):
    mace = import_mace()
    from e3nn import o3

    blocks = mace.modules.blocks
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dipoles = mace.modules.AtomicDipolesMACE(
            r_max=4.0, num_bessel=4, num_polynomial_cutoff=5, max_ell=2, num_interactions=2, num_elements=2,
            interaction_cls=blocks.RealAgnosticResidualInteractionBlock,
            interaction_cls_first=blocks.RealAgnosticResidualInteractionBlock,
            hidden_irreps=o3.Irreps("4x0e+4x1o"), MLP_irreps=o3.Irreps("4x0e+4x1o"), avg_num_neighbors=8.0,
            atomic_numbers=[11, 17], correlation=2, gate=torch.nn.functional.silu, atomic_energies=None,
        )  # fmt: skip
    torch.save(dipoles, tmp_path / "dipoles.model")
    where, kind, text = faults({"name": "mace", "file": str(tmp_path / "dipoles.model")})[0]
    assert (where, kind) == ("/potential/file", "bad-model-file")
    assert "it is a AtomicDipolesMACE; models of energy alone (MACE, ScaleShiftMACE) can be used" in text


def test_a_file_that_is_not_there_is_named():
    assert "nowhere.model" in faults({"name": "mace", "file": "/nowhere.model"})[0][2]
    with pytest.raises(WeightsUnavailable, match=r"no model file /nowhere\.model"):
        open_mace(Path("/nowhere.model"))


def test_wrong_heads_files_and_elements_are_refused_at_their_fields(files):
    one, two = str(files / "one.model"), str(files / "two.model")
    assert faults({"name": "mace"})[0][:2] == ("/potential/file", "missing-field")
    assert faults({"name": "sevennet-0", "file": one})[0][:2] == ("/potential/file", "unused-field")
    assert faults({"name": "sevennet-0", "head": "pbe"})[0][:2] == ("/potential/head", "unused-field")
    where, kind, text = faults({"name": "mace", "file": two, "head": "r3scan"})[0]
    assert (where, kind) == ("/potential/head", "invalid-value")
    assert "use pbe or r2scan" in text
    found = faults({"name": "mace", "file": one}, species=("Li", "Cl"))
    assert ("/sublattices/0/elements/Li", "unknown-to-potential") in [fault[:2] for fault in found]


def test_what_a_file_holds_is_found_once_and_kept(files, tmp_path, monkeypatch):
    choice = {"name": "mace", "file": str(files / "one.model")}
    resolved_problem(problem(choice))
    kept = list((tmp_path / "data" / "weights").glob("inspected-*.json"))
    assert [json.loads(path.read_text())["elements"] for path in kept] == [["Na", "Cl", "K"]]
    monkeypatch.setattr("engine.potentials.mace.inspect.open_mace", None)
    resolved_problem(problem(choice))
