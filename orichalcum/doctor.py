"""What this machine has of what Orichalcum needs: versions, weights, device, threads, compiler, port, disk, service."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import shutil
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

import orichalcum
from orichalcum import local, protocol
from orichalcum.exceptions import OrichalcumError

State = Literal["good", "notice", "bad"]
EXTRAS = {
    "server": ("torch", "ase", "pymatgen", "fastapi", "sqsgenerator"),
    "pandas": ("pandas",),
    "polars": ("polars",),
    "plot": ("plotly",),
    "crystals": ("ase", "pymatgen"),
}
"""What the extras bring, as distributions; of the server the parts that tell most."""
LITTLE_SPACE = 2 * 2**30
"""Bytes on the disk below which it is told."""
PORT = 8421


class Finding(BaseModel):
    """One thing that was looked at.

    Attributes:
        what: What it is.
        state: good; notice, where something is absent that some uses need; bad, where something is broken.
        text: What was found, and the mend.
    """

    what: str
    state: State
    text: str


class Findings(BaseModel):
    """All that was looked at."""

    findings: list[Finding]


def examine(url: str | None = None, data: Path | None = None) -> Findings:
    """Look at everything; nothing is changed, and nothing but the service's address is asked over the network."""
    checks: list[Callable[[], Iterator[Finding]]] = [
        _versions,
        _extras,
        _engine,
        _compiler,
        _port,
        lambda: _data(data),
        lambda: _service(url),
    ]
    return Findings(findings=[found for check in checks for found in check()])


def _versions() -> Iterator[Finding]:
    text = f"orichalcum {orichalcum.__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield Finding(what="versions", state="good", text=text)


def _extras() -> Iterator[Finding]:
    for extra, names in EXTRAS.items():
        found = {name: _version(name) for name in names}
        missing = [name for name, version in found.items() if version is None]
        if missing:
            text = f"{', '.join(missing)} not installed; if you want it: pip install 'orichalcum[{extra}]'"
            yield Finding(what=f"extra {extra}", state="notice", text=text)
        else:
            text = ", ".join(f"{name} {version}" for name, version in found.items())
            yield Finding(what=f"extra {extra}", state="good", text=text)


def _version(name: str) -> str | None:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def _engine() -> Iterator[Finding]:
    """Weights, device and threads, where what computes is installed."""
    try:
        potentials = local.potentials()
        device = local.device_facts()
    except OrichalcumError as error:
        yield Finding(what="engine", state="notice", text=str(error))
        return
    here = [one.name for one in potentials if one.fetched]
    others = len(potentials) - len(here)
    text = f"here: {', '.join(here) or 'none'}; {others} others known, see 'orichalcum potentials list'"
    mend = "" if here else "; 'orichalcum potentials fetch NAME' brings them, and so does the first use"
    yield Finding(what="weights", state="good" if here else "notice", text=text + mend)
    yield Finding(what="device", state="good", text=device.device)
    cores = os.cpu_count() or 1
    said = f"torch takes {device.threads} of {cores} cores"
    crowded = device.threads > cores
    said += "; OMP_NUM_THREADS asks for more threads than there are cores: lower it" if crowded else ""
    yield Finding(what="threads", state="notice" if crowded else "good", text=said)


def _compiler() -> Iterator[Finding]:
    found = next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)
    text = f"{found}; not needed" if found else "none; not needed: every library comes compiled"
    yield Finding(what="compiler", state="good", text=text)


def _port() -> Iterator[Finding]:
    with socket.socket() as one:
        try:
            one.bind(("127.0.0.1", PORT))
        except OSError:
            text = f"{PORT} is in use, by a service or something else; 'orichalcum up --port 0' takes another"
            yield Finding(what="port", state="notice", text=text)
            return
    yield Finding(what="port", state="good", text=f"{PORT} is free")


def _data(data: Path | None) -> Iterator[Finding]:
    folder = data or Path(os.environ.get("ORICHALCUM_DATA") or "~/.local/share/orichalcum")
    folder = folder.expanduser()
    there = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not _writable(there):
        text = f"{folder} cannot be written; name another with --data or ORICHALCUM_DATA"
        yield Finding(what="data", state="bad", text=text)
        return
    free = shutil.disk_usage(there).free
    text = f"{folder}, {free / 2**30:.1f} GiB free"
    yield Finding(what="data", state="notice" if free < LITTLE_SPACE else "good", text=text)


def _writable(folder: Path) -> bool:
    return os.access(folder, os.W_OK)


def _service(url: str | None) -> Iterator[Finding]:
    import httpx

    try:
        address = protocol.address(url)
        with httpx.Client(
            base_url=address.url, headers=address.headers, timeout=5.0, trust_env=address.trust_env
        ) as client:
            ready = client.get("/health/ready")
            known = client.get("/v1/potentials") if ready.is_success else ready
    except OrichalcumError as error:
        yield Finding(what="service", state="bad", text=str(error))
        return
    except httpx.HTTPError:
        text = f"none answers at {address.url}; 'orichalcum up' starts one"
        yield Finding(what="service", state="notice", text=text)
        return
    if known.status_code in {401, 403}:
        text = f"{address.url} is ready and does not accept the API key; set ORICHALCUM_API_KEY"
        yield Finding(what="service", state="bad", text=text)
    elif ready.is_success:
        yield Finding(what="service", state="good", text=f"{address.url} is ready")
    else:
        text = f"{address.url} answers with {ready.status_code}: {ready.text[:200]}; see its logs"
        yield Finding(what="service", state="bad", text=text)
