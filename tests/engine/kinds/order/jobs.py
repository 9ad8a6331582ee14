"""Problems of kind order, and running one to its end in this process."""

from __future__ import annotations

from api_schemas.errors import parse
from api_schemas.orderings import OrderAnswer
from api_schemas.problem import Problem
from api_schemas.results import Result
from engine.campaign.campaign import Campaign
from engine.campaign.evaluate import evaluate
from engine.references.store import MemoryStore

HALF = {"mix": {"Cu": 0.5, "Au": 0.5}}
NOTHING_ELSE = {"search": None, "random": None, "probability": None}


def problem(order=None, **changes) -> Problem:
    """CuAu on fcc with the orderings of cells of up to four sites and nothing else, but for what is given."""
    document = {
        "kind": "order",
        "structure": {"prototype": "fcc", "species": ["Cu"], "a": 3.9},
        "sublattices": [{"name": "mix", "sites": ["Cu"], "elements": ["Cu", "Au"]}],
        "at": [HALF],
        "potential": {"name": "sevennet-0"},
        "order": {**NOTHING_ELSE, "enumerate": {"sites": 4}, **(order or {})},
        **changes,
    }
    return parse(Problem, document)


def finished(asked: Problem, **campaign) -> Campaign:
    """A campaign whose every task was computed."""
    made = Campaign(asked, **campaign)
    store = MemoryStore()
    while tasks := made.ask():
        made.tell([evaluate(made.resolved, task, references=store) for task in tasks])
    return made


def answered(result: Result) -> OrderAnswer:
    """The answer of kind order in a result."""
    return OrderAnswer.model_validate(result.answer)
