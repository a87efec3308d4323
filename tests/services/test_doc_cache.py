from __future__ import annotations

import asyncio
import gc
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from backend.facts import KeptAnswer
from backend.services.doc_cache import SKEW_S, DocCache, DocKey, normalised
from backend.services.doc_shelf import TROUBLES, QuietShelf, Shelf
from backend.store import Store
from backend.store.shelf import DocShelf

pytestmark = pytest.mark.anyio

START = datetime(2026, 11, 21, 9, tzinfo=UTC)
HOUR = 3600.0


class Time:
    """Both clocks of a cache, moved by hand. `set_forward` moves the one on the wall alone."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.set_forward = 0.0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> float:
        return START.timestamp() + self.seconds + self.set_forward


class Source:
    """Answers with how often it was asked, or fails while it is down."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False

    async def __call__(self) -> str:
        self.asked += 1
        if self.down:
            raise OSError("down")
        return f"answer {self.asked}"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def source() -> Source:
    return Source()


def key(query: str, tool: str = "search") -> DocKey:
    return DocKey("http://docs", "1", tool, query, 5)


K = key("k")


def cache_with(
    time: Time,
    *,
    fresh_s: float = HOUR,
    grace_s: float = 0,
    negative_s: float = 0,
    jitter: float = 0,
    max_entries: int = 100,
    max_size: int = 10_000,
    max_entry: int = 500,
    shelf: Shelf | None = None,
) -> DocCache[str]:
    return DocCache(
        str,
        fresh_s=fresh_s,
        grace_s=grace_s,
        stale_s=24 * HOUR,
        negative_s=negative_s,
        jitter=jitter,
        max_entries=max_entries,
        max_size=max_size,
        max_entry=max_entry,
        shelf=shelf,
        clock=time.monotonic,
        wall=time.wall,
    )


def gated(gate: asyncio.Event, source: Source) -> Callable[[], Awaitable[str]]:
    async def load() -> str:
        await gate.wait()
        return await source()

    return load


async def test_a_fresh_answer_is_given_again_with_the_time_it_was_read(time: Time, source: Source) -> None:
    cache = cache_with(time)
    first = await cache.answer(K, source)
    time.seconds = HOUR - 1
    again = await cache.answer(K, source)
    assert (first.outcome, again.outcome) == ("miss", "hit")
    assert (again.value, again.read_at) == ("answer 1", START)
    assert source.asked == 1


async def test_past_its_time_it_is_loaded_anew(time: Time, source: Source) -> None:
    cache = cache_with(time)
    await cache.answer(K, source)
    time.seconds = HOUR
    again = await cache.answer(K, source)
    assert (again.value, again.outcome) == ("answer 2", "miss")
    assert again.read_at == START + timedelta(hours=1)


async def test_an_old_answer_serves_while_its_source_is_down(time: Time, source: Source) -> None:
    cache = cache_with(time)
    await cache.answer(K, source)
    time.seconds, source.down = 5 * HOUR, True
    old = await cache.answer(K, source)
    assert (old.value, old.outcome, old.read_at) == ("answer 1", "stale", START)


async def test_too_old_an_answer_serves_no_more(time: Time, source: Source) -> None:
    cache = cache_with(time)
    await cache.answer(K, source)
    time.seconds, source.down = 25 * HOUR, True
    with pytest.raises(OSError, match="down"):
        await cache.answer(K, source)


async def test_an_error_is_never_kept(time: Time, source: Source) -> None:
    cache = cache_with(time)
    source.down = True
    with pytest.raises(OSError, match="down"):
        await cache.answer(K, source)
    source.down = False
    assert (await cache.answer(K, source)).value == "answer 2"
    assert cache.stats.errors == 1


