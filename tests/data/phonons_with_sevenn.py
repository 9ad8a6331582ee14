"""Frequencies of NaCl with sevenn's own calculator and ASE's finite displacements, for sevennet_phonons.json.

In an environment with `torch==2.13.0 sevenn==0.13.0` (mace-torch needs another e3nn):

    python tests/data/phonons_with_sevenn.py > tests/data/sevennet_phonons.json
"""

from __future__ import annotations

import json
import sys
import tempfile
from itertools import product

import numpy as np
from ase.build import bulk
from ase.phonons import Phonons
from sevenn.calculator import SevenNetCalculator

A, REPEAT, STEP = 5.6876, 3, 0.02


def frequencies() -> dict:
    """Of every wave that 3 x 3 x 3 primitive cells hold, THz; negative where imaginary."""
    with tempfile.TemporaryDirectory() as folder:
        phonons = Phonons(
            bulk("NaCl", "rocksalt", a=A),
            SevenNetCalculator("7net-0", device="cpu"),
            supercell=(REPEAT,) * 3,
            delta=STEP,
            name=f"{folder}/phonons",
        )
        phonons.run()
        phonons.read(acoustic=True)
        waves = np.array(list(product(range(REPEAT), repeat=3))) / REPEAT
        energies = phonons.band_structure(waves, verbose=False)
    return {
        "a": A,
        "cell": bulk("NaCl", "rocksalt", a=A).cell.array.tolist(),
        "waves": waves.tolist(),
        "frequencies": (np.sort(energies, axis=1) / 4.135667696e-3).round(5).tolist(),
    }


if __name__ == "__main__":
    json.dump(frequencies(), sys.stdout)
