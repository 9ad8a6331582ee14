"""Registries refuse what they do not hold, and unknown names never run something else."""

from __future__ import annotations

import pytest

from api_schemas.errors import parse
from api_schemas.kinds import KINDS as SCHEMAS
from api_schemas.problem import Problem
from api_schemas.registry import Registry, UnknownName
from api_schemas.strategies import STRATEGIES as STRATEGY_SCHEMAS
from api_schemas.tiers import TIERS as TIER_SCHEMAS
from engine.kinds.registry import KINDS
from engine.optimize.proposals.strategies import STRATEGIES, propose
from engine.potentials.families import FAMILIES
from engine.potentials.registry import POTENTIALS
from engine.tiers.registry import TIERS
from engine.tiers.uncertainty import with_uncertainty
from engine.units.registry import UNITS

ROCKSALT = {"prototype": "rocksalt", "species": ["Na", "Cl"]}


class Row:
    """A row of a registry."""

    def __init__(self, name):
        self.name = name


def test_an_unknown_name_is_a_fault_that_lists_what_there_is():
    colours = Registry("colour", Row("red"), Row("green"))
    with pytest.raises(UnknownName, match="there is no colour 'gren'; did you mean green"):
        colours["gren"]
    with pytest.raises(UnknownName, match="there are red, green"):
        colours["xyz"]


def test_a_name_is_given_once():
    colours = Registry("colour", Row("red"))
    with pytest.raises(ValueError, match="already"):
        colours.add(Row("red"))
    with colours.having(Row("blue")):
        assert colours.names == ("red", "blue")
    assert colours.names == ("red",)


@pytest.mark.parametrize("registry", [KINDS, UNITS, TIERS, STRATEGIES, FAMILIES, POTENTIALS])
def test_no_registry_has_a_default(registry):
    with pytest.raises(UnknownName):
        registry["frobnicate"]


def test_what_can_be_written_is_what_can_be_computed():
    assert SCHEMAS.names == KINDS.names
    assert TIER_SCHEMAS.names == TIERS.names
    assert set(STRATEGY_SCHEMAS.names) == {*STRATEGIES.names, "auto", "grid"}


def test_an_unknown_strategy_proposes_nothing():
    with pytest.raises(UnknownName):
        propose("gradiant", None, 1)


def test_an_unknown_tier_has_no_error_bar():
    problem = parse(
        Problem,
        {"kind": "evaluate", "structure": ROCKSALT, "potential": {"tier": "single_site"}},
    )
    mixed = {"cation": {"Na": 0.5, "K": 0.5}}
    from api_schemas.cost import Cost
    from api_schemas.evaluations import Evaluation

    evaluation = Evaluation(
        composition=mixed,
        properties={},
        energy_per_atom=None,
        converged=True,
        stable=True,
        cost=Cost(potential_calls=0, shared_calls=0, seconds=0.0),
        structure=None,
    )
    with pytest.raises(UnknownName):
        with_uncertainty(evaluation, problem.potential)
