"""What is wrong with a problem of kind order: its options, and what its crystal cannot hold. Torch-free.

Decorations are counted before any is made, so that a refusal costs little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from api_schemas.constraints import Constraints
from api_schemas.errors import FieldError, pointer
from engine.crystals.enumerable import NotEnumerable
from engine.crystals.enumeration import count_in_cell, count_up_to
from engine.crystals.holding import counts_held, mixed_sites, sites_that_hold, supercell_holding
from engine.kinds.listed_compositions import listed_compositions
from engine.kinds.order.looked_at import (
    HOLDS_UP_TO,
    MOST_LEVELS,
    MOST_ORDERINGS,
    as_held,
    named,
    options_of,
    probability_cell,
)
from engine.properties.undefined import free_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from api_schemas.order_options import Cells
    from api_schemas.problem import Problem
    from engine.composition.region import Region
    from engine.problem.limits import Limits
    from engine.problem.resolved import ResolvedProblem

MOST_COMPOSITIONS = 200
"""Compositions that one problem may list."""
_AT_COMPOSITIONS = ("search", "random", "probability")
_HELD = 1e-6
_READ_BY_DIGIT = 10_000_000


def option_faults(problem: Problem, region: Region) -> Iterator[FieldError]:
    """What is wrong whatever the crystal is."""
    options = options_of(problem)
    if all(len(elements) < 2 for elements in region.space.elements):
        text = "kind order needs a sublattice with at least two elements; add one, or use kind evaluate"
        yield FieldError(pointer="/sublattices", type="nothing-mixed", message=text)
    if len(problem.at) > MOST_COMPOSITIONS:
        text = f"there are {len(problem.at)} compositions, more than {MOST_COMPOSITIONS}; split the list"
        yield FieldError(pointer="/at", type="too-many-points", message=text)
    if problem.at:
        if problem.constraints != Constraints():
            text = "constraints choose among compositions, and at lists those to look at; remove constraints, or at"
            yield FieldError(pointer="/constraints", type="unused-field", message=text)
        if not any((options.enumerate, options.search, options.random, options.probability)):
            text = "nothing is looked at: give one of enumerate, search, random and probability"
            yield FieldError(pointer="/order", type="nothing-asked", message=text)
        return
    if options.enumerate is None:
        text = (
            "without compositions (at) small cells are enumerated; give order.enumerate, or list compositions"
        )
        yield FieldError(pointer="/order/enumerate", type="nothing-asked", message=text)
    for name in _AT_COMPOSITIONS:
        given = problem.order is not None and name in problem.order.model_fields_set
        if given and getattr(options, name) is not None:
            text = (
                f"{name} is done at the compositions of at, and none are listed; list them, or remove {name}"
            )
            yield FieldError(pointer=f"/order/{name}", type="needs-compositions", message=text)


def size_faults(resolved: ResolvedProblem, limits: Limits) -> list[FieldError]:
    """What the crystal cannot hold, and what there is too much of."""
    options = options_of(resolved.problem)
    if resolved.crystal.connections is not None:
        text = (
            f"orderings where nothing holds the cell {free_words(resolved.crystal)} (vacuum) are not available yet in "
            "this version; close the gap"
        )
        return [FieldError(pointer="/structure", type="not-available-yet", message=text)]
    listed = listed_compositions(resolved.problem, resolved.region)
    found = [*_pure(resolved, listed), *_twice(resolved, listed)]
    if not found:
        found = [*_cell_faults(resolved, limits), *_supercell_faults(resolved, limits)]
    if found:
        return found
    for name, most in (("enumerate", MOST_ORDERINGS), ("probability", MOST_LEVELS)):
        cells = getattr(options, name)
        if cells is not None and (listed or name == "enumerate"):
            found += _cells_faults(resolved, name, cells, [x for _, x in listed], most)
    for name in ("search", "random"):
        size = getattr(options, name)
        if size is not None:
            found += _sites_faults(resolved, name, size.sites, listed)
    return found


def _pure(resolved: ResolvedProblem, listed: list[tuple[str, NDArray[np.float64]]]) -> Iterator[FieldError]:
    slices = resolved.crystal.column_slices
    for where, x in listed:
        if all(np.count_nonzero(x[part] > _HELD) < 2 for part in slices):
            text = "at this composition nothing is mixed: there is one decoration only; remove it"
            yield FieldError(pointer=where, type="nothing-mixed", message=text)


def _twice(resolved: ResolvedProblem, listed: list[tuple[str, NDArray[np.float64]]]) -> Iterator[FieldError]:
    """Compositions that are listed twice, as they are held: 0.333 and 0.3333 are a third."""
    seen: dict[tuple[float, ...], str] = {}
    for where, x in listed:
        key = tuple(np.round(as_held(resolved.crystal, x), 9).tolist())
        before = seen.setdefault(key, where)
        if before != where:
            text = f"this composition is that of {before} already; remove one"
            yield FieldError(pointer=where, type="duplicate-composition", message=text)


def _cell_faults(resolved: ResolvedProblem, limits: Limits) -> Iterator[FieldError]:
    """Named supercells that are too large."""
    options, sites = options_of(resolved.problem), resolved.crystal.n_sites
    for name in ("enumerate", "probability"):
        cells: Cells | None = getattr(options, name)
        if cells is not None and cells.cell is not None:
            count = named(cells.cell).n_cells
            if count * sites > limits.max_supercell_atoms:
                text = (
                    f"this supercell has {count * sites} sites, more than {limits.max_supercell_atoms}; take a smaller "
                    "one"
                )
                yield FieldError(pointer=f"/order/{name}/cell", type="does-not-fit", message=text)


def _supercell_faults(resolved: ResolvedProblem, limits: Limits) -> Iterator[FieldError]:
    options, mixed = options_of(resolved.problem), mixed_sites(resolved.crystal)
    for name in ("search", "random"):
        size = getattr(options, name)
        if size is None:
            continue
        where = f"/order/{name}/sites"
        atoms = round(1.25 * size.sites / mixed) * resolved.crystal.n_sites
        if size.sites < mixed:
            text = f"one cell of the parent has {mixed} mixed sites already; take at least so many"
            yield FieldError(pointer=where, type="too-few-sites", message=text)
        elif resolved.problem.at and atoms > limits.max_supercell_atoms:
            fewer = int(0.75 * limits.max_supercell_atoms / resolved.crystal.n_sites) * mixed
            mend = f"take sites: {fewer} or fewer" if fewer >= mixed else f"write {name}: null"
            text = (
                f"with {size.sites} mixed sites a supercell has up to {atoms} atoms, more than "
                f"{limits.max_supercell_atoms}; {mend}"
            )
            yield FieldError(pointer=where, type="does-not-fit", message=text)


def _cells_faults(
    resolved: ResolvedProblem, name: str, cells: Cells, points: list[NDArray[np.float64]], most: int
) -> list[FieldError]:
    """Compositions that cells cannot hold, and decorations that are too many."""
    found: list[FieldError] = []
    counts = [0]
    where = f"/order/{name}/{'sites' if cells.cell is None else 'cell'}"
    for number, x in enumerate(points or [None]):
        try:
            counts.append(_count(resolved, cells, x, in_cell=name == "probability"))
        except NotEnumerable as fault:
            which = f" ({pointer(('at', number))})" if points else ""
            text = f"{fault}{which}"
            slug = "too-many-decorations" if _holds(resolved, cells, x) else "composition-not-held"
            found.append(FieldError(pointer=where, type=slug, message=text))
    count = sum(counts) if name == "enumerate" else max(counts)
    if count > most and not found:
        least = "" if cells.cell is not None else f", or fewer than {cells.sites} sites"
        text = (
            f"there are {_counted(count)} inequivalent decorations, more than {most}; take a smaller cell{least}, "
            "fewer compositions in at, or fewer elements"
        )
        found.append(FieldError(pointer=where, type="too-many-decorations", message=text))
    return found


def _counted(count: int) -> str:
    """A number of decorations, or, of one that nobody reads digit by digit, how large it is at least."""
    return f"{count}" if count < _READ_BY_DIGIT else f"more than 1e{len(str(count)) - 1}"


def _holds(resolved: ResolvedProblem, cells: Cells, x: NDArray[np.float64] | None) -> bool:
    """Whether cells hold a composition: then there are too many sites in them to be enumerated."""
    if x is None:
        return True
    if cells.cell is not None:
        return counts_held(resolved.crystal, x, named(cells.cell).n_cells) is not None
    return bool(sites_that_hold(resolved.crystal, x, cells.sites or 1))


def _count(resolved: ResolvedProblem, cells: Cells, x: NDArray[np.float64] | None, *, in_cell: bool) -> int:
    """How many decorations there are of a composition, or of all.

    Raises:
        NotEnumerable: if the cells cannot hold it.
    """
    crystal = resolved.crystal
    if in_cell and x is not None:
        return count_in_cell(crystal, probability_cell(crystal, x, cells), x)
    if cells.cell is not None:
        return count_in_cell(crystal, named(cells.cell), x)
    return count_up_to(crystal, cells.sites or 1, x)


def _sites_faults(
    resolved: ResolvedProblem, name: str, sites: int, listed: list[tuple[str, NDArray[np.float64]]]
) -> Iterator[FieldError]:
    """Compositions that the supercells of a search, or random ones, cannot hold exactly."""
    crystal = resolved.crystal
    for at, x in listed:
        supercell = supercell_holding(crystal, x, sites)
        if counts_held(crystal, x, supercell.n_cells) is None:
            yield FieldError(
                pointer=f"/order/{name}/sites",
                type="composition-not-held",
                message=_not_held(resolved, at, x),
            )


def _not_held(resolved: ResolvedProblem, at: str, x: NDArray[np.float64]) -> str:
    """That no cell of the size holds a composition, and what does."""
    crystal = resolved.crystal
    words = ", ".join(
        f"{column} {value:.4g}" for column, value in zip(crystal.columns, x, strict=True) if value > 0.0
    )
    enough = sites_that_hold(crystal, x, HOLDS_UP_TO)
    mend = (
        f"{', '.join(map(str, enough[:4]))} mixed sites do: take one of these"
        if enough
        else f"no cell of up to {HOLDS_UP_TO} does: give a composition of small whole numbers, such as 0.25 or 0.3333"
    )
    return f"no cell of this size holds {words} ({at}); {mend}, or another composition"
