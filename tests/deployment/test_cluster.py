"""What runs on clusters: the manifests of Kubernetes hang together, and the scripts do what they say.

The linters of `make deployment` check their form; no cluster is here to run them.
"""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.waiting import HANG_SECONDS

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "kubernetes"


@pytest.fixture(scope="module")
def objects() -> list[dict]:
    listed = yaml.safe_load((FOLDER / "kustomization.yaml").read_text())["resources"]
    assert set(listed) == {file.name for file in FOLDER.glob("*.yaml")} - {"kustomization.yaml"}
    return [one for name in listed for one in yaml.safe_load_all((FOLDER / name).read_text())]


def of_kind(objects, *kinds):
    return [one for one in objects if one["kind"] in kinds]


def pods(objects):
    for one in of_kind(objects, "Deployment"):
        yield one["metadata"]["name"], one["spec"]["template"]
    for one in of_kind(objects, "CronJob"):
        yield one["metadata"]["name"], one["spec"]["jobTemplate"]["spec"]["template"]


def containers(template):
    return [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]


def test_every_selector_finds_what_it_is_for(objects):
    labels = [template["metadata"]["labels"] for _, template in pods(objects)]
    for one in of_kind(objects, "Deployment"):
        wanted = one["spec"]["selector"]["matchLabels"]
        assert wanted.items() <= one["spec"]["template"]["metadata"]["labels"].items()
    chosen = [one["spec"]["selector"] for one in of_kind(objects, "Service")]
    chosen += [one["spec"]["selector"]["matchLabels"] for one in of_kind(objects, "PodDisruptionBudget")]
    for one in of_kind(objects, "NetworkPolicy"):
        selector = one["spec"]["podSelector"]
        chosen.append(selector.get("matchLabels", {}))
        for rule in selector.get("matchExpressions", []):
            assert set(rule["values"]) <= {found["part"] for found in labels}
    for selector in chosen:
        assert any(selector.items() <= found.items() for found in labels), selector


def test_every_container_is_bounded_and_without_rights(objects):
    for name, template in pods(objects):
        spec = template["spec"]
        assert spec["securityContext"]["runAsNonRoot"], name
        assert spec["automountServiceAccountToken"] is False, name
        volumes = {one["name"] for one in spec["volumes"]}
        for one in containers(template):
            assert one["securityContext"]["readOnlyRootFilesystem"], name
            assert one["securityContext"]["capabilities"] == {"drop": ["ALL"]}, name
            assert not one["securityContext"]["allowPrivilegeEscalation"], name
            assert {"requests", "limits"} <= set(one["resources"]), name
            assert "memory" in one["resources"]["limits"], name
            assert {mount["name"] for mount in one["volumeMounts"]} <= volumes, name


def test_everything_that_runs_on_has_a_probe_and_passwords_are_files(objects):
    for one in of_kind(objects, "Deployment"):
        for container in one["spec"]["template"]["spec"]["containers"]:
            assert "livenessProbe" in container, container["name"]
            assert not container.get("env"), container["name"]
    assert not of_kind(objects, "Secret")
    settings = of_kind(objects, "ConfigMap")[0]["data"]
    assert not [name for name in settings if "PASSWORD" in name or name[-3:] == "KEY"]
    assert settings["ORICHALCUM_REQUIRE_API_KEYS"] == "true"


def executable(folder: Path, name: str, text: str) -> None:
    file = folder / name
    file.write_text(f"#!/bin/sh\n{text}\n")
    file.chmod(file.stat().st_mode | stat.S_IXUSR)


def test_backups_are_kept_up_to_a_number_and_a_failed_one_leaves_nothing(tmp_path):
    kept = tmp_path / "backups"
    kept.mkdir()
    for day in range(1, 6):
        (kept / f"orichalcum-2026010{day}T000000Z.backup").write_text("old")
    executable(tmp_path, "orichalcum", 'echo saved > "$2"')
    environment = {
        "PATH": f"{tmp_path}:{os.environ['PATH']}",
        "BACKUP_FOLDER": str(kept),
        "BACKUP_KEEP": "3",
        "BACKUP_ONCE": "1",
    }
    script = str(ROOT / "docker" / "backup.sh")
    subprocess.run(["sh", script], env=environment, check=True, timeout=HANG_SECONDS)
    found = sorted(file.name for file in kept.iterdir())
    assert found[:2] == ["orichalcum-20260104T000000Z.backup", "orichalcum-20260105T000000Z.backup"]
    assert (kept / found[2]).read_text() == "saved\n"
    assert len(found) == 3
    executable(tmp_path, "orichalcum", 'echo half > "$2"; exit 1')
    executable(tmp_path, "sleep", "kill $PPID")
    subprocess.run(["sh", script], env=environment, check=False, timeout=HANG_SECONDS, capture_output=True)
    assert sorted(file.name for file in kept.iterdir()) == found


@pytest.fixture
def cluster(tmp_path):
    """Runs the script of Slurm with an srun that tells how it was called."""
    executable(tmp_path, "srun", 'echo "$@"')

    def run(**more):
        environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "HOME": str(tmp_path), **more}
        script = ROOT / "deploy" / "cluster" / "worker.sbatch"
        return subprocess.run(
            ["bash", str(script)],
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=HANG_SECONDS,
            check=False,
        )

    return run


def test_the_slurm_script_gives_the_worker_what_is_left_of_its_time_and_no_key(cluster, tmp_path):
    url = "https://service.example.org"
    assert "ORICHALCUM_URL" in cluster().stderr
    refused = cluster(ORICHALCUM_URL=url)
    assert refused.returncode == 78
    assert "keys create --scopes compute" in refused.stderr
    folder = tmp_path / ".config" / "orichalcum"
    folder.mkdir(parents=True)
    (folder / "orichalcum_api_key").write_text("ori_secret")
    executable(tmp_path, "date", "echo 1000000")
    told = cluster(ORICHALCUM_URL=url, SLURM_JOB_END_TIME="1003600")
    assert told.returncode == 0, told.stderr
    assert told.stdout.split()[-8:] == [
        "--url",
        url,
        "--device",
        "cuda",
        "--idle-timeout",
        "900",
        "--walltime",
        "3480",
    ]
    assert "--nv" in told.stdout
    assert "ori_secret" not in told.stdout
    assert "--nv" not in cluster(ORICHALCUM_URL=url, ORICHALCUM_DEVICE="cpu").stdout
