"""What the rules analyst finds in a call, and what it does not take for a moment."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.analysis.evidence import keep_what_is_verbatim
from backend.analysis.rivals import Rivals
from backend.analysis.rules import RulesAnalyst
from backend.analysis.scope import about_a_rival, about_terms
from backend.report import ACCUSING
from backend.services.docs_snapshot import Snapshot
from backend.transcript import Quote, Transcript
from tests.analysis.calls import briefs, call, f1, labelled, overlap, places

pytestmark = pytest.mark.anyio

REPO = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    return Snapshot.open(tmp_path_factory.mktemp("data"), REPO / "knowledge")


@pytest.fixture(scope="module")
def analyst(snapshot: Snapshot) -> RulesAnalyst:
    return RulesAnalyst(snapshot.pack.competitors, snapshot.pack.objections, snapshot.pack.hear)


async def claims(analyst: RulesAnalyst, *said: str) -> list[str]:
    return [claim.quote.text for claim in (await analyst.spot(call(*said))).claims]


async def test_an_assertion_about_the_product_is_a_claim(analyst: RulesAnalyst) -> None:
    assert await claims(
        analyst,
        "Buyer: How long do you keep the runs?",
        "Rep: On Hobby the run history is kept for seven days.",
    ) == ["On Hobby the run history is kept for seven days."]


async def test_two_assertions_in_one_breath_are_two_claims(analyst: RulesAnalyst) -> None:
    assert await claims(
        analyst,
        "Buyer: And the workers?",
        "Rep: So the worker only makes outbound calls over HTTPS,"
        " and you can run it on any Kubernetes cluster.",
    ) == [
        "the worker only makes outbound calls over HTTPS",
        "you can run it on any Kubernetes cluster.",
    ]


@pytest.mark.parametrize(
    "said",
    [
        "Have you tried wiring the two together yet?",
        "I'll send you the form tonight.",
        "Thanks, and how was your weekend?",
        "I love it, honestly, that was a great story.",
        "Let me ask our engineers about that and get back to you on Friday.",
    ],
)
async def test_questions_plans_opinions_and_small_talk_are_no_claims(
    analyst: RulesAnalyst, said: str
) -> None:
    assert await claims(analyst, "Buyer: Fine by me.", f"Rep: {said}") == []


@pytest.mark.parametrize(
    "said",
    [
        "Imagine a worker goes down at night.",
        "If you were to put all of that in one flow, you'd probably regret it.",
        "What if the flow could wait for an event?",
        "We want to add lineage to the assets at some point.",
        "You said your jobs start at six and the workers run on Kubernetes.",
        "Some customers tell us they run fifty deployments.",
        "So here I click on deployments, and on the left you see my flows, the green ones.",
        "I'd start with one flow and see how the team likes it.",
    ],
)
async def test_suppositions_plans_what_they_said_and_what_is_on_the_screen_are_no_claims(
    analyst: RulesAnalyst, said: str
) -> None:
    assert await claims(analyst, "Buyer: How does that work for deployments?", f"Rep: {said}") == []


@pytest.mark.parametrize("yes", ["Yep.", "Correct.", "That's right.", "It does, yeah."])
async def test_the_shortest_yes_claims_what_was_asked(analyst: RulesAnalyst, yes: str) -> None:
    said = call("Buyer: Does prefix support SAML single sign-on on Pro?", f"Rep: {yes}")
    assert [(one.quote.text, "saml" in one.about) for one in (await analyst.spot(said)).claims] == [
        (yes, True)
    ]


async def test_a_claim_goes_on_after_an_interruption(analyst: RulesAnalyst) -> None:
    said = call(
        "Buyer: And the runs?",
        "Rep: On Team the run history is kept for",
        "Buyer: Sorry, the what?",
        "Rep: thirty days, the run history.",
    )
    assert (await analyst.spot(said)).claims[-1].about == (
        "On Team the run history is kept for thirty days, the run history."
    )


async def test_a_prospect_makes_no_claims(analyst: RulesAnalyst) -> None:
    assert await claims(analyst, "Buyer: Prefect Cloud keeps the run history for seven days on Hobby.") == []


async def test_agreeing_to_a_question_claims_what_was_asked(analyst: RulesAnalyst) -> None:
    moments = await analyst.spot(
        call("Buyer: So single sign-on is in the Pro plan?", "Rep: Yes, absolutely right.")
    )
    assert [claim.quote.text for claim in moments.claims] == ["Yes, absolutely right."]
    assert "single sign-on is in the pro plan" in moments.claims[0].about.lower()


async def test_agreeing_to_a_question_that_names_nothing_of_ours_claims_nothing(
    analyst: RulesAnalyst,
) -> None:
    assert (
        await claims(analyst, "Buyer: And the team logs that on the page?", "Rep: Yep, hundred percent.")
        == []
    )


PODCAST = (
    "Someone: You can put the logs in the cloud, and every deployment runs in a container.",
    "Other: Yes to everything. The server keeps all of the state, and it always retries the events.",
)


async def test_a_long_talk_that_never_names_the_product_holds_no_claims(analyst: RulesAnalyst) -> None:
    moments = await analyst.spot(call(*PODCAST * 20, "Someone: I can't justify that, it's too expensive."))
    assert (moments.claims, moments.objections, moments.questions) == ([], [], [])
    assert [warning for warning in moments.warnings if "no claims" in warning]


@pytest.mark.parametrize(
    "named",
    [
        "Someone: We run Prefect for this.",
        "Someone: The work pool, the workers, the flows, the deployments, automations and the flow runs.",
    ],
)
async def test_a_long_call_that_names_the_product_or_its_nouns_holds_claims(
    analyst: RulesAnalyst, named: str
) -> None:
    assert await claims(analyst, *PODCAST * 20, named)


async def test_without_sides_claims_are_found_and_the_report_says_they_are_nobodys(
    analyst: RulesAnalyst,
) -> None:
    unsided = call("Someone: How many?", "Other: On Hobby you get five deployments, and it is free.")
    moments = await analyst.spot(unsided)
    judgement = await analyst.judge(unsided, moments, {})
    assert moments.claims
    assert any("does not say who is ours" in warning for warning in judgement.warnings)


async def test_a_claim_without_a_brief_was_not_checked(analyst: RulesAnalyst) -> None:
    said = call("Buyer: And Hobby?", "Rep: On Hobby you get five deployments, and it is free.")
    judgement = await analyst.judge(said, await analyst.spot(said), {})
    assert {claim.verdict for claim in judgement.claims} == {"not_checked"}


async def test_a_misheard_name_is_understood_and_quoted_as_it_was_written(analyst: RulesAnalyst) -> None:
    moments = await analyst.spot(call("Buyer: My friend at a protein company swears by dag stir."))
    assert [(one.competitor, one.context) for one in moments.competitors] == [("dagster", "passing")]
    assert "dag stir" in moments.competitors[0].quote.text


@pytest.mark.parametrize(
    "said",
    [
        "We store temporal data by the hour.",
        "Composer is what my daughter wants to be, she plays the cello.",
        "He talked like a mage from a book.",
    ],
)
async def test_an_everyday_word_is_not_a_competitor(analyst: RulesAnalyst, said: str) -> None:
    assert (await analyst.spot(call(f"Buyer: {said}"))).competitors == []


async def test_what_they_run_today_is_told_from_what_they_left(analyst: RulesAnalyst) -> None:
    moments = await analyst.spot(
        call("Buyer: We use Airflow for everything today.", "Rep: Okay.", "Buyer: We tried Luigi years ago.")
    )
    found = {one.competitor: one.context for one in moments.competitors}
    assert found == {"airflow": "current_tool", "luigi": "past"}


async def test_a_scheduler_of_their_own_is_a_competitor(analyst: RulesAnalyst) -> None:
    moments = await analyst.spot(call("Buyer: It's a home-grown scheduler, we wrote it years back."))
    assert [one.competitor for one in moments.competitors] == ["in_house"]


async def test_a_refusal_is_an_objection_with_the_reply_beside_it(analyst: RulesAnalyst) -> None:
    said = call(
        "Buyer: My worry is that our data can't go to anybody's cloud, security won't let it.",
        "Rep: That's fair. The worker runs in your own network and only makes outbound calls, so your data"
        " and your code stay where they are. What would your security team want to see?",
        "Buyer: Okay, that's helpful.",
    )
    moments = await analyst.spot(said)
    judged = await analyst.judge(said, moments, {})
    assert [one.category for one in moments.objections] == ["security"]
    response = moments.objections[0].response
    assert response is not None
    assert response.text.startswith("That's fair.")
    assert [one.handled for one in judged.objections] == ["well"]


async def test_an_objection_that_nobody_answers_was_ignored(analyst: RulesAnalyst) -> None:
    said = call("Buyer: I can't justify the price, it's too expensive for our budget.")
    judged = await analyst.judge(said, await analyst.spot(said), {})
    assert [one.handled for one in judged.objections] == ["ignored"]


@pytest.mark.parametrize(
    ("said", "reply"),
    [
        ("i wont let you.", "bye bye"),
        ("bye bye", "bye"),
        ("I'm not giving you the price.", "Fair enough, ha. Had to ask."),
        ("I'd lead with the number, because that's the box she looks at.", "Understood. No surprises."),
        ("I do, but I'd like you to write it.", "No, it's good."),
    ],
)
async def test_partings_advice_and_what_is_kept_back_are_no_objections(
    analyst: RulesAnalyst, said: str, reply: str
) -> None:
    assert (await analyst.spot(call(f"Buyer: {said}", f"Rep: {reply}"))).objections == []


async def test_a_reply_is_quoted_past_its_acknowledgement(analyst: RulesAnalyst) -> None:
    moments = await analyst.spot(
        call(
            "Buyer: I have to explain why this is more expensive than nine dollars, I can't justify it.",
            "Rep: Sure. Sure. So Step Functions is cheap. You can't run it on your laptop, and we can.",
        )
    )
    response = moments.objections[0].response
    assert response is not None
    assert response.text.endswith("and we can.")


async def test_a_question_that_was_put_off_stays_open_and_an_answered_one_does_not(
    analyst: RulesAnalyst,
) -> None:
    moments = await analyst.spot(
        call(
            "Buyer: Which region is the database in?",
            "Rep: I don't know, let me find out for you.",
            "Buyer: And how many deployments are on Hobby?",
            "Rep: Five deployments on Hobby.",
        )
    )
    assert [one.quote.text for one in moments.questions] == ["Which region is the database in?"]


async def test_speech_without_marks_is_cut_into_claims(analyst: RulesAnalyst) -> None:
    said = await claims(
        analyst,
        "Buyer: what happens when the node goes",
        "Rep: so the worker sends a heartbeat every thirty seconds and it marks the run as crashed after"
        " a while"
        " and you can add an automation that runs the deployment again",
    )
    assert len(said) >= 2
    assert any("heartbeat" in one and "automation" not in one for one in said)


async def test_a_turn_of_noise_breaks_nothing(analyst: RulesAnalyst) -> None:
    noise = ["", "...", "?!?", "\u0130\u0130 Airflow \u0130", "a " * 3_000, "," * 2_000, "uh, um, so, and"]
    moments = await analyst.spot(call(*(f"{who}: {text}" for text in noise for who in ("Rep", "Buyer"))))
    assert [one.competitor for one in moments.competitors] == ["airflow"]


async def test_a_sentence_without_end_costs_no_more_than_its_length(analyst: RulesAnalyst) -> None:
    endless = "and it runs the tool a team wrote, so they bring flows or in Airflow it is " * 4_000
    said = call("Buyer: How does Prefect do it?", f"Rep: {endless}", f"Buyer: {endless}")
    moments = await analyst.spot(said)
    judged = await analyst.judge(said, moments, {})
    assert len(judged.claims) == len(moments.claims) > 0


async def test_on_the_labelled_calls_quotes_are_verbatim_and_two_runs_agree(
    analyst: RulesAnalyst, snapshot: Snapshot, shared: Path
) -> None:
    for transcript, _ in labelled(shared):
        moments = await analyst.spot(transcript)
        known = briefs(snapshot, moments)
        judged = await analyst.judge(transcript, moments, known)
        assert judged == await analyst.judge(transcript, await analyst.spot(transcript), known)
        assert keep_what_is_verbatim(judged, known) == judged
        quotes = [
            *(one.quote for one in judged.claims),
            *(one.quote for one in judged.objections),
            *(one.quote for one in judged.competitors),
            *(one.quote for one in judged.questions),
            *(one.response for one in judged.objections if one.response),
        ]
        assert all(stands(quote, transcript) for quote in quotes)


async def test_on_the_labelled_calls_enough_is_found(analyst: RulesAnalyst, shared: Path) -> None:
    found: list[float] = []
    pushed: list[float] = []
    named_right = named = named_gold = 0
    for transcript, labels in labelled(shared):
        moments = await analyst.spot(transcript)
        found.append(f1([one.quote for one in moments.claims], places(transcript, labels.claims)))
        pushed.append(f1([one.quote for one in moments.objections], places(transcript, labels.objections)))
        theirs, gold = (
            {one.competitor for one in moments.competitors},
            {one.canonical for one in labels.competitors},
        )
        named_right, named, named_gold = (
            named_right + len(theirs & gold),
            named + len(theirs),
            named_gold + len(gold),
        )
    assert sum(found) / len(found) >= 0.65
    assert sum(pushed) / len(pushed) >= 0.45
    assert 2 * named_right / (named + named_gold) >= 0.9


async def test_on_the_labelled_calls_hardly_anybody_is_accused_wrongly(
    analyst: RulesAnalyst, snapshot: Snapshot, shared: Path
) -> None:
    accused = accused_rightly = supported = supported_rightly = 0
    for transcript, labels in labelled(shared):
        moments = await analyst.spot(transcript)
        judged = await analyst.judge(transcript, moments, briefs(snapshot, moments))
        gold = list(zip(places(transcript, labels.claims), labels.claims, strict=True))
        for claim in judged.claims:
            verdicts = {label.verdict for quote, label in gold if overlap(claim.quote, quote)}
            if claim.verdict in ACCUSING:
                accused += 1
                accused_rightly += bool(verdicts & ACCUSING)
            if claim.verdict == "supported" and verdicts:
                supported += 1
                supported_rightly += "supported" in verdicts
    assert accused_rightly >= 10
    assert accused_rightly / accused >= 0.95
    assert supported_rightly / supported >= 0.9


def stands(quote: Quote, transcript: Transcript) -> bool:
    turn = transcript.turns[quote.turn]
    return turn.speaker == quote.speaker and turn.text[quote.char_start : quote.char_end] == quote.text != ""


async def test_where_ours_are_known_somebody_unknown_makes_no_claims(analyst: RulesAnalyst) -> None:
    said = call(
        "Rep: Automations are only in Prefect Cloud.",
        "Someone: We run our workers on Kubernetes and deployments take a minute.",
    )
    moments = await analyst.spot(said)
    assert [claim.quote.speaker for claim in moments.claims] == ["Rep"]


async def test_the_first_words_of_a_short_call_can_be_a_claim(analyst: RulesAnalyst) -> None:
    moments = await analyst.spot(call("Rep: Automations are only in Prefect Cloud."))
    assert [claim.quote.text for claim in moments.claims] == ["Automations are only in Prefect Cloud."]


@pytest.mark.parametrize(
    ("words", "before", "rival"),
    [
        ("Argo keeps its state in the object", "", True),
        ("In Flyte you declare the image", "", True),
        ("They bill you by the action", "Temporal is nice.", True),
        ("They bill you by the action", "The runs are free.", False),
        ("With Argo we run a task", "", False),
        ("Airflow is what we replace", "", False),
    ],
)
def test_a_claim_is_about_another_product_by_its_name_or_by_they(
    snapshot: Snapshot, words: str, before: str, rival: bool
) -> None:
    named = Rivals(snapshot.pack.competitors).named
    assert about_a_rival(words, before, named) is rival


def test_terms_of_a_contract_are_not_in_the_docs() -> None:
    found = about_terms("It's fifty percent off the first year.")
    assert found is not None
    assert (found.verdict, found.fact) == ("not_in_docs", None)
    assert about_terms("Run history is kept thirty days.") is None


@pytest.mark.parametrize(
    "said",
    [
        "We merge the two UIs some time next year.",
        "It's all one product pretty soon.",
        "You have it by summer.",
    ],
)
def test_what_is_to_come_is_not_in_the_docs(said: str) -> None:
    found = about_terms(said)
    assert found is not None
    assert found.verdict == "not_in_docs"


async def test_a_call_with_known_sides_need_not_name_the_product(analyst: RulesAnalyst) -> None:
    turns = ["Buyer: Okay."] * 120 + [
        "Rep: A flow has retries and a schedule, and deployments run on workers."
    ]
    turns += ["Rep: A webhook starts it, with a concurrency limit.", "Buyer: So nice, go on and on."] * 8
    assert (await analyst.spot(call(*turns))).claims
