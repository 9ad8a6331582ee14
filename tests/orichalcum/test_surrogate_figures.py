"""The surrogate in figures: what maps say is what is drawn, and where there is none the figure says why."""

import itertools

import pytest

from api_schemas import results
from api_schemas.maps import LeftOut, SurrogateMap
from orichalcum import Problem, Result
from orichalcum.exceptions import MapNotReady
from orichalcum.surrogate_marks import contour
from tests.orichalcum.fake_service import EVALUATION, RESULT


def mapped(beyond=(False,) * 5):
    """A map over a line: a straight mean, a deviation, an upper half that no constraint allows."""
    shares = [0.0, 0.25, 0.5, 0.75, 1.0]
    return SurrogateMap(
        property="lattice_a",
        unit="Å",
        over=["cation:Al", "cation:Sc"],
        at=EVALUATION["composition"],
        compositions=[{"cation": {"Al": 1 - x, "Sc": x}} for x in shares],
        mean=[3.0 + x for x in shares],
        deviation=[0.0, 0.1, 0.0, 0.1, 0.0],
        feasible=[True, True, True, False, False],
        beyond=list(beyond),
        evaluations=1,
    )


def asked(answer, **fields):
    """A result whose surrogate answers so, and what it was asked."""
    calls = []

    def maps(property_name=None, over=None):
        calls.append((property_name, over))
        if isinstance(answer, Exception):
            raise answer
        return answer

    item = results.Result.model_validate({**RESULT, "evaluations": [EVALUATION], **fields})
    return Result.of(item, None, maps), calls


def test_hatching_marks_what_the_surrogate_does_not_know():
    result, calls = asked(mapped(beyond=(False, True, True, False, True)))
    by_name = {trace.name: trace for trace in result.plot("space").data}
    assert list(by_name["not known"].x)[:3] == [0.25, 0.5, 0.5]
    assert list(by_name["not known"].x)[6:9] == [1.0, 1.0, 1.0]
    assert list(by_name["surrogate ± 2 σ"].y)[:5] == pytest.approx([3.0, 3.45, 3.5, 3.95, 4.0])
    # Heights are those of what is allowed: the evaluation 3.2221, the means up to half.
    assert result.plot("space").layout.yaxis.range == pytest.approx((2.95, 3.55))
    assert calls == [("lattice_a", "cation:Al,Sc")]  # asked once


def test_a_surrogate_that_cannot_be_had_is_said_to_be_missing():
    result, calls = asked(MapNotReady("job1", 60.0))
    drawn = result.plot("space")
    assert "was not computed within 60 s" in drawn.layout.annotations[0].text
    assert [trace.name for trace in drawn.data] == ["exact slope", "evaluations"]
    result.plot("space")
    assert len(calls) == 2  # it may be there by now


def triangle(steps=6):
    lattice = [(i, j, steps - i - j) for i in range(steps, -1, -1) for j in range(steps - i, -1, -1)]
    return [tuple(n / steps for n in point) for point in lattice]


def test_a_contour_of_a_linear_property_is_one_straight_line():
    shares = triangle()
    (line,) = contour(shares, [2.0 * a + b for a, b, _ in shares], 0.71)
    assert all(2.0 * a + b == pytest.approx(0.71) for a, b, _ in line)
    assert all(sum(point) == pytest.approx(1.0) for point in line)
    ends = sorted((line[0], line[-1]))
    assert ends[0] == pytest.approx((0.0, 0.71, 0.29))
    assert ends[1] == pytest.approx((0.355, 0.0, 0.645))
    # Neighbours in the list are neighbours on the line.
    assert all(p[0] < q[0] for p, q in itertools.pairwise(sorted(line)))
    assert line == sorted(line) or line == sorted(line, reverse=True)
    assert contour(shares, [1.0] * len(shares), 2.0) == []


def test_a_closed_contour_ends_where_it_began():
    shares = triangle(12)
    (ring,) = contour(shares, [sum((s - 1 / 3) ** 2 for s in one) for one in shares], 0.03)
    assert ring[0] == ring[-1]
    assert len(set(ring)) == len(ring) - 1 > 6
    assert all(sum((s - 1 / 3) ** 2 for s in one) == pytest.approx(0.03, abs=0.006) for one in ring)


