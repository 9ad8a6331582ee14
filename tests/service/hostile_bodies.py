"""Hostile bodies of a quarter to one megabyte: too many of everything that a problem holds, and words that are none."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.service.conftest import PROBLEM

SITE = {"species": [{"element": "Na", "occu": 1}], "abc": [0, 0, 0]}
LATTICE = {"matrix": [[5.7, 0, 0], [0, 5.7, 0], [0, 0, 5.7]]}
SALT = {"prototype": "rocksalt", "species": ["Na", "Cl"]}
POSCAR = "x\n1.0\n5.7 0 0\n0 5.7 0\n0 0 5.7\n"
CIF = (
    "data_x\n_cell_length_a 50\n_cell_length_b 50\n_cell_length_c 50\n"
    "_cell_angle_alpha 90\n_cell_angle_beta 90\n_cell_angle_gamma 90\n"
)
LOOP = (
    "loop_\n_atom_site_label\n_atom_site_type_symbol\n"
    "_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n"
)
LIGHT = ("Li", "Be", "B", "Na", "Mg", "Al", "Si", "K", "Ca", "Sc")
METALS = ("Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Zn", "Ga")
ELEMENTS = [*LIGHT, *METALS]


def changed(**fields: Any) -> dict[str, Any]:
    return {**copy.deepcopy(PROBLEM), **fields}


def mixed(**fields: Any) -> dict[str, Any]:
    return changed(sublattices=[{"name": "c", "sites": ["Na"], "elements": ["Na", "K"], **fields}])


def hostile_bodies() -> Iterator[tuple[str, bytes]]:
    """Names and bodies."""
    for name, problem in (*_words(), *_lists(), *_structures(), *_kinds()):
        yield name, json.dumps(problem).encode()


def _words() -> Iterator[tuple[str, Any]]:
    yield "fields", changed(**{f"f{i}": 0 for i in range(80_000)})
    yield "fields with a near name", changed(**{f"sublattice{i}": 0 for i in range(50_000)})
    yield "fields of the strategy", changed(strategy={f"max_evaluation{i}": 0 for i in range(40_000)})
    yield "fields of the structure", changed(structure={f"k{i}": "x" for i in range(60_000)})
    yield "elements", mixed(elements=[f"Xq{i}" for i in range(80_000)])
    yield "elements with bounds", mixed(elements={f"Sodi{i}": [0, 1] for i in range(50_000)})
    yield (
        "species",
        changed(structure={"prototype": "rocksalt", "species": [f"Sodi{i}" for i in range(90_000)]}),
    )
    yield "sites", mixed(sites=[f"Sodi{i}" for i in range(80_000)])
    many = [
        {"name": f"c{j}", "sites": [f"Sodi{j}{i}" for i in range(1000)], "elements": ["Na", "K"]}
        for j in range(20)
    ]
    yield "sites of many sublattices", changed(sublattices=many)
    yield "properties", changed(properties=[f"prop{i}" for i in range(60_000)])
    yield "long properties", changed(properties=["bulk_modulu" + "s" * 180] * 50)
    yield "long properties of objectives", changed(objectives=[{"property": "x" * 45_000, "target": 1}] * 20)
    yield "a name", changed(name="x" * 900_000)
    yield "a kind", changed(kind="x" * 900_000)
    yield "a potential", changed(potential={"name": "s" * 900_000})


def _lists() -> Iterator[tuple[str, Any]]:
    yield (
        "unknown elements",
        changed(at=[{"cation": {f"Sodi{j}": 0.5 for j in range(20)}} for _ in range(2500)]),
    )
    yield "unknown sublattices", changed(at=[{f"c{j}": {"Na": 1} for j in range(20)} for _ in range(2800)])
    shares = [{"cation": {"Na": i / 10_000, "K": 1 - i / 10_000}} for i in range(10_000)]
    yield "compositions", changed(kind="evaluate", objectives=[], at=shares)
    sums = [{"cation": {"Na": i / 10_000, "K": 0.1}} for i in range(10_000)]
    yield "sums", changed(kind="evaluate", objectives=[], at=sums)
    names = [{"cation": {f"Sod{i}": 1}} for i in range(10_000)]
    yield "other elements each time", changed(kind="evaluate", objectives=[], at=names)
    yield "texts", changed(at=[{"cation": {"Na": "50 %"}} for _ in range(10_000)])
    yield "numbers", changed(at=[0] * 330_000)
    yield "objectives", changed(objectives=[{"property": f"lattice{i}", "target": 1} for i in range(20_000)])
    rows = [{"terms": {f"cation:E{i}{j}": 1 for j in range(200)}, "max": 1} for i in range(100)]
    yield "linear constraints", changed(constraints={"linear": rows})
    terms = {f"c{i}:Na": 1 for i in range(60_000)}
    yield "terms", changed(constraints={"linear": [{"terms": terms, "max": 1}]})
    yield (
        "least fractions",
        changed(constraints={"min_if_present": {f"cation:E{i}": 0.1 for i in range(50_000)}}),
    )
    yield "oxidation states", changed(constraints={"charge_neutrality": {f"E{i}": 2 for i in range(80_000)}})
    yield "steps", changed(constraints={"resolution": {f"E{i}": 0.1 for i in range(60_000)}})
    yield "prices", changed(conditions={"element_prices": {f"E{i}": 1.0 for i in range(60_000)}})
    yield (
        "sublattices",
        changed(
            sublattices=[{"name": f"c{i}", "sites": ["Na"], "elements": ["Na", "K"]} for i in range(15_000)]
        ),
    )
    yield "structures", changed(structure=[SALT] * 15_000)
    yield "containers", changed(strategy=[{"a": [1, 2, {"b": "c"}]}] * 30_000)
    yield "digits", changed(strategy={"seed": 10**4000, "max_evaluations": 10**4200})
    yield "no fields at all", [None] * 160_000


def _structures() -> Iterator[tuple[str, Any]]:
    def dictionary(**fields: Any) -> dict[str, Any]:
        return changed(structure={"pymatgen": {"lattice": LATTICE, "sites": [SITE], **fields}})

    unknown = [
        {"species": [{"element": f"Sodi{i}{j}", "occu": 0.05} for j in range(20)], "abc": [0, 0, i * 1e-4]}
        for i in range(1000)
    ]
    yield "species of a dictionary", dictionary(sites=unknown)
    yield "rows of a matrix", dictionary(lattice={"matrix": [[5.7, 0, 0]] * 70_000})
    yield "a row of a matrix", dictionary(lattice={"matrix": [[5.7] * 150_000, [0, 1, 0], [0, 0, 1]]})
    yield "empty sites", dictionary(sites=[{}] * 240_000)
    yield "other fields of a dictionary", dictionary(**{f"x{i}": [0] * 3 for i in range(48_000)})
    yield "a lattice in words", dictionary(lattice="x" * 900_000)
    for name, text in (
        ("places", POSCAR + "Na\n30000\nDirect\n" + "0.1 0.2 0.3\n" * 70_000),
        (
            "symbols",
            POSCAR + " ".join(f"Sodi{i}" for i in range(60_000)) + "\n" + "1 " * 60_000 + "\nDirect\n",
        ),
        ("one line", "x\n" + "1 " * 450_000),
        ("empty lines", "\n" * 450_000),
        ("digits", "x\n1.0\n" + "9" * 900_000 + " 0 0\n0 5.7 0\n0 0 5.7\nNa\n1\nDirect\n0 0 0"),
    ):
        yield f"POSCAR: {name}", changed(structure={"poscar": text})
    operations = "loop_\n_symmetry_equiv_pos_as_xyz\n"
    for name, text in (
        ("sites", CIF + LOOP + "".join(f"Na{i} Na 0.{i:05} 0 0\n" for i in range(40_000))),
        ("symbols", CIF + LOOP + "".join(f"X{i} Sodi{i} 0.{i:05} 0 0\n" for i in range(33_000))),
        ("operations", CIF + operations + "".join(f"'x,y,z+{i}/40000'\n" for i in range(40_000)) + LOOP),
        ("loops", "data_x\n" + "loop_\n" * 120_000),
        ("blocks", "".join(f"data_x{i}\n_a 1\n" for i in range(50_000))),
        ("tags", CIF + "".join(f"_t{i} 1\n" for i in range(80_000))),
        ("quotes", CIF + "'" * 900_000),
        ("semicolons", CIF + ";\n" * 300_000),
        ("brackets", CIF + "(" * 900_000),
        ("a label", CIF + LOOP + "Na" + "1" * 900_000 + " Na 0 0 0\n"),
        ("a formula", CIF + "_chemical_formula_sum '" + "Na1 " * 200_000 + "'\n" + LOOP + "Na1 Na 0 0 0\n"),
        (
            "a group",
            CIF + "_symmetry_space_group_name_H-M '" + "P " * 400_000 + "'\n" + LOOP + "Na1 Na 0 0 0\n",
        ),
    ):
        yield f"CIF: {name}", changed(structure={"cif": text})
    same = {"same_as": {"cif": "data_\nloop_\n_a\n" + "x\n" * 15_000}}
    objectives = [{"property": "lattice_a", "weight": 1, "tolerance": 1, "target": same}] * 20
    yield "structures of targets", changed(objectives=objectives)


def _kinds() -> Iterator[tuple[str, Any]]:
    whole = {"objectives": [], "at": []}
    yield (
        "a cell",
        changed(kind="order", **whole, order={"enumerate": {"cell": [[4, 0, 0], [0, 4, 0], [0, 0, 4]]}}),
    )
    halves = [{"cation": {"Na": 0.5, "K": 0.5}}] * 9000
    yield "orderings", changed(kind="order", objectives=[], at=halves, order={"enumerate": {"sites": 16}})
    six = [{"name": "c", "sites": ["Na"], "elements": ["Na", "K", "Rb", "Cs", "Li", "Ag"]}]
    yield "a grid", changed(kind="scan", objectives=[], sublattices=six, scan={"points_per_edge": 1001})
    phases = {"path": "phases", "phases": [SALT] * 15_000}
    yield "phases", changed(kind="free_energy", objectives=[], free_energy=phases)
    many = {"path": "absolute", "temperatures": list(range(1, 140_000))}
    yield "temperatures", changed(kind="free_energy", objectives=[], free_energy=many)
    both = [
        {"name": "c", "sites": ["Na"], "elements": ELEMENTS},
        {"name": "d", "sites": ["Cl"], "elements": ELEMENTS},
    ]
    rows = [
        {"terms": {f"c:{e}": i + 1 for i, e in enumerate(ELEMENTS)}, "min": 3 + j / 100} for j in range(100)
    ]
    least = {f"{name}:{e}": 0.05 for name in "cd" for e in ELEMENTS}
    hard = {"min_if_present": least, "max_elements": {"c": 10, "d": 10}, "linear": rows}
    yield "sets of elements", changed(sublattices=both, constraints=hard)
