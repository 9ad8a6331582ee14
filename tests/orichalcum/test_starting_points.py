"""What ``orichalcum new`` prints is valid as it is printed."""

import pytest

from api_schemas.kinds import KINDS
from api_schemas.problem import Problem
from engine.acceptance.resolve import resolve
from engine.crystals.prototypes import PROTOTYPES
from engine.kinds.registry import KINDS as KINDS_OF_ENGINE
from orichalcum.starting_points import STARTING_POINTS, problem_file


def test_there_is_a_starting_point_for_every_prototype_of_the_engine():
    assert set(STARTING_POINTS) == set(PROTOTYPES)


@pytest.mark.parametrize("kind", KINDS.names)
def test_there_is_a_starting_point_for_every_kind_that_uses_what_it_writes(kind):
    problem = Problem.from_text(problem_file("rocksalt", kind))
    resolved = resolve(problem)
    assert (problem.kind, resolved.problem.kind) == (kind, kind)
    assert resolved.planned >= 1


@pytest.mark.parametrize("prototype", STARTING_POINTS)
def test_a_starting_point_is_a_problem_that_the_engine_accepts(prototype):
    problem = Problem.from_text(problem_file(prototype))
    resolved = resolve(problem)
    assert problem.structure.prototype == prototype
    assert len(resolved.space.columns) == 2


@pytest.mark.parametrize("prototype", STARTING_POINTS)
def test_a_starting_point_of_kind_order_has_a_sensible_cost(prototype):
    resolved = resolve(Problem.from_text(problem_file(prototype, "order")))
    assert resolved.problem.at
    cost = KINDS_OF_ENGINE["order"].estimate(resolved)
    assert 30 < cost.seconds < 1800
    assert cost.memory_bytes < 8e9


@pytest.mark.parametrize("prototype", STARTING_POINTS)
def test_no_line_of_a_starting_point_is_wider_than_a_screen(prototype):
    assert max(max(map(len, problem_file(prototype, kind).splitlines())) for kind in KINDS.names) <= 120


@pytest.mark.parametrize(
    "name", [name for name, start in STARTING_POINTS.items() if start.target is not None]
)
def test_the_target_lies_between_the_lattice_constants_of_the_end_members(name):
    start = STARTING_POINTS[name]
    guest = tuple(start.guest if species == start.host else species for species in start.species)
    ends = sorted(PROTOTYPES[name].lattice_constants(species)[0] for species in (start.species, guest))
    # Expected lattice constants are good to a few percent.
    assert 0.97 * ends[0] < start.target < 1.03 * ends[1]
