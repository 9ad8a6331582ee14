"""Brings a potential's weights from its package, checks them, converts them once and keeps them.

    package registry --pip--> wheel --SHA-256--> checkpoint --SHA-256--> safetensors in the cache folder

The converted file has a small JSON beside it with its own checksum, written last: without it nothing is cached.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from torch import Tensor

from engine.potentials.errors import ChecksumMismatch, CorruptedCache, WeightsUnavailable
from engine.potentials.lock import locked
from engine.potentials.mace.weights import fetch_mace
from engine.potentials.registry import (
    POTENTIALS,
    Package,
    PotentialDescription,
    describe,
    weights_folder,
    weights_path,
)
from engine.potentials.sevennet.checkpoint import read_checkpoint, write_converted

DOWNLOAD_SECONDS = 900

Progress = Callable[[str], None]


def fetch(name: str, progress: Progress | None = None) -> Path:
    """Makes sure that the weights of a potential are in the cache folder.

    A MACE model is brought by mace-torch; see `engine.potentials.mace.weights`. For the others the wheel is taken from
    `$ORICHALCUM_<PACKAGE>_WHEEL` if that is set, else pip downloads it; every potential of the same package is
    converted on the way. Two processes that fetch at once do the work once.

    Args:
        name: Name of the potential.
        progress: Called with one sentence at every step.

    Returns:
        The converted file.

    Raises:
        UnknownPotential: if there is no such potential.
        ChecksumMismatch: if a file is not the published one.
        WeightsUnavailable: if the weights can be had neither from a file nor from a network.
        LicenceNotAccepted: if the operator has not accepted the licence of the weights.
        UnsupportedModel: if what came is no model that can be run here.
    """
    potential = describe(name)
    say = progress or (lambda _sentence: None)
    if potential.package is None:
        return fetch_mace(potential, say)
    if _is_sound(potential):
        return weights_path(name)
    folder = weights_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / f"{potential.package.name}.lock"):
            if not _is_sound(potential):  # else another process was faster
                _bring(potential.package, folder, say)
    except OSError as error:
        raise WeightsUnavailable(
            f"cannot keep weights in {folder}: {error.strerror or error}; "
            "set ORICHALCUM_DATA to a folder that can be written"
        ) from error
    return weights_path(name)


def read_weights(name: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Tensors and architecture of a SevenNet from the cache, checked against the checksum recorded with them.

    Args:
        name: Name of the potential.

    Returns:
        Tensors by name as published (float32), and the architecture; see `checkpoint.read_checkpoint`.

    Raises:
        UnknownPotential: if there is no such potential.
        WeightsUnavailable: if nothing is cached.
        CorruptedCache: if the file is not what was written.
    """
    potential, path = describe(name), weights_path(name)
    mend = f"run `orichalcum potentials fetch {name}`"
    if not path.is_file():
        raise WeightsUnavailable(f"the weights of {name} are not in {path.parent}; {mend}")
    if not _is_sound(potential):
        raise CorruptedCache(f"{path} is not what was written there; {mend} to replace it")
    try:
        with safe_open(path, framework="pt") as file:
            architecture = json.loads(file.metadata()["architecture"])
            return {key: file.get_tensor(key) for key in file.keys()}, architecture  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CorruptedCache(f"{path} cannot be read; {mend} to replace it") from error


def _is_sound(potential: PotentialDescription) -> bool:
    path = weights_path(potential.name)
    try:
        record = json.loads(path.with_suffix(".json").read_text())
        return bool(
            record["checkpoint_sha256"] == potential.sha256 and record["sha256"] == _sha256(path.read_bytes())
        )
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _bring(package: Package, folder: Path, say: Progress) -> None:
    """Converts every potential of a package; to be called with the lock held."""
    for left_behind in folder.glob("fetch-*"):  # by a process that was killed: whoever lives holds the lock
        shutil.rmtree(left_behind, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix="fetch-", dir=folder) as scratch:
        wheel = _wheel(package, Path(scratch), say)
        for potential in POTENTIALS:
            if potential.package == package:
                _convert(potential, wheel, Path(scratch), say)


def _wheel(package: Package, scratch: Path, say: Progress) -> Path:
    variable = f"ORICHALCUM_{package.name.upper()}_WHEEL"
    given = os.environ.get(variable)
    if given:
        wheel = Path(given).expanduser()
        if not wheel.is_file():
            raise WeightsUnavailable(f"{variable} names {wheel}, which is not a file")
        say(f"reading {wheel}")
    else:
        say(f"downloading {package.requirement} (about 43 MB) with pip")
        wheel = _download(package, scratch, variable)
    found = _sha256(wheel.read_bytes())
    if found != package.sha256:
        raise ChecksumMismatch(wheel.name, package.sha256, found)
    return wheel


def _download(package: Package, scratch: Path, variable: str) -> Path:
    command = [
        sys.executable,
        "-m",
        "pip",
        "download",
        "--disable-pip-version-check",
        "--no-input",
        "--quiet",
    ]
    command += ["--no-deps", "--only-binary=:all:", "--dest", str(scratch), package.requirement]
    advice = (
        f"Bring {package.wheel} (from any Python package index, on a machine with a network: "
        f"`pip download --no-deps {package.requirement}`) and set {variable} to its path."
    )
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=DOWNLOAD_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise WeightsUnavailable(
            f"pip did not bring {package.requirement} in {DOWNLOAD_SECONDS} s. {advice}"
        ) from error
    except OSError as error:
        raise WeightsUnavailable(f"pip could not be started: {error.strerror}. {advice}") from error
    wheel = scratch / package.wheel
    if done.returncode != 0 or not wheel.is_file():
        reasons = [
            line for line in done.stderr.splitlines() if line.startswith("ERROR")
        ] or done.stderr.splitlines()
        reason = (
            reasons[-1].removeprefix("ERROR: ").rstrip(".") if reasons else f"exit code {done.returncode}"
        )
        raise WeightsUnavailable(f"pip could not bring {package.requirement}: {reason}. {advice}")
    return wheel


def _convert(potential: PotentialDescription, wheel: Path, scratch: Path, say: Progress) -> None:
    say(f"checking and converting {potential.name}")
    try:
        with zipfile.ZipFile(wheel) as archive:
            content = archive.read(potential.checkpoint)
    except (KeyError, zipfile.BadZipFile) as error:
        raise WeightsUnavailable(f"{wheel.name} holds no {potential.checkpoint}") from error
    found = _sha256(content)
    if found != potential.sha256:
        raise ChecksumMismatch(potential.checkpoint, potential.sha256, found)
    tensors, architecture = read_checkpoint(content)
    target = weights_path(potential.name)
    fresh = scratch / target.name
    write_converted(tensors, architecture, fresh)
    record = {
        "name": potential.name,
        "checkpoint_sha256": potential.sha256,
        "sha256": _sha256(fresh.read_bytes()),
    }
    fresh_record = fresh.with_suffix(".json")
    fresh_record.write_text(json.dumps(record, indent=1))
    fresh.replace(target)
    fresh_record.replace(target.with_suffix(".json"))


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
