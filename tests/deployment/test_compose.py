"""The compose file and the images: checked by Docker Compose itself, which needs no engine for that."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).parents[2]
COMPOSE = Path(sys.executable).with_name("docker-compose")


def composed(*arguments: str, file: Path = ROOT / "docker-compose.yml", **environment: str):
    return subprocess.run(
        [str(COMPOSE), "-f", str(file), "--project-directory", str(ROOT), *arguments],
        capture_output=True,
        text=True,
        timeout=HANG_SECONDS,
        env={"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **environment},
        check=False,
    )


@pytest.fixture(scope="module")
def services() -> dict:
    profiles = [part for name in ("gpu", "tls", "tools") for part in ("--profile", name)]
    answer = composed(*profiles, "config", "--format", "json")
    assert answer.stderr == ""
    return json.loads(answer.stdout)["services"]


def test_the_compose_file_is_valid_and_has_every_part(services):
    inside = {"postgres", "redis", "migrate", "api", "sweeper", "backup", "worker", "worker-gpu", "keys"}
    assert set(services) == inside | {"proxy", "tls"}


def test_passwords_are_files_in_no_environment_and_no_command(services):
    for name, service in services.items():
        text = json.dumps([service.get("environment", {}), service.get("command")])
        assert "@postgres" not in text.replace("orichalcum@postgres", ""), name
        assert not re.search(r"PASSWORD(?!_FILE)", text), name
    for name in ("api", "sweeper", "worker", "backup", "migrate"):
        assert {one["source"] for one in services[name]["secrets"]} == {
            "orichalcum_database_password",
            "orichalcum_broker_password",
        }
    assert "requirepass" in services["redis"]["command"][-1]


def test_a_remote_worker_has_an_address_and_a_key_and_nothing_else():
    file = ROOT / "docker" / "worker.compose.yml"
    assert "ORICHALCUM_URL" in composed("config", "-q", file=file).stderr
    answer = composed("config", "--format", "json", file=file, ORICHALCUM_URL="https://service.example.org")
    worker = json.loads(answer.stdout)["services"]["worker"]
    assert worker["command"] == ["orichalcum", "worker", "--url", "https://service.example.org"]
    assert [one["source"] for one in worker["secrets"]] == ["orichalcum_api_key"]
    assert not worker.get("ports")
    assert worker["read_only"]


def test_everything_that_runs_on_is_restarted_bounded_rotated_and_cannot_gain_rights(services):
    for name, service in services.items():
        if name == "keys":
            continue
        assert service["restart"] in ("always", "unless-stopped", "on-failure"), name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name
        assert service["deploy"]["resources"]["limits"]["memory"], name
        if name != "postgres":  # its start gives rights away itself
            assert service["security_opt"] == ["no-new-privileges:true"], name
            assert service["cap_drop"] == ["ALL"], name
            assert service["read_only"], name


def test_a_frozen_part_is_ended_by_its_own_healthcheck(services):
    for name, part in {
        "api": "api",
        "sweeper": "sweeper",
        "worker": "worker",
        "worker-gpu": "worker",
    }.items():
        assert services[name]["healthcheck"]["test"] == [
            "CMD",
            "python",
            "-m",
            "service.operations.probe",
            part,
        ]
        assert services[name]["init"]


def test_the_check_itself_finds_a_volume_that_is_not_defined(tmp_path):
    text = (ROOT / "docker-compose.yml").read_text().replace("\n  weights:\n", "\n")
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text)
    assert "weights" in composed("config", "-q", file=broken).stderr


def test_api_keys_are_required_and_only_the_proxy_is_published(services):
    assert services["api"]["environment"]["ORICHALCUM_REQUIRE_API_KEYS"] == "true"
    assert {name for name, service in services.items() if service.get("ports")} == {"proxy", "tls"}
    assert services["tls"]["profiles"] == ["tls"]
    assert services["proxy"]["ports"][0]["host_ip"] == "127.0.0.1"


def test_stores_and_weights_outlive_their_containers(services):
    for name in ("postgres", "redis", "worker", "backup"):
        assert [volume["type"] for volume in services[name]["volumes"]] == ["volume"]


def test_everything_that_others_wait_for_has_a_healthcheck(services):
    for service in services.values():
        for name, condition in service.get("depends_on", {}).items():
            if condition["condition"] == "service_healthy":
                assert services[name].get("healthcheck") or name == "api"  # the API's is in its image
    assert "HEALTHCHECK" in (ROOT / "docker" / "api.Dockerfile").read_text()


def test_the_gpu_worker_is_a_profile_and_asks_for_a_gpu_and_for_nothing_less(services):
    worker = services["worker-gpu"]
    assert worker["profiles"] == ["gpu"]
    assert worker["command"][-2:] == ["--device", "cuda"]
    assert worker["deploy"]["resources"]["reservations"]["devices"][0]["capabilities"] == ["gpu"]


@pytest.mark.parametrize("name", ["api", "worker"])
def test_images_run_as_a_user_without_rights_and_take_a_package_index(name):
    text = (ROOT / "docker" / f"{name}.Dockerfile").read_text()
    last = text[text.rindex("\nFROM ") :]
    assert re.search(r"^USER orichalcum$", last, re.MULTILINE)
    assert "ARG PIP_INDEX_URL" in text
    copied = re.findall(r"^COPY (?!--from)(.*) \S+$", text, re.MULTILINE)
    assert all((ROOT / source).exists() for line in copied for source in line.split())


def test_the_image_of_the_api_installs_only_what_the_server_needs_and_nothing_that_computes():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    name = re.compile(r"^[A-Za-z0-9_.-]+")
    named = {
        name.match(line).group()
        for line in project["dependencies"] + project["optional-dependencies"]["server"]
    }
    lines = (ROOT / "docker" / "api.requirements.txt").read_text().splitlines()
    installed = {name.match(line).group() for line in lines if line and not line.startswith("#")}
    assert not installed & {"torch", "botorch", "gpytorch"}
    assert installed <= named
