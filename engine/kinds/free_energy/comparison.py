"""Two phases compared: differences of their free energies, and where they cross (docs/science.md, Eq. 135 to 138).

Pure arithmetic on what was told of both.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from scipy.optimize import brentq

from api_schemas.free_energies import Contributions, Crossing, PhaseComparison, PhaseDifference
from engine.dynamics.oscillators import quantum
from engine.kinds.free_energy.answer import unanswered
from engine.kinds.free_energy.estimated import estimated
from engine.kinds.free_energy.words import formula

if TYPE_CHECKING:
    from engine.kinds.free_energy.estimates import Estimate
    from engine.kinds.free_energy.legs import Question
    from engine.kinds.free_energy.told import FreeEnergyTold
    from engine.problem.resolved import ResolvedProblem

SURE = 2.0
"""Standard errors by which a difference is told from zero."""
_VIBRATIONS = ("harmonic", "anharmonic", "vibrational", "quantum")
_NEAR = 1e-9
"""K, to which a crossing is found."""


@dataclass(frozen=True)
class Pair:
    """Both phases at one composition and temperature.

    Attributes:
        questions: What is asked of either.
        told: What was told of either.
    """

    questions: tuple[Question, Question]
    told: tuple[FreeEnergyTold, FreeEnergyTold]

    @cached_property
    def estimates(self) -> list[Estimate | None]:
        """Of either, up to now."""
        return [estimated(told, one) for told, one in zip(self.told, self.questions, strict=True)]

    @property
    def temperature(self) -> float:
        """K."""
        return self.questions[0].temperature

    @property
    def contributions(self) -> dict[str, float] | None:
        """Of the second less the first, eV/atom; None while one of them is not known."""
        first, second = self.estimates
        if first is None or second is None:
            return None
        before, after = _per_atom(first), _per_atom(second)
        return {name: after.get(name, 0.0) - before.get(name, 0.0) for name in {**before, **after}}

    @property
    def difference(self) -> float | None:
        """Of the second less the first, eV/atom."""
        parts = self.contributions
        return None if parts is None else sum(parts.values())

    @property
    def error(self) -> float | None:
        """Standard error of the difference, eV/atom."""
        found = [None if one is None else one.error and one.error / one.atoms for one in self.estimates]
        known = [one for one in found if one is not None]
        return math.hypot(*known) if len(known) == len(found) else None

    def is_accurate(self, accuracy: float) -> bool:
        """Whether the difference is known within so many eV/atom, and no runs disagree."""
        judged = [one.agreement for one in self.estimates if one is not None]
        doubtful = any(one is not None and one.verdict == "disagree" for one in judged)
        return not doubtful and self.error is not None and self.error <= accuracy

    def harmonic(self, temperature: float) -> float:
        """What the harmonic crystals differ by at any temperature, eV/atom; zero unless both have one."""
        ends = [
            told.ends(question.legs[-1]) or ()
            for told, question in zip(self.told, self.questions, strict=True)
        ]
        if any(rest.unstable for both in ends for rest in both):
            return 0.0
        first, second = (
            float(quantum(rest.frequencies, [temperature]).free_energy[0]) / (rest.atoms - 1.0)
            for both in ends
            for rest in both
        )
        return second - first


def _per_atom(found: Estimate) -> dict[str, float]:
    """Contributions, eV/atom, with what 3 N vibrations have beyond 3 N - 3 (docs/science.md, Eq. 136)."""
    parts = {name: value / found.atoms for name, value in found.contributions.items()}
    vibrations = sum(parts.get(name, 0.0) for name in _VIBRATIONS)
    return {**parts, "centre_of_mass": vibrations / (found.atoms - 1.0)}


def compared(first: FreeEnergyTold, second: FreeEnergyTold) -> list[Pair]:
    """Both phases at every composition and temperature."""
    return [
        Pair(both, (first, second)) for both in zip(first.questions.all, second.questions.all, strict=True)
    ]


@dataclass(frozen=True)
class _Cross:
    """Where the difference is zero.

    Attributes:
        temperature: K.
        error: Standard error, K; None where one is not known.
        between: The pairs on either side.
        rises: Whether the difference rises there.
    """

    temperature: float
    error: float | None
    between: tuple[Pair, Pair]
    rises: bool

    def lower(self, names: Sequence[str]) -> tuple[str, str]:
        """The phase that is lower below, and the one that is above."""
        return (names[1], names[0]) if self.rises else (names[0], names[1])


def crossings(pairs: Sequence[Pair]) -> list[_Cross]:
    """Where two phases of one composition cross, between neighbouring temperatures at which both are known.

    What the harmonic crystals of either end differ by is known at every temperature; the rest is linear between the two
    (docs/science.md, Eq. 137).
    """
    known = sorted((one for one in pairs if one.difference is not None), key=lambda one: one.temperature)
    return [_cross(*both) for both in pairwise(known) if _signs_differ(*both)]


def _signs_differ(one: Pair, other: Pair) -> bool:
    return ((one.difference or 0.0) < 0.0) != ((other.difference or 0.0) < 0.0)


def _cross(low: Pair, high: Pair) -> _Cross:
    t_low, t_high = low.temperature, high.temperature
    d_low, d_high = low.difference or 0.0, high.difference or 0.0
    rest_low, rest_high = d_low - low.harmonic(t_low), d_high - high.harmonic(t_high)

    def share(t: float) -> float:
        return (t - t_low) / (t_high - t_low)

    def difference(t: float) -> float:
        of_low, of_high = low.harmonic(t) + rest_low, high.harmonic(t) + rest_high
        return (1.0 - share(t)) * of_low + share(t) * of_high

    # At the ends it is theirs but for the last digit, which may be on the other side of zero.
    ends = difference(t_low), difference(t_high)
    at = (
        _end(ends, t_low, t_high)
        if ends[0] * ends[1] >= 0.0
        else brentq(difference, t_low, t_high, xtol=_NEAR)
    )
    width = 1e-4 * (t_high - t_low)
    slope = (difference(at + width) - difference(at - width)) / (2.0 * width)
    error = None
    if low.error is not None and high.error is not None and slope:
        error = math.hypot((1.0 - share(at)) * low.error, share(at) * high.error) / abs(slope)
    return _Cross(float(at), error, (low, high), rises=d_high > d_low)


def _end(ends: tuple[float, float], low: float, high: float) -> float:
    return low if abs(ends[0]) <= abs(ends[1]) else high


def comparison(
    resolved: ResolvedProblem, names: Sequence[str], first: FreeEnergyTold, second: FreeEnergyTold
) -> PhaseComparison:
    """How two phases compare, as it travels.

    Args:
        resolved: The problem.
        names: What the phases are called.
        first: What was told of the first.
        second: What was told of the second.
    """
    options = resolved.problem.free_energy
    accuracy = 0.0 if options is None else options.accuracy
    differences: list[PhaseDifference] = []
    crossed: list[Crossing] = []
    said: list[str] = []
    points = first.questions.points
    for crystals, same in groupby(compared(first, second), lambda one: one.questions[0].crystals):
        pairs, x = list(same), points[crystals[0]]
        composition = first.questions.resolved.space.to_composition(x)
        what = formula(first.questions.resolved.crystal, x)
        for one in pairs:
            parts = one.contributions
            differences.append(
                PhaseDifference(
                    composition=composition,
                    temperature=one.temperature,
                    difference=one.difference,
                    standard_error=one.error if parts is not None else None,
                    accurate=one.is_accurate(accuracy),
                    contributions=None if parts is None else Contributions.model_validate(parts),
                    lower=_lower(one, names),
                    text=f"{what} at {one.temperature:g} K: {_sentence(one, names)}",
                )
            )
        found = crossings(pairs)
        for cross in found:
            below, above = cross.lower(names)
            crossed.append(
                Crossing(
                    composition=composition,
                    temperature=cross.temperature,
                    standard_error=cross.error,
                    below=below,
                    above=above,
                    between=[one.temperature for one in cross.between],
                )
            )
        said += [f"{what}: {text}" for text in _conclusions(pairs, found, names)]
    return PhaseComparison(phases=list(names), differences=differences, crossings=crossed, conclusions=said)


def _lower(pair: Pair, names: Sequence[str]) -> str | None:
    """The name of the phase that is surely lower."""
    difference, error = pair.difference, pair.error
    if difference is None or error is None or abs(difference) < SURE * error:
        return None
    return names[1] if difference < 0.0 else names[0]


def _sentence(pair: Pair, names: Sequence[str]) -> str:
    """What one pair says."""
    difference = pair.difference
    if difference is None:
        return _missing(pair, names)
    error = "" if pair.error is None else f" ± {1000 * pair.error:.2f}"
    lower = _lower(pair, names)
    if lower is not None:
        other = names[0] if lower == names[1] else names[1]
        return f"{lower} is lower than {other} by {1000 * abs(difference):.2f}{error} meV/atom"
    why = "its error is not known yet" if pair.error is None else "within the error they are alike"
    return f"{names[1]} less {names[0]} is {1000 * difference:+.2f}{error} meV/atom; {why}"


def _missing(pair: Pair, names: Sequence[str]) -> str:
    """Why there is no difference: what will never be known comes first."""
    for name, told, question, found in zip(names, pair.told, pair.questions, pair.estimates, strict=True):
        why = unanswered(told, question, found)
        if why:
            return f"no difference, for {name} has no free energy: {why[0]}"
    return "not known yet"


def _conclusions(pairs: Sequence[Pair], found: Sequence[_Cross], names: Sequence[str]) -> list[str]:
    """Of one composition, whether and where the phases cross."""
    known = [one for one in pairs if one.difference is not None]
    if len(known) < 2:
        return []
    if found:
        return [_crossing(one, names) for one in found]
    low, high = (f"{pick(one.temperature for one in known):g}" for pick in (min, max))
    lower = names[1] if (known[0].difference or 0.0) < 0.0 else names[0]
    surely = "" if all(_lower(one, names) for one in known) else ", though not everywhere beyond the error"
    return [f"{lower} is lower from {low} to {high} K{surely}: no crossing was found there"]


def _crossing(cross: _Cross, names: Sequence[str]) -> str:
    below, above = cross.lower(names)
    error = "" if cross.error is None else f" ± {cross.error:.0f}"
    low, high = (one.temperature for one in cross.between)
    rough = (
        ""
        if all(_lower(one, names) for one in cross.between)
        else ", and roughly: an end is not beyond the error"
    )
    return (
        f"{below} and {above} cross at {cross.temperature:.0f}{error} K, {below} lower below and {above} above "
        f"(interpolated between {low:g} and {high:g} K{rough})"
    )
