"""What was measured is in the exports: below the evaluations of a CSV, and as a table of the report."""

from __future__ import annotations

import csv
import io
import json

from orichalcum.html_report import report_html
from orichalcum.results import Result
from tests.orichalcum.fake_service import EVALUATION, RESULT
from tests.orichalcum.printing import run

POINT = {
    "composition": {"cation": {"Al": 0.9, "Sc": 0.1}},
    "properties": {"lattice_a": {"value": 3.16, "deviation": 0.003, "unit": "Å"}},
    "source": "a paper <2024>",
}
ANSWER = {**RESULT, "evaluations": [EVALUATION], "measured": [POINT]}


def test_a_csv_of_evaluations_has_what_was_measured_below_them(tmp_path):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(ANSWER), encoding="utf-8")
    done = run("export", str(path), "--format", "csv")
    assert done.exit_code == 0, done.stderr
    evaluated, measured = csv.DictReader(io.StringIO(done.stdout))
    assert (evaluated["evaluation"], evaluated["source"]) == ("1", "")
    assert measured["evaluation"] == ""
    assert (measured["cation:Sc"], measured["lattice_a (Å)"]) == ("0.1", "3.16")
    assert (measured["lattice_a uncertainty (Å)"], measured["source"]) == (
        "0.003",
        "measured: a paper <2024>",
    )


def test_a_csv_of_the_answer_alone_has_none(tmp_path):
    path = tmp_path / "result.json"
    path.write_text(json.dumps(ANSWER), encoding="utf-8")
    done = run("export", str(path), "--format", "csv", "--what", "best")
    assert len(done.stdout.splitlines()) == 2
    assert "measured" not in done.stdout


def test_a_report_has_a_table_of_it_and_the_headline_first():
    report = report_html(Result.model_validate(ANSWER))
    assert "<h2>Measured</h2>" in report
    assert "measured: a paper &lt;2024&gt;" in report
    assert report.index("Al0.800 Sc0.200") < report.index("<h2>The answer in full</h2>")
