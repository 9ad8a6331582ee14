"""What a suggestion costs: with a hundred evaluations of five elements told, between refits and at one."""

from __future__ import annotations

import time

import numpy as np
import torch

from api_schemas.evaluations import Suggestion
from engine.campaign.campaign import Campaign
from engine.optimize.surrogates.surrogate import refit_count
from searches.functions import wells
from searches.runs import evaluated, problem_of

EVALUATIONS = 100


def seconds_of_a_suggestion(strategy: str) -> tuple[float, float]:
    """Between refits, and with one; of one core, by random compositions with gradients (500 rows)."""
    case = wells(5)
    campaign = Campaign(problem_of(case, strategy, seed=0, budget=2 * EVALUATIONS))
    drawn = campaign.region.random(np.random.default_rng(0), EVALUATIONS)
    records = [
        evaluated(
            campaign,
            Suggestion(index=i, origin="first", composition=campaign.space.to_composition(x)),
            case,
            gradients=True,
        )[0]
        for i, x in enumerate(drawn)
    ]
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        seconds = []
        for told in (refit_count(EVALUATIONS), EVALUATIONS):
            campaign.tell(records[:told])
            began = time.process_time()
            campaign.ask(1)
            seconds.append(time.process_time() - began)
    finally:
        torch.set_num_threads(before)
    return seconds[1], seconds[0]
