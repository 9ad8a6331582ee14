"""What can go wrong with a potential, as one small tree of exceptions.

PotentialError
├── UnknownPotential       the name is not in the registry
├── UnsupportedDtype       the number format is not offered
├── UnknownSpecies         the model was never trained on an element
├── UnsupportedModel       a model file is not one that can be run here, or its architecture is not
├── LicenceNotAccepted     the operator has not accepted the licence of the weights
├── UnsupportedMixing      the mixing rule is not offered
├── UnpairedCopies         paired mixing where sites of one sublattice hold different elements
├── CoincidentSites        two atoms at one place: the model has no answer there
└── WeightsUnavailable     the weights are not here and could not be brought here
    ├── ChecksumMismatch   a file is not the published one
    └── CorruptedCache     the converted file changed after it was written
"""

# ruff: noqa: N818

from __future__ import annotations


class PotentialError(Exception):
    """Any failure of a potential that a user can understand and mend."""


class UnknownPotential(PotentialError):
    """The name is not in the registry.

    Attributes:
        name: Name that was asked for.
        known: Every name that could have been asked for.
        close: Known names that resemble `name`, the likeliest first.
    """

    def __init__(self, name: str, known: tuple[str, ...], close: tuple[str, ...]) -> None:
        self.name, self.known, self.close = name, known, close
        hint = f"did you mean {' or '.join(close)}?" if close else f"known: {', '.join(known)}"
        super().__init__(f"unknown potential {name!r}; {hint}")


class UnsupportedDtype(PotentialError):
    """The number format is not one that the potential is offered in."""


class UnknownSpecies(PotentialError):
    """The potential was never trained on one or more elements.

    Attributes:
        symbols: The elements that are not known, in order of atomic number.
    """

    def __init__(self, potential: str, symbols: tuple[str, ...]) -> None:
        self.potential, self.symbols = potential, symbols
        super().__init__(
            f"{potential} does not know {', '.join(symbols)}; choose other elements or another potential"
        )


class UnsupportedModel(PotentialError):
    """A model file holds no model that can be run here; the message names the feature at fault."""


class LicenceNotAccepted(PotentialError):
    """The weights have a licence that whoever runs this program must accept first."""


class UnsupportedMixing(PotentialError):
    """A potential is not offered with the mixing rule that was asked for."""


class UnpairedCopies(PotentialError):
    """Paired mixing, and the sites of a sublattice do not hold the same elements in the same order."""


class CoincidentSites(PotentialError):
    """Two sites, or a site and a periodic image, lie at the same place."""


class WeightsUnavailable(PotentialError):
    """The weights are neither cached nor could they be fetched; the message says what to do."""


class ChecksumMismatch(WeightsUnavailable):
    """A downloaded or given file is not the published one."""

    def __init__(self, what: str, expected: str, found: str) -> None:
        self.what, self.expected, self.found = what, expected, found
        super().__init__(
            f"{what} has SHA-256 {found}, expected {expected}: the file was refused and nothing was read from it"
        )


class CorruptedCache(WeightsUnavailable):
    """The converted weights in the cache are not what was written there."""
