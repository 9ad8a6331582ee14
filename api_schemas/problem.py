"""The problem file: what a user asks for, field by field as in docs/problem-file.md."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self, TypeAlias, cast

from pydantic import (
    Field,
    model_validator,
)
from pydantic.fields import FieldInfo

from api_schemas.base import (
    Model,
    Name,
    Title,
    refusal,
)
from api_schemas.choices import SUPERCELLS, Kind, PotentialChoice, Scan, Strategy, Verify
from api_schemas.conditions import Conditions
from api_schemas.constraints import Constraints
from api_schemas.errors import FieldError, ProblemInvalid, parse
from api_schemas.files import read_file, read_text
from api_schemas.free_energy_options import FreeEnergyOptions
from api_schemas.kinds import KINDS
from api_schemas.measured import MOST_MEASURED, Measured
from api_schemas.objectives import Objective
from api_schemas.order_options import OrderOptions
from api_schemas.structure_documents import AseAtoms, PymatgenStructure, as_fields
from api_schemas.structure_files import with_texts
from api_schemas.structures import Structure
from api_schemas.sublattices import CompositionInput, Sublattice
from api_schemas.tasks import Task


class Problem(Model):
    """What a user asks for: the body of ``POST /v1/jobs`` and the content of a problem file."""

    kind: Kind = Field("optimize", description=" ".join(f"{kind.name}: {kind.summary}" for kind in KINDS))
    name: Title = Field("unnamed", description="Shown in lists.")
    structure: Structure = Field(description="The parent crystal.")
    sublattices: list[Sublattice] = Field(
        default=[], max_length=20, description="Sites that are mixed; none leaves a plain crystal."
    )
    constraints: Constraints = Field(
        Constraints(), description="Restrictions of the composition beyond the bounds of the elements."
    )
    objectives: list[Objective] = Field(
        default=[], max_length=20, description="What is sought: one objective, or several with weights."
    )
    properties: list[Name] = Field(default=[], max_length=50, description="Wanted besides the objectives'.")
    potential: PotentialChoice = Field(PotentialChoice(), description="What computes energies.")
    conditions: Conditions = Field(Conditions(), description="Temperature and pressure.")
    strategy: Strategy = Field(Strategy(), description="How compositions are chosen, and how many.")
    at: list[CompositionInput] = Field(
        default=[],
        max_length=10_000,
        description="Compositions to evaluate (kind evaluate), or to start from (kind optimize).",
    )
    measured: list[Measured] = Field(
        default=[],
        max_length=MOST_MEASURED,
        description="Your own points, from experiment or elsewhere: surrogates learn from them beside the evaluations.",
    )
    scan: Scan | None = Field(None, description="The grid of kind scan, or of strategy grid.")
    verify: Verify | None = Field(None, description="Explicit supercells of the answer.")
    order: OrderOptions | None = Field(
        None, description="What kind order looks at; its defaults where it is left out."
    )
    free_energy: FreeEnergyOptions | None = Field(
        None, description="What kind free_energy computes; its defaults where it is left out."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        names = [sublattice.name for sublattice in self.sublattices]
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise refusal(
                "duplicate-sublattice", f"/sublattices: name {twice[0]!r} is used twice; rename one"
            )
        # A problem without a kind may be meant for `evaluate`, which names the composition beside it.
        named = not self.model_fields_set.isdisjoint({"kind", "objectives"})
        searches = named and self.kind in KINDS and KINDS[self.kind].searches
        if searches and not self.objectives:
            raise refusal("missing-objective", f"/objectives: kind {self.kind} needs at least one objective")
        if searches and not self.sublattices:
            text = f"/sublattices: kind {self.kind} needs a sublattice whose elements may vary"
            raise refusal("missing-sublattice", text)
        weighted = [objective.weight is not None for objective in self.objectives]
        if any(weighted) and not all(weighted):
            raise refusal(
                "bad-objective", "/objectives: give every objective a weight, or none (a Pareto front)"
            )
        return self

    @property
    def seeks_front(self) -> bool:
        """Whether several objectives without weights ask for a Pareto front."""
        return len(self.objectives) > 1 and all(one.weight is None for one in self.objectives)

    @property
    def supercells(self) -> Verify | None:
        """How many explicit supercells of a composition are computed, and how large; None where none are asked for."""
        return self.verify or (Verify() if self.corrected else None)

    @property
    def corrected(self) -> bool:
        """Whether the properties that are sought are those of explicit supercells."""
        return self.strategy.fidelity == SUPERCELLS

    def of_phase(self, phase: int | None) -> Problem:
        """The problem of one of the crystals that it compares, by its number; itself for none."""
        return self if phase is None else self.phases[phase]

    def by_potential(self, other: int | None) -> Problem:
        """The problem as one of its other potentials has it, by number; itself for none."""
        if other is None:
            return self
        return self.model_copy(update={"potential": self.potential.other(other)})

    def of_task(self, task: Task) -> Problem:
        """The problem that a task is of: of its phase, by its potential."""
        return self.of_phase(task.phase).by_potential(task.other)

    @property
    def phases(self) -> list[Problem]:
        """The crystals that it compares, each as a problem by itself; empty where it compares none."""
        options = self.free_energy
        return [
            self.model_copy(update={"structure": structure, "free_energy": alone})
            for structure, alone in (options.of_phases() if options is not None else ())
        ]

    @classmethod
    def of(cls, given: ProblemLike) -> Problem:
        """The problem that is meant: itself, a dictionary of its fields, the path of its file, or a bare crystal.

        In a dictionary a structure may be a dictionary, the path of a CIF or POSCAR, a pymatgen Structure or ASE Atoms;
        relative paths begin in the working folder. A crystal by itself is the problem of evaluating it as it is.

        Raises:
            api_schemas.errors.ProblemInvalid: naming the field and the mend.
            OSError: if the problem file cannot be read.
        """
        if isinstance(given, Problem):
            return given
        crystal = as_fields(given)
        if crystal is not given:
            given = {"structure": crystal}
        if isinstance(given, Mapping):
            return parse(cls, with_texts(given, Path.cwd()))
        if isinstance(given, os.PathLike) or (isinstance(given, str) and "\n" not in given):
            return cls.from_file(given)
        if isinstance(given, str):
            text = "this is the text of a problem; read it with Problem.from_text"
        else:
            text = (
                f"a problem is a Problem, a dictionary of its fields or the path of its file, not of type "
                f"{type(given).__name__}; give one of these"
            )
        raise ProblemInvalid([FieldError(pointer="", type="no-problem", message=text)])

    @classmethod
    def from_file(cls, path: str | os.PathLike[str]) -> Problem:
        """Read a YAML or JSON problem file, and the structure files that it names (relative to its own folder).

        Raises:
            api_schemas.errors.ProblemInvalid: naming the field and the mend.
            OSError: if the file cannot be read.
        """
        found = with_texts(read_file(Path(path)), Path(path).parent)
        return parse(cls, found)

    @classmethod
    def from_text(cls, text: str, *, is_json: bool = False) -> Problem:
        """Read the text of a problem file, YAML or JSON.

        Raises:
            api_schemas.errors.ProblemInvalid: naming the field (or line) and the mend.
        """
        return parse(cls, read_text(text, is_json=is_json))

    def document(self) -> dict[str, Any]:
        """The normalised problem as a JSON-ready dictionary, without fields that were not given and have no default.

        A limit on evaluations that nobody set is left out too: to some kinds it means something else than its default;
        and so is a kind that nobody set of a problem that seeks nothing.
        """
        found = self.model_dump(mode="json", exclude_none=True)
        if "max_evaluations" not in self.strategy.model_fields_set:
            del found["strategy"]["max_evaluations"]
        if self.model_fields_set.isdisjoint({"kind", "objectives"}):
            del found["kind"], found["objectives"]
        return found

    def _repr_html_(self) -> str:
        """The problem as its file, for notebooks."""
        import html

        import yaml

        text = yaml.safe_dump(
            json.loads(self.model_dump_json(exclude_unset=True)), sort_keys=False, allow_unicode=True
        )
        return f"<pre>{html.escape(text)}</pre>"


ProblemLike: TypeAlias = "Problem | Mapping[str, Any] | str | os.PathLike[str] | PymatgenStructure | AseAtoms"
"""What stands for a problem in Python; see `Problem.of`."""


def extend(fields: Mapping[str, type[Model]]) -> None:
    """Add the fields of a kind's own options to problems, each optional.

    Raises:
        ValueError: if there is a field of one of these names.
    """
    for name, model in fields.items():
        if name in Problem.model_fields:
            raise ValueError(f"problems have a field {name!r} already")
        Problem.model_fields[name] = FieldInfo(annotation=cast("Any", model | None), default=None)
    if fields:
        Problem.model_rebuild(force=True)


for _kind in KINDS:
    extend(_kind.options)
