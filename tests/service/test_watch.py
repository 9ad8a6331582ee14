"""Observation instead of the time of day: what a watch says of values that change, and of those that do not."""

from __future__ import annotations

import pytest

from service.lifecycle.watch import Watch


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def watch(clock):
    return Watch(clock, longest_step=3.0)


def look(watch, clock, step, **values):
    clock.now += step
    watch.look(values)


def test_a_value_has_stopped_once_it_has_not_changed_for_so_long(watch, clock):
    for beat in range(5):
        look(watch, clock, 2.0, living=beat, dead=0)
    assert watch.unchanged("dead") == 8.0
    assert watch.unchanged("living") == 0.0
    assert watch.stopped(8.0) == {"dead": 0}
    assert watch.unchanged("nobody") is None


def test_a_value_that_is_not_there_any_more_is_forgotten_and_begins_anew(watch, clock):
    look(watch, clock, 1.0, one=1)
    look(watch, clock, 1.0)
    assert watch.unchanged("one") is None
    look(watch, clock, 1.0, one=1)
    assert watch.unchanged("one") == 0.0


def test_time_during_which_nobody_looked_does_not_count(watch, clock):
    look(watch, clock, 0.0, one=1)
    look(watch, clock, 3600.0, one=1)  # the machine was asleep, or the watch frozen
    assert watch.unchanged("one") == 3.0
    assert watch.stopped(9.0) == {}


def test_what_stopped_is_witnessed_only_if_its_last_change_was_seen(watch, clock):
    look(watch, clock, 0.0, before=1)
    look(watch, clock, 1.0, before=1, seen=1)
    assert not watch.witnessed("before")
    assert watch.witnessed("seen")
    look(watch, clock, 1.0, before=2, seen=1)
    assert watch.witnessed("before")
    look(watch, clock, 60.0, before=2, seen=1)  # who knows what happened meanwhile
    assert not watch.witnessed("before")
    assert not watch.witnessed("nobody")


def test_values_that_stopped_together_are_told_and_those_that_were_never_seen_to_change_are_not(watch, clock):
    look(watch, clock, 0.0, old=0)
    look(watch, clock, 2.0, old=0, one=1, other=1, living=1)
    for beat in range(2, 8):
        look(watch, clock, 2.0, old=0, one=1, other=1, living=beat)
    assert watch.together("one", 4.0) == ["other"]
    assert watch.together("nobody", 4.0) == []
