"""Base model and bounded scalar types shared by every schema."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Fraction = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0.0, le=1.0)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0.0)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
"""A name on one line, without control characters."""
Scale = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1e-9, le=1e9)]
"""A positive number whose square, and the square of whose inverse, a float holds easily."""
Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z][A-Za-z0-9_\-]*$")]
SiteIndex = Annotated[int, Field(strict=True, ge=0, lt=10_000)]

Composition = dict[str, dict[str, float]]
"""Sublattice name -> element symbol -> fraction."""


Gradient = dict[str, dict[str, float]]
"""Sublattice -> element -> derivative per unit fraction, summing to zero over each sublattice (tangent space)."""


class Model(BaseModel):
    """A frozen model that refuses unknown fields and non-finite numbers."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, ser_json_inf_nan="constants")


class Output(BaseModel):
    """A frozen model of something the service says; readers ignore fields added by newer servers."""

    model_config = ConfigDict(extra="ignore", frozen=True)
