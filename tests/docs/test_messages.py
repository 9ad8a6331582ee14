"""The list of messages in the docs is what the code says."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.list_messages import messages_of, page

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def written() -> str:
    """The page as it is written now; every file of the code is read for it."""
    return page()


def test_the_list_of_messages_is_current(written):
    assert (ROOT / "docs" / "messages.md").read_text(encoding="utf-8") == written


def test_a_message_is_found_with_its_type_wherever_it_is_written():
    source = """
def of_a_variable(name):
    text = f"{name!r} is wrong; write {name.lower()} or {name}"
    raise bad_structure(text)

def by_its_type():
    return FieldError(pointer="/a", type="too-many", message="there are " "too many")

def _fault(text):
    return FieldError(pointer="/b", type="odd-one", message=text)

def of_a_local_function(count):
    return _fault("one is odd; " + ("take two" if count else "take none"))

KIND = KindSchema(name="k", because={"a": "k has no " "a", "b.c": "k has no c"}, faults={"b.c": "not-with-k"})
"""
    found = [(one.kind, one.text) for one in messages_of(source)]
    assert found == [
        ("unused-field", "k has no a"),
        ("not-with-k", "k has no c"),
        ("bad-structure", "⟨name⟩ is wrong; write ⟨lower⟩ or ⟨name⟩"),
        ("too-many", "there are too many"),
        ("odd-one", "one is odd; [take two | take none]"),
    ]


def test_every_message_has_words_and_a_type_that_is_a_slug(written):
    rows = [
        row.split(" | ")
        for row in written.splitlines()
        if row.startswith("| ") and not row.startswith("| type")
    ]
    assert len(rows) > 200
    unknown = [row for row in rows if row[0] == "| *"]
    assert len(unknown) < 20
