"""Reads a SevenNet checkpoint and writes its converted form; no code of the pickle is ever run.

A checkpoint is a zip with a pickle inside. It is read only after its checksum matched, and even then by an unpickler
that rebuilds tensors and plain containers and turns everything else into an inert placeholder.
"""

from __future__ import annotations

import io
import json
import pickle
import types
from collections import OrderedDict
from pathlib import Path
from typing import Any, Self

import torch
from safetensors.torch import save_file
from torch import Tensor

from engine.potentials.errors import WeightsUnavailable

_LEARNED = (
    "linear.weight",
    "denominator",
    "basis_function.coeffs",
    "atomic_energy.shift",
    "atomic_energy.scale",
)


class _Inert:
    """Stands for any object that is not a tensor or a plain container; takes whatever state it is given."""

    def __new__(cls, *_args: object, **_kwargs: object) -> Self:
        return object.__new__(cls)

    def __init__(self, *_args: object, **_kwargs: object) -> None:
        pass

    def __setstate__(self, state: object) -> None:
        pass


class _TensorUnpickler(pickle.Unpickler):
    """Knows tensors, storages, ordered dictionaries and nothing else."""

    _KNOWN = {
        ("collections", "OrderedDict"): OrderedDict,
        ("torch._utils", "_rebuild_tensor_v2"): torch._utils._rebuild_tensor_v2,  # noqa: SLF001
        ("torch", "FloatStorage"): torch.FloatStorage,
        ("torch", "LongStorage"): torch.LongStorage,
    }

    def find_class(self, module_name: str, global_name: str) -> Any:
        return self._KNOWN.get((module_name, global_name), _Inert)


def _unpickler_module() -> types.ModuleType:
    """What `torch.load` takes for a pickle module."""
    module = types.ModuleType("tensor_pickle")
    module.Unpickler = _TensorUnpickler  # type: ignore[attr-defined]
    module.load = lambda file, **kwargs: _TensorUnpickler(file, **kwargs).load()  # type: ignore[attr-defined]
    return module


def read_checkpoint(content: bytes) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The learned tensors and the architecture of a SevenNet checkpoint whose checksum has matched.

    Args:
        content: The bytes of the published `.pth` file.

    Returns:
        Tensors by their names in the checkpoint, in float32 as published, and the architecture as plain JSON values.

    Raises:
        WeightsUnavailable: if it is not a SevenNet checkpoint of the kind that is understood here.
    """
    try:
        raw = torch.load(
            io.BytesIO(content), map_location="cpu", weights_only=False, pickle_module=_unpickler_module()
        )
        config, state = raw["config"], raw["model_state_dict"]
        cutoff_function = config["cutoff_function"]
        name = cutoff_function["cutoff_function_name"]
        architecture: dict[str, Any] = {
            "species": [int(z) for z, _ in sorted(config["_type_map"].items(), key=lambda item: item[1])],
            "cutoff": float(config["cutoff"]),
            "max_degree": int(config["lmax"]),
            "irreps": [str(irreps) for irreps in config["irreps_manual"]],
            "envelope": (
                {"kind": "xplor", "onset": float(cutoff_function["cutoff_on"])}
                if name == "XPLOR"
                else {"kind": "polynomial", "power": int(cutoff_function["poly_cut_p_value"])}
            ),
        }
        unlike = {
            "is_parity": False,
            "interaction_type": "nequip",
            "self_connection_type": "linear",
            "use_bias_in_linear": False,
            "readout_as_fcn": False,
            "act_radial": "silu",
            "weight_nn_hidden_neurons": [64, 64],
        }
        for key, expected in unlike.items():
            if config[key] != expected:
                raise WeightsUnavailable(
                    f"the checkpoint has {key} = {config[key]!r}; only {expected!r} is understood"
                )
    except (KeyError, TypeError, ValueError, EOFError, RuntimeError, pickle.UnpicklingError) as error:
        raise WeightsUnavailable("the file is not a SevenNet checkpoint that is understood here") from error
    tensors = {
        key: value.detach().clone().contiguous()
        for key, value in state.items()
        if key.endswith(_LEARNED) or ".weight_nn.layer" in key
    }
    return tensors, architecture


def write_converted(tensors: dict[str, Tensor], architecture: dict[str, Any], path: Path) -> None:
    """Writes tensors and architecture as one safetensors file.

    Args:
        tensors: The learned tensors by name.
        architecture: Hyperparameters as plain JSON values, kept in the file's header.
        path: Where to write.
    """
    save_file(tensors, path, metadata={"architecture": json.dumps(architecture)})
