"""README shows what the demonstration's job prints: the same words, and numbers as near as machines agree."""

import re

import pytest

from tests.commands import Commands
from tools.site.hooks import REPOSITORY

FIRST, LAST = "Al0.82 Sc0.18 N", "stopped: "
NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?(?:e[+-]\d+)?")


def block(text):
    """The lines from the answer's formula to why the job ended, without the seconds of this machine."""
    lines = text.splitlines()
    begin = next(n for n, line in enumerate(lines) if line.startswith(FIRST))
    end = next(n for n, line in enumerate(lines) if n > begin and line.startswith(LAST))
    return [re.sub(r"\d+(\.\d+)? s$", "some s", line.rstrip()) for line in lines[begin : end + 1]]


def test_the_answer_in_the_readme_is_what_its_example_prints(tmp_path):
    shown = block((REPOSITORY / "README.md").read_text())
    with Commands(tmp_path) as commands:
        done = commands("run", str(REPOSITORY / "examples" / "alscn_on_gan.yaml"))
    assert done.returncode == 0, done.stderr
    printed = block(done.stdout)
    assert [NUMBER.sub("#", line).split() for line in printed] == [
        NUMBER.sub("#", line).split() for line in shown
    ]
    for one, other in zip(printed, shown, strict=True):
        numbers = [[float(n) for n in NUMBER.findall(line)] for line in (one, other)]
        assert numbers[0] == pytest.approx(numbers[1], rel=2e-2, abs=1e-5), (one, other)
