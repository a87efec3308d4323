"""The page of one call as its rep meets it: little first, all of it within reach, and what an accusation
rests on beside it."""

from __future__ import annotations

import gzip
import random
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.pages import render, wording
from backend.report import Claim, CoachingReport, FormerJudgement, HandlingStep
from backend.transcript import Quote, Turn
from tests.routes.parsed import Element, Parsed
from tests.routes.variants import bare, changed
from tests.sample_report import READ_AT, said, sample_report

LONGEST_KB = 150


def shown(report: CoachingReport) -> Parsed:
    return Parsed(render.call_page(report))


def with_evidence(verdict: str, *numbers: int) -> tuple[CoachingReport, Claim]:
    """The sample with the first claim's verdict changed, and evidence from pages of these numbers."""
    report = sample_report()
    claim = report.claims[0]
    [evidence] = claim.evidence
    changes = [{"url": f"https://docs.prefect.io/{n}", "title": f"Page {n}"} for n in numbers]
    claim.evidence = [evidence.model_copy(update={**change}) for change in changes]
    return report, Claim.model_validate(claim.model_copy(update={"verdict": verdict}).model_dump())


# -- at the top


def test_a_priority_that_corrects_shows_the_page_it_rests_on() -> None:
    [proof] = shown(sample_report()).all("p", "proof")
    assert proof.words == "Docs: About sso, read 20 Nov 2026, 14:02 UTC"


def test_advice_of_some_length_shows_its_first_sentences_and_unfolds_the_rest() -> None:
    report = sample_report()
    rest = "Then ask what an outage costs them. " * 8
    report.priorities[0].do = f"Credit what they built. {rest}"
    page = shown(report)
    [folded] = page.all("details", "rest")
    assert folded.words == f"Credit what they built. {rest[: 36 * 4].strip()} More{rest[36 * 4 :].rstrip()}"
    assert "open" not in folded.attributes


@given(st.text("ab .?!”", max_size=600))
def test_no_word_is_lost_where_a_text_is_parted(text: str) -> None:
    first, rest = wording.opening(text)
    assert f"{first} {rest}".split() == text.split()
    assert not rest or first[-1] in ".?!”"


def test_the_note_to_the_customer_can_be_selected_without_scripts() -> None:
    page = shown(sample_report())
    note = page.by_id("body")
    assert "readonly" in note.attributes
    assert "details" in note.path
    [button] = [e for e in page.all("button") if e.attributes.get("data-copy") == "body"]
    assert "hidden" in button.attributes


def test_a_call_that_was_not_kept_offers_no_files() -> None:
    def files(page: str) -> list[str]:
        return [e.attributes["href"] for e in Parsed(page).all("a") if "download" in e.attributes]

    at = "/calls/a1b2c3"
    assert files(render.call_page(sample_report())) == [f"{at}.md", f"{at}/claims.csv", f"{at}.json"]
    assert files(render.call_page(sample_report(), stored=False)) == []


# -- at a glance


def dots(page: Parsed) -> list[Element]:
    return [e for e in page.all("a") if "svg" in e.path]


def test_each_mark_of_the_strip_leads_to_its_remark_and_says_where_and_what_it_is() -> None:
    page = shown(sample_report())
    assert {e.attributes["href"][1:] for e in dots(page)} == {one.id for one in sample_report().moments()}
    [sso] = [e for e in dots(page) if e.attributes["href"] == "#c2"]
    assert sso.words == "0:24 Docs say otherwise: single sign-on"


def test_only_what_needs_attention_is_a_stop_for_the_keyboard() -> None:
    for dot in dots(shown(sample_report())):
        assert ("tabindex" in dot.attributes) != dot.has("due")


def test_the_keyboard_can_pass_over_the_strip() -> None:
    links = shown(sample_report()).all("a")
    over = next(at for at, link in enumerate(links) if link.has("over"))
    assert links[over].attributes["href"] == "#said"
    assert "svg" in links[over + 1].path


def test_each_verdict_given_is_explained() -> None:
    page = shown(sample_report())
    [means] = page.all("details", "means")
    assert all(words in means.words for words in wording.VERDICT_MEANS.values())


# -- remarks


def test_an_accusation_shows_all_its_evidence_before_what_to_say_instead() -> None:
    report, claim = with_evidence("contradicted", 1, 2)
    report = changed(report, claims=[changed_claim(claim, correction="It is plain Python.")])
    card = shown(report).by_id("c1").words
    assert card.index("Page 1") < card.index("Page 2") < card.index("Say instead It is plain Python.")
    assert "more source" not in card


def changed_claim(claim: Claim, **fields: object) -> Claim:
    return claim.model_copy(update=fields)