async def test_equal_keys_asked_at_once_are_loaded_once(time: Time, source: Source) -> None:
    cache, gate = cache_with(time), asyncio.Event()
    tasks = [asyncio.create_task(cache.answer(K, gated(gate, source))) for _ in range(64)]
    await asyncio.sleep(0)
    gate.set()
    answers = await asyncio.gather(*tasks)
    assert source.asked == 1
    assert {answer.value for answer in answers} == {"answer 1"}
    assert sorted(answer.outcome for answer in answers) == ["joined"] * 63 + ["miss"]


async def test_the_caller_who_began_may_leave_and_the_others_are_answered(time: Time, source: Source) -> None:
    cache, gate = cache_with(time), asyncio.Event()
    first = asyncio.create_task(cache.answer(K, gated(gate, source)))
    await asyncio.sleep(0)
    second = asyncio.create_task(cache.answer(K, gated(gate, source)))
    await asyncio.sleep(0)
    first.cancel()
    gate.set()
    assert (await second).value == "answer 1"
    assert first.cancelled()


async def test_a_failure_nobody_waited_for_is_no_loose_end(time: Time) -> None:
    cache, gate = cache_with(time), asyncio.Event()

    async def fails() -> str:
        await gate.wait()
        raise OSError("down")

    loose: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: loose.append(context))
    caller = asyncio.create_task(cache.answer(K, fails))
    await asyncio.sleep(0)
    caller.cancel()
    with suppress(asyncio.CancelledError):
        await caller
    gate.set()
    for _ in range(5):
        await asyncio.sleep(0)
    gc.collect()
    asyncio.get_running_loop().set_exception_handler(None)
    assert caller.cancelled()
    assert loose == []


async def test_an_answer_nobody_waited_for_is_there_for_the_next(time: Time, source: Source) -> None:
    cache, gate = cache_with(time), asyncio.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0):
            await cache.answer(K, gated(gate, source))
    gate.set()
    answer = await cache.answer(K, source)
    assert (answer.value, source.asked) == ("answer 1", 1)


async def test_every_caller_of_a_failed_load_hears_of_it(time: Time, source: Source) -> None:
    cache, gate = cache_with(time), asyncio.Event()
    source.down = True
    tasks = [asyncio.create_task(cache.answer(K, gated(gate, source))) for _ in range(3)]
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [OSError] * 3
    assert cache.stats.errors == 1


async def test_the_least_used_entry_makes_room(time: Time, source: Source) -> None:
    cache = cache_with(time, max_entries=2)
    for name in ("a", "b", "a", "c"):
        await cache.answer(key(name), source)
    assert cache.get(key("b")) is None
    assert cache.get(key("a"))
    assert cache.stats.entries == 2


async def test_total_size_is_bounded_and_a_value_larger_than_all_is_given_but_not_kept(
    time: Time, source: Source
) -> None:
    async def huge() -> str:
        return "x" * 24

    cache = cache_with(time, max_size=25)
    for name in ("a", "b", "c"):
        await cache.answer(key(name), source)
    assert cache.stats.size == 20
    assert len((await cache.answer(key("huge"), huge)).value) == 24
    assert cache.get(key("huge")) is None
    assert cache.stats.entries == 2


async def test_looking_without_loading_says_whether_it_is_fresh(time: Time, source: Source) -> None:
    cache = cache_with(time)
    assert cache.get(K) is None
    await cache.answer(K, source)
    fresh = cache.get(K)
    time.seconds = 2 * HOUR
    old = cache.get(K)
    assert fresh
    assert old
    assert (fresh.outcome, old.outcome) == ("hit", "stale")
    assert source.asked == 1


async def test_the_counters_tell_what_happened(time: Time, source: Source) -> None:
    cache = cache_with(time)
    await cache.answer(K, source)
    await cache.answer(K, source)
    time.seconds, source.down = 2 * HOUR, True
    await cache.answer(K, source)
    stats = cache.stats
    assert (stats.entries, stats.hits, stats.misses, stats.stale, stats.errors) == (1, 1, 1, 1, 1)


