"""Jobs through the whole stack: HTTP, a real broker, a real worker, real weights."""

from __future__ import annotations

import json

import numpy as np
import pytest

from api_schemas.results import Result
from tests.stack import SALTS
from tests.waiting import wait_for

CELL = """NaCl
1.0
5.7 0 0
0 5.7 0
0 0 5.7
Na Cl
4 4
Direct
0 0 0
.5 .5 0
.5 0 .5
0 .5 .5
.5 .5 .5
0 0 .5
0 .5 0
.5 0 0
"""


def problem(**changes) -> dict:
    """(Na,K)Cl with a lattice constant between those of NaCl and KCl, in the cubic cell of eight atoms."""
    return {
        "kind": "optimize",
        "name": "(Na,K)Cl",
        "structure": {"poscar": CELL},
        "sublattices": [{"name": "cation", "sites": ["Na"], "elements": {"Na": [0, 1], "K": [0, 1]}}],
        "objectives": [{"property": "lattice_a", "target": 5.9, "tolerance": 0.001}],
        "potential": {"name": "sevennet-0"},
        **changes,
    }


def slow_scan(points: int = 101) -> dict:
    return problem(kind="scan", scan={"points_per_edge": points})


def without_times(result: dict) -> dict:
    """A result without what may differ between two runs of the same computation: seconds."""
    if isinstance(result, dict):
        return {key: without_times(value) for key, value in result.items() if key != "seconds"}
    return [without_times(value) for value in result] if isinstance(result, list) else result


@pytest.fixture(scope="session")
def first_job(stack) -> str:
    """A job that was left alone."""
    job_id = stack.submit(problem())
    assert stack.finished(job_id)["state"] == "succeeded"
    return job_id


def test_a_job_over_http_reaches_its_target(stack, first_job):
    result = Result.model_validate(stack.result(first_job))
    assert result.stopped.reason == "target_met"
    best = result.best
    assert abs(best.properties["lattice_a"].value - 5.9) < 0.001
    # Independent: a of NaCl and KCl with this potential enclose the target, and Vegard's law is near.
    assert best.composition["cation"]["K"] == pytest.approx(0.24, abs=0.05)
    gradient = best.properties["lattice_a"].gradient["cation"]
    assert gradient["Na"] + gradient["K"] == pytest.approx(0.0, abs=1e-9)
    assert gradient["K"] > 0
    assert result.provenance.potential.name == "sevennet-0"


def test_its_events_tell_the_story_and_end_with_its_success(stack, first_job):
    with stack.client.stream("GET", f"/v1/jobs/{first_job}/events") as answer:
        lines = [line for line in answer.iter_lines() if line]
    kinds = [line.removeprefix("event: ") for line in lines if line.startswith("event: ")]
    data = [json.loads(line.removeprefix("data: ")) for line in lines if line.startswith("data: ")]
    assert kinds[0] == kinds[-1] == "state"
    assert data[-1]["state"] == "succeeded"
    assert kinds.count("evaluation") == stack.job(first_job)["progress"]["evaluations_done"]


def test_the_same_job_again_gives_the_same_answer_digit_for_digit_computed_anew_or_from_the_cache(
    stack, first_job
):
    first = without_times(stack.result(first_job))
    for own in (stack, stack.of("again")):
        job_id = own.submit(problem())
        own.finished(job_id)
        assert without_times(own.result(job_id)) == first
    hits = next(
        line
        for line in stack.client.get("/metrics").text.splitlines()
        if line.startswith("orichalcum_cache_hits_")
    )
    assert float(hits.split()[1]) >= first["cost"]["evaluations"]


def test_an_answer_over_http_is_that_of_the_campaign_in_this_process(stack, first_job):
    from api_schemas.problem import Problem
    from engine.campaign.campaign import Campaign
    from engine.campaign.evaluate import evaluate

    asked = Problem.model_validate(problem())
    campaign = Campaign(asked)
    while campaign.stopped is None:
        campaign.tell([evaluate(asked, suggestion) for suggestion in campaign.ask()])
    here, there = campaign.result().best, Result.model_validate(stack.result(first_job)).best
    assert there.composition["cation"]["K"] == pytest.approx(here.composition["cation"]["K"], abs=1e-7)
    assert there.properties["lattice_a"].value == pytest.approx(here.properties["lattice_a"].value, abs=1e-7)


def test_a_target_that_no_composition_reaches_succeeds_with_the_nearest_and_says_so(stack):
    wish = [{"property": "lattice_a", "target": 5.0, "tolerance": 0.001}]
    job_id = stack.submit(problem(objectives=wish))
    assert stack.finished(job_id)["state"] == "succeeded"
    result = stack.result(job_id)
    assert result["stopped"]["reason"] == "unreachable_target"
    assert result["best"]["composition"]["cation"]["Na"] == pytest.approx(1.0, abs=1e-6)


def test_a_scan_evaluates_every_point_once_and_in_order(stack):
    job_id = stack.submit(problem(kind="scan", scan={"points_per_edge": 5}, objectives=[]))
    stack.finished(job_id)
    result = stack.result(job_id)
    fractions = [evaluation["composition"]["cation"]["K"] for evaluation in result["evaluations"]]
    assert sorted(fractions) == pytest.approx([0, 0.25, 0.5, 0.75, 1])
    assert result["best"] is None
    assert result["stopped"]["reason"] == "completed"


