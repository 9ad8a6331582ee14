"""The notebooks give anew what they show: executed by Jupyter, with the weights that come with the package."""

import copy
import json
import subprocess
import sys

import pytest

from tests.soak import long
from tests.waiting import HANG_SECONDS
from tools.run_notebooks import FIGURE, FOLDER, differences, stripped
from tools.site.hooks import REPOSITORY

NAMES = sorted(path.stem for path in FOLDER.glob("*.ipynb"))
QUICK = {"lattice-match"}


def held(name):
    return json.loads((FOLDER / f"{name}.ipynb").read_text())


@pytest.mark.usefixtures("weights")
@pytest.mark.parametrize(
    "name", [name if name in QUICK else pytest.param(name, marks=long) for name in NAMES]
)
def test_a_notebook_gives_what_it_shows(name):
    again = subprocess.run(
        [sys.executable, "-m", "tools.run_notebooks", "--check", name],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
    )
    assert again.returncode == 0, again.stdout + again.stderr


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_holds_its_outputs_and_nothing_of_the_machine(name):
    notebook = held(name)
    assert stripped(notebook) == notebook
    shown = [one for cell in notebook["cells"] for one in cell.get("outputs", [])]
    assert any(FIGURE in one.get("data", {}) for one in shown)
    assert all(cell["outputs"] for cell in notebook["cells"] if cell["cell_type"] == "code")
    text = json.dumps(notebook)
    assert str(REPOSITORY) not in text
    assert "/site-packages/" not in text
    assert len(text) < 150_000


def changed(name, change):
    """A notebook with one change to an output, against the one that is held."""
    other = copy.deepcopy(held(name))
    change(next(o for c in other["cells"] for o in c.get("outputs", []) if o["output_type"] == "stream"))
    return list(differences(held(name), other))


def test_another_number_or_word_is_found():
    def number(output):
        output["text"] = output["text"].replace("3.2144", "3.3144")

    def word(output):
        output["text"] = output["text"].replace("below", "above")

    assert changed("lattice-match", lambda output: None) == []
    assert "3.3144 instead of 3.2144" in changed("lattice-match", number)[0]
    assert "other words" in changed("lattice-match", word)[0]
