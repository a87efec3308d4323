"""The tables, and the shapes that are read from them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel
from sqlalchemy import JSON, BigInteger, Index, Integer, String, Table, Text
from sqlmodel import Field, SQLModel

from backend.facts import KnowledgeStatus, Source, text_hash
from backend.report import AnalystKind, CoachingReport
from backend.transcript import UNKNOWN_SPEAKER, Call

UNTITLED = "Untitled call"

FacetKind = Literal["rep", "verdict", "competitor", "objection", "knowledge"]
CALL_NUMBER = BigInteger().with_variant(Integer, "sqlite")  # SQLite's own key of a row is an INTEGER


class CallSummary(SQLModel):
    """One line of the list of calls. `reps` are the names of our own people on the call.

    `wrong` counts the claims that accuse a rep, `open_questions` those that nobody answered.
    """

    id: str = Field(primary_key=True)
    created_at: datetime
    title: str | None
    reps: list[str] = Field(sa_type=JSON)
    started_at: datetime | None
    duration_s: float | None
    knowledge_status: KnowledgeStatus = Field(sa_type=String)
    analyst_kind: AnalystKind = Field(sa_type=String)
    claims: int
    wrong: int
    unclear: int
    objections: int
    competitors: int
    open_questions: int


class ReportRow(CallSummary, table=True):
    """A stored report. The body stands last, so that SQLite reads a summary without its overflow pages."""

    __tablename__ = "reports"
    __table_args__ = (Index("ix_reports_newest", "created_at", "id"),)

    version: int
    content_key: str = Field(index=True)
    body: str = Field(sa_type=Text)


class CitedPassageRow(SQLModel, table=True):
    """A passage that a verdict rests on: see `CitedPassage`, whose fields these are."""

    __tablename__ = "cited_passages"

    report_id: str = Field(primary_key=True)
    claim_id: str = Field(primary_key=True)
    place: int = Field(primary_key=True)
    verdict: str
    passage_id: str
    url: str | None
    source: Source = Field(sa_type=String)
    read_at: datetime
    text_hash: str
    quote: str = Field(sa_type=Text)


class ListedCallRow(SQLModel, table=True):
    """Where a call stands in the list. `number` says when it was: see `backend.store.listing`."""

    __tablename__ = "listed_calls"
    __table_args__ = (
        Index("ix_listed_calls_wrong", "wrong", "number"),
        Index("ix_listed_calls_length", "length_s", "number"),
    )

    number: int = Field(primary_key=True, sa_type=CALL_NUMBER, sa_column_kwargs={"autoincrement": False})
    report_id: str = Field(unique=True)
    wrong: int
    length_s: float


class CallFacetRow(SQLModel, table=True):
    """Something that calls are filtered by, and a call that has it."""

    __tablename__ = "call_facets"
    __table_args__ = (Index("ix_call_facets_number", "number"), {"sqlite_with_rowid": False})

    kind: FacetKind = Field(primary_key=True, sa_type=String)
    value: str = Field(primary_key=True)
    number: int = Field(primary_key=True, sa_type=CALL_NUMBER)


class FacetCountRow(SQLModel, table=True):
    """How many calls have it."""

    __tablename__ = "facet_counts"

    kind: FacetKind = Field(primary_key=True, sa_type=String)
    value: str = Field(primary_key=True)
    calls: int


class CallTextRow(SQLModel, table=True):
    """What is searched of a call: its title and people on the first line, then a turn on each."""

    __tablename__ = "call_texts"

    number: int = Field(primary_key=True, sa_type=CALL_NUMBER, sa_column_kwargs={"autoincrement": False})
    text: str = Field(sa_type=Text)


class LeftWordsRow(SQLModel, table=True):
    """A text that is gone and whose words may still stand in SQLite's index: see `backend.store.words`."""

    __tablename__ = "left_words"

    number: int = Field(primary_key=True, sa_type=CALL_NUMBER, sa_column_kwargs={"autoincrement": False})


