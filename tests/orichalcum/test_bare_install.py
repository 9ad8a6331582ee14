"""The bare install is the light client: no numerics, no web server."""

import subprocess
import sys

import pytest

from tests.waiting import HANG_SECONDS

HEAVY = (
    "torch",
    "numpy",
    "scipy",
    "ase",
    "pymatgen",
    "fastapi",
    "sqlalchemy",
    "celery",
    "uvicorn",
    "starlette",
)
WHEN_USED = (*HEAVY, "rich", "httpx", "yaml", "asyncio", "api_schemas.base")
"""What commands need, and their help does not; that of all commands needs no pydantic either, which typer takes."""


def run(code: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=HANG_SECONDS, check=False
    )


def test_the_client_and_the_command_line_import_nothing_heavy():
    code = (
        "import sys, orichalcum, orichalcum.cli\n"
        "for name in orichalcum.__all__: getattr(orichalcum, name)\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = run(code)
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


@pytest.mark.parametrize(
    ("arguments", "absent"),
    [(["--help"], (*WHEN_USED, "pydantic")), (["run", "--help"], WHEN_USED), (["keys", "--help"], WHEN_USED)],
)
def test_help_imports_nothing_that_only_commands_need(arguments, absent):
    code = (
        f"import sys\nsys.argv = ['orichalcum', *{arguments!r}]\n"
        "from orichalcum.cli import main\n"
        "try: main()\nexcept SystemExit as end: code = end.code\n"
        f"print(code, [name for name in {absent!r} if name in sys.modules])"
    )
    assert run(code).stdout.strip().endswith("0 []")


def test_without_the_server_extra_a_local_command_names_what_to_install(tmp_path):
    problem = tmp_path / "problem.yaml"
    code = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('torch', 'numpy'):\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
        "from orichalcum.cli import app\n"
        f"app(['new'], standalone_mode=False)\n"
        f"app(['evaluate', {str(problem)!r}, '--at', 'cation:Al=0.8,Sc=0.2'])\n"
    )
    from orichalcum.starting_points import problem_file

    problem.write_text(problem_file("wurtzite"))
    done = run(code)
    assert done.returncode == 2
    assert "pip install 'orichalcum[server]'" in done.stderr
    assert "Traceback" not in done.stderr
    assert "prototype: wurtzite" in done.stdout
