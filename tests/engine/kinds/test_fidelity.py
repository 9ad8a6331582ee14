"""Searches of two fidelities: how few supercells they take, where, and that their corrected answers are right."""

from __future__ import annotations

import random
from itertools import combinations

import numpy as np
import pytest

from api_schemas.cost import Cost
from api_schemas.errors import ProblemInvalid, parse
from api_schemas.evaluations import EvaluationRecord, PropertyValue
from api_schemas.problem import Problem
from api_schemas.reading import of_evaluation
from api_schemas.supercells import SupercellRecord, SupercellTask
from engine.acceptance.resolve import resolve
from engine.campaign.campaign import Campaign
from engine.optimize.answer.preference import LeastMixingEnergy
from engine.optimize.differences import Differences
from engine.optimize.objective import build_loss, point_of
from engine.optimize.surrogates.difference import Difference, Observed

HELD = 32
THREE = ["Na", "K", "Rb"]
UNITS = {"lattice_a": "Å", "mixing_energy": "eV/atom", "density": "g/cm^3"}


class Truth:
    """Alchemical properties in closed form, and what supercells add: pairs of elements, more of one than the other."""

    def __init__(self, elements, seed=0, size=0.08):
        rng = np.random.default_rng(seed)
        self.elements, k = elements, len(elements)
        self.pure = {
            "lattice_a": 5.6 + 0.4 * np.arange(k),
            "density": 2.0 + rng.random(k),
            "mixing_energy": np.zeros(k),
        }
        self.bow = {name: rng.uniform(0.1, 0.3, (k, k)) for name in UNITS}
        self.pairs = {name: -size * rng.uniform(0.6, 1.4, (k, k)) for name in UNITS}
        self.skew = 0.4

    def alchemical(self, name, x):
        value, slope = float(self.pure[name] @ x), self.pure[name].copy()
        for i, j in combinations(range(len(x)), 2):
            value -= self.bow[name][i, j] * x[i] * x[j]
            slope[i] -= self.bow[name][i, j] * x[j]
            slope[j] -= self.bow[name][i, j] * x[i]
        return value, slope

    def explicit(self, name, x):
        return self.alchemical(name, x)[0] + sum(
            self.pairs[name][i, j] * x[i] * x[j] * (1.0 + self.skew * (x[i] - x[j]))
            for i, j in combinations(range(len(x)), 2)
        )

    def record(self, campaign, task):
        space = campaign.space
        if isinstance(task, SupercellTask):
            counts = np.floor(HELD * space.to_vector(task.composition) + 1e-9)
            short = np.argsort(counts - HELD * space.to_vector(task.composition), kind="stable")
            counts[short[: int(HELD - counts.sum())]] += 1
            held = counts / HELD
            return SupercellRecord(
                index=task.index, evaluation=task.evaluation, after=task.after, decoration=task.decoration,
                cost=Cost(potential_calls=7, shared_calls=0, seconds=2.0, supercell_calls=7, primitive_equivalents=9.0),
                composition=space.to_composition(held), matrix=[[2, 0, 0], [0, 2, 0], [0, 0, 2]],
                sites={"cation": HELD},
                properties={n: self.explicit(n, held) + 2e-5 * (-1) ** task.decoration for n in UNITS},
                energy_per_atom=0.0, converged=True, left_parent=self.lost(held), largest_displacement=0.1,
                changed_coordination=0.0, structure=None,
            )  # fmt: skip
        x = space.to_vector(task.composition)
        found = {name: self.alchemical(name, x) for name in UNITS}
        return EvaluationRecord(
            index=task.index, origin=task.origin, composition=task.composition,
            properties={
                name: PropertyValue(
                    value=value, unit=UNITS[name], gradient=space.to_composition(space.project_gradient(slope))
                )
                for name, (value, slope) in found.items()
            },
            energy_per_atom=0.0, converged=True, stable=True,
            cost=Cost(potential_calls=9, shared_calls=0, seconds=0.5), structure=None,
            targets=[o.target if isinstance(o.target, float) else None for o in campaign.problem.objectives],
        )  # fmt: skip

    def lost(self, held):
        del held
        return False


def problem(elements, objectives, **changes):
    return parse(
        Problem,
        {
            "structure": {"prototype": "rocksalt", "species": [elements[0], "Cl"]},
            "sublattices": [{"name": "cation", "sites": [elements[0]], "elements": list(elements)}],
            "objectives": objectives,
            "potential": {"name": "sevennet-0"},
            **changes,
            "strategy": {"fidelity": "supercells", **changes.get("strategy", {})},
        },
    )


