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
    """Undo. Jobs that wait are paused and say why: the version before would start them at once."""
    _pause_waiting()
    op.drop_index("ix_dependencies_after", table_name="dependencies")
    op.drop_table("dependencies")
    op.drop_index("ix_jobs_array", table_name="jobs")
    op.drop_column("jobs", "array_values")
    op.drop_column("jobs", "array")
    op.drop_column("jobs", "waiting")


def _pause_waiting() -> None:
    jobs = sa.table(
        "jobs",
        *(sa.column(name) for name in ("id", "state", "last_event", "pause_reason")),
        *(sa.column(name, sa.Boolean()) for name in ("waiting", "needs_advance")),
    )
    events = sa.table("events", *(sa.column(name) for name in ("job_id", "sequence", "kind", "data", "at")))
    connection = op.get_bind()
    found = sa.select(jobs.c.id, jobs.c.state, jobs.c.last_event).where(
        jobs.c.waiting == sa.true(), jobs.c.state.in_(("queued", "paused"))
    )
    newest = sa.select(sa.func.max(events.c.at))
    for job_id, state, last in connection.execute(found).all():
        changes = {"state": "paused", "pause_reason": _PAUSED, "needs_advance": True}
        if state == "queued":
            changes["last_event"] = last + 1
            at = float(connection.execute(newest.where(events.c.job_id == job_id)).scalar_one())
            told = json.dumps({"state": "paused", "message": _PAUSED, "at": _moment(at)})
            connection.execute(
                sa.insert(events).values(job_id=job_id, sequence=last + 1, kind="state", data=told, at=at)
            )
        connection.execute(sa.update(jobs).where(jobs.c.id == job_id).values(**changes))


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, tz=UTC).isoformat()
