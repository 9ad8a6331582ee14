"""Results of every kind with what their reader must see; the dashboard's tests read the same from tests/data.

python -m tests.orichalcum.read_results    # writes tests/data/readings.json again
"""

from __future__ import annotations

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

from api_schemas.reading import with_reading
from api_schemas.results import Result
from tests.orichalcum.fake_service import EVALUATION, RESULT, VERIFIED

DATA = Path(__file__).parents[1] / "data"
READINGS = DATA / "readings.json"
FILES = (
    "order_cuau",
    "order_hull",
    "free_energy_absolute",
    "free_energy_composition",
    "free_energy_vacancy",
    "free_energy_phases",
)
"""Results of runs with sevennet-0."""
CHECK = {
    "property": "lattice_a",
    "unit": "Å",
    "target": 3.2214,
    "tolerance": 0.001,
    "value": 3.2221,
    "met": True,
    "uncertainty": 0.0081,
}


def _made(**more: Any) -> dict[str, Any]:
    return {**deepcopy(RESULT), **more}


def _evaluated(**more: Any) -> dict[str, Any]:
    return {**deepcopy(EVALUATION), **more}


def _bars(al: float | None, sc: float | None) -> dict[str, dict[str, float | None]]:
    return {"cation": {"Al": al, "Sc": sc}}


MADE: dict[str, dict[str, Any]] = {
    "a lattice match less sure than its tolerance": _made(
        objective_checks=[CHECK],
        uncertainty_of_composition=_bars(0.0174, 0.0174),
        uncertainty_shares={
            "tolerance": _bars(0.0021, 0.0021),
            "tier": _bars(0.0173, 0.0173),
            "surrogate": _bars(1e-5, 1e-5),
        },
        notes=["auto chose gradient: targets are reached along exact gradients"],
    ),
    "one of many": _made(
        objective_checks=[{**CHECK, "tolerance": 0.01}],
        best=_evaluated(
            composition={"cation": {"Al": 0.5, "Ga": 0.3, "In": 0.2}},
            properties={"lattice_a": {"value": 3.2221, "unit": "Å", "gradient": None}},
            structure=None,
        ),
        uncertainty_of_composition={"cation": {"Al": None, "Ga": None, "In": None}},
        uncertainty_shares={"tolerance": {}, "tier": None, "surrogate": None},
        degenerate_directions=1,
        feasible_ranges={"cation": {"Al": [0.41, 0.62], "Ga": [0.0, 0.55], "In": [0.11, 0.21]}},
    ),
    "a missed target that many miss as little": _made(
        objective_checks=[{**CHECK, "target": 3.3, "met": False}],
        best=_evaluated(
            composition={"cation": {"Al": 0.5, "Ga": 0.3, "In": 0.2}},
            properties={"lattice_a": {"value": 3.2221, "unit": "Å", "gradient": None}},
            structure=None,
        ),
        degenerate_directions=1,
        feasible_ranges={"cation": {"Al": [0.41, 0.62], "Ga": [0.0, 0.55], "In": [0.11, 0.21]}},
    ),
    "a target out of reach": _made(
        objective_checks=[{**CHECK, "target": 3.3, "met": False}],
        stopped={
            "reason": "unreachable_target",
            "message": "lattice_a comes no nearer to 3.3 Å than 3.2221 Å (0.078 below); offer other elements",
        },
        active_constraints=["cation:Sc at its upper bound 0.2"],
    ),
    "a front whose member is warned of": _made(
        best=None,
        front=[_evaluated(), _evaluated(warnings=["Fe is magnetic: its moments are not computed"])],
        stopped={"reason": "converged", "message": "the front of 2 compositions grows no further"},
    ),
    "no answer": _made(
        best=None,
        evaluations=[_evaluated(converged=False, message="the potential gives no finite energy")],
        stopped={"reason": "converged", "message": "none of 1 relaxations converged: there is no answer"},
    ),
    "a scan of which some fail and some are warned of": _made(
        kind="scan",
        best=None,
        evaluations=[
            _evaluated(),
            _evaluated(warnings=["K is far larger than Na: a mean-field mixing energy is not to be quoted"]),
            _evaluated(warnings=["K is far larger than Na: a mean-field mixing energy is not to be quoted"]),
            _evaluated(converged=False, message="the relaxation did not converge after 60 potential calls"),
        ],
        stopped={"reason": "completed", "message": "all 4 compositions of the grid are computed"},
    ),
    "an evaluation at a saddle point": _made(
        kind="evaluate",
        best=_evaluated(
            stable=False,
            message="the relaxed crystal is a saddle point of the symmetry-adapted coordinates: it would distort",
            references={"Al": "face-centred cubic, -3.7161 eV/atom"},
        ),
        stopped={"reason": "completed", "message": "all 1 compositions are computed"},
    ),
    "an answer that explicit supercells contradict": _made(
        objective_checks=[CHECK],
        verification=[VERIFIED],
        stopped={"reason": "cancelled", "message": "cancelled after 4 evaluations"},
        notes=["evaluation 2 was not verified: it did not converge"],
    ),
}


def results() -> dict[str, Result]:
    """Each by its name, with its reading."""
    read = {name: json.loads((DATA / f"{name}.json").read_text(encoding="utf-8")) for name in FILES}
    return {name: with_reading(Result.model_validate(one)) for name, one in {**MADE, **read}.items()}


def document() -> str:
    """What the dashboard's tests read: of a run its reading alone, for its result has a file."""
    found = {
        name: {
            "file": name if name in FILES else None,
            "result": None if name in FILES else one.model_dump(mode="json", exclude={"reading"}),
            "reading": [message.model_dump(mode="json") for message in one.reading],
        }
        for name, one in results().items()
    }
    return json.dumps(found, indent=1, ensure_ascii=False) + "\n"
