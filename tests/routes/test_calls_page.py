"""The list of calls as people and programs meet it: narrowed, searched, sorted, and page after page."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Callable
from datetime import date
from pathlib import Path
from urllib.parse import parse_qsl, urlsplit

import pytest

from backend.pages.calls import CallsShown, calls_page
from backend.report import CoachingReport
from backend.store import CallPage, CallQuery
from backend.store.call_query import Choice, Piece, Snippet
from backend.store.tables import row_of
from tests.routes.parsed import Parsed
from tests.routes.variants import SCRIPT, bare, changed, hostile
from tests.sample_report import REP, sample_report
from tests.service import Service, running, settings_in
from tests.store.many import reports

pytestmark = pytest.mark.anyio

STORED = 130


def shown(*ids: str, **how: object) -> CallsShown:
    found = [row_of(sample_report(one)) for one in ids]
    return CallsShown(CallPage(calls=found, next=None, total=len(found)), **how)  # type: ignore[arg-type]


HOSTILE = CallsShown(
    CallPage(
        calls=[row_of(hostile())],
        next="a&b",
        total=1,
        snippets={hostile().id: Snippet(turn=2, pieces=[Piece(SCRIPT, hit=True), Piece("مرحبا", hit=False)])},
    ),
    {"rep": [Choice(f'{REP}">{SCRIPT}', 2)], "competitor": [Choice(SCRIPT, 1)]},
    CallQuery(words=f'">{SCRIPT}', rep=f'{REP}">{SCRIPT}', verdict=SCRIPT, since=date(2026, 1, 1)),
    before="x",
)
PAGES: dict[str, Callable[[], CallsShown]] = {
    "calls": lambda: shown("a", "b"),
    "sorted": lambda: shown("a", "b", query=CallQuery(sort="wrong")),
    "a bare call": lambda: CallsShown(CallPage(calls=[row_of(bare())], next=None, total=1)),
    "hostile": lambda: HOSTILE,
    "no calls": shown,
    "none found": lambda: shown(query=CallQuery(words="kelp"), choices={"rep": [Choice(REP, 2)]}),
    "no earlier calls": lambda: shown(before="x"),
}


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Parsed:
    return Parsed(calls_page(PAGES[request.param]()))


def test_every_field_has_a_label_and_no_id_stands_twice(page: Parsed) -> None:
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    labelled = {e.attributes["for"] for e in page.all("label")}
    fields = [e for tag in ("input", "select") for e in page.all(tag)]
    assert {e.attributes["id"] for e in fields if e.attributes.get("type") != "hidden"} <= labelled


def test_nothing_that_was_said_or_asked_becomes_markup(page: Parsed) -> None:
    assert not page.all("script")
    assert not [name for e in page.elements for name in e.attributes if name.startswith("on")]
    for link in page.all("a"):
        assert link.attributes["href"].startswith(("/", "#"))


def test_the_list_says_what_is_wrong_first_and_where_the_knowledge_came_from() -> None:
    page = Parsed(calls_page(shown("a")))
    assert page.all("h2")[0].words == "Kelp Genomics: second call"
    assert page.all("div", "found")[0].words.startswith("3 claims to correct 1 open question")
    assert page.all("p", "basis-line")[0].has("fresh")


def test_a_rep_leads_to_their_own_page() -> None:
    links = {e.words: e.attributes["href"] for e in Parsed(calls_page(shown("a"))).all("a")}
    assert links[REP] == "/reps/Robin%20Vale"


def test_a_list_without_calls_says_how_to_begin() -> None:
    page = Parsed(calls_page(shown(address="http://127.0.0.1:8123/")))
    text = page.all("main")[0].words
    assert "make demo" in text
    assert "http://127.0.0.1:8123/analyze" in text
    assert not page.all("form")


def test_choices_come_from_the_store_in_the_order_in_which_one_looks_for_them() -> None:
    choices = {
        "rep": [Choice("zoe", 1400), Choice("Ana", 2)],
        "verdict": [Choice("supported", 9), Choice("wrong", 3), Choice("outdated", 3)],
        "competitor": [Choice("mwaa", 4), Choice("airflow", 3)],
    }
    page = Parsed(calls_page(shown("a", choices=choices, query=CallQuery(rep="gone"))))
    offered = [e.words for e in page.all("option")]
    assert offered[:4] == ["Any rep", "Ana (2)", "gone", "zoe (1,400)"]
    assert offered[4:8] == [
        "Any verdict",
        "Any to correct (3)",
        "Was true of Prefect 1 or 2 (3)",
        "Docs agree (9)",
    ]
    assert offered[8:11] == ["Any or none", "MWAA (4)", "Airflow (3)"]
    assert [e.attributes["value"] for e in page.all("option") if "selected" in e.attributes] == ["gone"]


def test_each_thing_the_list_is_narrowed_to_can_be_taken_away_alone() -> None:
    query = CallQuery(words="dag", rep=REP, since=date(2026, 1, 2), sort="longest")
    page = Parsed(calls_page(shown("a", "b", query=query)))
    chips = {
        e.words: dict(parse_qsl(urlsplit(e.attributes["href"]).query))
        for e in page.all("a")
        if "×" in e.words
    }
    everything = {"q": "dag", "rep": REP, "from": "2026-01-02", "sort": "longest"}
    assert chips == {
        words: {key: value for key, value in everything.items() if key != gone}
        for words, gone in (("Said dag ×", "q"), ("From 2 Jan 2026 ×", "from"), (f"Rep {REP} ×", "rep"))
    }


@pytest.mark.parametrize(
    ("query", "says"),
    [
        (CallQuery(words="*** 🚀"), "no word to search for"),
        (CallQuery(since=date(2026, 2, 1), until=date(2026, 1, 1)), "ends before it begins"),
        (CallQuery(rep="nobody"), "Take something away"),
    ],
)
def test_an_empty_answer_says_why(query: CallQuery, says: str) -> None:
    page = Parsed(calls_page(shown(query=query, choices={"rep": [Choice(REP, 2)]})))
    assert says in page.all("div", "empty")[0].words


# -- over HTTP


@pytest.fixture(scope="module")
async def service(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("calls")
    shutil.copytree(indexed, folder / "data")
    async with running(settings_in(folder)) as service:
        for report in reports(STORED):
            await service.house.store.save(report)
        await service.house.store.save(spoken_in_markup())
        yield service


def spoken_in_markup() -> CoachingReport:
    report = sample_report("hostile")
    said = report.turns[0].model_copy(
        update={"index": len(report.turns), "text": f"{SCRIPT} مرحبا 👩‍💻 {'W' * 300}"}
    )
    call = report.call.model_copy(update={"title": f"{SCRIPT} {'T' * 300}"})
    return changed(report, call=call, turns=[*report.turns, said])


async def opened(service: Service, address: str) -> Parsed:
    answer = await service.http.get(address)
    assert answer.status_code == 200, answer.text
    return Parsed(answer.text)


def listed(page: Parsed) -> list[str]:
    return [e.attributes["href"] for e in page.all("a") if "h2" in e.path]


def link(page: Parsed, words: str) -> str:
    return next(e.attributes["href"] for e in page.all("a") if e.words == words)


async def test_every_call_comes_once_page_by_page_and_back_to_the_start(service: Service) -> None:
    first = page = await opened(service, "/")
    seen = listed(page)
    while any(e.words == "Earlier calls" for e in page.all("a")):
        page = await opened(service, link(page, "Earlier calls"))
        seen += listed(page)
    assert len(seen) == len(set(seen)) == STORED + 1
    assert listed(await opened(service, link(page, "Back to the start"))) == listed(first)


async def test_the_form_as_sent_leads_to_an_address_to_share(service: Service) -> None:
    answer = await service.http.get(
        "/calls?q=worker&rep=&verdict=&competitor=&objection=&knowledge=&from=&to=&sort=newest"
    )
    assert answer.status_code == 303
    assert answer.headers["location"] == "/calls?q=worker"


async def test_what_it_is_narrowed_to_holds_over_pages_sorts_and_programs(service: Service) -> None:
    asked = "verdict=wrong&knowledge=fresh"
    page = await opened(service, f"/calls?{asked}")
    by_most = await opened(service, link(page, "Most to correct"))
    seen = listed(by_most)
    while any(e.words == "More calls" for e in by_most.all("a")):
        by_most = await opened(service, link(by_most, "More calls"))
        seen += listed(by_most)
    answer = (await service.http.get(f"/calls.json?{asked}&sort=wrong&limit=500")).json()
    assert seen == [f"/calls/{call['id']}" for call in answer["calls"]]
    assert [call["wrong"] for call in answer["calls"]] == sorted(
        (call["wrong"] for call in answer["calls"]), reverse=True
    )
    assert {call["knowledge_status"] for call in answer["calls"]} == {"fresh"}
    assert min(call["wrong"] for call in answer["calls"]) > 0
    assert answer["total"] == len(seen)
    assert not answer["more"]


async def test_words_said_are_found_and_marked_and_lead_to_their_turn(service: Service) -> None:
    page = await opened(service, "/calls?q=KUMQUATS")  # said as “kumquat”
    [found] = page.all("p", "snippet")
    assert [e.words for e in page.all("mark")] == ["kumquat"]
    assert "it kumquat." in found.words
    to = next(e.attributes["href"] for e in page.all("a") if "#turn-" in e.attributes["href"])
    call, _, turn = to.partition("#")
    assert "kumquat" in (await opened(service, call)).by_id(turn).words


async def test_a_phrase_in_quotes_is_one_after_another(service: Service) -> None:
    apart = (await service.http.get("/calls.json?q=runs%20worker%20due")).json()
    phrase = (await service.http.get('/calls.json?q="worker polls its work pool"')).json()
    assert phrase["total"] > 0
    assert (await service.http.get('/calls.json?q="due runs"')).json()["total"] == 0
    assert apart["total"] >= phrase["total"]


async def test_a_hostile_call_and_search_are_text(service: Service) -> None:
    page = await opened(service, f"/calls?q=script&competitor={SCRIPT}&x={SCRIPT}")
    assert not page.all("script")
    page = await opened(service, "/calls?q=alert+مرحبا")
    assert listed(page) == ["/calls/hostile"]
    assert {e.words for e in page.all("mark")} <= {"alert", "مرحبا"}


@pytest.mark.parametrize(
    "words",
    [
        '"',
        '""',
        "*",
        "a*",
        "NEAR(a b)",
        "a OR",
        "text:a",
        "{a b}:c",
        "^a",
        "-a",
        "a\0b",
        "'; --",
        "a " * 5_000,
        "🚀",
    ],
)
async def test_no_words_break_a_search(words: str, service: Service) -> None:
    for path in ("/calls", "/calls.json"):
        answer = await service.http.get(path, params={"q": words})
        assert answer.status_code == 200, answer.text


@pytest.mark.parametrize(
    ("asked", "says"),
    [
        ("from=yesterday", "from must be a day such as 2026-11-21"),
        ("to=2026-02-30", "to must be a day such as 2026-11-21"),
        ("sort=best", "sort must be 'newest', 'oldest', 'wrong' or 'longest'"),
        ("before=x", "That page of calls is not known"),
    ],
)
async def test_what_cannot_be_asked_is_refused_in_one_sentence(
    asked: str, says: str, service: Service
) -> None:
    for path in ("/calls", "/calls.json"):
        answer = await service.http.get(f"{path}?{asked}", headers={"accept": "application/json"})
        assert answer.status_code == 400
        assert says in answer.json()["detail"]


async def test_what_nobody_knows_in_an_address_changes_nothing(service: Service) -> None:
    plain = await opened(service, "/calls")
    assert listed(await opened(service, "/calls?utm_source=mail&nonsense=1")) == listed(plain)
