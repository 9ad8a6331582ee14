"""Base model and bounded scalar types shared by every schema."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError

Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Fraction = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=0.0, le=1.0)]
Positive = Annotated[float, Field(strict=True, allow_inf_nan=False, gt=0.0)]
Name = Annotated[str, Field(min_length=1, max_length=200)]
Title = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f-\x9f]+$")]
"""A name on one line, without control characters."""
Scale = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=1e-9, le=1e9)]
"""A positive number whose square, and the square of whose inverse, a float holds easily."""
Bounded = Annotated[float, Field(strict=True, allow_inf_nan=False, ge=-1e9, le=1e9)]
Column = Annotated[str, Field(max_length=100, pattern=r"^[^:]+:[^:]+$")]
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


def counted_first(most: int) -> BeforeValidator:
    """Refuse a mapping with more than ``most`` entries before any of them is looked at."""

    def check(value: object) -> object:
        if isinstance(value, Mapping) and len(value) > most:
            raise refusal("invalid-value", f"this has {len(value)} entries; it should have at most {most}")
        return value

    return BeforeValidator(check)


def refusal(kind: str, text: str) -> PydanticCustomError:
    """What a validator raises: a stable slug, and what is wrong with the mend."""
    return PydanticCustomError(kind, "{text}", {"text": text})
