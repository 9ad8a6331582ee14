"""What answers are made of: free-energy differences that samples or switching runs find. Torch-free."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

LegKind = Literal["crystal", "change", "vacancy"]


@dataclass(frozen=True)
class Leg:
    """One difference that is computed by itself.

    Attributes:
        number: Of the leg, from 0; its tasks are numbered by it.
        kind: crystal: from the harmonic crystal to the model. change: from one composition to another. vacancy: from
            the crystal to that with an empty site and the atom on a spring.
        crystals: Numbers of the evaluations that it rests on: of one crystal, or of a change its ends and halfway.
        temperature: K.
        share: Part of the accuracy asked for that its standard error may have.
    """

    number: int
    kind: LegKind
    crystals: tuple[int, ...]
    temperature: float
    share: float = 1.0

    @property
    def changes(self) -> bool:
        """Whether it is a change from one composition to another."""
        return self.kind == "change"

    @property
    def sampled(self) -> bool:
        """Whether samples of its harmonic crystal may be enough, so that runs need not be."""
        return self.kind == "crystal"

    @property
    def places(self) -> tuple[int, ...]:
        """Which of its crystals have force constants: those at its ends."""
        return (0, 2) if self.changes else (0,)


@dataclass(frozen=True)
class Question:
    """One free energy that is answered.

    Attributes:
        number: Of the question, from 0.
        legs: What it is the sum of; the last one names it.
    """

    number: int
    legs: tuple[Leg, ...]

    @property
    def crystals(self) -> tuple[int, ...]:
        """Numbers of the evaluations of the crystals that it is about."""
        return self.legs[-1].crystals

    @property
    def temperature(self) -> float:
        """K."""
        return self.legs[-1].temperature

    @property
    def changes(self) -> bool:
        """Whether it is a change from one composition to another."""
        return self.legs[-1].changes

    @property
    def of_a_vacancy(self) -> bool:
        """Whether it is of an atom that is taken out."""
        return self.legs[-1].kind == "vacancy"
