"""The picture of the house is well-formed, the same for the same imports, and told apart when they change."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest

from tools.draw_house import PICTURE, main, picture, rooms_of
from tools.house import read_house
from tools.imports import read_graph
from tools.layers import place

FILES = {
    "engine/crystals/crystal.py": "",
    "engine/mechanics/relax.py": "import engine.crystals.crystal",
    "engine/properties/table.py": "import engine.mechanics.relax\nimport engine.crystals.crystal",
    "api_schemas/jobs.py": "",
    "service/api/jobs.py": "import api_schemas.jobs\nimport engine.properties.table",
}


@pytest.fixture
def tree(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_the_picture_names_every_room_and_says_what_each_imports(tree):
    root = ET.fromstring(picture(read_graph(tree), read_house()))  # noqa: S314  (of our own making)
    said = " ".join(element.text or "" for element in root.iter())
    assert all(name in said for name in ("engine", "service", "crystals", "mechanics", "properties", "api"))
    assert "engine, properties; imports crystals (1), mechanics (1)" in said


def test_a_line_that_others_imply_is_not_drawn(tree):
    engine = read_house().floors[0]
    rooms = rooms_of(engine, read_graph(tree))
    assert rooms.imports["properties", "crystals"] == 1
    assert rooms.drawn == [("mechanics", "crystals"), ("properties", "mechanics")]
    assert rooms.against == []


def test_a_line_against_the_house_stands_out(tree):
    (tree / "engine/crystals/crystal.py").write_text("import engine.properties.table")
    graph = read_graph(tree)
    assert rooms_of(read_house().floors[0], graph).against == [("crystals", "properties")]
    assert 'class="line wrong"' in picture(graph, read_house())


def test_the_picture_is_known_to_be_out_of_date_once_imports_change(tree, capsys):
    assert main(["--check"], tree) == 1
    assert main([], tree) == 0
    first = (tree / PICTURE).read_bytes()
    assert main(["--check"], tree) == 0
    (tree / "engine/mechanics/krylov.py").write_text("import engine.crystals.crystal")
    assert main(["--check"], tree) == 1
    assert "out of date" in capsys.readouterr().out
    (tree / "engine/mechanics/krylov.py").unlink()
    assert main([], tree) == 0
    assert (tree / PICTURE).read_bytes() == first


def test_boxes_of_a_layer_do_not_overlap_and_lines_can_be_drawn_without_crossing():
    layers = [["a", "b"], ["c"], ["d", "e"]]
    edges = [("a", "e"), ("b", "d"), ("a", "c")]
    widths = dict.fromkeys("abcde", 50.0)
    placed = place(layers, edges, widths, gap=20.0)
    middles = placed.middles
    assert abs(middles["a"] - middles["b"]) >= 70.0 - 1e-9
    assert abs(middles["d"] - middles["e"]) >= 70.0 - 1e-9
    assert (middles["a"] < middles["b"]) == (
        middles["e"] < middles["d"]
    )  # lines a-e and b-d then do not cross
    assert len(placed.bends["a", "e"]) == len(placed.bends["b", "d"]) == 1
    assert placed.bends["a", "c"] == ()
