"""Quotas: how many jobs a tenant may have under way, and how many evaluations it may have computed a day."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from api_schemas.jobs import ACTIVE_STATES, CostEstimate
from service.http.refusals import TooMany
from service.repositories import tallies
from service.repositories.tallies import DAY_SECONDS
from service.settings import Settings
from service.tables.database import alone, now
from service.tables.jobs import JobRow


def check(session: Session, settings: Settings, tenant: str, estimates: Sequence[CostEstimate]) -> None:
    """Admit more jobs of a tenant, stored in the same transaction, all or none; others of the tenant wait for its end.

    Raises:
        TooMany: if it has too many jobs under way, or no evaluations left today.
    """
    most_jobs, most_evaluations = settings.most_active_jobs(), settings.most_evaluations_a_day()
    if not (most_jobs or most_evaluations):
        return
    alone(session, f"quota of {tenant}")
    active = JobRow.state.in_(ACTIVE_STATES)
    planned = func.coalesce(func.sum(JobRow.evaluations_planned - JobRow.evaluations_done), 0)
    found = select(func.count(), planned).where(JobRow.tenant == tenant, active)
    jobs, outstanding = session.execute(found).one()
    more = len(estimates)
    if most_jobs and jobs + more > most_jobs:
        asked = "" if more == 1 else f", and these would be {more} more"
        raise TooMany(
            "quota-jobs",
            "Too many jobs are under way",
            f"{jobs} jobs are queued, running or paused, and at most {most_jobs} may be{asked}; "
            "wait for one or cancel one",
            retry_after=60,
        )
    if not most_evaluations:
        return
    at = now(session)
    left = most_evaluations - int(tallies.used(session, tenant, at)) - int(outstanding)
    wanted = sum(estimate.evaluations for estimate in estimates)
    if wanted > left:
        what = "the job" if more == 1 else f"the {more} jobs"
        raise TooMany(
            "quota-evaluations",
            "The evaluations of today are used up",
            f"{what} may take {wanted} evaluations, and {max(0, left)} of {most_evaluations} a day are "
            "left; give a smaller strategy.max_evaluations, or submit it after midnight UTC",
            retry_after=int(DAY_SECONDS - at % DAY_SECONDS) + 1,
        )
