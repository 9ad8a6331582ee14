"""Pictures of every page and state of the dashboard, into screenshots/: ``make screenshots``, and no part of the tests.

PICTURES=search,phases takes only these views again, and the sheet of them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
import yaml
from PIL import Image
from playwright.sync_api import Page, expect

from tests.e2e.dashboard.conftest import ROOT
from tests.e2e.dashboard.contact_sheet import Picture, write
from tests.e2e.dashboard.gallery import VIEWS, View, plotted
from tests.e2e.dashboard.test_every_page import HEIGHTS
from tests.e2e.dashboard.windows import Window, Windows

EXAMPLES = {
    "example-two-elements": "alscn_on_gan",
    "example-three-elements": "algainn_two_objectives",
}
"""Views of jobs that a worker computes, with the maps of their surrogates."""


def at_rest(page: Page) -> None:
    """Wait until the job's map and its crystal are drawn."""
    plotted("arrow keys")(page)
    expect(page.locator("svg image, svg path.mean").first).to_be_attached(timeout=30_000)
    page.wait_for_timeout(3000)


def take(shown: Window, folder: Path, name: str, view: View, ids: dict[str, str]) -> list[Picture]:
    """A view at every width in both themes, as long as it is."""
    page = shown.open("nowhere")
    page.evaluate("sessionStorage.clear()")
    shown.open(view.route.format(**ids))
    view.ready(page)
    page.wait_for_timeout(1500)  # a crystal is drawn a moment after its page
    taken = []
    for width, height in HEIGHTS.items():
        page.set_viewport_size({"width": width, "height": height})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme)
            page.wait_for_timeout(300)
            path = folder / f"{name}-{width}-{theme}.png"
            page.screenshot(path=path, full_page=True)
            # 256 colours are enough for these pictures, and a third of the size.
            with Image.open(path) as picture:
                small = picture.convert("RGB").quantize(256, dither=Image.Dither.NONE)
            small.save(path, optimize=True)
            taken.append(Picture(name, width, theme, path))
    sys.stdout.write(f"{name}\n")
    return taken


@pytest.mark.timeout(3600)
def test_pictures_are_taken(request, served, drawing_browser):
    folder = ROOT / "screenshots"
    folder.mkdir(exist_ok=True)
    wanted = os.environ.get("PICTURES", "")
    names = wanted.split(",") if wanted else [*VIEWS, *EXAMPLES]
    windows = Windows(served.address)
    shown = windows.open(drawing_browser, tolerated="404")
    taken = [
        picture
        for name in names
        if name in VIEWS
        for picture in take(shown, folder, name, VIEWS[name], served.ids)
    ]
    if computed := [name for name in names if name in EXAMPLES]:
        request.getfixturevalue("l3i5")
        stack = request.getfixturevalue("stack")
        examples = {name: ROOT / "examples" / f"{EXAMPLES[name]}.yaml" for name in computed}
        ids = {name: stack.submit(yaml.safe_load(path.read_text())) for name, path in examples.items()}
        on_stack = windows.open(drawing_browser, address=str(stack.client.base_url))
        for name, job_id in ids.items():
            assert stack.finished(job_id)["state"] == "succeeded"
            view = View(f"jobs/{job_id}", at_rest)
            taken += take(on_stack, folder, name, view, {})
    windows.close()
    for path in write(folder, taken):
        sys.stdout.write(f"{path}\n")
