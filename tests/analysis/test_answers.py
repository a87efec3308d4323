"""What is suggested for open questions, and how an objection was handled."""

from __future__ import annotations

import pytest

from backend.analysis.analyst import Brief, SpottedQuestion
from backend.analysis.answers import sayable, settle
from backend.analysis.learned import learned
from backend.analysis.questions import find_open
from backend.analysis.replies import handling
from backend.facts import Fact
from backend.report import Handling
from tests.analysis.calls import brief, call

DOCS = "https://docs.prefect.io/v3"
SQLITE = Fact(
    id="de-1",
    statement="On Windows the server defaults to SQLite in the user's profile folder.",
    title="Prefect server (Prefect docs)",
    url=f"{DOCS}/server",
    terms=("SQLite", "Windows"),
)
REDIS = Fact(
    id="in-1",
    statement="Redis support is a separate integration package.",
    title="Redis (Prefect docs)",
    url=f"{DOCS}/redis",
    terms=("Redis",),
)
WEBHOOKS = Fact(
    id="ev-1",
    statement="The payload of a webhook is rendered into an event by its template.",
    title="Webhooks (Prefect docs)",
    url=f"{DOCS}/webhooks",
    terms=("webhook", "template"),
)
DEFERRED = "I don't know, let me find out."


def asked(words: str) -> SpottedQuestion:
    return SpottedQuestion(
        id="q1", quote=call(f"Buyer: {words}").turns[0].quote(0, len(words)), answered=False, about=words
    )


def left_open(*said: str) -> list[str]:
    return [one.turn.text[one.start : one.end] for one in find_open(call(*said), learned())]


def test_a_fact_about_what_was_asked_is_suggested() -> None:
    found = settle(asked("Is the payload of a webhook turned into an event?"), brief(WEBHOOKS))
    assert found is not None
    assert WEBHOOKS.statement in found.text
    assert [one.quote for one in found.evidence] == [WEBHOOKS.statement]


@pytest.mark.parametrize(
    ("words", "fact"),
    [
        ("Where's that published?", SQLITE),
        ("And support if we do that?", REDIS),
        ("The Trade Desk?", SQLITE),
        ("Does the webhook need a service account?", WEBHOOKS),
        ("", WEBHOOKS),
    ],
)
def test_a_fact_that_only_happens_to_be_closest_is_not_suggested(words: str, fact: Fact) -> None:
    assert settle(asked(words), brief(fact)) is None


def test_without_facts_nothing_is_suggested() -> None:
    assert settle(asked("Is the payload of a webhook turned into an event?"), Brief()) is None


@pytest.mark.parametrize(
    "words", ["How much?", "The Trade Desk?", "Which ones in metals?", "How was your weekend in Leeds then?"]
)
def test_a_short_or_social_question_is_not_one_about_the_product(words: str) -> None:
    assert left_open(f"Buyer: {words}", f"Rep: {DEFERRED}") == []


@pytest.mark.parametrize(
    "words", ["HITRUST?", "Where's that published?", "Which webhooks?", "What happens when a node goes away?"]
)
def test_a_question_with_words_of_the_product_or_enough_words_is_open_when_put_off(words: str) -> None:
    assert left_open(f"Buyer: {words}", f"Rep: {DEFERRED}") == [words]


@pytest.mark.parametrize(
    ("reply", "graded"),
    [
        ("Sure. Sure.", "partly"),
        ("Totally. I'll write that one down.", "partly"),
        (
            (
                "That's fair, I hear you, and I understand completely why you would feel that way about it,"
                " and I would too if I were in your chair this morning, honestly, so thank you for it."
            ),
            "partly",
        ),
        (
            (
                "I hear you. Before I say anything about the worker, can I ask which network it would have to"
                " run in, and who in your company decides about that sort of thing?"
            ),
            "partly",
        ),
        (
            (
                "That's fair. The worker runs in your own network and only makes outbound calls over HTTPS,"
                " so your data stays where it is. What we do hold is the state of each run and the log lines"
                " that you send, and I can't promise you more than that."
            ),
            "well",
        ),
    ],
)
def test_an_acknowledgement_alone_is_no_answer(reply: str, graded: Handling) -> None:
    said = call("Buyer: Our data can't go to anybody's cloud.", f"Rep: {reply}", "Buyer: Okay, that helps.")
    assert handling(said.turns[1].quote(0, 5), said, learned()) == graded


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("Audit logs come with Pro; the page names no other plan.", "Audit logs come with Pro."),
        ("Hobby has managed pools. Prefect's transfer guide states it.", "Hobby has managed pools."),
        ("Runs are kept 7 days; 14 on Team.", "Runs are kept 7 days; 14 on Team."),
        ("The docs claim support for Windows.", "The docs claim support for Windows."),
    ],
)
def test_what_to_say_leaves_out_what_is_said_of_the_documentation_itself(statement: str, said: str) -> None:
    assert sayable(statement) == said