def test_what_is_undecided_shows_the_nearest_passage_and_the_way_to_two_other_pages() -> None:
    report, claim = with_evidence("unclear", 1, 1, 2, 2, 3, 4)
    card = shown(changed(report, claims=[claim])).by_id("c1").words
    assert card.count("A flow is a Python function") == 1
    assert card.endswith("Also near it: Page 2, Page 3") or "Also near it: Page 2, Page 3 " in card


def test_a_correction_in_the_words_of_its_evidence_is_not_said_twice() -> None:
    report = sample_report()
    claim = report.claims[1]
    claim.correction = claim.evidence[0].quote
    card = shown(report).by_id("c2").words
    assert card.count(claim.correction) == 1
    assert f"Say instead{claim.correction}" in card


def test_an_objection_shows_which_steps_were_taken_in_their_words_and_which_were_not() -> None:
    report = sample_report()
    objection = next(one for one in report.objections if one.id == "o1")
    words = said(report.turns, 6, "I hear you")
    objection.steps = [HandlingStep(kind="acknowledged", quote=words)]
    steps = [e.words for e in shown(report).all("li") if "details" in e.path and "ul" in e.path[-1:]]
    taken = [step for step in steps if step.startswith(tuple(wording.STEPS.values()))]
    assert taken == [
        "Acknowledged I hear you 1:43",
        "Asked back: not heard",
        "Answered: not heard",
        "Checked that it is settled: not heard",
    ]


def test_a_verdict_that_changed_with_the_docs_keeps_the_former_one() -> None:
    report = sample_report()
    before = changed_claim(report.claims[1], verdict="supported", reason="The docs said so.")
    former = FormerJudgement(
        judged_at=READ_AT - timedelta(days=9),
        replaced_at=READ_AT,
        because=["The page on single sign-on changed."],
        analyst=report.analyst,
        claims=[before, report.claims[2]],
        passages=report.passages,
    )
    page = shown(changed(report, history=[former]))
    [told] = page.all("details", "former")
    for words in ("Docs agree", "from 11 Nov 2026, 14:02 UTC to 20 Nov 2026, 14:02 UTC", "The docs said so."):
        assert words in told.words
    assert "The page on single sign-on changed." in told.words
    assert told.words in page.by_id("c2").words


@pytest.mark.parametrize("kind", ["quiet", "agree"])
def test_marks_that_need_nothing_are_told_without_a_picture_but_in_words(kind: str) -> None:
    page = Parsed(render.call_page(sample_report()))
    assert [e for e in page.all("a", "mark") if e.has(kind)]
    assert not [e for e in page.all("a", "mark") if e.has(kind) and e.has("due")]


# -- three hours


def test_a_call_of_three_hours_is_light_to_load() -> None:
    page = render.call_page(three_hours()).encode()
    assert len(gzip.compress(page, 9)) / 1000 < LONGEST_KB


def three_hours() -> CoachingReport:
    """2,050 turns, 27,000 words of as many kinds as people use, 330 moments with passages of their own."""
    chance = random.Random(7)
    lexicon = ["".join(chance.choices("etaoinshrdlu", k=chance.randint(2, 9))) for _ in range(3000)]
    weights = [1 / (rank + 8) for rank in range(len(lexicon))]

    def words(count: int) -> str:
        return " ".join(chance.choices(lexicon, weights, k=count))

    report = bare()
    speakers = [("Robin Vale", "internal"), ("Dana Okafor", "external")]
    turns = [
        Turn(
            index=n,
            speaker=speakers[n % 2][0],
            side=speakers[n % 2][1],
            start_s=n * 5.27,
            end_s=n * 5.27 + 5,
            text=words(chance.choice([3, 6, 13, 20, 24])),
        )
        for n in range(2050)
    ]
    [pattern] = [claim for claim in sample_report().claims if claim.id == "c4"]
    passages = [words(24) for _ in range(160)]
    claims = []
    for n in range(330):
        turn = turns[chance.randrange(2050)]
        text = " ".join(turn.text.split()[:7])
        quote = Quote(
            turn=turn.index,
            speaker=turn.speaker,
            text=text,
            start_s=turn.start_s,
            char_start=0,
            char_end=len(text),
        )
        evidence = pattern.evidence[0].model_copy(update={"quote": chance.choice(passages)})
        others = [
            evidence.model_copy(update={"url": f"https://docs.prefect.io/v3/{words(2).replace(' ', '/')}"})
            for _ in range(3)
        ]
        claims.append(
            pattern.model_copy(
                update={"id": f"c{n}", "quote": quote, "topic": text, "evidence": [evidence, *others]}
            )
        )
    return changed(report, turns=turns, claims=claims)
