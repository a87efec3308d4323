"""Who is called wrong and who never is, from a sentence to the verdict, with the real rules and pack.

To call a rep wrong who was right is the worst this product can do: the second list is longer for it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from backend import formats
from backend.analysis.engine import Coach
from backend.analysis.plain_speech import may_be_accused, statements
from backend.analysis.rules import RulesAnalyst
from backend.facts import Came, DocQuery, Fact, FactMatch, LookUps, Passage, PassageMatch
from backend.formats import CallHints, Limits
from backend.report import ACCUSING, Verdict
from backend.services.docs_snapshot import Snapshot

pytestmark = pytest.mark.anyio
KNOWLEDGE = Path(__file__).parents[2] / "knowledge"

WRONG = (
    "Automations are only in Prefect Cloud.",
    "Single sign-on comes with Team.",
    "On Hobby you keep your run history for thirty days.",
    "You do get roles in the open source server",
    "Automations are a cloud-only feature.",
    "You don't get automations in open source.",
    "Automations aren't available in open source.",
    "In open source you don't have automations.",
    "Roles are included in Team.",
    "With Starter you get single sign-on.",
    "The Team plan includes SSO.",
    "Object ACLs are part of the Pro tier.",
    "IP allowlisting is on Pro.",
    "SCIM comes with Pro.",
    "On Team you keep your run history for thirty days.",
    "On the Team plan it's five thousand API requests a minute.",
    "Open source has SSO.",
    "Push pools work with the self-hosted server.",
    "You get audit logs in open source.",
    "SSO is in Team and roles are in Team too.",
    "Webhooks are available in open source.",
    "SLA monitoring works in open source.",
    "We have a Kafka integration, an official one.",
)
DISPUTED = (
    "Single sign-on comes with Pro.",
    "With Pro you get single sign-on.",
    "The Pro plan includes SSO.",
    "SSO is in Pro and roles are in Pro too.",
    "Single sign-on with Entra, that comes with Pro.",
    "We have SSO on Pro and up.",
)
"""One heading of the documentation says Pro, its text Enterprise."""
INNOCENT = (
    "Okta includes SSO in every plan.",
    "SSO is in every plan of Okta.",
    "Right, single sign-on is included in every plan there.",
    "Event retention is 60 days on Pro.",
    "SSO comes with all plans, meaning Enterprise ones.",
    "Automations aren't only in Prefect Cloud.",
    "Automations are not Cloud-only.",
    "It's not true that automations are only in Cloud.",
    "Automations are in open source too, not only in Prefect Cloud.",
    "Automations don't cost extra in open source.",
    "You do not pay for automations in open source.",
    "Automations are not limited in open source.",
    "On Prefect 2, automations were only in Prefect Cloud.",
    "Automations were only in Prefect Cloud back in Prefect 2, now they're in open source.",
    "People think automations are only in Prefect Cloud, they aren't.",
    "SSO used to be in Pro.",
    "Without Enterprise you can't get SSO, Pro only gives you roles.",
    "The Team plan is a hundred a user and roles start at Pro.",
    "Open source has automations, and SSO is Cloud Enterprise only.",
    "The docs say SSO is in Pro in one heading but it's actually Enterprise.",
    "Dagster gives you single sign-on on their Pro plan.",
    "With Astronomer you get SSO on the Team plan.",
    "Our competitor's audit logs keep thirty days on every plan.",
    "We're adding SSO to Pro next year.",
    "Your legacy tool keeps thirty days on its hobby plan?",
    "Pro lacks SSO.",
    "SSO is not in Pro.",
    "Pro has everything except SSO.",
    "SSO needs an upgrade from Pro.",
    "SSO is the difference between Pro and Enterprise.",
    "SSO is one step above Pro.",
    "To get SSO you have to move up from Pro.",
    "Pro customers often ask for SSO.",
    "If SSO were in Pro, everybody would buy Pro.",
    "I wish SSO was in Pro.",
    "I heard SSO is in Pro.",
    "Somebody told you SSO is in Pro, that's wrong.",
    "It's a myth that automations are only in Prefect Cloud.",
    "SSO will be in Pro by summer.",
    "Let me check whether SSO is in Pro.",
    "SSO might be in Pro, I'd have to check.",
    "Single sign-on comes with Pro. Sorry, no, with Enterprise.",
    "SSO is in Pro, no wait, Enterprise.",
    "SSO is in Pro, right?",
    "Does Pro have SSO?",
    "Airflow's open source has roles built in.",
    "Temporal has SSO on its Pro plan.",
    "With Dagster it's simple. You get SSO on the Team plan.",
    "Their open source has SSO.",
    "Moving from open source to Cloud you get SSO.",
    "In open source you can put SSO in front with a proxy.",
    "Open source plus your own proxy gives you SSO.",
    "Unlike Cloud, open source has no SSO.",
    "Metric triggers for automations are only in Cloud.",
    "Some automations are only in Cloud.",
    "AI summaries in automations are only in Cloud.",
    "On Hobby you keep your run history for less than thirty days.",
    "On Hobby your history is not kept thirty days.",
    "On Hobby you used to keep your run history for thirty days.",
    "On Hobby cached results can be kept for thirty days.",
    "If you were on Hobby you'd want thirty days of history.",
    "On Hobby you keep history for seven days, not thirty days.",
    "You pay for SSO on top of Pro.",
    "We should put SSO in Pro.",
    "I wouldn't say SSO is in Pro.",
    "Nobody gets SSO on Pro.",
    "Pro is great for roles, for SSO you go to Enterprise.",
    "Roles for SSO users come with Pro.",
    "SSO is an Enterprise thing, Pro comes with roles.",
    "It's not that you don't get automations in open source.",
    "You don't only get automations in Cloud, open source has them too.",
    "There's no open source without automations.",
    "Neither Hobby nor Pro comes with SSO.",
    "SSO came with Pro in 2023.",
    "The website says SSO is in Pro.",
    "You'd have SSO in Pro in an ideal world.",
    "SSO is hardly in Pro.",
    "You could write a Kafka integration, there's an official guide.",
    "There's a community Kafka integration, an official one is missing.",
    "You wrote that automations are Cloud-only.",
    "Your old scheduler gives you roles in the open source.",
    "The pricing page is misleading, it lists SSO under Pro.",
    "When SSO was in Pro we sold a lot more.",
    "What would you say if SSO came with Pro?",
    "I'm not saying automations are only in Cloud.",
    "Pro gives you less than SSO.",
    "Our open source and their Pro plan both have SSO.",
    "The old pricing had SSO on Pro.",
    "Roles are in Pro, the Team plan is cheaper.",
    "The Team plan, no roles there.",
    "Automations in open source don't have the same limit as in Cloud.",
    "Automations in open source are not only available, they're free.",
    "You don't get a limit on automations in open source.",
    "Automations don't come at extra cost in open source.",
    "Automations aren't missing in open source.",
    "You don't have to go to Cloud to get automations, open source has them.",
    "With automations in open source you don't get AI summaries.",
    "Automations don't get support in open source.",
    "On Pro you get roles and SSO comes with Enterprise.",
    "On Pro you get roles and on Enterprise SSO.",
    "SSO with Enterprise, roles with Pro.",
    "Pro gets you SSO through a partner.",
    "SSO is far from being in Pro.",
    "The opposite of true is automations are only in Cloud.",
    "Pretty sure nobody said SSO is in Pro.",
    "Dagster's automations are Cloud-only.",
    "SSO, that's Enterprise, Pro has roles.",
    "You get Pro and then SSO with Enterprise.",
    "If you want SSO on Pro, you go to Enterprise.",
    "If you need SSO in Pro, that's Enterprise.",
    "SSO on Pro, that's Enterprise.",
    "Every plan from Pro up has roles.",
    "Of all the plans, SSO is only in Enterprise.",
    "SSO is above our Pro plan.",
    "SSO is out of Pro.",
    "Both SSO and Pro are paid.",
    "Both open source and SSO are free.",
    "is sso in Pro",
    "We never said SSO is in Pro.",
    "SSO and Pro are two things.",
    "If you need thirty days of history on Hobby, talk to sales.",
    "On Hobby your trial keeps run history for thirty days.",
    "In open source, roles are something you build yourself.",
    "SSO comes to Pro in January.",
    "Automations in Prefect 1 were Cloud-only.",
    "The automations page says Cloud-only, that's outdated.",
    "With SSO on Enterprise and roles on Pro you are covered.",
    "On Pro you get SCIM if you pay Enterprise.",
    "Webhooks are in Cloud, automations are in open source.",
    "Audit logs are in Enterprise, and on Team you have none.",
    "Managed runs can be set to 2 GB.",
    "You can set cached values to expire after 24 hours.",
    "Pro minus SSO is the Team plan plus roles.",
    "SSO is with Enterprise and Pro has service accounts.",
    "Roles are there in Pro, on Team you share one login.",
    "Starter has no roles.",
    "Automations are just as available in open source as in Cloud.",
    "Automations aren't something you get in Cloud only.",
    "No, automations are not only in Cloud.",
    "It is not the case that SSO is on Pro.",
    "SSO is on Pro, as some folks claim, it isn't.",
    "The sales deck has SSO on Pro and it's wrong.",
    "On Hobby you keep your run history seven days, on Pro thirty days.",
    "The Hobby plan keeps run history seven days and Pro keeps it thirty days.",
    "With open source you keep history as long as you like.",
    "Competitors put SSO in Pro.",
    "Like Airflow, open source has no SSO.",
    "Prefect has SSO on Enterprise while Astronomer has SSO on Team.",
    "Astronomer has SSO on Team, we have it on Enterprise.",
    "At my last company we had SSO on Pro.",
    "SSO in Pro is a no.",
    "SSO in Pro is impossible.",
    "SSO in Pro is not there.",
    "For SSO with Pro you have to talk to sales.",
    "SSO is in Pro only as a preview.",
    "It would be nice if SSO came with Pro.",
    "You asked if SSO is in Pro.",
    "So your question is SSO in Pro.",
    "Push pools are there in Cloud, the self-hosted server has workers.",
    "Webhooks are in Cloud and on the self-hosted server you use the API.",
    "There are no webhooks in open source.",
    "Open source has everything but SSO and roles.",
    "Roles in open source? No.",
    "Roles in open source, that's a no.",
    "SSO and audit logs in open source are out.",
    "Open source means no SSO.",
    "Without Cloud, open source has SSO nowhere.",
    "Audit logs are in Enterprise, Pro keeps run history thirty days.",
    "The thirty days of history you get with Pro, on Hobby it's seven.",
    "On Hobby you'd lose the thirty days of history.",
    "You keep history thirty days on Pro and seven on Hobby.",
    "Hobby keeps history for seven, not thirty, days.",
    "I don't believe SSO is in Pro.",
    "SSO can't be had on Pro.",
    "Pro with SSO is called Enterprise.",
    "Pro and SSO together are Enterprise.",
    "All plans have automations, SSO is Enterprise.",
    "Every paid plan has service accounts, Pro has roles.",
    "The SSO on Pro thing is a docs bug.",
    "Enterprise gives you what Pro has and SSO.",
    "You get roles with Pro here, SSO there with Enterprise.",
    "Enterprise has all that Pro has and SSO.",
    "Enterprise is Pro with SSO.",
    "You start with Pro and get SSO with Enterprise.",
    "You start on Team and get roles on Pro.",
    "You have Team today and roles start with Pro.",
    "You are on Pro today and SSO is available.",
    "Since you have Pro, SSO is a different plan.",
    "Your Pro plan is here and SSO is there.",
)


class PackAlone:
    """The real pack without a docs server."""

    fingerprint, live = "the pack", False

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def match(self, words: str, k: int, before: Sequence[str] = ()) -> list[FactMatch]:
        return self._snapshot.match(words, k, before)

    def rank(
        self,
        words: str,
        matches: Sequence[FactMatch],
        brought: Iterable[Passage] = (),
        before: Sequence[str] = (),
    ) -> list[PassageMatch]:
        return self._snapshot.rank(words, matches, brought, before)

    def own_sections(self, facts: Sequence[Fact], brought: Iterable[Passage] = ()) -> list[Passage]:
        return self._snapshot.own_sections(facts, brought)

    def answers(self, guide: str) -> list[Fact]:
        return []

    def positions(self, competitor: str) -> list[Passage]:
        return self._snapshot.positions(competitor)

    def passage(self, fact: Fact) -> Passage:
        return self._snapshot.passage(fact)

    async def look_up(self, queries: list[DocQuery], came: Came | None = None) -> LookUps:
        return LookUps()


@pytest.fixture(scope="module")
def coach(tmp_path_factory: pytest.TempPathFactory) -> Coach:
    snapshot = Snapshot.open(tmp_path_factory.mktemp("docs"), KNOWLEDGE)
    pack = snapshot.pack
    return Coach(PackAlone(snapshot), {"rules": RulesAnalyst(pack.competitors, pack.objections, pack.hear)})


async def verdicts(
    coach: Coach, said: str, asked: str = "Okay, tell me.", then: Sequence[tuple[str, str]] = ()
) -> list[Verdict]:
    """What the claims of a rep's turn are called, in a call that comes as JSON."""
    turns = [("Dev", asked), ("Mara", said), ("Dev", "Okay."), *then]
    file = json.dumps([{"speaker": speaker, "text": text} for speaker, text in turns]).encode()
    limits = Limits(max_turns=100, max_words=1_000)
    call = formats.parse(file, limits=limits, hints=CallHints(rep="Mara"), filename="call.json")
    return [claim.verdict for claim in (await coach.coach(call)).claims]


