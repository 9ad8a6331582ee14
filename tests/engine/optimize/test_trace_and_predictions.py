"""What a result says of its own making: the convergence, and how well the surrogate knew the answer beforehand."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from api_schemas.results import Stopped, TracePoint
from engine.campaign.campaign import Campaign
from engine.optimize.answer import prediction
from engine.optimize.answer.trace import thinned

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record, run

MINIMIZE = [{"property": "mixing_energy", "goal": "minimize", "scale": 1.0}]


def bowl(x):
    away = x - np.array([0.5, 0.3, 0.2])
    return float(away @ away), 2.0 * away


def test_the_trace_follows_losses_and_the_best_up_to_each(tmp_path):
    campaign = run(
        problem(["Na", "K", "Li"], MINIMIZE, strategy={"name": "random", "max_evaluations": 6}),
        {"mixing_energy": bowl},
    )
    losses = [bowl(campaign.space.to_vector(r.composition))[0] for r in campaign.records]
    trace = campaign.result().trace
    assert [step.index for step in trace] == list(range(6))
    assert [step.loss for step in trace] == pytest.approx(losses)
    assert [step.best for step in trace] == pytest.approx(np.minimum.accumulate(losses))
    assert trace[-1].best == campaign.best.loss


def test_what_failed_or_breaks_a_constraint_has_no_loss_in_the_trace():
    asked = problem(
        ["Na", "K"],
        [{"property": "lattice_a", "goal": "minimize", "scale": 1.0}],
        constraints={"properties": [{"property": "mixing_energy", "max": 0.3}]},
        strategy={"name": "random", "max_evaluations": 9},
        at=[
            {"cation": {"K": 0.9, "Na": 0.1}},
            {"cation": {"K": 0.5, "Na": 0.5}},
            {"cation": {"K": 0.2, "Na": 0.8}},
        ],
    )
    functions = {
        "lattice_a": lambda x: (6.0 - x[1], [0.0, -1.0]),
        "mixing_energy": lambda x: (x[1], [0.0, 1.0]),
    }
    campaign = Campaign(asked)
    first, second, third = campaign.ask(3)
    campaign.tell([record(campaign, first, functions), record(campaign, second, functions, converged=False)])
    campaign.tell([record(campaign, third, functions)])
    assert [(step.loss, step.best) for step in campaign.trace] == [
        (None, None),
        (None, None),
        (pytest.approx(5.8), pytest.approx(5.8)),
    ]


def test_a_front_and_a_scan_without_objectives_have_no_trace():
    front = [{"property": "mixing_energy", "goal": "minimize"}, {"property": "lattice_a", "goal": "minimize"}]
    functions = {
        "mixing_energy": lambda x: (x[0] ** 2, [2 * x[0], 0.0]),
        "lattice_a": lambda x: (x[1], [0.0, 1.0]),
    }
    several = problem(["Na", "K"], front, strategy={"name": "random", "max_evaluations": 4})
    assert run(several, functions).result().trace == []
    scan = problem(["Na", "K"], [], kind="scan", scan={"points_per_edge": 3})
    assert run(scan, functions).result().trace == []


def test_a_thinned_trace_has_at_most_fifty_numbers_with_the_first_and_the_last():
    steps = [TracePoint(index=i, loss=None, best=None) for i in range(7)]
    steps += [TracePoint(index=7 + i, loss=1.0, best=1000.0 - i / 3) for i in range(600)]
    thin = thinned(steps)
    assert len(thin) == 50
    assert (thin[0], thin[-1]) == (1000.0, 800.333)
    assert thin == sorted(thin, reverse=True)
    assert thinned(steps[:9]) == [1000.0, 999.667]
    assert thinned(steps[:7]) == []


@pytest.mark.parametrize("strategy", ["gradient", "bayesian", "hybrid", "grid", "random"])
def test_every_strategy_tells_what_the_others_predict_of_the_best(strategy):
    asked = problem(["Na", "K", "Li"], MINIMIZE, strategy={"name": strategy, "max_evaluations": 12})
    campaign = run(asked, {"mixing_energy": bowl})
    result = campaign.result()
    (predicted,) = result.predictions
    value = result.best.properties["mixing_energy"].value
    assert (predicted.property, predicted.unit) == ("mixing_energy", "eV/atom")
    assert abs(predicted.mean - value) < 5.0 * predicted.deviation + 1e-3
    assert 0.0 < predicted.deviation < 0.3


def test_a_prediction_knows_nothing_of_the_evaluation_that_it_predicts():
    asked = problem(["Na", "K", "Li"], MINIMIZE, strategy={"name": "random", "max_evaluations": 8})
    campaign = run(asked, {"mixing_energy": bowl})
    (before,) = campaign.result().predictions
    best = campaign.records[campaign.best.index]
    altered = best.properties["mixing_energy"].model_copy(update={"value": -50.0})
    changed = best.model_copy(update={"properties": {"mixing_energy": altered}})
    campaign = Campaign(asked)
    campaign.tell(
        [*(one for one in run(asked, {"mixing_energy": bowl}).records if one.index != best.index), changed]
    )
    (after,) = campaign.result().predictions
    assert campaign.best.loss == -50.0
    assert after == before


def test_two_evaluations_and_a_cancelled_search_predict_nothing():
    asked = problem(["Na", "K", "Li"], MINIMIZE, strategy={"name": "random", "max_evaluations": 2})
    assert run(asked, {"mixing_energy": bowl}).result().predictions == []
    longer = problem(["Na", "K", "Li"], MINIMIZE, strategy={"name": "random", "max_evaluations": 4})
    campaign = run(longer, {"mixing_energy": bowl})
    assert campaign.result().predictions
    assert campaign.result(Stopped(reason="cancelled", message="")).predictions == []


def test_of_many_evaluations_the_nearest_are_learned_from(monkeypatch):
    asked = problem(["Na", "K", "Li"], MINIMIZE, strategy={"name": "random", "max_evaluations": 12})
    whole = run(asked, {"mixing_energy": bowl})
    best = whole.space.to_vector(whole.best.composition)
    near = sorted(
        whole.records, key=lambda r: float(np.linalg.norm(whole.space.to_vector(r.composition) - best))
    )
    part = Campaign(asked)
    part.tell(near[:6])
    monkeypatch.setattr(prediction, "MOST", 5)
    assert whole.result().predictions == part.result().predictions
    monkeypatch.setattr(prediction, "MOST", 11)
    assert whole.result().predictions != part.result().predictions
