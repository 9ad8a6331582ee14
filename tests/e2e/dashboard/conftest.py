"""A headless Chromium that shows the dashboard of a real stack, and tolerates no error and no request elsewhere."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Route, expect, sync_playwright

from engine.potentials.weights import fetch
from service.dashboard import site
from tests.e2e.dashboard import chromium
from tests.stack import Stack

ROOT = Path(__file__).resolve().parents[3]
AXE = ROOT / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SECONDS = 240
"""How long a test waits for what it expects to see: this only ends a hang."""


def missing(what: str) -> NoReturn:
    """Leave a test out, or fail where nothing may be left out."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}, and under CI nothing may be left out")
    pytest.skip(what)


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    """Ends with the module: while it is there its event loop runs in this thread, and no test may run another."""
    if chromium.path() is None:
        missing("Chromium is not installed")
    if not (site.STATIC / "index.html").is_file() or not AXE.is_file():
        missing("the dashboard is not built (make dashboard)")
    expect.set_options(timeout=SECONDS * 1000)
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """Without WebGL: the pages must be of use there too, and are faster."""
    browser = playwright.chromium.launch(executable_path=chromium.path(), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture(scope="module")
def drawing_browser(playwright: Playwright) -> Iterator[Browser]:
    """With WebGL by the processor, for crystals."""
    flags = [flag for flag in FLAGS if flag != "--disable-gpu"] + ["--enable-unsafe-swiftshader"]
    browser = playwright.chromium.launch(executable_path=chromium.path(), args=flags)
    yield browser
    browser.close()


def identifier(page: Page) -> str:
    """The job whose page is shown."""
    return page.url.rpartition("/")[2]


@dataclass
class Window:
    """One page of the browser, with what went wrong in it."""

    page: Page
    address: str
    tolerated: str | None = None
    """What errors of the console may have in them, where a test provokes some."""
    faults: list[str] = field(default_factory=list)
    addresses: list[str] = field(default_factory=list)
    """Whatever was asked for."""

    def open(self, route: str = "") -> Page:
        self.page.goto(f"{self.address}/#/{route}")
        return self.page

    def _said(self, message: ConsoleMessage) -> None:
        if message.type == "error" and (self.tolerated is None or self.tolerated not in message.text):
            self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")

    def _asked(self, route: Route) -> None:
        self.addresses.append(route.request.url)
        if urlsplit(route.request.url)[:2] == urlsplit(self.address)[:2]:
            route.continue_()
        else:
            self.faults.append(f"request elsewhere: {route.request.url}")
            route.abort()

    def violations(self) -> list[str]:
        """What axe finds to be serious or critical on the page as it stands."""
        self.page.evaluate(AXE.read_text())
        found = self.page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [
            f"{rule['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
            for rule in found["violations"]
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]


@pytest.fixture
def window(request: pytest.FixtureRequest, stack: Stack, l3i5: None) -> Iterator[Callable[..., Window]]:
    """Opens windows on the stack; at the end none of them may have met a fault."""
    opened: list[Window] = []
    contexts = []

    def opening(
        *,
        width: int = 1280,
        height: int = 860,
        dark: bool = False,
        drawing: bool = False,
        address: str = str(stack.client.base_url),
        tolerated: str | None = None,
    ) -> Window:
        browser: Browser = request.getfixturevalue("drawing_browser" if drawing else "browser")
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce",
            locale="en-GB",
        )
        context.set_default_timeout(SECONDS * 1000)
        contexts.append(context)
        page = context.new_page()
        shown = Window(page, address.rstrip("/"), tolerated)
        context.route("**/*", shown._asked)
        page.on("console", shown._said)
        page.on("pageerror", lambda error: shown.faults.append(f"exception: {error}"))
        opened.append(shown)
        return shown

    yield opening
    for context in contexts:
        context.close()
    assert [fault for shown in opened for fault in shown.faults] == []


@pytest.fixture(scope="session")
def l3i5() -> None:
    fetch("sevennet-l3i5")
