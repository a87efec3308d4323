from __future__ import annotations

import asyncio
import gc
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest

from backend.services.doc_cache import DocCache, DocKey, normalised
from backend.services.doc_shelf import Shelf

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
