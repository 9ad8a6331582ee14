"""Windows of a browser on the dashboard, which note whatever goes wrong in them and whatever they ask elsewhere."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

AXE = Path(__file__).resolve().parents[3] / "dashboard" / "node_modules" / "axe-core" / "axe.min.js"
SECONDS = 240
"""How long a test waits for what it expects to see: this only ends a hang."""


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
        """Go to a route of the dashboard."""
        self.page.goto(f"{self.address}/#/{route}")
        return self.page

    def said(self, message: ConsoleMessage) -> None:
        """Note an error of the console."""
        if message.type == "error" and (self.tolerated is None or self.tolerated not in message.text):
            self.faults.append(f"console: {message.text} ({message.location.get('url', '')})")

    def asked(self, request: Request) -> None:
        """Note a request, which must be for the service or for what the page itself has made."""
        self.addresses.append(request.url)
        if urlsplit(request.url).scheme not in ("data", "blob") and (
            urlsplit(request.url)[:2] != urlsplit(self.address)[:2]
        ):
            self.faults.append(f"request elsewhere: {request.url}")

    def violations(self, within: str | None = None) -> list[str]:
        """What axe finds to be serious or critical on the page as it stands, or in a part of it."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text())
        found = self.page.evaluate(
            "(within) => axe.run(within ?? document, {resultTypes: ['violations']})", within
        )
        return [
            f"{rule['id']}: {node['html'][:160]} ({node['failureSummary'][:200]})"
            for rule in found["violations"]
            if rule["impact"] in ("serious", "critical")
            for node in rule["nodes"]
        ]


@dataclass
class Windows:
    """All that are opened on one service, each in a browser of its own."""

    address: str
    opened: list[Window] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(
        self,
        browser: Browser,
        *,
        width: int = 1280,
        height: int = 860,
        dark: bool = False,
        motion: bool = False,
        address: str | None = None,
        tolerated: str | None = None,
    ) -> Window:
        """A new one, without anything kept from others.

        Args:
            browser: Chromium or Firefox; the latter's theme and motion are in its preferences.
            width: In pixels of CSS.
            height: As the width.
            dark: Whether the system's theme is dark.
            motion: Whether things may move.
            address: Of another service.
            tolerated: What errors of the console may have in them.
        """
        media = {
            "color_scheme": "dark" if dark else "light",
            "reduced_motion": "no-preference" if motion else "reduce",
        }
        context = browser.new_context(
            viewport={"width": width, "height": height},
            locale="en-GB",
            **(media if browser.browser_type.name == "chromium" else {}),
        )
        context.set_default_timeout(SECONDS * 1000)
        self.contexts.append(context)
        page = context.new_page()
        shown = Window(page, (address or self.address).rstrip("/"), tolerated)
        page.on("console", shown.said)
        page.on("request", shown.asked)
        page.on("pageerror", lambda error: shown.faults.append(f"exception: {error}"))
        self.opened.append(shown)
        return shown

    def close(self) -> None:
        """Close them; none of them may have met a fault."""
        for context in self.contexts:
            context.close()
        assert [fault for shown in self.opened for fault in shown.faults] == []
