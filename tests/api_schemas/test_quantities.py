"""Numbers as people write them: a hint gives the value in the unit of the field, or none."""

from __future__ import annotations

import ase.units
import pytest
import scipy.constants
from hypothesis import given
from hypothesis import strategies as st

from api_schemas.errors import ProblemInvalid, parse
from api_schemas.problem import Problem
from api_schemas.quantities import FRACTION, UNITS, plain_float, quantity_hint, unit_of_field
from api_schemas.units import UNITS as OF_PROPERTIES
from engine.composition.notation import parse_at_text


def hint(value, where):
    """What is said of a value at a place of a problem."""
    document: dict = {"kind": "evaluate", "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]}}
    place = document
    for name in where[:-1]:
        place = place.setdefault(name, {})
    place[where[-1]] = value
    with pytest.raises(ProblemInvalid) as refusal:
        parse(Problem, document)
    return refusal.value.errors[0].message


@pytest.mark.parametrize(
    ("text", "where", "mend"),
    [
        ("3.11", "structure/a", "write it without quotation marks: 3.11"),
        ("'3.11'", "structure/a", "write it without quotation marks: 3.11"),
        ("1/3", "structure/a", "write it as a decimal number: 0.3333333333"),
        ("3,11", "structure/a", "write decimals after a point, not a comma: 3.11"),
        ("3,110", "structure/a", "3.110; if the comma separates thousands, 3110"),
        ("3.11(2)", "structure/a", "write the number alone, in Å: 3.11"),
        ("3.11 ± 0.01 Å", "structure/a", "write the number alone, in Å: 3.11"),
        ("0.311(2) nm", "structure/a", "write the number alone, in Å: 3.11"),
        ("5.88 a0", "structure/a", "write the number alone, in Å: 3.111562"),
        ("3.11 Angstroms", "structure/a", "in Å: 3.11"), ("3.11 Ångström", "structure/a", "in Å: 3.11"),
        ("1%", "structure/a", "write the number alone, in Å; '%' is no unit of this field"),
        ("3.11 in", "structure/a", "write the number alone, in Å; 'in' is not converted"),
        ("300 K", "structure/a", "'K' is no unit of this field"),
        ("25 C", "conditions/temperature", "write the number alone, in K: 298.15"),
        ("-10 °C", "conditions/temperature", "write the number alone, in K: 263.15"),
        ("0.025 eV", "conditions/temperature", "in K; 'eV' is no unit of this field"),
        ("1 atm", "conditions/pressure", "write the number alone, in GPa: 0.000101325"),
        ("760 Torr", "conditions/pressure", "in GPa: 0.000101325"),
        ("-3.2 eV", "conditions/chemical_potentials/Na", "write the number alone, in eV/atom: -3.2"),
        ("-300 kJ/mol", "conditions/chemical_potentials/Na", "in eV/atom: -3.109280897"),
        ("3 nm", "conditions/substrate/value", "in Å: 30"),
    ],
)  # fmt: skip
def test_a_hint_is_right_in_value_and_unit(text, where, mend):
    assert hint(text, where.split("/")).endswith(mend)


@pytest.mark.parametrize(
    "text", ["3_11", "~3.11", "٣.١١", "3..1", "abc", "1/0", "", "1e999", "3.11.2", "--3"]
)
def test_what_is_no_quantity_gets_no_number(text):
    assert not any(character.isdigit() for character in hint(text, ["structure", "a"]))


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("1/3", "0.3333333333"), ("80%", "write it as a fraction: 0.8"), ("80 at.%", "write it as a fraction: 0.8"),
        ("0,8", "0.8"), ("8 nm", "a fraction between 0 and 1 is wanted"),
        ("0.8", "write it without quotation marks: 0.8"),
    ],
)  # fmt: skip
def test_fractions_are_answered_with_fractions(text, mend):
    document = {
        "kind": "evaluate",
        "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
        "sublattices": [{"name": "a", "sites": ["Na"], "elements": ["Na", "K"]}],
        "at": [{"a": {"Na": text}}],
    }
    with pytest.raises(ProblemInvalid) as refusal:
        parse(Problem, document)
    assert mend in refusal.value.errors[0].message


def test_percent_of_a_property_is_no_fraction_of_its_unit():
    found = quantity_hint("1%")
    assert (
        found
        == "of a property that is a fraction write 0.01; of others the number alone, in the property's unit"
    )
    assert unit_of_field(["objectives", 0, "tolerance"]) is None


@pytest.mark.parametrize(
    "text", ["0_8", "3_1.1", "٢", "inf", "nan", "1e400", "0x10", "1 2", "", ".", "+", "1d3"]
)
def test_what_python_alone_takes_for_a_number_is_none(text):
    assert plain_float(text) is None
    with pytest.raises(ProblemInvalid, match="is not a number"):
        parse_at_text(f"cation:Al={text},Sc=0.2")


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_every_finite_number_is_one_as_python_writes_it(value):
    assert plain_float(repr(value)) == value


def test_units_are_worth_what_other_tables_say():
    pascal = ase.units.Pascal / ase.units.GPa
    worth = {
        "bohr": ase.units.Bohr, "nm": ase.units.nm, "ev/å^3": 1.0 / ase.units.GPa, "atm": scipy.constants.atm * pascal,
        "torr": scipy.constants.torr * pascal, "bar": ase.units.bar / ase.units.GPa,
        "kj/mol": ase.units.kJ / ase.units.mol,
        "kcal/mol": ase.units.kcal / ase.units.mol, "ry": ase.units.Rydberg, "ha": ase.units.Hartree,
        "rad": scipy.constants.degree ** -1,
    }  # fmt: skip
    assert {name: UNITS[name][1] for name in worth} == pytest.approx(worth, rel=1e-6)
    assert quantity_hint("0 C", "K").endswith(f"{scipy.constants.zero_Celsius:g}")


def test_units_of_hints_are_those_of_fields_and_properties():
    # Units of fields that are no property's are K and eV.
    assert {unit for unit, _ in UNITS.values()} <= {*OF_PROPERTIES, FRACTION, "K", "eV"}


@pytest.mark.parametrize(
    ("text", "mend"),
    [
        ("cation:Al=1/3,Sc=2/3", "write it as a decimal number: 0.3333333333"),
        ("cation:Al=0.8 Sc=0.2", "put a comma between two elements"),
        ("cation:Al=0,8;Sc=0,2", "write decimals after a point"),
        ("cation:Al=80%,Sc=20%", "write it as a fraction: 0.8"),
    ],
)
def test_compositions_on_the_command_line_are_answered_with_their_mend(text, mend):
    with pytest.raises(ProblemInvalid) as refusal:
        parse_at_text(text)
    assert mend in refusal.value.errors[0].message
