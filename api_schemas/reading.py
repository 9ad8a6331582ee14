"""What a reader of a result must see: the one place that decides, whatever shows it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterator, Mapping

from pydantic import ValidationError

from api_schemas.evaluations import Evaluation, WaveMode
from api_schemas.formula import bar_words, decimals_of, formula
from api_schemas.free_energies import FreeEnergyAnswer
from api_schemas.kinds import KINDS
from api_schemas.messages import Message, ObjectiveCheck
from api_schemas.orderings import OrderAnswer
from api_schemas.results import Result
from api_schemas.words import CAREFUL, change, counted, quantity

MOST_OF_EVALUATIONS = 5
"""Different messages of evaluations that are not the answer."""
NOT_CONVERGED = "the relaxation did not converge"
LEAST_SHARE = 1e-4
"""Part of an error bar, as a fraction of an element, below which it is next to nothing."""
TOO_SURE = "tier uncertainty larger than the tolerance"


def with_reading(result: Result) -> Result:
    """The result with its messages."""
    return result.model_copy(update={"reading": reading(result)})


def reading(result: Result) -> list[Message]:
    """The messages of a result, the most important first; each sentence once.

    Args:
        result: Of any kind and version; what an older version did not write is not told.
    """
    found = [
        *_headline(result),
        *_own(result),
        *_targets(result),
        *_uncertainty(result),
        *_warnings(result),
        *_other_potentials(result),
        *_verification(result),
        *_limits(result),
        *_notes(result),
        _stopped(result),
    ]
    return list({message.text: message for message in reversed(found) if message.text}.values())[::-1]


def of_evaluation(item: Evaluation) -> list[Message]:
    """What is to be said of one evaluation."""
    known = (item.message or "").startswith(NOT_CONVERGED)
    found = [] if item.converged or known else [NOT_CONVERGED]
    if item.stable is False:
        found.append(f"unstable against {item.stable_against or 'distortions'}")
    found += [*([item.message] if item.message else []), *item.warnings]
    told = [Message(role="warning", text=text) for text in found]
    if item.softest_mode is not None:
        told.append(Message(role="note", text=_softest(item.softest_mode)))
    told += [Message(role="note", text=text) for text in dict.fromkeys(_corrections(item))]
    if item.references:
        named = "; ".join(f"{element}: {words}" for element, words in item.references.items())
        told.append(Message(role="note", text=f"formation_energy refers to {named}"))
    return told


def _softest(mode: WaveMode) -> str:
    """The softest mode: ``softest mode 1.23i THz at q = (1/2, 1/2, 1/2), supercell of 40 sites``."""
    imaginary = "i" if mode.eigenvalue < 0.0 else ""
    frequency = f"{abs(mode.eigenvalue) ** 0.5:.2f}{imaginary} THz"
    return f"softest mode {frequency} at q = ({', '.join(mode.q)}), supercell of {mode.sites} sites"


def _corrections(item: Evaluation) -> Iterator[str]:
    """Of each property that explicit supercells corrected: how surely, and what it is alchemically."""
    for name, value in item.properties.items():
        before = value.alchemical
        if before is None or (name in ("lattice_b", "lattice_c") and _as_a(item, name)):
            continue
        sure = "" if value.uncertainty is None else f" ± {value.uncertainty:.2g}"
        now = f"{quantity(value.value, value.unit)}{sure}"
        yield f"{name} is corrected by supercells: {now}, alchemically {quantity(before, value.unit)}"


def _as_a(item: Evaluation, name: str) -> bool:
    """Whether symmetry makes a length the same as lattice_a."""
    first, other = item.properties.get("lattice_a"), item.properties[name]
    return first is not None and math.isclose(first.value, other.value, rel_tol=1e-9)


def _headline(result: Result) -> Iterator[Message]:
    if result.best is not None:
        bars = result.uncertainty_of_composition
        parts = [formula(result.best, bars), *(bar_words(bars, decimals_of(bars)) if bars else [])]
        verdict = _verdict(result)
        yield Message(role="headline", text=", ".join(parts) + (f": {verdict}" if verdict else ""))
    elif result.front:
        count = counted(len(result.front), "composition")
        yield Message(role="headline", text=f"{count} on the front: none is better in everything")
    elif result.evaluations and result.kind in KINDS and KINDS[result.kind].searches:
        yield Message(
            role="headline", text=f"no answer among {counted(len(result.evaluations), 'evaluation')}"
        )


def _verdict(result: Result) -> str:
    """Whether the targets are met, whether that is surer than is known, and whether others meet them, too."""
    targets = [check for check in result.objective_checks if check.target is not None]
    missed = _missed(result)
    unsure = [check.property for check in targets if check.met and _too_sure(check)]
    words = []
    if missed:
        words.append(f"not within tolerance: {', '.join(missed)}")
    elif targets:
        words.append("within tolerance")
    if unsure:
        words.append(TOO_SURE + (f" of {', '.join(unsure)}" if len(targets) > 1 else ""))
    if result.degenerate_directions and not missed:
        words.append("one of many that are")
    return ", ".join(words)


def _missed(result: Result) -> list[str]:
    """Properties whose targets are missed."""
    checks = result.objective_checks
    return [check.property for check in checks if check.target is not None and check.met is False]


def _too_sure(check: ObjectiveCheck) -> bool:
    """Whether the tolerance is less than the error of the tier."""
    return (check.uncertainty or 0.0) > (check.tolerance or 0.0)


def _targets(result: Result) -> Iterator[Message]:
    for check in result.objective_checks:
        if (text := _target(check)) is not None:
            yield Message(role="target", text=text)


def _target(check: ObjectiveCheck) -> str | None:
    """How far a target is met, beside the tier's error; None of a goal."""
    if check.target is None or check.value is None or check.tolerance is None:
        return None
    met = "within" if check.met else "not within"
    unit = "" if check.unit == "1" else f" {check.unit}"
    text = (
        f"{check.property} {quantity(check.value, check.unit)} is {met} {check.tolerance:g}{unit} of "
        f"{quantity(check.target, check.unit)} (off by {change(check.value - check.target, check.unit)})"
    )
    if _too_sure(check) and check.uncertainty is not None:
        text += f"; {TOO_SURE}: {check.uncertainty:.2g}{unit}"
    return text


