"""Refines the small MACE that train.sh made: energies and stresses, which set lattice constants, count for more.

    python examples/models/alkali_halides/refine.py [FOLDER] [EPOCHS]

Reads train.xyz, test.xyz and alkali-halides.model in the folder, and writes alkali-halides-refined.model.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path
from typing import Any

import torch
from ase import Atoms
from ase.io import read

from engine.potentials.mace.file import import_mace, open_mace

LEARNING_RATE = 0.004
BATCH = 8
# Of squared errors in eV/atom, eV/Å and eV/Å^3.
ENERGY, FORCES, STRESS = 1000.0, 30.0, 20_000.0


def batches(crystals: list[Atoms], model: Any, *, shuffle: bool) -> Any:
    """mace-torch's loader of some crystals."""
    from mace import data
    from mace.tools import AtomicNumberTable, torch_geometric

    table = AtomicNumberTable([int(number) for number in model.atomic_numbers])
    keys = data.KeySpecification(
        info_keys={"energy": "REF_energy", "stress": "REF_stress"}, arrays_keys={"forces": "REF_forces"}
    )
    graphs = [
        data.AtomicData.from_config(
            data.config_from_atoms(atoms, key_specification=keys), z_table=table, cutoff=float(model.r_max)
        )
        for atoms in crystals
    ]
    return torch_geometric.dataloader.DataLoader(graphs, batch_size=BATCH, shuffle=shuffle)


def errors(model: Any, batch: Any, *, training: bool) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Errors of energies an atom, of forces and of stresses."""
    found = model(batch.to_dict(), training=training, compute_stress=True)
    counts = batch.ptr[1:] - batch.ptr[:-1]
    return (
        (found["energy"] - batch.energy) / counts,
        found["forces"] - batch.forces,
        found["stress"] - batch.stress.view(-1, 3, 3),
    )


def main() -> None:
    """Refines and writes the model, telling of its errors."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path()
    epochs = int(sys.argv[2]) if len(sys.argv) > 2 else 24
    import_mace()
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    torch.manual_seed(2)
    model = open_mace(folder / "alkali-halides.model")
    train = batches(read(folder / "train.xyz", ":"), model, shuffle=True)
    test = batches(read(folder / "test.xyz", ":"), model, shuffle=False)
    model.requires_grad_(requires_grad=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, amsgrad=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=epochs * len(train))
    for epoch in range(epochs):
        for batch in train:
            energy, forces, stress = errors(model, batch, training=True)
            loss = (
                ENERGY * energy.square().mean()
                + FORCES * forces.square().mean()
                + STRESS * stress.square().mean()
            )
            optimizer.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), 10.0)
            optimizer.step()
            schedule.step()
        parts = [errors(model, batch, training=False) for batch in test]
        means = [
            float(torch.cat([part[i].detach().flatten() for part in parts]).abs().mean()) for i in range(3)
        ]
        print(
            f"epoch {epoch}: {1e3 * means[0]:.2f} meV/atom, {1e3 * means[1]:.1f} meV/Å, {1e3 * means[2]:.3f} meV/Å^3",
            flush=True,
        )
        torch.save(model, folder / "alkali-halides-refined.model")


if __name__ == "__main__":
    main()
