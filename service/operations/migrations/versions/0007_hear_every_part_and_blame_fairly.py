"""Hear of every part of the service, blame lost workers on who ended them, let jobs take turns, and compute in batches"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

NEW = {"jobs": ("advance_interrupted", "pause_reason", "served", "served_at"), "tasks": ("interrupted", "leader")}


def upgrade() -> None:
    """Apply."""
    # Heartbeats are of the moment: whoever lives writes them anew.
    op.drop_index("ix_workers_seen_at", table_name="workers")
    op.drop_table("workers")
    op.create_table(
        "parts",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("part", sa.String(length=20), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(length=100), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.Column("queues", sa.Text(), nullable=False),
        sa.Column("idle_since", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_parts")),
    )
    op.create_index("ix_parts_seen_at", "parts", ["seen_at"])
    op.add_column(
        "jobs", sa.Column("advance_interrupted", sa.Integer(), server_default="0", nullable=False)
    )
    op.add_column("jobs", sa.Column("pause_reason", sa.Text(), nullable=True))
    op.add_column("jobs", sa.Column("served", sa.Double(), server_default="0", nullable=False))
    op.add_column("jobs", sa.Column("served_at", sa.Double(), nullable=True))
    op.add_column("tasks", sa.Column("leader", sa.Integer(), nullable=True))
    op.add_column("tasks", sa.Column("interrupted", sa.Integer(), server_default="0", nullable=False))


def downgrade() -> None:
    """Undo."""
    for table, columns in NEW.items():
        for column in columns:
            op.drop_column(table, column)
    op.drop_index("ix_parts_seen_at", table_name="parts")
    op.drop_table("parts")
    op.create_table(
        "workers",
        sa.Column("id", sa.String(length=200), nullable=False),
        sa.Column("host", sa.String(length=200), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("device", sa.String(length=100), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("seen_at", sa.Double(), nullable=False),
        sa.Column("queues", sa.Text(), server_default="", nullable=False),
        sa.Column("idle_since", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_index("ix_workers_seen_at", "workers", ["seen_at"])
