"""Reports to store."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from backend.facts import Passage
from backend.report import (
    AnalystUsed,
    Claim,
    CoachingReport,
    CompetitorMention,
    Evidence,
    KnowledgeUsed,
    Objection,
    OpenQuestion,
    Priority,
    Score,
    Suggestion,
    TalkStats,
)
from backend.transcript import Call, Participant, Turn

NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
SAID = "Prefect keeps every event for a year — zażółć 🚀."


def report_of(report_id: str = "r1", key: str = "key", at: datetime = NOW, turns: int = 2) -> CoachingReport:
    """A report with a moment of each kind, whose every quote stands where it says."""
    spoken = [
        Turn(index=i, speaker="p1" if i % 2 == 0 else "p2", side="internal", text=SAID, start_s=i * 4.0)
        for i in range(turns)
    ]
    passage = Passage(
        id="d1",
        url="https://docs.prefect.io/v3/concepts/events",
        title="Events",
        text="Events are kept for seven days.",
        read_at=NOW,
        source="prefect-mcp",
        origin="Prefect's docs server",
    )
    evidence = Evidence(
        quote="kept for seven days",
        passage_id=passage.id,
        **passage.model_dump(exclude={"id", "section", "text"}),
    )
    quote = spoken[0].quote(0, 7)
    return CoachingReport(
        id=report_id,
        created_at=at,
        content_key=key,
        call=Call(
            title="Acme\0 and us",
            started_at=datetime(2026, 11, 19, 17, 0),  # as a source without a zone gives it
            duration_s=1800.5,
            participants=[
                Participant(id="p1", name="Ana Kowalska", side="internal"),
                Participant(id="p2", name="Sam", side="external"),
            ],
        ),
        turns=spoken,
        analyst=AnalystUsed(kind="rules"),
        knowledge=KnowledgeUsed(
            status="snapshot", read_at=NOW, sources=[], look_ups=1, cache_hits=0, failed=0, ms=1.0
        ),
        talk=TalkStats(
            words=16,
            turns=turns,
            rep_share=0.5,
            longest_monologue_s=None,
            longest_monologue_words=8,
            questions_by_rep=0,
            questions_by_prospect=0,
            interruptions=None,
            words_per_minute=None,
            speakers=[],
        ),
        claims=[
            Claim(
                id="c1",
                quote=quote,
                topic="events",
                verdict="contradicted",
                confidence=0.9,
                reason="Seven days.",
                evidence=[evidence],
            ),
            Claim(
                id="c2", quote=quote, topic="events", verdict="unclear", confidence=0.5, reason="Not settled."
            ),
        ],
        objections=[
            Objection(
                id="o1",
                quote=quote,
                category="price",
                handled="well",
                response=spoken[1].quote(8, 13),
                suggestion=Suggestion(text="Ask what they keep now.", evidence=[evidence]),
            )
        ],
        competitors=[
            CompetitorMention(
                id="m1",
                quote=quote,
                competitor="airflow",
                context="past",
                positioning=Suggestion(text="Ask why."),
            )
        ],
        questions=[
            OpenQuestion(id="q1", quote=quote, answered=False),
            OpenQuestion(id="q2", quote=quote, answered=True),
        ],
        scores=[Score(name="accuracy", value=50, because=["c1"])],
        priorities=[Priority(title="Retention", why="It was wrong.", do="Say seven days.", quotes=["c1"])],
        passages=[passage],
    )


def many(count: int) -> Iterator[CoachingReport]:
    """Reports a second apart, three of them at a time in the same instant."""
    for i in range(count):
        yield report_of(f"r{i:05}", at=NOW + timedelta(seconds=i // 3))
