"""Extensions: packages of others that add kinds, units or tiers, named in ORICHALCUM_EXTENSIONS (separated by commas).

An extension has a module ``schema``, which is imported with the schemas and must be as light as they are, and a module
``engine``, which is imported with the registries of the engine and imports torch only inside
functions. Each adds its rows to the registries as it is imported. Whoever sets the variable runs their code: it is the
operator's, like the other variables of a server, and nothing that travels in a problem can name an extension.
"""

from __future__ import annotations

import importlib
import os
import sys
from importlib.util import find_spec
from typing import Literal

VARIABLE = "ORICHALCUM_EXTENSIONS"
_ENGINE_TABLES = {
    "engine.kinds.registry": "KINDS",
    "engine.tiers.registry": "TIERS",
    "engine.units.registry": "UNITS",
}


def named() -> list[str]:
    """The packages that the environment names."""
    return [name.strip() for name in os.environ.get(VARIABLE, "").split(",") if name.strip()]


def load(part: Literal["schema", "engine"]) -> None:
    """Import a part of every extension that has it.

    Raises:
        ModuleNotFoundError: if a package is not there.
    """
    for name in named():
        importlib.import_module(name)
        if find_spec(f"{name}.{part}") is not None:
            importlib.import_module(f"{name}.{part}")


def load_engine() -> None:
    """Load the engine's parts, unless a table that they add to is half made; each calls this when it is there.

    One of these modules may be imported while another is: then the outermost loads the extensions.
    """
    under_way = (module for module in _ENGINE_TABLES if module in sys.modules)
    if all(hasattr(sys.modules[module], _ENGINE_TABLES[module]) for module in under_way):
        load("engine")
