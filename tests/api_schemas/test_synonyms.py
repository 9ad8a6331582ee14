"""One table of other words: each refusal names the right one, and what it names exists."""

from __future__ import annotations

import re

import pytest

from api_schemas import synonyms
from api_schemas.conditions import Conditions
from api_schemas.errors import ProblemInvalid, parse
from api_schemas.problem import Problem
from api_schemas.structures import Structure
from api_schemas.symbols import ATOMIC_NUMBERS, VACANCY
from engine.acceptance.resolve import resolve
from engine.crystals.prototypes import PROTOTYPES as PARENTS
from engine.properties.table import PROPERTIES, unknown_property

ROCKSALT = {"prototype": "rocksalt", "species": ["Na", "Cl"]}


def problem(**changes):
    return {
        "structure": ROCKSALT,
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K"]}],
        "objectives": [{"property": "lattice_a", "target": 5.9, "tolerance": 0.01}],
        **changes,
    }


def message(document, where):
    with pytest.raises(ProblemInvalid) as refusal:
        resolve(parse(Problem, document))
    return {fault.pointer: fault.message for fault in refusal.value.errors}[where]


def test_every_element_has_its_english_name():
    from ase.data import atomic_names

    named = {symbol: atomic_names[number] for symbol, number in ATOMIC_NUMBERS.items()}
    names = {
        name.lower(): symbol for symbol, name in named.items() if name and symbol != "Ds"
    }  # misspelt there
    assert {name: synonyms.ELEMENTS.get(name) for name in names} == names


def test_what_is_suggested_exists():
    assert set(synonyms.ELEMENTS.values()) <= {*ATOMIC_NUMBERS, VACANCY}
    meant = {name for names in synonyms.PROPERTIES.values() for name in names}
    assert meant - {"mass_fraction"} <= PROPERTIES.keys()
    assert not synonyms.PROPERTIES.keys() & PROPERTIES.keys()
    fields = {*Structure.model_fields, *Problem.model_fields, *Conditions.model_fields}
    assert set(synonyms.PROTOTYPES.values()) <= PARENTS.keys()
    assert not synonyms.PROTOTYPES.keys() & PARENTS.keys()
    assert {re.split(r"\W", meant)[0] for meant in synonyms.FIELDS.values()} <= fields


@pytest.mark.parametrize(
    ("word", "mend"),
    [
        ("vac", "write Vac"), ("Va", "write Vac"), ("vacancy", "write Vac"), ("VACANCIES", "write Vac"),
        ("D", "write H"), ("deuterium", "write H"), ("Sodium", "write Na"), ("aluminum", "write Al"),
        ("sulphur", "write S"), ("Sodiun", "did you mean Na (sodium)?"), ("sc", "did you mean Sc?"),
        ("AL", "did you mean Al?"), ("Fe3+", "write Fe"), ("Na1", "write Na"), ("Mn_pv", "write Mn"),
        ("Xq", "give a symbol such as Al or Sc"), ("RE", "if it stands for a rare earth"), ("H.75", "give a symbol"),
        ("Tm3+", "write Tm"), ("Re4+", "write Re"), ("TM3+", "if it stands for a transition metal"), ("1H", "write H"),
        ("T", "if it stands for the atom of a tetrahedral site (tritium is H)"), ("Ce(III)", "write Ce"),
        ("Fe(2+)", "write Fe"), ("FeII", "write Fe"), ("O--", "write O"), ("Al:1", "write Al"), ("'Al'", "write Al"),
        ("CO1", "did you mean Co, or C and O by themselves?"), ("CO", "did you mean Co?"), ("Ox", "did you mean O?"),
        ("NH4", "did you mean Nh, or N and H by themselves?"), ("Al0.5Sc0.5", "it names Al and Sc: name each"),
        ("Fe1Mn1", "it names Fe and Mn: name each"), ("VO", "it names V and O: name each"), ("Vac1", "write Vac"),
        ("Vac_O", "write Vac"), ("Lanthanum3+", "write La"), ("Sç", "give a symbol"), ("Dum", "if it is no atom"),
    ],
)  # fmt: skip
def test_a_word_for_an_element_is_answered_with_its_symbol(word, mend):
    sublattice = {"name": "cation", "sites": ["Na"], "elements": ["Na", word]}
    found = message(problem(sublattices=[sublattice]), f"/sublattices/0/elements/{word}")
    assert found.startswith(f"'{word}' is not a chemical element; {mend}")


def test_a_vacancy_belongs_to_a_sublattice():
    found = message(problem(structure={**ROCKSALT, "species": ["Vac", "Cl"]}), "/structure/species/0")
    assert "a vacancy stands among the elements of a sublattice" in found


