"""What calls are filtered, sorted and searched by. `backend.store.derived` fills it in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "listed_calls",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("report_id", sa.String(), nullable=False),
        sa.Column("wrong", sa.Integer(), nullable=False),
        sa.Column("length_s", sa.Float(), nullable=False),
        sa.UniqueConstraint("report_id"),
    )
    op.create_index("ix_listed_calls_wrong", "listed_calls", ["wrong", "number"])
    op.create_index("ix_listed_calls_length", "listed_calls", ["length_s", "number"])
    op.create_table(
        "call_facets",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("value", sa.String(), primary_key=True),
        sa.Column("number", NUMBER, primary_key=True),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_call_facets_number", "call_facets", ["number"])
    op.create_table(
        "facet_counts",
        sa.Column("kind", sa.String(), primary_key=True),
        sa.Column("value", sa.String(), primary_key=True),
        sa.Column("calls", sa.Integer(), nullable=False),
    )
    op.create_table(
        "call_texts",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
        sa.Column("text", sa.Text(), nullable=False),
    )
    op.create_table(
        "left_words",
        sa.Column("number", NUMBER, primary_key=True, autoincrement=False),
    )
    if op.get_bind().dialect.name == "sqlite":
        op.execute(
            "CREATE VIRTUAL TABLE call_words USING fts5 (text, content = 'call_texts', "
            "content_rowid = 'number', tokenize = 'porter unicode61 remove_diacritics 2')"
        )
    else:
        op.execute("CREATE TABLE call_words (number BIGINT PRIMARY KEY, words TSVECTOR NOT NULL)")
        op.execute("CREATE INDEX ix_call_words_words ON call_words USING gin (words)")


def downgrade() -> None:
    for table in ("call_words", "left_words", "call_texts", "facet_counts", "call_facets", "listed_calls"):
        op.drop_table(table)
