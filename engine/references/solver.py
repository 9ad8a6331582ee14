"""Relaxes what evaluations share (end members, crystals of targets, elemental phases), once, by way of a store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.crystals.together import batch_size
from engine.mechanics.coordinates import SymmetryCoordinates, symmetry_coordinates
from engine.mechanics.landscape import Landscape
from engine.mechanics.relax import Start, Tolerance
from engine.mechanics.sensitivity import coordinate_response
from engine.mechanics.threads import fitting_threads
from engine.mechanics.valleys import relax_to_the_bottom
from engine.references.store import Reference, ReferenceStore, pack, reference_key, unpack

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal
    from engine.potentials.interface import Potential


class ReferenceSolver:
    """Relaxed references of one potential.

    Args:
        potential: The potential.
        sha256: Checksum of its weights.
        tolerance: When a relaxation is finished.
        store: Where references are kept.
        on_call: Called before every potential call; what it raises ends the relaxation.
        tier: How mixed crystals are computed.
    """

    def __init__(
        self,
        potential: Potential,
        sha256: str,
        tolerance: Tolerance,
        store: ReferenceStore,
        on_call: Callable[[], None] | None = None,
        *,
        tier: str = "mean_field",
    ) -> None:
        self.potential = potential
        self._sha256 = sha256
        self._tolerance = tolerance
        self._store = store
        self._on_call = on_call
        self._tier = tier
        self._coordinates: dict[tuple[int, bool], tuple[AlchemicalCrystal, SymmetryCoordinates]] = {}

    def coordinates(self, crystal: AlchemicalCrystal, *, fixed_cell: bool = False) -> SymmetryCoordinates:
        """The symmetry-adapted coordinates of a crystal, found once; without strains where the cell is fixed."""
        key = (id(crystal), fixed_cell)
        if key not in self._coordinates:  # the crystal is kept, so that its id stays its own
            found = symmetry_coordinates(crystal)
            if fixed_cell:
                found = replace(found, strain_modes=np.zeros((0, 3, 3)))
            self._coordinates[key] = crystal, found
        return self._coordinates[key][1]

    def landscape(
        self, crystal: AlchemicalCrystal, pressure: float, *, fixed_cell: bool = False
    ) -> Landscape:
        """The enthalpy of a crystal at a pressure in GPa."""
        coordinates = self.coordinates(crystal, fixed_cell=fixed_cell)
        return Landscape(self.potential, crystal, coordinates, pressure=pressure, on_call=self._on_call)

    def relaxed(
        self,
        crystal: AlchemicalCrystal,
        points: Sequence[NDArray[np.float64]],
        pressure: float,
        *,
        fixed_cell: bool = False,
        max_steps: int | None = None,
    ) -> list[Reference]:
        """Compositions of a crystal, from the store or relaxed together.

        Args:
            crystal: The crystal.
            points: [n_columns] compositions.
            pressure: GPa.
            fixed_cell: Whether the cell keeps its shape, as that of a molecule in a box does.
            max_steps: Instead of the tolerance's.
        """
        tolerance = self._tolerance if max_steps is None else replace(self._tolerance, max_steps=max_steps)
        keys = [
            reference_key(
                crystal,
                x,
                self.potential,
                self._sha256,
                pressure,
                tolerance,
                fixed_cell=fixed_cell,
                tier=self._tier,
            )
            for x in points
        ]
        found: dict[str, dict[str, Any] | None] = {key: self._store.get(key) for key in keys}
        missing = [i for i, key in enumerate(keys) if found[key] is None]
        size = batch_size(crystal)
        if missing:
            self._store.begin([keys[i] for i in missing])
        for first in range(0, len(missing), size):
            chunk = missing[first : first + size]
            landscape = self.landscape(crystal, pressure, fixed_cell=fixed_cell)
            lam = np.stack([crystal.weights(points[i]) for i in chunk])
            starts = [Start(q=np.zeros(landscape.coordinates.n_q)) for _ in chunk]
            with fitting_threads(crystal.n_copies * len(chunk)):
                results = relax_to_the_bottom(landscape, lam, starts, tolerance)
            for i, result in zip(chunk, results, strict=True):
                value = pack(result, points[i], coordinate_response(result, crystal.weights_matrix))
                self._store.put(keys[i], value)
                found[keys[i]] = value
        return [unpack(stored) for key in keys if (stored := found[key]) is not None]

    def remembered(
        self,
        crystal: AlchemicalCrystal,
        pressure: float,
        what: str,
        compute: Callable[[], dict[str, Any]],
        x: NDArray[np.float64] | None = None,
    ) -> dict[str, Any]:
        """A value of a crystal that is costly to compute, from the store or computed now.

        Args:
            crystal: The crystal.
            pressure: GPa.
            what: Everything else that determines the value.
            compute: Computes it, JSON-able.
            x: Composition, [n_columns]; none for a plain crystal.
        """
        point = np.zeros(0) if x is None else x
        key = reference_key(
            crystal, point, self.potential, self._sha256, pressure, self._tolerance, what=what
        )
        value = self._store.get(key)
        if value is None:
            self._store.begin([key])
            value = compute()
            self._store.put(key, value)
        return value