def test_three_elements_get_the_field_and_the_contour_of_every_target():
    shares = triangle()
    found = SurrogateMap(
        property="lattice_a",
        unit="Å",
        over=["cation:Al", "cation:Ga", "cation:In"],
        at={"cation": {"Al": 0.3, "Ga": 0.3, "In": 0.4}},
        compositions=[{"cation": dict(zip(("Al", "Ga", "In"), one, strict=True))} for one in shares],
        mean=[3.1 + 0.4 * one[2] for one in shares],
        deviation=[0.0 if one[2] < 0.5 else 0.1 for one in shares],
        feasible=[one[2] < 0.9 for one in shares],
        beyond=[one[0] > 0.9 for one in shares],
        evaluations=3,
    )
    compositions = (
        {"Al": 0.5, "Ga": 0.5, "In": 0.0},
        {"Al": 0.2, "Ga": 0.3, "In": 0.5},
        {"Al": 0.1, "Ga": 0.8, "In": 0.1},
    )
    items = [
        {
            **EVALUATION,
            "composition": {"cation": one},
            "properties": {"lattice_a": {"value": 3.1 + 0.4 * one["In"], "unit": "Å"}},
        }
        for one in compositions
    ]
    problem = Problem.of(
        {
            "structure": {"prototype": "wurtzite", "species": ["Al", "N"]},
            "sublattices": [{"name": "cation", "sites": ["Al"], "elements": ["Al", "Ga", "In"]}],
            "objectives": [{"property": "lattice_a", "target": 3.2, "tolerance": 0.001}],
        }
    )
    plain, _ = asked(found, evaluations=items, targets=[3.2])
    drawn = Result.of(plain, problem, lambda *_: found).plot("space")
    field, halo, line, seen = drawn.data
    assert len(field.a) == len(shares) - 1  # pure In is not allowed
    assert (field.marker.cmin, field.marker.cmax) == pytest.approx((3.1, 3.1 + 0.4 * 5 / 6))
    assert (seen.marker.cmin, seen.marker.cmax) == (field.marker.cmin, field.marker.cmax)
    # As in the dashboard's field: half covered where nothing is known, paler where it is unsure.
    spread = 0.4 * 5 / 6
    unsure = 1.0 - 0.7 * (0.5 * (0.1 / spread) / 0.25 + 0.08)
    at = {(a, c): opacity for a, c, opacity in zip(field.a, field.c, field.marker.opacity, strict=True)}
    assert at[1.0, 0.0] == pytest.approx(1.0 - 0.7 * 0.5)
    assert at[0.5, 0.0] == 1.0
    assert at[0.0, 4 / 6] == pytest.approx(unsure)
    on_target = [c for c in line.c if c is not None]
    assert on_target == pytest.approx([0.25] * len(on_target))
    assert len(on_target) > 5
    assert halo.showlegend
    assert halo.name == "lattice_a = 3.2 Å"


def test_parity_has_what_was_predicted_of_each_evaluation_with_bars_of_two_deviations():
    left_out = [
        LeftOut(index=0, value=3.1, mean=3.12, deviation=0.02, outside=False),
        LeftOut(index=1, value=3.3, mean=3.2, deviation=0.01, outside=True),
    ]
    other = {**EVALUATION, "composition": {**EVALUATION["composition"], "cation": {"Al": 0.5, "Sc": 0.5}}}
    result, calls = asked(mapped().model_copy(update={"left_out": left_out}), evaluations=[EVALUATION, other])
    drawn = result.plot("parity lattice_a")
    by_name = {trace.name: trace for trace in drawn.data}
    same, inside, off = by_name.values()
    assert list(by_name) == ["predicted as evaluated", "within 2 σ", "more than 2 σ off"]
    assert list(same.x) == list(same.y) == pytest.approx([3.1 - 0.016, 3.3 + 0.016])
    assert (list(inside.x), list(inside.y), list(inside.error_y.array)) == ([3.1], [3.12], [0.04])
    assert (list(off.x), list(off.y), list(off.error_y.array)) == ([3.3], [3.2], [0.02])
    assert drawn.layout.xaxis.title.text == "lattice_a evaluated (Å)"
    assert calls == [("lattice_a", "cation:Al,Sc")]
    without, _ = asked(mapped(), evaluations=[EVALUATION, other])  # of an older service
    assert "no evaluation can be predicted" in without.plot("parity lattice_a").layout.annotations[0].text
    missing, _ = asked(MapNotReady("job1", 60.0), evaluations=[EVALUATION, other])
    assert "within 60 s" in missing.plot("parity lattice_a").layout.annotations[0].text
