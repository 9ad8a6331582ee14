"""Which MACE models can be run here; whatever else a model has is refused by name, never left out."""

from __future__ import annotations

import difflib
from typing import Any

from engine.potentials.errors import UnsupportedModel

_MODELS = frozenset({"MACE", "ScaleShiftMACE"})
_PARTS = frozenset(
    {
        "node_embedding", "radial_embedding", "spherical_harmonics", "atomic_energies_fn", "interactions", "products",
        "readouts", "scale_shift", "pair_repulsion_fn",
    }
)  # fmt: skip
_REASONS = {
    "joint_embedding": "takes further inputs (charge or spin) through a joint embedding",
    "embedding_readout": "reads an energy from its embedding",
}


def check_architecture(model: Any) -> None:
    """Refuses a model with anything that the alchemical pass does not compute.

    Args:
        model: Content of a model file.

    Raises:
        UnsupportedModel: naming the feature.
    """
    kind = type(model).__name__
    if not type(model).__module__.startswith("mace."):
        raise UnsupportedModel(f"it holds a {kind}, not a MACE model as mace-torch saves it")
    if kind not in _MODELS:
        raise UnsupportedModel(f"it is a {kind}; models of energy alone (MACE, ScaleShiftMACE) can be used")
    for name, _ in model.named_children():
        if name not in _PARTS:
            raise UnsupportedModel(f"it {_REASONS.get(name, f'has the part {name}, which is not supported')}")
    if getattr(model, "lammps_mliap", False):
        raise UnsupportedModel("it was converted for LAMMPS; give the model from before that")
    for name, module in model.named_modules():
        for config in ("cueq_config", "oeq_config"):
            if getattr(getattr(module, config, None), "enabled", False):
                raise UnsupportedModel(
                    f"its {name} was converted for an accelerator; convert it back to e3nn"
                )
        leaf = name.rpartition(".")[2]
        expected = _expected(leaf)
        if expected is not None and type(module).__name__ not in expected:
            raise UnsupportedModel(f"its {name} is a {type(module).__name__}, which is not supported")


def head_number(heads: tuple[str, ...], wanted: str | None) -> int:
    """The place of a head among those of a model.

    Args:
        heads: Names of the model's heads.
        wanted: Name of the head; None takes the only one.

    Raises:
        UnsupportedModel: if there is no such head, or several and none is named.
    """
    known = ", ".join(heads)
    if wanted is None:
        if len(heads) > 1:
            raise UnsupportedModel(f"it has several heads; choose one with head: {known}")
        return 0
    if wanted not in heads:
        near = difflib.get_close_matches(wanted, heads, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        raise UnsupportedModel(f"it has no head {wanted!r}; {hint}its heads are {known}")
    return heads.index(wanted)


def _expected(leaf: str) -> frozenset[str] | None:
    """Classes that a module of this name may have, where that is known."""
    return {
        "linear": frozenset({"Linear"}),
        "linear_up": frozenset({"Linear"}),
        "linear_1": frozenset({"Linear"}),
        "linear_2": frozenset({"Linear"}),
        "linear_mid": frozenset({"Linear"}),
        "linear_res": frozenset({"Linear"}),
        "source_embedding": frozenset({"Linear"}),
        "target_embedding": frozenset({"Linear"}),
        "skip_tp": frozenset({"FullyConnectedTensorProduct", "Linear"}),
        "conv_tp": frozenset({"TensorProduct"}),
        "conv_tp_weights": frozenset({"FullyConnectedNet", "RadialMLP"}),
        "density_fn": frozenset({"FullyConnectedNet", "RadialMLP"}),
        "symmetric_contractions": frozenset({"SymmetricContraction"}),
        "equivariant_nonlin": frozenset({"GatedEquivariantBlock"}),
    }.get(leaf)
