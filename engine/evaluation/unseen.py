"""What no potential of total energies alone sees, in words: magnetic order, and charges that order.

A potential that knows positions and species gives one energy for an arrangement of atoms, whatever their moments and
charges are. So neither the alchemical crystal nor explicit supercells show an ordering of those.

The magnetic elements are those whose moments are initialised in a survey of ground states (M. K. Horton et al., npj
Comput. Mater. 5, 64 (2019), doi:10.1038/s41524-019-0199-7) and that keep a moment in common compounds, with the open 4f
shells; the elements of several charges are those of charge-ordered oxides (J. P. Attfield, Solid State Sci. 8, 861
(2006), doi:10.1016/j.solidstatesciences.2005.02.011) and the lanthanides of two valences.
"""

from __future__ import annotations

from collections.abc import Collection

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
    return found
