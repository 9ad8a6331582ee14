"""The worker process: when it stops, where it computes, and how it shares the cores."""

from __future__ import annotations

import pytest
import torch
from celery.worker import state as celery_state

from service import logs
from service.repositories import parts
from service.work.in_store import WorkInStore
from service.worker import device
from service.worker.__main__ import EXIT_REFUSED, _stopping, main
from service.worker.heartbeat import Heartbeat
from tests.waiting import wait_for


@pytest.mark.parametrize(
    ("flag", "stopping"), [(None, False), (False, False), (0, True), (1, True), (True, True)]
)
def test_a_worker_stops_for_every_exit_code_that_celery_sets(monkeypatch, flag, stopping):
    monkeypatch.setattr(celery_state, "should_stop", flag)
    assert _stopping() is stopping


def test_cuda_is_used_where_it_is_and_never_silently_replaced(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device.chosen_device("auto") == device.chosen_device("cuda") == "cuda"
    assert device.chosen_device("cpu") == "cpu"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device.chosen_device("auto") == device.chosen_device("cpu") == "cpu"
    with pytest.raises(device.DeviceUnavailable, match="CUDA"):
        device.chosen_device("cuda")


def test_a_worker_without_the_promised_device_ends_with_the_code_for_a_bad_configuration(monkeypatch, capsys):
    monkeypatch.setattr(logs, "configure", lambda _process: None)  # else it would go on logging to capsys
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("ORICHALCUM_DEVICE", "cuda")
    assert main([]) == EXIT_REFUSED
    assert "ORICHALCUM_DEVICE" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("cores", "processes", "allowed", "threads"),
    [(8, 1, None, 8), (8, 3, None, 2), (2, 4, None, 1), (8, 1, "2", 2), (8, 4, "3", 2), (8, 1, "3,2", 3),
     (8, 2, "many", 4), (8, 2, "0", 1)],
)  # fmt: skip
def test_workers_share_the_cores_that_they_may_use(monkeypatch, cores, processes, allowed, threads):
    given = []
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if allowed is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", allowed)
    monkeypatch.setattr(device, "_cores", lambda: cores)
    monkeypatch.setattr(torch, "set_num_threads", given.append)
    assert device.share_threads(processes) == threads
    assert given == [threads]


def test_a_heartbeat_is_seen_at_once_and_gone_after_a_clean_stop(database, queue):
    heartbeat = Heartbeat(WorkInStore(database, queue, "w"), "cpu")

    def living() -> int:
        with database.reading() as session:
            return parts.living(session)

    heartbeat.start()
    wait_for(living, "a beat")
    assert living() == 1
    heartbeat.stop()
    assert living() == 0
