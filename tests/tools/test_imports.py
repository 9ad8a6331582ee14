"""The import graph says what the source says, wherever an import stands."""

from __future__ import annotations

import pytest

from tools.imports import circles, read_graph

SOURCE = """
from __future__ import annotations
import os
import engine.crystals.crystal
from engine import crystals
from engine.crystals import crystal, build
from . import neighbours
from ..crystals.crystal import Crystal
if typing.TYPE_CHECKING:
    from service.tables import jobs
class Late:
    def ask(self):
        import service.tables.events
"""


@pytest.fixture
def graph(tmp_path):
    names = (
        "engine/crystals/__init__.py", "engine/crystals/crystal.py", "engine/mechanics/__init__.py",
        "engine/mechanics/neighbours.py", "service/tables/jobs.py", "service/tables/events.py",
    )  # fmt: skip
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "engine/mechanics/relax.py").write_text(SOURCE)
    return read_graph(tmp_path)


def test_every_import_of_ours_is_listed_with_its_line_and_where_it_stands(graph):
    assert {(one.target, one.line, one.when) for one in graph.imports} == {
        ("engine.crystals.crystal", 4, "top"),
        ("engine.crystals", 5, "top"),
        ("engine.crystals.crystal", 6, "top"),
        ("engine.crystals", 6, "top"),  # the name build is in the package itself
        ("engine.mechanics.neighbours", 7, "top"),
        ("engine.crystals.crystal", 8, "top"),
        ("service.tables.jobs", 10, "typing"),
        ("service.tables.events", 13, "function"),
    }
    assert {graph.place(one) for one in graph.imports if one.line == 4} == {"engine/mechanics/relax.py:4"}


def test_modules_in_separate_circles_are_separate_groups(tmp_path):
    follows = {"a": "b", "b": "c", "c": "b", "d": "e", "e": "d", "f": "a"}
    (tmp_path / "engine").mkdir()
    for name, other in follows.items():
        (tmp_path / f"engine/{name}.py").write_text(f"import engine.{other}")
    found = circles(list(read_graph(tmp_path).imports))
    assert found == [["engine.b", "engine.c"], ["engine.d", "engine.e"]]
