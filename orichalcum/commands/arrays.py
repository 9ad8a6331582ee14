"""``orichalcum submit --array``: one problem over lists of values."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from orichalcum.reporting import JOB_FAILED, note, output, print_json

if TYPE_CHECKING:
    from api_schemas.problem import Problem
    from orichalcum.calls import HowSubmitted
    from orichalcum.client import Client


def submit_array(
    client: Client, problem: Problem, over: Sequence[str], how: HowSubmitted, *, wait: bool, json: bool
) -> None:
    """Submit a problem over values such as ``pressure=0,5,10``, and print the ids, or wait for the answers."""
    from api_schemas.arrays import as_over
    from orichalcum import display, job_tables
    from orichalcum.arrays import POLL_SECONDS

    try:
        values = as_over(over)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong), param_hint="--array") from None
    array = client.submit_array(problem, values, **how)
    if wait:
        note(f"array {array.id}")
        said = ""
        while True:
            if (standing := array.standing) != said:
                note(standing)
                said = standing
            if array.ended:
                break
            time.sleep(POLL_SECONDS)
            array.refresh()
    if json:
        print_json(array.array)
    elif wait:
        display.show(output(), job_tables.jobs(array.array.items))
    else:
        for job in array.array.items:
            typer.echo(job.id)
        note(f"see them with: orichalcum list --array {array.id}")
    if wait and array.states.keys() - {"succeeded"}:
        raise typer.Exit(JOB_FAILED)
