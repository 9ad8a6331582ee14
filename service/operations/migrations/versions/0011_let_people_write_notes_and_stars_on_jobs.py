"""Let people write notes and stars on jobs"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.add_column("jobs", sa.Column("note", sa.Text(), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("folded_note", sa.Text(), nullable=False, server_default=""))
    op.add_column("jobs", sa.Column("starred", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    """Undo; notes and stars are lost."""
    op.drop_column("jobs", "starred")
    op.drop_column("jobs", "folded_note")
    op.drop_column("jobs", "note")
