"""Find jobs by tags, and by names in whatever case"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from service.tables.folding import folded

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BATCH = 500


def upgrade() -> None:
    """Apply."""
    op.add_column("jobs", sa.Column("folded_name", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "tags",
        sa.Column("job_id", sa.String(length=26), nullable=False),
        sa.Column("folded", sa.String(length=400), nullable=False),
        sa.Column("tag", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["job_id"], ["jobs.id"], name="fk_tags_job_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("job_id", "folded", name="pk_tags"),
    )
    op.create_index("ix_tags_folded", "tags", ["folded"])
    jobs = sa.table("jobs", sa.column("id"), sa.column("name"), sa.column("folded_name"))
    connection = op.get_bind()
    named = connection.execute(sa.select(jobs.c.id, jobs.c.name)).all()
    change = sa.update(jobs).where(jobs.c.id == sa.bindparam("job"))
    for start in range(0, len(named), BATCH):
        part = [{"job": job, "folded_name": folded(name)} for job, name in named[start : start + BATCH]]
        connection.execute(change.values(folded_name=sa.bindparam("folded_name")), part)


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_tags_folded", table_name="tags")
    op.drop_table("tags")
    op.drop_column("jobs", "folded_name")
