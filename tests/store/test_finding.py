"""Finding calls by what they are narrowed to and by their words, on both databases."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, create_engine, text

from backend.report import CoachingReport
from backend.store import CallQuery, Store, finding
from backend.store.database import locate
from backend.store.listing import facets, number_of
from backend.store.schema import migrate
from backend.store.store import write
from backend.transcript import Participant
from tests.store.conftest import new_database
from tests.store.many import reports
from tests.store.many_words import RARE_COMPETITOR, RARE_WORD
from tests.store.older import taken_back
from tests.store.reports import NOW, report_of

pytestmark = pytest.mark.anyio

STORED = list(reports(100))
BY_ID = {report.id: report for report in STORED}


def when(report: CoachingReport) -> datetime:
    return report.call.started_at or report.created_at


def seconds(report: CoachingReport) -> float:
    return report.call.duration_s or 0.0


NEWEST = [report.id for report in sorted(STORED, key=when, reverse=True)]


@pytest.fixture(scope="module")
def sqlite_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("many")
    with stored_in(folder) as connection:
        write_all(connection)
    return folder


def write_all(connection: Connection) -> None:
    for report in STORED:
        write(connection, report)


@pytest.fixture(scope="module")
def connection(sqlite_folder: Path) -> Iterator[Connection]:
    """To the same store."""
    with stored_in(sqlite_folder) as connection:
        yield connection


@contextmanager
def stored_in(folder: Path) -> Iterator[Connection]:
    database = locate(None, folder)
    migrate(database)
    engine = create_engine(database.url.set(drivername="sqlite"))
    with engine.begin() as connection:
        yield connection
    engine.dispose()


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def many_url(request: pytest.FixtureRequest) -> str | None:
    """DATABASE_URL of a store with STORED in it; None is SQLite's."""
    if request.param == "sqlite":
        return None
    url = new_database(request.getfixturevalue("postgres_server"))
    database = locate(url, Path())
    migrate(database)
    engine = create_engine(database.url)
    with engine.begin() as connection:
        write_all(connection)
    engine.dispose()
    return url


@pytest.fixture
async def many(many_url: str | None, sqlite_folder: Path) -> AsyncIterator[Store]:
    async with Store.open(many_url, sqlite_folder) as store:
        yield store


async def found(store: Store, query: CallQuery, limit: int = 1000) -> list[str]:
    return [call.id for call in (await store.calls(limit, query=query)).calls]


async def all_pages(store: Store, query: CallQuery, limit: int) -> list[str]:
    """Every page of it, while calls are added that are wanted too."""
    seen: list[str] = []
    before, added = None, 0
    while True:
        page = await store.calls(limit, before, query)
        seen += [call.id for call in page.calls]
        before = page.next
        if before is None:
            return seen
        added += 1
        again = STORED[added].model_copy(update={"id": f"added{added}", "content_key": f"added {added}"})
        await store.save(again)


async def test_each_way_to_narrow_finds_exactly_the_calls_that_have_it(many: Store) -> None:
    for kind, choices in (await many.choices()).items():
        for choice in choices:
            query = CallQuery.model_validate({kind: choice.value})
            has = [one for one in NEWEST if (kind, choice.value) in facets(BY_ID[one])]
            assert await found(many, query) == has, choice
            assert choice.calls == len(has)


async def test_what_is_asked_together_must_all_hold(many: Store) -> None:
    query = CallQuery(
        verdict="wrong", knowledge="fresh", since=date(2025, 6, 1), until=date(2026, 3, 31), words="worker"
    )
    has = [
        one
        for one in NEWEST
        if {("verdict", "wrong"), ("knowledge", "fresh")} <= facets(BY_ID[one])
        and date(2025, 6, 1) <= when(BY_ID[one]).date() <= date(2026, 3, 31)
        and any("worker" in turn.text for turn in BY_ID[one].turns)
    ]
    assert has
    assert await found(many, query) == has
    assert await found(many, query.model_copy(update={"rep": "nobody"})) == []


