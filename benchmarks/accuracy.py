"""Lattice constants and bulk moduli of 25 crystals with every potential that is here, against experiment.

    python benchmarks/accuracy.py [--potential NAME ...] [--material NAME ...] [--again] [--write]

What was computed is kept in benchmarks/records/accuracy.json by potential, checksum and material, so that a run that
was ended goes on, and is printed from there; --again computes it anew. Without --potential these are the potentials
whose weights are here. --write puts the tables into docs/accuracy.md.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean
from typing import Any

from experiment import MATERIALS, Material

from api_schemas.problem import Problem
from engine.campaign.evaluate import evaluate
from engine.potentials.registry import POTENTIALS, describe, is_fetched, known_names

ROOT = Path(__file__).resolve().parent.parent
RECORDS = ROOT / "benchmarks" / "records" / "accuracy.json"
PAGE = ROOT / "docs" / "accuracy.md"
BEGIN, END = "<!-- written by benchmarks/accuracy.py -->", "<!-- end -->"
SALTS = "mace-alkali-halides"
"""The model of the examples, for tests: it knows Li, Na, K, Cl and Br."""

Found = dict[str, Any]


def main() -> None:
    """Compute what is missing, and print or write the tables."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--potential", nargs="*", default=[], help="names; by default all whose weights are here"
    )
    parser.add_argument("--material", nargs="*", default=[], help="formulas; by default all")
    parser.add_argument("--again", action="store_true", help="compute what is known, too")
    parser.add_argument("--write", action="store_true", help="write docs/accuracy.md")
    asked = parser.parse_args()
    model = ROOT / "examples" / "models" / "alkali_halides" / "alkali-halides.model"
    os.environ.setdefault("ORICHALCUM_MACE_MODELS", f"{SALTS}={model}")
    records: Found = json.loads(RECORDS.read_text(encoding="utf-8")) if RECORDS.exists() else {}
    names = asked.potential or [name for name in known_names() if is_fetched(name)]
    for name in names:
        potential = describe(name)
        kept = records.setdefault(name, {"sha256": potential.sha256, "found": {}})
        if kept["sha256"] != potential.sha256:
            kept = records[name] = {"sha256": potential.sha256, "found": {}}
        for material in MATERIALS:
            wanted = not asked.material or material.name in asked.material
            known = set(elements(material)) <= set(potential.elements)
            if not wanted or not known or (material.name in kept["found"] and not asked.again):
                continue
            kept["found"][material.name] = computed(material, name)
            RECORDS.parent.mkdir(exist_ok=True)
            RECORDS.write_text(json.dumps(records, indent=1, sort_keys=True) + "\n", encoding="utf-8")
            print(name, material.name, kept["found"][material.name], flush=True)
    text = "\n".join(page(records))
    if asked.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", encoding="utf-8")
    else:
        print(text)


def elements(material: Material) -> list[str]:
    """Symbols of a material's elements."""
    if "species" in material.structure:
        return list(material.structure["species"])
    return str(material.structure["poscar"]).splitlines()[5].split()


def computed(material: Material, potential: str) -> Found:
    """Lengths (Å) and bulk modulus (GPa) of the relaxed crystal, and what is to be careful about."""
    problem = Problem.model_validate(
        {
            "kind": "evaluate",
            "structure": dict(material.structure),
            "properties": ["bulk_modulus"],
            "potential": {"name": potential},
        }
    )
    record = evaluate(problem, {})
    if not record.converged:
        return {"message": record.message}
    values = {name: record.properties[name].value for name in ("lattice_a", "lattice_c", "bulk_modulus")}
    return {name: float(f"{value:.6g}") for name, value in values.items()} | {"message": record.message}


def page(records: Mapping[str, Found]) -> Iterator[str]:
    """A table of lattice constants, one of bulk moduli, and means."""
    published = POTENTIALS.names
    names = sorted(records, key=lambda name: published.index(name) if name in published else len(published))
    yield "## Lattice constants, errors in %\n"
    yield from table(records, names, "lattice_a", "a, Å")
    yield "\n## Bulk moduli, GPa, and errors in %\n"
    yield from table(records, names, "bulk_modulus", "B, GPa")
    yield "\n## Sources\n"
    sources = list(dict.fromkeys(material.source for material in MATERIALS))
    for source in sources:
        of = ", ".join(material.name for material in MATERIALS if material.source == source)
        yield f"- {of}: {source}"


def table(records: Mapping[str, Found], names: Sequence[str], quantity: str, head: str) -> Iterator[str]:
    """A row a material, then the mean and the mean absolute error of each family and of all."""
    yield f"| crystal | {head} | {' | '.join(names)} |"
    yield f"|---|---|{'---|' * len(names)}"
    found: dict[str, dict[str, list[float]]] = {name: {} for name in names}
    for material in MATERIALS:
        cells = []
        measured = material.a if quantity == "lattice_a" else material.bulk_modulus
        for name in names:
            one = records[name]["found"].get(material.name, {})
            if quantity not in one:
                cells.append("–")
                continue
            error = 100.0 * (one[quantity] / measured - 1.0)
            found[name].setdefault(material.family, []).append(error)
            cells.append(cell(material, one, quantity, error))
        shown = f"{measured:g}" + (f", c {material.c:g}" if quantity == "lattice_a" and material.c else "")
        yield f"| {material.name} | {shown} | {' | '.join(cells)} |"
    for family in (*dict.fromkeys(material.family for material in MATERIALS), "all"):
        cells = []
        for name in names:
            errors = found[name].get(family, [])
            if family == "all":
                errors = [error for own in found[name].values() for error in own]
            cells.append(f"{fmean(errors):+.1f}, {fmean(map(abs, errors)):.1f}" if errors else "–")
        yield f"| *{family}: mean, mean absolute* | | {' | '.join(cells)} |"


def cell(material: Material, one: Found, quantity: str, error: float) -> str:
    """An error; of moduli with the value, of hexagonal crystals with that of c."""
    if quantity == "bulk_modulus":
        jumps = " (j)" if "jumps" in (one["message"] or "") else ""
        return f"{one[quantity]:.0f}{jumps}, {error:+.0f}"
    if material.c is None:
        return f"{error:+.2f}"
    return f"{error:+.2f}, c {100.0 * (one['lattice_c'] / material.c - 1.0):+.2f}"


if __name__ == "__main__":
    main()
