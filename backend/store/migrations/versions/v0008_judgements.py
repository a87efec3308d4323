"""What people said of verdicts, by the moments it is said of. Reports from before hold none."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.create_table(
        "judgements",
        sa.Column("report_id", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("moment_id", sa.String(), primary_key=True),
        sa.Column("spoken", sa.String(), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("made_at", sa.Float(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("ruled_at", sa.Float()),
        sa.Column("speaker", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("found", sa.String(), nullable=False),
        sa.Column("stands", sa.String(), nullable=False),
        sa.Column("disputed_by", sa.String()),
        sa.Column("dispute", sa.Text()),
        sa.Column("ruled_by", sa.String()),
        sa.Column("ruling", sa.Text()),
    )
    op.create_index("ix_judgements_newest", "judgements", ["at", "report_id", "kind", "moment_id"])
    op.create_index("ix_judgements_spoken", "judgements", ["spoken", "place", "made_at"])


def downgrade() -> None:
    op.drop_table("judgements")
