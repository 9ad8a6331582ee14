"""What a campaign is told is checked: by hand, of another problem, or a batch in part."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from api_schemas.cost import Cost
from api_schemas.errors import ProblemInvalid
from api_schemas.evaluations import EvaluationRecord, PropertyValue
from engine.campaign.campaign import Campaign

sys.path.insert(0, str(Path(__file__).parent))
from synthetic import problem, record

GOAL = [{"property": "energy", "goal": "minimize", "scale": 0.001}]
CENTRE = np.array([0.2, 0.3, 0.5])


def bowl(x):
    return float((x - CENTRE) @ (x - CENTRE)), 2 * (x - CENTRE)


FUNCTIONS = {"energy": bowl}


def campaign_of(elements=("Na", "K", "Li"), **strategy):
    chosen = {"name": "hybrid", "max_evaluations": 20, **strategy}
    elements = list(elements) if isinstance(elements, tuple) else elements
    return Campaign(problem(elements, GOAL, strategy=chosen))


def own(index, fractions, value=0.1, targets=(None,)):
    return EvaluationRecord(
        index=index,
        composition={"cation": fractions},
        properties={"energy": PropertyValue(value=value, unit="eV/atom", gradient=None)},
        energy_per_atom=None,
        converged=True,
        stable=None,
        cost=Cost(potential_calls=0, shared_calls=0, seconds=0.0),
        structure=None,
        targets=list(targets),
    )


MIDDLE = {"Na": 0.3, "K": 0.3, "Li": 0.4}
REFUSED = {
    "nan": ([own(1, MIDDLE, float("nan"))], "/records/0/properties~1energy", "energy is nan"),
    "sum": ([own(1, {"Na": 0.3, "K": 0.3, "Li": 0.3})], "/records/0/composition/cation", "add up to 0.9"),
    "foreign": ([own(1, {"Na": 0.5, "Rb": 0.5})], "/records/0/composition/cation/Rb", "cannot hold 'Rb'"),
    "targets": ([own(1, MIDDLE, targets=())], "/records/0/targets", "targets has 0 entries"),
    "infinite in all but name": (
        [own(1, MIDDLE, 1e300)],
        "/records/0/properties~1energy",
        "energy is 1e+300",
    ),
    "property": (
        [own(1, MIDDLE).model_copy(update={"properties": {"colour": own(1, MIDDLE).properties["energy"]}})],
        "/records/0/properties~1colour",
        "there is no property 'colour'",
    ),
    "index": ([own(0, {"Na": 0.6, "K": 0.2, "Li": 0.2})], "/records/0/index", "tell_measured"),
    "second": ([own(1, MIDDLE), own(1, {"Na": 1.0})], "/records/1/index", "record 1 is of"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_record_that_cannot_be_believed_is_refused_with_its_reason_and_nothing_of_the_call_counts(name):
    told, where, words = REFUSED[name]
    campaign = campaign_of()
    campaign.tell([record(campaign, s, FUNCTIONS) for s in campaign.ask(1)])
    before = campaign.records
    with pytest.raises(ProblemInvalid) as refused:
        campaign.tell(told)
    (fault,) = refused.value.errors
    assert fault.pointer == where
    assert words in fault.message
    assert campaign.records == before


def test_a_record_told_twice_counts_once_and_with_another_value_is_refused():
    campaign = campaign_of()
    (first,) = [record(campaign, s, FUNCTIONS) for s in campaign.ask(1)]
    campaign.tell([first])
    campaign.tell([first])
    assert len(campaign.records) == 1
    changed = first.model_copy(
        update={"properties": {"energy": first.properties["energy"].model_copy(update={"value": 7.0})}}
    )
    with pytest.raises(ProblemInvalid, match="has energy"):
        campaign.tell([changed])


def test_a_record_with_rounded_fractions_told_twice_counts_once():
    campaign = campaign_of()
    third = own(0, dict.fromkeys(("Na", "K", "Li"), 0.333333))
    campaign.tell([third])
    campaign.tell([third])
    assert len(campaign.records) == 1


def test_a_batch_told_in_part_and_in_another_order_teaches_what_it_teaches_at_once():
    """A surrogate of the first so many points is not taken for one of others."""
    campaign = campaign_of(max_evaluations=30)
    while len(campaign.records) < 5:
        campaign.tell([record(campaign, one, FUNCTIONS) for one in campaign.ask(1)])
    batch = [record(campaign, one, FUNCTIONS) for one in campaign.ask(3)]
    for one in (batch[0], batch[-1]):
        campaign.tell([one])
        campaign.ask(1)
    for one in batch[1:-1]:
        campaign.tell([one])
    again = campaign_of(max_evaluations=30)
    again.tell(campaign.records)
    assert [one.composition for one in campaign.ask(2)] == [one.composition for one in again.ask(2)]


def test_what_is_left_of_a_batch_told_in_part_keeps_its_numbers():
    campaign = campaign_of(name="random", batch_size=4)
    batch = campaign.ask()
    assert [s.index for s in batch] == [0, 1, 2, 3]
    campaign.tell([record(campaign, batch[i], FUNCTIONS) for i in (0, 2)])
    left = campaign.ask()
    assert [s.index for s in left] == [1, 3]
    assert [s.composition for s in left] == [batch[i].composition for i in (1, 3)]
    campaign.tell([record(campaign, s, FUNCTIONS) for s in left])
    assert [s.index for s in campaign.ask()] == [4, 5, 6, 7]
    assert [r.index for r in campaign.records] == [0, 1, 2, 3]


def test_a_number_that_was_told_by_another_process_is_not_given_again():
    campaign = campaign_of(name="random", batch_size=4)
    batch = campaign.ask()
    resumed = campaign_of(name="random", batch_size=4)
    resumed.tell([record(campaign, batch[i], FUNCTIONS) for i in (0, 2)])
    assert not {s.index for s in resumed.ask()} & {0, 2}


@pytest.mark.parametrize("name", ["hybrid", "gradient"])
def test_evaluations_that_a_tighter_bound_forbids_teach_and_are_not_the_answer(name):
    wide = campaign_of(name=name)
    for _ in range(3):
        wide.tell([record(wide, s, FUNCTIONS) for s in wide.ask(1)])
    tight = campaign_of({"Na": [0.5, 1], "K": [0, 1], "Li": [0, 1]}, name=name)
    tight.tell(wide.records)
    assert tight.best is None
    while batch := tight.ask(1):
        tight.tell([record(tight, s, FUNCTIONS) for s in batch])
    # Na = 0.5: the rest is shared so that both are as far from their wishes
    best = tight.best.composition["cation"]
    assert best == pytest.approx({"Na": 0.5, "K": 0.15, "Li": 0.35}, abs=1e-3)
    result = tight.result()
    assert "3 of " in " ".join(result.notes)
    assert "lie outside what the problem allows" in " ".join(result.notes)
    assert all(step.loss is None for step in result.trace[:3])


def test_a_target_that_was_changed_since_is_the_problems_own():
    asked = [{"property": "lattice_a", "target": 3.3, "tolerance": 0.001}]
    functions = {"lattice_a": lambda x: (3.1 + 0.6 * x[1], [0.0, 0.6])}
    first = Campaign(problem(["Na", "K"], asked))
    first.tell([record(first, s, functions) for s in first.ask(1)])
    later = Campaign(problem(["Na", "K"], [{**asked[0], "target": 3.4}]))
    later.tell(first.records)
    while batch := later.ask():
        later.tell([record(later, s, functions) for s in batch])
    assert later.stopped.reason == "target_met"
    assert later.best.composition["cation"]["K"] == pytest.approx(0.5, abs=0.002)
    assert later.result().targets == [3.4]