class DocAnswerRow(SQLModel, table=True):
    """A docs tool's answer. The index holds all that making room asks for, so that no body is read."""

    __tablename__ = "doc_answers"
    __table_args__ = (Index("ix_doc_answers_room", "used", "read_at", "key", "size"),)

    key: str = Field(primary_key=True)
    tool: str
    read_at: float
    used: int
    size: int
    body: str = Field(sa_type=Text)


class ClaudeMonthRow(SQLModel, table=True):
    """What Claude cost in a month such as "2026-11"."""

    __tablename__ = "claude_months"

    month: str = Field(primary_key=True)
    dollars: float


class ClaudeRequestRow(SQLModel, table=True):
    """A request by its hash, and the batch that carries it."""

    __tablename__ = "claude_requests"

    request: str = Field(primary_key=True)
    batch: str
    kept_at: float


class StoreHealth(BaseModel):
    """`revision` is that of the schema."""

    backend: str
    reports: int
    revision: str | None


def table_of(row: type[SQLModel]) -> Table:
    """The table itself. Inserts into it pass the ORM by, which costs more than SQLite takes for a row."""
    return SQLModel.metadata.tables[str(row.__tablename__)]


def row_of(report: CoachingReport) -> ReportRow:
    """The report as it is stored: its JSON, and what lists and look-ups need in columns of their own."""
    call = report.call
    return ReportRow(
        id=report.id,
        created_at=utc(report.created_at),
        title=storable(heading(call)),
        reps=[storable(name) for name in rep_names(call)],
        started_at=utc(call.started_at) if call.started_at else None,
        duration_s=call.duration_s,
        knowledge_status=report.knowledge.status,
        analyst_kind=report.analyst.kind,
        claims=len(report.claims),
        wrong=len(report.wrong_claims()),
        unclear=sum(claim.verdict == "unclear" for claim in report.claims),
        objections=len(report.objections),
        competitors=len(report.competitors),
        open_questions=sum(not question.answered for question in report.questions),
        version=report.version,
        content_key=report.content_key,
        body=report.model_dump_json(),
    )


def cited_by(report: CoachingReport) -> list[CitedPassageRow]:
    """What the verdicts of a report rest on."""
    passages = {passage.id: text_hash(passage.text) for passage in report.passages}
    return [
        CitedPassageRow(
            report_id=report.id,
            claim_id=storable(claim.id),
            place=place,
            verdict=claim.verdict,
            passage_id=storable(evidence.passage_id),
            url=storable(evidence.url) if evidence.url else None,
            source=evidence.source,
            read_at=utc(evidence.read_at),
            text_hash=passages[evidence.passage_id],
            quote=storable(evidence.quote),
        )
        for claim in report.claims
        for place, evidence in enumerate(claim.evidence)
    ]


def heading(call: Call) -> str:
    """What a call is called where people look for it: its title, or else who speaks, our side first."""
    if call.title:
        return call.title
    people = sorted(
        (person for person in call.participants if person.name != UNKNOWN_SPEAKER),
        key=lambda person: person.side != "internal",
    )
    if not people:
        return UNTITLED
    first, *others = [person.name for person in people]
    more = f" and {len(others) - 1} more" if len(others) > 1 else ""
    return f"{first} with {others[0]}{more}" if others else first


def rep_names(call: Call) -> list[str]:
    """Our own people on the call."""
    return [person.name for person in call.participants if person.side == "internal"]


def utc(when: datetime) -> datetime:
    """A time that names no zone is taken as UTC; so is one at an edge of the calendar, that has no UTC."""
    try:
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except OverflowError:
        return when.replace(tzinfo=UTC)


def storable(text: str) -> str:
    """Text for a column: PostgreSQL keeps no NUL there. In the body's JSON it is escaped and stays."""
    return text.replace("\0", "\ufffd")
