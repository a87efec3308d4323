"""Scores by rubric, strengths, priorities and the follow-up note, from judgements made by hand."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.analysis.analyst import Judgement
from backend.analysis.follow_up import follow_up
from backend.analysis.measures import MEASURES, hold_answers, seen
from backend.analysis.priorities import priorities, strengths
from backend.analysis.scorecard import role_of, rubric_for, scores
from backend.analysis.talk import talk_stats
from backend.analysis.talk_moments import belittles, is_discovery, praises
from backend.errors import UnverifiedQuote
from backend.quotes import verify
from backend.report import (
    Claim,
    CompetitorMention,
    Evidence,
    FollowUp,
    Handling,
    Objection,
    ObjectionCategory,
    OpenQuestion,
    Priority,
    Score,
    Strength,
    Suggestion,
    TalkMoment,
    Verdict,
)
from backend.rubric import Measure, Rubric
from backend.services.pack_sheets import PackFile
from backend.transcript import Call, Participant, Quote, Side, Transcript, Turn
from tests.conftest import REPO
from tests.sample_report import sample_report

LINK = "https://docs.prefect.io/v3/concepts/rate-limits"
RUBRICS = {
    path.stem: PackFile(path, path.read_bytes()).read(Rubric)
    for path in sorted((REPO / "knowledge" / "rubrics").glob("*.yaml"))
}
AE = RUBRICS["ae"]
TELLS = "In Prefect a flow is a function with a decorator on top of it. " * 4
THEY_TELL = "We run some two hundred of those each night on one big machine. " * 4
ASKS = ["What runs them today?", "What happens when one fails?", "Who gets the call at night?"]
ASKS += ["How many people look after it?", "Why do you look now?"]
GOODBYE = "I'll send you the page on Tuesday."


def conversation(*more: tuple[str, Side, str], end: str = GOODBYE, ours: Side = "internal") -> Transcript:
    """A call that gives no cause for complaint: both speak, five open questions, a dated end."""
    said: list[tuple[str, Side, str]] = [("Rep", ours, TELLS), ("Buyer", "external", THEY_TELL)]
    for words in ASKS:
        said += [("Rep", ours, words), ("Buyer", "external", "That differs a lot from week to week.")]
    return spoken([*said, *more, ("Rep", ours, end), ("Buyer", "external", "Thank you, that was good.")])


def lecture() -> Transcript:
    return spoken(
        [("Rep", "internal", TELLS * 6), ("Buyer", "external", "I see."), ("Rep", "internal", "Bye.")]
    )


def spoken(said: list[tuple[str, Side, str]]) -> Transcript:
    turns = [
        Turn(index=nth, speaker=speaker, side=side, text=text.strip())
        for nth, (speaker, side, text) in enumerate(said)
    ]
    sides = {turn.speaker: turn.side for turn in turns}
    people = [Participant(id=name, name=name, side=side) for name, side in sides.items()]
    return Transcript(call=Call(title="Kelp, first call", participants=people), turns=turns, format="plain")


class Coached:
    """What is made of a judgement on a call."""

    def __init__(self, judgement: Judgement | None = None, call: Transcript | None = None) -> None:
        call = call or conversation()
        self.call = seen(call, talk_stats(call), judgement or Judgement())
        self.scores = scores(self.call, AE)

    @property
    def priorities(self) -> list[Priority]:
        return priorities(self.call, self.scores, AE)

    @property
    def strengths(self) -> list[Strength]:
        return strengths(self.call, self.scores, AE)

    @property
    def follow_up(self) -> FollowUp | None:
        return follow_up(self.call)

    def score(self, name: str) -> Score:
        return next(score for score in self.scores if score.name == name)

    def words_of(self, score: str) -> list[str]:
        """What is quoted of talk moments for a score."""
        because = self.score(score).because
        return [one.quote.text for one in self.call.talk_moments if one.id in because]


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


def settled(*verdicts: Verdict) -> Judgement:
    return Judgement(claims=[claim(f"c{nth}", verdict) for nth, verdict in enumerate(verdicts, 1)])


def test_there_is_a_rubric_for_each_role_and_each_measure_has_its_use() -> None:
    assert set(RUBRICS) == {"ae", "se", "csm"}
    used = {one.measure for rubric in RUBRICS.values() for each in rubric.dimensions for one in each.measures}
    assert used == set(MEASURES)


@pytest.mark.parametrize(
    ("written", "role"),
    [
        *(("ae", "ae"), ("Senior Account Executive", "ae"), ("SE", "se"), ("Solutions Architect", "se")),
        *(("Sales Engineer", "se"), ("Customer Success Manager", "csm"), ("CSM", "csm"), ("Founder", None)),
    ],
)
def test_a_role_is_known_however_a_recorder_writes_it(written: str, role: str | None) -> None:
    assert role_of(Participant(id="1", name="Rep", role=written)) == role


@pytest.mark.parametrize(
    ("role", "used", "why"),
    [("Solutions Engineer", "se", "Rep is a solutions engineer."), (None, "ae", "Nobody's role")],
)
def test_the_rubric_is_that_of_the_reps_role_or_the_report_says_it_is_not(
    role: str | None, used: str, why: str
) -> None:
    call = conversation()
    call.call.participants[0].role = role
    found = rubric_for(seen(call, talk_stats(call), Judgement()), [*RUBRICS.values()])
    assert found is not None
    assert (found[1].id, found[1].version) == (used, RUBRICS["ae"].version)
    assert found[1].why.startswith(why)


def test_of_several_of_ours_the_one_who_spoke_most_decides_the_rubric() -> None:
    call = conversation(("Engineer", "internal", TELLS * 3))
    roles = {"Rep": "ae", "Engineer": "se", "Buyer": None}
    for person in call.call.participants:
        person.role = roles[person.name]
    found = rubric_for(seen(call, talk_stats(call), Judgement()), [*RUBRICS.values()])
    assert found is not None
    assert found[1].id == "se"


@pytest.mark.parametrize(
    ("measure", "marks"),
    [
        (Measure(measure="claims_right", best=100, worst=50), {100: 100, 75: 50, 50: 0, 20: 0}),
        (Measure(measure="longest_turn", best=200, worst=600), {100: 100, 400: 50, 900: 0}),
        (Measure(measure="talk_share", best=(35, 60), worst=(15, 90)), {40: 100, 25: 50, 75: 50, 95: 0}),
    ],
)
def test_marks_fall_in_proportion_from_best_to_worst(measure: Measure, marks: dict[int, int]) -> None:
    assert {value: measure.marks(value) for value in marks} == marks


def test_every_score_says_what_it_counted_and_what_good_looks_like() -> None:
    for score in Coached().scores:
        assert all((score.why, score.good, score.fair, score.poor, score.measured))
        assert (score.level is None) == (score.value is None)


def test_what_gave_no_occasion_has_no_score_and_says_so() -> None:
    coached = Coached()
    missing = {score.name: score.why for score in coached.scores if score.value is None}
    assert missing == {
        "Product accuracy": "Our side claimed nothing of the product.",
        "Objection handling": "No objection came up.",
        "Competitive positioning": "No other product came up.",
        "Answers to their questions": "They asked nothing that our side could have answered.",
    }


def test_accuracy_counts_what_was_decided_and_names_it() -> None:
    judgement = settled("supported", "contradicted", "unclear", "supported", "supported")
    accuracy = Coached(judgement).score("Product accuracy")
    assert (accuracy.value, accuracy.because) == (50, ["c1", "c2", "c4", "c5"])
    assert accuracy.why == "The docs settle 4 of 5 claims, and bear out 3."


@pytest.mark.parametrize(("right", "unclear"), [(3, 0), (4, 13)])
def test_a_few_decided_claims_neither_score_nor_praise_the_rest(right: int, unclear: int) -> None:
    either: tuple[Verdict, Verdict] = ("supported", "unclear")
    coached = Coached(settled(*(either[nth >= right] for nth in range(right + unclear))))
    assert coached.score("Product accuracy").value is None
    assert not any("c1" in one.quotes for one in coached.strengths)


def test_nothing_is_held_against_anybody_where_nobody_is_known_to_be_ours() -> None:
    judgement = Judgement(
        claims=[claim(f"c{nth}", "contradicted") for nth in range(5)],
        objections=[objection("o1", "ignored"), objection("o2", "well")],
        questions=[question("q1", answered=True)],
    )
    coached = Coached(judgement, conversation(ours="unknown"))
    assert {score.value for score in coached.scores} == {None}
    assert (coached.strengths, coached.priorities, coached.follow_up) == ([], [], None)


def test_a_claim_of_somebody_who_is_not_ours_is_nobodys_to_correct() -> None:
    theirs = claim("c1", "contradicted")
    theirs = theirs.model_copy(update={"quote": theirs.quote.model_copy(update={"speaker": "Stranger"})})
    coached = Coached(Judgement(claims=[theirs]))
    assert (coached.priorities, coached.follow_up) == ([], None)


def test_objections_score_by_how_they_were_handled() -> None:
    good, bad = (
        Coached(Judgement(objections=[objection("o1", handled)])).score("Objection handling")
        for handled in ("well", "ignored")
    )
    assert (good.value, bad.value) == (100, 0)


def test_an_answer_that_was_wrong_is_no_good_answer() -> None:
    answer = quote("No worry. Runs are kept thirty days. And more.")
    wrong = claim("c1", "contradicted")
    wrong = wrong.model_copy(
        update={"quote": wrong.quote.model_copy(update={"char_start": 10, "char_end": 35})}
    )
    answered = objection("o1", "well").model_copy(update={"response": answer})
    elsewhere = answered.model_copy(update={"id": "o2", "response": answer.model_copy(update={"turn": 2})})
    held = hold_answers(Judgement(claims=[wrong], objections=[answered, elsewhere]))
    assert [one.handled for one in held.objections] == ["poorly", "well"]
    found = Coached(held).priorities
    assert [one.quotes for one in found] == [["c1", "o1"]], "one thing to correct, not two"
    assert "“Too expensive.”" in found[0].why


def test_who_asks_and_listens_scores_high_on_discovery_and_the_questions_are_shown() -> None:
    coached = Coached()
    assert coached.score("Discovery").value == 100
    assert set(ASKS) <= set(coached.words_of("Discovery"))
    assert Coached(call=lecture()).score("Discovery").level == "poor"


def test_without_question_marks_nobody_is_blamed_for_asking_nothing() -> None:
    call = conversation()
    for turn in call.turns:
        turn.text = turn.text.replace("?", "").replace(".", "").lower()
    discovery = Coached(call=call).score("Discovery")
    assert "no question marks" in discovery.why
    assert discovery.value == 100, "for the share of the talk alone"


@pytest.mark.parametrize(
    ("words", "asks"),
    [
        ("And what happens when one fails?", True),
        ("Tell me how you run it today.", True),
        ("Before I show anything, what would make this a good hour for you?", True),
        ("What does that make sense?", False),
        ("How are you today?", False),
        ("Where can we put our logo?", False),
        ("You run Airflow, right?", False),
        ("What you run is Airflow.", False),
    ],
)
def test_an_open_question_about_them_is_discovery(words: str, asks: bool) -> None:
    assert is_discovery(words) is asks


@pytest.mark.parametrize(
    ("words", "praised", "belittled"),
    [
        ("Temporal is very good at long transactions.", True, False),
        ("Temporal is really a nightmare to run.", False, True),
        ("You said Temporal is a nightmare.", False, False),
        ("Temporal is not good at that.", False, False),
        ("They moved from Temporal in May.", False, False),
        ("The good news is that you can leave Temporal.", False, False),
    ],
)
def test_only_plain_words_credit_or_belittle_another_product(
    words: str, praised: bool, belittled: bool
) -> None:
    assert (praises(words, "temporal"), belittles(words, "temporal")) == (praised, belittled)


@pytest.mark.parametrize(
    ("words", "value"),
    [("Temporal is strong at that.", 100), ("Temporal is a toy.", 0), ("They left Temporal in May.", None)],
)
def test_positioning_is_scored_by_what_our_side_said_of_the_other_product(
    words: str, value: int | None
) -> None:
    mention = CompetitorMention(
        id="m1",
        quote=quote("Temporal"),
        competitor="temporal",
        context="evaluating",
        positioning=Suggestion(text="Say first what it does well."),
    )
    coached = Coached(Judgement(competitors=[mention]), conversation(("Rep", "internal", words)))
    assert coached.score("Competitive positioning").value == value
    assert coached.words_of("Competitive positioning") == ([words] if value is not None else [])


@pytest.mark.parametrize(
    ("end", "value"),
    [(GOODBYE, 100), ("I'll send you the page.", 60), ("It was nice to meet you all.", 0)],
)
def test_a_next_step_counts_in_full_with_its_time(end: str, value: int) -> None:
    step = Coached(call=conversation(end=end)).score("Next step")
    assert step.value == value
    assert step.because


def test_a_poor_dimension_is_a_priority_with_the_rubrics_advice_and_its_moments() -> None:
    coached = Coached(call=conversation(end="It was nice to meet you all."))
    [only] = coached.priorities
    step = next(one for one in AE.dimensions if one.name == "Next step")
    assert (only.do, bool(only.quotes)) == (step.next_time, True)


def test_every_priority_and_strength_names_a_moment_of_the_call() -> None:
    judgement = settled("contradicted").model_copy(update={"objections": [objection("o1", "well")]})
    for coached in (Coached(judgement, lecture()), Coached(judgement)):
        known = {"c1", "o1", *(one.id for one in coached.call.talk_moments)}
        named = [one.quotes for one in coached.priorities] + [one.quotes for one in coached.strengths]
        assert all(named)
        assert {moment for quotes in named for moment in quotes} <= known


def test_their_questions_count_with_those_that_were_answered() -> None:
    asked: list[tuple[str, Side, str]] = []
    for words in ("Does it run in our own cluster?", "Can we keep the logs? And who may see them?"):
        asked += [("Buyer", "external", words), ("Rep", "internal", "It does.")]
    call = conversation(*asked)
    left = question("q1", answered=False)
    both = Coached(Judgement(questions=[left, left.model_copy(update={"id": "q2"})]), call)
    answers = both.score("Answers to their questions")
    assert answers.why == "5 questions of theirs: 2 left open."
    assert answers.value == 53
    wrong = claim("c1", "contradicted")
    wrong = wrong.model_copy(update={"quote": wrong.quote.model_copy(update={"turn": 15})})
    held = Judgement(questions=[left, left.model_copy(update={"id": "q2"})], claims=[wrong])
    false = Coached(held, call).score("Answers to their questions")
    assert false.why.endswith("2 left open, and 1 answer holds something that the docs do not bear out.")
    assert false.value == 27


def test_where_only_open_questions_are_known_nobody_is_said_to_answer_none() -> None:
    left = [question(f"q{nth}", answered=False) for nth in range(6)]
    answers = Coached(Judgement(questions=left)).score("Answers to their questions")
    assert answers.value is None
    assert answers.because == [one.id for one in left]


def test_a_talk_moment_must_be_verbatim_like_every_other() -> None:
    report = sample_report()
    words = report.turns[2].text[:20]
    good = Quote(turn=2, speaker=report.turns[2].speaker, text=words, char_start=0, char_end=20)
    for text, holds in ((words, True), ("Never said by anyone.", False)):
        moment = TalkMoment(id="t1", kind="long_turn", quote=good.model_copy(update={"text": text}))
        score = Score(name="Pace", value=50, because=["t1"])
        changed = report.model_copy(update={"talk_moments": [moment], "scores": [score]})
        if holds:
            verify(changed)
        else:
            with pytest.raises(UnverifiedQuote):
                verify(changed)


def test_moments_of_the_talk_are_verbatim() -> None:
    call = conversation()
    for moment in Coached(call=call).call.talk_moments:
        where = moment.quote
        assert call.turns[where.turn].text[where.char_start : where.char_end] == where.text != ""


def test_a_wrong_claim_outranks_everything_else() -> None:
    judgement = Judgement(
        claims=[
            claim("c1", "overstated", 0.6, "Webhooks need a paid plan."),
            claim("c2", "contradicted", 0.9),
        ],
        objections=[objection("o1", "ignored"), objection("o2", "poorly")],
        questions=[question("q1", answered=False)],
    )
    found = Coached(judgement, lecture()).priorities
    assert [one.quotes for one in found] == [["c2"], ["c1"], ["o1", "o2"]]
    assert "Hobby keeps runs for 7 days." in found[0].do
    assert found[1].title == "Correct what you said about webhooks"


def test_wrong_claims_about_one_thing_are_one_priority() -> None:
    found = Coached(Judgement(claims=[claim("c1", "overstated"), claim("c2", "contradicted")])).priorities
    assert [(one.quotes, one.title) for one in found] == [
        (["c1", "c2"], "Correct what you said about retention")
    ]


def test_a_correction_without_a_known_feature_is_named_after_its_page() -> None:
    odd = claim("c1", "contradicted", correction="It is so.")
    odd.quote = quote("It is not so.")
    odd.evidence[0].title = "How to retrieve code from storage (Prefect docs)"
    found = Coached(Judgement(claims=[odd])).priorities
    assert found[0].title == "Correct what you said about how to retrieve code from storage"


def test_there_are_never_more_than_three_priorities_and_none_without_a_reason() -> None:
    kinds: list[ObjectionCategory] = ["price", "scale", "support", "timing", "security"]
    many = Judgement(objections=[objection(f"o-{kind}", "ignored", kind) for kind in kinds])
    assert len(Coached(many).priorities) == 3
    assert Coached(Judgement(objections=[objection("o1", "well")])).priorities == []


def test_objections_of_one_kind_are_one_priority_that_quotes_the_first() -> None:
    found = Coached(
        Judgement(objections=[objection("o1", "ignored"), objection("o2", "partly")] * 2)
    ).priorities
    assert [one.title for one in found] == ["Answer the objection to the price"]
    assert found[0].why == "They said “Too expensive.” and nobody of ours took it up."


def test_questions_left_open_are_one_priority_that_names_them() -> None:
    found = Coached(
        Judgement(questions=[question("q1", answered=False), question("q2", answered=False)])
    ).priorities
    assert [one.quotes for one in found] == [["q1", "q2"]]
    assert found[0].why == "They asked “And the SLA?” and “And the SLA?” and both were put off."
    assert found[0].do.endswith("Say this.")


def test_an_open_question_without_a_known_answer_is_to_be_found_out() -> None:
    found = Coached(Judgement(questions=[question("q1", answered=False, suggestion=None)])).priorities
    assert found[0].why == "They asked “And the SLA?” and it was put off."
    assert found[0].do == "Find out, and write to them with the answer."


def test_strengths_point_at_what_shows_them_and_say_how_much_was_checked() -> None:
    right = [claim(f"c{nth}", "supported") for nth in range(1, 5)]
    judgement = Judgement(claims=[*right, claim("c5", "unclear")], objections=[objection("o1", "well")])
    found = Coached(judgement).strengths
    assert [one.quotes for one in found[:2]] == [["c1", "c2", "c3", "c4"], ["o1"]]
    assert found[0].text.startswith("4 of 5 claims could be checked")


def test_accuracy_is_no_strength_where_something_was_wrong() -> None:
    right = [claim(f"c{nth}", "supported") for nth in range(1, 5)]
    found = Coached(Judgement(claims=[*right, claim("c5", "outdated")])).strengths
    assert not any("c1" in one.quotes for one in found)


def test_the_follow_up_corrects_what_was_said_with_a_link_and_without_blame() -> None:
    note = Coached(Judgement(claims=[claim("c1", "contradicted"), claim("c2", "supported")])).follow_up
    assert note is not None
    assert "Kelp, first call" in note.subject
    assert note.body.count("Runs are kept thirty days.") == 1
    assert "Hobby keeps runs for 7 days." in note.body
    assert LINK in note.body
    assert not {"sorry", "mistake", "wrong", "Rep"} & set(note.body.replace(".", " ").split())


def test_what_two_claims_got_wrong_alike_is_corrected_once() -> None:
    note = Coached(settled("contradicted", "overstated")).follow_up
    assert note is not None
    assert note.body.count("Hobby keeps runs for 7 days.") == 1
    assert note.subject.startswith("A correction")


def test_the_follow_up_answers_open_questions_only_in_words_of_a_page() -> None:
    [evidence] = claim("c1", "contradicted").evidence
    known = Suggestion(text="Our own words.", evidence=[evidence])
    open_ones = [
        question("q1", answered=False).model_copy(update={"suggestion": known}),
        question("q2", answered=False, suggestion="A guess."),
    ]
    judgement = settled("contradicted").model_copy(update={"questions": open_ones})
    note = Coached(judgement).follow_up
    assert note is not None
    assert note.body.count("“And the SLA?”") == 1
    assert note.body.count(LINK) == 2
    assert "guess" not in note.body
    assert "Our own words" not in note.body


def test_with_nothing_wrong_there_is_nothing_to_correct() -> None:
    assert Coached(settled("supported", "unclear")).follow_up is None