def solved(truth, asked, batch=None):
    campaign, order = Campaign(asked), []
    while tasks := campaign.ask(batch):
        campaign.tell([truth.record(campaign, task) for task in tasks])
        order += [isinstance(task, SupercellTask) for task in tasks]
    return campaign, order


def target(name, value, tolerance, **more):
    return {"property": name, "target": float(value), "tolerance": tolerance, **more}


@pytest.mark.parametrize("aim", [0.15, 0.3, 0.5, 0.62, 0.8])
def test_of_two_elements_a_corrected_target_takes_two_compositions_in_supercells_at_most(aim):
    truth = Truth(["Na", "K"])
    wanted = truth.explicit("lattice_a", np.array([1 - aim, aim]))
    campaign, order = solved(truth, problem(["Na", "K"], [target("lattice_a", wanted, 0.001)]))
    result = campaign.result()
    x = campaign.space.to_vector(result.best.composition)
    assert result.stopped.reason == "target_met"
    assert abs(truth.explicit("lattice_a", x) - wanted) <= 0.001
    assert sum(order) // 2 <= 2
    assert "corrected by" in result.stopped.message
    found = result.best.properties["lattice_a"]
    assert found.value == pytest.approx(truth.explicit("lattice_a", x), abs=0.0005)
    assert found.alchemical == pytest.approx(truth.alchemical("lattice_a", x)[0])
    assert found.uncertainty < 0.001
    said = [message.text for message in of_evaluation(result.best)]
    assert [text for text in said if text.startswith("lattice_a is corrected by supercells: ")]
    assert result.cost.supercell_calls == 7 * sum(order)
    assert len({entry.evaluation for entry in result.verification}) == sum(order) // 2


def test_a_gradient_of_the_answer_is_that_of_the_corrected_property():
    truth = Truth(["Na", "K"])
    campaign, _ = solved(truth, problem(["Na", "K"], [target("lattice_a", 5.72, 0.0002)]))
    best = campaign.result().best
    x, step = campaign.space.to_vector(best.composition), np.array([-1e-5, 1e-5])
    slope = (truth.explicit("lattice_a", x + step) - truth.explicit("lattice_a", x - step)) / 2e-5
    gradient = best.properties["lattice_a"].gradient["cation"]
    assert gradient["K"] - gradient["Na"] == pytest.approx(slope, abs=0.02)


def test_a_goal_ends_at_the_optimum_of_the_supercells_and_bounds_hold_there():
    truth = Truth(["Na", "K"], size=0.12)
    goal = [{"property": "lattice_a", "goal": "minimize", "scale": 0.01}]
    bound = {
        "properties": [{"property": "density", "min": float(truth.explicit("density", np.array([0.6, 0.4])))}]
    }
    campaign, order = solved(
        truth, problem(["Na", "K"], goal, constraints=bound, strategy={"max_evaluations": 30})
    )
    result = campaign.result()
    grid = np.array([[1 - t, t] for t in np.linspace(0, 1, 2001)])
    sign = bound["properties"][0]["min"]
    allowed = [truth.explicit("lattice_a", x) for x in grid if truth.explicit("density", x) >= sign]
    x = campaign.space.to_vector(result.best.composition)
    assert truth.explicit("lattice_a", x) <= min(allowed) + 0.01
    assert truth.explicit("density", x) >= sign - 0.01
    assert sum(order) // 2 <= 3


def test_a_front_is_that_of_the_supercells():
    truth = Truth(["Na", "K"])
    goals = [{"property": "lattice_a", "goal": "minimize"}, {"property": "mixing_energy", "goal": "minimize"}]
    campaign, order = solved(truth, problem(["Na", "K"], goals, strategy={"max_evaluations": 11}))
    result = campaign.result()
    assert len(result.front) > 2
    for one in result.front:
        x = campaign.space.to_vector(one.composition)
        for name in ("lattice_a", "mixing_energy"):
            assert one.properties[name].value == pytest.approx(truth.explicit(name, x), abs=0.003)
    assert 2 <= sum(order) <= 8
    assert campaign.planned == len(campaign.records) <= 11


def test_three_elements_with_two_targets_take_few_compositions():
    truth = Truth(["Na", "K", "Rb"], seed=3)
    aim = np.array([0.45, 0.25, 0.3])
    wanted = [
        target("lattice_a", truth.explicit("lattice_a", aim), 0.002, weight=1),
        target("density", truth.explicit("density", aim), 0.01, weight=1),
    ]
    campaign, order = solved(truth, problem(["Na", "K", "Rb"], wanted))
    x = campaign.space.to_vector(campaign.best.composition)
    assert campaign.stopped.reason == "target_met"
    assert abs(truth.explicit("lattice_a", x) - wanted[0]["target"]) <= 0.002
    assert abs(truth.explicit("density", x) - wanted[1]["target"]) <= 0.01
    assert sum(order) // 2 <= 2


