"""What our side did about an objection, step by step, each with its words."""

from __future__ import annotations

from backend.analysis.learned import learned
from backend.analysis.replies import handling, steps_after
from backend.transcript import Transcript
from tests.analysis.calls import call

WORRY = "Buyer: Our data can't go to anybody's cloud."


def steps(said: Transcript, wrong_turns: tuple[int, ...] = ()) -> list[tuple[str, str]]:
    reply = said.turns[1].quote(0, len(said.turns[1].text))
    return [(one.kind, one.quote.text) for one in steps_after(reply, said, wrong_turns)]


def test_each_step_is_quoted_in_the_order_it_was_said() -> None:
    said = call(
        WORRY,
        "Rep: I hear you. Which data is it that you are worried about?",
        "Buyer: The claims.",
        "Rep: Those stay in your own network, the worker only makes outbound calls. Does that cover it?",
        "Buyer: That covers it.",
    )
    assert steps(said) == [
        ("acknowledged", "I hear you."),
        ("asked", "Which data is it that you are worried about?"),
        ("answered", "Those stay in your own network, the worker only makes outbound calls."),
        ("confirmed", "Does that cover it?"),
    ]
    assert all(
        said.turns[one.quote.turn].text[one.quote.char_start : one.quote.char_end] == one.quote.text
        for one in steps_after(said.turns[1].quote(0, 5), said)
    )


def test_their_being_content_confirms_as_well() -> None:
    said = call(WORRY, "Rep: The worker runs in your network and the data stays.", "Buyer: Good, thank you.")
    assert ("confirmed", "Good, thank you.") in steps(said)


def test_changing_the_subject_is_no_step() -> None:
    assert steps(call(WORRY, "Rep: Cool. Can you see my screen?", "Buyer: Yes, I can see it.")) == []


def test_promising_to_find_out_answers_nothing() -> None:
    said = call(WORRY, "Rep: Let me check with our security people and come back to you.", "Buyer: Okay.")
    assert "answered" not in dict(steps(said))


def test_what_the_docs_contradict_answers_nothing() -> None:
    said = call(WORRY, "Rep: Prefect Cloud never sees a log line of yours.", "Buyer: Hm.")
    assert "answered" in dict(steps(said))
    assert "answered" not in dict(steps(said, wrong_turns=(1,)))


def test_an_objection_without_a_reply_has_no_steps() -> None:
    assert steps_after(None, call(WORRY)) == []


def test_laughing_it_off_and_going_on_is_ignoring_it() -> None:
    said = call(WORRY, "Rep: Ha, got it. What else is on your list for today, anything about the meeting?")
    reply = said.turns[1].quote(0, 5)
    assert handling(reply, said, learned()) == "ignored"
