"""The engine with two small fakes: it needs no service, no store and no network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal

import pytest

from backend.analysis.analyst import Brief, Judgement, Moments, SpottedClaim
from backend.analysis.engine import MOMENTS_OF_A_KIND, QUERIES_PER_CALL, Coach, Options
from backend.analysis.queries import write_query
from backend.errors import AnalystFailed
from backend.facts import Came, DocQuery, Fact, FactMatch, KnowledgeStatus, LookUps, Passage, PassageMatch
from backend.quotes import verify
from backend.report import Claim, Evidence, Verdict
from backend.transcript import Call, Transcript, Turn

pytestmark = pytest.mark.anyio

READ_AT = datetime(2026, 11, 1, tzinfo=UTC)
FACT = Fact(
    id="f-1",
    statement="Runs are kept for 7 days on Hobby.",
    title="Rate limits",
    url="https://docs.prefect.io/v3/concepts/rate-limits",
    section="Retention",
    terms=("Hobby", "retention", "flow runs"),
)
SAID = "On Hobby your runs stay for thirty days."
TRANSCRIPT = Transcript(
    call=Call(title="A call"),
    turns=[Turn(index=0, speaker="Mara", side="internal", text=SAID)],
    format="plain",
    warnings=["A warning of the parser's."],
)


def passage(passage_id: str, source: Literal["prefect-mcp", "pack"], text: str) -> Passage:
    return Passage(
        id=passage_id,
        url=FACT.url,
        title="Rate limits",
        text=text,
        read_at=READ_AT,
        source=source,
        origin="a test",
    )


LIVE = passage("d-1", "prefect-mcp", "Hobby workspaces keep flow runs for 7 days.")


class FakeKnowledge:
    """One fact, known to everything; `status` is how its look-ups went."""

    fingerprint = "docs 1"

    def __init__(self, status: KnowledgeStatus = "fresh", live: bool = True) -> None:
        self.status, self.live = status, live
        self.asked: list[DocQuery] = []

    def match(self, words: str, k: int, before: Sequence[str] = ()) -> list[FactMatch]:
        return [FactMatch(fact=FACT, score=9.0)]

    def rank(
        self,
        words: str,
        matches: Sequence[FactMatch],
        brought: Iterable[Passage] = (),
        before: Sequence[str] = (),
    ) -> list[PassageMatch]:
        return [PassageMatch(passage=one, score=1.0) for one in brought]

    def own_sections(self, facts: Sequence[Fact], brought: Iterable[Passage] = ()) -> list[Passage]:
        return list(brought)

    def answers(self, guide: str) -> list[Fact]:
        return []

    def positions(self, competitor: str) -> list[Passage]:
        return []

    def passage(self, fact: Fact) -> Passage:
        return passage(fact.id, "pack", fact.statement)

    async def look_up(self, queries: list[DocQuery], came: Came | None = None) -> LookUps:
        self.asked += queries
        return LookUps(passages={FACT.id: [LIVE]}, status=self.status, read_at=READ_AT, look_ups=len(queries))


class FakeAnalyst:
    """Finds the one claim, and judges it as told with the quote it is told."""

    model = None

    def __init__(
        self,
        kind: Literal["rules", "claude"] = "rules",
        verdict: Verdict = "contradicted",
        quote: str = "keep flow runs for 7 days",
        fails: Mapping[str, Exception] | None = None,
    ) -> None:
        self.kind, self.verdict, self.quote = kind, verdict, quote
        self.fingerprint = f"{kind} 1"
        self.fails = fails or {}
        self.briefs: Mapping[str, Brief] = {}

    async def spot(self, transcript: Transcript) -> Moments:
        if "spot" in self.fails:
            raise self.fails["spot"]
        quote = transcript.turns[0].quote(0, len(SAID) - 1)
        return Moments(claims=[SpottedClaim(id="c1", quote=quote, topic="retention", about=SAID)])

    async def judge(self, transcript: Transcript, moments: Moments, briefs: Mapping[str, Brief]) -> Judgement:
        if "judge" in self.fails:
            raise self.fails["judge"]
        self.briefs = briefs
        evidence = Evidence(
            quote=self.quote, passage_id=LIVE.id, **LIVE.model_dump(exclude={"id", "section", "text"})
        )
        claims = [
            Claim(
                id=spotted.id,
                quote=spotted.quote,
                topic=spotted.topic,
                verdict=self.verdict,
                confidence=0.9,
                reason="You said 30 days; it is 7.",
                correction="Hobby keeps runs for 7 days.",
                evidence=[evidence],
            )
            for spotted in moments.claims
        ]
        return Judgement(claims=claims)


async def test_a_report_holds_the_claim_its_evidence_and_the_passage_it_stands_in() -> None:
    report = await Coach(FakeKnowledge(), {"rules": FakeAnalyst()}).coach(TRANSCRIPT)
    verify(report)
    assert report.claims[0].verdict == "contradicted"
    assert report.passages == [LIVE]
    assert report.knowledge.status == "fresh"
    assert report.warnings == TRANSCRIPT.warnings


@pytest.mark.parametrize("quote", ["keep flow runs for 30 days", "", "  ", "Keep flow runs for 7 days"])
async def test_an_accusation_whose_quote_is_not_verbatim_is_left_open(quote: str) -> None:
    report = await Coach(FakeKnowledge(), {"rules": FakeAnalyst(quote=quote)}).coach(TRANSCRIPT)
    verify(report)
    claim = report.claims[0]
    assert (claim.verdict, claim.evidence, claim.correction) == ("unclear", [], None)
    assert report.follow_up is None


async def test_support_without_a_verbatim_quote_is_left_open_too() -> None:
    analyst = FakeAnalyst(verdict="supported", quote="invented")
    report = await Coach(FakeKnowledge(), {"rules": analyst}).coach(TRANSCRIPT)
    assert report.claims[0].verdict == "unclear"


async def test_the_analyst_is_briefed_with_the_fact_the_passage_read_and_the_fact_as_a_passage() -> None:
    analyst = FakeAnalyst()
    await Coach(FakeKnowledge(), {"rules": analyst}).coach(TRANSCRIPT)
    brief = analyst.briefs["c1"]
    assert [match.fact for match in brief.facts] == [FACT]
    assert [one.id for one in brief.passages] == ["d-1", "f-1"]


async def test_a_query_is_made_of_the_facts_words_alone() -> None:
    knowledge = FakeKnowledge()
    await Coach(knowledge, {"rules": FakeAnalyst()}).coach(TRANSCRIPT)
    assert [query.text for query in knowledge.asked] == ["Rate limits Retention Hobby retention flow runs"]


def test_a_query_stays_short_however_many_terms_a_fact_has() -> None:
    fact = FACT.model_copy(update={"terms": tuple(f"term{number}" for number in range(500))})
    assert len(write_query(fact).text.split()) < 30


async def test_a_call_with_many_claims_asks_a_bounded_number_of_queries() -> None:
    class Talkative(FakeKnowledge):
        def match(self, words: str, k: int, before: Sequence[str] = ()) -> list[FactMatch]:
            return [
                FactMatch(fact=FACT.model_copy(update={"id": f"f-{words}-{n}"}), score=1.0) for n in range(k)
            ]

    class Eager(FakeAnalyst):
        async def spot(self, transcript: Transcript) -> Moments:
            first = (await super().spot(transcript)).claims[0]
            many = [first.model_copy(update={"id": f"c{n}", "about": str(n)}) for n in range(1, 301)]
            return Moments(claims=many)

    knowledge = Talkative()
    await Coach(knowledge, {"rules": Eager()}).coach(TRANSCRIPT)
    assert len(knowledge.asked) == QUERIES_PER_CALL
    assert len({query.fact_id for query in knowledge.asked}) == QUERIES_PER_CALL


@pytest.mark.parametrize("failure", [AnalystFailed("Claude answered 529."), KeyError("a flaw of ours")])
@pytest.mark.parametrize("step", ["spot", "judge"])
async def test_whatever_claude_raises_rules_finish_the_report(step: str, failure: Exception) -> None:
    analysts = {"rules": FakeAnalyst(), "claude": FakeAnalyst("claude", fails={step: failure})}
    report = await Coach(FakeKnowledge(), analysts, "claude").coach(TRANSCRIPT)
    judged_by = "claude" if step == "spot" and isinstance(failure, AnalystFailed) else "rules"
    assert (report.analyst.kind, report.analyst.fell_back) == (judged_by, True)
    assert report.analyst.why
    assert "a flaw of ours" not in report.analyst.why
    assert report.claims


def test_the_content_key_changes_with_the_call_the_docs_and_the_analyst_and_with_nothing_else() -> None:
    coach = Coach(FakeKnowledge(), {"rules": FakeAnalyst(), "claude": FakeAnalyst("claude")})
    key = coach.content_key(TRANSCRIPT, Options())
    assert key == coach.content_key(TRANSCRIPT.model_copy(deep=True), Options(analyst="rules"))
    other_docs = FakeKnowledge()
    other_docs.fingerprint = "docs 2"
    others = {
        coach.content_key(TRANSCRIPT, Options(enrich=False)),
        coach.content_key(TRANSCRIPT, Options(analyst="claude")),
        coach.content_key(TRANSCRIPT.model_copy(update={"call": Call(title="Another")}), Options()),
        Coach(other_docs, {"rules": FakeAnalyst()}).content_key(TRANSCRIPT, Options()),
    }
    assert len(others) == 4
    assert key not in others


@pytest.mark.parametrize(
    ("made", "live", "better"),
    [("fresh", True, False), ("snapshot", True, True), ("degraded", True, True), ("snapshot", False, False)],
)
async def test_a_report_could_be_better_when_the_docs_are_back(
    made: KnowledgeStatus, live: bool, better: bool
) -> None:
    report = await Coach(FakeKnowledge(made), {"rules": FakeAnalyst()}).coach(TRANSCRIPT)
    assert Coach(FakeKnowledge(live=live), {"rules": FakeAnalyst()}).could_do_better(report) is better


class Talkative(FakeAnalyst):
    """Finds the one claim as often as it is told."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times

    async def spot(self, transcript: Transcript) -> Moments:
        (claim,) = (await super().spot(transcript)).claims
        claims = [claim.model_copy(update={"id": f"c{nth}"}) for nth in range(1, self.times + 1)]
        return Moments(claims=claims)


