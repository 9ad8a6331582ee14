"""Checks of verification by explicit supercells: whether there is something to verify, and whether they can do it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from api_schemas.errors import FieldError
from engine.acceptance.fit import lighter
from engine.crystals.holding import cells_holding, held
from engine.kinds.verification import holding
from engine.units.supercell_size import estimate_supercells

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api_schemas.choices import Verify
    from api_schemas.problem import Problem
    from engine.crystals.crystal import AlchemicalCrystal
    from engine.kinds.kind import Examined
    from engine.problem.limits import Limits
    from engine.problem.resolved import ResolvedProblem

WHERE, SITES, SUPERCELLS = "/verify", "/verify/sites", "/verify/supercells"
FIDELITY = "/strategy/fidelity"
MOST_TOLD = 3
"""Compositions that do not fit into the supercells and are told."""


def verification_faults(
    problem: Problem, crystal: AlchemicalCrystal | None, examined: Examined, limits: Limits
) -> list[FieldError]:
    """Every fault of what a problem wants verified; memory is looked at later.

    Args:
        problem: As parsed; it may have other faults.
        crystal: Its crystal, where it could be built.
        examined: What its kind makes of it.
        limits: How large a problem may be.
    """
    verify = problem.supercells
    if verify is None or crystal is None:
        return []
    nothing = _nothing_mixed(problem, crystal, examined)
    if nothing is not None:
        return [nothing]
    found = list(_mixing(problem))
    fault = _too_many(verify, examined, limits) or _size(verify, crystal, limits)
    return [*found, fault] if fault is not None else [*found, *_not_held(verify, crystal, examined)]


def supercell_fit_faults(resolved: ResolvedProblem, limits: Limits) -> list[FieldError]:
    """Why the supercells of a problem do not fit into the memory of this machine, if they do not."""
    verify = resolved.problem.supercells
    if verify is None:
        return []
    cells = holding.most_cells(resolved.crystal, verify.sites)
    memory = estimate_supercells(resolved, cells, 1).memory_bytes
    if memory <= limits.memory_bytes:
        return []
    choice = resolved.problem.potential
    mend = lighter(choice) if choice.tier == "mean_field" else ""
    text = (
        f"a supercell of {cells * resolved.crystal.n_sites} atoms needs about {memory / 2**30:.1f} GiB of "
        f"memory, and {limits.memory_bytes / 2**30:.1f} GiB are allowed; take fewer sites, "
        f"{mend}or raise ORICHALCUM_MAX_MEMORY_GB on the server"
    )
    return [FieldError(pointer=SITES, type="does-not-fit", message=text)]


def _nothing_mixed(problem: Problem, crystal: AlchemicalCrystal, examined: Examined) -> FieldError | None:
    if holding.mixed_sites(crystal) == 0:
        what = "in this crystal nothing is mixed"
    elif examined.listed and not any(holding.is_mixed(crystal, x) for _, x in examined.listed):
        what = "in none of these compositions anything is mixed"
    else:
        return None
    where, mend = _asked(problem)
    text = f"{what}, so that it is explicit already: {mend}"
    return FieldError(pointer=where, type="nothing-to-verify", message=text)


def _asked(problem: Problem) -> tuple[str, str]:
    """Pointer to what asks for supercells, and how to do without."""
    return (FIDELITY, "write fidelity: alchemical") if problem.corrected else (WHERE, "remove verify")


def _mixing(problem: Problem) -> Iterator[FieldError]:
    if problem.potential.mixing != "mean_field":
        where, mend = _asked(problem)
        text = (
            "explicit supercells are relaxed with the force constants of the mean-field crystal, which "
            f"{problem.potential.mixing} mixing does not have; write mixing: mean_field, or {mend}"
        )
        yield FieldError(pointer=where, type="needs-mean-field", message=text)


def _too_many(verify: Verify, examined: Examined, limits: Limits) -> FieldError | None:
    count = examined.verified * verify.supercells
    if count <= limits.max_supercells:
        return None
    fewer = limits.max_supercells // examined.verified
    mend = f"take supercells: {fewer} or fewer evaluations" if fewer else "take fewer evaluations"
    text = (
        f"{examined.verified} evaluations may have to be verified, with {verify.supercells} supercells each: {count} "
        f"in all, more than {limits.max_supercells}; {mend}, or verify a finished job instead"
    )
    return FieldError(pointer=SUPERCELLS, type="too-many-supercells", message=text)


def _size(verify: Verify, crystal: AlchemicalCrystal, limits: Limits) -> FieldError | None:
    mixed = holding.mixed_sites(crystal)
    if verify.sites < mixed:
        text = f"one cell of the parent has {mixed} mixed sites already; take at least so many"
        return FieldError(pointer=SITES, type="too-few-sites", message=text)
    atoms = holding.most_cells(crystal, verify.sites) * crystal.n_sites
    if atoms <= limits.max_supercell_atoms:
        return None
    fewer = int(0.75 * limits.max_supercell_atoms / crystal.n_sites) * mixed
    text = (
        f"with {verify.sites} mixed sites a supercell has up to {atoms} atoms, more than {limits.max_supercell_atoms}; "
        + (
            f"take sites: {fewer} or fewer"
            if fewer >= mixed
            else "remove verify: the parent cell is too large"
        )
    )
    return FieldError(pointer=SITES, type="does-not-fit", message=text)


def _not_held(verify: Verify, crystal: AlchemicalCrystal, examined: Examined) -> Iterator[FieldError]:
    """Compositions of which an element would be missing in the supercells."""
    told = 0
    for where, x in examined.listed:
        absent = holding.lost(crystal, x, verify.sites) if holding.is_mixed(crystal, x) else []
        if not absent:
            continue
        nearest = held(crystal, x, cells_holding(crystal, x, verify.sites)[0])
        text = (
            f"supercells of about {verify.sites} mixed sites may hold no {absent[0]} for "
            f"{holding.words(crystal.columns, x)} ({where}): the nearest is "
            f"{holding.words(crystal.columns, nearest)}; {holding.enough(crystal, x)}"
        )
        yield FieldError(pointer=SITES, type="composition-not-held", message=text)
        told += 1
        if told == MOST_TOLD:
            return
