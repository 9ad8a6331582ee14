"""Brings MACE foundation models by mace-torch's own code, and keeps them with their checksum.

The publisher gives no checksums: what came first is recorded, and a file that changed after is refused.
"""

from __future__ import annotations

import io
import json
import shutil
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from engine.potentials.description import PotentialDescription
from engine.potentials.errors import CorruptedCache, PotentialError, WeightsUnavailable
from engine.potentials.lock import locked
from engine.potentials.mace.catalogue import check_licence
from engine.potentials.mace.file import import_mace, open_mace
from engine.potentials.mace.inspect import facts_of
from engine.potentials.mace.models import VARIABLE, file_checksum
from engine.potentials.mace.support import check_architecture
from engine.potentials.registry import weights_folder, weights_path_of

Progress = Callable[[str], None]


def fetch_mace(potential: PotentialDescription, say: Progress) -> Path:
    """Makes sure that a MACE model is here.

    Args:
        potential: A published model or a file.
        say: Called with one sentence at every step.

    Returns:
        The model file.

    Raises:
        LicenceNotAccepted: if the operator has not accepted the licence.
        WeightsUnavailable: if it cannot be brought.
        UnsupportedModel: if what came cannot be run here.
    """
    check_licence(potential)
    target = weights_path_of(potential)
    if potential.file is not None or _is_recorded(target):
        return target
    folder = weights_folder()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / "mace.lock"):
            if not _is_recorded(target):  # else another process was faster
                _bring(potential, target, say)
    except OSError as error:
        raise WeightsUnavailable(
            f"cannot keep weights in {folder}: {error.strerror or error}; "
            "set ORICHALCUM_DATA to a folder that can be written"
        ) from error
    return target


def read_mace(potential: PotentialDescription) -> Any:
    """The model of mace-torch, on the CPU.

    Args:
        potential: Potential whose file is here.

    Raises:
        LicenceNotAccepted: if the operator has not accepted the licence.
        CorruptedCache: if the file changed after it was fetched.
        WeightsUnavailable: if it is not here or cannot be read.
        UnsupportedModel: if it cannot be run here.
    """
    check_licence(potential)
    path = weights_path_of(potential)
    if potential.file is None and not _is_recorded(path):
        mend = f"run `orichalcum potentials fetch {potential.name}`"
        if path.is_file():
            raise CorruptedCache(f"{path} is not what was written there; {mend} to replace it")
        raise WeightsUnavailable(f"the weights of {potential.name} are not in {path.parent}; {mend}")
    return open_mace(path)


def _is_recorded(path: Path) -> bool:
    try:
        return bool(json.loads(path.with_suffix(".json").read_text())["sha256"] == file_checksum(path))
    except (OSError, ValueError, KeyError, TypeError, WeightsUnavailable):
        return False


def _bring(potential: PotentialDescription, target: Path, say: Progress) -> None:
    say(f"downloading {potential.name} with mace-torch")
    source = _downloaded(potential)
    say(f"checking {potential.name}")
    fresh = target.with_suffix(".fresh")
    shutil.copyfile(source, fresh)
    try:
        model = open_mace(fresh)
        check_architecture(model)
    except PotentialError:
        fresh.unlink(missing_ok=True)
        source.unlink(missing_ok=True)  # else mace-torch would hand out the same file again
        raise
    record = {"name": potential.name, "sha256": file_checksum(fresh), **facts_of(model)}
    fresh.replace(target)
    fresh_record = target.with_suffix(".record")
    fresh_record.write_text(json.dumps(record))
    fresh_record.replace(target.with_suffix(".json"))


def _downloaded(potential: PotentialDescription) -> Path:
    import_mace()
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        from mace.calculators import foundations_models

        address = foundations_models.mace_mp_urls[potential.checkpoint]
        try:
            return Path(foundations_models.download_mace_mp_checkpoint(potential.checkpoint))
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or error
            raise WeightsUnavailable(
                f"mace-torch could not bring {potential.name} from {address}: {reason}. Bring that file from a machine "
                f"with a network and set {VARIABLE}={potential.name}=/path/to/the/file"
            ) from error
