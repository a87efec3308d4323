"""Objections in the ways people make them, and how our side took them."""

from __future__ import annotations

import pytest

from backend.analysis.learned import learned
from backend.analysis.pushback import find_pushback
from backend.analysis.pushback_kinds import Guides
from backend.analysis.replies import handling
from backend.transcript import Transcript
from tests.analysis.calls import call

REPLY = (
    "Rep: I hear you. The worker runs in your own network, and I can't promise more than what the contract"
    " says, so let me put in writing what we hold of each run and what we don't, for your people to read."
)


def objections(said: Transcript) -> list[str]:
    return [one.turn.text[one.start : one.end] for one in find_pushback(said, Guides([]), learned())]


@pytest.mark.parametrize(
    "words",
    [
        "I'd have a hard time selling another scheduler upstairs, our board won't sign for one more tool.",
        "Honestly why would we pay for another tool when what we have gets the job done?",
        "We're in a freeze until January, nothing new goes into production before that.",
        "I can't let customer data end up in anybody's cloud, that's our policy.",
    ],
)
def test_pushing_back_without_saying_no_is_an_objection(words: str) -> None:
    assert len(objections(call(f"Buyer: {words}", REPLY))) == 1


@pytest.mark.parametrize(
    "words",
    ["Which Python versions do you test?", "Thanks, that was helpful.", "We have eight people on the team."],
)
def test_a_plain_question_and_a_friendly_word_are_none(words: str) -> None:
    assert objections(call(f"Buyer: {words}", "Rep: Three ten and newer.")) == []


@pytest.mark.parametrize(
    "words",
    [
        "Good morning. Devon runs our data platform, I look after the budget.",
        "I'm the head of procurement, I read the contract, and Ann leads our security team.",
        "So, background: we're on Airflow today, on one big machine that somebody set up. It mostly works.",
        "We also looked at Dagster in the spring, it was nice to look at, but it felt like a lot of writing.",
    ],
)
def test_who_they_are_and_what_else_they_saw_is_none(words: str) -> None:
    assert objections(call(f"Buyer: {words}", "Rep: Okay, and what made you take the call?")) == []


def test_a_pain_of_theirs_that_we_asked_for_is_none_and_a_refusal_in_its_place_is() -> None:
    asked = "Rep: What would make this a good half hour for you?"
    pain = "Our nightly loads failed twice last month and nobody outside my team noticed until nine."
    refusal = "Nothing, honestly. We don't have the budget and I can't sell another tool upstairs."
    assert objections(call(asked, f"Buyer: {pain}", REPLY)) == []
    assert len(objections(call(asked, f"Buyer: {refusal}", REPLY))) == 1


def test_a_bare_agreement_is_not_quoted_with_an_objection() -> None:
    said = "Buyer: No, agreed. My worry is the migration, we don't have anyone free before March."
    assert objections(call(said, REPLY)) == [
        "My worry is the migration, we don't have anyone free before March."
    ]


def test_what_belongs_to_an_objection_is_quoted_with_it_and_each_says_why() -> None:
    said = call("Buyer: We're in a freeze until January. Nothing new goes into production, full stop.", REPLY)
    (found,) = find_pushback(said, Guides([]), learned())
    assert "Nothing new goes into production" in said.turns[0].text[found.start : found.end]
    assert found.why
    assert found.response is not None


def test_an_answer_that_the_docs_contradict_was_not_handled_well() -> None:
    said = call("Buyer: I can't let our data end up in a cloud.", REPLY, "Buyer: Good, that's a fair answer.")
    reply = said.turns[1].quote(0, 10)
    assert handling(reply, said, learned()) == "well"
    assert handling(reply, said, learned(), wrong_turns={1}) == "poorly"


def test_two_runs_weigh_alike() -> None:
    said = call("Buyer: Why would we pay for another tool, honestly? It's too expensive.", REPLY)
    guides = Guides([])
    assert list(find_pushback(said, guides, learned())) == list(find_pushback(said, guides, learned()))