def test_records_in_any_order_and_one_by_one_give_the_same_result_and_a_partly_told_batch_waits():
    truth = Truth(["Na", "K"])
    asked = problem(["Na", "K"], [target("lattice_a", 5.72, 0.0005)], verify={"supercells": 3, "sites": 16})
    campaign, _ = solved(truth, asked)
    expected = campaign.result()
    records = [*campaign.records]
    random.Random(1).shuffle(records)  # noqa: S311
    again = Campaign(asked)
    again.tell(records)
    assert again.result() == expected
    slowly, told = Campaign(asked), 0
    while tasks := slowly.ask():
        slowly.tell([truth.record(slowly, tasks[-1])])
        left = slowly.ask()
        if len(tasks) > 1:
            told += 1
            assert [task.index for task in left] == [task.index for task in tasks[:-1]]
    assert told
    assert slowly.result() == expected


def test_after_supercells_of_an_older_evaluation_no_local_search_of_before_goes_on():
    """It was of another function: here the second step from the last start would follow."""
    truth = Truth(THREE, seed=3)
    goal = [{"property": "mixing_energy", "goal": "minimize", "scale": 0.001}]
    campaign, _ = solved(truth, problem(THREE, goal, strategy={"name": "gradient"}))
    evaluations = [one for one in campaign.records if isinstance(one, EvaluationRecord)]
    explicit = {one.evaluation for one in campaign.records if isinstance(one, SupercellRecord)}
    last, older = evaluations[-1].index, evaluations[6]
    assert max(explicit) < older.index < last
    lower = []
    for decoration in range(2):
        task = SupercellTask(
            index=2 * older.index + decoration, composition=older.composition, evaluation=older.index,
            after=last, decoration=decoration, sites=HELD, seed=0,
        )  # fmt: skip
        record = truth.record(campaign, task)
        record.properties["mixing_energy"] -= 0.01
        lower.append(record)
    campaign.tell(lower)
    assert not any(str(task.origin).startswith("step") for task in campaign.ask())


def test_supercells_tell_after_which_evaluation_they_were_asked_for():
    truth = Truth(["Na", "K"])
    campaign = Campaign(problem(["Na", "K"], [target("lattice_a", 5.72, 0.001)]))
    while not isinstance((tasks := campaign.ask())[0], SupercellTask):
        campaign.tell([truth.record(campaign, task) for task in tasks])
    assert [task.after for task in tasks] == [campaign.records[-1].index] * 2


def test_verify_says_how_many_supercells_and_how_large():
    truth = Truth(["Na", "K"])
    sizes = {"supercells": 3, "sites": 24}
    campaign = Campaign(problem(["Na", "K"], [target("lattice_a", 5.72, 0.001)], verify=sizes))
    while not isinstance((tasks := campaign.ask())[0], SupercellTask):
        campaign.tell([truth.record(campaign, task) for task in tasks])
    assert [(task.decoration, task.sites) for task in tasks] == [(0, 24), (1, 24), (2, 24)]
    assert {task.evaluation for task in tasks} == {campaign.best.index}


def test_the_budget_counts_supercells_and_keeps_room_for_them():
    truth = Truth(["Na", "K"])
    short = problem(["Na", "K"], [target("lattice_a", 5.72, 1e-7)], strategy={"max_evaluations": 7})
    campaign, order = solved(truth, short)
    assert len(order) <= 7
    assert sum(order) >= 2
    assert campaign.stopped.reason in ("budget_spent", "target_met")


class Leaving(Truth):
    """Beyond half of the second element supercells leave the parent lattice."""

    def lost(self, held):
        return held[1] > 0.5


def test_a_composition_whose_supercells_leave_the_parent_is_not_the_answer():
    truth = Leaving(["Na", "K"])
    campaign = Campaign(problem(["Na", "K"], [target("lattice_a", 5.85, 0.001)]))
    while not isinstance((tasks := campaign.ask())[0], SupercellTask):
        campaign.tell([truth.record(campaign, task) for task in tasks])
    before = campaign.best
    assert before.composition["cation"]["K"] > 0.55
    campaign.tell([truth.record(campaign, task) for task in tasks])
    assert campaign.best.index != before.index
    assert campaign.result().evaluations[before.index].left_parent is True
    assert campaign.stopped is None or campaign.stopped.reason != "target_met"


