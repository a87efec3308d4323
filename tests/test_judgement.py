"""What people say of a report: what stands, what follows from it, and what goes along to a new analysis."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import BadRequest, NotFound
from backend.judgement import (
    MOST_DISPUTES,
    MOST_FORMER_RULINGS,
    Said,
    as_found,
    carried_over,
    claim_of,
    dispute,
    objection_of,
    rescored,
    rule,
    rule_handling,
    withdraw,
)
from backend.quotes import verify
from backend.report import ACCUSING, Claim, CoachingReport, Handling, Verdict
from backend.rubric import Rubric
from backend.services.pack_sheets import PackFile
from backend.store.judgements import state_of
from tests.conftest import REPO
from tests.sample_report import said, sample_report

AT = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
LENA = Said("Lena Ortiz", "The rep named the plan in the sentence before.", AT)
ROBIN = Said("Robin Vale", "I had said which plans.", AT - timedelta(hours=1))
RUBRICS = [
    PackFile(path, path.read_bytes()).read(Rubric)
    for path in sorted((REPO / "knowledge" / "rubrics").glob("*.yaml"))
]
SSO, AGENTS, PROVEN, BARE = "c2", "c3", "c1", "c7"
"""Claims of the sample: contradicted, outdated, supported with evidence, and one without any."""


def scored() -> CoachingReport:
    """The sample with scores, priorities and note as they follow from its verdicts."""
    return rescored(sample_report(), RUBRICS)


def with_claim(report: CoachingReport, claim_id: str, **fields: object) -> CoachingReport:
    claims = [one.model_copy(update=fields) if one.id == claim_id else one for one in report.claims]
    return rescored(report.model_copy(update={"claims": claims}), RUBRICS)


def score(report: CoachingReport, name: str) -> int | None:
    return next(one.value for one in report.scores if one.name == name)


# -- disputes


def test_a_dispute_stands_beside_the_verdict_and_changes_nothing_else() -> None:
    report = scored()
    disputed = dispute(report, "claims", SSO, ROBIN)
    [one] = claim_of(disputed, SSO).disputes
    assert (one.by, one.reason, one.at, one.open) == (*ROBIN, True)
    without = with_claim(disputed, SSO, disputes=[])
    assert without == report


def test_the_same_dispute_sent_twice_is_one_and_another_persons_is_another() -> None:
    report = dispute(scored(), "claims", SSO, ROBIN)
    assert dispute(report, "claims", SSO, ROBIN._replace(at=AT)) is report
    assert [one.id for one in claim_of(dispute(report, "claims", SSO, LENA), SSO).disputes] == ["d1", "d2"]


def test_a_claim_takes_no_endless_row_of_disputes() -> None:
    report = scored()
    for number in range(MOST_DISPUTES):
        report = dispute(report, "claims", SSO, ROBIN._replace(reason=f"For the {number}th time."))
    with pytest.raises(BadRequest, match="talk about it"):
        dispute(report, "claims", SSO, LENA)


def test_a_dispute_can_be_withdrawn_until_a_ruling_answers_it() -> None:
    report = dispute(scored(), "claims", SSO, ROBIN)
    withdrawn = withdraw(report, "claims", SSO, "d1", AT)
    assert not claim_of(withdrawn, SSO).disputes[0].open
    assert withdraw(withdrawn, "claims", SSO, "d1", AT + timedelta(days=1)) == withdrawn
    ruled = rule(report, SSO, "contradicted", LENA, RUBRICS)
    assert claim_of(ruled, SSO).disputes[0].answered_at == AT
    with pytest.raises(BadRequest, match="answered"):
        withdraw(ruled, "claims", SSO, "d1", AT)


def test_what_is_not_in_the_report_is_not_found() -> None:
    report = scored()
    calls: list[Callable[[], CoachingReport]] = [
        lambda: dispute(report, "claims", "o1", ROBIN),
        lambda: dispute(report, "objections", "c1", ROBIN),
        lambda: withdraw(report, "claims", SSO, "d9", AT),
        lambda: rule(report, "c99", "supported", LENA, RUBRICS),
        lambda: rule_handling(report, "o99", "well", LENA, RUBRICS),
    ]
    for missing in calls:
        with pytest.raises(NotFound):
            missing()


# -- rulings on claims


def test_an_overruled_accusation_is_gone_from_scores_priorities_and_the_note() -> None:
    report = scored()
    assert report.follow_up
    assert "single sign-on" in report.follow_up.body
    ruled = rule(report, SSO, "supported", LENA, RUBRICS)
    claim = claim_of(ruled, SSO)
    assert (claim.verdict, claim.reason, claim.correction) == ("supported", LENA.reason, None)
    assert SSO not in {claim.id for claim in ruled.wrong_claims()}
    assert ruled.follow_up
    assert "single sign-on" not in ruled.follow_up.body
    assert not [one for one in ruled.priorities if SSO in one.quotes]
    verify(ruled)


def test_scores_praise_and_note_follow_when_the_last_accusation_falls() -> None:
    report = scored()
    assert score(report, "Product accuracy") == 0
    for claim in report.wrong_claims():
        report = rule(report, claim.id, "supported", LENA, RUBRICS)
    assert score(report, "Product accuracy") == 100
    assert report.follow_up is None
    assert any(SSO in one.quotes for one in report.strengths)
    assert not [one for one in report.priorities if one.title.startswith("Correct")]


def test_the_analysts_finding_stays_beside_the_ruling() -> None:
    found = claim_of(scored(), SSO)
    ruled = claim_of(rule(scored(), SSO, "supported", LENA, RUBRICS), SSO)
    assert ruled.ruling
    assert (ruled.ruling.by, ruled.ruling.verdict, ruled.ruling.found) == (
        LENA.by,
        "supported",
        "contradicted",
    )
    assert not ruled.ruling.upheld
    assert as_found(ruled).model_copy(update={"ruling": None}) == found


def test_a_ruling_changes_nothing_but_its_claim_and_what_follows_from_it() -> None:
    report = scored()
    ruled = rule(report, SSO, "not_in_docs", LENA, RUBRICS)
    follows = {"claims", "scores", "strengths", "priorities", "follow_up"}
    for name in CoachingReport.model_fields.keys() - follows:
        assert getattr(ruled, name) == getattr(report, name), name
    others = [one for one in ruled.claims if one.id != SSO]
    assert others == [one for one in report.claims if one.id != SSO]


def test_upholding_keeps_the_analysts_words() -> None:
    report = scored()
    upheld = rule(report, SSO, "contradicted", LENA, RUBRICS)
    claim = claim_of(upheld, SSO)
    assert claim.ruling
    assert claim.ruling.upheld
    assert claim.model_copy(update={"ruling": None}) == claim_of(report, SSO)
    assert (upheld.scores, upheld.priorities, upheld.follow_up) == (
        report.scores,
        report.priorities,
        report.follow_up,
    )


def test_a_second_ruling_is_on_the_analysts_finding_and_keeps_the_first() -> None:
    once = rule(scored(), SSO, "supported", LENA, RUBRICS)
    twice = rule(once, SSO, "contradicted", ROBIN, RUBRICS)
    claim = claim_of(twice, SSO)
    assert claim.ruling
    assert claim.ruling.upheld
    assert [one.by for one in claim.former_rulings] == [LENA.by]
    assert claim.reason == claim_of(scored(), SSO).reason
    assert twice.follow_up == scored().follow_up


def test_of_many_rulings_the_last_ones_are_kept() -> None:
    report = scored()
    for number in range(MOST_FORMER_RULINGS + 3):
        report = rule(report, SSO, "supported", LENA._replace(reason=str(number)), RUBRICS)
    kept = claim_of(report, SSO).former_rulings
    assert [one.reason for one in kept] == [str(number) for number in range(2, MOST_FORMER_RULINGS + 2)]


@pytest.mark.parametrize("verdict", sorted(ACCUSING))
def test_nobody_accuses_where_no_words_of_the_docs_were_found(verdict: Verdict) -> None:
    report = scored()
    assert not claim_of(report, BARE).evidence
    with pytest.raises(BadRequest, match="nobody can be told that it was wrong"):
        rule(report, BARE, verdict, LENA, RUBRICS)


def test_an_accusation_by_a_person_corrects_in_the_documentations_own_words() -> None:
    report = scored()
    ruled = rule(report, PROVEN, "overstated", LENA, RUBRICS)
    claim = claim_of(ruled, PROVEN)
    assert claim.correction == claim.evidence[0].quote
    assert ruled.follow_up
    assert claim.evidence[0].quote in ruled.follow_up.body
    assert any(PROVEN in one.quotes and LENA.reason in one.why for one in ruled.priorities)
    verify(ruled)


def test_not_checked_is_no_ruling() -> None:
    with pytest.raises(BadRequest, match="another verdict"):
        rule(scored(), SSO, "not_checked", LENA, RUBRICS)


@given(st.lists(st.tuples(st.integers(0, 8), st.sampled_from(get_args(Verdict))), max_size=6))
def test_whatever_is_ruled_the_report_holds_together_and_goes_back_whole(
    rulings: list[tuple[int, Verdict]],
) -> None:
    report = BASE
    for number, verdict in rulings:
        claim = report.claims[number]
        if verdict == "not_checked" or (verdict in ACCUSING and not claim.evidence):
            with pytest.raises(BadRequest):
                rule(report, claim.id, verdict, LENA, RUBRICS)
            continue
        report = rule(report, claim.id, verdict, LENA, RUBRICS)
        verify(report)
        assert rescored(report, RUBRICS) == report
        assert {one.id for one in report.wrong_claims()} == {
            one.id for one in report.claims if one.verdict in ACCUSING and one.evidence
        }
    claims = [
        as_found(one).model_copy(update={"ruling": None, "former_rulings": []}) for one in report.claims
    ]
    assert rescored(report.model_copy(update={"claims": claims}), RUBRICS) == BASE


BASE = scored()


# -- what hangs together


def answered_wrongly() -> CoachingReport:
    """The sample, in which an objection was taken up well but with the wrong claim on single sign-on."""
    report = sample_report()
    answer = said(report.turns, 2, "every plan has single sign-on, so your security people will be fine.")
    objections = [
        one.model_copy(update={"handled": "well", "response": answer}) if one.id == "o3" else one
        for one in report.objections
    ]
    return rescored(report.model_copy(update={"objections": objections}), RUBRICS)


def test_an_objection_answered_with_a_wrong_claim_is_well_answered_once_the_claim_is_not_wrong() -> None:
    report = answered_wrongly()
    assert objection_of(report, "o3").handled == "poorly"
    ruled = rule(report, SSO, "supported", LENA, RUBRICS)
    assert objection_of(ruled, "o3").handled == "well"
    assert rule(ruled, SSO, "contradicted", LENA, RUBRICS).objections == report.objections


def test_a_persons_word_on_an_objection_stands_whatever_becomes_of_the_claim() -> None:
    report = rule_handling(answered_wrongly(), "o3", "partly", LENA, RUBRICS)
    assert objection_of(report, "o3").handled == "partly"
    assert objection_of(rule(report, SSO, "supported", LENA, RUBRICS), "o3").handled == "partly"


def test_another_version_of_the_rubric_is_told() -> None:
    report = scored()
    newer = [one.model_copy(update={"version": one.version + 1}) for one in RUBRICS]
    ruled = rule(report, SSO, "supported", LENA, newer)
    assert ruled.rubric
    assert f"version {ruled.rubric.version}" in ruled.warnings[-1]
    assert rule(report, SSO, "supported", LENA, RUBRICS).warnings == report.warnings


# -- rulings on objections


@pytest.mark.parametrize("handled", get_args(Handling))
def test_how_an_objection_was_handled_can_be_overruled(handled: Handling) -> None:
    report = dispute(scored(), "objections", "o1", ROBIN)
    ruled = rule_handling(report, "o1", handled, LENA, RUBRICS)
    objection = objection_of(ruled, "o1")
    assert objection.ruling
    assert (objection.handled, objection.ruling.found) == (handled, "poorly")
    assert objection.ruling.upheld == (handled == "poorly")
    assert not objection.disputes[0].open
    verify(ruled)


def test_what_was_no_objection_counts_nowhere_and_can_come_back() -> None:
    report = scored()
    ruled = rule_handling(report, "o4", None, LENA, RUBRICS)
    assert "o4" not in {one.id for one in (*ruled.objections, *ruled.moments())}
    assert [one.id for one in ruled.dismissed] == ["o4"]
    assert not [one for one in ruled.scores if "o4" in one.because]
    assert not [one for one in ruled.priorities if "o4" in one.quotes]
    verify(ruled)
    back = rule_handling(ruled, "o4", "ignored", LENA, RUBRICS)
    assert not back.dismissed
    assert back.scores == report.scores


# -- a new analysis of the same call


def found_again(verdict: Verdict = "contradicted", **fields: object) -> CoachingReport:
    """The call analysed anew, another verdict on single sign-on or not."""
    return with_claim(sample_report("newer"), SSO, verdict=verdict, **fields)


def test_disputes_and_rulings_go_along_to_the_same_words() -> None:
    old = rule(dispute(scored(), "claims", SSO, ROBIN), SSO, "supported", LENA, RUBRICS)
    old = dispute(rule_handling(old, "o1", "well", LENA, RUBRICS), "claims", AGENTS, ROBIN)
    old = rule_handling(old, "o4", None, LENA, RUBRICS)
    new = carried_over(found_again(), old, RUBRICS)
    assert new.claims == old.claims
    assert (new.objections, new.dismissed) == (old.objections, old.dismissed)
    assert (new.scores, new.priorities, new.follow_up) == (old.scores, old.priorities, old.follow_up)
    assert (new.id, new.warnings) == ("newer", found_again().warnings)
    verify(new)


def test_nothing_happens_where_nobody_said_anything() -> None:
    new = found_again()
    assert carried_over(new, scored(), RUBRICS) is new


def test_a_ruling_stands_where_the_analyst_finds_something_else_now_and_this_is_told() -> None:
    old = rule(scored(), SSO, "supported", LENA, RUBRICS)
    new = carried_over(found_again("outdated"), old, RUBRICS)
    claim = claim_of(new, SSO)
    assert claim.ruling
    assert (claim.verdict, claim.ruling.found, claim.ruling.found_then) == (
        "supported",
        "outdated",
        "contradicted",
    )
    assert "“outdated”. The ruling stands." in new.warnings[-1]
    again = carried_over(found_again("contradicted"), new, RUBRICS)
    last = claim_of(again, SSO).ruling
    assert last
    assert (last.found, last.found_then) == ("contradicted", None)


@pytest.mark.parametrize("given_verdict", ["contradicted", "overstated"], ids=["upheld", "overruled"])
def test_an_accusing_ruling_does_not_outlive_its_evidence(given_verdict: Verdict) -> None:
    old = rule(scored(), SSO, given_verdict, LENA, RUBRICS)
    other = claim_of(scored(), PROVEN).evidence
    new = carried_over(found_again("supported", evidence=other, correction=None), old, RUBRICS)
    claim = claim_of(new, SSO)
    assert (claim.verdict, claim.ruling) == ("supported", None)
    assert [one.verdict for one in claim.former_rulings] == [given_verdict]
    assert "until somebody rules again" in new.warnings[-1]
    verify(new)
    later = claim_of(carried_over(found_again("supported", evidence=other), new, RUBRICS), SSO)
    assert (later.ruling, later.former_rulings) == (None, claim.former_rulings)
    assert state_of(later) == "open"


def test_an_accusing_ruling_on_the_same_evidence_stands() -> None:
    old = rule(scored(), SSO, "overstated", LENA, RUBRICS)
    assert claim_of(carried_over(found_again("unclear"), old, RUBRICS), SSO).verdict == "overstated"


def test_words_that_are_no_claim_any_more_are_told() -> None:
    old = rule(scored(), SSO, "supported", LENA, RUBRICS)
    new = found_again()
    fewer = rescored(new.model_copy(update={"claims": [one for one in new.claims if one.id != SSO]}), RUBRICS)
    assert "finds none in the same words" in carried_over(fewer, old, RUBRICS).warnings[-1]


def test_what_is_said_of_the_new_analysis_already_stays() -> None:
    old = rule(scored(), SSO, "supported", LENA, RUBRICS)
    new = rule(found_again(), SSO, "not_in_docs", ROBIN, RUBRICS)
    assert claim_of(carried_over(new, old, RUBRICS), SSO) == claim_of(new, SSO)


def test_words_a_character_further_on_are_other_words() -> None:
    old = rule(scored(), SSO, "supported", LENA, RUBRICS)
    shifted = claim_of(scored(), SSO).quote
    moved = sample_report().turns[shifted.turn].quote(shifted.char_start + 1, shifted.char_end)
    claim = claim_of(carried_over(found_again(quote=moved), old, RUBRICS), SSO)
    assert isinstance(claim, Claim)
    assert claim.ruling is None
