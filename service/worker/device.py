"""Where a worker computes, and with how many threads."""

from __future__ import annotations

import os

import torch

from service.settings import Device


class DeviceUnavailable(Exception):  # noqa: N818
    """The device that was promised is not there."""


def chosen_device(wanted: Device) -> str:
    """Cpu or cuda.

    Raises:
        DeviceUnavailable: if cuda is wanted and there is none; a slow answer is not given in its place.
    """
    present = torch.cuda.is_available()
    if wanted == "cuda" and not present:
        raise DeviceUnavailable(
            "ORICHALCUM_DEVICE (or --device) is cuda, but this machine offers no CUDA device to PyTorch; "
            "use auto or cpu, or install a PyTorch with CUDA and its driver"
        )
    return "cuda" if present and wanted != "cpu" else "cpu"


def share_threads(workers: int) -> int:
    """Give this process its share of the cores, at most OMP_NUM_THREADS; returns the number of threads.

    The variable is what says how many cores a container or a batch job may use: the cores that the process sees are
    those of the whole machine there.
    """
    threads = max(1, _cores() // max(1, workers))
    allowed = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    if allowed.isdecimal():
        threads = max(1, min(threads, int(allowed)))
    torch.set_num_threads(threads)
    return threads


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