def test_an_evaluate_job_answers_for_the_compositions_that_were_given(stack):
    at = [{"cation": {"Na": 0.5, "K": 0.5}}, {"cation": {"Na": 1.0, "K": 0.0}}]
    job_id = stack.submit(problem(kind="evaluate", objectives=[], at=at))
    stack.finished(job_id)
    compositions = [evaluation["composition"] for evaluation in stack.result(job_id)["evaluations"]]
    assert compositions == at


def test_a_map_is_computed_by_a_worker_and_goes_through_what_was_evaluated(stack, first_job):
    def asked(**more):
        return stack.client.get(f"/v1/jobs/{first_job}/map", params={"over": "cation:Na,K", **more})

    assert asked(property="density", at="centre").status_code == 202
    wait_for(lambda: asked(property="density", at="centre").status_code == 200, "the map")
    found = asked(property="density", at="centre").json()
    evaluations = stack.result(first_job)["evaluations"]
    assert found["evaluations"] == len(evaluations)
    shares = [composition["cation"]["K"] for composition in found["compositions"]]
    for evaluation in evaluations:
        k, value = evaluation["composition"]["cation"]["K"], evaluation["properties"]["density"]["value"]
        line = np.interp(k, shares, found["mean"])
        assert line == pytest.approx(value, abs=2e-3)


def test_a_running_job_is_cancelled_without_the_rest_of_its_points_and_keeps_what_it_found(stack):
    job_id = stack.submit(slow_scan())
    wait_for(lambda: stack.job(job_id)["progress"]["evaluations_done"] >= 2)
    assert stack.client.post(f"/v1/jobs/{job_id}/cancel").status_code == 202
    wait_for(lambda: stack.job(job_id)["state"] == "cancelled", "the cancellation")
    result = stack.result(job_id)
    assert result["stopped"]["reason"] == "cancelled"
    assert 2 <= len(result["evaluations"]) < 101
    assert result["best"] is not None


def test_a_small_job_does_not_wait_for_a_large_one(stack):
    large = stack.submit(slow_scan(401))
    wait_for(lambda: stack.job(large)["state"] == "running")
    small = stack.submit(problem())
    assert stack.finished(small)["state"] == "succeeded"
    assert stack.job(large)["state"] == "running"
    stack.client.post(f"/v1/jobs/{large}/cancel")
    assert stack.finished(large)["state"] == "cancelled"


def test_a_paused_job_computes_nothing_more_until_it_is_resumed(stack):
    job_id = stack.submit(slow_scan(9))
    wait_for(lambda: stack.job(job_id)["progress"]["evaluations_done"] >= 1)
    assert stack.client.post(f"/v1/jobs/{job_id}/pause").json()["state"] == "paused"
    under_way = "select 1 from tasks where job_id = ? and state = 'running'"
    wait_for(lambda: not stack.rows(under_way, job_id), "the end of the point under way")
    done = stack.job(job_id)["progress"]["evaluations_done"]
    other = stack.of("meanwhile")  # the worker computes for somebody else
    assert other.finished(other.submit(problem()))["state"] == "succeeded"
    assert stack.job(job_id)["progress"]["evaluations_done"] == done
    stack.client.post(f"/v1/jobs/{job_id}/resume")
    assert stack.finished(job_id)["state"] == "succeeded"


def test_a_killed_worker_is_replaced_and_the_answer_stays_the_same(stack, first_job):
    undisturbed, stack = stack, stack.of("disturbed")
    job_id = stack.submit(problem())
    worker = stack.stopped_while_computing(job_id)
    stored = stack.rows("select number, record from tasks where job_id = ? and state = 'done'", job_id)
    assert stored
    worker.kill()
    assert stack.finished(job_id)["state"] == "succeeded"
    assert without_times(stack.result(job_id)) == without_times(undisturbed.result(first_job))
    after = stack.rows(
        "select number, record, attempt, lost from tasks where job_id = ? order by number", job_id
    )
    assert [row[:2] for row in after[: len(stored)]] == stored
    assert [row[2:] for row in after[: len(stored)]] == [(1, 0)] * len(stored)
    assert after[len(stored)][2:] == (2, 1)


def test_a_mace_model_that_the_operator_registered_answers_by_its_name(stack):
    offered = {item["name"]: item for item in stack.client.get("/v1/potentials").json()["potentials"]}
    assert (offered["salts"]["family"], offered["salts"]["fetched"]) == ("mace", True)
    structure = {"prototype": "rocksalt", "species": ["Na", "Cl"]}
    wanted = [{"property": "lattice_a", "target": 6.0, "tolerance": 0.002}]
    options = {"structure": structure, "objectives": wanted}
    job_id = stack.submit(problem(**options, potential={"name": "salts"}))
    assert stack.finished(job_id)["state"] == "succeeded"
    result = stack.result(job_id)
    assert result["stopped"]["reason"] == "target_met"
    assert len(result["provenance"]["potential"]["sha256"]) == 64
    # A file that a problem names is a pickle of a user's, and is never read.
    refused = stack.client.post(
        "/v1/jobs", json=problem(**options, potential={"name": "mace", "file": str(SALTS)})
    )
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/potential/file"
