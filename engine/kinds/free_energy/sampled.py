"""What samples say of a crystal's free energy, and how many more are worth while. Pure arithmetic on records.

Samples of the harmonic crystal come first. Where they are not enough, or very many would be needed, an energy of bonds
is fitted to the first of them, and the model is computed at samples of the harmonic crystal with that
(`engine.dynamics.two_stage`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.dynamics.beyond_harmonic import BeyondHarmonic, direct, in_two_stages
from engine.dynamics.one_sided import WIDEST, OneSided, one_sided
from engine.kinds.free_energy.questions import DRAWN, FIRST_BATCHES, MOST_BATCHES, PAIRS
from engine.mechanics.constants import BOLTZMANN

if TYPE_CHECKING:
    from api_schemas.dynamics import HarmonicRecord

LEARNED_BATCHES = 4
"""Of pairs, to which the energy of the bonds is fitted."""
NARROW, MANY = 0.6, 128
"""Standard deviation of the energy in kT up to which few samples are believed, and how many are believed beyond: the
fewer there are, the likelier have they missed what is rare and low, and look the more alike for it."""
GROWTH = 2
"""By how much the number of tasks may grow before what came is looked at again."""

Records = Callable[[int], "HarmonicRecord | None"]
"""The records of samples of one kind, by the number of the batch."""


@dataclass(frozen=True)
class Sampled:
    """Samples up to now.

    Attributes:
        batches: Of pairs of samples of the harmonic crystal that are wanted.
        drawn: Batches of samples with an energy of bonds that are wanted.
        learned: Energies beyond harmonic of the pairs that it is fitted to, eV; None where none is.
        found: What they say; None until all came back.
    """

    batches: int
    drawn: int = 0
    learned: tuple[tuple[float, ...], ...] | None = None
    found: BeyondHarmonic | None = None

    @property
    def ended(self) -> bool:
        """Whether the samples are enough, so that nothing else is needed."""
        return self.found is not None and self.found.enough


def sampled(pairs: Records, drawn: Records, accuracy: Callable[[float], float], seed: int) -> Sampled:
    """How many samples are wanted up to now, and what they say once all came back.

    Args:
        pairs: Samples of the harmonic crystal.
        drawn: Samples of the crystal with an energy of its bonds.
        accuracy: Standard error that is wanted, eV of a supercell of so many atoms.
        seed: Of the bootstrap.
    """
    wanted = FIRST_BATCHES
    while True:
        known = _all(pairs, wanted)
        if known is None or known[0].unstable:
            return Sampled(wanted)
        alone = _one_sided(known, seed)
        more = _more(alone, accuracy(known[0].atoms), PAIRS)
        if alone.enough and not more:
            return Sampled(wanted, found=direct(alone))
        if wanted < LEARNED_BATCHES:
            wanted = min(LEARNED_BATCHES, GROWTH * wanted, wanted + more) if more else LEARNED_BATCHES
            continue
        learned = tuple(tuple(pair) for one in known[:LEARNED_BATCHES] for pair in one.differences)
        batches, two = _in_two_stages(drawn, accuracy, seed, alone.calls)
        if two is None or two.enough or not more or wanted == MOST_BATCHES:
            better = direct(alone) if two is not None and alone.enough and not two.enough else two
            return Sampled(wanted, batches, learned, better)
        wanted = min(MOST_BATCHES, GROWTH * wanted, wanted + more)


def _in_two_stages(
    drawn: Records, accuracy: Callable[[float], float], seed: int, before: int
) -> tuple[int, BeyondHarmonic | None]:
    """How many batches with an energy of bonds are wanted, and what they say once all came back."""
    wanted = 1
    while True:
        known = _all(drawn, wanted)
        if known is None:
            return wanted, None
        between = known[0].between
        assert between is not None  # noqa: S101 - they are samples of it
        second = _one_sided(known, seed)
        # No sample of the model mends the error of the first stage.
        left = accuracy(known[0].atoms) ** 2 - between.error**2
        more = _more(second, np.sqrt(left), DRAWN) if left > 0.0 and between.forgotten else 0
        if not more or wanted == MOST_BATCHES:
            return wanted, in_two_stages(between, second, before)
        wanted = min(MOST_BATCHES, GROWTH * wanted, wanted + more)


def _all(records: Records, count: int) -> list[HarmonicRecord] | None:
    known = [one for one in map(records, range(count)) if one is not None]
    return known if len(known) == count else None


def _one_sided(records: Sequence[HarmonicRecord], seed: int) -> OneSided:
    work = np.concatenate([np.array(one.differences, dtype=float) for one in records])
    return one_sided(work, BOLTZMANN * records[0].temperature, seed)


def _more(found: OneSided, accuracy: float, of_a_batch: int) -> int:
    """How many more batches make samples enough, their standard error that of the accuracy; 0 where none would."""
    if found.deviation > WIDEST:
        return 0
    if not found.enough or (found.deviation > NARROW and found.units < MANY):
        return found.units // of_a_batch
    return max(0, int(np.ceil(found.units * ((found.error / accuracy) ** 2 - 1.0) / of_a_batch)))
