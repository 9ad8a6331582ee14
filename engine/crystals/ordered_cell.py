"""An ordered cell of a mixed crystal: a quasi-random decoration of a supercell, unrelaxed. Torch-free."""

from __future__ import annotations

import numpy as np

from api_schemas.evaluations import CrystalState, OccupiedSite
from api_schemas.sublattices import Sublattice
from api_schemas.symbols import SYMBOLS, VACANCY
from engine.crystals.crystal import build_crystal
from engine.crystals.decorations import EMPTY, decorate
from engine.crystals.holding import held, supercell_holding
from engine.crystals.parent import ParentCrystal

SHARES_ALIKE = 6
"""Digits to which sites have the same shares, and so belong to one sublattice."""


def ordered_cell(state: CrystalState, sites: int, seed: int, number: int) -> CrystalState:
    """A quasi-random decoration of about so many mixed sites, its atoms on the sites of the mixed crystal.

    Sites of equal shares are decorated together. The cell holds the composition that is nearest to the crystal's.

    Args:
        state: The crystal, with partial occupancies; where they add up to less than 1, the rest is empty.
        sites: Mixed sites of the supercell, about.
        seed: Of the decorations.
        number: Which of the decorations, from 0, the most random first.

    Raises:
        api_schemas.errors.ProblemInvalid: if the crystal is none that can be decorated.
        engine.crystals.sqs_process.DecorationsUnavailable: if sqsgenerator is missing or failed.
    """
    mixed: dict[tuple[tuple[str, float], ...], list[int]] = {}
    symbols: list[str] = []
    frac: list[list[float]] = []
    for site in state.sites:
        shares = {element: round(share, SHARES_ALIKE) for element, share in site.species.items()}
        missing = round(1.0 - sum(share for element, share in shares.items() if element != VACANCY), 5)
        shares = {element: share for element, share in shares.items() if element != VACANCY and share > 0.0}
        if not shares:
            continue
        if len(shares) > 1 or missing > 0.0:
            empty = {VACANCY: missing} if missing > 0.0 else {}
            mixed.setdefault(tuple({**shares, **empty}.items()), []).append(len(symbols))
        symbols.append(next(iter(shares)))
        frac.append(site.frac)
    sublattices = [
        Sublattice.model_validate(
            {"name": f"mixed{index}", "sites": places, "elements": [element for element, _ in shares]}
        )
        for index, (shares, places) in enumerate(mixed.items())
    ]
    lattice = np.array(state.lattice)
    crystal = build_crystal(ParentCrystal(lattice, np.array(frac), tuple(symbols)), sublattices)
    x = np.array([share for shares in mixed for _, share in shares])
    supercell = supercell_holding(crystal, x, sites)
    decoration = decorate(crystal, supercell, held(crystal, x, supercell.n_cells), seed, number)
    cell = supercell.matrix @ lattice
    places = supercell.positions(lattice, crystal.positions) @ np.linalg.inv(cell)
    return CrystalState(
        lattice=cell.tolist(),
        sites=[
            OccupiedSite(species={SYMBOLS[species]: 1.0}, frac=place)
            for species, place in zip(decoration.species.tolist(), places.tolist(), strict=True)
            if species != EMPTY
        ],
    )
