"""The coaching report: one shape for the API's answer, the stored body, the page and the export."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field

from backend.facts import KnowledgeStatus, Passage, Source
from backend.rubric import Level
from backend.spending import ClaudeUsage
from backend.transcript import Call, Quote, Role, Turn

REPORT_VERSION = 1

Verdict = Literal[
    "supported",
    "contradicted",
    "overstated",
    "outdated",
    "not_in_docs",
    "docs_conflict",
    "out_of_scope",
    "unclear",
    "not_checked",
]
ACCUSING: frozenset[Verdict] = frozenset({"contradicted", "overstated", "outdated"})
"""The verdicts that tell a rep they were wrong. Each needs a verified quote, or it becomes `unclear`."""

ObjectionCategory = Literal[
    "status_quo",
    "build_in_house",
    "price",
    "security",
    "lock_in",
    "migration_effort",
    "maturity",
    "scale",
    "feature_gap",
    "timing",
    "authority",
    "support",
    "compliance",
    "other",
]
Handling = Literal["well", "partly", "poorly", "ignored"]
HandlingKind = Literal["acknowledged", "asked", "answered", "confirmed"]
CompetitorContext = Literal["current_tool", "evaluating", "past", "passing"]
AnalystKind = Literal["rules", "claude"]


class Evidence(BaseModel):
    """Words of a passage that settle something. `quote` is verbatim in `passages[passage_id].text`.

    `origin` says in words who answered: Prefect's docs server, our own, a local copy, the pack.
    """

    passage_id: str
    url: str | None
    title: str
    quote: str
    read_at: datetime
    source: Source
    origin: str


class Dispute(BaseModel):
    """Somebody does not agree with what was found. Open until it is withdrawn, or answered by a ruling."""

    id: str
    by: str
    at: datetime
    reason: str
    withdrawn_at: datetime | None = None
    answered_at: datetime | None = None

    @property
    def open(self) -> bool:
        return self.withdrawn_at is None and self.answered_at is None


class Decision(BaseModel):
    """Who decided, when, and why."""

    by: str
    at: datetime
    reason: str


class Ruling(Decision):
    """A person's verdict on a claim: it stands. `found` is the analyst's, with what the analyst said; they
    are equal where that was upheld. `found_then` is what the analyst had found when the ruling was made,
    where a later analysis finds otherwise."""

    verdict: Verdict
    found: Verdict
    found_reason: str
    found_correction: str | None = None
    found_confidence: float = 1.0
    found_then: Verdict | None = None

    @property
    def upheld(self) -> bool:
        return self.verdict == self.found


class Claim(BaseModel):
    """Something asserted about the product, and what the documentation says of it.

    `verdict`, `confidence`, `reason` and `correction` are those that stand: the analyst's, or where `ruling`
    overrules these, a person's. `disputes` and `former_rulings`, which `ruling` replaced: oldest first.
    """

    id: str
    quote: Quote
    topic: str
    verdict: Verdict
    confidence: float = Field(ge=0, le=1)
    reason: str
    correction: str | None = None
    evidence: list[Evidence] = Field(default_factory=list)
    disputes: list[Dispute] = Field(default_factory=list)
    ruling: Ruling | None = None
    former_rulings: list[Ruling] = Field(default_factory=list)

    @property
    def judged(self) -> bool:
        """Whether a person said anything of it."""
        return bool(self.disputes or self.ruling or self.former_rulings)


class Suggestion(BaseModel):
    """What to say next time, and what it rests on."""

    text: str
    evidence: list[Evidence] = Field(default_factory=list)


class HandlingStep(BaseModel):
    """Something that was done about an objection, and the words it was done in: `confirmed` is that it was
    settled, by our asking so or by their saying so."""

    kind: HandlingKind
    quote: Quote


class HandlingRuling(Decision):
    """A person's word on how an objection was handled: it stands. `handled` is None where they say that it
    was no objection; `found` is the analyst's, `found_then` as in `Ruling`."""

    handled: Handling | None
    found: Handling
    found_then: Handling | None = None

    @property
    def upheld(self) -> bool:
        return self.handled == self.found


class Objection(BaseModel):
    """`steps` are in the order they were said; empty in a report from before they were looked for.

    `handled` is what stands. `lowered_from` is what the handling would be had no claim in the answer been
    wrong. `disputes`, `ruling` and `former_rulings` as in `Claim`.
    """

    id: str
    quote: Quote
    category: ObjectionCategory
    handled: Handling
    lowered_from: Handling | None = None
    response: Quote | None = None
    steps: list[HandlingStep] = Field(default_factory=list)
    suggestion: Suggestion
    disputes: list[Dispute] = Field(default_factory=list)
    ruling: HandlingRuling | None = None
    former_rulings: list[HandlingRuling] = Field(default_factory=list)

    @property
    def judged(self) -> bool:
        """Whether a person said anything of it."""
        return bool(self.disputes or self.ruling or self.former_rulings)


class CompetitorMention(BaseModel):
    id: str
    quote: Quote
    competitor: str
    context: CompetitorContext
    positioning: Suggestion