async def test_a_day_is_counted_from_its_first_to_its_last_moment_in_utc(store: Store) -> None:
    for report_id, at in (
        ("last of the day before", datetime(2026, 3, 1, 23, 59, 59, 999_000, UTC)),
        ("first", datetime(2026, 3, 2, tzinfo=UTC)),
        ("last", datetime(2026, 3, 2, 23, 59, 59, 999_000, UTC)),
        ("first of the day after", datetime(2026, 3, 3, tzinfo=UTC)),
    ):
        report = report_of(report_id)
        report.call = report.call.model_copy(update={"started_at": at})
        await store.save(report)
    day = date(2026, 3, 2)
    assert await found(store, CallQuery(since=day, until=day)) == ["last", "first"]
    assert await found(store, CallQuery(since=date.min, until=date.max, sort="oldest")) == [
        "last of the day before",
        "first",
        "last",
        "first of the day after",
    ]


@pytest.mark.parametrize("sort", ["newest", "oldest", "wrong", "longest"])
async def test_each_sort_holds_over_pages_while_calls_are_added(
    sort: str, url: str | None, tmp_path: Path
) -> None:
    query = CallQuery.model_validate({"sort": sort, "verdict": "wrong"})
    wanted = [BY_ID[one] for one in NEWEST if BY_ID[one].wrong_claims()]
    if sort == "oldest":
        wanted.reverse()
    if sort == "wrong":
        wanted.sort(key=lambda report: -len(report.wrong_claims()))
    if sort == "longest":
        wanted.sort(key=lambda report: -seconds(report))
    async with Store.open(url, tmp_path) as store:
        async with store._engine.begin() as connection:
            await connection.run_sync(write_all)
        seen = await all_pages(store, query, 17)
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one in BY_ID] == [report.id for report in wanted]


@pytest.mark.parametrize("sort", ["newest", "oldest", "wrong", "longest"])
@pytest.mark.parametrize("few", [2, 1000], ids=["words lead", "what few have leads"])
def test_more_calls_than_are_counted_come_in_the_same_order(
    sort: str, few: int, connection: Connection
) -> None:
    query = CallQuery.model_validate({"sort": sort, "verdict": "wrong", "words": "the"})
    counted = finding.page(connection, query, 1000, None, few=few)
    assert counted.total > 50
    walked, before = list[str](), None
    while len(walked) < counted.total:
        page = finding.page(connection, query, 11, before, most=20, few=few)
        assert (page.total, page.more) == (20, True)
        walked += [call.id for call in page.calls]
        before = page.next
    assert before is None
    assert walked == [call.id for call in counted.calls]


async def test_words_are_found_in_any_form_and_marked_where_they_stand(many: Store) -> None:
    page = await many.calls(query=CallQuery(words=f"{RARE_WORD.upper()}S the"))
    [call] = page.calls
    snippet = page.snippets[call.id]
    assert RARE_WORD in {piece.text for piece in snippet.pieces if piece.hit}
    assert snippet.turn is not None
    report = BY_ID[call.id]
    assert ("competitor", RARE_COMPETITOR) in facets(report)
    first = next(piece.text for piece in snippet.pieces if piece.hit)
    assert first in report.turns[snippet.turn].text


async def test_a_title_and_a_name_are_found_too(many: Store) -> None:
    rep, title = STORED[5].call.participants[0].name, STORED[5].call.title
    page = await many.calls(1000, query=CallQuery(words=f'"{rep}" “{title}”'))
    assert STORED[5].id in [call.id for call in page.calls]
    assert page.snippets[STORED[5].id].turn is None


async def test_a_phrase_stands_as_it_was_said(many: Store) -> None:
    together = await found(many, CallQuery(words='"polls its work pool"'))
    assert together == [
        one for one in NEWEST if any("polls its work pool" in turn.text for turn in BY_ID[one].turns)
    ]
    assert await found(many, CallQuery(words='"pool work its polls"')) == []


