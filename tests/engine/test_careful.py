"""What must be said beside numbers: dispersion that is missing, moduli that jump, and warnings in the headline."""

from __future__ import annotations

import numpy as np
import pytest
from ase.build import mx2
from ase.data import covalent_radii

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.evaluations import Evaluation
from api_schemas.problem import Problem
from api_schemas.results import Stopped
from api_schemas.symbols import ATOMIC_NUMBERS
from engine.acceptance.resolve import resolve
from engine.campaign.evaluate import evaluate
from engine.crystals.connections import bonded_dimension
from engine.crystals.prototypes import PROTOTYPES
from engine.evaluation.unseen import BONDED
from engine.kinds.careful import careful
from engine.references.elemental_phases import ELEMENTAL_PHASES

LAYERS, CHAINS, MOLECULES = {"C", "P", "As"}, {"Se", "Te"}, {"S", "Br", "I"}


def dimension(lattice, frac, symbols):
    numbers = [ATOMIC_NUMBERS[symbol] for symbol in symbols]
    return bonded_dimension(np.array(lattice), np.array(frac), BONDED * covalent_radii[numbers])


def test_bonds_run_in_as_many_directions_as_crystallography_says():
    for symbol, phase in ELEMENTAL_PHASES.items():
        if phase.is_molecule:
            continue
        expected = 2 if symbol in LAYERS else 1 if symbol in CHAINS else 0 if symbol in MOLECULES else 3
        parent = phase.build()
        assert dimension(parent.lattice, parent.frac, parent.symbols) == expected, symbol


def test_prototypes_are_bonded_throughout_and_a_dichalcogenide_is_not():
    for name in ("rocksalt", "zincblende", "wurtzite", "fluorite", "perovskite", "cscl", "spinel"):
        species = {"fluorite": "Ca F", "perovskite": "Cs Pb I", "cscl": "Cs Cl", "spinel": "Mg Al O"}.get(
            name, "Na I"
        )
        species = "Zn O" if name in ("zincblende", "wurtzite") else species
        parent = PROTOTYPES[name].build(species.split())
        assert dimension(parent.lattice, parent.frac, parent.symbols) == 3, name
    sheet = mx2("MoS2", "2H", a=3.16, thickness=3.19)
    sheet.cell[2] = [0.0, 0.0, 6.147]
    sheet.pbc = True
    assert dimension(sheet.cell.array, sheet.get_scaled_positions(), sheet.symbols) == 2


def test_a_layered_crystal_gets_a_word_about_dispersion_and_diamond_none(weights_fetched):
    graphite = "C\n1.0\n2.46 0 0\n-1.23 2.1304 0\n0 0 6.71\nC\n4\nDirect\n0 0 0.25\n0 0 0.75\n0.333333333333 0.666666666667 0.25\n0.666666666667 0.333333333333 0.75\n"  # noqa: E501
    asked = {"kind": "evaluate", "potential": {"name": "sevennet-0"}}
    layered = evaluate(parse(Problem, {**asked, "structure": {"poscar": graphite}}), {})
    assert any(text.startswith("layers without bonds between them") for text in layered.warnings)
    assert layered.properties["lattice_c"].value > 1.05 * 6.71
    diamond = evaluate(parse(Problem, {**asked, "structure": {"prototype": "diamond", "species": ["C"]}}), {})
    assert diamond.warnings == []


def modulus(kind="optimize", potential="sevennet-0", **more):
    return {
        "kind": kind,
        "structure": {"prototype": "fcc", "species": ["Cu"]},
        "sublattices": [{"name": "mix", "sites": ["Cu"], "elements": ["Cu", "Au"]}],
        "objectives": [{"property": "bulk_modulus", "goal": "maximize", "scale": 5}],
        "potential": {"name": potential},
        **more,
    }


def test_a_search_on_moduli_is_refused_with_a_potential_whose_curvature_jumps():
    refused = []
    for asked in (
        modulus(),
        modulus(
            objectives=[{"property": "lattice_a", "target": 3.8, "tolerance": 0.01}],
            constraints={"properties": [{"property": "c44", "min": 30}]},
        ),
        modulus(potential="sevennet-l3i5")
        | {"potential": {"name": "sevennet-l3i5", "also": [{"name": "sevennet-0"}]}},
    ):
        with pytest.raises(ProblemInvalid) as caught:
            resolve(parse(Problem, asked))
        refused += [(one.pointer, one.type) for one in caught.value.errors]
    assert refused == [
        ("/objectives/0/property", "jumps-with-potential"),
        ("/constraints/properties/0/property", "jumps-with-potential"),
        ("/potential/also/0/name", "jumps-with-potential"),
    ]
    assert "sevennet-l3i5" in caught.value.errors[0].message
    resolve(parse(Problem, modulus(potential="sevennet-l3i5")))
    resolve(parse(Problem, modulus("evaluate", at=[{"mix": {"Cu": 0.5, "Au": 0.5}}])))


def warned(message=None, warnings=()):
    return Evaluation(
        composition={}, properties={}, energy_per_atom=-1.0, converged=True, stable=True, structure=None,
        cost={"potential_calls": 1, "shared_calls": 0, "seconds": 0.1}, message=message, warnings=list(warnings),
    )  # fmt: skip


def test_warnings_of_the_answer_stand_in_the_sentence_that_says_why_the_job_ended():
    stopped = Stopped(reason="target_met", message="lattice_a is within 0.001 Å")
    assert careful(stopped, []) == stopped
    assert careful(stopped, [warned()]) == stopped
    one = careful(stopped, [warned("a saddle point: it would distort")])
    assert one.message == "lattice_a is within 0.001 Å; careful: a saddle point"
    other = careful(stopped, [warned("ScN is layered (P6_3/mmc (194), neighbours: N 5): it refers to that")])
    assert other.message.endswith("; careful: ScN is layered (P6_3/mmc (194), neighbours: N 5)")
    front = [
        warned(None, ["Fe may be magnetic: no moments"]),
        warned("a: b; c: d", ["Fe may be magnetic: no moments"]),
    ]
    assert careful(stopped, front).message.endswith("; careful: Fe may be magnetic, a, and 1 more")