async def test_leaving_the_cache_cancels_what_is_still_loading(time: Time, source: Source) -> None:
    async with cache_with(time) as cache:
        waiting = asyncio.create_task(cache.answer(K, gated(asyncio.Event(), source)))
        await asyncio.sleep(0)
    assert await asyncio.gather(waiting, return_exceptions=True)
    assert waiting.cancelled()
    assert source.asked == 0


def test_neither_case_nor_spacing_makes_another_question() -> None:
    assert normalised("  Work\tPools  TYPES ") == "work pools types"
    ids = {key("a").id, key("b").id, key("a", tool="notes").id, key("a")._replace(tenant="t").id}
    ids |= {key("a")._replace(server="http://other").id, key("a")._replace(schema="2").id}
    assert len(ids) == 6


# -- grace, jitter, failures remembered


async def test_in_its_grace_an_answer_is_given_at_once_and_loaded_behind_the_callers_back(
    time: Time, source: Source
) -> None:
    cache, gate = cache_with(time, grace_s=600), asyncio.Event()
    await cache.answer(K, source)
    time.seconds = HOUR + 1
    given = [await cache.answer(K, gated(gate, source)) for _ in range(5)]
    assert {(answer.value, answer.outcome, answer.read_at) for answer in given} == {
        ("answer 1", "stale", START)
    }
    gate.set()
    await until(lambda: source.asked == 2)
    again = await cache.answer(K, source)
    assert (again.value, again.outcome, again.read_at) == (
        "answer 2",
        "hit",
        START + timedelta(seconds=HOUR + 1),
    )
    assert (cache.stats.stale, cache.stats.revalidated) == (5, 1)


async def test_past_its_grace_a_caller_waits_for_the_new_answer(time: Time, source: Source) -> None:
    cache = cache_with(time, grace_s=600)
    await cache.answer(K, source)
    time.seconds = HOUR + 600
    assert (await cache.answer(K, source)).value == "answer 2"


async def test_answers_loaded_together_do_not_all_end_together(time: Time, source: Source) -> None:
    cache = cache_with(time, jitter=0.1)
    keys = [key(str(n)) for n in range(99)]
    for each in keys:
        await cache.answer(each, source)
    time.seconds = 0.9 * HOUR - 1
    assert all(cache.fresh(each) for each in keys)
    time.seconds = 0.95 * HOUR
    assert 0 < sum(cache.fresh(each) is None for each in keys) < 99
    time.seconds = HOUR
    assert not any(cache.fresh(each) for each in keys)


async def test_a_storm_after_a_failure_does_not_ask_again_for_a_moment(time: Time, source: Source) -> None:
    cache = cache_with(time, negative_s=3)
    source.down = True
    for _ in range(10):
        with pytest.raises(OSError, match="down"):
            await cache.answer(K, source)
    assert (source.asked, cache.stats.errors, cache.stats.negative) == (1, 1, 9)
    time.seconds, source.down = 3, False
    assert (await cache.answer(K, source)).outcome == "miss"


async def test_while_a_failure_is_remembered_an_old_answer_serves(time: Time, source: Source) -> None:
    cache = cache_with(time, negative_s=3)
    await cache.answer(K, source)
    time.seconds, source.down = 2 * HOUR, True
    assert [(await cache.answer(K, source)).outcome for _ in range(3)] == ["stale"] * 3
    assert source.asked == 2


async def test_an_answer_with_nothing_in_it_is_given_and_not_kept(
    time: Time, source: Source, store: Store
) -> None:
    async def nothing() -> str:
        source.asked += 1
        return ""

    async with cache_with(time, negative_s=3, shelf=store.shelf()) as cache:
        assert [(await cache.answer(K, nothing)).value for _ in range(3)] == [""] * 3
        assert source.asked == 1
        time.seconds = 3
        assert (await cache.answer(K, source)).value == "answer 2"
        time.seconds = 2 * HOUR
        assert (await cache.answer(K, nothing)).value == ""
        time.seconds, source.down = 2 * HOUR + 3, True
        assert (await cache.answer(K, source)).value == "answer 2"  # the old answer was not lost
    assert len(await store.shelf().uses()) == 1


