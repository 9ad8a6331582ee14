"""Answers that are shown to others: the card, jobs side by side, a link that holds what is chosen, a report."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.e2e.test_jobs import problem


@pytest.fixture(scope="module")
def pair(stack) -> tuple[str, str]:
    """The same problem with two targets."""
    wider = problem(name="matched wider")
    wider["objectives"] = [{"property": "lattice_a", "target": 5.95, "tolerance": 0.002}]
    jobs = (stack.submit(problem(name="matched")), stack.submit(wider))
    for job_id in jobs:
        assert stack.finished(job_id)["state"] == "succeeded"
    return jobs


def test_the_answer_says_each_thing_once_and_how_to_go_on(window, stack, pair):
    page = window().open(f"jobs/{pair[0]}")
    card = page.get_by_role("region", name="Answer")
    expect(card.get_by_text("Cost", exact=True)).to_be_visible()
    said = re.sub(r"\s+", " ", page.get_by_role("main").inner_text())
    for message in stack.result(pair[0])["reading"]:
        if message["role"] != "note":
            text = re.sub(r"\s+", " ", message["text"]).replace(" Å", "\u202fÅ")
            assert said.replace(" Å", "\u202fÅ").count(text) == 1, text
    card.get_by_role("link", name="Tighten to ± 0.0005").click()
    expect(page.get_by_label("Name", exact=True)).to_have_value("matched, tighter")
    expect(page.get_by_label("The problem as YAML")).to_have_value(re.compile(r"tolerance: 0\.0005\b"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_jobs_stand_side_by_side_with_what_differs(window, stack, pair, dark):
    shown = window(dark=dark)
    page = shown.open(f"compare?jobs={pair[0]}")
    expect(page.get_by_text("One job is chosen: add another")).to_be_visible()
    page.get_by_label("Add a job").fill(f"{shown.address}/#/jobs/{pair[1]}")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page).to_have_url(re.compile(f"jobs={pair[0]},{pair[1]}$"))
    table = page.get_by_role("table", name="Jobs side by side")
    target = table.get_by_role("row").filter(has=page.get_by_role("rowheader", name="objectives.1.target"))
    expect(target.get_by_role("cell")).to_have_text(["5.9", "5.95"])
    reached = table.get_by_role("row").filter(
        has=page.get_by_role("rowheader", name="lattice_a, reached", exact=True)
    )
    for place, job_id in enumerate(pair):
        value = stack.result(job_id)["best"]["properties"]["lattice_a"]["value"]
        expect(reached.get_by_role("cell").nth(place)).to_contain_text(f"{value:.3f}")
    assert shown.violations() == []
    page.goto(f"{shown.address}/#/compare?jobs={pair[0]},none-such")
    expect(page.get_by_text("There is no such job: it may have been deleted.")).to_be_visible()
    page.goto("about:blank")
    shown.faults[:] = [fault for fault in shown.faults if "404" not in fault]


def test_a_link_shows_what_its_sender_chose(window, pair):
    page = window().open(f"jobs/{pair[0]}?evaluation=2&property=density")
    table = page.get_by_role("slider", name=re.compile("arrow keys")).first
    expect(table).to_have_attribute("aria-valuetext", re.compile(r"^evaluation 2, chosen"))
    expect(page.get_by_label("Shown")).to_have_value("density")
    table.focus()
    page.keyboard.press("Home")
    expect(page).to_have_url(re.compile(r"\?evaluation=1&property=density$"))
    page.keyboard.press("Escape")
    expect(page).to_have_url(re.compile(r"\?property=density$"))


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_report_is_light_on_one_page_and_a_file_by_itself(window, stack, pair, tmp_path, dark):
    shown = window(dark=dark)
    page = shown.open(f"jobs/{pair[0]}/report")
    paper = page.get_by_role("article")
    expect(paper.get_by_text("Cost", exact=True).first).to_be_visible()
    expect(paper.get_by_text(re.compile(r"Nat\. Commun\. 16, 4350"))).to_be_visible()
    source = stack.result(pair[0])["provenance"]["potential"]
    expect(paper.get_by_text(source["citation"])).to_be_visible()
    expect(paper.locator("svg circle, svg path").first).to_be_attached()
    assert shown.violations() == []
    ground = paper.evaluate("(node) => getComputedStyle(node).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    sheet = page.pdf(prefer_css_page_size=True, print_background=True)
    assert len(re.findall(rb"/Type\s*/Page\b", sheet)) == 1
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as HTML").click()
    saved = tmp_path / "report.html"
    download.value.save_as(saved)
    html = saved.read_text()
    assert not re.search(r"""(src|href)=["'](?!data:)|url\((?!["']?#)|<script""", html)
    other = window(dark=dark)
    other.page.set_content(html)
    expect(other.page.get_by_role("heading", name="matched", exact=True)).to_be_visible()
    expect(other.page.locator("svg path").first).to_be_visible()
    assert other.addresses == []
