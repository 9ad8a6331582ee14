"""Building the dashboard: once, and not again before something has changed."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.dashboard import site
from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def built() -> None:
    if not (site.STATIC / "index.html").is_file():
        if os.environ.get("CI") == "true":
            pytest.fail("the dashboard is not built, and under CI nothing may be left out")
        pytest.skip("the dashboard is not built (make dashboard)")


def test_what_is_built_is_not_built_again_and_needs_neither_node_nor_the_network(built):
    before = {path: path.stat().st_mtime_ns for path in site.STATIC.rglob("*")}
    again = subprocess.run(
        [sys.executable, str(ROOT / "dashboard" / "build.py")],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        check=False,
        env={"PATH": "", "PYTHONPATH": str(ROOT), "http_proxy": "http://127.0.0.1:9"},
    )
    assert (again.returncode, again.stdout, again.stderr) == (0, "", "")
    assert {path: path.stat().st_mtime_ns for path in site.STATIC.rglob("*") if path in before} == before


def test_what_shrinks_is_there_compressed_and_once(built):
    scripts = list((site.STATIC / "assets").glob("*.js.gz"))
    assert scripts
    for script in scripts:
        assert not script.with_suffix("").exists()
        assert script.stat().st_size < 0.7 * len(gzip.decompress(script.read_bytes()))
    assert all(path.stat().st_size <= 1000 for path in (site.STATIC / "assets").glob("*.js"))