# -- the clock on the wall


@pytest.mark.parametrize("jump", [-400 * 24 * HOUR, -HOUR, HOUR / 2])
async def test_a_clock_that_is_set_makes_no_answer_live_longer(
    time: Time, source: Source, jump: float
) -> None:
    cache = cache_with(time)
    await cache.answer(K, source)
    time.set_forward, time.seconds = jump, HOUR
    assert cache.fresh(K) is None
    assert (await cache.answer(K, source)).value == "answer 2"


async def test_a_machine_that_slept_for_days_wakes_up_with_old_answers(time: Time, source: Source) -> None:
    cache = cache_with(time)
    await cache.answer(K, source)
    time.set_forward = 3 * HOUR  # the monotonic clock stands still meanwhile
    old = cache.get(K)
    assert old
    assert (old.outcome, old.read_at) == ("stale", START)
    time.set_forward = 30 * HOUR
    assert cache.get(K) is None


# -- the second layer


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Store]:
    async with Store.open(None, tmp_path) as store:
        yield store


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


async def test_after_a_restart_answers_are_given_from_the_store_with_the_time_they_were_read(
    time: Time, source: Source, store: Store
) -> None:
    async with cache_with(time, shelf=store.shelf()) as cache:
        for n in range(5):
            await cache.answer(key(str(n)), source)
    time.seconds = HOUR / 2
    async with cache_with(time, shelf=store.shelf()) as cache:
        again = await asyncio.gather(*(cache.answer(key(str(n)), source) for n in range(5)))
        assert [(answer.value, answer.outcome, answer.read_at) for answer in again] == [
            (f"answer {n + 1}", "hit", START) for n in range(5)
        ]
        assert (cache.stats.hits, cache.stats.recalled, source.asked) == (5, 5, 5)
        time.seconds = HOUR  # no younger for having been read again
        assert (await cache.answer(key("0"), source)).outcome == "miss"


async def test_an_old_answer_from_the_store_serves_while_the_source_is_down(
    time: Time, source: Source, store: Store
) -> None:
    async with cache_with(time, shelf=store.shelf()) as cache:
        await cache.answer(K, source)
    time.seconds, source.down = 5 * HOUR, True
    async with cache_with(time, shelf=store.shelf()) as cache:
        old = await cache.answer(K, source)
        assert (old.value, old.outcome, old.read_at) == ("answer 1", "stale", START)


async def test_an_answer_from_the_store_in_its_grace_is_given_and_loaded_anew(
    time: Time, source: Source, store: Store
) -> None:
    async with cache_with(time, shelf=store.shelf()) as cache:
        await cache.answer(K, source)
    time.seconds = HOUR + 1
    async with cache_with(time, grace_s=60, shelf=store.shelf()) as cache:
        assert (await cache.answer(K, source)).outcome == "stale"
        await until(lambda: source.asked == 2)
        assert (await cache.answer(K, source)).value == "answer 2"


async def test_the_store_counts_what_was_used(time: Time, source: Source, store: Store) -> None:
    async with cache_with(time, shelf=store.shelf()) as cache:
        for name in ("a", "b", "a", "a"):
            await cache.answer(key(name), source)
        await cache.warm(key("c"), source)
    async with cache_with(time, shelf=store.shelf()) as cache:
        assert await cache.uses() == {key("a").id: 3, key("b").id: 1, key("c").id: 0}


async def test_a_corrupt_row_is_a_miss_and_is_removed(time: Time, source: Source, store: Store) -> None:
    shelf = store.shelf()
    await shelf.write([KeptAnswer(K.id, K.tool, time.wall(), '{"half an ans')], [], {}, oldest=0)
    async with cache_with(time, shelf=shelf) as cache:
        source.down = True
        with pytest.raises(OSError, match="down"):
            await cache.answer(K, source)
    assert await shelf.uses() == {}


