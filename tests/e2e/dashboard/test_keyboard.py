"""The dashboard without a pointer: what Tab reaches, in which order, and whether one sees where one is."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.dashboard.gallery import VIEWS
from tests.soak import later

FOCUSED = """() => {
  const here = document.activeElement;
  if (here === null || here === document.body || here === document.documentElement) return null;
  const box = here.getBoundingClientRect();
  const style = getComputedStyle(here);
  window.walked ??= [];
  const before = window.walked.at(-1);
  window.walked.push(here);
  return {
    what: here.outerHTML.slice(0, 120),
    backwards: before !== undefined && !(before.compareDocumentPosition(here) & 4),
    hidden: box.width === 0 || box.height === 0 || box.bottom < 0 || box.top > innerHeight
      || box.right < 0 || box.left > innerWidth,
    unmarked: style.outlineStyle === 'none' || parseFloat(style.outlineWidth) === 0,
    nameless: !(here.getAttribute('aria-label') ?? here.getAttribute('aria-labelledby') ?? here.textContent
      ?? '').trim() && !(here.labels?.length > 0),
  };
}"""
MOST = 400


def walk(page: Page) -> list[dict]:
    """What Tab reaches after the first link of the page, until it leaves it."""
    page.evaluate("document.querySelector('a').focus(); window.walked = [document.activeElement]")
    found: list[dict] = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        here = page.evaluate(FOCUSED)
        if here is None:
            return found
        found.append(here)
    raise AssertionError(f"Tab did not leave the page: {found[-5:]}")


@pytest.mark.parametrize("name", ["jobs", "search", later("orderings-hull"), "new-job-with-faults"])
def test_tab_goes_through_a_page_in_order_and_is_seen_everywhere(window, served, name):
    page = window(address=served.address, width=1024).open(VIEWS[name].route.format(**served.ids))
    VIEWS[name].ready(page)
    page.wait_for_timeout(500)
    reached = walk(page)
    faults = ("backwards", "hidden", "unmarked", "nameless")
    assert [one for one in reached if any(one[fault] for fault in faults)] == []
    every = page.evaluate(
        """[...document.querySelectorAll('a[href], button:enabled, select:enabled, textarea:enabled, input:enabled')]
        .filter((one) => one.tabIndex >= 0 && one.checkVisibility() && one.type !== 'radio')
        .filter((one) => !window.walked.includes(one)).map((one) => one.outerHTML.slice(0, 120))"""
    )
    assert every == []


def test_plots_tabs_menus_and_questions_are_worked_by_keys(window, served):
    page = window(address=served.address).open(f"jobs/{served.ids['three_elements']}")
    plot = page.get_by_role("slider", name=re.compile("^Ternary plot"))
    plot.focus()
    said = []
    for key in ("Home", "ArrowRight", "ArrowDown", "End", "PageDown"):
        page.keyboard.press(key)
        said.append(int(re.match(r"evaluation (\d+)", plot.get_attribute("aria-valuetext"))[1]))
    assert said == [1, 2, 1, 3, 1]
    page.keyboard.press("Escape")
    expect(plot).to_have_attribute("aria-valuetext", re.compile("the answer|best"))
    page.get_by_role("tab").first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab").nth(1)).to_be_focused()
    expect(page.get_by_role("tab").nth(1)).to_have_attribute("aria-selected", "true")
    opener = page.get_by_role("button", name="Download", exact=True)
    opener.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("menuitem").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(opener).to_be_focused()
    page.keyboard.press("Control+Home")
    page.get_by_role("link", name="Skip to the content").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("main")).to_be_focused()


def test_a_job_is_made_and_deleted_by_keys_alone(window, served):
    page = window(address=served.address).open("new")
    page.get_by_label("Start from").focus()
    page.keyboard.type("Al(Sc)N matched")
    page.keyboard.press("Enter")
    run = page.get_by_role("button", name=re.compile("^Run, about"))
    expect(run).to_be_enabled()
    page.get_by_label("Name").focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("made by keys")
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if run.evaluate("(run) => run === document.activeElement"):
            break
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="made by keys")).to_be_visible()
    cancel = page.get_by_role("button", name="Cancel", exact=True)
    cancel.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("^(Cancelling|Cancelled)$")).first).to_be_visible()
