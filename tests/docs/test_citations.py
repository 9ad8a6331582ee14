"""What a docstring or comment cites can be looked up: a file, section or equation in docs/, or a paper by its DOI."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = ("api_schemas", "engine", "service", "orichalcum")
SCIENCE = "docs/science.md"

DOCUMENT = re.compile(r"docs/[\w./-]*\w\.\w+")
SECTION = re.compile(r'(docs/[\w-]+\.md), section (?:"([^"]+)"|(\d+))')
EQUATIONS = re.compile(r"Eq\.? (\d+(?:(?:, | and | or | to )\d+)*)")
PAPER = re.compile(r"\b[A-Z]?\d+, [A-Z]?\d+ \((?:19|20)\d\d\)|\b(?:19|20)\d\d, \d+, \d+\b")
DOI = re.compile(r"doi:(10\.\d{4,9}/[^\s;,]+)")
PREPRINT = re.compile(r"(?<!10\.48550/)arXiv[:.]\s?\d{4}")


@dataclass(frozen=True)
class Passage:
    """A docstring, or comment lines in a row, on one line."""

    where: str
    text: str


def statements(block: list[ast.stmt]) -> Iterator[ast.AST]:
    """All statements of a block, and what holds such; no expressions, of which there are ten times as many."""
    for one in block:
        yield one
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            yield from statements(getattr(one, name, []))


def passages(source: str, name: str) -> Iterator[Passage]:
    """The docstrings of a module, those after constants among them, and its comments."""
    for node in statements(ast.parse(source).body):
        text = getattr(node.value, "value", None) if isinstance(node, ast.Expr) else None
        if isinstance(text, str):
            yield Passage(f"{name}:{node.lineno}", " ".join(text.split()))
    rows: list[tuple[int, str]] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type != tokenize.COMMENT:
            continue
        if rows and token.start[0] != rows[-1][0] + 1:
            yield Passage(f"{name}:{rows[0][0]}", " ".join(text for _, text in rows))
            rows = []
        rows.append((token.start[0], token.string.lstrip("# ")))
    if rows:
        yield Passage(f"{name}:{rows[0][0]}", " ".join(text for _, text in rows))


@cache
def everything() -> list[Passage]:
    files = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
    return [
        found
        for path in files
        for found in passages(path.read_text(encoding="utf-8"), str(path.relative_to(ROOT)))
    ]


def faults(text: str) -> list[str]:
    """What cannot be looked up in a passage."""
    found = [f"there is no {cited}" for cited in DOCUMENT.findall(text) if not (ROOT / cited).is_file()]
    for name, title, number in SECTION.findall(text):
        if title not in headings(name) and number not in section_numbers(name):
            found.append(f"{name} has no section {title or number}")
    equations = [number for many in EQUATIONS.findall(text) for number in re.findall(r"\d+", many)]
    known = anchors()
    found += [f"{SCIENCE} has no Eq. {number}" for number in equations if int(number) not in known]
    if equations and SCIENCE not in text:
        found.append("an equation is cited, and not of which document")
    if re.search(r"(?<!docs/)\bscience\.md", text):
        found.append("science.md is cited without its folder")
    if re.search(r"\bcontract\b", text):
        found.append("a contract is cited, which is no document of the repository")
    papers = [*PAPER.finditer(text)]
    for number, paper in enumerate(papers):
        end = papers[number + 1].start() if number + 1 < len(papers) else len(text)
        if not DOI.search(text[paper.end() : end]):
            found.append(f"{paper.group()} has no DOI")
    if PREPRINT.search(text):
        found.append("a preprint is cited without its DOI")
    return found


@cache
def document(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def headings(name: str) -> set[str]:
    return {title.strip() for title in re.findall(r"^#+ (?:\d+\. )?(.+)$", document(name), re.MULTILINE)}


def section_numbers(name: str) -> set[str]:
    return set(re.findall(r"^#+ (\d+)\. ", document(name), re.MULTILINE))


@cache
def anchors() -> list[int]:
    return [int(number) for number in re.findall(r'^<a id="eq-(\d+)"></a>$', document(SCIENCE), re.MULTILINE)]


def test_every_citation_in_the_code_resolves():
    wrong = [f"{found.where}: {fault}" for found in everything() for fault in faults(found.text)]
    assert not wrong, "\n".join(wrong)


def test_the_code_cites_the_equations_by_number():
    cited = {
        int(number)
        for found in everything()
        for many in EQUATIONS.findall(found.text)
        for number in re.findall(r"\d+", many)
    }
    assert len(cited) > 30


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("see docs/nowhere.md", "there is no docs/nowhere.md"),
        ("docs/science.md, Eq. 3 and 999", "docs/science.md has no Eq. 999"),
        ('docs/properties.md, section "Nothing"', "docs/properties.md has no section Nothing"),
        ("docs/science.md, section 99", "docs/science.md has no section 99"),
        ("by Eq. 3", "an equation is cited, and not of which document"),
        ("(science.md, section 2)", "science.md is cited without its folder"),
        ("(contract, problem file)", "a contract is cited, which is no document of the repository"),
        ("A. Author, J. Some Phys. 12, 345 (1999)", "12, 345 (1999) has no DOI"),
        ("Acta Some. C43, 2260 (1987)", "C43, 2260 (1987) has no DOI"),
        ("J. Some. 2024, 20, 4857", "2024, 20, 4857 has no DOI"),
        ("Some Phys. 1, 2 (1999); B 3, 4 (2000), doi:10.1000/x", "1, 2 (1999) has no DOI"),
        ("arXiv:2003.03123", "a preprint is cited without its DOI"),
    ],
)
def test_a_citation_that_leads_nowhere_is_found(text, fault):
    assert faults(text) == [fault]


@pytest.mark.parametrize(
    "text",
    [
        "docs/science.md, Eq. 13 to 15",
        "docs/science.md, section 4",
        'docs/properties.md, section "Moduli"',
        "J. Some Phys. 12, 345 (1999), doi:10.1000/abc; doi:10.48550/arXiv.2003.03123",
    ],
)
def test_a_citation_that_can_be_looked_up_is_no_fault(text):
    assert faults(text) == []


def test_wrapped_docstrings_and_comments_are_read_as_one_line():
    source = '"""See docs/science.md,\nEq. 3."""\nX = 1\n"""Of\nX."""\n# a\n# b\n\n# c\n'
    assert [found.text for found in passages(source, "m.py")] == [
        "See docs/science.md, Eq. 3.",
        "Of X.",
        "a b",
        "c",
    ]


def test_equations_are_numbered_consecutively_and_each_once():
    tags = [int(number) for number in re.findall(r"\\tag\{(\d+)\}", document(SCIENCE))]
    assert anchors() == list(range(1, len(anchors()) + 1))
    assert tags == anchors()


def test_an_anchor_stands_right_above_its_equation():
    blocks = re.findall(r'<a id="eq-(\d+)"></a>\n\n```math\n(.*?)```', document(SCIENCE), re.DOTALL)
    assert [int(number) for number, _ in blocks] == anchors()
    assert all(f"\\tag{{{number}}}" in block for number, block in blocks)


def test_the_account_refers_to_equations_and_literature_that_it_has():
    body, _, literature = document(SCIENCE).partition("## Literature")
    entries = [int(number) for number in re.findall(r"^(\d+)\. ", literature, re.MULTILINE)]
    assert entries == list(range(1, len(entries) + 1))
    cited = {
        int(number)
        for many in re.findall(
            r"\[(\d+(?:, \d+)*)\](?!\()", re.sub(r"```math.*?```", "", body, flags=re.DOTALL)
        )
        for number in many.split(", ")
    }
    assert cited == set(entries)
    assert {int(number) for number in re.findall(r"Eq\. (\d+)", body)} <= set(anchors())


def test_links_between_documents_lead_somewhere():
    wrong = []
    for path in sorted((ROOT / "docs").glob("*.md")):
        for target in re.findall(r"\]\(([\w.-]*)#([\w-]+)\)", path.read_text(encoding="utf-8")):
            name = f"docs/{target[0] or path.name}"
            slugs = {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in all_headings(name)}
            known = slugs | set(re.findall(r'<a id="([\w-]+)">', document(name)))
            if target[1] not in known:
                wrong.append(f"{path.name}: {target[0]}#{target[1]}")
    assert not wrong


def all_headings(name: str) -> list[str]:
    return re.findall(r"^#+ (.+)$", document(name), re.MULTILINE)
