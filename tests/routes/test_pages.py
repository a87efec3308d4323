"""The pages, parsed as a browser would: what they say, what they link to, and how they leave the house."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from backend.errors import NotFound
from backend.pages import render, wording
from backend.report import ACCUSING, AnalystUsed, CoachingReport, Score
from backend.routes.pages import pages_router
from backend.store.tables import row_of
from backend.transcript import Call, Participant
from tests.routes.one_call import client_of
from tests.routes.parsed import Parsed
from tests.routes.variants import SCRIPT, bare, changed, hostile
from tests.sample_report import sample_report


def with_claim(claim_id: str, **evidence: object) -> CoachingReport:
    """The sample with the first evidence of one claim changed."""
    report = sample_report()
    for claim in report.claims:
        if claim.id == claim_id:
            claim.evidence[0] = claim.evidence[0].model_copy(update=evidence)
    return report


PAGES: dict[str, Callable[[], str]] = {
    "a call": lambda: render.call_page(sample_report()),
    "a bare call": lambda: render.call_page(bare()),
    "a hostile call": lambda: render.call_page(hostile()),
    "login": render.login_page,
    "login again": lambda: render.login_page("That is not one of the tokens."),
    "error": lambda: render.error_page(NotFound(f"There is no call {SCRIPT}.")),
}


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Parsed:
    return Parsed(PAGES[request.param]())


@pytest.fixture(scope="module")
def call() -> Parsed:
    return Parsed(render.call_page(sample_report()))


# -- every page


def test_each_page_has_one_heading_a_title_a_language_and_no_id_twice(page: Parsed) -> None:
    assert len(page.all("h1")) == 1
    assert page.all("title")[0].words.endswith("· Call Coach")
    assert page.all("html")[0].attributes["lang"] == "en"
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))


def test_no_page_holds_a_script_or_a_style_in_its_text(page: Parsed) -> None:
    for script in page.all("script"):
        assert script.attributes["src"].startswith("/static/")
        assert not script.words
    assert not page.all("style")
    names = {name for e in page.elements for name in e.attributes}
    assert not {name for name in names if name.startswith("on") or name == "style"}


def test_nothing_is_loaded_from_or_sent_to_another_host(page: Parsed) -> None:
    for element in page.elements:
        for name in ("src", "href", "action", "formaction", "poster", "srcset", "data"):
            target = element.attributes.get(name, "/")
            if element.tag == "a" and target.startswith("https://"):
                assert element.attributes["rel"] == "noopener noreferrer"
            else:
                assert re.match(r"[/#](?!/)", target), f"<{element.tag} {name}={target}>"


def test_every_link_within_a_page_has_its_place(page: Parsed) -> None:
    ids = {e.attributes["id"] for e in page.elements if "id" in e.attributes}
    inner = [e.attributes["href"][1:] for e in page.all("a") if e.attributes.get("href", "").startswith("#")]
    assert set(inner) <= ids


def test_links_are_not_nested_and_marks_stay_within_their_turn(page: Parsed) -> None:
    assert not [e for e in page.all("a") if "a" in e.path]


def test_every_field_has_a_label(page: Parsed) -> None:
    labelled = {e.attributes["for"] for e in page.all("label")}
    for tag in ("input", "textarea", "select"):
        seen = [e for e in page.all(tag) if e.attributes.get("type") != "hidden"]
        assert {e.attributes["id"] for e in seen} <= labelled


def test_every_chart_has_a_title_with_its_number(page: Parsed) -> None:
    charts = [e for e in page.all("svg") if e.attributes.get("role") == "img"]
    titles = [e for e in page.all("title") if e.path[-1] == "svg"]
    assert len(charts) == len(titles)
    assert all(re.search(r"\d", title.words) for title in titles)


# -- one call


def test_marking_a_turn_leaves_its_words_as_they_were_said(call: Parsed) -> None:
    said = {e.words for e in call.all("p")}
    for turn in sample_report().turns:
        assert turn.text in said


def test_every_moment_is_marked_where_it_was_said_and_has_its_card(call: Parsed) -> None:
    for moment in sample_report().moments():
        assert call.by_id(f"in-{moment.id}").attributes["href"] == f"#{moment.id}"
        assert call.by_id(moment.id).words


def test_where_moments_overlap_each_can_be_reached_from_the_words(call: Parsed) -> None:
    turn = call.by_id("turn-3")
    assert "does our data go through you?" in turn.words
    marks = [
        (e.attributes["href"], e.words)
        for e in call.all("a", "mark")
        if e.attributes["href"] in {"#q1", "#o2"}
    ]
    assert marks == [
        ("#q1", "Does it run in our own cluster, or"),
        ("#o2", "does our data go through you?"),
        ("#q1", ""),
    ]


def test_accusations_lie_open_and_what_needs_no_action_is_folded(call: Parsed) -> None:
    is_open = dict(
        zip(ids_of_cards(call), ["open" in e.attributes for e in call.all("details", "card")], strict=True)
    )
    for claim in sample_report().claims:
        if claim.verdict in ACCUSING:
            assert is_open[claim.id], claim.verdict
        if claim.verdict in {"supported", "unclear"}:
            assert not is_open[claim.id], claim.verdict


def ids_of_cards(page: Parsed) -> list[str]:
    return [e.attributes["id"] for e in page.all("div", "inside")]


def test_every_verdict_is_said_in_words_and_wrong_ones_come_first(call: Parsed) -> None:
    tally = [e.words for e in call.all("a", "verdict")]
    assert tally == [f"1 {label.words}" for label in wording.VERDICTS.values()]
    assert [verdict in ACCUSING for verdict in wording.VERDICTS][:4] == [True, True, True, False]


def test_evidence_shows_its_words_its_link_and_when_it_was_read(call: Parsed) -> None:
    card = call.by_id("c2").words
    assert "Single sign-on is part of the Pro and Enterprise plans." in card
    assert "Read 20 Nov 2026, 14:02 UTC from a docs server for tests" in card
    assert "https://docs.prefect.io/v3/sso" in {e.attributes.get("href") for e in call.all("a")}


def test_words_of_our_own_are_not_passed_off_as_the_docs(call: Parsed) -> None:
    assert "Our summary, not the docs’ own words." in call.by_id("c6").words
    assert "Our summary" not in call.by_id("c2").words


def test_where_the_docs_disagree_both_are_shown(call: Parsed) -> None:
    card = call.by_id("c9").words
    assert "every ten seconds" in card
    assert "every fifteen seconds" in card


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript:alert(1)",
        " javascript:alert(1)",
        "java\tscript:alert(1)",
        "data:text/html,x",
        "//elsewhere.example/x",
        "https:///x",
        "https://[x",
        "",
        None,
    ],
)
def test_only_web_addresses_become_links(url: str | None) -> None:
    page = Parsed(render.call_page(with_claim("c2", url=url, title="About sso")))
    card = next(e for e in page.all("cite") if e.words == "About sso")
    assert "a" not in card.path
    assert not [e for e in page.all("a") if e.attributes["href"] == url]


def test_customers_words_are_text_and_never_markup() -> None:
    page = Parsed(render.call_page(hostile()))
    assert not [e for e in page.all("script") if e.words]
    assert f"{SCRIPT}\"'>&lt; مرحبا 👩‍💻" in page.all("h1")[0].words
    assert page.by_id("body").tag == "textarea"
    assert SCRIPT in page.by_id("body").words


@pytest.mark.parametrize("status", wording.KNOWLEDGE)
def test_the_knowledge_status_is_said_plainly_and_only_fresh_counts_as_current(status: str) -> None:
    report = sample_report()
    report.knowledge = report.knowledge.model_validate(report.knowledge.model_dump() | {"status": status})
    [said] = Parsed(render.call_page(report)).all("details", "basis")
    assert said.words.startswith("Checked with the docs server, read") == (status == "fresh")
    assert "read 20 Nov 2026, 14:02 UTC" in said.words
    assert "Sources: a docs server for tests." in said.words


def test_failed_look_ups_are_counted() -> None:
    report = sample_report()
    report.knowledge = report.knowledge.model_copy(update={"status": "degraded", "failed": 2})
    assert "2 of 9 look-ups failed." in Parsed(render.call_page(report)).all("p", "knowledge")[0].words


def test_a_fall_back_to_rules_is_said_with_its_reason() -> None:
    report = changed(sample_report(), analyst=AnalystUsed(kind="rules", fell_back=True, why="It timed out."))
    said = Parsed(render.call_page(report)).all("p", "analyst")[0].words
    assert said == "Analysed by fixed rules, without a language model, in place of Claude. It timed out."


def test_a_score_without_an_occasion_is_not_a_number(call: Parsed) -> None:
    scores = [e.words for e in call.all("summary") if "of 100" in e.words or "No score" in e.words]
    assert "43 of 100" in scores[0]
    assert "No score" in scores[-1]
    assert "They asked nothing." in scores[-1]


def test_a_score_opens_what_good_looks_like_how_it_is_measured_and_its_moments(call: Parsed) -> None:
    [rubric] = call.all("p", "rubric")
    assert rubric.words == "By the rubric “Account executive”, version 3. Robin Vale is an account executive."
    discovery = next(e for e in call.all("details") if e.words.startswith("Discovery"))
    for words in ("Open questions.", "A pitch.", "Questions counted: full marks at 5.", "Our question"):
        assert words in discovery.words
    [moment] = [e for e in call.all("li") if e.words.endswith("Our question Is that still so?")]
    assert moment.words.startswith("0:04")
    assert [e.words for e in call.all("div", "here")] == ["PoorA pitch."]


def test_a_report_from_before_there_were_rubrics_still_shows_its_scores() -> None:
    old = changed(sample_report(), rubric=None, talk_moments=[], scores=[Score(name="accuracy", value=43)])
    page = Parsed(render.call_page(old))
    [score] = page.all("summary")[-1:]
    assert score.words.startswith("Accuracy")
    assert "43 of 100" in score.words
    assert not page.all("p", "rubric")


def test_priorities_link_to_the_moments_they_come_from(call: Parsed) -> None:
    first = [e for e in call.all("a", "ref") if "ol" in e.path][:3]
    assert [(e.attributes["href"], e.words) for e in first] == [
        ("#c2", "0:24"),
        ("#o1", "1:32"),
        ("#c8", "1:43"),
    ]


def test_a_call_of_which_nothing_is_known_says_so_and_numbers_its_turns() -> None:
    page = Parsed(render.call_page(bare()))
    assert page.all("h1")[0].words == "Untitled call"
    assert page.by_id("turn-9").words.startswith("10 Dana Okafor Fine.")
    text = page.all("main")[0].words
    assert "No claim about the product was found in this call." in text
    assert text.count("not countable here") == 4
    assert "The docs were not asked." in text


def test_a_call_without_a_title_is_called_by_its_speakers_our_side_first() -> None:
    mara = Participant(id="1", name="Mara Quint", side="internal")
    devon, lee = Participant(id="2", name="Devon"), Participant(id="3", name="Lee")
    for people, called in (
        ([devon, mara], "Mara Quint with Devon"),
        ([devon, lee, mara], "Mara Quint with Devon and 1 more"),
        ([mara], "Mara Quint"),
        ([Participant(id="?", name="Unknown speaker")], "Untitled call"),
    ):
        report = changed(bare(), call=Call(participants=people))
        assert Parsed(render.call_page(report)).all("h1")[0].words == called
        assert row_of(report).title == called


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (724.9, "12:04"), (3753, "1:02:33"), (-3, "0:00"), (None, "")]
)
def test_times_read_like_a_player(seconds: float | None, shown: str) -> None:
    assert wording.clock(seconds) == shown


# -- over HTTP


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """A client of the pages over a real store that holds one call."""
    with client_of(pages_router(), tmp_path_factory.mktemp("store")) as client:
        yield client


@pytest.mark.parametrize("path", ["/", "/calls", "/calls/a1b2c3", "/login"])
def test_every_page_may_load_nothing_but_our_own_files_and_stays_in_no_cache(
    browser: TestClient, path: str
) -> None:
    answer = browser.get(path)
    assert answer.status_code == 200
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    ours = ("script-src", "connect-src", "style-src", "form-action")
    assert {policy[name] for name in ours} == {"'self'"}
    assert {policy[name] for name in ("base-uri", "frame-ancestors")} == {"'none'"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cache-control"] == "no-store"


def test_a_stored_call_opens(browser: TestClient) -> None:
    opened = Parsed(browser.get("/calls/a1b2c3").text)
    assert opened.all("h1")[0].words == "Kelp Genomics: second call"


def test_an_unknown_call_is_not_found(browser: TestClient) -> None:
    with pytest.raises(NotFound):
        browser.get("/calls/none-such")


def test_what_a_page_names_is_there_and_kept_for_good(browser: TestClient) -> None:
    page = Parsed(browser.get("/calls/a1b2c3").text)
    named = [e.attributes["href"] for e in page.all("link")] + [
        e.attributes["src"] for e in page.all("script")
    ]
    assert len(named) >= 3
    for address in named:
        answer = browser.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_style_sheet_asked_for_without_a_version_is_asked_for_again(browser: TestClient) -> None:
    assert browser.get("/static/coach.css").headers["cache-control"] == "no-cache"
