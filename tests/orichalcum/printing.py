"""What a command printed, as a person reads it."""

from click.testing import Result
from typer.testing import CliRunner

from orichalcum.cli import app


def run(*arguments: str) -> Result:
    """A command in a wide terminal without colours."""
    return CliRunner().invoke(app, list(arguments), env={"COLUMNS": "200", "NO_COLOR": "1"})


def row(text: str, *start: str) -> list[str]:
    """The words of the line of a table that begins so."""
    found = [line.split() for line in text.splitlines() if line.split()[: len(start)] == list(start)]
    assert found, text
    return found[0]
