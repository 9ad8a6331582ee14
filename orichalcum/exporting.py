"""Answers as files and tables that other programs read: what of a result is meant, and how it is written."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from api_schemas.base import Composition
from api_schemas.evaluations import CrystalState, Evaluation
from api_schemas.results import Result
from orichalcum import answers, columns, structure_texts
from orichalcum.columns import Column
from orichalcum.crystals import ordered
from orichalcum.exceptions import BadRequest

LONGEST_NAME = 100
"""Characters of a file's name, without its ending."""

What = Literal["best", "front", "evaluations", "supercells", "orderings", "free_energies"]

ENDINGS: Mapping[str, str] = {"cif": "cif", "poscar": "POSCAR.vasp"}
"""How files of a crystal each end, as pymatgen, ASE, OVITO and VESTA know them, by the name of the format."""


@dataclass(frozen=True)
class Crystal:
    """A crystal of an answer with what is known of it.

    Attributes:
        number: Its number among those that are exported, from 1.
        composition: What it holds.
        known: What it is called, or nothing.
        energy: eV/atom; None where it is not known.
        state: The crystal; None where there is none.
    """

    number: int
    composition: Composition
    known: str
    energy: float | None
    state: CrystalState | None

    @property
    def stem(self) -> str:
        """A name that every file system takes: number, composition, and what it is called."""
        several = len(self.composition) > 1
        shares = "_".join(
            (f"{name}-" if several else "")
            + "".join(f"{element}{share:.4g}" for element, share in elements.items() if share > 0.0)
            for name, elements in self.composition.items()
        )
        words = re.sub(r"[^A-Za-z0-9._-]+", "-", "_".join(filter(None, (shares, self.known)))).strip("-._")
        return f"{self.number:03d}_{words[:LONGEST_NAME]}".rstrip("-._")

    @property
    def title(self) -> str:
        """A line about it."""
        shares = "; ".join(
            f"{name}:{element} {share:.4g}" for name, element, share in columns.fractions(self.composition)
        )
        energy = "" if self.energy is None else f"; {self.energy!r} eV/atom"
        return f"Orichalcum, {self.known or 'crystal'} {self.number}: {shares}{energy}"


def meant(result: Result, what: What | None) -> What:
    """What of a result is meant where nothing is said: what its kind answers, else its evaluations, else its best."""
    if what is not None:
        return what
    owns: tuple[What, ...] = ("orderings", "free_energies")
    for own in owns:
        if own in result.answer:
            return own
    return "evaluations" if result.evaluations else "best"


def evaluations_of(result: Result, what: What) -> list[Evaluation]:
    """The evaluations that are meant by best, front or evaluations, at least one.

    Raises:
        BadRequest: if there is none, or another part is meant.
    """
    if what == "best":
        found = [] if result.best is None else [result.best]
    elif what in {"front", "evaluations"}:
        found = list(result.front if what == "front" else result.evaluations)
    else:
        raise BadRequest(f"{what} are no evaluations; take best, front or evaluations")
    if not found:
        raise BadRequest(f"this result of kind {result.kind} has no {what}; it has {_parts(result)}")
    return found


def columns_of(result: Result, what: What | None = None, *, gradients: bool = False) -> list[Column]:
    """A table of what is meant.

    Raises:
        NotAnswered: if the result is of a kind that answers none of it.
        BadRequest: if there is none of it.
    """
    chosen = meant(result, what)
    if chosen == "orderings":
        return columns.of_orderings(_some(answers.orderings(result).orderings, "ordering"))
    if chosen == "free_energies":
        return columns.of_free_energies(_some(answers.free_energies(result).free_energies, "free energy"))
    if chosen == "supercells":
        return columns.of_supercells(_verified(result))
    return columns.of_evaluations(evaluations_of(result, chosen), gradients=gradients)


def crystals_of(result: Result, what: What | None = None) -> list[Crystal]:
    """The crystals of what is meant.

    Raises:
        NotAnswered: if the result is of a kind that answers none of it.
        BadRequest: if there is none of it, or it is without crystals.
    """
    chosen = meant(result, what)
    if chosen == "free_energies":
        raise BadRequest("free energies have no crystals to export; take --format csv, json or html")
    if chosen == "orderings":
        return [
            Crystal(
                number, one.composition, one.name or one.ideal_space_group, one.energy_per_atom, one.structure
            )
            for number, one in enumerate(_some(answers.orderings(result).orderings, "ordering"), 1)
        ]
    if chosen == "supercells":
        # The structures stand in the first entry of each evaluation.
        firsts = {one.evaluation: one for one in reversed(_verified(result))}
        held = [cell for _, one in sorted(firsts.items()) for cell in one.supercells]
        return [
            Crystal(number, cell.composition, f"supercell-{cell.decoration}", None, cell.structure)
            for number, cell in enumerate(held, 1)
        ]
    return [
        Crystal(number, one.composition, "", one.energy_per_atom, one.structure)
        for number, one in enumerate(evaluations_of(result, chosen), 1)
    ]


