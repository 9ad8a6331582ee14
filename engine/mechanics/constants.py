"""Constants of nature in the units of the engine (CODATA 2018, doi:10.1103/RevModPhys.93.025010)."""

from __future__ import annotations

BOLTZMANN = 8.617333262e-5
"""eV/K"""
PLANCK = 4.135667696e-3
"""eV/THz; a frequency is 1/period, not 2 pi/period."""
FREQUENCY = 15.6333042
"""THz of an oscillator with a spring of 1 eV/Å^2 and a mass of 1 u."""
THERMAL_LENGTH = 17.4582177
"""Å u^(1/2) K^(1/2): h/(2 pi m k_B T)^(1/2) is this over the root of mass (u) times temperature (K)."""
EV_PER_A3_IN_GPA = 160.21766208
"""GPa in 1 eV/Å^3."""