@pytest.mark.parametrize(
    ("word", "mend"),
    [
        ("e_above_hull", "near in meaning: formation_energy, mixing_energy"),
        ("energy_above_hull", "near in meaning: formation_energy, mixing_energy"),
        ("shear_modulus", "near in meaning: c44, poisson_ratio"),
        ("Young's modulus", "near in meaning: c11, poisson_ratio, bulk_modulus"),
        ("youngs_modulus", "near in meaning: c11, poisson_ratio, bulk_modulus"),
        ("magnetization", "the properties are lattice_a, lattice_b"),
        ("band-gap", "the properties are lattice_a, lattice_b"),
        ("lattice constant", "near in meaning: lattice_a"),
        ("latice_a", "did you mean lattice_a"),
        ("weight_fraction", "near in meaning: mass_fraction:ELEMENT"),
        ("mass_fraction", "near in meaning: mass_fraction:ELEMENT"),
        ("mass_fraction:sc", "did you mean mass_fraction:Sc?"),
        ("quux", "the properties are lattice_a, lattice_b"),
    ],
)
def test_a_word_for_a_property_is_answered_with_what_is_near_in_meaning_or_the_list(word, mend):
    assert unknown_property(word).startswith(f"there is no property {word!r}; {mend}")
    found = message(problem(properties=[word]), "/properties/0")
    assert found == unknown_property(word)


@pytest.mark.parametrize(
    ("changes", "where", "mend"),
    [
        ({"structure": {**ROCKSALT, "a": "0.564 nm"}}, "/structure/a", "in Å: 5.64"),
        ({"structure": {**ROCKSALT, "a": "5.64 Å"}}, "/structure/a", "in Å: 5.64"),
        ({"structure": {**ROCKSALT, "a": 0.564}}, "/structure/a", "From nm multiply them by 10"),
        ({"conditions": {"pressure": "0.0624 eV/Å^3"}}, "/conditions/pressure", "in GPa: 9.99758"),
        ({"conditions": {"pressure": "100 kbar"}}, "/conditions/pressure", "in GPa: 10"),
        ({"conditions": {"temperature": "300 K"}}, "/conditions/temperature", "in K: 300"),
        ({"objectives": [{"property": "lattice_a", "target": 0.59, "tolerance": 0.001}]}, "/objectives/0/target",
         "from nm multiply by 10"),
        ({"objectives": [{"property": "lattice_a", "target": "0.59 nm", "tolerance": 0.001}]},
         "/objectives/0/target", "in Å: 5.9"),
        ({"sublattices": [{"name": "c", "sites": ["Na"], "elements": {"Na": [0, 80], "K": [20, 100]}}]},
         "/sublattices/0/elements/Na/1", "write 0.2 for 20 %"),
        ({"at": [{"cation": {"Na": 80, "K": 20}}], "kind": "evaluate", "objectives": []}, "/at/0/cation/Na",
         "write 0.2 for 20 %"),
        ({"sublattices": [{"name": "c", "sites": ["na"], "elements": ["Na", "K"]}]}, "/sublattices/0/sites/0",
         "the parent has Cl, Na; did you mean Na?"),
        ({"sublattices": [{"name": "c", "sites": ["Sodium"], "elements": ["Na", "K"]}]}, "/sublattices/0/sites/0",
         "did you mean Na?"),
        ({"sublattices": [{"name": "c", "sites": ["Na1"], "elements": ["Na", "K"]}]}, "/sublattices/0/sites/0",
         "did you mean Na?"),
        ({"at": [{"cation": {"na": 0.8, "K": 0.2}}], "kind": "evaluate", "objectives": []}, "/at/0/cation/na",
         "its elements are Na, K; did you mean Na?"),
        ({"at": [{"cation": {"Na": 0.8, "Potassium": 0.2}}], "kind": "evaluate", "objectives": []},
         "/at/0/cation/Potassium", "did you mean K?"),
        ({"sublattices": [{"name": "c", "sites": ["Na"], "elements": {"Na": 0.8, "K": [0, 1]}}]},
         "/sublattices/0/elements/Na", "such as [0, 0.5]; a composition stands in at"),
        ({"sublattices": [{"name": "c", "sites": ["Na"], "elements": {"Na": [0, 1], "K": "20%"}}]},
         "/sublattices/0/elements/K", "such as [0, 0.5]; a composition stands in at"),
        ({"sublattices": [{"name": "c", "sites": ["Na"], "elements": "Na, K"}]}, "/sublattices/0/elements",
         "this should be a list of symbols: write [Na, K]"),
        ({"sublattices": [{"name": "c", "sites": ["Na"], "elements": ["Na", None]}]}, "/sublattices/0/elements/1",
         "this should be the symbol of an element, such as Al; an empty site is Vac"),
        ({"at": [{"cation": "Na0.8K0.2"}], "kind": "evaluate", "objectives": []}, "/at/0/cation",
         "this should be a mapping of fractions: write {Al: 0.8, Sc: 0.2}"),
        ({"structure": {"xyz": "2"}}, "/structure/xyz", "an XYZ file is not read: convert it"),
        ({"structure": {"file": "a.cif"}}, "/structure/file", "write cif_file or poscar_file"),
        ({"conditions": {"T": 300}}, "/conditions/T", "write temperature"),
        ({"temperature": 300}, "/temperature", "write conditions: {temperature: ...}"),
    ],
)  # fmt: skip
def test_other_units_and_fields_are_answered_with_the_right_ones(changes, where, mend):
    assert mend in message(problem(**changes), where)


def test_a_long_list_of_wrong_words_is_refused_by_its_length():
    words = {f"sodiun{number}": [0, 1] for number in range(50_000)}
    sublattice = {"name": "cation", "sites": ["Na"], "elements": words}
    with pytest.raises(ProblemInvalid) as refusal:
        parse(Problem, problem(sublattices=[sublattice]))
    assert [fault.message for fault in refusal.value.errors] == [
        "this has 50000 entries; it should have at most 20"
    ]
