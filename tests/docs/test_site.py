"""The documentation's site is built strictly: every link and anchor leads somewhere, every formula is read."""

import os
import subprocess
import sys

import pytest

from tools.site.hooks import REPOSITORY
from tools.site.mathematics import FormulaError, mathematics


def test_the_site_is_built_strictly_and_fetches_nothing(tmp_path):
    built = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path / "site"],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert built.returncode == 0, built.stderr
    pages = {
        path.relative_to(tmp_path / "site").as_posix(): path.read_text() for path in tmp_path.rglob("*.html")
    }
    assert {"index.html", "science.html", "reference/commands.html", "reference/client.html"} <= set(pages)
    for path, text in pages.items():
        assert 'src="http' not in text, path
        assert 'rel="stylesheet" href="http' not in text, path
        assert "```math" not in text, path
        assert "$`" not in text or path == "contributing.html", path
    notebook = pages["notebooks/lattice-match.html"]
    assert "Plotly.newPlot(" in notebook
    assert (tmp_path / "site" / "assets" / "plotly.min.js").stat().st_size > 1_000_000
    assert (tmp_path / "site" / "notebooks" / "lattice-match.ipynb").is_file()
    assert 'href="notebooks/lattice-match.html"' in pages["getting-started.html"]
    assert "orichalcum submit" in pages["reference/commands.html"]
    assert "/v1/jobs/{job_id}/evaluations" in pages["reference/rest-calls.html"]


def test_formulas_are_numbered_mathml():
    shown = mathematics("where $`x_k`$ is\n\n```math\nE = \\sum_k x_k. \\tag{7}\n```\n")
    assert shown.count("<math") == 2
    assert '<span class="number">(7)</span>' in shown
    assert "\\sum" not in shown


def test_a_command_that_is_not_known_is_no_formula():
    with pytest.raises(FormulaError, match="nosuchcommand"):
        mathematics("$`\\nosuchcommand x`$")
