"""Names of space groups, against spglib's table of all settings."""

from __future__ import annotations

import gemmi
import pytest
import spglib

from engine.crystals import space_groups

RIGHT = (90.0, 90.0)


def by_spglib(hall_number):
    """International symbol in full, Hall symbol and number of a setting."""
    kind = spglib.get_spacegroup_type(hall_number)
    return kind.international_full, kind.hall_symbol, kind.number


@pytest.mark.parametrize("number", range(1, 231))
def test_full_symbols_of_standard_settings_are_understood(number):
    standard = next(hall for hall in range(1, 531) if by_spglib(hall)[2] == number)
    full = by_spglib(standard)[0]
    found = space_groups.by_name(full, (90.0, 120.0) if 143 <= number <= 194 else RIGHT)
    assert found, full
    assert {group.number for group in found} == {number}


def test_hall_symbols_are_those_of_the_operations():
    for hall_number in range(1, 531):
        _, hall, number = by_spglib(hall_number)
        group = space_groups.by_hall(hall)
        if group is not None:  # some are written in another way there
            assert group.number == number
            symmetry = spglib.get_symmetry_from_database(hall_number)
            assert len(symmetry["rotations"]) == len(list(group.operations()))


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("F 41/d -3 2/m (origin choice 2)", "F d -3 m:2"), ("F d -3 m Z", "F d -3 m:2"), ("F d -3 m:1", "F d -3 m:1"),
        ("R -3 2/m (hexagonal axes)", "R -3 m:H"), ("R -3 m R", "R -3 m:R"), ("P 42/n m c S", "P 42/n m c:1"),
        ("P n m a (62)", "P n m a"), ("Pnma(62)", "P n m a"), ("P 63 m c (No. 186)", "P 63 m c"),
        ("Fm-3m #225", "F m -3 m"),
        ("P 6~3~ m c", "P 63 m c"), ("P6<sub>3</sub>mc", "P 63 m c"), ("P 6_{3} m c", "P 63 m c"),
        ("P6₃mc", "P 63 m c"),
        ("P $6_3$ m c", "P 63 m c"), ("P 6<3> m c", "P 63 m c"), ("F m \\bar{3} m", "F m -3 m"),
        ("Fm3\u0304m", "F m -3 m"),
        ("P -1 (2)", "P -1"), ("P 6(3)", "P 63"), ("F d -3 m Z (227)", "F d -3 m:2"),
        ("P2_1/c", "P 1 21/c 1"), ("P 63/m m c", "P 63/m m c"), ("I4/mcm", "I 4/m c m"), ("pnma", "P n m a"),
    ],
)  # fmt: skip
def test_names_as_programs_write_them_mean_one_setting(name, setting):
    found = space_groups.by_name(name, (90.0, 120.0) if name[0] == "R" else RIGHT)
    assert [group.xhm() for group in found] == [setting]


@pytest.mark.parametrize("name", ["unknown", "?", "Q 17", "P q c n", "F 4/q -3 2/m", "cubic", "1 2 3", "P n m a (63)",
                                  "F m -3 m (No. 999)", " " * 900_000 + "x", " (" * 450_000])  # fmt: skip
def test_words_that_are_no_space_groups_are_none(name):
    assert space_groups.by_name(name, RIGHT) == []


@pytest.mark.parametrize(
    ("text", "number"), [("186", 186), ("186.0", 186), ("999", None), ("٢", None), ("0", None)]
)
def test_a_number_is_one_of_230(text, number):
    assert [group.number for group in space_groups.by_number(text, (90.0, 120.0))] == [number] * (
        number is not None
    )


def test_two_origins_are_two_answers():
    found = space_groups.by_name("F d -3 m", RIGHT)
    assert [group.xhm() for group in found] == ["F d -3 m:1", "F d -3 m:2"]
    assert gemmi.find_spacegroup_by_name("F d -3 m").xhm() in {group.xhm() for group in found}
