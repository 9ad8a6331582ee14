"""A folder of results of many problem files: what is done is kept, and not done again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from api_schemas.base import Model
from api_schemas.problem import Problem
from api_schemas.results import Result
from orichalcum import __version__
from orichalcum.exceptions import BadRequest

_SUFFIX = ".result.json"


class _Made(Model):
    """What is beside each result: which bytes answer which problem."""

    problem: str
    result: str
    version: str


class RunFolder:
    """The results of problem files: ``alscn.yaml`` has ``alscn.result.json``.

    Beside it ``alscn.result.digest`` says which problem it answers, and is written first: whatever ends a process
    between the two, and however many run at a time, a result that its digest does not name is computed again.
    """

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        """Look at a folder, which need not be there.

        Raises:
            BadRequest: if two files would have one result.
        """
        self.folder = folder
        targets: dict[str, Path] = {}
        for file in files:
            other = targets.setdefault(self.target(file).name, file)
            if other != file:
                raise BadRequest(f"{other} and {file} would both become {self.target(file)}; rename one")

    def target(self, file: Path) -> Path:
        """Where the result of a problem file goes."""
        return self.folder / f"{file.stem}{_SUFFIX}"

    def done(self, file: Path, problem: Problem) -> Result | None:
        """The result of a file, where it is there and answers this problem as it is now.

        Raises:
            BadRequest: if something is in its place that was not made for this file.
        """
        target = self.target(file)
        if not target.exists():
            return None
        made = self._digest_of(target)
        if not made.exists():
            raise BadRequest(
                f"{target} is there already and was not made by this command; name another folder with -o"
            )
        try:
            known, text = _Made.model_validate_json(made.read_bytes()), target.read_bytes()
        except ValidationError:
            return None  # written by something else: it is computed again
        if known != _Made(problem=digest(problem), result=_sha256(text), version=__version__):
            return None
        try:
            return Result.model_validate_json(text)
        except ValidationError:
            return None  # of another working copy of the same version

    def keep(self, file: Path, problem: Problem, result: Result) -> Path:
        """Write the result of a file, whole or not at all; returns where it is.

        Raises:
            OSError: if it cannot be written.
        """
        target = self.target(file)
        self.folder.mkdir(parents=True, exist_ok=True)
        document = json.loads(result.model_dump_json())
        text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        made = _Made(problem=digest(problem), result=_sha256(text.encode()), version=__version__)
        _replace(self._digest_of(target), made.model_dump_json(indent=2) + "\n")
        _replace(target, text)
        return target

    @staticmethod
    def _digest_of(target: Path) -> Path:
        return target.with_suffix(".digest")


def digest(problem: Problem) -> str:
    """What tells a problem from others: the digest of its document."""
    return _sha256(json.dumps(problem.document(), sort_keys=True).encode())


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_bytes(text.encode())
    fresh.replace(path)
