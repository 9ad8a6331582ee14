"""How commands end: exit codes, and one readable message on standard error instead of a traceback.

Exit codes: 0 success, 2 bad input, 3 the job failed, 4 the service cannot be reached; besides, as shells expect,
130 after Ctrl-C, and 1 for a fault of this program itself.
"""

from __future__ import annotations

import functools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import typer

from orichalcum.exceptions import (
    JobFailed,
    LocalFailure,
    MapNotReady,
    OrichalcumError,
    ServiceFault,
    ServiceUnreachable,
    UnexpectedAnswer,
)

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from api_schemas.errors import ProblemInvalid
    from api_schemas.problem import Problem

SUCCESS, FAULT, BAD_INPUT, JOB_FAILED, UNREACHABLE, INTERRUPTED = 0, 1, 2, 3, 4, 130

PIPE_WIDTH = 200

P = ParamSpec("P")
R = TypeVar("R")


def output() -> Console:
    """Where answers go; a file or pipe has no edge at which a table should fold."""
    from rich.console import Console

    wide = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPE_WIDTH
    return Console(highlight=False, width=wide)


def messages() -> Console:
    """Where messages and progress go: standard error, so that answers can be piped."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def plain(text: str) -> str:
    """The text without control characters, which could move a terminal's cursor or colours."""
    return "".join(c if c.isprintable() or c == "\n" else "\N{REPLACEMENT CHARACTER}" for c in text)


def complain(text: str) -> None:
    """Print an error message as it stands: no markup, no wrapping, no control characters."""
    console = messages()
    console.print("error: ", style="bold red", end="")
    console.print(plain(text), markup=False, soft_wrap=True)


def note(text: str) -> None:
    """Print a remark on standard error."""
    messages().print(plain(text), markup=False, soft_wrap=True)


def print_json(answer: BaseModel) -> None:
    """Print exactly one JSON object on standard output; numbers that JSON cannot hold become null."""
    document = json.loads(answer.model_dump_json())
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")
    sys.stdout.flush()


def exit_code(error: OrichalcumError) -> int:
    """The exit code that fits an error."""
    if isinstance(error, JobFailed | LocalFailure):
        return JOB_FAILED
    if isinstance(error, ServiceUnreachable | UnexpectedAnswer | ServiceFault | MapNotReady):
        return UNREACHABLE
    return BAD_INPUT


def reporting(command: Callable[P, R]) -> Callable[P, R]:
    """Wrap a command so that whatever it raises ends as a message and an exit code."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        from api_schemas.errors import ProblemInvalid

        try:
            return command(*args, **kwargs)
        except ProblemInvalid as error:
            complain(str(error))
            code = BAD_INPUT
        except OrichalcumError as error:
            complain(str(error))
            code = exit_code(error)
        except KeyboardInterrupt:
            note("interrupted")
            code = INTERRUPTED
        except BrokenPipeError:
            # The reader (head, less) has gone; what is left to flush goes nowhere, quietly.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            code = SUCCESS
        except OSError as error:
            complain(os_message(error))
            code = BAD_INPUT
        except (typer.Exit, typer.Abort, typer.BadParameter):
            raise
        except MemoryError:
            complain("out of memory; take a smaller crystal or a machine with more memory")
            code = JOB_FAILED
        except Exception as error:
            if os.environ.get("ORICHALCUM_DEBUG"):
                raise
            complain(
                f"internal fault, {type(error).__name__}: {error}\n"
                "This is a fault of Orichalcum; run again with ORICHALCUM_DEBUG=1 for the details to report"
            )
            code = FAULT
        raise typer.Exit(code)

    return wrapped


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Put the file's name before what is wrong with the problem in it."""
    from api_schemas.errors import ProblemInvalid

    try:
        yield
    except ProblemInvalid as error:
        complain(_faults(error, path))
        raise typer.Exit(BAD_INPUT) from None


def _faults(error: ProblemInvalid, path: Path) -> str:
    from api_schemas.errors import and_more

    lines = [
        f"{fault.pointer}: {fault.message}"
        if fault.pointer.startswith("--")
        else f"{path}: {fault.pointer or '/'}: {fault.message}"
        for fault in error.errors
    ]
    return "\n".join([*lines, f"{path}: {and_more(error.more)}"] if error.more else lines)


def os_message(error: OSError) -> str:
    """What the system said, with the file it is about."""
    reason = error.strerror or str(error)
    return f"{error.filename}: {reason}" if error.filename else reason


def read_problem(path: Path) -> Problem:
    """Read a problem file, naming the file in every complaint.

    Raises:
        typer.Exit: after the complaint, with exit code 2.
    """
    from api_schemas.errors import ProblemInvalid
    from api_schemas.problem import Problem

    try:
        return Problem.from_file(path)
    except ProblemInvalid as error:
        complain(_faults(error, path))
    except IsADirectoryError:
        complain(f"{path}: this is a folder; give a problem file (YAML or JSON)")
    except FileNotFoundError:
        complain(f"{path}: there is no such file; 'orichalcum new > {path}' writes one to start from")
    except OSError as error:
        complain(f"{path}: cannot be read: {error.strerror or error}")
    raise typer.Exit(BAD_INPUT)
