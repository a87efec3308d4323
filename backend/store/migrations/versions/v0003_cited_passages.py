"""The passages that verdicts rest on, also of the reports stored before there was this table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    cited = op.create_table(
        "cited_passages",
        sa.Column("report_id", sa.String(), primary_key=True),
        sa.Column("claim_id", sa.String(), primary_key=True),
        sa.Column("place", sa.Integer(), primary_key=True),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("passage_id", sa.String(), nullable=False),
        sa.Column("url", sa.String()),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("read_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text_hash", sa.String(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
    )
    reports = sa.table("reports", sa.column("id"), sa.column("body"))
    connection = op.get_bind()
    # By their ids first: no cursor stays open while rows are written, and no two bodies are in memory.
    for report_id in list(connection.scalars(sa.select(reports.c.id))):
        body = connection.scalar(sa.select(reports.c.body).where(reports.c.id == report_id))
        if rows := list(_cited(report_id, body or "")):
            connection.execute(cited.insert(), rows)


def downgrade() -> None:
    op.drop_table("cited_passages")


def _cited(report_id: str, body: str) -> Iterator[dict[str, object]]:
    """What the verdicts of a stored report rest on; nothing where the body is damaged, which reading says."""
    try:
        report = json.loads(body)
        texts = {passage["id"]: passage["text"] for passage in report["passages"]}
        rows = [
            {
                "report_id": report_id,
                "claim_id": claim["id"],
                "place": place,
                "verdict": claim["verdict"],
                "passage_id": evidence["passage_id"],
                "url": evidence["url"],
                "source": evidence["source"],
                "read_at": datetime.fromisoformat(evidence["read_at"]),
                "text_hash": _hash(texts[evidence["passage_id"]]),
                "quote": evidence["quote"].replace("\0", "\ufffd"),
            }
            for claim in report["claims"]
            for place, evidence in enumerate(claim["evidence"])
        ]
    except (ValueError, KeyError, TypeError, AttributeError):
        return
    yield from rows


def _hash(text: str) -> str:
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:32]
