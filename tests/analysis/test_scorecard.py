"""Scores, strengths, priorities and the follow-up note, from judgements made by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.analysis.analyst import Judgement
from backend.analysis.scorecard import follow_up, priorities, scores, strengths
from backend.report import (
    Claim,
    Evidence,
    Handling,
    Objection,
    ObjectionCategory,
    OpenQuestion,
    Score,
    SpeakerTalk,
    Suggestion,
    TalkStats,
    Verdict,
)
from backend.transcript import Call, Quote, Side

LINK = "https://docs.prefect.io/v3/concepts/rate-limits"
CALL = Call(title="Kelp, first call")


def quote(text: str) -> Quote:
    return Quote(turn=0, speaker="Rep", text=text, char_start=0, char_end=len(text))


def claim(
    name: str, verdict: Verdict, confidence: float = 0.8, correction: str = "Hobby keeps runs for 7 days."
) -> Claim:
    wrong = verdict not in ("supported", "unclear")
    return Claim(
        id=name,
        quote=quote("Runs are kept thirty days."),
        topic="retention",
        verdict=verdict,
        confidence=confidence,
        reason="You said 30 days; the docs say 7 on Hobby.",
        correction=correction if wrong else None,
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


def objection(name: str, handled: Handling, category: ObjectionCategory = "price") -> Objection:
    return Objection(
        id=name,
        quote=quote("Too expensive."),
        category=category,
        handled=handled,
        suggestion=Suggestion(text="Ask what it is compared with."),
    )


def question(name: str, answered: bool, suggestion: str | None = "Say this.") -> OpenQuestion:
    return OpenQuestion(
        id=name,
        quote=quote("And the SLA?"),
        answered=answered,
        suggestion=Suggestion(text=suggestion) if suggestion else None,
    )


def talk(rep_share: float | None = 0.5, questions: int | None = 20, side: Side = "internal") -> TalkStats:
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
        speakers=[SpeakerTalk(speaker="Rep", side=side, words=1_000, share=0.5, questions=20, seconds=None)],
    )


def value(found: list[Score], name: str) -> int | None:
    return next(score.value for score in found if score.name == name)


def test_a_call_without_occasions_has_no_scores() -> None:
    assert {score.value for score in scores(talk(rep_share=None, questions=None), Judgement())} == {None}


def test_accuracy_counts_what_was_decided_and_names_it() -> None:
    verdicts: list[Verdict] = ["supported", "contradicted", "unclear", "supported", "supported"]
    found = scores(
        talk(), Judgement(claims=[claim(f"c{nth}", verdict) for nth, verdict in enumerate(verdicts, 1)])
    )
    accuracy = found[0]
    assert (accuracy.name, accuracy.value, accuracy.because) == (
        "Product accuracy",
        75,
        ["c1", "c2", "c4", "c5"],
    )


@pytest.mark.parametrize(("right", "unclear"), [(3, 0), (4, 13)])
def test_a_few_decided_claims_neither_score_nor_praise_the_rest(right: int, unclear: int) -> None:
    few = Judgement(
        claims=[
            *(claim(f"c{nth}", "supported") for nth in range(right)),
            *(claim(f"u{nth}", "unclear") for nth in range(unclear)),
        ]
    )
    assert value(scores(talk(), few), "Product accuracy") is None
    assert [one for one in strengths(talk(), few) if one.quotes] == []


def test_nothing_is_held_against_anybody_where_nobody_is_known_to_be_ours() -> None:
    unsided = talk(rep_share=None, questions=None, side="unknown")
    judgement = Judgement(
        claims=[claim(f"c{nth}", "contradicted") for nth in range(5)],
        objections=[objection("o1", "ignored"), objection("o2", "well")],
        questions=[question("q1", answered=True)],
    )
    assert {score.value for score in scores(unsided, judgement)} == {None}
    assert strengths(unsided, judgement) == []
    assert priorities(unsided, judgement) == []
    assert follow_up(CALL, unsided, judgement) is None


def test_a_claim_of_somebody_who_is_not_ours_is_nobodys_to_correct() -> None:
    theirs = claim("c1", "contradicted")
    theirs = theirs.model_copy(update={"quote": theirs.quote.model_copy(update={"speaker": "Stranger"})})
    assert priorities(talk(), Judgement(claims=[theirs])) == []
    assert follow_up(CALL, talk(), Judgement(claims=[theirs])) is None


def test_open_questions_alone_are_no_score_of_nought() -> None:
    left, both = (
        scores(talk(), Judgement(questions=[question("q1", answered=False)])),
        scores(talk(), Judgement(questions=[question("q1", answered=False), question("q2", answered=True)])),
    )
    assert (value(left, "Open questions"), value(both, "Open questions")) == (None, 50)


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
            claims=[
                claim("c1", "overstated", 0.6, "Webhooks need a paid plan."),
                claim("c2", "contradicted", 0.9),
            ],
            objections=[objection("o1", "ignored"), objection("o2", "poorly")],
            questions=[question("q1", answered=False)],
        ),
    )
    assert [one.quotes for one in found] == [["c2"], ["c1"], ["o1", "o2"]]
    assert "Hobby keeps runs for 7 days." in found[0].do
    assert found[1].title == "Correct what you said about webhooks"


def test_wrong_claims_about_one_thing_are_one_priority() -> None:
    found = priorities(talk(), Judgement(claims=[claim("c1", "overstated"), claim("c2", "contradicted")]))
    assert [(one.quotes, one.title) for one in found] == [
        (["c1", "c2"], "Correct what you said about retention")
    ]


def test_a_correction_without_a_known_feature_is_named_after_its_page() -> None:
    odd = claim("c1", "contradicted", correction="It is so.")
    odd.quote = quote("It is not so.")
    odd.evidence[0].title = "How to retrieve code from storage (Prefect docs)"
    found = priorities(talk(), Judgement(claims=[odd]))
    assert found[0].title == "Correct what you said about how to retrieve code from storage"


def test_there_are_never_more_than_three_priorities_and_none_without_a_reason() -> None:
    kinds: list[ObjectionCategory] = ["price", "scale", "support", "timing", "security"]
    many = Judgement(objections=[objection(f"o-{kind}", "ignored", kind) for kind in kinds])
    assert len(priorities(talk(), many)) == 3
    assert priorities(talk(), Judgement(objections=[objection("o1", "well")])) == []


def test_objections_of_one_kind_are_one_priority_that_quotes_the_first() -> None:
    found = priorities(
        talk(), Judgement(objections=[objection("o1", "ignored"), objection("o2", "partly")] * 2)
    )
    assert [one.title for one in found] == ["Answer the objection to the price"]
    assert found[0].why == "They said “Too expensive.” and nobody of ours took it up."


def test_questions_left_open_are_one_priority_that_names_them() -> None:
    found = priorities(
        talk(), Judgement(questions=[question("q1", answered=False), question("q2", answered=False)])
    )
    assert [one.quotes for one in found] == [["q1", "q2"]]
    assert found[0].why == "They asked “And the SLA?” and “And the SLA?” and both were put off."
    assert found[0].do.endswith("Say this.")


def test_an_open_question_without_a_known_answer_is_to_be_found_out() -> None:
    found = priorities(talk(), Judgement(questions=[question("q1", answered=False, suggestion=None)]))
    assert found[0].why == "They asked “And the SLA?” and it was put off."
    assert found[0].do == "Find out, and write to them with the answer."


def test_who_asks_little_is_told_to_tell_less_only_where_they_told_much() -> None:
    lecture, quiet = (priorities(talk(rep_share=share, questions=0), Judgement())[0] for share in (0.9, 0.2))
    assert (lecture.title, quiet.title) == ("Ask more, tell less", "Ask more of them")
    assert quiet.why == "Our side spoke 20% of the words and asked no question."


def test_strengths_point_at_what_shows_them_and_say_how_much_was_checked() -> None:
    right = [claim(f"c{nth}", "supported") for nth in range(1, 5)]
    found = strengths(
        talk(), Judgement(claims=[*right, claim("c5", "unclear")], objections=[objection("o1", "well")])
    )
    assert [one.quotes for one in found if one.quotes] == [["c1", "c2", "c3", "c4"], ["o1"]]
    assert found[0].text.startswith("4 of 5 claims could be checked")


def test_accuracy_is_no_strength_where_something_was_wrong() -> None:
    right = [claim(f"c{nth}", "supported") for nth in range(1, 5)]
    found = strengths(talk(), Judgement(claims=[*right, claim("c5", "outdated")]))
    assert [one.quotes for one in found if one.quotes] == []


def test_the_follow_up_corrects_what_was_said_with_a_link() -> None:
    note = follow_up(CALL, talk(), Judgement(claims=[claim("c1", "contradicted"), claim("c2", "supported")]))
    assert note is not None
    assert "Kelp, first call" in note.subject
    assert note.body.count("Runs are kept thirty days.") == 1
    assert "Hobby keeps runs for 7 days." in note.body
    assert LINK in note.body


def test_with_nothing_wrong_there_is_nothing_to_correct() -> None:
    assert (
        follow_up(CALL, talk(), Judgement(claims=[claim("c1", "supported"), claim("c2", "unclear")])) is None
    )
