"""Watching jobs in the dashboard: live, through reloads, in a list, until they are cancelled or deleted."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_jobs import problem, slow_scan

THREE = {
    "kind": "optimize",
    "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
    "sublattices": [{"name": "cation", "sites": ["Na"], "elements": ["Na", "K", "Rb"]}],
    "objectives": [
        {"property": "lattice_a", "target": 6.1, "tolerance": 0.01, "weight": 1},
        {"property": "density", "target": 2.2, "tolerance": 0.02, "weight": 1},
    ],
    "potential": {"name": "sevennet-0"},
    "strategy": {"name": "bayesian", "max_evaluations": 6},
}


def evaluations_shown(page: Page) -> int:
    """The number of evaluations that the head of a job's page says."""
    said = page.get_by_text(re.compile(r"^\s*\d+ (of .*)?evaluations?\s*$")).first.inner_text()
    return int(said.split()[0])


@pytest.fixture(scope="module")
def ternary(stack) -> str:
    job_id = stack.submit({**THREE, "name": "(Na,K,Rb)Cl"})
    assert stack.finished(job_id)["state"] == "succeeded"
    return job_id


def test_three_elements_are_shown_as_a_triangle_and_one_choice_holds_everywhere(window, stack, ternary):
    shown = window(dark=True)
    page = shown.open(f"jobs/{ternary}")
    triangle = page.get_by_role("slider", name=re.compile("^Ternary plot of lattice_a over Na, K, Rb"))
    expect(triangle).to_be_visible()
    found = stack.result(ternary)["evaluations"]
    expect(triangle).to_have_attribute("aria-valuemax", str(len(found)))
    triangle.focus()
    page.keyboard.press("Home")
    expect(triangle).to_have_attribute("aria-valuetext", re.compile(r"^evaluation 1\b"))
    others = page.get_by_role("slider", name=re.compile("arrow keys"))
    for k in range(others.count()):
        expect(others.nth(k)).to_have_attribute("aria-valuetext", re.compile(r"^evaluation 1\b"))
    assert shown.violations() == []


def test_the_crystal_of_the_answer_is_drawn(window, ternary):
    page = window(drawing=True).open(f"jobs/{ternary}")
    crystal = page.locator("canvas").first
    expect(crystal).to_be_visible()
    assert crystal.bounding_box()["height"] > 100
    page.wait_for_timeout(1500)
    seen = crystal.evaluate("(canvas) => canvas.toDataURL()")
    page.wait_for_timeout(700)
    assert crystal.evaluate("(canvas) => canvas.toDataURL()") == seen  # it turns by hand only


def test_each_evaluation_is_shown_as_all_others_predict_it(window, stack, ternary):
    shown = window()
    page = shown.open(f"jobs/{ternary}")
    parity = page.get_by_role("slider", name=re.compile("^lattice_a as predicted from all other evaluations"))
    expect(parity).to_be_visible(timeout=60_000)
    values = [one["properties"]["lattice_a"]["value"] for one in stack.result(ternary)["evaluations"]]
    parity.press("Home")
    expect(parity).to_have_attribute(
        "aria-valuetext", re.compile(rf"^evaluation 1, chosen: {values[0]:.4f}\sÅ, predicted \d\.\d+ ± ")
    )
    triangle = page.get_by_role("slider", name=re.compile("^Ternary plot of lattice_a over Na, K, Rb"))
    expect(triangle).to_have_attribute("aria-valuetext", re.compile("^evaluation 1, chosen"))
    assert shown.violations() == []


def test_a_reload_in_the_middle_of_a_job_loses_nothing(window, stack):
    job_id = stack.submit({**slow_scan(), "name": "reloaded"})
    page = window().open(f"jobs/{job_id}")
    try:
        expect(page.get_by_text(re.compile(r"\b([3-9]|\d\d) of .*101 evaluations"))).to_be_visible()
        before = evaluations_shown(page)
        page.reload()
        expect(page.get_by_text(re.compile(r"\d+ of .*101 evaluations"))).to_be_visible()
        assert evaluations_shown(page) >= before
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
    finally:
        page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_role("main").get_by_text("Cancelled", exact=True)).to_be_visible()
    done = len(stack.result(job_id)["evaluations"])
    assert done >= before
    expect(page.get_by_text(f"{done} evaluations").first).to_be_visible()
    slider = page.get_by_role("slider", name=re.compile("arrow keys")).first
    expect(slider).to_have_attribute("aria-valuemax", str(done))


def test_a_job_is_cancelled_found_and_deleted_in_the_list(window, stack):
    job_id = stack.submit({**slow_scan(), "name": "not wanted any more"})
    page = window().open()
    row = page.get_by_role("row").filter(has_text="not wanted any more")
    expect(row.get_by_text("Running")).to_be_visible()
    row.get_by_role("button", name="Cancel not wanted any more").click()
    expect(row.get_by_text("Cancelled")).to_be_visible()
    assert stack.job(job_id)["state"] == "cancelled"
    page.get_by_role("button", name="Active", exact=True).click()
    expect(row).to_have_count(0)
    page.get_by_role("button", name="All", exact=True).click()
    page.get_by_label("Search by name").fill("NOT WANTED")
    expect(page.get_by_role("row")).to_have_count(2)
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Keep it", exact=True).click()
    expect(row).to_be_visible()
    row.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_text("No job is like this")).to_be_visible()
    assert stack.client.get(f"/v1/jobs/{job_id}").status_code == 404


def test_a_finished_job_can_be_fetched_as_a_file(window, stack):
    job_id = stack.submit(problem(name="to keep"))
    stack.finished(job_id)
    page = window().open(f"jobs/{job_id}")
    page.get_by_role("button", name="Download", exact=True).click()
    with page.expect_download() as download:
        page.get_by_text("Evaluations (CSV)").click()
    lines = download.value.path().read_text().splitlines()
    assert len(lines) == 1 + len(stack.result(job_id)["evaluations"])
