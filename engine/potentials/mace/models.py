"""MACE model files of the user and of the operator, described without torch.

`ORICHALCUM_MACE_MODELS` names the files that the operator of a machine trusts: `name=/path/one.model` separated by
semicolons. A name in it is a potential like any other; if it is that of a published model, the file stands for it.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Any

from engine.potentials.description import MaceSize, PotentialDescription
from engine.potentials.errors import UnsupportedModel, WeightsUnavailable

VARIABLE = "ORICHALCUM_MACE_MODELS"
_INSPECTION_SECONDS = 180


def registered_files() -> dict[str, Path]:
    """The files that the operator trusts, by name.

    Raises:
        WeightsUnavailable: if the variable cannot be understood.
    """
    found = {}
    for entry in os.environ.get(VARIABLE, "").split(";"):
        if not entry.strip():
            continue
        name, equals, path = entry.partition("=")
        if not equals or not name.strip() or not path.strip():
            raise WeightsUnavailable(
                f"{VARIABLE} has the entry {entry.strip()!r}; write name=/path/to/file.model"
            )
        found[name.strip()] = Path(path.strip()).expanduser()
    return found


def described_file(name: str, path: Path, folder: Path) -> PotentialDescription:
    """The description of a trusted model file.

    Args:
        name: Name under which it is used.
        path: The file; it is opened once, by another process where this one does without torch.
        folder: Where what was found is kept.

    Raises:
        WeightsUnavailable: if the file cannot be read.
        UnsupportedModel: if it holds no model that can be run here.
    """
    sha256 = file_checksum(path)
    facts = _facts(path, sha256, folder)
    return PotentialDescription(
        name=name,
        family="mace",
        summary=f"The MACE model in {path.name}.",
        licence="that of the file",
        citation="I. Batatia et al., MACE, Adv. Neural Inf. Process. Syst. 35, 11423 (2022); the model's own authors",
        package=None,
        checkpoint=path.name,
        sha256=sha256,
        elements=tuple(facts["elements"]),
        dtypes=("float64", "float32"),
        mixings=("mean_field", "paired"),
        cutoff=float(facts["cutoff"]),
        smoothness=2,
        heads=tuple(facts["heads"]),
        size=MaceSize(**facts["size"]),
        file=str(path),
    )


def file_checksum(path: Path) -> str:
    """SHA-256 of a file.

    Raises:
        WeightsUnavailable: if there is no such file, or it cannot be read.
    """
    try:
        state = path.stat()
        if not path.is_file():
            raise WeightsUnavailable(f"{path} is not a file")
        return _checksum(path, state.st_mtime_ns, state.st_size)
    except OSError as error:
        raise WeightsUnavailable(f"the model file {path} cannot be read: {error.strerror}") from error


@lru_cache(maxsize=64)
def _checksum(path: Path, _modified: int, _size: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _facts(path: Path, sha256: str, folder: Path) -> dict[str, Any]:
    record = folder / f"inspected-{sha256[:16]}.json"
    try:
        facts: dict[str, Any] = json.loads(record.read_text())
        MaceSize(**facts["size"])  # an older version kept none
    except (OSError, ValueError, KeyError, TypeError):
        facts = _inspect(path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            fresh = record.with_suffix(f".{os.getpid()}")
            fresh.write_text(json.dumps(facts))
            fresh.replace(record)
        except OSError:
            return facts  # it is found again next time
    return facts


def _inspect(path: Path) -> dict[str, Any]:
    """What the file holds, found in this process if torch is here anyway, else in another."""
    if "torch" in sys.modules:
        facts: dict[str, Any] = import_module("engine.potentials.mace.inspect").inspected(path)
        return facts
    command = [sys.executable, "-m", "engine.potentials.mace.inspect", str(path)]
    try:
        done = subprocess.run(  # noqa: S603 - this program itself
            command, capture_output=True, text=True, timeout=_INSPECTION_SECONDS, check=False
        )
        facts = json.loads(done.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, OSError, ValueError, IndexError) as error:
        raise UnsupportedModel(f"{path} could not be read as a MACE model") from error
    if "error" in facts:
        raise UnsupportedModel(str(facts["error"]))
    return facts
