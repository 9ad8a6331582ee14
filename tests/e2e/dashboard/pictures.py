"""Pictures of the dashboard on a real stack, into screenshots/: ``make screenshots``, and no part of the tests."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.e2e.dashboard.conftest import ROOT
from tests.e2e.test_jobs import slow_scan

DESKTOP = (1440, 900)
PHONE = (390, 844)


def example(name: str) -> dict:
    return yaml.safe_load((ROOT / "examples" / f"{name}.yaml").read_text())


def at_rest(page: Page) -> None:
    """Wait until the job's map and its crystal are drawn."""
    expect(page.get_by_role("slider").first).to_be_visible(timeout=30_000)
    expect(page.locator("svg image, svg .band, svg path").first).to_be_attached(timeout=30_000)
    page.wait_for_timeout(6000)


def with_example(page: Page) -> None:
    page.get_by_label("Start from").select_option("Al(Sc)N matched to GaN")
    expect(page.get_by_role("button", name=re.compile("^Run, about"))).to_be_enabled(timeout=30_000)


def listed(page: Page) -> None:
    expect(page.get_by_role("row").nth(1)).to_be_visible(timeout=30_000)


def take(browser: Browser, address: str, folder: Path, jobs: dict[str, str]) -> None:
    """Every page in light and dark, wide and narrow."""
    views: dict[str, tuple[str, Callable[[Page], None]]] = {
        "new-job": ("new", with_example),
        "jobs": ("", listed),
        "three-elements": (f"jobs/{jobs['algainn_two_objectives']}", at_rest),
        "two-elements": (f"jobs/{jobs['alscn_on_gan']}", at_rest),
    }
    for name, (route, ready) in views.items():
        for shape, (width, height) in (("desktop", DESKTOP), ("phone", PHONE)):
            for theme in ("light", "dark"):
                context = browser.new_context(
                    viewport={"width": width, "height": height}, color_scheme=theme, reduced_motion="reduce"
                )
                page = context.new_page()
                page.goto(f"{address}/#/{route}")
                ready(page)
                path = folder / f"{name}-{shape}-{theme}.png"
                page.screenshot(path=path)
                context.close()
                # 256 colours are enough for these pictures, and a third of the size.
                Image.open(path).convert("RGB").quantize(256, dither=Image.Dither.NONE).save(
                    path, optimize=True
                )
                sys.stdout.write(f"{path}  {path.stat().st_size // 1000} kB\n")


@pytest.mark.timeout(900)
def test_pictures_are_taken(stack, l3i5, drawing_browser):
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    jobs = {
        name: stack.submit(example(name)) for name in ("alscn_on_gan", "algainn_two_objectives", "alscn_scan")
    }
    for job_id in jobs.values():
        stack.finished(job_id)
    running = stack.submit({**slow_scan(), "name": "(Na,K)Cl from one end to the other"})
    take(drawing_browser, str(stack.client.base_url).rstrip("/"), folder, jobs)
    stack.client.post(f"/v1/jobs/{running}/cancel")
