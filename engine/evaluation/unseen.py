"""What no potential of total energies alone sees, in words: magnetic order, charges that order, dispersion.

A potential that knows positions and species gives one energy for an arrangement of atoms, whatever their moments and
charges are. So neither the alchemical crystal nor explicit supercells show an ordering of those.

The magnetic elements are those whose moments are initialised in a survey of ground states (M. K. Horton et al., npj
Comput. Mater. 5, 64 (2019), doi:10.1038/s41524-019-0199-7) and that keep a moment in common compounds, with the open 4f
shells; the elements of several charges are those of charge-ordered oxides (J. P. Attfield, Solid State Sci. 8, 861
(2006), doi:10.1016/j.solidstatesciences.2005.02.011) and the lanthanides of two valences. Bonds are neighbours nearer
than 1.25 times the sum of covalent radii (B. Cordero et al., Dalton Trans. 2008, 2832, doi:10.1039/b801115j).
"""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np

from engine.crystals.connections import bonded_dimension
from engine.references.chemical_potentials import WITH_U, WITH_U_ANIONS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.crystals.crystal import AlchemicalCrystal

MAGNETIC = frozenset(
    {
        *("V", "Cr", "Mn", "Fe", "Co", "Ni"),
        *("Ce", "Pr", "Nd", "Pm", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb"),
    }
)
"""Elements that carry moments in many of their compounds."""
MIXED_VALENT = frozenset({"Fe", "Mn", "V", "Ti", "Ce", "Eu", "Pr", "Co", "Ni"})
"""Elements that occur with two charges in one oxide."""
OXIDISER = "O"
BONDED = 1.25
"""Times the sum of two covalent radii: tellurium's chains are bonded within (1.02) and not between (1.26)."""
_PARTS = ("molecules", "chains", "layers")


def unseen(elements: Collection[str]) -> list[str]:
    """What to be careful about in a crystal of these elements, a sentence each; empty where nothing is known.

    Args:
        elements: Symbols of the elements that are there.
    """
    found = []
    magnetic = sorted(MAGNETIC.intersection(elements))
    if magnetic:
        found.append(
            f"{', '.join(magnetic)} may be magnetic: the potential has no moments, so neither this computation nor "
            "explicit supercells see their order"
        )
    charged = sorted(MIXED_VALENT.intersection(elements)) if OXIDISER in elements else []
    if charged:
        found.append(
            f"{', '.join(charged)} with {OXIDISER} may take several charges: the potential has none, so neither this "
            "computation nor explicit supercells see them order"
        )
    both = sorted(WITH_U.intersection(elements))
    if both and WITH_U_ANIONS.intersection(elements):
        with_them = " and ".join(sorted(WITH_U_ANIONS.intersection(elements)))
        found.append(
            f"{', '.join(both)} with {with_them} mixes functionals: the training data of most potentials are GGA+U "
            "here and GGA elsewhere, so that energies of mixing and formation may be off by tenths of an eV per atom, "
            "and lattice constants and moduli bend where one gives way to the other"
        )
    return found


def without_dispersion(
    crystal: AlchemicalCrystal,
    weights: NDArray[np.float64],
    lattice: NDArray[np.float64],
    frac: NDArray[np.float64],
) -> list[str]:
    """What to be careful about in a crystal of layers, chains or molecules, a sentence; empty for others.

    Args:
        crystal: The crystal.
        weights: Of its copies, [n_copies].
        lattice: Its relaxed vectors as rows, [3, 3] Å.
        frac: Fractional coordinates of its sites, [n_sites, 3].
    """
    if crystal.connections is not None:
        return []  # vacuum holds its parts apart
    from ase.data import covalent_radii

    present = weights > 0.0
    radii = np.zeros(crystal.n_sites)
    np.maximum.at(radii, crystal.copy_site[present], BONDED * covalent_radii[crystal.copy_species[present]])
    held = radii > 0.0
    dimension = bonded_dimension(lattice, frac[held], radii[held])
    if dimension == 3:
        return []
    text = (
        f"{_PARTS[dimension]} without bonds between them: the training data of most potentials (PBE) lack dispersion "
        "forces, so that they lie too far apart (the axis across by 7 to 30 %) and are held too weakly"
    )
    return [text]
