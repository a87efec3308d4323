"""Analyses that are asked for now and answered later, what became of them, and calls not yet sent off."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("title", sa.String()),
        sa.Column("format", sa.String(), nullable=False),
        sa.Column("turns", sa.Integer(), nullable=False),
        sa.Column("duration_s", sa.Float()),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("step", sa.String()),
        sa.Column("settled", sa.Integer(), nullable=False),
        sa.Column("due", sa.Integer(), nullable=False),
        sa.Column("told", sa.Integer(), nullable=False),
        sa.Column("report_id", sa.String()),
        sa.Column("why", sa.String()),
        sa.Column("ended_at", sa.Float()),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("holder", sa.String()),
        sa.Column("lease_until", sa.Float(), nullable=False),
        sa.Column("work", sa.Text()),
    )
    op.create_index("ix_jobs_next", "jobs", ["state", "created_at"])
    unfinished = sa.text("state IN ('waiting', 'running')")
    op.create_index(
        "ix_jobs_one_of_a_kind",
        "jobs",
        ["key"],
        unique=True,
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_table(
        "job_events",
        sa.Column("job_id", sa.String(), primary_key=True),
        sa.Column("number", sa.Integer(), primary_key=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("data", sa.String(), nullable=False),
    )
    op.create_table(
        "drafts",
        sa.Column("id", sa.String(), primary_key=True),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("drafts")
    op.drop_table("job_events")
    op.drop_table("jobs")
