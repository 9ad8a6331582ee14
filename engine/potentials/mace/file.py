"""Opens MACE model files. They are pickles, which can run code as they are read: only trusted files come here."""

from __future__ import annotations

import io
import logging
import pickle
import sys
import warnings
from contextlib import redirect_stdout
from pathlib import Path
from types import ModuleType
from typing import Any

import torch

from engine.potentials.errors import UnsupportedModel, WeightsUnavailable


def import_mace() -> ModuleType:
    """The package mace, with its modules. It must be imported before e3nn, whose constants it lets torch read.

    Raises:
        WeightsUnavailable: if mace-torch is not installed.
    """
    if "mace.modules" in sys.modules:
        return sys.modules["mace"]
    # It tells of e3nn's constants and of optional accelerators that are not there, in warnings, logs and on stdout.
    silenced = logging.root.manager.disable
    with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")
        try:
            logging.disable(logging.WARNING)
            import mace
            import mace.modules
        except ModuleNotFoundError as error:
            raise WeightsUnavailable(
                f"MACE models need the package mace-torch ({error.name} is missing): pip install mace-torch==0.3.16"
            ) from error
        finally:
            logging.disable(silenced)
    return mace


def open_mace(path: Path) -> Any:
    """The model in a file, on the CPU.

    Args:
        path: Path of a file as mace-torch saves it. Reading it can run code that is in it.

    Raises:
        WeightsUnavailable: if there is no such file, or it cannot be read.
        UnsupportedModel: if it holds something else.
    """
    if not path.is_file():
        raise WeightsUnavailable(f"there is no model file {path}")
    import_mace()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = torch.load(path, map_location="cpu", weights_only=False)
    except OSError as error:
        raise WeightsUnavailable(f"{path} cannot be read: {error.strerror or error}") from error
    except ModuleNotFoundError as error:
        raise UnsupportedModel(f"{path} needs the package {error.name} to be read") from error
    except (RuntimeError, EOFError, pickle.UnpicklingError, AttributeError, ImportError, KeyError, ValueError,
            IndexError, TypeError) as error:  # fmt: skip
        raise UnsupportedModel(
            f"{path} is not a whole MACE model file (damaged, cut short, or of another kind)"
        ) from error
    if isinstance(model, dict):
        raise UnsupportedModel(
            f"{path} holds a checkpoint or bare weights, not a model; give the .model file that mace-torch writes"
        )
    return model