@pytest.mark.parametrize("said", WRONG)
async def test_what_is_plainly_wrong_is_called_wrong(coach: Coach, said: str) -> None:
    assert ACCUSING & set(await verdicts(coach, said))


@pytest.mark.parametrize(
    "later",
    [
        "Hm, actually no, I mixed that up.",
        "Let me correct myself: you get those in open source.",
        "I was wrong about that.",
        "Scratch that.",
    ],
)
async def test_nobody_is_called_wrong_who_takes_it_back_a_turn_later(coach: Coach, later: str) -> None:
    wrong = "Automations are only in Prefect Cloud."
    assert not ACCUSING & set(await verdicts(coach, wrong, then=[("Dev", "Are you sure?"), ("Mara", later)]))


async def test_what_another_takes_back_or_comes_much_later_excuses_nobody(coach: Coach) -> None:
    wrong = "Automations are only in Prefect Cloud."
    small_talk = [("Dev", "Fine."), ("Mara", "Good.")] * 3
    for then in ([("Dev", "I was wrong about that.")], [*small_talk, ("Mara", "I was wrong about lunch.")]):
        assert ACCUSING & set(await verdicts(coach, wrong, then=then))


@pytest.mark.parametrize("said", DISPUTED)
async def test_where_the_docs_disagree_with_themselves_nobody_is_called_wrong(
    coach: Coach, said: str
) -> None:
    found = set(await verdicts(coach, said))
    assert "docs_conflict" in found
    assert not ACCUSING & found


