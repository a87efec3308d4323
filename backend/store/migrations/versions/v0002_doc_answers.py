"""The table of docs answers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "doc_answers",
        sa.Column("key", sa.String(), primary_key=True),
        sa.Column("tool", sa.String(), nullable=False),
        sa.Column("read_at", sa.Float(), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )
    op.create_index("ix_doc_answers_room", "doc_answers", ["used", "read_at", "key", "size"])


def downgrade() -> None:
    op.drop_table("doc_answers")
