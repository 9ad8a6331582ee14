"""Every command and option is in docs/command-line.md, and nothing else is."""

import re

import typer.main

from orichalcum.cli import app
from tools.site.hooks import REPOSITORY

PAGE = (REPOSITORY / "docs" / "command-line.md").read_text()
EVERYWHERE = {"--help", "--url"}
"""Told once for all commands."""
OF_ITS_OWN = {"worker": {"--url"}}
"""What means something else to one command than to all others."""


def commands(group, *names):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)
        else:
            yield " ".join((*names, name)), command


def documented():
    known = sorted(dict(commands(typer.main.get_command(app))), key=len, reverse=True)
    found = {}
    for usage in re.findall(r"^\| `orichalcum (.*?)` \|", PAGE, re.MULTILINE):
        name = next((one for one in known if usage == one or usage.startswith(f"{one} ")), usage.split()[0])
        found[name] = f"{found.get(name, '')} {usage}".replace("\\|", "|")  # a line for each way to use it
    return found


def test_every_command_is_told_with_the_options_that_it_has():
    told, there = documented(), dict(commands(typer.main.get_command(app)))
    assert set(told) == set(there)
    for name, command in there.items():
        options = [set(one.opts) for one in command.params if one.param_type_name == "option"]
        options = [
            names for names in options if not names & EVERYWHERE or names & OF_ITS_OWN.get(name, set())
        ]
        shown = set(re.findall(r"(?<![\w-])--?[a-z][a-z-]*", told[name]))
        assert all(names & shown for names in options), f"{name}: {options} against {shown}"
        assert shown <= set().union(*options), f"{name} has no {shown}"
        for one in command.params:
            if one.param_type_name == "argument":
                word = one.metavar.strip("[].")
                assert word in told[name], f"{name} takes {word}"
                assert (one.nargs == -1) == (f"{word}..." in told[name])


def test_what_is_told_of_all_commands_holds_for_all():
    asking = [
        name
        for name, one in commands(typer.main.get_command(app))
        if any("--url" in p.opts for p in one.params)
    ]
    assert {"submit", "validate", "export", "doctor", "delete"} <= set(asking)
    assert not {"run", "evaluate", "up"} & set(asking)
    for word in (
        "--url",
        "ORICHALCUM_URL",
        "ORICHALCUM_API_KEY",
        "--install-completion",
        "--show-completion",
        "--version",
    ):
        assert f"`{word}" in PAGE or f" {word}`" in PAGE
