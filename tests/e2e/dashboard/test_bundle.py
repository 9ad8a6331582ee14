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


def text(path: Path) -> str:
    """What is in a file of the build, of which those that shrink are there compressed only."""
    return (gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()).decode()


def built(assets: Path, pattern: str) -> Path:
    """The one file of this name, compressed or not."""
    (found,) = [*assets.glob(pattern), *assets.glob(f"{pattern}.gz")]
    return found


def loaded_with(path: Path) -> set[Path]:
    """A module with everything that it imports before it runs, which leaves out what it loads later."""
    found, waiting = set(), [path]
    while waiting:
        module = waiting.pop()
        if module not in found:
            found.add(module)
            names = re.findall(r"""(?:from|import)\s*["']\./([\w.-]+\.js)["']""", text(module))
            waiting += [built(module.parent, name) for name in names]
    return found


def test_every_page_without_its_crystal_is_small(assets):
    entry = re.search(r'src="\./assets/([\w.-]+\.js)"', (site.STATIC / "index.html").read_text())
    pages = [built(assets, f"{name}-*.js") for name in ("JobPage", "NewPage")]
    together = set().union(*(loaded_with(path) for path in [built(assets, entry[1]), *pages]))
    assert built(assets, "CrystalView-*.js") not in together
    assert len(together) > len(pages)
    assert sum(path.stat().st_size for path in together) < LIMIT


def test_no_address_of_another_host_is_loaded(assets):
    page = (site.STATIC / "index.html").read_text()
    assert not re.search(r"""(?:src|href)=["'](?:https?:)?//""", page)
    styles = [*assets.glob("*.css"), *assets.glob("*.css.gz")]
    assert styles
    for style in styles:
        assert not re.search(r"url\(\s*['\"]?(?:https?:)?//|@import", text(style))
