"""What team and rep pages count and show. `backend.store.derived` fills it in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "counted_reports",
        sa.Column("report_id", sa.String(), primary_key=True),
        sa.Column("week", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
    )
    op.create_table(
        "sums",
        sa.Column("rep", sa.String(), primary_key=True),
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("label", sa.String(), primary_key=True),
        sa.Column("week", sa.Integer(), primary_key=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sqlite_with_rowid=False,
    )
    wrong = sa.text("kind = 'topic' AND rep <> '' AND part > 0")
    op.create_index(
        "ix_sums_wrong_topics",
        "sums",
        ["week", "rep", "label", "part"],
        sqlite_where=wrong,
        postgresql_where=wrong,
    )
    op.create_table(
        "shown_moments",
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("moment_id", sa.String(), nullable=False),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("rep", sa.String(), nullable=False),
        sa.Column("at", sa.Float(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("correction", sa.Text()),
        sa.Column("url", sa.String()),
        sa.Column("title", sa.String()),
        sa.Column("quote", sa.Text()),
    )
    op.create_index("ix_shown_moments_label", "shown_moments", ["kind", "label", "at", "report_id", "rep"])
    op.create_index("ix_shown_moments_report_id", "shown_moments", ["report_id"])
    op.create_index("ix_shown_moments_rep", "shown_moments", ["rep", "kind", "at"])
    op.create_table(
        "rep_calls",
        sa.Column("rep", sa.String(), primary_key=True),
        sa.Column("at", sa.Float(), primary_key=True),
        sa.Column("report_id", sa.String(), primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_rep_calls_report", "rep_calls", ["report_id"])


def downgrade() -> None:
    for table in ("rep_calls", "shown_moments", "sums", "counted_reports"):
        op.drop_table(table)
