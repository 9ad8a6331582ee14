"""Evaluations of closed-form properties on a composition space, to drive campaigns without a potential."""

from __future__ import annotations

import numpy as np

from api_schemas.cost import Cost
from api_schemas.evaluations import EvaluationRecord, PropertyValue, RelaxationState
from api_schemas.problem import Problem
from engine.campaign.campaign import Campaign
from engine.optimize.objective import build_loss
from engine.optimize.point import Point
from engine.properties.table import PROPERTIES


def problem(elements, objectives, **more):
    """A problem on rocksalt cations, by strategy gradient unless told; the structure plays no part."""
    if more.get("kind", "optimize") == "optimize":
        more["strategy"] = {"name": "gradient", **more.get("strategy", {})}
    return Problem.model_validate(
        {
            "kind": "optimize",
            "structure": {"prototype": "rocksalt", "species": ["Na", "Cl"]},
            "sublattices": [{"name": "cation", "sites": ["Na"], "elements": elements}],
            "objectives": objectives,
            "potential": {"name": "sevennet-0"},
            **more,
        }
    )


def record(campaign, suggestion, functions, *, converged=True):
    """Evaluate closed forms ``name -> (value, raw gradient)`` of the composition vector."""
    space = campaign.space
    x = space.to_vector(suggestion.composition)
    properties = {}
    for name, function in functions.items():
        value, raw = function(x)
        gradient = space.to_composition(space.project_gradient(np.asarray(raw, dtype=float)))
        properties[name] = PropertyValue(
            value=float(value), unit=PROPERTIES[name].unit, gradient=gradient if converged else None
        )
    targets = [o.target if isinstance(o.target, float) else None for o in campaign.problem.objectives]
    return EvaluationRecord(
        index=suggestion.index,
        origin=suggestion.origin,
        composition=suggestion.composition,
        properties=properties,
        energy_per_atom=-1.0,
        converged=converged,
        stable=True,
        cost=Cost(potential_calls=5, shared_calls=7, seconds=0.1),
        structure=None,
        relaxation=RelaxationState(
            q=[0.0], columns=list(space.columns), dq_dx=[[0.0] * len(x)], hessian=[[1.0]]
        ),
        targets=targets,
    )


def told_at(asked, x, functions):
    """Region, loss and the point of closed forms at a composition vector."""
    campaign = Campaign(asked)
    loss = build_loss(asked, [one.target for one in asked.objectives])
    x = np.asarray(x, dtype=float)
    found = {name: functions[name](x) for name in loss.properties}
    values = {name: value for name, (value, _) in found.items()}
    slopes = {name: campaign.space.project_gradient(np.asarray(raw)) for name, (_, raw) in found.items()}
    return campaign.region, loss, Point(0, None, x, values, slopes, loss(values), loss.violation(values))


def run(asked, functions, n=None, limit=200):
    """Drive a campaign to its end."""
    campaign = Campaign(asked)
    while batch := campaign.ask(n):
        campaign.tell([record(campaign, suggestion, functions) for suggestion in batch])
        assert len(campaign.records) < limit
    return campaign
