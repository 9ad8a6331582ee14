"""Add tenants, API keys, priorities, time limits, queues, content keys and tallies"""

from __future__ import annotations

import time

import sqlalchemy as sa
from alembic import op
from alembic.util import CommandError

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Apply."""
    op.create_table(
        "api_keys",
        sa.Column("id", sa.String(length=16), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("scopes", sa.String(length=100), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("revoked_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
    )
    op.create_index("ix_api_keys_tenant", "api_keys", ["tenant"])
    op.create_table(
        "tallies",
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("label", sa.String(length=200), nullable=False),
        sa.Column("shard", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("name", "label", "shard", name=op.f("pk_tallies")),
    )

    op.add_column("jobs", sa.Column("tenant", sa.String(length=64), nullable=False, server_default="default"))
    op.add_column("jobs", sa.Column("priority", sa.Integer(), nullable=False, server_default="3"))
    op.add_column("jobs", sa.Column("queue", sa.String(length=120), nullable=False, server_default="orichalcum"))
    op.add_column("jobs", sa.Column("time_limit", sa.Double(), nullable=True))
    op.create_index("ix_jobs_tenant_id", "jobs", ["tenant", "id"])

    op.add_column("evaluations", sa.Column("not_before", sa.Double(), nullable=True))
    op.add_column("evaluations", sa.Column("content_key", sa.String(length=64), nullable=True))
    op.create_index("ix_evaluations_content_key", "evaluations", ["content_key"])

    _keys_by_tenant()


def _keys_by_tenant() -> None:
    op.rename_table("idempotency_keys", "idempotency_keys_before")
    op.drop_index("ix_idempotency_keys_created_at", "idempotency_keys_before")
    # PostgreSQL keeps the name of a constraint when its table is renamed.
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint("pk_idempotency_keys", "idempotency_keys_before")
    op.create_table(
        "idempotency_keys",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("key", sa.String(length=255), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("job_id", sa.String(length=26), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "key", name=op.f("pk_idempotency_keys")),
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
    op.execute(
        "INSERT INTO idempotency_keys (tenant, key, digest, job_id, answer, created_at) "
        "SELECT 'default', key, digest, job_id, answer, created_at FROM idempotency_keys_before"
    )
    op.drop_table("idempotency_keys_before")


def downgrade() -> None:
    """Undo; it is refused while anything belongs to another tenant than the default one, whose it would become."""
    _check_that_there_is_one_tenant()
    # Their jobs are gone; what is left of them would be forgotten within a day.
    op.execute("DELETE FROM idempotency_keys WHERE tenant <> 'default'")
    with op.batch_alter_table("idempotency_keys") as table:
        table.drop_constraint("pk_idempotency_keys")
        table.drop_column("tenant")
        table.create_primary_key("pk_idempotency_keys", ["key"])
    op.drop_index("ix_evaluations_content_key", "evaluations")
    op.drop_column("evaluations", "content_key")
    op.drop_column("evaluations", "not_before")
    op.drop_index("ix_jobs_tenant_id", "jobs")
    for column in ("time_limit", "queue", "priority", "tenant"):
        op.drop_column("jobs", column)
    op.drop_table("tallies")
    op.drop_index("ix_api_keys_tenant", "api_keys")
    op.drop_table("api_keys")


def _check_that_there_is_one_tenant() -> None:
    connection = op.get_bind()
    jobs = connection.execute(sa.text("SELECT tenant FROM jobs WHERE tenant <> 'default'")).scalars().all()
    valid = "revoked_at IS NULL AND (expires_at IS NULL OR expires_at > :now)"
    keys = connection.execute(
        sa.text(f"SELECT tenant FROM api_keys WHERE tenant <> 'default' AND {valid}"), {"now": time.time()}
    ).scalars().all()
    # A shared value's key is a hexadecimal digest, after the tenant and a slash where that is not the default one.
    shared = connection.execute(sa.text("SELECT key FROM reference_values WHERE key LIKE '%/%'")).scalars().all()
    values = [key.partition("/")[0] for key in shared]
    found = [
        f"{len(tenants)} {what}{'' if len(tenants) == 1 else 's'}"
        for what, tenants in (("job", jobs), ("valid API key", keys), ("shared value", values))
        if tenants
    ]
    if found:
        names = ", ".join(sorted({*jobs, *keys, *values})[:10])
        raise CommandError(
            f"{' and '.join(found)} of other tenants ({names}) would become those of the only one that the older "
            "version knows: delete these tenants' jobs, revoke their keys, and delete the rows of reference_values "
            "whose keys begin with their names and a slash, then go back"
        )
