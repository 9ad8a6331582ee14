"""Jobs of kind order in the dashboard: made by clicks, read, walked through by the keyboard, saved as crystals."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect
from pymatgen.core import Structure

from tests.e2e.dashboard.conftest import identifier
from tests.e2e.dashboard.recorded import HULL
from tests.e2e.dashboard.test_making_jobs import problem_file


@pytest.fixture(scope="module")
def hull(stack) -> str:
    job_id = stack.submit({**HULL, "order": {"enumerate": {"sites": 3}, "relax": 2}})
    assert stack.finished(job_id)["state"] == "succeeded"
    return job_id


def chosen(page: Page) -> int:
    """The number of the ordering that the hull's plot is at."""
    said = page.get_by_role("slider", name=re.compile("^Mixing energy of the orderings"))
    found = re.search(r"ordering (\d+)", said.get_attribute("aria-valuetext") or "")
    assert found is not None
    return int(found.group(1))


def test_orderings_are_asked_for_by_clicks_and_answered_in_a_sentence(window, stack):
    page = window().open("new")
    page.get_by_label("Name").fill("CuAu by clicks")
    page.get_by_label("Structure", exact=True).select_option("fcc")
    page.get_by_label("The problem as YAML").fill(
        "kind: optimize\nname: CuAu by clicks\nstructure: {prototype: fcc, species: [Cu], a: 3.9}\n"
        "sublattices: [{name: mix, sites: [Cu], elements: [Cu, Au]}]\npotential: {name: sevennet-0}\n"
        "objectives: [{property: lattice_a, target: 3.8, tolerance: 0.01}]\n"
    )
    page.get_by_label("What to do").select_option("Find the orderings")
    expect(page.get_by_text("What is wished for")).to_have_count(0)
    page.get_by_label("Enumerate: mixed sites").fill("2")
    page.get_by_label("Search a larger cell").uncheck()
    page.get_by_label("Relax random decorations").uncheck()
    page.get_by_label("Ordering probability", exact=True).select_option("none")
    file = problem_file(page)
    assert file["at"] == [{"mix": {"Cu": 0.5, "Au": 0.5}}]
    assert file["order"] == {"enumerate": {"sites": 2}, "search": None, "random": None, "probability": None}
    assert "objectives" not in file
    page.get_by_role("button", name=re.compile("^Run, about")).click()
    expect(page).to_have_url(re.compile(r"#/jobs/\w+$"))
    expect(page.get_by_role("main").get_by_text("Finished", exact=True)).to_be_visible()
    job_id = identifier(page)
    answer = stack.result(job_id)["answer"]
    assert len(answer["orderings"]) == 2
    expect(page.get_by_role("region", name="Answer")).to_contain_text(answer["compositions"][0]["text"])
    rows = page.get_by_role("region", name=re.compile("^Orderings; choose")).get_by_role("row")
    expect(rows).to_have_count(1 + 2)
    # What was left out stays left out in a clone and in the problem's own tab.
    page.get_by_role("tab", name="Problem").click()
    expect(page.get_by_role("region", name="Problem file")).to_contain_text("search: null")
    page.get_by_role("link", name="Clone").click()
    expect(page.get_by_label("Search a larger cell")).not_to_be_checked()
    assert problem_file(page)["order"]["random"] is None


def test_one_ordering_is_chosen_everywhere_and_saved_as_a_crystal(window, stack, hull, tmp_path):
    page = window().open(f"jobs/{hull}")
    answer = stack.result(hull)["answer"]
    plot = page.get_by_role("slider", name=re.compile("^Mixing energy of the orderings"))
    expect(plot).to_have_attribute("aria-valuemax", str(len(answer["orderings"])))
    plot.focus()
    page.keyboard.press("End")
    last = len(answer["orderings"])
    assert chosen(page) == last
    table = page.get_by_role("region", name=re.compile("^Orderings; choose"))
    expect(table.locator("tr.shown")).to_contain_text(str(last))
    expect(page.get_by_role("region", name="Crystal")).to_contain_text(f"ordering {last}")
    table.focus()
    page.keyboard.press("Home")
    first = answer["compositions"][-1]["lowest"] + 1
    assert chosen(page) == first
    page.get_by_role("list", name="Compositions").get_by_role("button").first.click()
    assert chosen(page) == answer["compositions"][0]["lowest"] + 1
    with page.expect_download() as download:
        table.get_by_role("button", name=re.compile(r"^CIF of .*ordering 1$")).click()
    saved = tmp_path / "ordering.cif"
    download.value.save_as(saved)
    crystal = Structure.from_str(saved.read_text(), "cif")
    ordering = answer["orderings"][0]
    assert len(crystal) == ordering["sites"]
    share = ordering["composition"]["mix"]["Au"]
    assert crystal.composition.get_atomic_fraction("Au") == pytest.approx(share, abs=1e-4)


def test_the_crystal_of_an_ordering_is_drawn(window, hull):
    page = window(drawing=True).open(f"jobs/{hull}")
    crystal = page.locator("canvas").first
    expect(crystal).to_be_visible()
    assert crystal.bounding_box()["height"] > 100
