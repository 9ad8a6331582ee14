"""Results and evaluations as the client gives them: with what people make of them in other libraries."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Literal, overload

from pydantic import PrivateAttr

from api_schemas import evaluations, jobs, results
from api_schemas.problem import Problem
from orichalcum.surrogate import Maps, Surrogate

if TYPE_CHECKING:
    import pandas as pd
    import plotly.graph_objects as go
    import polars as pl
    from ase import Atoms
    from pymatgen.core import Structure

    from orichalcum.exporting import What
    from orichalcum.frames import Library


class Evaluation(evaluations.Evaluation):
    """One composition, relaxed."""

    @classmethod
    def of(cls, item: evaluations.Evaluation) -> Evaluation:
        """The same evaluation with these methods."""
        # Its fields are valid: there is nothing to check again.
        return cls.model_construct(
            **{name: getattr(item, name) for name in evaluations.Evaluation.model_fields}
        )

    def to_structure(self) -> Structure:
        """A pymatgen Structure with partial occupancies.

        Raises:
            ExtraMissing: if pymatgen is not installed.
            NotAnswered: if there is no structure, as where the potential failed.
        """
        from orichalcum.crystals import to_structure

        return to_structure(self)

    def to_atoms(self, *, sites: int | None = None, seed: int = 0, number: int = 0) -> Atoms:
        """ASE Atoms of whole atoms: of a mixed crystal a quasi-random decoration of about ``sites`` mixed sites.

        Args:
            sites: Mixed sites, about; None for a crystal that mixes nothing.
            seed: Of the decorations.
            number: Which of the decorations, from 0, the most random first.

        Raises:
            ExtraMissing: if ASE is not installed.
            MixedSites: if sites hold several elements and no ``sites`` are given.
            NotAnswered: if there is no structure.
            ServerExtraMissing: if what makes decorations is not installed.
        """
        from orichalcum.crystals import to_atoms

        return to_atoms(self, sites=sites, seed=seed, number=number)

    def _repr_html_(self) -> str:
        from orichalcum import display
        from orichalcum.notebook import as_html

        return as_html(display.evaluation(self))


class StoredEvaluation(jobs.StoredEvaluation):
    """An evaluation of a job with its number."""

    evaluation: Evaluation


class EvaluationPage(jobs.EvaluationPage):
    """A page of evaluations, oldest first."""

    items: list[StoredEvaluation]  # type: ignore[assignment]  # a narrower list of something frozen


class Result(results.Result):
    """The answer of a job, as ``run --json`` and ``GET /v1/jobs/{id}/result`` print it."""

    best: Evaluation | None
    front: list[Evaluation] = []  # type: ignore[assignment]  # narrower lists of something frozen
    evaluations: list[Evaluation] = []  # type: ignore[assignment]
    _problem: Problem | None = PrivateAttr(default=None)
    _surrogate: Surrogate = PrivateAttr(default_factory=Surrogate)

    @classmethod
    def of(cls, item: results.Result, problem: Problem | None = None, maps: Maps | None = None) -> Result:
        """The same result with these methods.

        Args:
            item: The result.
            problem: What it answers.
            maps: What figures ask for the surrogate, `JobHandle.map` or `engine.Campaign.map`.
        """
        fields = {name: getattr(item, name) for name in results.Result.model_fields}
        fields["best"] = None if item.best is None else Evaluation.of(item.best)
        fields["front"] = [Evaluation.of(one) for one in item.front]
        fields["evaluations"] = [Evaluation.of(one) for one in item.evaluations]
        found = cls.model_construct(**fields)
        found._problem = problem  # noqa: SLF001  (its own)
        found._surrogate = Surrogate(maps)  # noqa: SLF001
        return found

    @property
    def problem(self) -> Problem | None:
        """The problem that it answers, where the client knows it: of a job and of ``run``, not of a file."""
        return self._problem

    @overload
    def to_dataframe(
        self, library: Literal["pandas"] = "pandas", *, what: What | None = None, gradients: bool = False
    ) -> pd.DataFrame: ...

    @overload
    def to_dataframe(
        self, library: Literal["polars"], *, what: What | None = None, gradients: bool = False
    ) -> pl.DataFrame: ...

    def to_dataframe(
        self, library: Library = "pandas", *, what: What | None = None, gradients: bool = False
    ) -> pd.DataFrame | pl.DataFrame:
        """A data frame: one row an evaluation, ordering or free energy.

        Columns are ``evaluation``, fractions (``cation:Al``), properties (``lattice_a``; their units in pandas'
        ``attrs["units"]``), and how the relaxation went.

        Args:
            library: pandas or polars; the names of the columns are the same.
            what: evaluations, best, front, orderings or free_energies; by default what the kind answers.
            gradients: Whether derivatives per unit fraction have columns too, ``d lattice_a / d cation:Al``.

        Raises:
            ExtraMissing: if the library is not installed.
            BadRequest: if the result has none of what is asked for.
        """
        from orichalcum.exporting import columns_of
        from orichalcum.frames import frame

        return frame(columns_of(self, what, gradients=gradients), library)

    @property
    def surrogate(self) -> Surrogate:
        """What its figures ask for maps: of a job the service, of ``run`` what was learned, of a file nothing."""
        return self._surrogate

    def plots(self) -> dict[str, go.Figure]:
        """Every figure that the result has, by name, as on its page in the dashboard.

        Of a job the service is asked for the surrogate's band; where it cannot be had the figure says why.

        Raises:
            ExtraMissing: if plotly is not installed.
        """
        from orichalcum.figures import figures

        return figures(self, self._problem, self._surrogate)

    def plot(self, name: str | None = None) -> go.Figure:
        """One figure.

        Args:
            name: Its name among `plots`; by default the first.

        Raises:
            ExtraMissing: if plotly is not installed.
            NotAnswered: if the result has no such figure.
        """
        from orichalcum.figures import one_figure

        return one_figure(self, name, self._problem, self._surrogate)

    def report(self, path: str | os.PathLike[str]) -> None:
        """Write a report in one HTML file, with the figures, which needs nothing else to be read.

        Raises:
            ExtraMissing: if plotly is not installed.
            BadRequest: if there is something at the path.
            OSError: if it cannot be written.
        """
        from pathlib import Path

        from orichalcum.exporting import write_document
        from orichalcum.html_report import report_html

        write_document(report_html(self, self._problem, self._surrogate), Path(path))

    def _repr_html_(self) -> str:
        from orichalcum import display
        from orichalcum.notebook import as_html

        return as_html(display.result(self, () if self._problem is None else self._problem.objectives))