@pytest.mark.parametrize("ahead", [SKEW_S + 1, 400 * 24 * HOUR])
async def test_what_was_read_in_the_future_was_not_and_is_removed(
    time: Time, source: Source, store: Store, ahead: float
) -> None:
    shelf = store.shelf()
    await shelf.write([KeptAnswer(K.id, K.tool, time.wall() + ahead, '"from the future"')], [], {}, oldest=0)
    async with cache_with(time, shelf=shelf) as cache:
        answer = await cache.answer(K, source)
    assert (answer.value, answer.read_at) == ("answer 1", START)
    (kept,) = await shelf.take([K.id])
    assert kept.read_at == time.wall()


async def test_too_large_an_answer_is_given_and_kept_in_neither_layer(time: Time, store: Store) -> None:
    async def large() -> str:
        return "x" * 51

    async with cache_with(time, max_entry=50, shelf=store.shelf()) as cache:
        assert (await cache.answer(K, large)).outcome == "miss"
        assert (await cache.answer(K, large)).outcome == "miss"
    assert await store.shelf().uses() == {}


class BadShelf:
    """A shelf that fails or hangs."""

    def __init__(self, *, hangs: bool = False) -> None:
        self.asked = 0
        self._hangs = hangs

    async def take(self, keys: Collection[str]) -> list[KeptAnswer]:
        await self._be_bad()
        return []

    async def write(
        self,
        put: Sequence[KeptAnswer],
        remove: Collection[str],
        used: Mapping[str, int],
        *,
        oldest: float,
    ) -> None:
        await self._be_bad()

    async def uses(self) -> dict[str, int]:
        await self._be_bad()
        return {}

    async def _be_bad(self) -> None:
        self.asked += 1
        if self._hangs:
            await asyncio.Event().wait()
        raise RuntimeError("broken in a way nobody thought of")


@pytest.mark.parametrize("hangs", [False, True])
async def test_a_store_that_fails_or_hangs_costs_no_answer_and_is_soon_left_alone(
    time: Time, source: Source, hangs: bool
) -> None:
    shelf = BadShelf(hangs=hangs)
    async with asyncio.timeout(20), cache_with(time, shelf=shelf) as cache:
        for n in range(10):
            assert (await cache.answer(key(str(n)), source)).value == f"answer {n + 1}"
        assert await cache.uses() == {}
        assert cache.stats.shelf_errors >= TROUBLES
        assert shelf.asked <= TROUBLES + 1


async def test_a_database_that_another_holds_costs_a_wait_and_no_answer(
    time: Time, source: Source, store: Store, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "calls.db", isolation_level=None)) as other:
        async with cache_with(time, shelf=store.shelf()) as cache:
            other.execute("BEGIN EXCLUSIVE")
            assert (await cache.answer(K, source)).value == "answer 1"
            assert (await cache.answer(K, source)).outcome == "hit"
            other.execute("ROLLBACK")
            await until_kept(store.shelf())


async def until_kept(shelf: DocShelf) -> None:
    async with asyncio.timeout(20):
        while not await shelf.uses():
            await asyncio.sleep(0.05)


async def test_keys_asked_for_at_once_are_read_at_once(time: Time, source: Source, store: Store) -> None:
    class Counting(DocShelf):
        reads = 0

        async def take(self, keys: Collection[str]) -> list[KeptAnswer]:
            Counting.reads += 1
            return await super().take(keys)

    async with cache_with(time, shelf=Counting(store._session)) as cache:
        await asyncio.gather(*(cache.answer(key(str(n)), source) for n in range(50)))
        await asyncio.gather(*(cache.answer(key(str(n)), source) for n in range(50)))
    assert Counting.reads == 1


