"""What Claude costs by month, and which batch of Claude's holds which request."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "claude_months",
        sa.Column("month", sa.String(), primary_key=True),
        sa.Column("dollars", sa.Float(), nullable=False),
    )
    op.create_table(
        "claude_requests",
        sa.Column("request", sa.String(), primary_key=True),
        sa.Column("batch", sa.String(), nullable=False),
        sa.Column("kept_at", sa.Float(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("claude_requests")
    op.drop_table("claude_months")