@pytest.mark.parametrize(
    ("aims", "changes"),
    [
        (("lattice_a",), {}),
        (("lattice_a",), {"strategy": {"prefer": "mixing_energy"}}),
        (("lattice_a", "density"), {"constraints": {"resolution": 0.05}}),
    ],
)
def test_a_search_that_goes_on_after_a_later_stage_takes_no_number_twice_nor_once_resumed(aims, changes):
    truth, aim = Truth(THREE, seed=3), np.array([0.15, 0.25, 0.6])
    wanted = [target(name, truth.explicit(name, aim), 0.001, weight=1) for name in aims]
    asked = problem(THREE, wanted, **changes)
    campaign, origins = Campaign(asked), []
    while tasks := campaign.ask(2):
        again = Campaign(asked)
        again.tell(campaign.records)
        assert again.ask(2) == tasks
        campaign.tell([truth.record(campaign, task) for task in tasks])
        origins += [getattr(task, "origin", None) for task in tasks]
    later = max(origins.index(name) for name in ("preferred", "rounded") if name in origins)
    assert any(str(origin).startswith(("step", "bayesian", "start")) for origin in origins[later:])
    assert len(campaign.records) == len(origins) <= 30
    again = Campaign(asked)
    again.tell(campaign.records)
    assert again.result() == campaign.result()


@pytest.mark.parametrize("prefer", ["centre", "mixing_energy"])
@pytest.mark.parametrize("budget", [5, 7])
def test_what_is_preferred_leaves_room_for_supercells(prefer, budget):
    truth = Truth(THREE, seed=3)
    wanted = [target("lattice_a", truth.explicit("lattice_a", np.array([0.05, 0.2, 0.75])), 0.02)]
    campaign, order = solved(
        truth, problem(THREE, wanted, strategy={"prefer": prefer, "max_evaluations": budget}), 1
    )
    assert len(order) <= budget
    assert sum(order) >= 2
    assert "corrected by" in campaign.stopped.message


def test_an_answer_that_nothing_was_left_to_correct_is_not_said_to_meet_its_target():
    truth = Truth(["Na", "K"])
    wanted = [target("lattice_a", 5.72, 0.01)]
    first, _ = solved(truth, problem(["Na", "K"], wanted, strategy={"fidelity": "alchemical"}))
    assert first.stopped.reason == "target_met"
    count = len(first.records)
    campaign = Campaign(problem(["Na", "K"], wanted, strategy={"max_evaluations": max(3, count)}))
    campaign.tell(first.records)
    assert campaign.stopped.reason == "budget_spent"
    assert "not corrected by supercells: no evaluation was left" in campaign.stopped.message


class Opposed(Truth):
    """Mixing energies of which supercells say otherwise: those of the first two elements are far larger."""

    def __init__(self):
        super().__init__(THREE)
        self.bow["mixing_energy"] = -np.array([[0, 0.02, 0.2], [0, 0, 0.02], [0, 0, 0]])
        self.pairs["mixing_energy"] = np.array([[0, 0.6, -0.2], [0, 0, 0], [0, 0, 0]])


def test_the_least_mixing_energy_is_sought_in_supercells():
    truth = Opposed()
    truth.pairs["mixing_energy"][0, 2] = 0.0
    wanted = [target("lattice_a", 5.9, 0.01)]
    campaign, _ = solved(truth, problem(THREE, wanted, strategy={"prefer": "mixing_energy"}), 1)
    drawn = np.random.default_rng(1).dirichlet(np.ones(3), 20_000)
    near = [x for x in drawn if abs(truth.explicit("lattice_a", x) - 5.9) < 0.01]
    mixing = [truth.explicit("mixing_energy", x) for x in near]
    found = truth.explicit("mixing_energy", campaign.space.to_vector(campaign.best.composition))
    assert found < min(mixing) + 0.15 * (max(mixing) - min(mixing))


