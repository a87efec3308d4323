"""The cache's second layer: the real store, one that fails, hangs or is full, and callers who leave."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
from collections.abc import Collection, Mapping, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from backend.facts import KeptAnswer
from backend.services.doc_cache import SKEW_S
from backend.services.doc_shelf import TROUBLES, QuietShelf
from backend.store import Store
from backend.store.shelf import DocShelf
from tests.services.test_doc_cache import HOUR, START, K, Source, Time, cache_with, key, until

pytestmark = pytest.mark.anyio


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def source() -> Source:
    return Source()


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


async def test_who_still_waits_when_the_shelf_is_closed_is_let_go(store: Store) -> None:
    async with QuietShelf(store.shelf(), oldest=lambda: 0) as shelf:
        reader = asyncio.create_task(shelf.take("any"))
        await asyncio.sleep(0)
    async with asyncio.timeout(10):
        assert await reader is None


# -- whatever comes


FULL_DISK = """
import asyncio, resource, sys
from pathlib import Path
from backend.services.doc_cache import DocCache, DocKey
from backend.store import Store

def key(name):
    return DocKey("s", "1", "search", name, 5)

async def load():
    return "x" * 100_000

async def main():
    async with Store.open(None, Path(sys.argv[1])) as store:
        async with DocCache(str, fresh_s=3600, shelf=store.shelf()) as cache:
            await cache.answer(key("before"), load)
        resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
        async with DocCache(str, fresh_s=3600, shelf=store.shelf()) as cache:
            print([(await cache.answer(key(f"k{n}"), load)).outcome for n in range(5)])
            print((await cache.answer(key("before"), load)).outcome)
        print(cache.stats.shelf_errors > 0)

asyncio.run(main())
"""


def test_a_full_disk_costs_the_keeping_and_no_answer(tmp_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    said = [line for line in run.stdout.splitlines() if "doc_shelf" not in line]
    assert said == [str(["miss"] * 5), "hit", "True"]


@given(seed=st.integers(0, 2**32))
@examples(max_examples=40)
async def test_callers_may_leave_at_any_moment_and_nothing_is_lost_or_left(seed: int) -> None:
    chance, time, source = random.Random(seed), Time(), Source()
    others = asyncio.all_tasks()

    async def load() -> str:
        for _ in range(chance.randrange(4)):
            await asyncio.sleep(0)
        source.down = chance.random() < 0.3
        return await source()

    async with cache_with(time, grace_s=600, negative_s=1, shelf=MemoryShelf(chance)) as cache:
        callers: list[asyncio.Task[object]] = []
        for _ in range(60):
            wanted = key(str(chance.randrange(4)))
            ask = cache.warm if chance.random() < 0.2 else cache.answer
            callers.append(asyncio.create_task(ask(wanted, load)))
            if chance.random() < 0.4:
                chance.choice(callers).cancel()
            time.seconds += chance.choice([0, 1, HOUR / 2])
            await asyncio.sleep(0)
        async with asyncio.timeout(10):
            await asyncio.gather(*callers, return_exceptions=True)
            while cache._flights:
                await asyncio.sleep(0)
        assert {type(caller.exception()) for caller in callers if not caller.cancelled()} <= {
            type(None),
            OSError,
        }
        time.seconds += 100 * HOUR
        assert (await cache.answer(K, Source())).value == "answer 1"
    assert asyncio.all_tasks() <= others


class MemoryShelf:
    """A shelf that takes its time."""

    def __init__(self, chance: random.Random) -> None:
        self._kept: dict[str, KeptAnswer] = {}
        self._chance = chance

    async def take(self, keys: Collection[str]) -> list[KeptAnswer]:
        await self._dawdle()
        return [self._kept[key] for key in keys if key in self._kept]

    async def write(
        self,
        put: Sequence[KeptAnswer],
        remove: Collection[str],
        used: Mapping[str, int],
        *,
        oldest: float,
    ) -> None:
        await self._dawdle()
        self._kept |= {one.key: one for one in put}

    async def uses(self) -> dict[str, int]:
        return {}

    async def _dawdle(self) -> None:
        for _ in range(self._chance.randrange(4)):
            await asyncio.sleep(0)
        if self._chance.random() < 0.1:
            raise OSError("shelf")
