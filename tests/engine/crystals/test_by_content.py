"""What is remembered of a crystal: found once, the same as found anew, bounded, and never a fault."""

from __future__ import annotations

import numpy as np
import pytest
import spglib

from engine.crystals import by_content as module
from engine.crystals.by_content import by_content
from engine.crystals.crystal import build_crystal
from engine.crystals.prototypes import PROTOTYPES
from engine.units.estimate import coordinate_count

LABELS = np.array([1, 2], dtype=np.int64)


def test_the_symmetry_of_a_crystal_is_looked_for_once_and_again_for_another(monkeypatch):
    looked = []
    found = spglib.get_symmetry_dataset
    monkeypatch.setattr(
        spglib, "get_symmetry_dataset", lambda *given, **rest: looked.append(1) or found(*given, **rest)
    )
    rocksalt = PROTOTYPES["rocksalt"]
    first = build_crystal(rocksalt.build(["Na", "Cl"], a=5.123456))
    assert len(looked) == 1
    again = build_crystal(rocksalt.build(["Na", "Cl"], a=5.123456))
    assert len(looked) == 1
    assert np.array_equal(first.conventional, again.conventional)
    build_crystal(rocksalt.build(["Na", "Cl"], a=5.123457))
    assert len(looked) == 2
    # The cubic cell of four formula units over the primitive one: known without spglib.
    assert abs(np.linalg.det(first.conventional)) == pytest.approx(4.0)


def test_what_is_remembered_cannot_be_changed_by_a_caller():
    crystal = build_crystal(PROTOTYPES["fcc"].build(["Cu"], a=3.6123))
    with pytest.raises(ValueError, match="read-only"):
        crystal.conventional[0, 0] = 7.0


def test_crystals_that_differ_in_one_digit_of_a_coordinate_or_in_a_label_are_told_apart():
    counted = by_content(lambda lattice, frac, labels: (float(frac[1, 2]), int(labels[1])))
    frac = np.array([[0, 0, 0], [0.5, 0.5, 0.5]])
    moved = frac.copy()
    moved[1, 2] = np.nextafter(0.5, 1.0)
    assert counted(np.eye(3), frac, LABELS) == (0.5, 2)
    assert counted(np.eye(3), moved, LABELS) == (np.nextafter(0.5, 1.0), 2)
    assert counted(np.eye(3), frac, np.array([1, 3])) == (0.5, 3)
    # A view in another order of memory is the same crystal.
    assert counted(np.eye(3), np.asfortranarray(moved), LABELS) == (np.nextafter(0.5, 1.0), 2)


def test_a_fault_is_not_remembered_and_only_so_many_answers_are():
    calls = []

    @by_content
    def faulty(lattice, frac, labels):
        calls.append(float(lattice[0, 0]))
        if len(calls) == 1:
            raise ValueError("once")
        return calls[-1]

    frac = np.zeros((2, 3))
    with pytest.raises(ValueError, match="once"):
        faulty(np.eye(3), frac, LABELS)
    assert faulty(np.eye(3), frac, LABELS) == 1.0
    for n in range(module.MOST_REMEMBERED + 1):
        faulty((n + 2.0) * np.eye(3), frac, LABELS)
    before = len(calls)
    faulty(np.eye(3), frac, LABELS)
    assert len(calls) == before + 1  # forgotten, so asked again


def test_the_number_of_coordinates_is_the_same_remembered_and_anew():
    parents = [prototype.build(prototype.example) for prototype in PROTOTYPES.values()]
    first = [coordinate_count(build_crystal(parent)) for parent in parents]
    assert first == [coordinate_count(build_crystal(parent)) for parent in parents]
    # Closed form: cubic crystals without free positions have their lattice constant alone.
    assert dict(zip(PROTOTYPES, first, strict=True))["rocksalt"] == 1
