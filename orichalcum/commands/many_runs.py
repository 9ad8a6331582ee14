"""Running several problem files in this process, one after the other: what ``orichalcum run FILE FILE ...`` does."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from orichalcum import local
from orichalcum.exceptions import BadRequest, LocalFailure
from orichalcum.reporting import (
    BAD_INPUT,
    INTERRUPTED,
    JOB_FAILED,
    complain,
    messages,
    naming,
    note,
    output,
    read_problem,
)

if TYPE_CHECKING:
    from api_schemas.results import Result
    from orichalcum.run_folder import RunFolder


def run_files(files: Sequence[Path], folder: Path, *, json: bool, device: str) -> int:
    """Run each file whose result is not in the folder yet; returns the exit code.

    A file that cannot be solved is told and does not keep the others from being; Ctrl-C ends it all, and the same
    command goes on where it ended.

    Raises:
        BadRequest: if results would overwrite one another.
    """
    from orichalcum.run_folder import RunFolder

    results = RunFolder(folder, files)
    answers: dict[str, Result] = {}
    worst = 0
    for number, file in enumerate(files, 1):
        place = f"{number}/{len(files)} {file.name}"
        try:
            found, fresh = _one(results, file, place, device)
        except typer.Exit as end:
            worst = max(worst, end.exit_code)
            continue
        except BadRequest as refused:
            complain(str(refused))
            worst = BAD_INPUT
            continue
        except LocalFailure as failure:
            complain(f"{file}: {failure}")
            worst = max(worst, JOB_FAILED)
            continue
        except KeyboardInterrupt:
            note(f"interrupted at {place}; the same command goes on with it, {len(answers)} are in {folder}")
            return INTERRUPTED
        answers[str(file)] = found
        note(f"{place}: {'' if fresh else 'done before, '}{results.target(file)}")
    if json:
        _print_json(answers)
    elif answers:
        _print_table(answers)
    return BAD_INPUT if worst == BAD_INPUT else worst


def _one(folder: RunFolder, file: Path, place: str, device: str) -> tuple[Result, bool]:
    """The result of a file, and whether it was computed now."""
    from orichalcum.progress import JobProgress

    problem = read_problem(file)
    kept = folder.done(file, problem)
    if kept is not None:
        return kept, False
    with naming(file), JobProgress(messages(), problem.objectives, place=place) as progress:
        result = local.run(problem, progress, device=device).result
    folder.keep(file, problem, result)
    return result, True


def _print_json(answers: dict[str, Result]) -> None:
    import json

    documents = {name: json.loads(one.model_dump_json()) for name, one in answers.items()}
    sys.stdout.write(json.dumps({"results": documents}, indent=2, ensure_ascii=False, allow_nan=False) + "\n")


def _print_table(answers: dict[str, Result]) -> None:
    from orichalcum import display, tables, wording
    from orichalcum.reporting import plain

    table = tables.table("File", "Answer", "Why it ended")
    for name, one in answers.items():
        best = "" if one.best is None else wording.composition(one.best.composition)
        table.add_row(plain(name), best, plain(one.stopped.message))
    display.show(output(), table)