class OpenQuestion(BaseModel):
    id: str
    quote: Quote
    answered: bool
    suggestion: Suggestion | None = None


class SpeakerTalk(BaseModel):
    """One speaker's part of the call. `share` is of all words, 0 to 1."""

    speaker: str
    side: str
    words: int
    share: float
    questions: int
    seconds: float | None


class TalkStats(BaseModel):
    """Counted, never judged. None where the transcript has no times or sides to count from.

    `rep_share` is the internal side's share of the words, 0 to 1; `interruptions` are turns that begin
    before the one before them ends.
    """

    words: int
    turns: int
    rep_share: float | None
    longest_monologue_s: float | None
    longest_monologue_words: int
    questions_by_rep: int | None
    questions_by_prospect: int | None
    interruptions: int | None
    words_per_minute: float | None
    speakers: list[SpeakerTalk]


TalkKind = Literal[
    "our_question", "their_question", "long_turn", "cut_in", "on_rival", "next_step", "closing"
]


class TalkMoment(BaseModel):
    """Words that a score counts and that are neither claim, objection, mention nor open question."""

    id: str
    kind: TalkKind
    quote: Quote


class Score(BaseModel):
    """0 to 100, or None where the call gave no occasion. `because` holds the ids of the moments counted.

    `why` says in a sentence what was counted, or why there is no score. `level`, `good`, `fair`, `poor` and
    `measured` are the rubric's at that time, as sentences.
    """

    name: str
    value: int | None
    because: list[str] = Field(default_factory=list)
    level: Level | None = None
    why: str = ""
    good: str = ""
    fair: str = ""
    poor: str = ""
    measured: list[str] = Field(default_factory=list)


class RubricUsed(BaseModel):
    """The scorecard that the scores are by. `why` says in a sentence why this one."""

    id: Role
    name: str
    version: int
    why: str


class Strength(BaseModel):
    text: str
    quotes: list[str]


class Priority(BaseModel):
    title: str
    why: str
    do: str
    quotes: list[str]


class FollowUp(BaseModel):
    """A note to the prospect, ready to send."""

    subject: str
    body: str


class AnalystUsed(BaseModel):
    """Who analysed. `fell_back` means that rules answered some or all of what Claude was asked, for the
    reason in `why`; `usage` is what Claude took, None in a report from before it was counted."""

    kind: AnalystKind
    model: str | None = None
    fell_back: bool = False
    why: str | None = None
    usage: ClaudeUsage | None = None


class KnowledgeUsed(BaseModel):
    """How the product knowledge was come by. `read_at` is the oldest reading of a docs
    server among what was used, else that of the local snapshot."""

    status: KnowledgeStatus
    read_at: datetime | None
    sources: list[str]
    look_ups: int
    cache_hits: int
    failed: int
    ms: float


class FormerJudgement(BaseModel):
    """What was said of a call's claims before the documentation changed, with the passages cited then.

    `because` are sentences on what had changed when the call was judged anew, at `replaced_at`.
    """

    judged_at: datetime
    replaced_at: datetime
    because: list[str]
    analyst: AnalystUsed
    claims: list[Claim]
    passages: list[Passage]


class CoachingReport(BaseModel):
    """Everything Call Coach says of one call. `passages` holds the text of each passage cited, `history` what
    was said of its claims before the documentation changed, oldest first; `dismissed` are objections of which
    a person said that they are none."""

    id: str
    version: int = REPORT_VERSION
    created_at: datetime
    content_key: str
    call: Call
    turns: list[Turn]
    analyst: AnalystUsed
    knowledge: KnowledgeUsed
    talk: TalkStats
    claims: list[Claim] = Field(default_factory=list)
    objections: list[Objection] = Field(default_factory=list)
    dismissed: list[Objection] = Field(default_factory=list)
    competitors: list[CompetitorMention] = Field(default_factory=list)
    questions: list[OpenQuestion] = Field(default_factory=list)
    rubric: RubricUsed | None = None
    scores: list[Score] = Field(default_factory=list)
    talk_moments: list[TalkMoment] = Field(default_factory=list)
    strengths: list[Strength] = Field(default_factory=list)
    priorities: list[Priority] = Field(default_factory=list, max_length=3)
    follow_up: FollowUp | None = None
    warnings: list[str] = Field(default_factory=list)
    passages: list[Passage] = Field(default_factory=list)
    history: list[FormerJudgement] = Field(default_factory=list)

    def moments(self) -> list[Claim | Objection | CompetitorMention | OpenQuestion]:
        """Everything found in the call, kind by kind."""
        return [*self.claims, *self.objections, *self.competitors, *self.questions]

    def wrong_claims(self) -> list[Claim]:
        """The claims whose verdict accuses the rep, in the order they were made."""
        return [claim for claim in self.claims if claim.verdict in ACCUSING]

    def formerly(self, claim: Claim) -> list[tuple[FormerJudgement, Claim]]:
        """What was said of the same words before, newest first, where it was another verdict."""
        return [
            (former, before)
            for former in reversed(self.history)
            for before in former.claims
            if before.verdict != claim.verdict
            and (before.quote.turn, before.quote.char_start) == (claim.quote.turn, claim.quote.char_start)
        ]
