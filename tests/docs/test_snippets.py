"""What the documents show can be typed as it stands: problem files, Python, commands of orichalcum and of make."""

import ast
import importlib
import re
import shlex
from pathlib import Path

import pytest
import typer.main
import yaml

from api_schemas.problem import Problem
from orichalcum.cli import app
from tools.site.hooks import REPOSITORY

PAGES = [
    REPOSITORY / "README.md",
    REPOSITORY / "CONTRIBUTING.md",
    *sorted((REPOSITORY / "docs").glob("*.md")),
]
OF_EXTENSIONS = REPOSITORY / "docs" / "extending.md"
"""Its problem files name what its own code adds: test_extending.py runs them."""
FENCED = re.compile(r"^ *```([a-z]*)\n(.*?)^ *```", re.DOTALL | re.MULTILINE)
OURS = ("orichalcum", "engine", "api_schemas", "service")


def blocks(language, besides=()):
    return [
        pytest.param(found[2], id=f"{path.name}-{number}")
        for path in PAGES
        if path not in besides
        for number, found in enumerate(FENCED.finditer(path.read_text()))
        if found[1] == language
    ]


@pytest.mark.parametrize("text", blocks("yaml", besides=[OF_EXTENSIONS]))
def test_problem_files_have_no_fault_of_form(text):
    alternatives = [line for line in text.splitlines() if line.startswith("structure:")]
    for shown in alternatives if len(alternatives) > 1 else [text]:
        written = yaml.safe_load(shown)
        if "<text of" in shown or "{...}" in shown:
            continue
        if {"structure", "sublattices"} <= set(written):
            Problem.model_validate(written)
        schema = Problem.model_json_schema()["properties"]
        assert set(written) <= set(schema), written


@pytest.mark.parametrize("text", blocks("python"))
def test_python_is_read_and_finds_what_it_imports_from_us(text):
    for statement in ast.walk(ast.parse(text)):
        if isinstance(statement, ast.ImportFrom) and (statement.module or "").split(".")[0] in OURS:
            module = importlib.import_module(statement.module)
            for name in statement.names:
                assert hasattr(module, name.name), f"{statement.module} has no {name.name}"


def command_lines():
    for path in PAGES:
        for found in FENCED.finditer(path.read_text()):
            if found[1] == "":
                yield from ((path, line) for line in found[2].splitlines())


def typed(program):
    """The lines that a reader would type, without what stands before the program, as arguments."""
    start = re.compile(rf"(?:[A-Z_]+=\S+ |\.venv/bin/)*{program} ")
    for path, line in command_lines():
        if start.match(line):
            arguments = shlex.split(line, comments=True)
            at = next(n for n, word in enumerate(arguments) if Path(word).name == program)
            yield pytest.param(arguments[at + 1 :], id=f"{path.name}: {' '.join(arguments[at:])}")


@pytest.mark.parametrize("arguments", list(typed("orichalcum")))
def test_commands_have_the_options_that_are_shown(arguments):
    command, rest = typer.main.get_command(app), list(arguments)
    while hasattr(command, "commands") and rest and not rest[0].startswith("-"):
        assert rest[0] in command.commands, f"there is no command {rest[0]}"
        command = command.commands[rest.pop(0)]
    if rest != ["--help"]:
        context = command.context_class(command)
        command.make_parser(context).parse_args(rest)


@pytest.mark.parametrize("arguments", list(typed("make")))
def test_make_has_the_targets_that_are_shown(arguments):
    targets = re.findall(r"^([a-z-]+):", (REPOSITORY / "Makefile").read_text(), re.MULTILINE)
    assert {word for word in arguments if "=" not in word} <= set(targets)
