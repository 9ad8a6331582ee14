"""The one door to engine and service, for the commands that work in this process.

Everything is imported inside the functions: the bare install has neither torch nor a web server, and
``orichalcum --help`` should not wait for them.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

from orichalcum.exceptions import BadRequest, LocalFailure, ServerExtraMissing

if TYPE_CHECKING:
    from api_schemas.base import Composition
    from api_schemas.catalogue import PotentialInfo
    from api_schemas.errors import FieldError, ProblemInvalid
    from api_schemas.evaluations import CrystalState, Evaluation, FixedGeometryEvaluation
    from api_schemas.problem import Problem, ProblemLike
    from api_schemas.results import Result
    from api_schemas.sublattices import Sublattice
    from engine.campaign.calculator import AlchemicalCalculator
    from engine.campaign.run import Observer
    from orichalcum.surrogate import Maps

_OURS = ("engine", "service", "orichalcum", "api_schemas")


def _unheard(_: str) -> None:
    """Nobody listens."""


class Interrupted(KeyboardInterrupt):
    """The user stopped a run; ``result`` holds the best so far."""

    def __init__(self, result: Result) -> None:
        """Keep what was found."""
        self.result = result
        super().__init__()


@contextmanager
def _server_extra() -> Iterator[None]:
    """Turn the absence of what only the server extra installs into a clear message."""
    try:
        yield
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if not missing or missing in _OURS:
            raise
        raise ServerExtraMissing(missing) from None


@contextmanager
def _clear_failures() -> Iterator[None]:
    """Turn failures of potentials (weights that cannot be had, say) into ``LocalFailure``."""
    from engine.potentials.errors import PotentialError

    try:
        yield
    except PotentialError as error:
        raise LocalFailure(str(error)) from None


@contextmanager
def _at_the_option(at: str | None) -> Iterator[None]:
    """Point faults of the composition at ``--at`` where that is where it came from."""
    from api_schemas.errors import ProblemInvalid

    try:
        yield
    except ProblemInvalid as error:
        if at is None:
            raise
        raise ProblemInvalid([_from_option(fault) for fault in error.errors]) from None


def _from_option(fault: FieldError) -> FieldError:
    inside = fault.pointer == "/at" or fault.pointer.startswith("/at/")
    return fault.model_copy(update={"pointer": "--at"}) if inside else fault


class Solved(NamedTuple):
    """What came of a problem.

    Attributes:
        result: The answer.
        map: What tells the surrogate over a slice, from everything that was computed.
    """

    result: Result
    map: Maps


def run(problem: ProblemLike, observer: Observer, *, device: str = "auto") -> Solved:
    """Solve a problem in this process.

    Args:
        problem: Problem to solve.
        observer: Receiver of the progress.
        device: Device: auto, cpu or cuda.

    Raises:
        ProblemInvalid: naming the fields at fault.
        ServerExtraMissing: if torch and the rest are not installed.
        LocalFailure: if the potential's weights cannot be had, or the device is not there.
        Interrupted: at Ctrl-C, with the best so far.
    """
    observer.doing("loading libraries")
    with _server_extra():
        from engine.acceptance.resolve import resolved_problem
        from engine.campaign import run as running
        from engine.campaign.campaign import Campaign

        observer.doing("reading the problem")
        resolved = resolved_problem(problem)
        chosen = _device(device)
        observer.doing(f"loading {resolved.potential.name}")
        with _clear_failures():
            try:
                campaign = Campaign(resolved, shared=True)
                return Solved(running.run(campaign, observer, device=chosen), campaign.map)
            except running.Interrupted as stop:
                raise Interrupted(stop.result) from None


def evaluate(
    problem: ProblemLike,
    at: str | Mapping[str, Mapping[str, float]] | None,
    *,
    device: str = "auto",
    on_call: Callable[[], None] | None = None,
    say: Callable[[str], None] = _unheard,
) -> Evaluation:
    """Relax one composition and differentiate its properties.

    Args:
        problem: Problem whose crystal and potential to take.
        at: Composition, or its text ``cation:Al=0.8,Sc=0.2``; None takes the only one of the problem's ``at``.
        device: Device: auto, cpu or cuda.
        on_call: Called before every call of the potential.
        say: Told in a few words what is being done, from loading on.

    Raises:
        ProblemInvalid: naming the fields at fault; the pointer ``--at`` is the text.
        ServerExtraMissing: if torch and the rest are not installed.
        LocalFailure: if the potential's weights cannot be had, or the device is not there.
    """
    say("loading libraries")
    with _server_extra():
        from engine.acceptance.resolve import resolved_problem
        from engine.campaign.evaluate import evaluate as evaluate_composition

        option = at if isinstance(at, str) else None
        with _at_the_option(option):
            chosen, composition = _one_composition(problem, at)
        resolved = resolved_problem(chosen)
        say(f"loading {resolved.potential.name}")
        with _at_the_option(option), _clear_failures():
            record = evaluate_composition(
                resolved, composition, device=_device(device), on_call=on_call, say=say
            )
        return record.public()


def evaluate_fixed_geometry(
    problem: ProblemLike, at: str | Mapping[str, Mapping[str, float]] | None, *, device: str = "auto"
) -> FixedGeometryEvaluation:
    """Energy and raw derivatives of one composition at the geometry that was given.

    Raises:
        ProblemInvalid: naming the fields at fault; the pointer ``--at`` is the text.
        ServerExtraMissing: if torch and the rest are not installed.
        LocalFailure: if the potential's weights cannot be had, or the device is not there.
    """
    with _server_extra():
        from engine.acceptance.resolve import resolved_problem
        from engine.campaign.evaluate import evaluate_fixed_geometry as evaluate_composition

        option = at if isinstance(at, str) else None
        with _at_the_option(option):
            chosen, composition = _one_composition(problem, at)
        resolved = resolved_problem(chosen)
        with _at_the_option(option), _clear_failures():
            return evaluate_composition(resolved, composition, device=_device(device))


def potentials() -> list[PotentialInfo]:
    """The potentials that this machine knows.

    Raises:
        ServerExtraMissing: if the engine's libraries are not installed.
    """
    with _server_extra():
        from engine.potentials.registry import all_described, is_fetched

        return [item.info(fetched=is_fetched(item.name)) for item in all_described()]


def calculator_class() -> type[AlchemicalCalculator]:
    """The ASE calculator.

    Raises:
        ServerExtraMissing: if torch or ASE is not installed.
    """
    with _server_extra():
        from engine.campaign.calculator import AlchemicalCalculator as Calculator
    return Calculator


class DeviceFacts(NamedTuple):
    """Where this machine computes.

    Attributes:
        device: In words.
        threads: How many threads torch takes.
    """

    device: str
    threads: int


def device_facts() -> DeviceFacts:
    """What torch finds here.

    Raises:
        ServerExtraMissing: if torch is not installed.
    """
    with _server_extra():
        import torch
    if torch.cuda.is_available():
        return DeviceFacts(f"cuda: {torch.cuda.get_device_name()}", torch.get_num_threads())
    return DeviceFacts("cpu; torch sees no GPU", torch.get_num_threads())


def fetch(name: str, progress: Callable[[str], None]) -> Path:
    """Bring the weights of a potential here, unless they are here and sound.

    Raises:
        ProblemInvalid: if there is no potential of this name.
        ServerExtraMissing: if torch and the rest are not installed.
        LocalFailure: if the weights cannot be had; the message says what to do.
    """
    with _server_extra():
        from engine.potentials.errors import UnknownPotential
        from engine.potentials.registry import describe

        try:
            describe(name)
        except UnknownPotential as error:
            raise _fault("NAME", "unknown-potential", str(error)) from None
        from engine.potentials.weights import fetch as fetch_weights

        with _clear_failures():
            return fetch_weights(name, progress)


def ordered_cell(state: CrystalState, sites: int, seed: int, number: int) -> CrystalState:
    """A quasi-random decoration of a mixed crystal, in a supercell of about so many mixed sites.

    Raises:
        ServerExtraMissing: if the engine's libraries are not installed.
        ProblemInvalid: if the crystal is none that can be decorated.
        LocalFailure: if no decorations can be made on this machine.
    """
    with _server_extra():
        from engine.crystals.ordered_cell import ordered_cell as ordered
        from engine.crystals.sqs_process import DecorationsUnavailable

        try:
            return ordered(state, sites, seed, number)
        except DecorationsUnavailable as error:
            raise LocalFailure(str(error)) from None


@contextmanager
def administering() -> Iterator[ModuleType]:
    """``service.operations.administration``, with its refusals as bad input.

    Raises:
        ServerExtraMissing: if the server's libraries are not installed.
        BadRequest: if something cannot be done as asked.
    """
    with _server_extra():
        from service.operations import administration
    try:
        yield administration
    except administration.Refused as refusal:
        raise BadRequest(str(refusal)) from None


def up(*, host: str, port: int, workers: int, device: str, data: Path | None) -> int:
    """Run the whole stack until it is told to stop; returns its exit code.

    Raises:
        ServerExtraMissing: if the server's libraries are not installed.
    """
    with _server_extra():
        from service.stack.supervisor import up as run_stack

        return run_stack(host=host, port=port, workers=workers, device=device, data=data)


def worker(*, url: str | None, device: str, idle_timeout: float | None, walltime: float | None) -> int:
    """Compute for a service until told to stop, or until a limit is reached; returns the exit code.

    Raises:
        ServerExtraMissing: if the server's libraries are not installed.
    """
    with _server_extra():
        from service.worker.__main__ import main as compute

        given = (("--url", url), ("--idle-timeout", idle_timeout), ("--walltime", walltime))
        options = [text for option, value in given if value is not None for text in (option, str(value))]
        return compute(["--device", device, *options])


def _device(wanted: str) -> str:
    if wanted == "cpu":
        return "cpu"
    import torch

    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise LocalFailure("device cuda is asked for, but torch sees no GPU here; take --device cpu")
    return "cuda" if available else "cpu"


def _one_composition(
    given: ProblemLike, at: str | Mapping[str, Mapping[str, float]] | None
) -> tuple[Problem, Composition]:
    """The composition to evaluate, and the problem with it in the place of its ``at``."""
    from api_schemas.problem import Problem
    from engine.acceptance.resolve import at_composition, for_evaluation

    problem = for_evaluation(Problem.of(given))
    if isinstance(at, Mapping):
        composition = {str(name): dict(shares) for name, shares in at.items()}
    elif at is not None:
        from engine.composition.notation import parse_at_text

        composition = parse_at_text(at)
    elif len(problem.at) == 1:
        composition = problem.at[0]
    elif not problem.at and not problem.sublattices:
        composition = {}
    elif problem.at:
        count = len(problem.at)
        raise _fault(
            "/at",
            "ambiguous",
            f"the file lists {count} compositions; choose one with --at, or 'orichalcum run' evaluates them all",
        )
    else:
        text = ";".join(
            f"{sublattice.name}:{','.join(f'{element}={share:.4g}' for element, share in _shares(sublattice))}"
            for sublattice in problem.sublattices[:3]
        )
        raise _fault("--at", "missing-field", f'name the composition, e.g. --at "{text}"')
    return at_composition(problem, composition), composition


def _shares(sublattice: Sublattice) -> list[tuple[str, float]]:
    """The first two elements of a sublattice in equal parts, or its only one."""
    first = list(sublattice.elements)[:2]
    return [(element, 1.0 / len(first)) for element in first]


def _fault(pointer: str, kind: str, message: str) -> ProblemInvalid:
    from api_schemas.errors import FieldError, ProblemInvalid

    return ProblemInvalid([FieldError(pointer=pointer, type=kind, message=message)])


def tethered(command: list[str]) -> list[str]:
    """The same command, so that it dies with this process however that dies; start it with ``stdin=PIPE``.

    Raises:
        ServerExtraMissing: if the server extra is not installed.
    """
    with _server_extra():
        from service.stack.children import TETHER
    return [sys.executable, "-I", "-S", str(TETHER), str(os.getpid()), *command]
