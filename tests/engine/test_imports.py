"""What importing the evaluator brings with it: torch and numpy; whatever else, schemas too, when it is used."""

import subprocess
import sys

import pytest

from tests.waiting import HANG_SECONDS

WHEN_USED = (
    "scipy",
    "pymatgen",
    "ase",
    "spglib",
    "gemmi",
    "vesin",
    "psutil",
    "pandas",
    "e3nn",
    "mace",
    "botorch",
    "gpytorch",
    "linear_operator",
    "pydantic",
)


@pytest.mark.parametrize("module", ["engine.evaluation", "engine.evaluation.evaluator"])
def test_importing_the_evaluator_brings_no_heavy_library_but_torch(module):
    code = f"import sys, {module}; print([name for name in {WHEN_USED!r} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=HANG_SECONDS, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("[]", "")
