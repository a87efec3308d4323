"""A made-up labelled call of a few lines, as a folder, and a report on it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from pydantic import JsonValue

from backend.evals.labels import LabelledCall, read_calls
from backend.facts import Passage
from backend.report import (
    AnalystUsed,
    Claim,
    CoachingReport,
    CompetitorContext,
    CompetitorMention,
    Evidence,
    Handling,
    KnowledgeUsed,
    Objection,
    ObjectionCategory,
    OpenQuestion,
    Suggestion,
    TalkStats,
    Verdict,
)
from backend.transcript import Call, Quote

READ_AT = datetime(2026, 11, 1, tzinfo=UTC)
SLAS = "https://docs.prefect.io/v3/concepts/slas"
SPOKEN = """\
Rae: Prefect is open source. SLAs are on every plan.
Bo: We run Airflow today. It feels too expensive for us.
Rae: Workers run in your own cloud. Nice weather by the way.
Bo: Is there a log of who did what? And what about Dagster?
Rae: Dagster is fine. SLAs are on every plan.
"""
LABELS: Mapping[str, JsonValue] = {
    "id": "made-up",
    "rep_names": ["Rae"],
    "prospect_names": ["Bo"],
    "rep_role": "ae",
    "claims": [
        {"quote": "Prefect is open source.", "speaker": "Rae", "verdict": "supported"},
        {
            "quote": "SLAs are on every plan.",
            "speaker": "Rae",
            "verdict": "contradicted",
            "gold_urls": [f"{SLAS}#plans"],
        },
        {"quote": "Workers run in your own cloud.", "speaker": "Rae", "verdict": "overstated"},
        {"quote": "SLAs are on every plan.", "speaker": "Rae", "verdict": "contradicted"},
    ],
    "objections": [
        {
            "quote": "It feels too expensive for us.",
            "speaker": "Bo",
            "category": "price",
            "handled": "ignored",
        }
    ],
    "competitors": [
        {
            "quote": "We run Airflow today.",
            "speaker": "Bo",
            "canonical": "airflow",
            "context": "current_tool",
        },
        {"quote": "what about Dagster", "speaker": "Bo", "canonical": "dagster", "context": "evaluating"},
    ],
    "unanswered_questions": [{"quote": "Is there a log of who did what?", "speaker": "Bo"}],
}


def write(folder: Path, labels: Mapping[str, JsonValue] = LABELS, spoken: str = SPOKEN) -> Path:
    """The call as a folder of its own in `folder`."""
    call = folder / str(labels["id"])
    call.mkdir(parents=True)
    (call / "transcript.txt").write_text(spoken)
    (call / "labels.json").write_text(json.dumps(labels))
    return call


def made_up(folder: Path) -> LabelledCall:
    return read_calls(write(folder))[0]


class Reported:
    """A report on the call, thing by thing, each found by its words in a turn."""

    def __init__(self, call: LabelledCall) -> None:
        self._turns = call.transcript.turns
        self.claims: list[Claim] = []
        self.objections: list[Objection] = []
        self.competitors: list[CompetitorMention] = []
        self.questions: list[OpenQuestion] = []

    def claim(self, turn: int, words: str, verdict: Verdict, *urls: str) -> None:
        quote = self._quote(turn, words)
        evidence = [
            Evidence(
                passage_id=url,
                url=url,
                title="A page",
                quote="Some words",
                read_at=READ_AT,
                source="pack",
                origin="a test",
            )
            for url in urls
        ]
        self.claims.append(
            Claim(
                id=f"c{len(self.claims) + 1}",
                quote=quote,
                topic="",
                verdict=verdict,
                confidence=0.5,
                reason="So it is.",
                evidence=evidence,
            )
        )

    def objection(self, turn: int, words: str, category: ObjectionCategory, handled: Handling) -> None:
        self.objections.append(
            Objection(
                id=f"o{len(self.objections) + 1}",
                quote=self._quote(turn, words),
                category=category,
                handled=handled,
                suggestion=Suggestion(text=""),
            )
        )

    def competitor(self, turn: int, words: str, competitor: str, context: CompetitorContext) -> None:
        self.competitors.append(
            CompetitorMention(
                id=f"m{len(self.competitors) + 1}",
                quote=self._quote(turn, words),
                competitor=competitor,
                context=context,
                positioning=Suggestion(text=""),
            )
        )

    def question(self, turn: int, words: str, *, answered: bool = False) -> None:
        self.questions.append(
            OpenQuestion(id=f"q{len(self.questions) + 1}", quote=self._quote(turn, words), answered=answered)
        )

    def report(self, passages: Sequence[Passage] = ()) -> CoachingReport:
        return CoachingReport(
            id="1",
            created_at=READ_AT,
            content_key="1",
            call=Call(),
            turns=self._turns,
            analyst=AnalystUsed(kind="rules"),
            knowledge=KnowledgeUsed(
                status="snapshot", read_at=None, sources=[], look_ups=0, cache_hits=0, failed=0, ms=0
            ),
            talk=TalkStats(
                words=0,
                turns=0,
                rep_share=None,
                longest_monologue_s=None,
                longest_monologue_words=0,
                questions_by_rep=None,
                questions_by_prospect=None,
                interruptions=None,
                words_per_minute=None,
                speakers=[],
            ),
            claims=self.claims,
            objections=self.objections,
            competitors=self.competitors,
            questions=self.questions,
            passages=list(passages),
        )

    def _quote(self, turn: int, words: str) -> Quote:
        quote = self._turns[turn].find(words)
        assert quote is not None
        return quote


def passage(url: str, text: str) -> Passage:
    return Passage(
        id=url, url=url, title="A page", text=text, read_at=READ_AT, source="pack", origin="a test"
    )