@pytest.mark.parametrize("said", INNOCENT)
async def test_nobody_is_called_wrong_who_denies_reports_compares_or_asks(coach: Coach, said: str) -> None:
    assert not ACCUSING & set(await verdicts(coach, said))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Is single sign-on in Enterprise or in Pro?", "Exactly, that's the one."),
        ("So single sign-on isn't in Pro, right?", "Correct."),
        ("So Pro doesn't have single sign-on?", "Right, that's right."),
        ("We need SSO. What does the cheaper one cost?", "The Pro plan is a hundred a month."),
        ("Does Dagster have single sign-on in Pro?", "Yes, that comes with Pro there."),
        ("We need single sign-on and roles.", "That's in Pro and up."),
        ("Was single sign-on in Pro before?", "Yes, it was."),
        ("Are automations only in Cloud?", "No, you get those in open source."),
    ],
)
async def test_an_answer_is_not_held_to_more_than_it_says(coach: Coach, asked: str, said: str) -> None:
    assert not ACCUSING & set(await verdicts(coach, said, asked))


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("And single sign-on?", "That's in Team and up."),
        ("Are automations in open source?", "In open source you don't get those."),
    ],
)
async def test_a_wrong_answer_is_called_wrong(coach: Coach, asked: str, said: str) -> None:
    assert ACCUSING & set(await verdicts(coach, said, asked))


def test_what_stands_around_a_claim_can_take_it_back() -> None:
    words = "SSO is in Pro"
    assert may_be_accused(words)
    assert not may_be_accused(words, after=", no wait, Enterprise.")
    assert not may_be_accused(words, after=", right?")
    assert not may_be_accused(words, before="People tell us ")
    assert may_be_accused(words, before="We looked at your plan. ", after=" And roles are there too.")


@pytest.mark.parametrize(
    ("words", "parts"),
    [
        ("Pro is cheap and roles start at Pro", ["Pro is cheap", "roles start at Pro"]),
        ("the roles, that's in Team and up", ["the roles that's in Team and up"]),
        ("You get SSO and SCIM on Enterprise", ["You get SSO and SCIM on Enterprise"]),
        (
            "Without it you can't, Pro only gives you roles",
            ["Without it you can't", "Pro only gives you roles"],
        ),
        ("", []),
    ],
)
def test_a_claim_is_cut_where_it_says_another_thing(words: str, parts: list[str]) -> None:
    assert statements(words) == parts