async def test_what_is_read_slowly_from_the_store_takes_no_newer_answers_place(
    time: Time, source: Source, store: Store
) -> None:
    gate = asyncio.Event()

    class SlowAtFirst(DocShelf):
        reads = 0

        async def take(self, keys: Collection[str]) -> list[KeptAnswer]:
            SlowAtFirst.reads += 1
            found = await super().take(keys)
            if SlowAtFirst.reads == 1:
                await gate.wait()
            return found

    shelf = SlowAtFirst(store._session)
    await shelf.write([KeptAnswer(K.id, K.tool, time.wall() - 2 * HOUR, '"old"')], [], {}, oldest=0)
    async with cache_with(time, shelf=shelf) as cache:
        recalling = asyncio.create_task(cache.recall([K]))
        await until(lambda: SlowAtFirst.reads == 1)
        assert (await cache.answer(K, source)).value == "answer 1"
        gate.set()
        await recalling
        held = cache.get(K)
        assert held
        assert held.value == "answer 1"


async def test_a_caller_who_leaves_while_the_store_is_read_takes_nobody_along(store: Store) -> None:
    async with QuietShelf(store.shelf(), oldest=lambda: 0) as shelf:
        shelf.put(KeptAnswer("kept", "t", 1, '"x"'))
        await until_kept(store.shelf())
        readers = [asyncio.create_task(shelf.take("kept")) for _ in range(2)]
        await asyncio.sleep(0)
        readers[0].cancel()
        kept = await readers[1]
        assert kept
        assert kept.body == '"x"'


# -- ahead of the asking


async def test_what_is_warmed_is_there_and_counted_as_neither_hit_nor_miss(
    time: Time, source: Source
) -> None:
    cache = cache_with(time)
    assert await cache.warm(K, source)
    assert not await cache.warm(K, source)
    stats = cache.stats
    assert (stats.warmed, stats.hits, stats.misses) == (1, 0, 0)
    assert (await cache.answer(K, source)).outcome == "hit"


async def test_a_warmed_answer_is_loaded_again_before_it_is_past_its_time(time: Time, source: Source) -> None:
    cache = cache_with(time)
    await cache.warm(K, source)
    time.seconds = 0.8 * HOUR - 1
    assert cache.due_in(K) > 0
    time.seconds = 0.8 * HOUR
    assert cache.due_in(K) == 0
    assert await cache.warm(K, source)
    time.seconds = 1.5 * HOUR
    assert (await cache.answer(K, source)).outcome == "hit"


async def test_a_failed_warming_harms_nothing(time: Time, source: Source) -> None:
    cache = cache_with(time)
    await cache.warm(K, source)
    time.seconds, source.down = 0.9 * HOUR, True
    with pytest.raises(OSError, match="down"):
        await cache.warm(K, source)
    assert (await cache.answer(K, source)).outcome == "hit"


async def test_a_warming_after_a_restart_takes_from_the_store_what_is_fresh_enough(
    time: Time, source: Source, store: Store
) -> None:
    async with cache_with(time, shelf=store.shelf()) as cache:
        await cache.answer(K, source)
    async with cache_with(time, shelf=store.shelf()) as cache:
        assert not await cache.warm(K, source)
    time.seconds = 0.9 * HOUR
    async with cache_with(time, shelf=store.shelf()) as cache:
        assert await cache.warm(K, source)


async def test_counts_are_kept_by_tool(time: Time, source: Source) -> None:
    cache = cache_with(time)
    await cache.answer(key("a", tool="search"), source)
    await cache.answer(key("a", tool="search"), source)
    await cache.answer(key("a", tool="notes"), source)
    stats = cache.stats
    assert (stats.hits, stats.misses) == (1, 2)
    assert {tool: (each.hits, each.misses) for tool, each in stats.by_tool.items()} == {
        "search": (1, 1),
        "notes": (0, 1),
    }
