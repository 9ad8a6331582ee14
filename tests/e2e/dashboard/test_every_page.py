"""Every page in every state: nothing wider than the screen, nothing that moves, no serious fault of accessibility."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.dashboard.gallery import RARE, VIEWS
from tests.e2e.dashboard.windows import Windows
from tests.soak import SOAK, later

HEIGHTS = {1440: 900, 1024: 768, 390: 844}
"""Of screens, by their widths."""
LOOKS = [(width, dark) for width in HEIGHTS for dark in (False, True)]
"""Widths and themes in which each page is looked at by make soak."""
SOME = [(1440, False), (390, True)]
"""In turns by make test."""

MOVING = """document.getAnimations().filter((one) => one.effect.getComputedTiming().duration > 1)
    .map((one) => one.animationName ?? one.transitionProperty)"""


@pytest.fixture(scope="module")
def only_window(browser, served):
    """One for all pages, for what it has loaded."""
    windows = Windows(served.address)
    yield windows.open(browser)
    windows.close()


@pytest.mark.longer
@pytest.mark.parametrize("name", [later(name) if name in RARE else name for name in VIEWS])
def test_a_page_is_within_its_screen_at_rest_and_without_serious_faults(only_window, served, name):
    view, shown = VIEWS[name], only_window
    shown.tolerated = "404" if name == "no-such-job" else None
    page = shown.open("nowhere")
    page.evaluate("sessionStorage.clear()")
    page.set_viewport_size({"width": 1440, "height": 900})
    shown.open(view.route.format(**served.ids))
    view.ready(page)
    looks = LOOKS if SOAK else [SOME[list(VIEWS).index(name) % 2]]
    found = []
    for width, height in HEIGHTS.items():
        page.set_viewport_size({"width": width, "height": height})
        # Plots are drawn anew at another width, one frame later.
        page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{wide} px wide on a screen of {width}")
        for dark in (dark for looked_at, dark in looks if looked_at == width):
            page.emulate_media(color_scheme="dark" if dark else "light")
            where = f"{width} px, {'dark' if dark else 'light'}"
            found += [f"{where}: {fault}" for fault in shown.violations(view.within)]
    found += [f"moves: {what}" for what in page.evaluate(MOVING)]
    faults, shown.faults = shown.faults, []
    assert found + faults == []


@pytest.mark.longer
@pytest.mark.parametrize("name", ["order_hull", "order_cuau"])
def test_a_report_of_orderings_takes_no_more_than_two_pages(only_window, served, name):
    page = only_window.open(f"jobs/{served.ids[name]}/report")
    page.emulate_media(color_scheme="light")
    paper = page.get_by_role("article")
    expect(paper.get_by_role("heading", name="Orderings")).to_be_visible()
    expect(paper.get_by_text("To repeat and to cite")).to_be_visible()
    rows = paper.get_by_role("region", name="Orderings").locator("tbody tr")
    assert 1 <= rows.count() <= 12
    assert paper.get_by_role("button", name="more").count() == 0
    sheet = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) <= 2
