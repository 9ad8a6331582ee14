"""Words for atoms in structure files: what names an element, and what names a mixture, an empty site or nothing."""

from __future__ import annotations

import pytest

from engine.crystals.labels import element_of_label, element_of_type, unknown_element
from engine.crystals.structure_faults import StructureFault

MIXTURES = [
    "Al0.5Sc0.5", "Al.5Sc.5", "Al50Sc50", "Fe1Mn1", "Fe1Co", "La1Sr1", "Sr1Y2", "Fe1O1", "Al=Sc", "Al\\Sc", "Al~Sc",
    "Al<Sc>", "Al[Sc]", "Al{Sc}", "Al1(Sc)", "Al1*Sc1", "Al1.Sc1", "Al1'Sc1", "Al/Sc", "Al,Sc", "LaSr", "AlxSc",
    "Al1xSc1", "Al1-xScx", "Al0.5Vac0.5", "Al/Va", "Al,□", "Fe0.7V0.3",
]  # fmt: skip


@pytest.mark.parametrize("kind", ["label", "type"])
@pytest.mark.parametrize("word", MIXTURES)
def test_a_word_that_names_a_mixture_is_refused_as_one(word, kind):
    assert element_of_type(word) is None
    with pytest.raises(StructureFault, match="names two elements") as refusal:
        element_of_label(word, kind=kind)
    assert refusal.value.kind == "partial-occupancy"
    assert str(refusal.value).startswith(f"the {kind} {word!r}")
    assert "put the mixture into sublattices" in str(refusal.value)
    assert ("add the column _atom_site_type_symbol" in str(refusal.value)) == (kind == "label")


@pytest.mark.parametrize("word", ["Al0.5", "Al.5", "Al1-x", "Fe0.75", "Ti1-y"])
def test_a_share_of_a_site_is_a_partial_occupancy(word):
    assert element_of_type(word) is None
    with pytest.raises(StructureFault, match="fills only a part of its site") as refusal:
        element_of_label(word)
    assert refusal.value.kind == "partial-occupancy"


@pytest.mark.parametrize(
    ("label", "element"),
    [
        ("Fe0.5+", "Fe"), ("Fe2.5+", "Fe"), ("Fe3+1", "Fe"), ("Al1.1", "Al"), ("Fe1A", "Fe"), ("Sn2A", "Sn"),
        ("O1W", "O"), ("O1W1", "O"), ("H1N1", "H"), ("H1Ca", "H"), ("Al1_1", "Al"), ("Fe(II)", "Fe"), ("FeII", "Fe"),
        ("AlIV", "Al"), ("OII", "O"), ("Mg_M1", "Mg"), ("C_a_1", "C"), ("Fe1_tet", "Fe"), ("O1*", "O"), ("Fe1'", "Fe"),
    ],
)  # fmt: skip
def test_what_follows_an_element_in_a_label_is_no_other_element(label, element):
    assert element_of_label(label) == element


def test_a_formula_decides_what_follows_a_number():
    assert element_of_label("Fe1B", ["Fe", "O"]) == "Fe"
    assert element_of_label("C1Ca", ["C", "O"]) == "C"
    with pytest.raises(StructureFault, match="names two elements, Fe and B"):
        element_of_label("Fe1B", ["Fe", "B"])
    assert element_of_label("O1W", ["O", "W"]) == "O"


def test_an_oxidation_state_is_not_read_into_another_element():
    assert element_of_label("SII") is None  # silicon, or sulfur II
    assert element_of_label("NIII") is None
    assert element_of_label("SII", ["S", "Zn"]) == "S"


@pytest.mark.parametrize(
    ("word", "mend"),
    [
        ("CO1", "it may be Co or C or O: write the symbol of the one that is there (as in Co1), or add the column"),
        ("NI1", "it may be Ni or N or I"), ("CAl1", "it may be C or Al"), ("AlT", "did you mean Al?"),
        ("CoA", "did you mean Co?"), ("FeOct", "did you mean Fe?"), ("Nam", "did you mean N or Na?"),
        ("Q1", "remove it; else write its element"), ("Du1", "remove it; else write its element"),
        ("T1", "if it stands for the atom of a tetrahedral site"), ("Iron1", "write Fe"),
    ],
)  # fmt: skip
def test_a_label_that_is_none_is_answered_with_what_it_may_be(word, mend):
    assert element_of_label(word) is None
    assert mend in str(unknown_element(word, "the label", labels=True))


@pytest.mark.parametrize("word", ["Vac", "Vac1", "VAC", "Va1", "VA", "vacancy", "□"])
def test_an_empty_site_in_a_file_is_sent_to_the_sublattices_not_to_the_same_word(word):
    assert element_of_label(word) is None
    for labels in (True, False):
        told = str(unknown_element(word, "line 6", labels=labels))
        assert told.endswith("put the element of the full site here")
        assert "write Vac" not in told


def test_words_of_other_formats_are_not_told_to_add_a_column():
    assert "column" not in str(unknown_element("CO1", "line 6 of the POSCAR"))