def _share(value: float, bar: float) -> str:
    """A part of an error bar of a fraction; one that is next to nothing is not told with its digits."""
    next_to_nothing = 0.0 < value < LEAST_SHARE and value < 0.01 * bar
    return f"< {LEAST_SHARE:g}" if next_to_nothing else f"{value:.2g}"


def _uncertainty(result: Result) -> Iterator[Message]:
    bars, shares = result.uncertainty_of_composition, result.uncertainty_shares
    several = bars is not None and len([1 for fractions in bars.values() if len(fractions) > 1]) > 1
    for sublattice, fractions in (bars or {}).items():
        for place, (element, bar) in enumerate(fractions.items()):
            if not bar or shares is None or (len(fractions) == 2 and place == 0):
                continue
            name = f"{sublattice}:{element}" if several else element
            parts = (("tolerance", shares.tolerance), ("tier", shares.tier), ("surrogate", shares.surrogate))
            made_of = ", ".join(
                f"{part} {_share(value, bar)}"
                for part, of in parts
                if of is not None and (value := of[sublattice][element]) is not None
            )
            yield Message(role="uncertainty", text=f"{name} ± {bar:.2g} ({made_of})")
    missed = _missed(result)
    if result.degenerate_directions:
        directions = counted(result.degenerate_directions, "direction")
        kept = f"the composition can move in {directions} with"
        text = f"{kept} no target missed by more" if missed else f"one of many: {kept} every target kept"
        yield Message(role="uncertainty", text=text)
    for sublattice, ranges in (result.feasible_ranges or {}).items():
        free = [f"{e} {low:.2f} to {high:.2f}" for e, (low, high) in ranges.items() if high - low > 5e-3]
        if free:
            kept = "the targets are missed by no more" if missed else "the targets are kept"
            name = f"on {sublattice} " if len(result.feasible_ranges or {}) > 1 else ""
            yield Message(role="uncertainty", text=f"{kept} {name}with {', '.join(free)}")


