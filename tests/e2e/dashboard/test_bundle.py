"""How much a browser has to load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from service.dashboard import site
from tests.e2e.dashboard.conftest import missing

LIMIT = 350_000


@pytest.fixture
def assets() -> Path:
    if not (site.STATIC / "index.html").is_file():
        missing("the dashboard is not built (make dashboard)")
    return site.STATIC / "assets"


def loaded_with(path: Path) -> set[Path]:
    """A module with everything that it imports before it runs, which leaves out what it loads later."""
    found, waiting = set(), [path]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            names = re.findall(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""", module.read_text())
            waiting += [module.parent / name for name in names]
    return found


def compressed(path: Path) -> int:
    beside = path.with_name(path.name + ".gz")
    return (beside if beside.is_file() else path).stat().st_size


def test_every_page_without_its_crystal_is_small(assets):
    entry = re.search(r'src="\./assets/([\w.-]+\.js)"', (site.STATIC / "index.html").read_text())
    pages = [next(assets.glob(f"{name}-*.js")) for name in ("JobPage", "NewPage")]
    together = set().union(*(loaded_with(path) for path in [assets / entry[1], *pages]))
    crystal = next(assets.glob("CrystalView-*.js"))
    assert crystal not in together
    assert sum(compressed(path) for path in together) < LIMIT


def test_no_address_of_another_host_is_loaded(assets):
    page = (site.STATIC / "index.html").read_text()
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)
    for style in assets.glob("*.css"):
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//|@import", style.read_text())
