"""The public ASE calculator: any supercell of a problem's parent, at any composition, per-site weights too."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from ase import Atoms
from ase.data import atomic_masses

from api_schemas.base import Composition
from api_schemas.errors import FieldError, ProblemInvalid
from api_schemas.problem import Problem, ProblemLike
from api_schemas.symbols import ATOMIC_NUMBERS, SYMBOLS, VACANCY
from engine.acceptance.resolve import at_composition, for_evaluation, resolved_problem
from engine.composition.notation import parse_at_text, parse_composition
from engine.crystals.mapping import Mapping as SiteMap
from engine.crystals.mapping import NotASupercell, mapped
from engine.mechanics.ase_calculator import Occupied, SitesCalculator, parent_atoms
from engine.potentials.loading import load_chosen

if TYPE_CHECKING:
    from numpy.typing import NDArray

FOLLOWED = 1.0
"""Å that an atom may move from one calculation to the next and still be followed, instead of mapped anew."""
_WHOLE = 1e-6


class AlchemicalCalculator(SitesCalculator):
    """ASE calculator of an alchemical crystal: energy (eV), forces (eV/Å), stress (eV/Å^3, Voigt, ASE sign).

    Attach it to any supercell of the problem's parent: each atom is the site of the parent at its position, whatever
    its symbol, and holds what the composition says. Atoms that move are followed from one calculation to the next, so
    dynamics may carry them away from their sites. A change of composition or weights is never answered with old
    numbers.

    Args:
        problem: Parent, sublattices and potential: a Problem, a dictionary of its fields, or the path of its file; what
            else it asks for does not matter. See `Problem.of`.
        composition: ``{"cation": {"Al": 0.8, "Sc": 0.2}}``, or ``"cation:Al=0.8,Sc=0.2"``; may be left out where
            nothing is mixed.
        device: cpu or cuda.

    Raises:
        api_schemas.errors.ProblemInvalid: if the problem or the composition cannot be accepted.
        engine.potentials.errors.PotentialError: if the weights cannot be had.
    """

    def __init__(
        self,
        problem: ProblemLike,
        composition: Mapping[str, Mapping[str, float]] | str | None = None,
        *,
        device: str = "cpu",
    ) -> None:
        given = for_evaluation(Problem.of(problem))
        shares = _shares(composition)
        if not given.at:
            given = at_composition(given, {name: dict(parts) for name, parts in shares.items()})
        self._resolved = resolved_problem(given)
        super().__init__(load_chosen(self._resolved.problem.potential, device))
        self._crystal = self._resolved.crystal
        self._own: list[dict[str, float]] | None = None
        self._map: SiteMap | None = None
        self._last: Atoms | None = None
        self.set_composition(shares)

    @property
    def composition(self) -> Composition:
        """The composition, by sublattice and element; of per-site weights the one that they replaced."""
        return self._resolved.space.to_composition(self._x)

    def set_composition(self, composition: Mapping[str, Mapping[str, float]] | str) -> None:
        """Give all sites of each sublattice one composition; per-site weights are forgotten.

        Raises:
            api_schemas.errors.ProblemInvalid: if it is none of this problem.
        """
        self._x = parse_composition(self._resolved.space, _shares(composition), ("composition",))
        self._own = None
        self.reset()

    def set_site_weights(self, weights: Sequence[Mapping[str, float]]) -> None:
        """Give every atom weights of its own, for supercells of as many atoms.

        Args:
            weights: For each atom the share of every element that its site may hold; what is not named is not there.
                They add up to 1, with ``Vac`` for a vacancy.

        Raises:
            ValueError: if shares are negative or do not add up to 1.
        """
        kept = [{str(element): float(share) for element, share in one.items()} for one in weights]
        for atom, one in enumerate(kept):
            if min(one.values(), default=0.0) < 0.0 or abs(sum(one.values()) - 1.0) > _WHOLE:
                raise ValueError(f"atom {atom}: shares are 0 or more and add up to 1, not {one}")
        self._own = kept
        self.reset()

    def site_weights(self, atoms: Atoms) -> list[dict[str, float]]:
        """The share of every element on each atom, with ``Vac`` where a site may be empty."""
        return self._weights(self._mapping(atoms).sites)

    def masses(self, atoms: Atoms) -> NDArray[np.float64]:
        """Mean mass of each atom, [n_atoms] u: for ``atoms.set_masses`` before dynamics or phonons."""
        weights = self.site_weights(atoms)
        return np.array(
            [
                sum(share * atomic_masses[ATOMIC_NUMBERS[e]] for e, share in one.items() if e != VACANCY)
                for one in weights
            ]
        )

    def derivatives(self, atoms: Atoms) -> list[dict[str, float]]:
        """dE/dlam (eV), raw: how the energy answers to the weight of every element of each atom's site."""
        self.get_potential_energy(atoms)
        copies = self._copies(self._mapping(atoms).sites)
        slopes = iter(self._by_weight.tolist())
        return [{SYMBOLS[number]: next(slopes) for number in numbers} for numbers in copies]

    def parent_atoms(self) -> Atoms:
        """The parent crystal as Atoms; ``.repeat`` it, and attach the calculator."""
        return parent_atoms(self._crystal)

    def occupied(self, atoms: Atoms) -> Occupied:
        """What the atoms hold.

        Raises:
            engine.crystals.mapping.NotASupercell: if they are no supercell of the parent.
            ValueError: if per-site weights are for another number of atoms, or of an element that a site cannot hold.
        """
        sites = self._mapping(atoms).sites
        copies = self._copies(sites)
        weights = [
            shares.get(SYMBOLS[number], 0.0)
            for numbers, shares in zip(copies, self._weights(sites), strict=True)
            for number in numbers
        ]
        return Occupied(copies, self._crystal.site_sublattice[sites], np.array(weights))

    def _mapping(self, atoms: Atoms) -> SiteMap:
        """The site of each atom: followed from the last calculation where they moved little since, else mapped anew."""
        if not atoms.pbc.all():
            raise NotASupercell("the atoms are not periodic in all directions; set atoms.pbc = True")
        if self._map is None or self._last is None or not _moved_little(self._last, atoms):
            self._map = mapped(self._crystal, atoms.cell.array, atoms.get_positions())
        self._last = Atoms(numbers=atoms.numbers, positions=atoms.get_positions(), cell=atoms.cell, pbc=True)
        return self._map

    def _copies(self, sites: NDArray[np.int64]) -> list[list[int]]:
        of_site = self._crystal.site_copies
        return [of_site[site] for site in sites]

    def _weights(self, sites: NDArray[np.int64]) -> list[dict[str, float]]:
        if self._own is None:
            of_site = self._of_parent()
            return [of_site[site] for site in sites]
        if len(self._own) != len(sites):
            raise ValueError(
                f"there are weights for {len(self._own)} atoms, and {len(sites)} atoms; call set_site_weights again"
            )
        for atom, (site, shares) in enumerate(zip(sites, self._own, strict=True)):
            known = {SYMBOLS[number] for number in self._crystal.site_copies[site]}
            known |= {VACANCY} if self._crystal.site_may_be_empty[site] else set()
            if not set(shares) <= known:
                other = ", ".join(sorted(set(shares) - known))
                raise ValueError(
                    f"atom {atom} is on site {site}, which may hold {sorted(known)}, not {other}"
                )
        return self._own

    def _of_parent(self) -> list[dict[str, float]]:
        """The shares on each site of the parent."""
        crystal = self._crystal
        found: list[dict[str, float]] = [{} for _ in range(crystal.n_sites)]
        for site, number, weight in zip(
            crystal.copy_site, crystal.copy_species, crystal.weights(self._x), strict=True
        ):
            found[site][SYMBOLS[number]] = float(weight)
        for site in np.flatnonzero(crystal.site_may_be_empty):
            found[site][VACANCY] = max(0.0, 1.0 - sum(found[site].values()))
        return found


def _shares(composition: object) -> dict[str, Any]:
    if composition is None:
        return {}
    if isinstance(composition, str):
        return dict(parse_at_text(composition))
    if not isinstance(composition, Mapping):
        text = f"a composition is a mapping or its text, not of type {type(composition).__name__}"
        raise ProblemInvalid([FieldError(pointer="/composition", type="bad-composition", message=text)])
    return dict(composition)


def _moved_little(before: Atoms, now: Atoms) -> bool:
    """Whether these are the same atoms, none of which moved far since, but for the strain of the cell."""
    if len(before) != len(now) or not (before.numbers == now.numbers).all():
        return False
    moved = now.get_scaled_positions(wrap=False) - before.get_scaled_positions(wrap=False)
    moved -= np.round(moved)
    strain = np.linalg.solve(before.cell.array, now.cell.array) - np.eye(3)
    return bool(
        np.abs(strain).max() < 0.1 and np.linalg.norm(moved @ now.cell.array, axis=1).max() < FOLLOWED
    )
