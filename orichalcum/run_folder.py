"""A folder of results of many problem files: what is done is kept, and not done again."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from api_schemas.problem import Problem
from api_schemas.results import Result
from orichalcum.exceptions import BadRequest

LIST = "orichalcum-run.json"
"""File that says which problem each result answers, by its digest."""


class RunFolder:
    """The results of problem files: ``alscn.yaml`` has ``alscn.result.json``."""

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        """Look at a folder, which need not be there.

        Raises:
            BadRequest: if two files would have one result, or the folder's list is none.
        """
        self.folder = folder
        targets: dict[str, Path] = {}
        for file in files:
            other = targets.setdefault(self.target(file).name, file)
            if other != file:
                raise BadRequest(f"{other} and {file} would both become {self.target(file)}; rename one")
        self._digests: dict[str, str] = {}
        where = folder / LIST
        if where.exists():
            try:
                kept = json.loads(where.read_text(encoding="utf-8"))
                self._digests = {str(name): str(digest) for name, digest in kept.items()}
            except (ValueError, AttributeError):
                raise BadRequest(f"{where} is no list of results; name another folder with -o") from None

    def target(self, file: Path) -> Path:
        """Where the result of a problem file goes."""
        return self.folder / f"{file.stem}.result.json"

    def done(self, file: Path, problem: Problem) -> Result | None:
        """The result of a file, where it is there and answers this problem as it is now.

        Raises:
            BadRequest: if something is in its place that was not made for this file.
        """
        target = self.target(file)
        if not target.exists():
            return None
        known = self._digests.get(target.name)
        if known is None:
            raise BadRequest(
                f"{target} is there already and was not made by this command; name another folder with -o"
            )
        if known != digest(problem):
            return None
        try:
            return Result.model_validate_json(target.read_bytes())
        except ValidationError:
            return None  # of another version, or half written by another program: it is computed again

    def keep(self, file: Path, problem: Problem, result: Result) -> Path:
        """Write the result of a file, whole or not at all; returns where it is.

        Raises:
            OSError: if it cannot be written.
        """
        target = self.target(file)
        self.folder.mkdir(parents=True, exist_ok=True)
        document = json.loads(result.model_dump_json())
        _replace(target, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
        self._digests[target.name] = digest(problem)
        _replace(self.folder / LIST, json.dumps(self._digests, indent=2) + "\n")
        return target


def digest(problem: Problem) -> str:
    """What tells a problem from others: the digest of its document."""
    return hashlib.sha256(json.dumps(problem.document(), sort_keys=True).encode()).hexdigest()


def _replace(path: Path, text: str) -> None:
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
