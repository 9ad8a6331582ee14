"""The list of jobs in the dashboard: labels, many jobs at a time, and the page before the first one."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from service.operations import migration
from service.settings import Settings
from service.tables.database import Database
from tests.e2e.test_jobs import problem, slow_scan
from tests.service.conftest import Queue, serving


@pytest.fixture
def empty(tmp_path):
    """The address of a service without jobs."""
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    migration.upgrade(database)
    with serving(Settings(), database, Queue()) as client:
        yield str(client.base_url)
    database.close()


@pytest.mark.parametrize("width", [1280, 390])
def test_before_the_first_job_the_page_says_what_there_is_and_runs_an_example(empty, window, width):
    for dark in (False, True):
        shown = window(address=empty, width=width, dark=dark)
        page = shown.open()
        expect(page.get_by_text("No jobs yet")).to_be_visible()
        expect(page.get_by_role("button", name=re.compile("^Run"))).to_have_count(3)
        assert shown.violations() == []
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    expect(page.get_by_role("link", name="Orichalcum, all jobs")).to_be_visible()
    page.get_by_label("Search by name, note or tag").fill("nothing")
    expect(page.get_by_text("No job is with “nothing” in name, note or tags.")).to_be_visible()
    page.get_by_role("button", name="Clear the search").click()
    if width > 400:
        page.get_by_role("button", name="Run: Match a lattice").click()
        expect(page.get_by_role("heading", name="Al(Sc)N matched to GaN")).to_be_visible()


def test_jobs_are_labelled_found_by_it_and_deleted_together(window, stack):
    kept, gone = (stack.submit(problem(name=f"of the list {name}")) for name in ("a", "b"))
    busy = stack.submit({**slow_scan(), "name": "of the list c"})
    for job_id in (kept, gone):
        stack.finished(job_id)
    shown = window()
    page = shown.open("?search=of%20the%20LIST")
    rows = page.get_by_role("row")
    expect(rows).to_have_count(4)
    page.get_by_role("button", name="Edit of the list a").click()
    form = page.get_by_role("form", name="What is written on of the list a")
    form.get_by_label("Note").fill("größer als gedacht")
    form.get_by_label("Tags").fill("Nitride")
    form.get_by_label("Tags").press("Enter")
    assert shown.violations() == []
    form.get_by_role("button", name="Save").click()
    expect(page.get_by_text("größer als gedacht")).to_be_visible()
    page.get_by_role("button", name="Star of the list a").click()
    expect(page.get_by_role("button", name="Star of the list a")).to_have_attribute("aria-pressed", "true")
    told = stack.job(kept)
    assert (told["note"], told["tags"], told["starred"]) == ("größer als gedacht", ["Nitride"], True)

    search = page.get_by_label("Search by name, note or tag")
    search.fill("GRÖSSER")
    expect(rows).to_have_count(2)
    page.reload()  # the search is in the address
    expect(rows).to_have_count(2)
    expect(search).to_have_value("GRÖSSER")
    search.fill("of the list")
    expect(rows).to_have_count(4)

    for name in "abc":
        page.get_by_label(f"Choose of the list {name}").check()
    expect(page.get_by_role("link", name="Compare")).to_have_attribute(
        "href", f"#/compare?jobs={kept},{gone},{busy}"
    )
    assert shown.violations() == []
    page.get_by_role("button", name="Cancel 1…").click()
    page.get_by_role("dialog", name="Cancel 1 job?").get_by_role("button", name="Cancel", exact=True).click()
    expect(rows.filter(has_text="of the list c").get_by_text("Cancelled")).to_be_visible()
    for name in "bc":
        page.get_by_label(f"Choose of the list {name}").check()
    page.get_by_role("button", name="Delete 2…").click()
    question = page.get_by_role("dialog", name="Delete 2 jobs?")
    expect(question.get_by_text("This cannot be undone")).to_be_visible()
    assert shown.violations() == []
    question.get_by_role("button", name="Delete", exact=True).click()
    expect(rows).to_have_count(2)
    assert stack.client.get(f"/v1/jobs/{gone}").status_code == 404
    assert stack.job(kept)["starred"] is True
    assert stack.client.delete(f"/v1/jobs/{kept}").status_code == 204
