"""The docs answers' shelf, on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backend.errors import StoreUnavailable
from backend.facts import KeptAnswer
from backend.store import Store
from backend.store.shelf import DocShelf

pytestmark = pytest.mark.anyio


def answer(key: str, *, read_at: float = 1000.5, body: str = '["words"]') -> KeptAnswer:
    return KeptAnswer(key, "docs_search_prefect", read_at, body)


async def keys_on(shelf: DocShelf) -> set[str]:
    return set(await shelf.uses())


async def test_what_was_put_is_taken_with_the_time_it_was_read(store: Store) -> None:
    shelf = store.shelf()
    await shelf.write([answer("a"), answer("b")], [], {}, oldest=0)
    assert await shelf.take(["a", "x"]) == [answer("a")]
    assert await shelf.take([]) == []


async def test_all_answers_of_a_tool_are_to_be_had(store: Store) -> None:
    shelf = store.shelf()
    await shelf.write([answer("a"), answer("b")._replace(tool="other")], [], {}, oldest=0)
    assert await shelf.all("docs_search_prefect") == [answer("a")]


async def test_it_is_there_after_a_restart(url: str | None, tmp_path: Path) -> None:
    async with Store.open(url, tmp_path) as store:
        await store.shelf().write([answer("a", read_at=1_700_000_000.123456)], [], {"a": 2}, oldest=0)
    async with Store.open(url, tmp_path) as store:
        (kept,) = await store.shelf().take(["a"])
        assert kept.read_at == 1_700_000_000.123456
        assert await store.shelf().uses() == {"a": 2}


async def test_a_newer_answer_takes_the_place_and_keeps_the_uses(store: Store) -> None:
    shelf = store.shelf()
    await shelf.write([answer("a")], [], {"a": 3}, oldest=0)
    await shelf.write([answer("a", read_at=2000, body="[]")], [], {"a": 1, "not here": 5}, oldest=0)
    assert await shelf.take(["a"]) == [answer("a", read_at=2000, body="[]")]
    assert await shelf.uses() == {"a": 4}


async def test_what_is_removed_or_too_old_goes(store: Store) -> None:
    shelf = store.shelf()
    await shelf.write([answer("a"), answer("old", read_at=10), answer("broken")], [], {}, oldest=0)
    await shelf.write([answer("b")], ["broken"], {}, oldest=11)
    assert await keys_on(shelf) == {"a", "b"}


async def test_the_least_used_then_the_oldest_make_room(store: Store) -> None:
    shelf = DocShelf(store._session, max_chars=35)
    body = "0123456789"
    await shelf.write(
        [answer(key, read_at=at, body=body) for key, at in (("a", 1), ("b", 2))], [], {}, oldest=0
    )
    await shelf.write([answer("c", read_at=3, body=body)], [], {"a": 1}, oldest=0)
    assert await keys_on(shelf) == {"a", "b", "c"}
    await shelf.write([answer("d", read_at=4, body=body)], [], {}, oldest=0)
    assert await keys_on(shelf) == {"a", "c", "d"}


async def test_services_that_write_the_same_answers_at_once_all_succeed(store: Store) -> None:
    shelf = store.shelf()
    some = [answer(str(n)) for n in range(20)]
    await asyncio.gather(
        *(shelf.write(some[::step], [], {one.key: 1 for one in some}, oldest=0) for step in (1, -1) * 4)
    )
    uses = await shelf.uses()
    assert len(uses) == 20
    assert set(uses.values()) == {8}


async def test_a_failing_database_is_one_sentence(tmp_path: Path) -> None:
    async with Store.open(None, tmp_path) as store:
        shelf = store.shelf()
        await shelf.uses()
    for file in tmp_path.glob("calls.db*"):
        file.unlink()
        file.mkdir()
    with pytest.raises(StoreUnavailable, match="cannot be used"):
        await shelf.take(["a"])
