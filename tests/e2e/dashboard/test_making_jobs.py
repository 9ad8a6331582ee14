"""Making jobs in the dashboard: by clicks, by typing YAML, from a file that is wrong, from another job."""

from __future__ import annotations

import re

import yaml
from playwright.sync_api import Page, expect

from tests.e2e.dashboard.conftest import identifier
from tests.e2e.test_jobs import problem


def problem_file(page: Page) -> dict:
    return yaml.safe_load(page.get_by_label("The problem as YAML").input_value())


def test_alscn_is_made_by_clicks_and_found_while_one_watches(window, stack):
    page = window().open("new")
    page.get_by_label("Name").fill("AlScN by clicks")
    page.get_by_label("Structure", exact=True).select_option("wurtzite")
    page.locator('[data-element="Al"]').last.click()
    page.get_by_role("button", name="Choose elements…").click()
    table = page.get_by_role("group", name="Elements of cation")
    expect(table.get_by_role("button", name="Al", exact=True)).to_have_attribute("aria-pressed", "true")
    # Oganesson is in no potential.
    expect(table.get_by_role("button", name="Og", exact=True)).to_be_disabled()
    table.get_by_role("button", name="Sc", exact=True).click()
    page.get_by_label("Largest fraction of Sc, as a slider").fill("0.5")
    page.get_by_role("button", name="Close the table").click()
    page.get_by_role("button", name="Add an objective").click()
    page.get_by_label("is to").select_option("be as in another crystal")
    page.get_by_label("Tolerance").fill("0.001")
    assert problem_file(page) == {
        "kind": "optimize",
        "name": "AlScN by clicks",
        "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
        "sublattices": [{"name": "cation", "sites": ["Al"], "elements": {"Al": [0, 1], "Sc": [0, 0.5]}}],
        "objectives": [
            {
                "property": "lattice_a",
                "target": {"same_as": {"prototype": "wurtzite", "species": ["Ga", "N"]}},
                "tolerance": 0.001,
            }
        ],
    }
    page.get_by_role("button", name=re.compile(r"^Run, about \d+")).click()
    expect(page).to_have_url(re.compile(r"#/jobs/\w+$"))
    expect(page.get_by_role("heading", name="AlScN by clicks")).to_be_visible()
    expect(page.get_by_role("main").get_by_text("Finished", exact=True)).to_be_visible()
    scandium = stack.result(identifier(page))["best"]["composition"]["cation"]["Sc"]
    assert 0.15 < scandium < 0.22
    expect(page.get_by_role("main")).to_contain_text(f"{scandium:.3f}"[:-1])
    expect(page.get_by_role("slider", name=re.compile("lattice_a")).first).to_be_visible()


def test_the_problem_file_and_the_fields_follow_each_other(window):
    page = window().open("new")
    page.get_by_label("Start from").select_option("Al(Sc)N matched to GaN")
    file = page.get_by_label("The problem as YAML")
    expect(file).to_have_value(re.compile("# Every Al site may hold"))
    page.get_by_label("Largest fraction of Sc", exact=True).fill("0.4")
    expect(file).to_have_value(re.compile(r"# Every Al site.*Sc: \[0, 0\.4\]", re.DOTALL))
    file.fill(file.input_value().replace("tolerance: 0.001", "tolerance: 0.003"))
    expect(page.get_by_label("Tolerance")).to_have_value("0.003")
    # What cannot be read is said, and the fields keep what was read last.
    good = file.input_value()
    file.fill(good + "\nobjectives: [")
    expect(page.get_by_text("The fields show what was last read")).to_be_visible()
    expect(page.get_by_role("button", name="Run")).to_be_disabled()
    expect(page.get_by_label("Tolerance")).to_have_value("0.003")
    file.fill(good)
    expect(page.get_by_role("button", name=re.compile("^Run, about"))).to_be_enabled()


def test_what_is_wrong_is_said_at_its_field(window):
    page = window().open("new")
    page.get_by_label("Start from").select_option("Al(Sc)N matched to GaN")
    page.get_by_label("Largest fraction of Al", exact=True).fill("0.3")
    page.get_by_label("Largest fraction of Sc", exact=True).fill("0.3")
    fault = page.get_by_text("the upper bounds add up to 0.6, less than 1; raise some of them")
    expect(fault).to_have_attribute("data-pointer", "/sublattices/0/elements")
    expect(page.get_by_role("button", name="Run")).to_be_disabled()
    page.get_by_label("Start from").select_option("Nothing")
    page.get_by_role("button", name="From a file (CIF, POSCAR)").click()
    field = page.get_by_label("Text of the file")
    field.fill("data_broken\n_cell_length_a nonsense\n")
    said = page.locator('[data-pointer="/structure/cif"]')
    expect(said.first).to_contain_text("CIF")
    expect(field).to_have_attribute("aria-invalid", "true")
    # A good file is shown at once as a crystal, of which atoms can be clicked.
    field.fill(problem()["structure"]["poscar"])
    page.locator('[data-element="Na"]').last.click()
    expect(page.get_by_label("Sublattice", exact=True)).to_have_value("cation")
    expect(page.locator('[data-pointer^="/structure"]')).to_have_count(0)


def test_a_job_is_cloned_with_its_whole_problem(window, stack):
    job_id = stack.submit(problem(name="to be cloned", strategy={"seed": 7, "max_evaluations": 3}))
    stack.finished(job_id)
    page = window().open("?name=to+be+cloned")
    page.get_by_role("link", name="Clone to be cloned").click()
    expect(page.get_by_label("Name")).to_have_value("to be cloned")
    expect(page.get_by_label("Seed")).to_have_value("7")
    assert problem_file(page)["structure"] == problem()["structure"]
    page.get_by_label("Name").fill("a clone")
    page.get_by_role("button", name=re.compile("^Run, about")).click()
    expect(page).to_have_url(re.compile(r"#/jobs/\w+$"))
    clone = identifier(page)
    assert clone != job_id
    stack.finished(clone)
    mine, theirs = stack.job(clone)["problem"], stack.job(job_id)["problem"]
    assert {**mine, "name": ""} == {**theirs, "name": ""}
    assert stack.result(clone)["best"]["composition"] == stack.result(job_id)["best"]["composition"]
