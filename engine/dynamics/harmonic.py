"""The harmonic crystal: frequencies, instabilities, thermal displacements (docs/science.md, section 20).

Its force constants are those of one cell to all others (`engine.mechanics.response.force_constants`), its motions are
found wave by wave. The crystal may be pure, mixed with fractional weights, or a decoration, whose cell is the supercell
itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from api_schemas.symbols import SYMBOLS
from engine.dynamics.oscillators import Thermodynamics, classical, quantum
from engine.mechanics.constants import BOLTZMANN, FREQUENCY
from engine.mechanics.empty_sites import EMPTY
from engine.mechanics.response.host import nearest_images

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.crystals.symmetry import Operation
    from engine.mechanics.response.force_constants import ForceConstants

NOISE = {8: 1e-4, 4: 1e-3}
"""Force constants of modes over masses below this share of the largest are not told from zero, by the bytes of a number
of the potential: rows are differences of forces. In single precision they are off by 1e-5 to 4e-4."""
_STILL = 4.0
"""Motions that are none are lifted above all others by this factor, to be cut off."""
SOFTEST = 0.02
"""Share of the mean force constant over mass: no mode counts as softer when it is asked how far atoms move."""
_ALIKE = 1e-3
"""Relative difference of frequencies that symmetry makes alike."""


class DynamicallyUnstable(ValueError):  # noqa: N818  (the field's name for it)
    """A crystal with modes whose force constant is not above zero has no harmonic free energy.

    Attributes:
        modes: What is unstable, from the worst on.
    """

    def __init__(self, modes: Sequence[Instability], names: Sequence[str]) -> None:
        self.modes = tuple(modes)
        found = "; ".join(mode.words(names) for mode in self.modes[:3])
        super().__init__(
            f"the crystal is dynamically unstable at rest: {found}. It has no harmonic reference; "
            "take a cell that holds the distortion, relaxed, or another reference"
        )


@dataclass(frozen=True)
class Instability:
    """Modes that lower the energy, alike by symmetry.

    Attributes:
        wave: Wave vector of one of them, in fractions of the reciprocal vectors of the cell.
        frequency: Of the imaginary frequency the size, THz; 0 where the force constant is not told from zero.
        modes: How many there are in the supercell.
        shares: Part that each site of a cell has in the motion, by kinetic energy, [n_sites], 1 in all.
    """

    wave: tuple[Fraction, Fraction, Fraction]
    frequency: float
    modes: int
    shares: tuple[float, ...]

    def words(self, names: Sequence[str]) -> str:
        """For people: the wave, the frequency, and what moves, as "Pb 62 %", from the names of the sites."""
        of_name: dict[str, float] = {}
        for name, share in zip(names, self.shares, strict=True):
            of_name[name] = of_name.get(name, 0.0) + share
        moving = sorted(of_name.items(), key=lambda item: (-item[1], item[0]))
        told = ", ".join(f"{name} {100 * share:.0f} %" for name, share in moving if share >= 0.05)
        wave = ", ".join(str(part) for part in self.wave)
        how = f"{self.frequency:.2f}i THz" if self.frequency else "no restoring force"
        return f"{how} at q = ({wave}), {self.modes} mode{'s' if self.modes > 1 else ''}, moving {told}"


@dataclass(frozen=True, eq=False)
class HarmonicCrystal:
    """A supercell with its force constants and masses.

    Attributes:
        constants: Force constants of the supercell.
        masses: Of the sites of a cell, [n_sites] u; of a mixed site the sum of its elements' by their weights.
        lattice: Vectors of a cell as rows, [3, 3] Å.
        positions: Where the sites of a cell rest, [n_sites, 3] Å.
        noise: Share of the largest force constant below which a mode's is not told from zero.
    """

    constants: ForceConstants
    masses: NDArray[np.float64]
    lattice: NDArray[np.float64]
    positions: NDArray[np.float64]
    noise: float = NOISE[8]

    @property
    def n_sites(self) -> int:
        """Sites of the supercell."""
        return self.constants.supercell.n_cells * len(self.masses)

    @property
    def n_atoms(self) -> float:
        """Atoms in the supercell: the sum of its weights."""
        return float(self.constants.present.sum() * self.constants.supercell.n_cells)

    @cached_property
    def _moving(self) -> NDArray[np.bool_]:
        return np.asarray(np.repeat(self.constants.present > EMPTY, 3))

    @cached_property
    def _root(self) -> NDArray[np.float64]:
        """Square root of the mass that a displacement moves, [3 n_sites]; 1 where nothing is there."""
        return np.where(self._moving, np.sqrt(np.repeat(self.masses, 3)), 1.0)

    @cached_property
    def _modes(self) -> tuple[NDArray[np.float64], NDArray[np.complex128]]:
        """Eigenvalues [n_waves, 3 n_sites] eV/Å^2/u, nan for what is no vibration, and modes as columns."""
        waves = self.constants.waves / np.outer(self._root, self._root)
        n = waves.shape[1]
        above = _STILL * max(float(np.linalg.norm(waves, axis=(1, 2)).max()), 1e-12)
        for axis in range(3):
            along = np.where(self._moving & (np.arange(n) % 3 == axis), self._root, 0.0)
            waves[0] += above * np.outer(along, along) / (along @ along)
        held = np.flatnonzero(~self._moving)
        waves[:, held, held] += above
        values, vectors = np.linalg.eigh(waves)
        values[values > above / 2] = np.nan
        return values, vectors

    @cached_property
    def frequencies(self) -> NDArray[np.float64]:
        """Of every mode of every wave, [n_waves, 3 n_sites] THz; negative where imaginary, nan where nothing vibrates.

        The waves are those of ``constants.supercell.waves``.
        """
        values = self._modes[0]
        return np.asarray(FREQUENCY * np.sign(values) * np.sqrt(np.abs(values)))

    @cached_property
    def vibrations(self) -> NDArray[np.float64]:
        """Frequencies of all vibrations of the supercell from low to high, [3 n - 3] THz; negative where imaginary."""
        return np.sort(self.frequencies[np.isfinite(self.frequencies)])

    @property
    def stable(self) -> bool:
        """Whether every mode has a force constant that is told from zero, and above."""
        values = self._modes[0]
        return bool(np.nanmin(values) > self._least)

    @property
    def _least(self) -> float:
        return self.noise * float(np.nanmax(np.abs(self._modes[0])))

    def instabilities(self, symmetry: Sequence[Operation] = ()) -> list[Instability]:
        """Modes without a positive force constant, from the worst on; those alike by symmetry once.

        Args:
            symmetry: Operations of the crystal, by which waves are alike. A wave and its opposite always are.
        """
        values, vectors = self._modes
        found: list[tuple[set[tuple[Fraction, ...]], float, list[NDArray[np.float64]]]] = []
        places = np.argwhere(values <= self._least)
        for k, mode in sorted(places.tolist(), key=lambda place: float(values[place[0], place[1]])):
            wave = _exact(self.constants.supercell.waves[k], self.constants.supercell.n_cells)
            share = (np.abs(vectors[k, :, mode]) ** 2).reshape(-1, 3).sum(axis=1)
            value = float(values[k, mode])
            for star, other, shares in found:
                if wave in star and abs(value - other) <= max(_ALIKE * abs(other), 0.1 * self._least):
                    shares.append(share)
                    break
            else:
                found.append((_star(wave, symmetry), value, [share]))
        return [
            Instability(
                wave=max(star),  # type: ignore[arg-type]  # three of them
                frequency=FREQUENCY * float(np.sqrt(-value)) if value < -self._least else 0.0,
                modes=len(shares),
                shares=tuple(np.mean(shares, axis=0).tolist()),
            )
            for star, value, shares in found
        ]

    def softest(
        self, symmetry: Sequence[Operation] = ()
    ) -> tuple[float, tuple[Fraction, Fraction, Fraction]]:
        """The lowest eigenvalue of the dynamical matrix, THz^2, over all waves of the supercell, and its wave.

        Args:
            symmetry: Operations of the crystal, by which waves are alike: one is told for all.
        """
        values = self._modes[0]
        k = int(np.nanargmin(values)) // values.shape[1]
        wave = max(
            _star(_exact(self.constants.supercell.waves[k], self.constants.supercell.n_cells), symmetry)
        )
        return FREQUENCY**2 * float(np.nanmin(values)), wave  # type: ignore[return-value]  # three of them

    def require_stable(self, names: Sequence[str], symmetry: Sequence[Operation] = ()) -> None:
        """Refuse a crystal that has no harmonic free energy.

        Args:
            names: How people call the sites of a cell, [n_sites].
            symmetry: Operations of the crystal, by which unstable modes are alike.

        Raises:
            DynamicallyUnstable: if a mode's force constant is not above zero.
        """
        if not self.stable:
            raise DynamicallyUnstable(self.instabilities(symmetry), names)

    def classical(self, temperatures: ArrayLike) -> Thermodynamics:
        """Of the vibrations of the supercell, classical (docs/science.md, Eq. 97); [n] K above zero.

        Raises:
            ValueError: if a frequency or a temperature is not above zero.
        """
        return classical(self.vibrations, temperatures)

    def quantum(self, temperatures: ArrayLike) -> Thermodynamics:
        """Of the vibrations of the supercell, quantum (docs/science.md, Eq. 96); [n] K, zero or above.

        Raises:
            ValueError: if a frequency is not above zero, or a temperature is below.
        """
        return quantum(self.vibrations, temperatures)

    @cached_property
    def hessian(self) -> NDArray[np.float64]:
        """Second derivatives of the energy by all positions of the supercell, [3 n, 3 n] eV/Å^2."""
        return self._spread(self.constants.blocks)

    @cached_property
    def root(self) -> NDArray[np.float64]:
        """A root of the inverse of the Hessian, the centre of mass held: root root^T is it, [3 n, 3 n] Å/eV^(1/2).

        Raises:
            ValueError: if a force constant is not above zero.
        """
        values, vectors = self._modes
        if not self.stable:
            raise ValueError(
                "a crystal with unstable modes has no thermal displacements; see `instabilities`"
            )
        factors = np.where(np.isnan(values), 0.0, 1.0 / np.sqrt(np.where(np.isnan(values), 1.0, values)))
        waves = np.einsum("kim,km,kjm->kij", vectors, factors, vectors.conj())
        supercell, n = self.constants.supercell, len(self._root)
        cells = np.einsum("kc,kij->cij", supercell.phases.conj(), waves).real / supercell.n_cells
        scaled = (cells / self._root[:, None]).reshape(-1, n // 3, 3, n // 3, 3)
        return self._spread(scaled)

    def _spread(self, blocks: NDArray[np.float64]) -> NDArray[np.float64]:
        """Blocks of one cell with all others [n_cells, n_sites, 3, n_sites, 3] as a matrix of the supercell."""
        cells, sites = blocks.shape[:2]
        differences = self.constants.supercell.differences
        full = blocks[differences]  # [from, to, site, axis, site, axis]
        return np.ascontiguousarray(full.transpose(1, 2, 3, 0, 4, 5)).reshape(3 * cells * sites, -1)

    def energies(self, displacements: NDArray[np.float64]) -> NDArray[np.float64]:
        """Harmonic energy of displacements [..., n, 3] Å of the supercell, [...] eV (docs/science.md, Eq. 95)."""
        flat = displacements.reshape(-1, 3 * self.n_sites)
        found = 0.5 * np.einsum("ki,ki->k", flat @ self.hessian, flat)
        return np.asarray(found.reshape(displacements.shape[:-2]))

    def mean_square_displacements(self, temperature: float) -> NDArray[np.float64]:
        """Of each site of a cell, classical, the centre of mass at rest, summed over x, y and z, [n_sites] Å^2.

        Of an unstable crystal they are as if its modes rose where they fall; no mode counts as softer than a share of
        the mean, so that one without any force constant is held too.
        """
        values, vectors = np.abs(self._modes[0]), self._modes[1]
        values = np.maximum(values, SOFTEST * np.nanmean(values))
        inverse = np.where(np.isnan(values), 0.0, 1.0 / values)
        of_axis = np.einsum("kim,km->i", np.abs(vectors) ** 2, inverse) / (len(values) * self._root**2)
        return np.asarray(BOLTZMANN * temperature * of_axis.reshape(-1, 3).sum(axis=1))

    def frequencies_at(self, waves: ArrayLike) -> NDArray[np.float64]:
        """Frequencies at any wave vectors, interpolated, [n, 3 n_sites] THz; negative where imaginary.

        Force constants are taken to be those between the nearest images of two sites, in equal shares where several are
        as near. At the waves that the supercell holds it is exact. The three of translation at q = 0 are zero, those of
        empty sites nan.

        Args:
            waves: In fractions of the reciprocal vectors of the cell, [n, 3].
        """
        supercell, n = self.constants.supercell, len(self._root)
        cells, share = nearest_images(supercell, self.lattice, self.positions)
        scaled = self.constants.blocks / np.outer(self._root, self._root).reshape(n // 3, 3, n // 3, 3)
        moving = np.flatnonzero(self._moving)
        found = np.full((len(np.atleast_2d(np.asarray(waves))), n), np.nan)
        for number, wave in enumerate(np.atleast_2d(np.asarray(waves, dtype=float))):
            phases = (share * np.exp(-2j * np.pi * (cells @ wave))).sum(axis=-1)
            matrix = np.einsum("cji,cjaib->jaib", phases, scaled).reshape(n, n)
            matrix = ((matrix + matrix.conj().T) / 2)[np.ix_(moving, moving)]
            values = np.linalg.eigvalsh(matrix)
            found[number, : len(moving)] = FREQUENCY * np.sign(values) * np.sqrt(np.abs(values))
        return found


def site_names(crystal: AlchemicalCrystal, lam: NDArray[np.float64]) -> list[str]:
    """What each site of a cell holds by weights [n_copies]: ``K``, ``Na/K``."""
    return [
        "/".join(
            SYMBOLS[number] for number in crystal.copy_species[(lam > 0.0) & (crystal.copy_site == site)]
        )
        for site in range(crystal.n_sites)
    ]


def harmonic_crystal(
    constants: ForceConstants,
    crystal: AlchemicalCrystal,
    lam: NDArray[np.float64],
    lattice: NDArray[np.float64],
    positions: NDArray[np.float64],
    *,
    noise: float = NOISE[8],
) -> HarmonicCrystal:
    """The harmonic crystal of force constants, with the masses of what is on the sites.

    Args:
        constants: Force constants of a supercell.
        crystal: The parent with its copies.
        lam: Their weights, [n_copies].
        lattice: Vectors of a relaxed cell as rows, [3, 3] Å.
        positions: Of its sites, [n_sites, 3] Å.
        noise: See `HarmonicCrystal`.
    """
    masses = np.bincount(crystal.copy_site, weights=lam * crystal.masses, minlength=crystal.n_sites)
    return HarmonicCrystal(constants, np.asarray(masses, dtype=float), lattice, positions, noise)


def _exact(wave: NDArray[np.float64], n_cells: int) -> tuple[Fraction, ...]:
    """A wave that a supercell of so many cells holds, between -1/2 and 1/2."""
    return tuple(_folded(Fraction(round(float(part) * n_cells), n_cells)) for part in wave)


def _folded(part: Fraction) -> Fraction:
    inside = part - (part.numerator // part.denominator)
    return inside - 1 if inside > Fraction(1, 2) else inside


def _star(wave: tuple[Fraction, ...], symmetry: Sequence[Operation]) -> set[tuple[Fraction, ...]]:
    """The waves that operations take a wave to, and their opposites."""
    rotations = [operation.rotation for operation in symmetry] or [np.eye(3, dtype=np.int64)]
    images = {
        tuple(sum((int(r[a, b]) * wave[a] for a in range(3)), start=Fraction(0)) for b in range(3))
        for r in rotations
    }
    return {tuple(_folded(sign * part) for part in image) for image in images for sign in (1, -1)}
