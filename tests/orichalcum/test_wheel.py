"""What is installed: the wheel holds every package with its data, and asks for little unless the server is wanted."""

import subprocess
import sys
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest

from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("wheel")
    # Without isolation nothing is downloaded: the build backend is among the development tools.
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
    subprocess.run(
        [*command, "--wheel-dir", str(folder), str(ROOT)],
        check=True,
        capture_output=True,
        timeout=HANG_SECONDS,
    )
    return zipfile.ZipFile(next(folder.glob("orichalcum-*.whl")))


def test_every_module_and_data_file_of_the_packages_is_in_the_wheel(wheel):
    packaged = set(wheel.namelist())
    for package in ("api_schemas", "engine", "service", "orichalcum"):
        sources = [path for path in (ROOT / package).rglob("*") if path.is_file() and path.suffix != ".pyc"]
        missing = [
            str(path.relative_to(ROOT))
            for path in sources
            if path.relative_to(ROOT).as_posix() not in packaged
        ]
        assert missing == []
    assert "service/operations/migrations/env.py" in packaged
    assert any(name.startswith("service/operations/migrations/versions/0001") for name in packaged)


def test_nothing_else_becomes_a_package(wheel):
    tops = {name.partition("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {
        "api_schemas",
        "engine",
        "service",
        "orichalcum",
    }


def test_the_bare_install_asks_for_five_light_packages(wheel):
    name = next(name for name in wheel.namelist() if name.endswith("METADATA"))
    metadata = Parser().parsestr(wheel.read(name).decode())
    required = metadata.get_all("Requires-Dist") or []
    bare = {line.partition("<")[0].partition(">")[0].strip() for line in required if "extra ==" not in line}
    assert bare == {"httpx", "pydantic", "pyyaml", "rich", "typer"}
    assert metadata["License-Expression"] == "MIT"
    optional = {line.partition("extra ==")[2].strip(" '\"") for line in required if "extra ==" in line}
    assert {"server", "pandas", "polars", "plot", "crystals"} <= optional
    assert set(metadata.get_all("Provides-Extra") or []) >= optional


def test_the_client_is_small(wheel):
    """With what it asks for it is 23 MB on the disk, most of it pydantic, pygments of rich, and yaml."""
    assert sum(one.file_size for one in wheel.infolist()) < 6_000_000
