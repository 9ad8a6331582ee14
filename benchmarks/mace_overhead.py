"""What alchemy costs with MACE: energy, forces, stress and dE/dlam over mace-torch's plain energy, forces and stress.

The models have the architectures of the foundation models with random weights, in float32. Everything is timed side by
side in one run, calls interleaved; the columns are medians of the ratios within a round. The last columns are what a
call takes in memory at its peak beyond what the process holds before it, each in a process of its own.

    python benchmarks/mace_overhead.py [--rounds 5] [--threads 1] [--families mp-0a-small,...] [--cells "...; ..."]

With ORICHALCUM_BENCH=full in the environment there are 15 rounds and all families and cells.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import statistics
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import torch
from ase import Atoms
from ase.build import bulk

from engine.crystals.graph import build_graph
from engine.potentials.mace.potential import Mace

FULL = os.environ.get("ORICHALCUM_BENCH") == "full"
DTYPE = torch.float32


def architectures() -> Any:
    """The module of the tests that builds models with the foundation models' hyperparameters."""
    path = Path(__file__).resolve().parents[1] / "tests" / "engine" / "potentials" / "mace_models.py"
    spec = spec_from_file_location("mace_architectures", path)
    if spec is None or spec.loader is None:
        raise SystemExit(f"{path} is not there: run this in a checkout")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def perovskite() -> Atoms:
    """CsPbI3 in a cell of 135 atoms."""
    frac = [(0, 0, 0), (0.5, 0.5, 0.5), (0.5, 0.5, 0), (0.5, 0, 0.5), (0, 0.5, 0.5)]
    return Atoms("CsPbI3", scaled_positions=frac, cell=[6.3] * 3, pbc=True) * (3, 3, 3)


def mixed_halide() -> Atoms:
    """A layered BiSCl of 12 atoms, whose Cl is mixed; the cell matters more than the chemistry."""
    frac = [(x, y, z) for x in (0.1, 0.6) for y in (0.25, 0.75) for z in (0.1, 0.4, 0.8)]
    return Atoms("BiSCl" * 4, scaled_positions=frac, cell=[7.7, 8.0, 9.9], pbc=True)


# cell, atomic number of the sites that are mixed, elements that they may hold
CELLS: dict[str, tuple[Atoms, int, tuple[int, ...]]] = {
    "rocksalt K=3": (bulk("NaCl", "rocksalt", a=5.69), 11, (11, 19, 3)),
    "fluorite K=2": (bulk("CeO2", "fluorite", a=5.46), 58, (58, 40)),
    "wurtzite K=2": (bulk("AlN", "wurtzite", a=3.13, c=5.01), 13, (13, 31)),
    "BiS(Cl,Br,I) K=3": (mixed_halide(), 17, (17, 35, 53)),
    "fcc CrMnFeCoNi K=5": (bulk("Cu", "fcc", a=3.6, cubic=True), 29, (24, 25, 26, 27, 28)),
    "perovskite 135 K=2": (perovskite(), 82, (82, 50)),
}


def plain_call(model: Any, atoms: Atoms) -> Callable[[], None]:
    """Energy, forces and stress by mace-torch."""
    from mace import data
    from mace.tools import AtomicNumberTable, torch_geometric

    table = AtomicNumberTable([int(number) for number in model.atomic_numbers])
    config = data.config_from_atoms(atoms)
    graph = data.AtomicData.from_config(config, z_table=table, cutoff=float(model.r_max))
    batch = next(iter(torch_geometric.dataloader.DataLoader([graph], batch_size=1))).to_dict()

    def evaluate() -> None:
        fresh = {key: value.clone() if torch.is_tensor(value) else value for key, value in batch.items()}
        model(fresh, compute_stress=True)

    return evaluate


def alchemical_call(potential: Mace, atoms: Atoms, copies: list[tuple[int, ...]]) -> Callable[[], None]:
    """Energy with all first derivatives."""
    found = build_graph([atoms.cell.array], [atoms.positions], [copies], potential.cutoff, 0.0)
    positions, strain = found.positions.clone().requires_grad_(), found.strain.clone().requires_grad_()
    fractions = [1.0 / len(of_site) for of_site in copies for _ in of_site]
    weights = torch.tensor(fractions, dtype=torch.float64, requires_grad=True)

    def evaluate() -> None:
        energy = potential.energy(found.graph, positions, strain, weights)
        torch.autograd.grad(energy.sum(), (positions, strain, weights))

    return evaluate


