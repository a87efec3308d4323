"""Scores, strengths, priorities and the follow-up note, from judgements made by hand."""

from __future__ import annotations

from datetime import UTC, datetime

from backend.analysis.analyst import Judgement
from backend.analysis.scorecard import follow_up, priorities, scores, strengths
from backend.report import (
    Claim,
    Evidence,
    Handling,
    Objection,
    OpenQuestion,
    Score,
    Suggestion,
    TalkStats,
    Verdict,
)
from backend.transcript import Call, Quote

LINK = "https://docs.prefect.io/v3/concepts/rate-limits"
CALL = Call(title="Kelp, first call")


def quote(text: str) -> Quote:
    return Quote(turn=0, speaker="Rep", text=text, char_start=0, char_end=len(text))


def claim(name: str, verdict: Verdict, confidence: float = 0.8) -> Claim:
    wrong = verdict not in ("supported", "unclear")
    return Claim(
        id=name,
        quote=quote("Runs are kept thirty days."),
        topic="retention",
        verdict=verdict,
        confidence=confidence,
        reason="You said 30 days; the docs say 7 on Hobby.",
        correction="Hobby keeps runs for 7 days." if wrong else None,
        evidence=[
            Evidence(
                passage_id="p-1",
                url=LINK,
                title="Rate limits",
                quote="Hobby keeps runs for 7 days.",
                read_at=datetime(2026, 11, 1, tzinfo=UTC),
                source="pack",
                origin="a test",
            )
        ],
    )


def objection(name: str, handled: Handling) -> Objection:
    return Objection(
        id=name,
        quote=quote("Too expensive."),
        category="price",
        handled=handled,
        suggestion=Suggestion(text="Ask what it is compared with."),
    )


def question(name: str, answered: bool) -> OpenQuestion:
    return OpenQuestion(
        id=name, quote=quote("And the SLA?"), answered=answered, suggestion=Suggestion(text="Say this.")
    )


def talk(rep_share: float | None = 0.5, questions: int | None = 20) -> TalkStats:
    return TalkStats(
        words=2_000,
        turns=100,
        rep_share=rep_share,
        longest_monologue_s=None,
        longest_monologue_words=80,
        questions_by_rep=questions,
        questions_by_prospect=30,
        interruptions=None,
        words_per_minute=None,
        speakers=[],
    )


def value(found: list[Score], name: str) -> int | None:
    return next(score.value for score in found if score.name == name)


def test_a_call_without_occasions_has_no_scores() -> None:
    assert {score.value for score in scores(talk(rep_share=None, questions=None), Judgement())} == {None}


def test_accuracy_counts_what_was_decided_and_names_it() -> None:
    found = scores(
        talk(),
        Judgement(claims=[claim("c1", "supported"), claim("c2", "contradicted"), claim("c3", "unclear")]),
    )
    accuracy = found[0]
    assert (accuracy.name, accuracy.value, accuracy.because) == ("Product accuracy", 50, ["c1", "c2"])


def test_objections_score_by_how_they_were_handled() -> None:
    good = scores(talk(), Judgement(objections=[objection("o1", "well")]))
    bad = scores(talk(), Judgement(objections=[objection("o1", "ignored")]))
    assert (value(good, "Objection handling"), value(bad, "Objection handling")) == (100, 0)


def test_who_talks_all_the_time_and_asks_nothing_scores_low_on_discovery() -> None:
    balanced, lecture = (
        value(scores(talk(), Judgement()), "Discovery"),
        value(scores(talk(rep_share=0.9, questions=0), Judgement()), "Discovery"),
    )
    assert (balanced, lecture) == (100, 0)


def test_a_wrong_claim_outranks_everything_else() -> None:
    found = priorities(
        talk(rep_share=0.95, questions=0),
        Judgement(
            claims=[claim("c1", "overstated", 0.6), claim("c2", "contradicted", 0.9)],
            objections=[objection("o1", "ignored"), objection("o2", "poorly")],
            questions=[question("q1", answered=False)],
        ),
    )
    assert [one.quotes for one in found] == [["c2"], ["c1"], ["o1"]]
    assert "Hobby keeps runs for 7 days." in found[0].do


def test_there_are_never_more_than_three_priorities_and_none_without_a_reason() -> None:
    many = Judgement(objections=[objection(f"o{nth}", "ignored") for nth in range(9)])
    assert len(priorities(talk(), many)) == 3
    assert priorities(talk(), Judgement(objections=[objection("o1", "well")])) == []


def test_questions_left_open_are_one_priority() -> None:
    found = priorities(
        talk(), Judgement(questions=[question("q1", answered=False), question("q2", answered=False)])
    )
    assert [one.quotes for one in found] == [["q1", "q2"]]


def test_strengths_point_at_what_shows_them() -> None:
    found = strengths(
        talk(), Judgement(claims=[claim("c1", "supported")], objections=[objection("o1", "well")])
    )
    assert [one.quotes for one in found if one.quotes] == [["c1"], ["o1"]]


def test_accuracy_is_no_strength_where_something_was_wrong() -> None:
    found = strengths(talk(), Judgement(claims=[claim("c1", "supported"), claim("c2", "outdated")]))
    assert [one.quotes for one in found if one.quotes] == []


def test_the_follow_up_corrects_what_was_said_with_a_link() -> None:
    note = follow_up(CALL, Judgement(claims=[claim("c1", "contradicted"), claim("c2", "supported")]))
    assert note is not None
    assert "Kelp, first call" in note.subject
    assert note.body.count("Runs are kept thirty days.") == 1
    assert "Hobby keeps runs for 7 days." in note.body
    assert LINK in note.body


def test_with_nothing_wrong_there_is_nothing_to_correct() -> None:
    assert follow_up(CALL, Judgement(claims=[claim("c1", "supported"), claim("c2", "unclear")])) is None
