"""The units that there are. Torch-free."""

from __future__ import annotations

from api_schemas import extensions
from api_schemas.registry import Registry
from engine.units.batching import Batching
from engine.units.decorations import Decorations
from engine.units.descent import Descent
from engine.units.dynamics import Dynamics
from engine.units.harmonic import Harmonic
from engine.units.other_potential import OtherPotential
from engine.units.reference import Reference
from engine.units.relaxation import Relaxation
from engine.units.supercell import ExplicitSupercell
from engine.units.thermal_cell import ThermalCellUnit
from engine.units.unit import Unit

UNITS: Registry[Unit] = Registry(
    "unit",
    Relaxation(),
    Reference(),
    ExplicitSupercell(),
    OtherPotential(),
    Decorations(),
    Descent(),
    Harmonic(),
    Dynamics(),
    ThermalCellUnit(),
    Batching(),
)
"""Every unit that a task may name."""

extensions.load_engine()