def as_json(result: Result, what: What | None = None) -> str:
    """One document: what is meant with its structures, and where it comes from.

    Raises:
        NotAnswered: if the result is of a kind that answers none of it.
        BadRequest: if there is none of it.
    """
    chosen = meant(result, what)
    items: Sequence[Any]
    if chosen == "orderings":
        items = _some(answers.orderings(result).orderings, "ordering")
    elif chosen == "free_energies":
        items = _some(answers.free_energies(result).free_energies, "free energy")
    elif chosen == "supercells":
        items = _verified(result)
    else:
        items = evaluations_of(result, chosen)
    document = {
        chosen: [item.model_dump(mode="json") for item in items],
        "provenance": result.provenance.model_dump(mode="json"),
    }
    return json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def crystal_files(
    items: Sequence[Crystal], form: str, sites: int | None = None, seed: int = 0
) -> Iterator[tuple[str, str]]:
    """Name and text of a CIF or POSCAR for every crystal that there is.

    Args:
        items: The crystals.
        form: cif or poscar.
        sites: Mixed sites, about, of an ordered supercell of each; None takes them as they are.
        seed: Of their decorations.

    Raises:
        MixedSites: if a POSCAR of a mixed crystal is asked for without ``sites``.
    """
    write = structure_texts.cif_text if form == "cif" else structure_texts.poscar_text
    for item in items:
        if item.state is not None:
            yield (
                f"{item.stem}.{ENDINGS[form]}",
                write(ordered(item.state, sites, seed=seed), _titled(item, sites)),
            )


def xyz_frames(items: Sequence[Crystal], sites: int | None = None, seed: int = 0) -> str:
    """Every crystal that there is as a frame of one extended XYZ; as `crystal_files` for ``sites`` and ``seed``.

    The second line of a frame has the composition, and the energy (eV, of the frame's atoms) where the crystal is that
    of the energy.

    Raises:
        MixedSites: if a crystal is mixed and no ``sites`` are given.
    """
    frames = []
    for item in items:
        if item.state is None:
            continue
        cell = ordered(item.state, sites, seed=seed)
        about: dict[str, float | str | bool] = {"title": _titled(item, sites)}
        if item.energy is not None and sites is None:
            about["energy"] = item.energy * len(structure_texts.whole_atoms(cell, "extended XYZ"))
        frames.append(structure_texts.xyz_text(cell, about))
    return "".join(frames)


def _titled(item: Crystal, sites: int | None) -> str:
    """Its title; the energy is not that of an unrelaxed decoration."""
    return item.title if sites is None else replace(item, energy=None).title


def write_files(files: Sequence[tuple[str, str]], to: Path) -> None:
    """Write files into a folder, or into one archive where the path ends in .zip; nothing is overwritten.

    Raises:
        BadRequest: if something of these names is there.
        OSError: if it cannot be written.
    """
    if to.suffix.lower() == ".zip":
        refuse_to_overwrite(to)
        with zipfile.ZipFile(to, "x", zipfile.ZIP_DEFLATED) as archive:
            for name, text in files:
                archive.writestr(name, text)
        return
    for name, _ in files:
        refuse_to_overwrite(to / name)
    to.mkdir(parents=True, exist_ok=True)
    for name, text in files:
        (to / name).write_text(text, encoding="utf-8")


def write_document(text: str, to: Path) -> None:
    """Write one file; nothing is overwritten.

    Raises:
        BadRequest: if there is something at the path.
        OSError: if it cannot be written.
    """
    refuse_to_overwrite(to)
    to.write_text(text, encoding="utf-8")


def refuse_to_overwrite(path: Path) -> None:
    """Keep what is there.

    Raises:
        BadRequest: if there is something at the path.
    """
    if path.exists():
        raise BadRequest(f"{path} is there already; name another place with -o")


def _some(items: Sequence[Any], name: str) -> Sequence[Any]:
    if not items:
        raise BadRequest(f"this result has no {name}: none was computed before the job ended")
    return items


def _verified(result: Result) -> Sequence[Any]:
    if not result.verification:
        raise BadRequest(
            "this result has no supercells: ask for verify in the problem, or 'orichalcum verify ID' of a job; it has "
            + _parts(result)
        )
    return result.verification


def _parts(result: Result) -> str:
    """What a result has, in words."""
    found = [name for name in ("best", "front", "evaluations") if getattr(result, name)]
    found += [name for name in ("orderings", "free_energies") if result.answer.get(name)]
    found += ["supercells"] if result.verification else []
    return ", ".join(found) or "nothing to export"
