"""How much a browser has to load."""

from __future__ import annotations

import gzip
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


def named(assets: Path, pattern: str) -> Path:
    """The one built file of a name, which is kept compressed where that makes it smaller."""
    (found,) = [*assets.glob(pattern), *assets.glob(f"{pattern}.gz")]
    return found


def text(path: Path) -> str:
    return (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()


def loaded_with(path: Path) -> set[Path]:
    """A module with everything that it imports before it runs, which leaves out what it loads later."""
    found, waiting = set(), [path]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            names = re.findall(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""", text(module))
            waiting += [named(module.parent, name) for name in names]
    return found


def test_every_page_without_its_crystal_is_small(assets):
    entry = re.search(r'src="\./assets/([\w.-]+\.js)"', (site.STATIC / "index.html").read_text())
    names = (entry[1], "JobPage-*.js", "NewPage-*.js")
    together = set().union(*(loaded_with(named(assets, name)) for name in names))
    assert named(assets, "CrystalView-*.js") not in together
    assert sum(path.stat().st_size for path in together) < LIMIT


def test_no_address_of_another_host_is_loaded(assets):
    page = (site.STATIC / "index.html").read_text()
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)
    for style in [*assets.glob("*.css"), *assets.glob("*.css.gz")]:
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//|@import", text(style))