def test_mixing_energies_are_compared_as_supercells_correct_them():
    truth, asked = Opposed(), problem(THREE, [target("lattice_a", 5.9, 0.1)])
    campaign = Campaign(asked)
    (task,) = campaign.ask(1)
    records, supercells = [], []
    for index, x in enumerate([[0.25, 0.75, 0.0], [0.625, 0.0, 0.375]]):
        composition = campaign.space.to_composition(np.array(x))
        records.append(
            truth.record(campaign, task.model_copy(update={"index": index, "composition": composition}))
        )
        made = SupercellTask(
            index=index, tier="T0", composition=composition, evaluation=index, decoration=0, sites=32, seed=0
        )
        supercells.append(truth.record(campaign, made))
    known = Differences.of(campaign.space, records, supercells, 1, lambda name, value: None)
    loss = build_loss(asked, [5.9], {})
    points = [
        point_of(r, campaign.space.to_vector(r.composition), campaign.space.columns, loss) for r in records
    ]
    rule = LeastMixingEnergy(resolve(asked).region, loss, known)
    found = [rule.rank(record, point) for record, point in zip(records, points, strict=True)]
    assert found == pytest.approx([truth.explicit("mixing_energy", point.x) for point in points], abs=3e-3)
    assert found[0] > found[1]
    alchemical = [record.properties["mixing_energy"].value for record in records]
    assert alchemical[0] < alchemical[1]


def test_a_map_of_the_corrected_property_is_that_of_the_supercells():
    truth = Truth(["Na", "K"])
    campaign, _ = solved(truth, problem(["Na", "K"], [target("lattice_a", 5.72, 0.001)]))
    found = campaign.predict(campaign.best.composition, "lattice_a")[0]
    x = campaign.space.to_vector(campaign.best.composition)
    assert found.mean == pytest.approx(truth.explicit("lattice_a", x), abs=0.001)


@pytest.mark.parametrize(
    ("changes", "where"),
    [
        ({"strategy": {"name": "grid"}}, "/strategy/fidelity"),
        ({"strategy": {"max_evaluations": 2}}, "/strategy/max_evaluations"),
        ({"objectives": [{"property": "bulk_modulus", "goal": "maximize"}]}, "/objectives/0/property"),
        ({"objectives": [{"property": "stable_supercell", "goal": "maximize"}]}, "/objectives/0/property"),
        ({"potential": {"name": "sevennet-0", "mixing": "paired"}}, "/strategy/fidelity"),
        ({"potential": {"name": "sevennet-0", "also": [{"name": "sevennet-l3i5"}]}}, "/potential/also"),
        ({"kind": "scan", "objectives": [], "strategy": {}}, "/strategy/fidelity"),
        (
            {"kind": "evaluate", "objectives": [], "strategy": {}, "at": [{"cation": {"Na": 1}}]},
            "/strategy/fidelity",
        ),
    ],
)
def test_what_supercells_cannot_do_is_refused_at_its_field(changes, where):
    with pytest.raises(ProblemInvalid) as refused:
        resolve(problem(["Na", "K"], changes.pop("objectives", [target("lattice_a", 5.8, 0.001)]), **changes))
    assert where in [fault.pointer for fault in refused.value.errors]


def observed(x, values, typical=None, variance=0.0):
    return Observed(np.array(x), np.array(values), variance, np.full(len(values), 2.0), typical)


def test_the_difference_vanishes_where_nothing_is_mixed_and_its_slope_is_its_derivative():
    model = Difference(observed([[0.3, 0.5, 0.2, 0.4, 0.6]], [0.02]), (slice(0, 3), slice(3, 5)))
    pure = np.array([[1.0, 0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 1.0, 1.0, 0.0]])
    mean, deviation = model.mean_and_deviation(pure)
    assert np.abs(mean).max() < 1e-15
    assert deviation.max() < 1e-8
    x = np.array([0.2, 0.35, 0.45, 0.3, 0.7])
    slope = model.slope(x)
    for column, step in enumerate(1e-6 * np.eye(5)):
        there = model.mean_and_deviation(np.array([x + step, x - step]))[0]
        assert slope[column] == pytest.approx((there[0] - there[1]) / 2e-6, abs=1e-7)


def test_the_deviation_of_the_difference_covers_what_it_is_drawn_from():
    rng, inside, total = np.random.default_rng(0), 0, 0
    for _ in range(200):
        pair, skew = rng.normal(), 0.4 * rng.normal()

        def truth(t, pair=pair, skew=skew):
            return 0.1 * pair * t * (1 - t) * (1 + skew * (1 - 2 * t)) * 4

        places = rng.uniform(0.1, 0.9, 2)
        model = Difference(observed([[1 - t, t] for t in places], [truth(t) for t in places]), (slice(0, 2),))
        t = rng.uniform(0.1, 0.9)
        mean, deviation = model.mean_and_deviation(np.array([[1 - t, t]]))
        inside, total = inside + (abs(mean[0] - truth(t)) <= 2 * deviation[0]), total + 1
    assert inside >= 0.9 * total
