"""Verifying a finished job in the dashboard: asked for with two numbers, watched, read, linked both ways."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.dashboard.conftest import identifier

ALLOY = {
    "kind": "evaluate",
    "name": "CuAu",
    "structure": {"prototype": "fcc", "species": ["Cu"], "a": 3.85},
    "sublattices": [{"name": "metal", "sites": ["Cu"], "elements": ["Cu", "Au"]}],
    "objectives": [{"property": "lattice_a", "target": 3.85, "tolerance": 0.002}],
    "at": [{"metal": {"Cu": 0.5, "Au": 0.5}}],
    "potential": {"name": "sevennet-0"},
}


def test_a_finished_job_is_verified_and_says_what_holds(window, stack):
    job_id = stack.submit(ALLOY)
    assert stack.finished(job_id)["state"] == "succeeded"
    page = window().open(f"jobs/{job_id}")
    page.get_by_label("Supercells", exact=True).fill("2")
    page.get_by_label("Mixed sites", exact=True).fill("4")
    page.get_by_role("button", name="Verify with supercells").click()
    expect(page).not_to_have_url(re.compile(job_id))
    expect(page.get_by_role("heading", name="CuAu, verified")).to_be_visible()
    verifying = identifier(page)
    expect(page.get_by_role("main").get_by_text("Finished", exact=True)).to_be_visible()
    assert stack.job(verifying)["parent"] == job_id
    entry = stack.result(verifying)["verification"][0]
    tab = page.get_by_role("tab", name="Verification")
    expect(tab).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("listitem").filter(has_text=entry["text"])).to_be_visible()
    rows = page.get_by_role("table", name="Explicit supercells", exact=True).get_by_role("row")
    expect(rows).to_have_count(1 + 2)
    moved = entry["supercells"][0]["largest_displacement"]
    expect(rows.nth(1)).to_contain_text(f"{moved:.2f} Å")
    page.get_by_role("link", name="another job").click()
    expect(page.get_by_role("heading", name="CuAu", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="CuAu, verified")).to_be_visible()
    assert identifier(page) == job_id


def test_an_answer_that_a_supercell_cannot_hold_is_refused_where_it_was_asked(window, stack):
    job_id = stack.submit({**ALLOY, "name": "little gold", "at": [{"metal": {"Cu": 0.99, "Au": 0.01}}]})
    assert stack.finished(job_id)["state"] == "succeeded"
    page = window(tolerated="422").open(f"jobs/{job_id}")
    page.get_by_label("Mixed sites", exact=True).fill("8")
    page.get_by_role("button", name="Verify with supercells").click()
    expect(page.get_by_role("alert")).to_contain_text("may hold no Au for Cu 0.99, Au 0.01")
