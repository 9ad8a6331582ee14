"""What cannot be computed breaks no job of kind order: the answer says what is missing and what not to rely on."""

from __future__ import annotations

import pytest

from engine.campaign.campaign import Campaign
from tests.engine.kinds.order.jobs import answered, problem
from tests.engine.kinds.order.pairs import Records, mixing

CUBE = [[2, 0, 0], [0, 2, 0], [0, 0, 2]]


class Failing(Records):
    """Of some decorations there is no energy, before or after relaxing; end members may not converge."""

    def __init__(self, campaign, *, unrelaxed=(), relaxed=(), ends=True):
        super().__init__(campaign)
        self.without, self.fallen, self.ends = unrelaxed, relaxed, ends

    def reference(self, task):
        return super().reference(task).model_copy(update={"converged": self.ends})

    def decorations(self, task):
        record = super().decorations(task)
        energies = [
            None if round(mixing(one), 6) in self.without else energy
            for one, energy in zip(task.decorations, record.energies, strict=True)
        ]
        return record.model_copy(update={"energies": energies})

    def supercell(self, task):
        record = super().supercell(task)
        if round(mixing(task.explicit), 6) not in self.fallen:
            return record
        nothing = {"energy_per_atom": None, "properties": {}, "structure": None, "converged": False}
        return record.model_copy(update={**nothing, "message": "the potential gave no energy for it"})


def finished(order, **failing):
    campaign = Campaign(problem(order), shared=True)
    told = Failing(campaign, **failing)
    while asked := campaign.ask():
        campaign.tell([told(task) for task in asked])
    return campaign.result()


def energies_of(order):
    """Unrelaxed mixing energies of what is relaxed, from the lowest on."""
    campaign = Campaign(problem(order), shared=True)
    told, found = Records(campaign), set()
    while asked := campaign.ask():
        found |= {round(mixing(one.explicit), 6) for one in asked if one.unit == "supercell"}
        campaign.tell([told(task) for task in asked])
    return sorted(found)


ALL = {"relax": "all"}
LEVELS = {"enumerate": None, "probability": {"cell": CUBE}}


def test_a_decoration_whose_atoms_coincide_is_ranked_last_and_named():
    lowest, second, *_ = energies_of(ALL)
    result = finished({"relax": 2}, unrelaxed={lowest})
    answer = answered(result)
    assert answer.orderings[0].unrelaxed_energy is not None
    assert answer.orderings[0].mixing_energy == pytest.approx(1.1 * second)
    assert any("1 decoration has no unrelaxed energy" in note for note in result.notes)
    assert result.stopped.reason == "completed"
    every = answered(finished(ALL, unrelaxed={lowest}))
    assert every.orderings[0].mixing_energy == pytest.approx(1.1 * lowest)
    assert every.orderings[0].unrelaxed_energy is None


def test_a_decoration_that_falls_together_is_left_out_and_says_so():
    lowest, second, *_ = energies_of(ALL)
    result = finished(ALL, relaxed={lowest})
    answer = answered(result)
    assert answer.orderings[0].mixing_energy == pytest.approx(1.1 * second)
    assert any("is left out: the potential gave no energy" in note for note in result.notes)
    assert result.stopped.reason == "completed"


def test_where_every_decoration_fails_the_answer_is_empty_and_says_why():
    energies = energies_of(ALL)
    result = finished({**ALL, "probability": {"cell": CUBE}}, relaxed=energies)
    answer = answered(result)
    assert answer.orderings == []
    assert answer.ordering_probability == []
    assert answer.compositions[0].text.endswith("no ordering was relaxed")
    assert answer.compositions[0].lowest is None
    assert result.stopped.reason == "completed"


def test_a_level_without_any_energy_leaves_no_probability_and_one_without_relaxation_is_marked():
    lowest, *others = energies_of(LEVELS)
    both = answered(finished(LEVELS, unrelaxed={others[0]}, relaxed={others[0]}))
    assert both.ordering_probability == []
    (found,) = answered(finished(LEVELS, relaxed={others[0]})).ordering_probability
    assert [level.relaxed for level in found.levels].count(False) == 1
    assert sum(level.degeneracy for level in found.levels) == found.decorations == 70
    assert lowest < others[0]


def test_end_members_that_did_not_converge_leave_no_mixing_energy_and_no_hull():
    order = {**LEVELS, "random": {"sites": 8, "cells": 2}}
    known, lost = (answered(finished(order, ends=ends)) for ends in (True, False))
    assert known.orderings[0].mixing_energy is not None
    assert {one.mixing_energy for one in lost.orderings} == {None}
    (state,), (expected,) = lost.disordered, known.disordered
    assert (state.random.mixing_energy, state.whole_cell.mixing_energy) == (None, None)
    assert (state.mean_field, state.fluctuation) == (None, None)
    assert state.ordering_energy == pytest.approx(expected.ordering_energy)
    assert [one.above_lowest for one in lost.orderings] == [one.above_lowest for one in known.orderings]
    assert "end members" not in lost.compositions[0].text
    pair = [{"mix": {"Cu": x, "Au": 1 - x}} for x in (0.5, 0.75)]
    campaign = Campaign(problem(ALL, at=pair), shared=True)
    told = Failing(campaign, ends=False)
    while asked := campaign.ask():
        campaign.tell([told(task) for task in asked])
    assert answered(campaign.result()).hull is None


def test_what_did_not_converge_is_told_beside_its_name():
    campaign = Campaign(problem({"relax": 1}), shared=True)
    told = Records(campaign, converged=lambda columns: False)
    while asked := campaign.ask():
        campaign.tell([told(task) for task in asked])
    answer = answered(campaign.result())
    assert not answer.orderings[0].converged
    assert "whose relaxation did not converge" in answer.compositions[0].text
