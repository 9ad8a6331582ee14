"""The check of the house finds what is planted in small trees, and nothing where there is nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools.check_house import faults, main
from tools.house import Floor, House

HOUSE = House(
    floors=(
        Floor(
            package="engine",
            layers=(
                ("__init__",),
                ("plans",),
                ("optimize", "acceptance"),
                ("kinds",),
                ("mechanics",),
                ("crystals",),
            ),
            parts=(("plans", ("kinds.campaign", "kinds.*.plan")),),
            loose=frozenset({"__init__.py"}),
            titles={},
        ),
    ),
    kinds=frozenset({"optimize", "scan"}),
    doors=frozenset({"engine/kinds/registry.py", "dashboard/src/kinds/index.ts"}),
    lazy=("*.registry",),
)


@pytest.fixture
def check(tmp_path):
    """Writes files into a tree and gives the faults that the check finds in it."""

    def found(house=HOUSE, **files: str) -> list[str]:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return faults(tmp_path, house)

    return found


def assert_one(found, place, *words):
    assert len(found) == 1, found
    assert found[0].startswith(f"{place}: ")
    assert all(word in found[0] for word in words), found


def test_a_tree_that_keeps_to_the_house_has_no_faults(check):
    found = check(
        **{
            "engine/__init__.py": "",
            "engine/crystals/crystal.py": "def build(): ...",
            "engine/mechanics/relax.py": "from engine.crystals import crystal",
            "engine/kinds/scan/faults.py": "def faults(problem): return problem.kind == 'scan'",
            "engine/kinds/scan/plan.py": "from engine.optimize.point import Point",
            "engine/optimize/point.py": "Point = tuple",
            "engine/kinds/registry.py": "KINDS = {'optimize': 1, 'scan': 2}\nof = lambda kind: KINDS[kind]",
            "api_schemas/problem.py": "from typing import Literal\nKind = Literal['optimize', 'scan']",
            "dashboard/src/kinds/scan/Page.svelte": "{#if job.kind === 'scan'}{/if}",
            "dashboard/src/kinds/index.ts": "const pages = { optimize: 1, scan: 2 };\npages[kind];",
        }
    )
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        "problem.kind == 'scan'",
        "'scan' != kind",
        "problem.kind in ('scan', 'other')",
        "job_kind not in {'scan'}",
        "job['kind'] == 'scan'",
        "job.get('kind') == 'scan'",
        "str(problem.kind) == 'scan'",
        "problem.kind.name == 'scan'",
        "problem.kind is schemas.SCAN",
        "problem.kind in TABLE",
        "problem.kind == ONE",
        "{'scan': 1}[problem.kind]",
        "TABLE[problem.kind]",
        "TABLE.get(problem.kind, 0)",
        "dict(scan=1)[kind]",
    ],
)
def test_a_comparison_of_a_kind_with_a_name_is_found_in_python(check, line):
    text = f"ONE = 'scan'\nTABLE: dict = {{'scan': 1}}\ndef asked(problem, job, kind, job_kind):\n    return {line}\n"
    assert_one(check(**{"service/api/jobs.py": text}), "service/api/jobs.py:4", "scan", "kind")


@pytest.mark.parametrize(
    "line", ["match problem.kind:\n case 'scan' | 'x': ...", "match job:\n case J(kind='scan'): ..."]
)
def test_a_match_of_a_kind_with_a_name_is_found(check, line):
    assert_one(check(**{"orichalcum/jobs.py": line}), "orichalcum/jobs.py:2", "scan")


def test_a_kind_of_something_else_is_let_be(check):
    text = (
        "def plain(kind, problem):\n    return kind == 'line', problem.kind == kind, problem.name == 'scan'\n"
    )
    assert check(**{"orichalcum/jobs.py": text}) == []


def test_the_room_of_one_kind_may_not_ask_for_another(check):
    text = "def plan(problem): return problem.kind == 'optimize'"
    assert_one(check(**{"engine/kinds/scan/faults.py": text}), "engine/kinds/scan/faults.py:1", "optimize")


@pytest.mark.parametrize(
    "line",
    [
        "{#if job.kind === 'scan'}x{/if}",
        'const a = problem?.kind !== "scan";',
        "const a = 'scan' === draft.problem.kind;",
        "if (jobKind == `scan`) go();",
        "if (job.kind.name === 'scan') go();",
        "const a = ['scan', 'other'].includes(job.kind);",
        "const a = new Set(['scan']).has(kind);",
        "const a = { scan: 'Scan', optimize: 'Search' }[job.kind];",
        "switch (job.kind) { case 'line': break; case 'scan': go(); }",
    ],
)
def test_a_comparison_of_a_kind_with_a_name_is_found_in_the_dashboard(check, line):
    found = check(**{"dashboard/src/job/Page.svelte": f"<p>\n{line}"})
    assert_one(found, "dashboard/src/job/Page.svelte:2", "scan")


def test_a_table_of_the_dashboard_that_is_asked_by_a_kind_is_found_where_it_is_asked(check):
    text = (
        "const WORDS: Record<Kind, string> = {\n  scan: 'Scan',\n};\nexport const word = WORDS[job.kind];\n"
    )
    assert_one(check(**{"dashboard/src/job/words.ts": text}), "dashboard/src/job/words.ts:4", "scan")


def test_scripts_may_have_kinds_of_other_things(check):
    text = (
        "{#if item.kind === 'line'}{/if}\nconst order = { scan: 1 };\norder[name];\nif (kind === mine) go();"
    )
    assert check(**{"dashboard/src/job/Page.svelte": text}) == []


def test_a_circle_of_files_is_found_with_its_way_round(check):
    found = check(
        **{
            "api_schemas/a.py": "import json\nfrom api_schemas.b import B",
            "api_schemas/b.py": "from api_schemas import c",
            "api_schemas/c.py": "import api_schemas.a",
        }
    )
    way = "api_schemas.a -> api_schemas.b -> api_schemas.c -> api_schemas.a"
    assert_one(found, "api_schemas/a.py:2", "circle", way)


def test_an_import_for_types_alone_closes_a_circle(check):
    found = check(
        **{
            "orichalcum/a.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from orichalcum.b import B",
            "orichalcum/b.py": "from orichalcum.a import A",
        }
    )
    assert_one(found, "orichalcum/a.py:3", "circle")


def test_an_import_inside_a_function_closes_a_circle(check):
    found = check(
        **{
            "orichalcum/a.py": "def late():\n    from orichalcum.b import B",
            "orichalcum/b.py": "from .a import A",
        }
    )
    assert_one(found, "orichalcum/a.py:2", "circle")


def test_a_registry_may_open_lazily_what_imports_it(check):
    files = {
        "engine/kinds/registry.py": "def plan():\n    from engine.kinds.scan import plan",
        "engine/kinds/scan/plan.py": "from engine.kinds.registry import plan",
    }
    assert check(**files) == []
    assert len(check(replace(HOUSE, lazy=()), **files)) == 2  # a circle, and an arrow that points up


def test_a_room_may_not_import_one_above_it(check):
    found = check(
        **{
            "engine/mechanics/relax.py": "x = 1",
            "engine/crystals/graph.py": "x = 1\n\nfrom engine.mechanics.relax import x",
        }
    )
    assert_one(found, "engine/crystals/graph.py:3", "imports engine.mechanics.relax", "mechanics", "crystals")


def test_a_room_may_not_import_one_beside_it(check):
    found = check(
        **{
            "engine/acceptance/resolve.py": "x = 1",
            "engine/optimize/point.py": "from engine.acceptance.resolve import x",
        }
    )
    assert_one(found, "engine/optimize/point.py:1", "acceptance", "optimize")


def test_a_part_of_a_folder_has_its_own_place_in_the_house(check):
    found = check(
        **{
            "engine/kinds/campaign.py": "from engine.kinds.kind import Kind",
            "engine/kinds/kind.py": "Kind = object",
            "engine/optimize/point.py": "from engine.kinds.campaign import Kind",
        }
    )
    assert_one(found, "engine/optimize/point.py:1", "plans", "optimize")


def test_a_room_that_the_table_does_not_know_is_found(check):
    found = check(**{"engine/attic/box.py": "from engine.attic import lid", "engine/attic/lid.py": ""})
    assert [fault.partition(": ")[0] for fault in found] == ["engine/attic/box.py:1", "engine/attic/lid.py:1"]
    assert all("attic" in fault and "house.toml" in fault for fault in found)


def test_a_loose_file_is_found(check):
    assert_one(
        check(**{"engine/crystals/crystal.py": "", "engine/notes.txt": ""}), "engine/notes.txt:1", "loose"
    )


def test_the_exit_status_says_whether_there_is_a_fault(tmp_path, capsys):
    assert main(tmp_path) == 0
    (tmp_path / "engine").mkdir()
    (tmp_path / "engine/helpers.txt").write_text("")
    assert main(tmp_path) == 1
    assert "engine/helpers.txt:1: a loose file" in capsys.readouterr().out
