"""Estimates, limits and validation."""

from __future__ import annotations

import numpy as np
import pytest

from api_schemas.errors import parse
from api_schemas.problem import Problem
from api_schemas.sublattices import Sublattice
from engine.acceptance.validate import validate
from engine.crystals.crystal import build_crystal
from engine.crystals.parent import ParentCrystal
from engine.crystals.prototypes import PROTOTYPES
from engine.kinds.registry import KINDS
from engine.problem.limits import Limits
from engine.units.estimate import coordinate_count


def estimated(resolved):
    return KINDS[resolved.problem.kind].estimate(resolved)


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("rocksalt", 1),
        ("wurtzite", 3),
        ("fluorite", 1),
        ("perovskite", 1),
        ("hcp", 2),
        ("spinel", 2),
        ("fcc", 1),
    ],
)
def test_the_number_of_coordinates_of_prototypes_is_the_known_one(name, count):
    prototype = PROTOTYPES[name]
    assert coordinate_count(build_crystal(prototype.build(prototype.example))) == count


def test_a_triclinic_crystal_has_all_coordinates():
    rng = np.random.default_rng(0)
    lattice = np.eye(3) * 6 + rng.uniform(-0.6, 0.6, (3, 3))
    parent = ParentCrystal(lattice, [[0.0, 0, 0], [0.41, 0.52, 0.13], [0.77, 0.21, 0.63]], ("Na", "Cl", "K"))
    assert coordinate_count(build_crystal(parent)) == 6 + 3 * 3 - 3


def test_sublattices_free_coordinates():
    parent = PROTOTYPES["wurtzite"].build(("Al", "N"))
    split = build_crystal(parent, [Sublattice(name="one", sites=[0], elements=["Al", "Sc"])])
    # One of the two cations is labelled: P3m1 with a, c and four heights less one translation.
    assert coordinate_count(split) == 2 + 4 - 1


def test_a_wurtzite_takes_about_as_many_calls_as_were_measured(accepted):
    # Measured from cold starts: 11 to 14 calls a composition, rows of second derivatives counting two.
    cost = estimated(accepted(kind="evaluate", at=[{"cation": {"Al": 0.8, "Sc": 0.2}}], objectives=[]))
    assert 11 * 3 <= cost.potential_calls <= 18 * 3


def test_moduli_and_references_add_the_calls_that_they_take(accepted):
    def calls(**changes):
        at = [{"cation": {"Al": 0.8, "Sc": 0.2}}]
        return estimated(accepted(kind="evaluate", at=at, objectives=[], **changes)).potential_calls

    plain = calls()
    assert calls(properties=["bulk_modulus"]) - plain == 7
    # A Hessian of 6 strains and 9 displacements, then a row and a backward pass through it for c11.
    assert calls(properties=["c11"]) - plain == (1 + 2 * 15) + (1 + 2 + 4)
    given = {"Al": -3.7, "Sc": -6.3, "N": -8.3}
    assert calls(properties=["formation_energy"], conditions={"chemical_potentials": given}) == plain
    assert calls(properties=["formation_energy"]) > plain
    substrate = {"same_as": {"prototype": "wurtzite", "species": ["Ga", "N"]}}
    assert calls(properties=["substrate_mismatch"], conditions={"substrate": substrate}) > plain


def test_a_large_cell_without_symmetry_takes_steps_and_no_whole_hessian(accepted):
    rng = np.random.default_rng(0)
    grid = np.array([[i, j, k] for i in range(5) for j in range(5) for k in range(5)]) / 5
    frac = grid + rng.uniform(-0.02, 0.02, grid.shape)
    atoms = "\n".join(" ".join(f"{value:.5f}" for value in row) for row in frac)
    text = f"x\n1.0\n14 0 0\n0 14 0\n0 0 14\nAl\n125\nDirect\n{atoms}\n"
    resolved = accepted(
        kind="evaluate",
        structure={"poscar": text},
        sublattices=[],
        objectives=[],
        potential={"name": "sevennet-0"},
    )
    cost = estimated(resolved)
    assert (
        2 * 10 < cost.potential_calls < 2 * 30
    )  # the composition and its one end member; a Hessian takes 750
    assert cost.seconds > 5.0


def test_the_estimate_grows_with_cell_and_evaluations(accepted):
    little, much = accepted(), accepted(strategy={"max_evaluations": 400})
    assert estimated(much).potential_calls > 5 * estimated(little).potential_calls
    assert estimated(much).memory_bytes == estimated(little).memory_bytes
    assert estimated(little).evaluations == 40


def test_limits_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("ORICHALCUM_MAX_MEMORY_GB", "1.5")
    monkeypatch.setenv("ORICHALCUM_MAX_ATOMS", "64")
    monkeypatch.setenv("ORICHALCUM_MAX_JOB_HOURS", "2")
    limits = Limits.of_this_machine()
    assert (limits.memory_bytes, limits.max_atoms, limits.seconds) == (int(1.5 * 2**30), 64, 7200.0)


@pytest.mark.parametrize("text", ["lots", "-1", "0", "inf", "nan"])
def test_a_limit_that_is_no_positive_number_is_named(monkeypatch, text):
    monkeypatch.setenv("ORICHALCUM_MAX_MEMORY_GB", text)
    with pytest.raises(ValueError, match="ORICHALCUM_MAX_MEMORY_GB"):
        Limits.of_this_machine()


def test_without_settings_three_quarters_of_the_memory_are_allowed(monkeypatch):
    import psutil

    monkeypatch.delenv("ORICHALCUM_MAX_MEMORY_GB", raising=False)
    assert Limits.of_this_machine().memory_bytes == int(0.75 * psutil.virtual_memory().total)


def test_validation_lists_the_sites_with_their_sublattices(document):
    found = validate(parse(Problem, document()))
    assert found.valid
    assert [(site.index, site.element, site.sublattice) for site in found.sites] == [
        (0, "Al", "cation"),
        (1, "N", None),
        (2, "Al", "cation"),
        (3, "N", None),
    ]
    assert np.linalg.norm(found.lattice[0]) == pytest.approx(3.11, rel=0.02)
    assert found.estimate.evaluations == 40
    assert found.problem.strategy.name == "auto"


def test_validation_of_a_bad_problem_answers_with_its_faults(document):
    found = validate(parse(Problem, document(potential={"tier": "single_site"}, properties=["colour"])))
    assert not found.valid
    assert {error.pointer for error in found.errors} == {"/potential/tier", "/properties/0"}
    assert found.estimate is None


def test_paired_mixing_costs_a_message_for_each_element_of_a_sublattice(accepted):
    mean_field, paired = (
        estimated(accepted(potential={"name": "sevennet-0", "mixing": rule}))
        for rule in ("mean_field", "paired")
    )
    # Half of the sites are in the sublattice, of two elements: a quarter of the edges counts twice.
    assert 1.0 < paired.seconds / mean_field.seconds <= 1.25
    assert paired.memory_bytes >= mean_field.memory_bytes
