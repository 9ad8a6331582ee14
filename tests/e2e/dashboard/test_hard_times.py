"""Pages that are open while things go wrong: a slow network, a key that ends, a service that stops and comes back."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from service.access import keys
from service.operations import migration
from service.settings import Settings
from service.tables.database import Database
from tests.e2e.dashboard.recorded import evaluations_of, recorded
from tests.e2e.dashboard.stored import put, tell_more
from tests.service.conftest import Queue, serving

SLOW = {"offline": False, "latency": 400, "downloadThroughput": 60_000, "uploadThroughput": 20_000}
"""A bad telephone: milliseconds, and bytes per second."""


@pytest.fixture
def store(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    migration.upgrade(database)
    yield database
    database.close()


def running(store: Database) -> str:
    """A job with one of its three evaluations."""
    return put(store, *recorded()["three_elements"], "running", told=1)


def test_on_a_slow_network_a_page_says_that_it_loads_until_it_is_there(window, served):
    shown = window(address=served.address)
    page = shown.page
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.emulateNetworkConditions", SLOW)
    shown.open(f"jobs/{served.ids['three_elements']}")
    expect(page.get_by_role("status").filter(has_text="Loading the page…")).to_be_visible()
    expect(page.get_by_role("status").filter(has_text="Reading the job…")).to_be_visible()
    expect(page.get_by_role("slider", name=re.compile("^Ternary"))).to_be_visible()
    # Leaving while something loads loses nothing, and what comes late does not come up on another page.
    shown.open(f"jobs/{served.ids['order_hull']}")
    shown.open()
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    expect(page.get_by_role("heading", level=1)).to_have_text("Jobs")


def test_a_key_that_ends_is_asked_for_again_and_the_page_goes_on(window, store):
    job_id = running(store)
    with store.writing() as session:
        first, second = (keys.create(session, "lab", ["read", "submit"]) for _ in range(2))
        jobs_of_lab = "update jobs set tenant = 'lab'"
        session.connection().exec_driver_sql(jobs_of_lab)
    with serving(Settings(require_api_keys=True), store, Queue()) as client:
        shown = window(address=str(client.base_url), tolerated="401")
        page = shown.open(f"jobs/{job_id}")
        dialog = page.get_by_role("dialog", name="This service needs an API key")
        for number, secret in enumerate((first, second)):
            dialog.get_by_label("API key").fill(secret.key)
            dialog.get_by_role("button", name="Use this key").click()
            expect(dialog).not_to_be_visible()
            expect(page.get_by_text(re.compile(rf"\b{1 + number} of .*evaluations"))).to_be_visible()
            if number == 0:
                with store.writing() as session:
                    keys.revoke(session, first.id)
                tell_more(store, job_id, evaluations_of("three_elements")[1:2])
                expect(dialog).to_be_visible()
                # What was there stays behind the question.
                expect(page.locator("h1")).to_have_text("(Na,K,Rb)Cl")


def test_an_open_page_goes_on_by_itself_after_the_service_was_restarted(window, store):
    job_id = running(store)
    with serving(Settings(), store, Queue()) as client:
        address = str(client.base_url)
        shown = window(address=address, tolerated="ERR_")
        page = shown.open(f"jobs/{job_id}")
        expect(page.get_by_text("Live", exact=True)).to_be_visible()
        expect(page.get_by_text(re.compile(r"\b1 of .*evaluations"))).to_be_visible()
        listed = window(address=address, tolerated="ERR_").open()
        expect(listed.get_by_role("row").nth(1)).to_be_visible()
    for one in (page, listed):
        expect(one.get_by_text(re.compile("^Reconnecting, not updated for"))).to_be_visible()
    expect(page.get_by_role("slider", name=re.compile("^Ternary"))).to_be_visible()
    tell_more(store, job_id, evaluations_of("three_elements")[1:])
    with serving(Settings(), store, Queue(), port=urlsplit(address).port or 0):
        expect(page.get_by_text(re.compile(r"\b3 of .*evaluations"))).to_be_visible()
        for one in (page, listed):
            expect(one.get_by_text("Live", exact=True)).to_be_visible()
        expect(listed.get_by_role("row").nth(1)).to_contain_text("3 of")


def test_nothing_moves_for_who_wants_no_motion_and_a_running_job_breathes_for_others(window, served):
    moving = "getComputedStyle(document.querySelector('.chip.running .dot')).animationDuration"
    for motion, seconds in ((True, "1.6s"), (False, "1e-06s")):
        page = window(address=served.address, motion=motion).open(f"jobs/{served.ids['running']}")
        expect(page.get_by_text("Running", exact=True).first).to_be_visible()
        assert page.evaluate(moving) == seconds
