"""Keep tasks by unit and their checkpoints, and what a job would answer now"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

UNIT, TIER = "relaxation", "mean_field"
"""What every evaluation of the older version was."""
KINDS = ("optimize", "scan", "evaluate")
"""What the older version knows."""
COUNTED = "('scan', 'evaluate')"
"""Kinds of which the number of compositions is fixed by other fields, as SQL writes them."""
OLD_LIMIT = 40
"""The default limit of evaluations, which the older version wrote into every problem."""
SHARED = (
    "id, job_id, number, state, attempt, lost, lease_until, not_before, worker, enqueued_at, content_key, record, "
    "created_at, started_at, finished_at"
)
BATCH = 200


def _identifier() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Apply; what was set as a limit only because it was the default is taken out of scans and listed evaluations."""
    op.create_table(
        "tasks",
        sa.Column("id", _identifier(), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(length=26), nullable=False),
        sa.Column("unit", sa.String(length=60), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("tier", sa.String(length=60), nullable=False),
        sa.Column("continues", sa.Integer(), nullable=True),
        sa.Column("background", sa.Boolean(), nullable=False),
        sa.Column("counted", sa.Boolean(), nullable=False),
        sa.Column("task", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("not_before", sa.Double(), nullable=True),
        sa.Column("worker", sa.String(length=200), nullable=True),
        sa.Column("doing", sa.String(length=300), nullable=True),
        sa.Column("enqueued_at", sa.Double(), nullable=True),
        sa.Column("content_key", sa.String(length=64), nullable=True),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_tasks_job_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tasks")),
        sa.UniqueConstraint("job_id", "unit", "number", name=op.f("uq_tasks_job_id_unit_number")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_tasks_state_lease_until", "tasks", ["state", "lease_until"])
    op.create_index("ix_tasks_job_id_state", "tasks", ["job_id", "state", "background"])
    op.create_index("ix_tasks_content_key", "tasks", ["content_key"])
    op.create_table(
        "checkpoints",
        sa.Column("task_id", _identifier(), autoincrement=False, nullable=False),
        sa.Column("job_id", sa.String(length=26), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("saved_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name=op.f("fk_checkpoints_job_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["task_id"], ["tasks.id"], name=op.f("fk_checkpoints_task_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("task_id", name=op.f("pk_checkpoints")),
    )
    op.create_index("ix_checkpoints_job_id", "checkpoints", ["job_id"])
    op.add_column("jobs", sa.Column("front", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("standing", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("told", sa.Integer(), nullable=False, server_default="0"))

    op.execute(
        f"INSERT INTO tasks ({SHARED}, unit, tier, background, counted, task) "
        f"SELECT {SHARED}, '{UNIT}', '{TIER}', false, true, suggestion FROM evaluations"
    )
    for job_id, counted, problem in _problems():
        tier = problem.get("potential", {}).get("tier", TIER)
        if tier != TIER:
            _set_tier(job_id, tier)
        if counted and problem.get("strategy", {}).get("max_evaluations") == OLD_LIMIT:
            del problem["strategy"]["max_evaluations"]
            op.get_bind().execute(
                sa.text("UPDATE jobs SET problem = :problem WHERE id = :id"),
                {"id": job_id, "problem": json.dumps(problem, ensure_ascii=False, separators=(",", ":"))},
            )
    _go_on_counting("evaluations", "tasks")
    op.drop_index("ix_evaluations_content_key", "evaluations")
    op.drop_index("ix_evaluations_state_lease_until", "evaluations")
    op.drop_table("evaluations")


def downgrade() -> None:
    """Undo. What was worked out of unfinished jobs is worked out again; what the older version cannot hold stops it."""
    _check_that_nothing_is_lost()
    op.create_table(
        "evaluations",
        sa.Column("id", _identifier(), autoincrement=True, nullable=False),
        sa.Column("job_id", sa.String(length=26), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("suggestion", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("lost", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=True),
        sa.Column("worker", sa.String(length=200), nullable=True),
        sa.Column("enqueued_at", sa.Double(), nullable=True),
        sa.Column("record", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=True),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("not_before", sa.Double(), nullable=True),
        sa.Column("content_key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name=op.f("fk_evaluations_job_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evaluations")),
        sa.UniqueConstraint("job_id", "number", name=op.f("uq_evaluations_job_id_number")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_evaluations_state_lease_until", "evaluations", ["state", "lease_until"])
    op.create_index("ix_evaluations_content_key", "evaluations", ["content_key"])
    op.execute(
        f"INSERT INTO evaluations ({SHARED}, suggestion) SELECT {SHARED}, task FROM tasks WHERE unit = '{UNIT}'"
    )
    _go_on_counting("tasks", "evaluations")
    for column in ("told", "standing", "front"):
        op.drop_column("jobs", column)
    op.drop_index("ix_checkpoints_job_id", "checkpoints")
    op.drop_table("checkpoints")
    for index in ("ix_tasks_content_key", "ix_tasks_job_id_state", "ix_tasks_state_lease_until"):
        op.drop_index(index, "tasks")
    op.drop_table("tasks")


def _problems() -> Iterator[tuple[str, bool, dict[str, Any]]]:
    """Id of every job, whether the number of its compositions is fixed, and its problem; read a few at a time."""
    last = ""
    while True:
        found = op.get_bind().execute(
            sa.text(
                f"SELECT id, kind IN {COUNTED} AS counted, problem FROM jobs WHERE id > :last ORDER BY id LIMIT :batch"
            ),
            {"last": last, "batch": BATCH},
        ).all()
        if not found:
            return
        for job_id, counted, problem in found:
            yield job_id, bool(counted), json.loads(problem)
        last = found[-1].id


def _set_tier(job_id: str, tier: str) -> None:
    connection = op.get_bind()
    rows = connection.execute(sa.text("SELECT id, task FROM tasks WHERE job_id = :id"), {"id": job_id}).all()
    for row in rows:
        task = json.dumps({**json.loads(row.task), "tier": tier}, ensure_ascii=False, separators=(",", ":"))
        connection.execute(
            sa.text("UPDATE tasks SET tier = :tier, task = :task WHERE id = :id"),
            {"id": row.id, "tier": tier, "task": task},
        )


def _go_on_counting(old: str, new: str) -> None:
    """Have new rows of a table numbered where the old one had come to: an id must never come again."""
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        last, called = connection.execute(
            sa.text(f"SELECT last_value, is_called FROM {old}_id_seq")
        ).one()
        connection.execute(
            sa.text(f"SELECT setval(pg_get_serial_sequence('{new}', 'id'), :last, :called)"),
            {"last": last, "called": called},
        )
        return
    last = connection.execute(sa.text("SELECT seq FROM sqlite_sequence WHERE name = :old"), {"old": old}).scalar()
    if last is not None:
        connection.execute(sa.text("DELETE FROM sqlite_sequence WHERE name = :new"), {"new": new})
        connection.execute(
            sa.text("INSERT INTO sqlite_sequence (name, seq) VALUES (:new, :last)"), {"new": new, "last": last}
        )


def _check_that_nothing_is_lost() -> None:
    """Refuse where jobs are of kinds, or have tasks of units or tiers, that the older version does not know."""
    known = ", ".join(f"'{kind}'" for kind in KINDS)
    others = (
        f"SELECT id FROM jobs WHERE kind NOT IN ({known}) UNION "
        f"SELECT job_id FROM tasks WHERE (unit <> '{UNIT}' AND counted) OR tier <> '{TIER}'"
    )
    count = op.get_bind().execute(sa.text(f"SELECT count(*) FROM ({others}) AS found")).scalar_one()
    if count:
        raise CommandError(
            f"{count} job{'' if count == 1 else 's'} of kinds, units or tiers that the older version does not know "
            "would be lost: export what you want to keep of them and delete them, then go back"
        )
    # What evaluations share is kept by content besides, but evaluations that wait for it would never be completed.
    waiting = (
        f"SELECT count(DISTINCT job_id) FROM tasks JOIN jobs ON jobs.id = job_id WHERE unit <> '{UNIT}' "
        "AND jobs.state NOT IN ('succeeded', 'failed', 'cancelled')"
    )
    count = op.get_bind().execute(sa.text(waiting)).scalar_one()
    if count:
        raise CommandError(
            f"{count} job{' is' if count == 1 else 's are'} under way that the older version could not complete: let "
            "them finish or cancel them, then go back"
        )