class CountingKnowledge(FakeKnowledge):
    def __init__(self) -> None:
        super().__init__()
        self.matched: list[str] = []

    def match(self, words: str, k: int, before: Sequence[str] = ()) -> list[FactMatch]:
        self.matched.append(words)
        return super().match(words, k, before)


async def test_of_endlessly_many_claims_the_first_are_judged_and_a_warning_names_how_many_there_are() -> None:
    coach = Coach(FakeKnowledge(), {"rules": Talkative(MOMENTS_OF_A_KIND + 7)})
    report = await coach.coach(TRANSCRIPT)
    assert [claim.id for claim in report.claims] == [f"c{nth}" for nth in range(1, MOMENTS_OF_A_KIND + 1)]
    (told,) = (one for one in report.warnings if "claims" in one)
    assert f"{MOMENTS_OF_A_KIND + 7:,} product claims" in told
    assert f"first {MOMENTS_OF_A_KIND}" in told


async def test_as_many_claims_as_are_allowed_are_all_judged_without_a_warning() -> None:
    report = await Coach(FakeKnowledge(), {"rules": Talkative(MOMENTS_OF_A_KIND)}).coach(TRANSCRIPT)
    assert len(report.claims) == MOMENTS_OF_A_KIND
    assert report.warnings == TRANSCRIPT.warnings


async def test_the_same_words_said_again_are_matched_once() -> None:
    knowledge = CountingKnowledge()
    await Coach(knowledge, {"rules": Talkative(50)}).coach(TRANSCRIPT)
    assert sorted(set(knowledge.matched)) == sorted(knowledge.matched)
