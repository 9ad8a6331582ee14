"""The dashboard in Firefox as Debian has it: the main ways through it, and every page by make soak."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard.gallery import VIEWS, with_faults
from tests.e2e.dashboard.recorded import evaluations_of
from tests.e2e.dashboard.stored import tell_more
from tests.e2e.dashboard.test_every_page import HEIGHTS
from tests.soak import long


def test_jobs_are_found_read_made_and_cancelled_in_firefox(window, served):
    page = window(browser="firefox", address=served.address).open()
    assert "Firefox" in page.evaluate("navigator.userAgent")
    page.get_by_role("link", name="(Na,K,Rb)Cl", exact=True).click()
    expect(page.get_by_role("heading", name="(Na,K,Rb)Cl", exact=True)).to_be_visible()
    triangle = page.get_by_role("slider", name=re.compile("^Ternary plot of lattice_a over Na, K, Rb"))
    triangle.focus()
    page.keyboard.press("Home")
    for plot in page.get_by_role("slider", name=re.compile("arrow keys")).all():
        expect(plot).to_have_attribute("aria-valuetext", re.compile(r"^evaluation 1\b"))
    page.get_by_role("tab", name="Evaluations").focus()
    page.keyboard.press("End")
    expect(page.get_by_role("tab", name="Provenance")).to_have_attribute("aria-selected", "true")
    page.get_by_role("link", name="New job", exact=True).click()
    with_faults(page)
    page.get_by_label("Most evaluations").fill("5")
    page.get_by_role("button", name=re.compile("^Run, about")).click()
    expect(page).to_have_url(re.compile(r"#/jobs/\w+$"))
    expect(page.get_by_text("Queued").first).to_be_visible()
    page.get_by_role("button", name="Cancel", exact=True).click()
    expect(page.get_by_text(re.compile("^(Cancelling|Cancelled)$")).first).to_be_visible()


@long
def test_a_job_is_live_in_firefox(window, served):
    page = window(browser="firefox", address=served.address).open(f"jobs/{served.ids['running']}")
    expect(page.get_by_text("Live", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile(r"\b2 of .*evaluations"))).to_be_visible()
    tell_more(served.database, served.ids["running"], evaluations_of("three_elements")[2:])
    expect(page.get_by_text(re.compile(r"\b3 of .*evaluations"))).to_be_visible()


@long
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_page_is_within_its_screen_and_without_serious_faults_in_firefox(window, served, theme):
    shown = window(browser="firefox", address=served.address, tolerated="404")
    found = []
    shown.open("nowhere").get_by_label("Theme").select_option(theme)
    for name, view in VIEWS.items():
        page = shown.open("nowhere")
        page.evaluate("sessionStorage.clear()")
        shown.open(view.route.format(**served.ids))
        view.ready(page)
        for width, height in HEIGHTS.items():
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                found.append(f"{name} is {wide} px wide on a screen of {width}")
        found += [f"{name}: {fault}" for fault in shown.violations(view.within)]
    assert found == []
