"""Start jobs after others, and in arrays"""

from __future__ import annotations

import json
from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_PAUSED = (
    "It was to start after other jobs, which the version that this store was brought back to does not know: resume it "
    "once they have succeeded."
)
_TYPE = "urn:orichalcum:problem:after-unmet"
_FAILED = (
    "It was to start from the answers of other jobs, which the version that this store was brought back to does not "
    "know. Once these have succeeded, submit it again with the compositions that they answer in at."
)


def upgrade() -> None:
    """Apply."""
    op.add_column("jobs", sa.Column("waiting", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("jobs", sa.Column("array", sa.String(length=26), nullable=True))
    op.add_column("jobs", sa.Column("array_values", sa.Text(), nullable=True))
    op.create_index("ix_jobs_array", "jobs", ["array"])
    op.create_table(
        "dependencies",
        sa.Column("job_id", sa.String(length=26), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False, autoincrement=False),
        sa.Column("after", sa.String(length=26), nullable=False),
        sa.Column("takes", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_dependencies_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "place", name="pk_dependencies"),
    )
    op.create_index("ix_dependencies_after", "dependencies", ["after"])


def downgrade() -> None:
    """Undo. The version before would start jobs that wait at once: they are paused, or fail where they need an answer."""
    _stop_waiting()
    op.drop_index("ix_dependencies_after", table_name="dependencies")
    op.drop_table("dependencies")
    op.drop_index("ix_jobs_array", table_name="jobs")
    op.drop_column("jobs", "array_values")
    op.drop_column("jobs", "array")
    op.drop_column("jobs", "waiting")


def _stop_waiting() -> None:
    jobs = sa.table(
        "jobs",
        *(sa.column(name) for name in ("id", "state", "last_event", "pause_reason", "failure")),
        *(sa.column(name) for name in ("created_at", "finished_at")),
        *(sa.column(name, sa.Boolean()) for name in ("waiting", "needs_advance")),
    )
    events = sa.table("events", *(sa.column(name) for name in ("job_id", "sequence", "kind", "data", "at")))
    before = sa.table("dependencies", sa.column("job_id"), sa.column("takes", sa.Boolean()))
    connection = op.get_bind()
    found = sa.select(jobs.c.id, jobs.c.state, jobs.c.last_event, jobs.c.created_at).where(
        jobs.c.waiting == sa.true(), jobs.c.state.in_(("queued", "paused"))
    )
    taking = set(connection.scalars(sa.select(before.c.job_id).where(before.c.takes == sa.true())))
    newest = sa.select(sa.func.max(events.c.at))
    for job_id, state, last, created in connection.execute(found).all():
        known = connection.execute(newest.where(events.c.job_id == job_id)).scalar_one()
        at = float(created if known is None else known)
        if job_id in taking:
            failure = {"type": _TYPE, "title": "It was to start from an answer", "status": 409, "detail": _FAILED}
            changes = {"failure": json.dumps(failure), "finished_at": at, "needs_advance": False}
            changes |= {"state": "failed", "pause_reason": None}
            message = _FAILED
        else:
            changes = {"state": "paused", "pause_reason": _PAUSED, "needs_advance": True}
            message = _PAUSED
        if state != changes["state"]:
            changes["last_event"] = last + 1
            told = json.dumps({"state": changes["state"], "message": message, "at": _moment(at)})
            connection.execute(
                sa.insert(events).values(job_id=job_id, sequence=last + 1, kind="state", data=told, at=at)
            )
        connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(**changes))


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).isoformat()
