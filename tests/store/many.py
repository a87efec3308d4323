"""Thousands of varied reports, stored by the same code as one, fast: `await seed(store, 50_000)`.

From a shell: `python -m tests.store.many DATA_DIR COUNT`.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

from sqlalchemy import create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry

from backend.facts import KnowledgeStatus, Passage
from backend.report import (
    AnalystUsed,
    Claim,
    CoachingReport,
    CompetitorMention,
    Evidence,
    KnowledgeUsed,
    Objection,
    OpenQuestion,
    Score,
    SpeakerTalk,
    Suggestion,
    TalkStats,
)
from backend.store import Store
from backend.store.store import write
from backend.transcript import Call, Participant, Turn
from tests.store import many_words as made_up

LAST = datetime(2026, 11, 20, 16, 0, tzinfo=UTC)
DAYS = 730
AT_ONCE = 500
STATUSES: tuple[KnowledgeStatus, ...] = ("fresh", "stale", "snapshot", "degraded", "off")
SCORES = ("Product accuracy", "Discovery", "Objection handling", "Next steps")


async def seed(store: Store, count: int) -> None:
    """Store `count` reports of 40 reps over two years; the same ones each time."""
    await asyncio.to_thread(_seed, store, count)


def reports(count: int) -> Iterator[CoachingReport]:
    """The newest first. The quotes are verbatim, so they pass `verify`."""
    for nth in range(count):
        yield report_of_many(nth, LAST - timedelta(days=DAYS) * nth / count)


def report_of_many(nth: int, at: datetime) -> CoachingReport:
    """The report of that number, always the same for the same number and time."""
    return _Made(nth, at).report()


def _seed(store: Store, count: int) -> None:
    url = store._database.url
    sqlite = url.drivername.startswith("sqlite")
    engine = create_engine(url.set(drivername="sqlite") if sqlite else url)
    if sqlite:
        event.listen(engine, "connect", _in_memory)
    pending = reports(count)
    for begin in range(0, count, AT_ONCE):
        with engine.begin() as connection:
            for _, report in zip(range(begin, min(begin + AT_ONCE, count)), pending, strict=False):
                write(connection, report)
    engine.dispose()


def _in_memory(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """What is written stays at hand: indexes are written to all over."""
    for pragma in ("cache_size = -400000", "synchronous = OFF"):
        connection.cursor().execute(f"PRAGMA {pragma}")


class _Made:
    """One call being made up."""

    def __init__(self, nth: int, at: datetime) -> None:
        self._random = random = Random(nth)
        self._nth = nth
        self._at = at
        self._rep = random.choices(made_up.PEOPLE, weights=range(60, 20, -1))[0]
        self._company = random.choice(made_up.COMPANIES)
        self._buyer = f"{random.choice(('Dana', 'Émile', 'Priscilla', 'Sören', 'Wen'))} {nth % 997}"
        self._turns: list[Turn] = []
        self._clock = 4.0
        self._passages: dict[str, Passage] = {}
        self._claims: list[Claim] = []
        self._objections: list[Objection] = []
        self._rivals: list[CompetitorMention] = []
        self._questions: list[OpenQuestion] = []

    def report(self) -> CoachingReport:
        random = self._random
        parts = (
            *[self._claim] * random.randint(1, 6),
            *[self._objection] * random.randint(0, 2),
            *[self._rival] * random.randint(0, 2),
            *[self._question] * random.randint(0, 2),
        )
        for part in random.sample(parts, len(parts)):
            self._talk()
            part()
        self._talk()
        words = sum(len(turn.text.split()) for turn in self._turns)
        share = sum(len(turn.text.split()) for turn in self._turns if turn.side == "internal") / words
        return CoachingReport(
            id=f"m{self._nth:06}",
            created_at=self._at + timedelta(hours=2),
            content_key=f"made up {self._nth}",
            call=Call(
                title=f"{self._company}: call {self._nth % 7 + 1}",
                started_at=None if self._nth % 50 == 7 else self._at,
                duration_s=None if self._nth % 50 == 9 else self._clock,
                participants=[
                    Participant(id="1", name=self._rep, side="internal", role="ae"),
                    Participant(id="2", name=self._buyer, side="external"),
                ],
            ),
            turns=self._turns,
            analyst=AnalystUsed(kind="rules" if self._nth % 3 else "claude"),
            knowledge=KnowledgeUsed(
                status=random.choices(STATUSES, weights=(60, 10, 20, 8, 2))[0],
                read_at=self._at,
                sources=["Prefect's docs server"],
                look_ups=9,
                cache_hits=4,
                failed=0,
                ms=400.0,
            ),
            talk=_talk_stats(self._rep, self._buyer, words, len(self._turns), share),
            claims=self._claims,
            objections=self._objections,
            competitors=self._rivals,
            questions=self._questions,
            scores=[
                Score(name=name, value=random.randint(20, 100) if random.random() < 0.9 else None, why="")
                for name in SCORES
            ],
            passages=list(self._passages.values()),
        )

    def _say(self, ours: bool, words: str) -> Turn:
        length = 2.0 + len(words) / 14
        turn = Turn(
            index=len(self._turns),
            speaker=self._rep if ours else self._buyer,
            side="internal" if ours else "external",
            start_s=self._clock,
            end_s=self._clock + length,
            text=words,
        )
        self._turns.append(turn)
        self._clock += length
        return turn

    def _talk(self) -> None:
        for ours in (True, False):
            self._say(ours, " ".join(self._random.sample(made_up.TALK, self._random.randint(2, 4))))

    def _claim(self) -> None:
        said = self._random.choice(made_up.CLAIMS)
        turn = self._say(True, f"{self._random.choice(made_up.TALK)} {said.words}")
        start = len(turn.text) - len(said.words)
        self._claims.append(
            Claim(
                id=f"c{len(self._claims) + 1}",
                quote=turn.quote(start, len(turn.text)),
                topic=said.topic,
                verdict=said.verdict,
                confidence=0.9,
                reason="The docs say so." if said.verdict == "supported" else "Compare the passage.",
                correction=said.correction,
                evidence=[self._evidence(said)] if said.docs else [],
            )
        )

    def _evidence(self, said: made_up.Said) -> Evidence:
        passage = self._passages.setdefault(
            said.docs,
            Passage(
                id=f"d{len(self._passages) + 1}",
                url=f"https://docs.prefect.io/v3/concepts/{said.topic.replace(' ', '-')}",
                title=said.topic.capitalize(),
                text=f"{said.docs} See also the pages beside this one.",
                read_at=self._at,
                source="prefect-mcp",
                origin="Prefect's docs server",
            ),
        )
        return Evidence(
            passage_id=passage.id, quote=said.docs, **passage.model_dump(exclude={"id", "section", "text"})
        )

    def _objection(self) -> None:
        category, words = self._random.choice(made_up.OBJECTIONS)
        turn = self._say(False, words)
        answer = self._say(True, self._random.choice(made_up.TALK))
        handled = self._random.choice(made_up.HANDLED)
        self._objections.append(
            Objection(
                id=f"o{len(self._objections) + 1}",
                quote=turn.quote(0, len(turn.text)),
                category=category,
                handled=handled,
                response=None if handled == "ignored" else answer.quote(0, len(answer.text)),
                suggestion=Suggestion(text="Ask what it costs them today."),
            )
        )

    def _rival(self) -> None:
        rival, words = self._random.choices(made_up.COMPETITORS, weights=range(8, 0, -1))[0]
        if self._nth % made_up.RARE_IN == 3:
            rival, words = made_up.RARE_COMPETITOR, f"The old Quartz one, we call it {made_up.RARE_WORD}."
        turn = self._say(False, words)
        self._rivals.append(
            CompetitorMention(
                id=f"m{len(self._rivals) + 1}",
                quote=turn.quote(0, len(turn.text)),
                competitor=rival,
                context="current_tool",
                positioning=Suggestion(text="Ask what they would miss."),
            )
        )

    def _question(self) -> None:
        turn = self._say(False, self._random.choice(made_up.QUESTIONS))
        self._questions.append(
            OpenQuestion(
                id=f"q{len(self._questions) + 1}",
                quote=turn.quote(0, len(turn.text)),
                answered=self._random.random() < 0.6,
            )
        )


def _talk_stats(rep: str, buyer: str, words: int, turns: int, share: float) -> TalkStats:
    return TalkStats(
        words=words,
        turns=turns,
        rep_share=share,
        longest_monologue_s=42.0,
        longest_monologue_words=90,
        questions_by_rep=3,
        questions_by_prospect=2,
        interruptions=1,
        words_per_minute=140.0,
        speakers=[
            SpeakerTalk(
                speaker=name, side=side, words=int(words * part), share=part, questions=2, seconds=None
            )
            for name, side, part in ((rep, "internal", share), (buyer, "external", 1 - share))
        ],
    )


async def _main(data_dir: Path, count: int) -> None:
    async with Store.open(None, data_dir) as store:
        await seed(store, count)


if __name__ == "__main__":
    asyncio.run(_main(Path(sys.argv[1]), int(sys.argv[2])))
