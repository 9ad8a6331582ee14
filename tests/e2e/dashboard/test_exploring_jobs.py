"""Exploring a job in the dashboard: a composition that is dragged and typed, what is expected, and what comes back."""

from __future__ import annotations

import re

from playwright.sync_api import expect

from tests.e2e.dashboard.test_watching_jobs import THREE

SMALL = {
    **THREE,
    "name": "(Na,K,Rb)Cl, explored",
    "strategy": {"name": "bayesian", "max_evaluations": 4},
    "constraints": {"linear": [{"terms": {"cation:Rb": 1}, "max": 0.7}]},
}


def test_a_point_is_dragged_and_typed_and_an_evaluation_is_asked_for_there(window, stack):
    job_id = stack.submit(SMALL)
    assert stack.finished(job_id)["state"] == "succeeded"
    shown = window()
    page = shown.open(f"jobs/{job_id}")
    page.get_by_role("link", name="Explore", exact=True).first.click()
    expect(page.get_by_role("heading", name="Explore", exact=True)).to_be_visible()
    table = page.get_by_role("region", name="Expected values").get_by_role("table")
    expect(table.get_by_role("row").nth(1)).to_contain_text("lattice_a")

    sodium = page.get_by_role("spinbutton", name="Na on cation")
    for element, value in (("Na", "0.4"), ("K", "0.4")):
        page.get_by_role("spinbutton", name=f"{element} on cation").fill(value)
    expect(page).to_have_url(re.compile(r"explore\?at=cation%3ANa%3D0\.\d+%2CK%3D0\.4%2CRb"))
    slider = page.get_by_role("slider", name="Fraction of Na on cation")
    before = float(sodium.input_value())
    slider.focus()
    page.keyboard.press("ArrowRight")
    expect(sodium).to_have_value(f"{before + 0.001:g}")

    triangle = page.get_by_role("slider", name=re.compile("^Ternary plot"))
    box = triangle.bounding_box()
    page.mouse.move(box["x"] + 0.5 * box["width"], box["y"] + 0.5 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.45 * box["width"], box["y"] + 0.6 * box["height"], steps=4)
    page.mouse.up()
    expect(sodium).not_to_have_value(f"{before + 0.001:g}")
    fractions = [
        float(page.get_by_role("spinbutton", name=f"{element} on cation").input_value())
        for element in ("Na", "K", "Rb")
    ]
    assert abs(sum(fractions) - 1.0) < 1e-9
    at = "cation:" + ",".join(f"{e}={x}" for e, x in zip(("Na", "K", "Rb"), fractions, strict=True))
    said = stack.client.get(
        f"/v1/jobs/{job_id}/surrogate", params={"at": at}, headers={"Prefer": "wait=30"}
    ).json()
    expect(table.locator("tr", has_text="lattice_a").locator("td").first).to_have_attribute(
        "title", re.compile(re.escape(f"{said['expected'][0]['mean']:.6f}"[:6]))
    )
    expect(page.get_by_text("Within the bounds and every constraint")).to_be_visible()
    assert shown.violations() == []

    page.get_by_role("button", name="Evaluate this composition").click()
    expect(page.get_by_text(re.compile("Evaluated here: lattice_a"))).to_be_visible()
    listed = page.get_by_role("list", name="Evaluations that were asked for").get_by_role("listitem")
    expect(listed).to_have_count(1)
    expect(page.get_by_text("Nearest: one that was asked for here, 0.0")).to_be_visible()
    (child,) = stack.client.get("/v1/jobs", params={"parent": job_id}).json()["items"]
    assert (child["kind"], child["state"]) == ("evaluate", "succeeded")

    page.get_by_role("spinbutton", name="Rb on cation").fill("0.9")
    expect(page.get_by_text(re.compile("Not allowed: .* broken by 0.2"))).to_be_visible()
    assert shown.violations() == []
    listed.get_by_role("link").click()
    page.get_by_role("link", name="another job").click()
    expect(page.get_by_role("heading", name="(Na,K,Rb)Cl, explored", exact=True)).to_be_visible()


def test_two_elements_are_explored_on_a_line_at_the_size_of_a_phone(window, stack):
    two = {**SMALL, "name": "(Na,K)Cl", "objectives": SMALL["objectives"][:1], "constraints": {}}
    two["sublattices"] = [{"name": "cation", "sites": ["Na"], "elements": {"Na": [0, 1], "K": [0, 1]}}]
    job_id = stack.submit(two)
    assert stack.finished(job_id)["state"] == "succeeded"
    shown = window(width=390, height=844, dark=True)
    page = shown.open(f"jobs/{job_id}/explore?at=cation:Na=0.25,K=0.75")
    expect(page.get_by_role("spinbutton", name="K on cation")).to_have_value("0.75")
    row = page.get_by_role("region", name="Expected values").get_by_role("row", name=re.compile("lattice_a"))
    expect(row).to_contain_text(re.compile("K for Na: \\+0\\.00"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert shown.violations() == []
