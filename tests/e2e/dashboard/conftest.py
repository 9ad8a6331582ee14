"""Headless browsers that show the dashboard of a real service, and tolerate no error and no request elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

import pytest
from playwright.sync_api import Browser, Page, Playwright, expect, sync_playwright

from engine.potentials.weights import fetch
from service.dashboard import site
from tests.e2e.dashboard import browsers
from tests.e2e.dashboard.gallery import Gallery, gallery
from tests.e2e.dashboard.windows import AXE, SECONDS, Window, Windows
from tests.stack import Stack

ROOT = Path(__file__).resolve().parents[3]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def missing(what: str) -> NoReturn:
    """Leave a test out, or fail where nothing may be left out."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and under CI nothing may be left out")
    pytest.skip(what)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Ends with the module: while it is there its event loop runs in this thread, and no test may run another."""
    if not (site.STATIC / "index.html").is_file() or not AXE.is_file():
        missing("the dashboard is not built (make dashboard)")
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        yield playwright


def program(browser: str) -> str:
    """Where a browser is; leaves the test out where it is not installed."""
    found = browsers.path(browser)
    if found is None:
        missing(f"{browser.capitalize()} is not installed")
    return found


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium without WebGL: the pages must be of use there too, and are faster."""
    browser = playwright.chromium.launch(executable_path=program("chromium"), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def drawing_browser(playwright: Playwright) -> Iterator[Browser]:
    """Chromium with WebGL by the processor, for crystals."""
    flags = [flag for flag in FLAGS if flag != "--disable-gpu"] + ["--enable-unsafe-swiftshader"]
    browser = playwright.chromium.launch(executable_path=program("chromium"), args=flags)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def firefox(playwright: Playwright) -> Iterator[Browser]:
    """Firefox as it is installed, without WebGL and with its own drawing of motion reduced."""
    preferences = {"ui.prefersReducedMotion": 1, "webgl.disabled": True}
    browser = playwright.firefox.launch(
        channel="moz-firefox", executable_path=program("firefox"), firefox_user_prefs=preferences
    )
    yield browser
    browser.close()


def identifier(page: Page) -> str:
    """The job whose page is shown."""
    return page.url.rpartition("/")[2]


@pytest.fixture
def window(request: pytest.FixtureRequest) -> Iterator[Callable[..., Window]]:
    """Opens windows, by default on the stack and in Chromium; at the end none of them may have met a fault."""
    windows = Windows("")

    def opening(*, browser: str = "browser", drawing: bool = False, **wishes: Any) -> Window:
        if wishes.get("address") is None and windows.address == "":
            request.getfixturevalue("l3i5")
            stack: Stack = request.getfixturevalue("stack")
            windows.address = str(stack.client.base_url)
        running: Browser = request.getfixturevalue("drawing_browser" if drawing else browser)
        return windows.open(running, **wishes)

    yield opening
    windows.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """A service with jobs of every kind and state."""
    with gallery(tmp_path_factory.mktemp("gallery")) as found:
        yield found


@pytest.fixture(scope="session")
def l3i5() -> None:
    fetch("sevennet-l3i5")
