"""How a property answers to one percent more of an element, the others of its sublattice giving way in proportion."""

from __future__ import annotations

from api_schemas.base import Composition, Gradient

ABSENT = 1e-6
"""Where the others of a sublattice are less than this together, they give way in equal parts."""


def per_percent(gradient: Gradient, at: Composition) -> Gradient:
    """Change of a property for one percent more of each element.

    With the fractions x and the gradient g of one sublattice it is 0.01 (g_k - sum_j x_j g_j / (1 - x_k)), j != k
    (docs/science.md, Eq. 32).

    Args:
        gradient: Per unit fraction; any projection, since constants cancel.
        at: Composition where the gradient was taken.

    Returns:
        By sublattice and element, in the property's unit; without sublattices of one element, where nothing gives way.
    """
    found: Gradient = {}
    for sublattice, slopes in gradient.items():
        if len(slopes) < 2:
            continue
        fractions = at[sublattice]
        changes = {}
        for element in slopes:
            others = [other for other in slopes if other != element]
            total = sum(fractions[other] for other in others)
            shares = {o: fractions[o] / total if total > ABSENT else 1.0 / len(others) for o in others}
            changes[element] = 0.01 * (slopes[element] - sum(shares[o] * slopes[o] for o in others))
        found[sublattice] = changes
    return found