def seconds(calls: list[Callable[[], None]], rounds: int) -> list[list[float]]:
    """Of every call in every round, interleaved: [call][round]."""
    times: list[list[float]] = [[] for _ in calls]
    for run in calls:
        for _ in range(3):  # TorchScript specialises on the first calls
            run()
    for _ in range(rounds):
        for of_call, run in zip(times, calls, strict=True):
            start = time.perf_counter()
            run()
            of_call.append(time.perf_counter() - start)
    return times


def calls_of(model: Any, potential: Mace, cell: str) -> list[Callable[[], None]]:
    """mace-torch's plain call, our plain call and our alchemical call for a cell."""
    atoms, mixed, elements = CELLS[cell]
    copies = [
        [elements if alchemical and number == mixed else (int(number),) for number in atoms.numbers]
        for alchemical in (False, True)
    ]
    return [plain_call(model, atoms), *(alchemical_call(potential, atoms, of_site) for of_site in copies)]


def built(family: str) -> tuple[Any, Mace]:
    """A model with random weights, and ours on it."""
    model = architectures().build(family, dtype=DTYPE)
    return model, Mace(family, model, dtype=DTYPE, device=torch.device("cpu"))


def memory(field: str) -> float:
    """A field of this process's memory, MiB: VmRSS now, VmHWM at its peak. Linux alone."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(field)) / 1024


def peak_growth(family: str, cell: str, variant: int) -> float:
    """MiB that a call takes at its peak; 0 is mace-torch's plain call, 1 ours, 2 the alchemical."""
    call = calls_of(*built(family), cell)[variant]
    for _ in range(3):  # what the first calls leave behind is no part of a call
        call()
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    Path("/proc/self/clear_refs").write_text("5")  # the peak is counted from here
    before = memory("VmRSS")
    call()
    return memory("VmHWM") - before


def peak_in_fresh_process(family: str, cell: str, variant: int) -> float:
    """`peak_growth` in a process that has computed nothing else."""
    command = [sys.executable, __file__, "--peak", family, cell, str(variant)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  (this file)
    return float(done.stdout.split()[-1])


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="What alchemy costs with MACE.")
    parser.add_argument("--rounds", type=int, default=15 if FULL else 5)
    parser.add_argument("--threads", type=int, default=1)
    families = "mp-0a-small,mp-0a-medium" + (",mp-0b-medium,mpa-0-medium" if FULL else "")
    parser.add_argument("--families", default=families)
    small = ";".join(label for label, (atoms, *_) in CELLS.items() if FULL or len(atoms) <= 100)
    parser.add_argument("--cells", default=small)
    parser.add_argument("--peak", nargs=3, metavar=("FAMILY", "CELL", "VARIANT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    warnings.simplefilter("ignore")
    if options.peak:
        family, cell, variant = options.peak
        print(peak_growth(family, cell, int(variant)))
        return
    print(
        f"float32, {options.threads} thread(s), {options.rounds} rounds; ratios to mace-torch's plain E+F+S"
    )
    heads = f"{'mace-torch ms':>14}{'ours plain':>12}{'alchemical':>12}{'mace-torch MiB':>16}{'alchemical MiB':>16}"
    print(f"{'architecture':16}{'cell':22}{heads}")
    for family in options.families.split(","):
        model, potential = built(family)
        for cell in options.cells.split(";"):
            times = seconds(calls_of(model, potential, cell), options.rounds)
            ratios = [statistics.median(a / b for a, b in zip(of, times[0], strict=True)) for of in times[1:]]
            median = 1e3 * statistics.median(times[0])
            peaks = [peak_in_fresh_process(family, cell, variant) for variant in (0, 2)]
            numbers = f"{median:14.0f}{ratios[0]:12.2f}{ratios[1]:12.2f}{peaks[0]:16.0f}{peaks[1]:16.0f}"
            print(f"{family:16}{cell:22}{numbers}", flush=True)


if __name__ == "__main__":
    main()
