"""Through the whole engine: which facts may settle a claim against a rep, and which are never a link.

The words are wrong beyond doubt each time; only the fact they are held against differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from backend.analysis.analyst import Analyst, Brief
from backend.analysis.comparison import Comparison
from backend.analysis.engine import Coach, Options
from backend.analysis.prompts import Prompts
from backend.analysis.rules import RulesAnalyst
from backend.facts import Came, DocQuery, Fact, FactMatch, LookUps, Passage, PassageMatch, WrongVersion
from backend.quotes import verify
from backend.report import ACCUSING, Claim
from backend.services.docs_snapshot import Snapshot
from backend.services.pack import PRICES_ACCUSE_DAYS, read_pack
from backend.settings import Settings
from tests.analysis.calls import call, fact_passage
from tests.analysis.test_accusations import PackAlone
from tests.claude_server import ClaudeServer, Sensible
from tests.conftest import REPO

pytestmark = pytest.mark.anyio

SAID = "On Hobby you keep your run history for thirty days."
TODAY = date.today()
SURE = Fact(
    id="pr-001",
    statement="Run history is kept 7 days on Hobby and 30 days on Pro.",
    title="Retention",
    url="https://docs.prefect.io/v3/concepts/rate-limits",
    wrong=(WrongVersion(claim="Run history is kept 30 days on Hobby."),),
    as_of=TODAY,
    accuses_until=TODAY,
)
UNFIT = {
    "past its day": SURE.model_copy(update={"accuses_until": TODAY - timedelta(days=1)}),
    "without a public source": SURE.model_copy(update={"url": None}),
    "unsure": SURE.model_copy(update={"confidence": "medium"}),
    "disputed by another page": SURE.model_copy(update={"conflict": "The plans page says 14 days."}),
}


class OneFact:
    """A knowledge that holds one fact, and what a docs server answers for it, if anything."""

    fingerprint, live = "one fact", True

    def __init__(self, fact: Fact, *passages: Passage) -> None:
        self._fact, self._passages = fact, list(passages)

    def match(self, words: str, k: int, before: Sequence[str] = ()) -> list[FactMatch]:
        return [FactMatch(fact=self._fact, score=20.0)]

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
        return fact_passage(fact)

    async def look_up(self, queries: list[DocQuery], came: Came | None = None) -> LookUps:
        passages = {query.fact_id: [*self._passages, fact_passage(self._fact)] for query in queries}
        return LookUps(passages=passages, status="fresh", look_ups=len(queries))


async def judged(knowledge: OneFact, analyst: Analyst | None = None) -> Claim:
    """What becomes of the wrong claim, in a report that verifies."""
    analysts: dict[str, Analyst] = {"rules": RulesAnalyst((), (), str)}
    if analyst:
        analysts["claude"] = analyst
    coach = Coach(knowledge, analysts)
    talk = call(f"Rep: {SAID}", "Buyer: Okay.")
    report = await coach.coach(talk, Options(analyst="claude" if analyst else "rules"))
    verify(report)
    assert not report.analyst.fell_back, report.analyst.why
    (claim,) = report.claims
    return claim


async def judged_by_claude(knowledge: OneFact, told: str = "contradicted") -> Claim:
    """Claude is told to accuse, and quotes whatever it was shown."""
    # Anthropic's SDK is slow to import, and only these tests need it.
    from backend.analysis.claude import ClaudeAnalyst

    with ClaudeServer(Sensible(claims={SAID: told})) as server:
        settings = Settings.model_validate({"anthropic_api_key": "k", "anthropic_base_url": server.url})
        claude = ClaudeAnalyst.from_settings(settings, Prompts.load(REPO / "prompts"), (), (), max_retries=0)
        try:
            return await judged(knowledge, claude)
        finally:
            await claude.close()


async def test_a_sure_fact_on_its_last_day_settles_the_claim() -> None:
    for claim in (await judged(OneFact(SURE)), await judged_by_claude(OneFact(SURE))):
        assert claim.verdict in ACCUSING
        assert [one.url for one in claim.evidence] == [SURE.url]


@pytest.mark.parametrize("why", UNFIT)
async def test_an_unfit_fact_accuses_nobody_by_the_rules(why: str) -> None:
    assert (await judged(OneFact(UNFIT[why]))).verdict not in ACCUSING


@pytest.mark.parametrize("why", UNFIT)
async def test_an_unfit_fact_accuses_nobody_however_claude_judges(why: str) -> None:
    claim = await judged_by_claude(OneFact(UNFIT[why]))
    assert (claim.verdict, claim.correction) == ("unclear", None)


@pytest.mark.parametrize("told", ["contradicted", "supported"])
async def test_a_fact_without_a_public_source_is_shown_without_a_link(told: str) -> None:
    claim = await judged_by_claude(OneFact(UNFIT["without a public source"]), told)
    assert claim.evidence
    assert all(one.url is None for one in claim.evidence)


async def test_a_docs_answer_without_an_address_accuses_nobody() -> None:
    fact = UNFIT["without a public source"].model_copy(update={"terms": ("retention", "Hobby")})
    passage = fact_passage(fact).model_copy(update={"id": "d-1", "source": "prefect-mcp"})
    assert (await judged_by_claude(OneFact(fact, passage))).verdict == "unclear"
    linked = passage.model_copy(update={"url": SURE.url})
    assert (await judged_by_claude(OneFact(fact, linked))).verdict == "contradicted"


# -- The pack's own facts


def test_every_price_of_the_pack_has_a_last_day_and_no_other_fact_has() -> None:
    facts = read_pack(REPO / "knowledge").facts
    prices = [fact for fact in facts if fact.topic == "pricing"]
    assert len(prices) > 50
    for fact in prices:
        expected = fact.as_of + timedelta(days=PRICES_ACCUSE_DAYS) if fact.as_of else date.min
        assert fact.accuses_until == expected
    assert all(fact.accuses_until is None for fact in facts if fact.topic != "pricing")
    assert not any(fact.may_accuse for fact in prices if fact.as_of is None)


def test_the_last_day_survives_the_index(tmp_path: Path) -> None:
    Snapshot.open(tmp_path, REPO / "knowledge").close()
    again = Snapshot.open(tmp_path, REPO / "knowledge")
    (price,) = again.facts(["pr-010"])
    again.close()
    assert price.accuses_until is not None
    assert again.passage(price).read_at == datetime.combine(price.as_of or TODAY, datetime.min.time(), UTC)


@pytest.mark.slow
async def test_what_the_pack_says_is_held_against_no_rep_who_says_it(tmp_path: Path) -> None:
    """A true statement accused would be a wrong version, or a rule, that reaches too far."""
    snapshot = Snapshot.open(tmp_path, REPO / "knowledge")
    pack = snapshot.pack
    rules = RulesAnalyst(pack.competitors, pack.objections, pack.hear)
    coach = Coach(PackAlone(snapshot), {"rules": rules})
    accused = []
    for fact in pack.facts:
        report = await coach.coach(call(f"Rep: {fact.statement}", "Buyer: Okay."))
        accused += [(fact.id, claim.reason) for claim in report.claims if claim.verdict in ACCUSING]
    snapshot.close()
    assert accused == []


WRONG_WAYS_TO_ASK = {
    "caching is on by default in three",
    "every plan lets you create unlimited workspaces",
    "on free you can plug in your own workers",
    "once you've served it, the cloud takes over running it",
    "variables are encrypted like everything else",
    "you always need a worker on Azure",
    "it only runs Python flows on the cluster",
}
"""Ways a fact comes up that state what it calls wrong, as a prospect would."""


@pytest.mark.slow
async def test_no_way_a_fact_comes_up_is_held_against_a_rep_unless_it_states_a_wrong_version(
    tmp_path: Path,
) -> None:
    """Each fact and each wrong version added to the pack is a new way to accuse: these are thousands of
    sentences as people say them, nearly all of them innocent."""
    snapshot = Snapshot.open(tmp_path, REPO / "knowledge")
    pack = snapshot.pack
    comparison = Comparison()
    accused = set()
    for ask in {ask for fact in pack.facts for ask in fact.asks}:
        known = Brief(facts=snapshot.match(ask, 12))
        if comparison.judge(pack.hear(ask), ask, known).verdict in ACCUSING:
            accused.add(ask)
    snapshot.close()
    assert accused <= WRONG_WAYS_TO_ASK


ACCUSED_OF_WRONG = 0.74
"""The share of the pack's wrong versions, of facts that may accuse, that are called wrong word for word."""


@pytest.mark.slow
def test_what_the_pack_calls_wrong_is_called_wrong_and_hardly_ever_right(tmp_path: Path) -> None:
    """No wrong version is far from what a rep may say: how many are caught stands for how much is."""
    snapshot = Snapshot.open(tmp_path, REPO / "knowledge")
    pack = snapshot.pack
    comparison = Comparison()
    found: Counter[str] = Counter()
    for fact in pack.facts:
        for wrong in fact.wrong if fact.may_accuse else ():
            known = Brief(facts=snapshot.match(wrong.claim, 12))
            said = pack.hear(wrong.claim)
            found[comparison.judge(said, said, known).verdict] += 1
    snapshot.close()
    assert sum(found[verdict] for verdict in ACCUSING) >= ACCUSED_OF_WRONG * found.total(), found
    assert found["supported"] <= 5, found
