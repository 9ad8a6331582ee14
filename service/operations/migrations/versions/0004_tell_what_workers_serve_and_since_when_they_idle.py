"""Tell which queues workers serve, and since when they are idle"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("workers", sa.Column("queues", sa.Text(), server_default="", nullable=False))
    op.add_column("workers", sa.Column("idle_since", sa.Double(), nullable=True))


def downgrade() -> None:
    """Undo."""
    op.drop_column("workers", "idle_since")
    op.drop_column("workers", "queues")
