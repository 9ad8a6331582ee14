"""A worker starts no compiler, whatever it computes: for a front BoTorch would compile an extension."""

from __future__ import annotations

import os

from tests.e2e.test_jobs import problem

PROGRAMS = ("c++", "g++", "cc", "gcc", "clang", "clang++", "ninja", "nvcc", "cmake", "make", "ld", "as")


def test_a_search_for_a_front_starts_no_compiler_in_its_worker(own_stack, tmp_path, monkeypatch):
    folder, log = tmp_path / "programs", tmp_path / "started"
    folder.mkdir()
    for name in PROGRAMS:
        program = folder / name
        program.write_text(f'#!/bin/sh\necho "$0 $*" >> {log}\nexit 1\n')
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    monkeypatch.setenv("CXX", str(folder / "c++"))
    monkeypatch.setenv("TORCH_EXTENSIONS_DIR", str(tmp_path / "extensions"))  # where nothing is built yet
    stack = own_stack()
    job_id = stack.submit(
        problem(
            objectives=[
                {"property": "lattice_a", "goal": "minimize"},
                {"property": "mixing_energy", "goal": "minimize"},
            ],
            strategy={"name": "bayesian", "max_evaluations": 7, "batch_size": 1, "seed": 0},
        )
    )
    assert stack.finished(job_id)["state"] == "succeeded"
    found = stack.rows("select task from tasks where unit = 'relaxation'")
    assert len(found) > 3  # the first few are a design; the acquisition chose the others
    assert not log.exists(), log.read_text()
    assert not (tmp_path / "extensions").exists()
