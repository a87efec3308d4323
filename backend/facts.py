"""What is known about the product, as the analysis sees it: facts, passages, and where they were read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

Source = Literal["prefect-mcp", "snapshot", "pack"]
Edition = Literal["both", "cloud", "oss", "integration"]
Confidence = Literal["high", "medium", "low"]
KnowledgeStatus = Literal["fresh", "stale", "snapshot", "off", "degraded"]


class Frozen(BaseModel):
    """Pack and passages are shared between analyses, so they cannot be changed."""

    model_config = ConfigDict(frozen=True)


class Scope(Frozen):
    """Where a fact holds: edition, plans (None: not limited to plans) and the version it came with."""

    edition: Edition = "both"
    plans: tuple[str, ...] | None = None
    since: str | None = None


class WrongVersion(Frozen):
    """A false, overstated or outdated way to put a fact, and what is wrong with it."""

    claim: str
    why: str | None = None


class Fact(Frozen):
    """One atomic statement about the product in our own words, with its source and date."""

    id: str
    statement: str
    title: str
    url: str | None
    section: str = ""
    terms: tuple[str, ...] = ()
    asks: tuple[str, ...] = ()
    wrong: tuple[WrongVersion, ...] = ()
    scope: Scope = Scope()
    as_of: date | None = None
    confidence: Confidence = "high"
    topic: str = ""
    conflict: str | None = None
    conflicts_with: str | None = None
    accuses_until: date | None = None

    @property
    def may_accuse(self) -> bool:
        """Only a sure fact with a public source that no other page disputes may settle against a rep, and
        none after its last day: what ages fast is not held against anybody."""
        sure = self.confidence == "high" and self.url is not None and self.conflict is None
        return sure and (self.accuses_until is None or date.today() <= self.accuses_until)


@dataclass(frozen=True, slots=True)  # made forty to a moment: a model would take ten times as long
class FactMatch:
    """A fact found for some words. `score` is higher for a better match, comparable within one search."""

    fact: Fact
    score: float


class Passage(Frozen):
    """Words that can be quoted as evidence, where they stand, and when they were read there.

    `origin` names who answered, in words for the user: a docs server's own name, a local copy, the pack.
    """

    id: str
    url: str | None
    title: str
    section: str = ""
    text: str
    read_at: datetime
    source: Source
    origin: str


class CitedPassage(NamedTuple):
    """A passage that the verdict on a claim rests on, as it read when the claim was judged. `quote` is what
    was quoted of it, `text_hash` stands for the whole."""

    report_id: str
    claim_id: str
    verdict: str
    passage_id: str
    url: str | None
    source: Source
    read_at: datetime
    text_hash: str
    quote: str


def text_hash(text: str) -> str:
    """The same for the same words of a passage; spacing makes no other words."""
    return hashlib.sha256(" ".join(text.split()).encode()).hexdigest()[:32]


class PassageMatch(NamedTuple):
    """A passage found for some words. `score` is higher for a better match, comparable within one search."""

    passage: Passage
    score: float


class DocQuery(Frozen):
    """A documentation query. Written by `analysis.queries` from a fact's own words, from nothing else."""

    text: str
    fact_id: str
    url: str | None


Came = Callable[[int, int], None]
"""Told while look-ups are under way how many are settled, of how many."""


class LookUps(BaseModel):
    """What a batch of queries brought: passages by fact id, best first, and how it went."""

    passages: dict[str, list[Passage]] = Field(default_factory=dict)
    status: KnowledgeStatus = "off"
    read_at: datetime | None = None
    sources: list[str] = Field(default_factory=list)
    look_ups: int = 0
    cache_hits: int = 0
    failed: int = 0
    ms: float = 0.0
    warnings: list[str] = Field(default_factory=list)


class KeptAnswer(NamedTuple):
    """A docs tool's answer as the store keeps it: JSON, and when it was read, in seconds since 1970."""

    key: str
    tool: str
    read_at: float
    body: str


class CompetitorFact(Frozen):
    """A dated, sourced statement about another product. Strengths are named as such."""

    id: str
    kind: Literal["strength", "limit", "neutral"]
    statement: str
    url: str | None
    title: str
    as_of: str
    confidence: Confidence


class Competitor(Frozen):
    """Another product: its names as people say them (and as speech recognition hears them), and facts.

    `contrast` says fairly, in our own words, where it is strong and where Prefect is.
    """

    id: str
    name: str
    aliases: tuple[str, ...]
    facts: tuple[CompetitorFact, ...]
    contrast: str = ""


class ObjectionGuide(Frozen):
    """A kind of objection: how it sounds, the facts that answer it, what a good and a bad answer does."""

    id: str
    name: str
    category: str
    utterances: tuple[str, ...]
    answer_facts: tuple[str, ...]
    good_answer: tuple[str, ...]
    bad_answer: tuple[str, ...]
    clarifying_question: str | None = None
