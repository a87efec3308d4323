"""Small calls written for a test, and the labelled calls where they are at hand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from backend import formats
from backend.analysis.analyst import Brief, Moments, SpottedClaim, SpottedObjection, SpottedQuestion
from backend.facts import Fact, FactMatch, Passage
from backend.formats import CallHints, HintedParticipant, Limits
from backend.services.docs_snapshot import Snapshot
from backend.transcript import Call, Quote, Side, Transcript, Turn

SIDES: dict[str, Side] = {"Rep": "internal", "Buyer": "external", "Someone": "unknown", "Other": "unknown"}


class Label(BaseModel):
    model_config = ConfigDict(extra="ignore")

    quote: str
    speaker: str | None = None
    start_s: float | None = None
    verdict: str = ""
    category: str = ""
    canonical: str = ""


class Labels(BaseModel):
    model_config = ConfigDict(extra="ignore")

    id: str
    rep_names: list[str]
    prospect_names: list[str]
    claims: list[Label]
    objections: list[Label]
    competitors: list[Label]


def call(*said: str) -> Transcript:
    """A call from lines like "Rep: It is free." and "Buyer: Really?"."""
    turns = []
    for index, line in enumerate(said):
        speaker, _, text = line.partition(": ")
        turns.append(Turn(index=index, speaker=speaker, side=SIDES[speaker], text=text))
    return Transcript(call=Call(), turns=turns, format="plain")


def fact_passage(fact: Fact) -> Passage:
    return Passage(
        id=fact.id,
        url=fact.url,
        title=fact.title,
        text=fact.statement,
        read_at=datetime(2026, 11, 1, tzinfo=UTC),
        source="pack",
        origin="a test",
    )


def brief(*facts: Fact) -> Brief:
    """A brief in which all these facts match alike."""
    return Brief(
        facts=[FactMatch(fact=fact, score=20.0) for fact in facts],
        passages=[fact_passage(fact) for fact in facts],
    )


def briefs(snapshot: Snapshot, moments: Moments) -> dict[str, Brief]:
    """What the pack knows of each moment, without any docs server."""
    asked: list[SpottedClaim | SpottedObjection | SpottedQuestion]
    asked = [*moments.claims, *moments.objections, *moments.questions]
    found = {one.id: [match.fact for match in snapshot.match(one.about, 12)] for one in asked}
    by_moment = {moment: brief(*facts) for moment, facts in found.items()}
    positions = {one.id: Brief(passages=snapshot.positions(one.competitor)) for one in moments.competitors}
    return by_moment | positions


def labelled(shared: Path) -> list[tuple[Transcript, Labels]]:
    """The labelled calls, with the sides that their labels tell."""
    return [_labelled(folder) for folder in sorted((shared / "calls").glob("dev-*"))]


def _labelled(folder: Path) -> tuple[Transcript, Labels]:
    labels = Labels.model_validate_json((folder / "labels.json").read_bytes())
    file = next(folder.glob("transcript.*"))
    hints = CallHints(
        participants=[
            *(HintedParticipant(name=name, side="internal") for name in labels.rep_names),
            *(HintedParticipant(name=name, side="external") for name in labels.prospect_names),
        ]
    )
    limits = Limits(max_turns=5_000, max_words=50_000)
    return formats.parse(file.read_bytes(), limits=limits, hints=hints, filename=file.name), labels


def places(transcript: Transcript, labels: Iterable[Label]) -> list[Quote]:
    """Where the labelled quotes stand; of several places, the one nearest in time."""
    found = []
    for label in labels:
        turns = [
            turn for turn in transcript.turns if label.quote in turn.text and turn.speaker == label.speaker
        ]
        nearest = min(turns, key=lambda turn: abs((turn.start_s or 0) - (label.start_s or 0)))
        quote = nearest.find(label.quote)
        assert quote is not None
        found.append(quote)
    return found


def overlap(one: Quote, other: Quote) -> bool:
    """Whether two quotes share at least half of the shorter one."""
    if one.turn != other.turn:
        return False
    shared = min(one.char_end, other.char_end) - max(one.char_start, other.char_start)
    return 2 * shared >= min(one.char_end - one.char_start, other.char_end - other.char_start)


def f1(found: list[Quote], gold: list[Quote]) -> float:
    right = sum(any(overlap(one, other) for other in gold) for one in found)
    hit = sum(any(overlap(one, other) for other in found) for one in gold)
    precision, recall = right / max(1, len(found)), hit / max(1, len(gold))
    return 2 * precision * recall / max(1e-9, precision + recall)
