"""What handles know without asking: how a job or an array stood when the service last told of it."""

from __future__ import annotations

from api_schemas.arrays import JobArray
from api_schemas.jobs import FINAL_STATES, Job, JobState


class SeenJob:
    """A submitted job. ``job`` is what the service last said of it."""

    job: Job

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r}, {self.job.name!r}, {self.state})"

    def _repr_html_(self) -> str:
        from orichalcum import job_tables
        from orichalcum.notebook import as_html

        return as_html(job_tables.job(self.job))

    @property
    def id(self) -> str:
        """Identifier of the job."""
        return self.job.id

    @property
    def state(self) -> JobState:
        """The state last seen; ``refresh`` asks again."""
        return self.job.state


class SeenArray:
    """A submitted array. ``array`` is what the service last said of it."""

    array: JobArray

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.id!r}, {self.states})"

    @property
    def id(self) -> str:
        """Identifier of the array."""
        return self.array.id

    @property
    def states(self) -> dict[str, int]:
        """How many of its jobs were in which state when it was last seen; ``refresh`` asks again."""
        return {str(state): count for state, count in self.array.states.items()}

    @property
    def standing(self) -> str:
        """The same in words: "2 running, 1 queued"."""
        return ", ".join(f"{count} {state}" for state, count in self.states.items())

    @property
    def ended(self) -> bool:
        """Whether all of its jobs had ended when it was last seen."""
        return all(state in FINAL_STATES for state in self.array.states)
