"""From a user's structure, in whichever form it was given, to a parent crystal."""

from __future__ import annotations

import difflib
import math
import re

from api_schemas import synonyms
from api_schemas.errors import FieldError, ProblemInvalid, pointer
from api_schemas.structures import Structure
from engine.crystals.parent import ParentCrystal
from engine.crystals.poscar import read_poscar
from engine.crystals.prototypes import PROTOTYPES
from engine.crystals.structure_faults import (
    MAX_ATOMS,
    MAX_VOLUME_OF_PROTOTYPE,
    StructureFault,
    bad_structure,
    check_density_of_atoms,
    check_parent,
)

_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f]")
"""Control characters, which no text holds."""


def read_structure(
    structure: Structure, prefix: tuple[str | int, ...] = ("structure",), max_atoms: int = MAX_ATOMS
) -> ParentCrystal:
    """The parent crystal that a user gave; sites keep the order and frame of the input, and the cell is not reduced.

    Args:
        structure: The structure, in one of its forms.
        prefix: Where it stands in the problem, for pointers.
        max_atoms: Most sites allowed.

    Raises:
        ProblemInvalid: of type unknown-prototype, bad-structure, unknown-element, partial-occupancy,
            overlapping-atoms or too-many-atoms, with a pointer to the form that was given, or to a prototype's
            lattice constant.
    """
    form = structure.form()
    try:
        if structure.cif is not None:
            from engine.crystals.cif import read_cif

            parent = read_cif(_plain(form, structure.cif), max_atoms)
        elif structure.poscar is not None:
            parent = read_poscar(_plain(form, structure.poscar), max_atoms)
        elif structure.pymatgen is not None:
            from engine.crystals.structure_dict import read_structure_dict

            parent = read_structure_dict(structure.pymatgen, max_atoms)
        elif structure.prototype is None:
            raise _file_not_read(form)
        else:
            parent = _from_prototype(structure, prefix)
            check_density_of_atoms(parent, MAX_VOLUME_OF_PROTOTYPE)
        check_parent(parent, max_atoms)
    except StructureFault as fault:
        raise fault.at((*prefix, _length_at_fault(structure) or form)) from None
    except (ArithmeticError, ValueError, RuntimeError, TypeError, LookupError) as error:
        if isinstance(error, ProblemInvalid):
            raise
        # Numbers at the edge of what a float holds can fail in places that no check foresees.
        text = f"the {form} text does not describe a crystal; compare it with one that another program reads"
        raise bad_structure(text).at((*prefix, form)) from None
    return parent


def _plain(form: str, text: str) -> str:
    """The text of a file without a byte-order mark, with lines that end as they do on every system.

    Raises:
        StructureFault: if it is the path of a file, or no text.
    """
    plain = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    strange = _NO_TEXT.search(plain)
    if strange:
        line = plain.count("\n", 0, strange.start()) + 1
        mend = "save the file as UTF-8 text (it may be UTF-16, compressed or binary)"
        raise bad_structure(f"this is no text: line {line} holds U+{ord(strange.group()):04X}; {mend}")
    bare = plain.strip()
    if not bare:
        raise bad_structure(f"this text is empty; give that of a file, or write {form}_file: path")
    if "\n" not in bare:
        shown = bare[:60]
        mend = f"write {form}_file: path to have it read"
        raise bad_structure(f"this should be the text of a file, not {shown!r}; {mend}")
    return plain


def _file_not_read(form: str) -> StructureFault:
    text = (
        f"{form} is for `orichalcum run`, `evaluate`, `submit` and the Python client, which read the file and send its "
        f"text; a service reads no files: give the text as {form.removesuffix('_file')}"
    )
    return StructureFault("file-not-allowed", text)


def _length_at_fault(structure: Structure) -> str | None:
    """The lattice constant of a prototype that is far from what its bonds suggest; None where none is given.

    Of two that are equally far, as in another unit, it is a.
    """
    prototype = PROTOTYPES.get(structure.prototype or "")
    if prototype is None or structure.species is None:
        return None
    usual = dict(zip("ac", prototype.lattice_constants(structure.species), strict=True))
    given = {name: getattr(structure, name) for name in "ac" if getattr(structure, name) is not None}
    away = {name: abs(math.log(length / usual[name])) for name, length in given.items()}
    if not away:
        return None
    return "c" if away.get("c", -math.inf) > away.get("a", -math.inf) + math.log(2.0) else "a"


def _from_prototype(structure: Structure, prefix: tuple[str | int, ...]) -> ParentCrystal:
    name = structure.prototype or ""
    prototype = PROTOTYPES.get(name)
    if prototype is None:
        meant = synonyms.PROTOTYPES.get(name.strip().lower())
        near = [meant] if meant else difflib.get_close_matches(name.lower(), PROTOTYPES, n=3, cutoff=0.5)
        hint = f"did you mean {' or '.join(near)}?" if near else f"the prototypes are {', '.join(PROTOTYPES)}"
        fault = StructureFault("unknown-prototype", f"there is no prototype {name!r}; {hint}")
        raise fault.at((*prefix, "prototype"))
    errors = []
    species = structure.species or []
    if len(species) != len(prototype.roles):
        roles = ", ".join(prototype.roles)
        text = f"{name} takes {len(prototype.roles)} species ({roles}), not {len(species)}"
        errors.append(FieldError(pointer=pointer([*prefix, "species"]), type="bad-structure", message=text))
    for parameter in ("a", "b", "c"):
        if getattr(structure, parameter) is not None and parameter not in prototype.parameters:
            text = f"{name} takes {' and '.join(prototype.parameters)} only; remove {parameter}"
            errors.append(
                FieldError(pointer=pointer([*prefix, parameter]), type="bad-structure", message=text)
            )
    if errors:
        raise ProblemInvalid(errors)
    return prototype.build(species, structure.a, structure.c)