def _warnings(result: Result) -> Iterator[Message]:
    answers = [] if result.best is None else [result.best]
    for item in [*answers, *result.front]:
        yield from (message for message in of_evaluation(item) if message.role == "warning")
    failed = sum(not item.converged for item in result.evaluations)
    if failed:
        total = counted(len(result.evaluations), "relaxation")
        yield Message(role="warning", text=f"{failed} of {total} did not converge")
    if answers or result.front:
        return
    texts = Counter(
        text for item in result.evaluations for text in dict.fromkeys((item.message, *item.warnings)) if text
    )
    for text, count in list(texts.items())[:MOST_OF_EVALUATIONS]:
        yield Message(role="warning", text=text if count == 1 else f"{text} ({count} evaluations)")
    if len(texts) > MOST_OF_EVALUATIONS:
        rest = counted(len(texts) - MOST_OF_EVALUATIONS, "other message")
        yield Message(role="warning", text=f"{rest} of evaluations")


def _other_potentials(result: Result) -> Iterator[Message]:
    if result.also is not None and not result.also:
        yield Message(role="warning", text="no other potential has evaluated the answer")
    for one in result.also or []:
        yield Message(role="potential", text=one.text)
        yield from (
            Message(role="warning", text=f"{one.potential}: {text}")
            for text in (one.message, *one.warnings)
            if text
        )


def _verification(result: Result) -> Iterator[Message]:
    if result.verification is not None and not result.verification:
        yield Message(role="warning", text="no explicit supercell has verified the answer")
    for item in result.verification or []:
        yield Message(role="verification", text=item.text)
        yield from (
            Message(role="verification", text=supercell.message)
            for supercell in item.supercells
            if supercell.message
        )


def _limits(result: Result) -> Iterator[Message]:
    if result.active_constraints:
        yield Message(role="limit", text=f"at its limit: {', '.join(result.active_constraints)}")


def _stopped(result: Result) -> Message:
    """Why it ended; what to be careful about stands in that sentence for those who read it alone, and above here."""
    reason = result.stopped.reason.replace("_", " ")
    return Message(role="stopped", text=f"stopped: {reason}. {result.stopped.message.partition(CAREFUL)[0]}")


def _notes(result: Result) -> Iterator[Message]:
    yield from (Message(role="note", text=note) for note in result.notes)
    if result.best is not None:
        yield from (message for message in of_evaluation(result.best) if message.role == "note")


def _own(result: Result) -> Iterator[Message]:
    """What the kind answers, by its view; nothing where another version wrote it otherwise."""
    for view in KINDS[result.kind].views if result.kind in KINDS else ():
        if view in _VIEWS and result.answer:
            try:
                yield from list(_VIEWS[view](result))
            except ValidationError:
                return


def _of_order(result: Result) -> Iterator[Message]:
    answer = OrderAnswer.model_validate(result.answer)
    yield from (Message(role="answer", text=one.text) for one in answer.compositions)
    for state in answer.disordered:
        yield from (Message(role="warning", text=warning) for warning in state.warnings)
    left = sum(one.left_parent for one in answer.orderings)
    failed = sum(not one.converged for one in answer.orderings)
    total = counted(len(answer.orderings), "ordering")
    if left:
        yield Message(role="warning", text=f"{left} of {total} left the parent lattice")
    if failed:
        yield Message(role="warning", text=f"{failed} of {total} did not converge")


def _of_free_energies(result: Result) -> Iterator[Message]:
    answer = FreeEnergyAnswer.model_validate(result.answer)
    if answer.comparison is not None:
        yield from (Message(role="answer", text=text) for text in answer.comparison.conclusions)
        yield from (Message(role="answer", text=one.text) for one in answer.comparison.differences)
    for one in answer.free_energies:
        at = f"{one.temperature:g} K: "
        yield Message(role="answer", text=one.text)
        if one.samples is not None and not one.samples.enough:
            text = f"{at}samples are not enough: {'; '.join(one.samples.reasons)}"
            yield Message(role="note", text=text)
        if one.switching is not None and one.switching.text not in one.warnings:
            yield Message(role="note", text=at + one.switching.text)
        yield from (Message(role="warning", text=at + warning) for warning in one.warnings)
    yield Message(role="note", text=answer.convention)


_VIEWS: Mapping[str, Callable[[Result], Iterator[Message]]] = {
    "order": _of_order,
    "free_energy": _of_free_energies,
}
