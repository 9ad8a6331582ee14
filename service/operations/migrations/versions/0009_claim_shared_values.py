"""Claim the shared values that a worker is computing"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "reference_claims",
        sa.Column("key", sa.String(length=500), nullable=False),
        sa.Column("worker", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_reference_claims")),
    )
    op.create_index("ix_reference_claims_worker", "reference_claims", ["worker"])


def downgrade() -> None:
    """Undo."""
    op.drop_index("ix_reference_claims_worker", table_name="reference_claims")
    op.drop_table("reference_claims")