@settings(max_examples=150)
@given(
    words=st.text(max_size=80) | st.text("\"*()^:+-{}NEAROT\0'aé漢\u202e ", max_size=60),
    sort=st.sampled_from(["newest", "wrong"]),
)
def test_no_words_break_a_search(words: str, sort: str, connection: Connection) -> None:
    query = CallQuery.model_validate({"q": words, "sort": sort, "verdict": "wrong"})
    page = finding.page(connection, query, 5, None)
    assert page.total == 0 or query.terms() or not words.strip()


@pytest.mark.parametrize(
    "words", ["a " * 5_000, '"' * 10_000, "x" * 10_000, "a\0b", '"the the', "-the or &|!<->"]
)
async def test_no_words_break_a_search_in_either_database(words: str, many: Store) -> None:
    await many.calls(query=CallQuery(words=words))


async def test_a_deleted_or_changed_call_is_found_by_what_it_is_now(store: Store) -> None:
    report = report_of()
    await store.save(report)
    await store.save(report_of("other"))
    other = report.model_copy(deep=True)
    other.claims[0].verdict = "outdated"
    other.call.participants[0] = Participant(id="p1", name="Ben", side="internal")
    await store.save(other)
    assert await found(store, CallQuery(verdict="outdated", rep="Ben")) == ["r1"]
    assert await found(store, CallQuery(verdict="contradicted")) == ["other"]
    await store.delete("r1")
    assert await found(store, CallQuery(words="prefect")) == ["other"]
    assert [choice.value for choice in (await store.choices())["rep"]] == ["Ana Kowalska"]


async def test_names_without_end_and_with_nul_narrow_too(store: Store) -> None:
    name = "N\0" + "Ż" * 5_000
    report = report_of()
    report.call.participants[0] = Participant(id="p1", name=name, side="internal")
    await store.save(report)
    assert await found(store, CallQuery(rep=name)) == ["r1"]
    assert await found(store, CallQuery(rep=(await store.choices())["rep"][0].value)) == ["r1"]


async def test_a_speech_without_end_is_stored_and_found(store: Store) -> None:
    report = report_of()
    words = " ".join(f"word{nth:x}" for nth in range(150_000))
    report.turns.append(report.turns[0].model_copy(update={"index": 2, "text": f"{words} last"}))
    await store.save(report)
    assert await found(store, CallQuery(words="word1f")) == ["r1"]


async def test_calls_at_one_instant_are_told_apart_however_many(store: Store) -> None:
    numbers = set()
    for nth in range(30):
        report = report_of(f"r{nth}")
        report.call = report.call.model_copy(update={"started_at": NOW})
        await store.save(report)
    async with store._engine.connect() as connection:
        numbers = set((await connection.execute(text("SELECT number FROM listed_calls"))).scalars())
    assert len(numbers) == 30
    assert number_of(NOW) <= min(numbers) <= max(numbers) < number_of(NOW + timedelta(milliseconds=1))


@pytest.mark.parametrize("year", [1, 9999])
async def test_an_absurd_date_is_a_place_in_the_list_too(year: int, store: Store) -> None:
    report = report_of()
    report.call = report.call.model_copy(update={"started_at": datetime(year, 12, 31, 23, 59, 59)})
    await store.save(report)
    assert await found(store, CallQuery(since=date(year, 12, 31))) == ["r1"]


async def test_a_store_from_before_is_filled_in(url: str | None, tmp_path: Path) -> None:
    async with Store.open(url, tmp_path) as store:
        for report in STORED[:20]:
            await store.save(report)
        await store.save(report_of("damaged"))
        async with store._engine.begin() as connection:
            await connection.execute(text("UPDATE reports SET body = '{\"claims\": 1' WHERE id = 'damaged'"))
        narrowed = CallQuery(verdict="wrong", words="worker")
        before, choices = await found(store, narrowed), await store.choices()
        await taken_back(store, "0004")
    async with Store.open(url, tmp_path) as store:
        assert await found(store, narrowed) == before
        assert sum(choice.calls for choice in choices["knowledge"]) == 21
        assert sum(choice.calls for choice in (await store.choices())["knowledge"]) == 20
        assert set(await found(store, CallQuery())) == {report.id for report in STORED[:20]} | {"damaged"}
