"""How the search of a job stands, as it is stored with the job."""

from __future__ import annotations

from dataclasses import dataclass

from service.tables.jobs import JobRow


@dataclass(frozen=True)
class Standing:
    """The best evaluation so far (a ``BestSoFar``) and the best losses for a sparkline, both as JSON text.

    Attributes:
        best: None where there is none.
        trace: A list of numbers.
    """

    best: str | None
    trace: str

    def note(self, job: JobRow) -> bool:
        """Write it to a locked job; whether it says anything new."""
        news = (job.best, job.trace or "[]") != (self.best, self.trace)
        job.best, job.trace = self.best, self.trace
        return news
