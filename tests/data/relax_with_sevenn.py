"""Relaxes reference phases of the elements with sevenn's own calculator, from the cells that this package starts from.

sevenn and mace-torch need different versions of e3nn, so this takes two environments: in that of this package

    python tests/data/relax_with_sevenn.py cells Ga B P > cells.json

writes the cells, and in one with `torch==2.13.0 sevenn==0.13.0`

    python tests/data/relax_with_sevenn.py relax < cells.json > relaxed.json

relaxes them. The numbers of elemental_golden.json were made so.
"""

from __future__ import annotations

import json
import sys


def cells(symbols: list[str]) -> dict:
    """The primitive cells of phases."""
    from engine.references.elemental_phases import ELEMENTAL_PHASES

    found = {}
    for symbol in symbols:
        phase = ELEMENTAL_PHASES[symbol]
        parent = phase.build()
        found[symbol] = {
            "cell": parent.lattice.tolist(),
            "frac": parent.frac.tolist(),
            "fixed_cell": phase.is_molecule,
        }
    return found


def relaxed(started: dict) -> dict:
    """The same after a relaxation."""
    from ase import Atoms
    from ase.filters import FrechetCellFilter
    from ase.optimize import BFGS
    from sevenn.calculator import SevenNetCalculator

    calculator = SevenNetCalculator("7net-l3i5", device="cpu")
    found = {}
    for symbol, start in started.items():
        symbols = [symbol] * len(start["frac"])
        atoms = Atoms(symbols, cell=start["cell"], scaled_positions=start["frac"], pbc=True)
        atoms.calc = calculator
        moving = atoms if start["fixed_cell"] else FrechetCellFilter(atoms)
        if not BFGS(moving, logfile=None, maxstep=0.1).run(fmax=2e-4, steps=600):
            raise SystemExit(f"{symbol} did not converge")
        found[symbol] = {
            "energy": atoms.get_potential_energy() / len(atoms),
            "cell": atoms.cell.array.tolist(),
            "frac": atoms.get_scaled_positions(wrap=False).tolist(),
        }
    return found


if __name__ == "__main__":
    answer = cells(sys.argv[2:]) if sys.argv[1] == "cells" else relaxed(json.load(sys.stdin))
    json.dump(answer, sys.stdout)
