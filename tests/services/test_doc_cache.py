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


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():
            await asyncio.sleep(0.01)


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
