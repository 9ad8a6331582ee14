"""A service without workers that holds jobs of every kind and state, and the views of the dashboard on it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect

from service.operations import migration
from service.settings import Settings
from service.tables.database import Database
from tests.e2e.dashboard.recorded import recorded
from tests.e2e.dashboard.stored import put
from tests.service.conftest import Queue, serving

MAKING = "new"
PANEL, HEAD = "[role=tabpanel]", "main > header"


@dataclass(frozen=True)
class Gallery:
    """Its address and store, and the ids of its jobs, by the names of those that were recorded or by their states."""

    address: str
    database: Database
    ids: dict[str, str]


@dataclass(frozen=True)
class View:
    """A page in one of its states.

    Attributes:
        route: Of the dashboard; {name} stands for the id of a job of the gallery.
        ready: Waits until it shows what it has, after doing what leads there.
        within: The part in which it differs from other views, where that is small.
    """

    route: str
    ready: Callable[[Page], Any]
    within: str | None = None


@contextmanager
def gallery(folder: Path) -> Iterator[Gallery]:
    """Serve it, from a store in a folder."""
    database = Database(f"sqlite:///{folder / 'store.sqlite3'}")
    migration.upgrade(database)
    jobs = recorded()
    ids = {name: put(database, *jobs[name]) for name in jobs if name != "verified"}
    ids["verified"] = put(database, *jobs["verified"], parent=ids["given"])
    asked, result = jobs["three_elements"]
    states: list[tuple[Any, dict[str, Any]]] = [
        ("failed", {"told": 0}),
        ("cancelled", {"told": 2}),
        ("paused", {"told": 1}),
        ("running", {"told": 2, "doing": ["relaxing Na0.4 K0.3 Rb0.3 Cl: step 3"]}),
        ("queued", {}),
    ]
    for state, more in states:
        name = f"{asked['name']}, {state}"
        ids[state] = put(database, {**asked, "name": name}, result, state, **more)
    with serving(Settings(), database, Queue()) as client:
        yield Gallery(str(client.base_url).rstrip("/"), database, ids)
    database.close()


def listed(page: Page) -> None:
    expect(page.get_by_role("row").nth(1)).to_be_visible()


def said(text: str) -> Callable[[Page], None]:
    return lambda page: expect(page.get_by_text(text).first).to_be_visible()


def plotted(name: str) -> Callable[[Page], None]:
    return lambda page: expect(page.get_by_role("slider", name=re.compile(name)).first).to_be_visible()


def with_example(page: Page) -> None:
    page.get_by_label("Start from").select_option("(Al,Ga,In)N with a lattice constant and a density")
    expect(page.get_by_role("button", name=re.compile("^Run, about"))).to_be_enabled()


def with_faults(page: Page) -> None:
    with_example(page)
    page.get_by_text("Add constraints").click()
    page.get_by_role("button", name="Choose elements…").click()
    page.get_by_label("Most evaluations").fill("0")
    expect(page.get_by_text("thing to mend")).to_be_visible()


def doing(choice: str) -> Callable[[Page], None]:
    def chosen(page: Page) -> None:
        with_example(page)
        page.get_by_label("What to do").select_option(choice)
        page.wait_for_timeout(300)

    return chosen


def opened(tab: str) -> Callable[[Page], None]:
    def open_tab(page: Page) -> None:
        page.get_by_role("tab", name=tab).click()
        expect(page.get_by_role("tabpanel", name=tab)).to_be_visible()

    return open_tab


VIEWS: dict[str, View] = {
    "jobs": View("", listed),
    "jobs-none-found": View("?name=nothing+is+called+so", said("No job is like this")),
    "new-job-empty": View(MAKING, said("What to do")),
    "new-job-with-faults": View(MAKING, with_faults),
    "new-job-order": View(MAKING, doing("Find the orderings")),
    "new-job-free-energy": View(MAKING, doing("Compute free energies")),
    "search": View("jobs/{three_elements}", plotted("^Ternary")),
    "search-five-elements": View("jobs/{five_elements}", plotted("arrow keys")),
    "front": View("jobs/{front}", plotted("arrow keys")),
    "two-potentials": View("jobs/{two_potentials}", said("Other potentials"), PANEL),
    "scan": View("jobs/{scan}", plotted("arrow keys")),
    "compositions": View("jobs/{given}", plotted("arrow keys")),
    "verification": View("jobs/{verified}", said("Explicit supercells"), PANEL),
    "orderings-hull": View("jobs/{order_hull}", plotted("^Mixing energy")),
    "orderings": View("jobs/{order_cuau}", plotted("^Energies of the decorations")),
    "phases": View("jobs/{free_energy_phases}", plotted("temperature")),
    "vacancy": View("jobs/{free_energy_vacancy}", said("a vacancy in NaCl")),
    "queued": View("jobs/{queued}", said("Queued")),
    "running": View("jobs/{running}", plotted("^Ternary")),
    "paused": View("jobs/{paused}", plotted("^Ternary"), HEAD),
    "failed": View("jobs/{failed}", said("The worker was lost again and again")),
    "cancelled": View("jobs/{cancelled}", plotted("^Ternary")),
    "sensitivity": View("jobs/{three_elements}", opened("Sensitivity"), PANEL),
    "problem": View("jobs/{three_elements}", opened("Problem"), PANEL),
    "provenance": View("jobs/{three_elements}", opened("Provenance"), PANEL),
    "explore": View("jobs/{three_elements}/explore", plotted("^Ternary")),
    "compare": View("compare?jobs={three_elements},{two_potentials},{scan}", said("Different kinds")),
    "report": View("jobs/{three_elements}/report", said("To repeat and to cite")),
    "no-such-job": View("jobs/01ARZ3NDEKTSV4RRFFQ69G5FAV", said("There is no such job")),
    "no-such-page": View("nowhere", said("There is no such page")),
}
"""All pages and states, by name."""
RARE = {
    *("front", "two-potentials", "compositions", "paused", "cancelled"),
    *("sensitivity", "problem", "provenance", "new-job-order"),
}
"""Those made of what others show as well: make soak looks at them."""
