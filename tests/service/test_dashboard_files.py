"""The dashboard's files: open to everybody, compressed, cached for as long as their names promise, and nothing else."""

from __future__ import annotations

import gzip
import http.client
import json
import os
import subprocess
import sys

import pytest

from service.dashboard import site
from service.operations import migration
from service.settings import Settings
from service.tables.database import Database
from tests.service.conftest import Queue, serving
from tests.waiting import HANG_SECONDS

STORES = ["sqlite"]
"""Files do not come from the store."""

SCRIPT = "console.log('Al₀.₈Sc₀.₂N');\n" * 100


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A folder as a build leaves it, with a secret beside it."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (tmp_path / "secret.js").write_text("what nobody may read")
    (folder / "index.html").write_text("<!doctype html><title>Orichalcum</title>")
    (folder / "favicon.svg").write_text("<svg/>")
    (folder / ".digest").write_text("what nobody may read")
    (folder / "assets" / "index-Ab_9-x.js.gz").write_bytes(gzip.compress(SCRIPT.encode()))
    (folder / "assets" / "moyo-Cd12.wasm").write_bytes(b"\0asm\1\0\0\0")
    (folder / "assets" / "loop").symlink_to(folder / "assets")
    monkeypatch.setattr(site, "STATIC", folder)
    return folder


@pytest.fixture
def guarded(database):
    """A client without a key of a service that asks for keys."""
    with serving(Settings(require_api_keys=True), database, Queue()) as client:
        yield client


def test_the_page_is_checked_each_time_and_may_only_load_what_is_ours(built, client):
    page = client.get("/")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert page.headers["Cache-Control"] == "no-cache"
    policy = dict(part.split(" ", 1) for part in page.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'self'"
    assert "http" not in page.headers["Content-Security-Policy"]
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == policy["object-src"] == "'none'"
    for name, value in [("X-Content-Type-Options", "nosniff"), ("X-Frame-Options", "DENY")]:
        assert page.headers[name] == value
    assert client.get("/favicon.svg").headers["Content-Type"] == "image/svg+xml"


def test_files_with_a_hash_in_their_name_are_kept_for_ever_and_come_compressed(built, client):
    script = client.get("/assets/index-Ab_9-x.js")
    assert script.text == SCRIPT
    assert script.headers["Content-Encoding"] == "gzip"
    assert int(script.headers["Content-Length"]) < len(SCRIPT) / 10
    assert script.headers["Content-Type"] == "text/javascript; charset=utf-8"
    assert script.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert script.headers["Vary"] == "Accept-Encoding"
    plain = client.get("/assets/index-Ab_9-x.js", headers={"Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    assert plain.text == SCRIPT
    assert client.get("/assets/moyo-Cd12.wasm").headers["Content-Type"] == "application/wasm"


def test_head_answers_with_the_headers_alone(built, client):
    for path in ("/", "/assets/index-Ab_9-x.js"):
        head, full = client.head(path), client.get(path)
        assert head.status_code == 200
        assert head.content == b""
        assert head.headers["Content-Length"] == full.headers["Content-Length"]


WAYS_OUT = [
    "/assets/../../secret.js",
    "/assets/%2e%2e/%2e%2e/secret.js",
    "/assets/..%2f..%2fsecret.js",
    "/assets/..%5c..%5csecret.js",
    "/assets//etc/passwd",
    "/assets/.digest",
    "/.digest",
    "/assets/",
    "/assets/loop",
    "/assets/loop/index-Ab_9-x.js",
    "/assets/index-Ab_9-x.js%00.js",
    "/assets/index-Ab_9-x.js.gz",
    "/assets/nothing.js",
    "/assets/" + "a" * 5000 + ".js",
    "/index.html/../../secret.js",
]


def test_no_path_leads_out_of_the_dashboard(built, client):
    for path in WAYS_OUT:
        # httpx would tidy the path: it is sent as it stands.
        raw = http.client.HTTPConnection(client.base_url.host, client.base_url.port, timeout=HANG_SECONDS)
        raw.request("GET", path)
        answer = raw.getresponse()
        content = answer.read()
        raw.close()
        assert (answer.status, answer.headers["Content-Type"]) == (404, "application/problem+json"), path
        assert b"nobody may read" not in content, path


def test_the_files_are_open_where_the_api_asks_for_a_key(built, guarded):
    assert guarded.get("/").status_code == 200
    assert guarded.get("/assets/index-Ab_9-x.js").status_code == 200
    assert guarded.get("/v1/jobs").status_code == 401


def test_where_it_was_not_built_the_page_says_how(client, tmp_path, monkeypatch, database):
    monkeypatch.setattr(site, "STATIC", tmp_path / "nothing")
    with serving(Settings(), database, Queue()) as unbuilt:
        page = unbuilt.get("/")
        assert page.status_code == 200
        assert "make dashboard" in page.text
        assert "/docs" in page.text
        assert page.headers["Cache-Control"] == "no-store"
        assert unbuilt.get("/assets/index.js").status_code == 404


def test_the_files_are_not_part_of_the_described_api(client):
    paths = client.get("/openapi.json").json()["paths"]
    assert not any(path == "/" or path.startswith(("/assets", "/favicon")) for path in paths)


def test_the_openapi_document_is_printed_without_a_service_or_a_database(client, tmp_path):
    printed = subprocess.run(
        [sys.executable, "-m", "service.api.openapi"],
        capture_output=True,
        text=True,
        check=True,
        timeout=HANG_SECONDS,
        env={**os.environ, "ORICHALCUM_DATA": str(tmp_path / "data")},
    )
    described, served = json.loads(printed.stdout), client.get("/openapi.json").json()
    schemas = described["components"].pop("schemas")
    # It says more than the service's own: what the events of a job look like.
    assert schemas.items() >= served["components"].pop("schemas").items()
    assert described == served
    assert not (tmp_path / "data").exists()


def test_a_build_is_seen_by_a_running_service(tmp_path, monkeypatch):
    folder = tmp_path / "static"
    monkeypatch.setattr(site, "STATIC", folder)
    database = Database(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    migration.upgrade(database)
    with serving(Settings(), database, Queue()) as client:
        assert "make dashboard" in client.get("/").text
        folder.mkdir()
        (folder / "index.html").write_text("<!doctype html>built")
        assert client.get("/").text == "<!doctype html>built"
    database.close()
