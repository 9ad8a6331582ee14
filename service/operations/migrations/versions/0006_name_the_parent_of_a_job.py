"""Name the job whose answer a job verifies"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("jobs", sa.Column("parent", sa.String(length=26), nullable=True))
    op.create_index("ix_jobs_parent", "jobs", ["parent"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_jobs_parent", table_name="jobs")
    op.drop_column("jobs", "parent")
