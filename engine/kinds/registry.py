"""The kinds that there are. Torch-free."""

from __future__ import annotations

from api_schemas import extensions
from api_schemas.registry import Registry
from engine.kinds.evaluate.kind import Evaluate
from engine.kinds.free_energy.kind import FreeEnergyKind
from engine.kinds.kind import Kind
from engine.kinds.optimize.kind import Optimize
from engine.kinds.order.kind import Order
from engine.kinds.scan.kind import Scan

KINDS: Registry[Kind] = Registry("kind", Optimize(), Scan(), Evaluate(), Order(), FreeEnergyKind())
"""Every kind that a problem may name."""

extensions.load_engine()
