"""Reports marked against the labels of a made-up call; every expected count is counted by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import JsonValue

from backend.analysis.analyst import Brief
from backend.evals.labels import LabelledCall, read_calls
from backend.evals.marking import ASTRAY, Counted, Marker, Marks
from backend.facts import Fact, FactMatch
from tests.evals.made_up import LABELS, SLAS, Reported, made_up, passage, write


@pytest.fixture
def call(tmp_path: Path) -> LabelledCall:
    return made_up(tmp_path)


def marked(call: LabelledCall, reported: Reported) -> Marks:
    return Marker(call, reported.report(), {}).marks()


def test_claims_count_by_half_of_the_shorter_quote_in_the_same_turn(call: LabelledCall) -> None:
    reported = Reported(call)
    reported.claim(0, "open source", "unclear")  # within a label
    reported.claim(0, "open source. SLAs are on every plan.", "unclear")  # more than half of one label
    reported.claim(2, "own cloud. Nice weather by the way.", "unclear")  # under half of either
    reported.claim(2, "Nice weather", "unclear")  # unlabelled
    counts = marked(call, reported).counts
    assert counts["claims.precision"] == Counted(2, 4)
    assert counts["claims.recall"] == Counted(2, 4)


def test_an_accusation_is_right_only_where_the_label_accuses_too(call: LabelledCall) -> None:
    reported = Reported(call)
    reported.claim(0, "SLAs are on every plan.", "overstated")  # contradicted by the label: an accusation
    reported.claim(0, "Prefect is open source.", "outdated")  # supported by the label
    reported.claim(2, "Nice weather", "contradicted")  # unlabelled: wrong as well
    reported.claim(2, "Workers run in your own cloud.", "unclear")
    marks = marked(call, reported)
    assert marks.counts["accusations.precision"] == Counted(1, 3)
    assert marks.counts["accusations.recall"] == Counted(1, 3)
    wrong = [one.words for one in marks.findings if one.kind == "wrong accusation"]
    assert wrong == ["Prefect is open source.", "Nice weather"]
    assert [one.words for one in marks.findings if one.kind == "wrong claim passed"] == [
        "Workers run in your own cloud."
    ]


def test_a_sentence_of_a_right_claim_and_a_wrong_one_may_be_accused_but_not_called_supported(
    call: LabelledCall,
) -> None:
    both = "Prefect is open source. SLAs are on every plan."
    accusing, supporting = Reported(call), Reported(call)
    accusing.claim(0, both, "contradicted")
    supporting.claim(0, both, "supported")
    marks = marked(call, accusing)
    assert marks.counts["accusations.precision"] == Counted(1, 1)
    assert not [one for one in marks.findings if one.kind == "wrong accusation"]
    assert marked(call, supporting).counts["supported.right"] == Counted(0, 1)


def test_the_same_words_said_twice_are_two_labels_at_two_places(call: LabelledCall) -> None:
    reported = Reported(call)
    reported.claim(4, "SLAs are on every plan.", "contradicted")
    marks = marked(call, reported)
    assert marks.counts["claims.recall"] == Counted(1, 4)
    missed = [one.words for one in marks.findings if one.kind == "claim missed"]
    assert missed == ["Prefect is open source.", "SLAs are on every plan.", "Workers run in your own cloud."]


def test_supported_is_counted_with_and_without_what_nobody_labelled(call: LabelledCall) -> None:
    reported = Reported(call)
    reported.claim(0, "Prefect is open source.", "supported")
    reported.claim(2, "Workers run in your own cloud.", "supported")
    reported.claim(2, "Nice weather", "supported")
    counts = marked(call, reported).counts
    assert counts["supported.right"] == Counted(1, 2)
    assert counts["supported.right_of_all"] == Counted(1, 3)


def test_verdicts_stand_beside_labels_with_what_was_missed_and_what_was_not_labelled(
    call: LabelledCall,
) -> None:
    reported = Reported(call)
    reported.claim(0, "Prefect is open source.", "supported")
    reported.claim(2, "Nice weather", "unclear")
    assert dict(marked(call, reported).verdicts) == {
        ("supported", "supported"): 1,
        ("contradicted", "not_found"): 2,
        ("overstated", "not_found"): 1,
        ("unlabelled", "unclear"): 1,
    }


def test_the_gold_page_counts_whatever_place_in_it_is_linked(call: LabelledCall) -> None:
    reported = Reported(call)
    reported.claim(0, "Prefect is open source.", "supported")  # no gold page: not checkable
    reported.claim(0, "SLAs are on every plan.", "unclear", f"{SLAS}#elsewhere")
    assert marked(call, reported).counts["pages.shown"] == Counted(1, 1)


def test_the_gold_page_may_be_known_and_not_shown(call: LabelledCall) -> None:
    reported = Reported(call)
    reported.claim(0, "SLAs are on every plan.", "unclear", "https://docs.prefect.io/v3/other")
    fact = Fact(id="f", statement="SLAs are kept for larger plans.", title="SLAs", url=SLAS)
    briefs = {"c1": Brief(facts=[FactMatch(fact=fact, score=1.0)])}
    counts = Marker(call, reported.report(), briefs).marks().counts
    assert (counts["pages.shown"], counts["pages.known"]) == (Counted(0, 1), Counted(1, 1))


def test_objections_are_found_filed_and_judged(call: LabelledCall) -> None:
    reported = Reported(call)
    reported.objection(1, "feels too expensive", "price", "partly")
    reported.objection(3, "what about Dagster?", "status_quo", "well")
    counts = marked(call, reported).counts
    assert counts["objections.precision"] == Counted(1, 2)
    assert counts["objections.recall"] == Counted(1, 1)
    assert counts["objections.category"] == Counted(1, 1)
    assert counts["objections.handled_well"] == Counted(1, 1)  # neither says well
    assert counts["objections.handled"] == Counted(0, 1)


def test_competitors_and_their_contexts_count_once_a_call(call: LabelledCall) -> None:
    reported = Reported(call)
    reported.competitor(1, "Airflow", "airflow", "current_tool")
    reported.competitor(3, "Dagster", "dagster", "passing")
    reported.competitor(4, "Dagster", "dagster", "evaluating")  # further mentions need no label
    reported.competitor(2, "Workers", "temporal", "passing")
    counts = marked(call, reported).counts
    assert counts["competitors.precision"] == Counted(2, 3)
    assert counts["competitors.recall"] == Counted(2, 2)
    assert counts["competitors.context"] == Counted(1, 2)


def test_a_question_called_answered_is_no_open_one(call: LabelledCall) -> None:
    reported = Reported(call)
    reported.question(3, "Is there a log of who did what?", answered=True)
    assert marked(call, reported).counts["questions.recall"] == Counted(0, 1)
    reported.question(3, "Is there a log of who did what?")
    assert marked(call, reported).counts["questions.recall"] == Counted(1, 1)


def test_a_quote_that_is_not_in_its_turn_or_passage_is_not_verbatim(call: LabelledCall) -> None:
    reported = Reported(call)
    reported.claim(0, "Prefect is open source.", "supported", SLAS)
    reported.claim(0, "SLAs are on every plan.", "unclear")
    claim = reported.claims[1]
    reported.claims[1] = claim.model_copy(update={"quote": claim.quote.model_copy(update={"text": "SLOs"})})
    right = Marker(call, reported.report([passage(SLAS, "Some words of it.")]), {}).marks()
    assert right.counts["quotes.verbatim"] == Counted(2, 3)
    wrong = Marker(call, reported.report([passage(SLAS, "Other words.")]), {}).marks()
    assert wrong.counts["quotes.verbatim"] == Counted(1, 3)


def test_a_label_that_nobody_says_is_missed_and_told(tmp_path: Path) -> None:
    astray: JsonValue = {"quote": "Workers run on the moon.", "speaker": "Rae", "verdict": "supported"}
    call = read_calls(write(tmp_path, {**LABELS, "claims": [astray]}))[0]
    marks = marked(call, Reported(call))
    assert marks.counts["claims.recall"] == Counted(0, 1)
    assert [one.words for one in marks.findings if one.kind == ASTRAY] == ["Workers run on the moon."]
