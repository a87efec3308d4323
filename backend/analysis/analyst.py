"""What an analyst is asked and answers. `rules` and `claude` are the two that exist."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol, TypeVar

from pydantic import BaseModel, Field

from backend.facts import Came, DocQuery, Fact, FactMatch, LookUps, Passage, PassageMatch
from backend.report import (
    AnalystKind,
    Claim,
    CompetitorContext,
    CompetitorMention,
    Objection,
    ObjectionCategory,
    OpenQuestion,
)
from backend.transcript import Quote, Transcript

M = TypeVar("M", Claim, Objection, CompetitorMention, OpenQuestion)


class SpottedClaim(BaseModel):
    """A product assertion. `about` is what is being claimed, in the analyst's words, for matching facts:
    for a bare "yes, it does" it is the question that was agreed to."""

    id: str
    quote: Quote
    topic: str
    about: str


class SpottedObjection(BaseModel):
    """`about` as for a claim; `response` is what our side said after it; `guide` the id of the pack's
    objection guide it sounds like."""

    id: str
    quote: Quote
    category: ObjectionCategory
    about: str
    response: Quote | None = None
    guide: str | None = None


class SpottedCompetitor(BaseModel):
    """`competitor` is an id of the pack's competitors, "in_house" or "other"."""

    id: str
    quote: Quote
    competitor: str
    context: CompetitorContext


class SpottedQuestion(BaseModel):
    id: str
    quote: Quote
    answered: bool
    about: str


S = TypeVar("S", SpottedClaim, SpottedObjection, SpottedCompetitor, SpottedQuestion)
Spotted = SpottedClaim | SpottedObjection | SpottedCompetitor | SpottedQuestion


class Moments(BaseModel):
    """What matters in a call, each kind in the order it was said. Ids are c1, o1, m1, q1 and so on.

    `unread` are the turns that the analyst could not read, for the reason in `why`.
    """

    claims: list[SpottedClaim] = Field(default_factory=list)
    objections: list[SpottedObjection] = Field(default_factory=list)
    competitors: list[SpottedCompetitor] = Field(default_factory=list)
    questions: list[SpottedQuestion] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    unread: frozenset[int] = frozenset()
    why: str | None = None

    def all(self) -> list[Spotted]:
        """Every moment, kind by kind."""
        return [*self.claims, *self.objections, *self.competitors, *self.questions]

    def with_those_of(self, other: Moments) -> Moments:
        """These, and the other's moments in the turns that were not read."""

        def filled(letter: str, mine: list[S], others: list[S]) -> list[S]:
            every = list(mine)
            every.extend(one for one in others if one.quote.turn in self.unread)
            every.sort(key=lambda one: (one.quote.turn, one.quote.char_start))
            return [one.model_copy(update={"id": f"{letter}{nth}"}) for nth, one in enumerate(every, 1)]

        return Moments(
            claims=filled("c", self.claims, other.claims),
            objections=filled("o", self.objections, other.objections),
            competitors=filled("m", self.competitors, other.competitors),
            questions=filled("q", self.questions, other.questions),
            warnings=[*self.warnings, *other.warnings],
        )

    def only(self, ids: Collection[str]) -> Moments:
        """The moments with these ids, and nothing besides."""
        return Moments(
            claims=[one for one in self.claims if one.id in ids],
            objections=[one for one in self.objections if one.id in ids],
            competitors=[one for one in self.competitors if one.id in ids],
            questions=[one for one in self.questions if one.id in ids],
        )


class Brief(BaseModel):
    """What is known about one moment: facts, best first, and passages that can be quoted, best first.

    Every fact has a passage of its own in `passages` (source "pack", id equal to the fact's id); so have
    the pack's facts about a competitor, in the brief of a mention of it.
    """

    facts: list[FactMatch] = Field(default_factory=list)
    passages: list[Passage] = Field(default_factory=list)


class Judgement(BaseModel):
    """The moments with verdicts, answers and positioning. Ids are those of the moments judged.

    `unjudged` are those that the analyst could not judge, for the reason in `why`.
    """

    claims: list[Claim] = Field(default_factory=list)
    objections: list[Objection] = Field(default_factory=list)
    competitors: list[CompetitorMention] = Field(default_factory=list)
    questions: list[OpenQuestion] = Field(default_factory=list)
    warnings: list[str] = Field(default_factory=list)
    unjudged: frozenset[str] = frozenset()
    why: str | None = None

    def with_those_of(self, other: Judgement) -> Judgement:
        """This one with the other's moments in place of those it could not judge, in the same order."""

        def filled(mine: list[M], others: list[M]) -> list[M]:
            by_id = {one.id: one for one in others if one.id in self.unjudged}
            return [by_id.get(one.id, one) for one in mine]

        return Judgement(
            claims=filled(self.claims, other.claims),
            objections=filled(self.objections, other.objections),
            competitors=filled(self.competitors, other.competitors),
            questions=filled(self.questions, other.questions),
            warnings=[*self.warnings, *other.warnings],
            why=self.why,
        )


class Analyst(Protocol):
    """Finds the moments of a call and judges them. Raises AnalystFailed when it cannot."""

    @property
    def kind(self) -> AnalystKind: ...
    @property
    def model(self) -> str | None: ...
    @property
    def fingerprint(self) -> str:
        """Changes whenever the same call could be judged differently: prompts, model, rules version."""
        ...

    async def spot(self, transcript: Transcript) -> Moments: ...

    async def judge(self, transcript: Transcript, moments: Moments, briefs: Mapping[str, Brief]) -> Judgement:
        """Judge each moment by its brief. A moment without a brief had no knowledge to be checked against."""
        ...


class Knowledge(Protocol):
    """Where facts and passages come from. Never raises for an outage: `LookUps` says what was missing."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the same call could meet other facts: pack, synced docs, docs server."""
        ...

    @property
    def live(self) -> bool:
        """Whether a docs server could answer now."""
        ...

    def match(self, words: str, k: int, before: Sequence[str] = ()) -> list[FactMatch]:
        """The facts closest to words as spoken, best first; `before` is what was said before them, the
        nearest first. Local: the words go nowhere."""
        ...

    def rank(
        self,
        words: str,
        matches: Sequence[FactMatch],
        brought: Iterable[Passage] = (),
        before: Sequence[str] = (),
    ) -> list[PassageMatch]:
        """What a look-up brought and what is kept here of the facts' pages, best first. Local as well."""
        ...

    def own_sections(self, facts: Sequence[Fact], brought: Iterable[Passage] = ()) -> list[Passage]:
        """Of what a look-up brought and of what is kept here, the very sections that the facts are about."""
        ...

    def answers(self, guide: str) -> list[Fact]:
        """The facts that answer objections of this kind (an ObjectionGuide's id), most useful first."""
        ...

    def positions(self, competitor: str) -> list[Passage]:
        """The pack's dated facts about a competitor, as passages."""
        ...

    def passage(self, fact: Fact) -> Passage:
        """The fact itself as a passage of the pack."""
        ...

    async def look_up(self, queries: list[DocQuery], came: Came | None = None) -> LookUps:
        """Passages by fact id, best first: from the docs server through the cache, else from the local
        snapshot; the fact itself always stands last as a passage of the pack."""
        ...
