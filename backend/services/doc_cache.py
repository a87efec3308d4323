"""A cache for answers that cost a look-up, in two layers: memory, and a shelf that outlasts a restart.

An answer is fresh for a while; then, within a short grace, it is still given at once and loaded anew behind
the caller's back; and longer than that it is kept for when its source is down. Its age is what the later of
two clocks says: the monotonic one stands still while a machine sleeps, and the wall clock can be set back.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import random
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Generic, Literal, NamedTuple, Self, TypeVar

from cachetools import TLRUCache, TTLCache
from pydantic import TypeAdapter, ValidationError

from backend.facts import KeptAnswer
from backend.services.cache_counts import CacheStats, Count
from backend.services.doc_shelf import QuietShelf, Shelf

V = TypeVar("V")
Outcome = Literal["hit", "miss", "stale", "joined"]

GRACE_S = 15 * 60
NEGATIVE_S = 3
AHEAD = 0.8
"""An answer is loaded ahead when this part of its fresh time is over."""
JITTER = 0.1
SKEW_S = 300
"""What was read later than this from now, by the wall clock, was not read then: its age is not known."""
MAX_FAILED = 2_000


class DocKey(NamedTuple):
    """What makes two questions the same: the server, what its answers look like, the tool, the question."""

    server: str
    schema: str
    tool: str
    query: str
    top_k: int
    tenant: str = "default"

    @property
    def id(self) -> str:
        """The key as the shelf has it. It shows no address."""
        return hashlib.sha256(json.dumps(self).encode()).hexdigest()


def normalised(query: str) -> str:
    """A query as its answer is kept: neither case nor spacing makes another question."""
    return " ".join(query.casefold().split())


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class Answer(Generic[V]):
    """A value, and when it was read at its source.

    hit: held and fresh. miss: loaded now. joined: another caller was loading it already. stale: past its
    time, given because it could not be loaded, or because it is being loaded now.
    """

    value: V
    read_at: datetime
    outcome: Outcome


_COUNT_OF: Mapping[Outcome, Count] = {"hit": "hits", "miss": "misses", "stale": "stale", "joined": "joined"}


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    """An answer as it is handed out while it is fresh. It was read at `loaded` on the monotonic clock and
    at `read` on the wall clock, in seconds."""

    hit: Answer[V]
    id: str
    loaded: float
    read: float
    fresh_s: float
    size: int

    def stale(self) -> Answer[V]:
        return replace(self.hit, outcome="stale")


class DocCache(Generic[V]):
    """Answers by key, of one kind. Equal keys asked for at once are loaded once; no error is kept.

    An answer is fresh for `fresh_s` seconds, or up to a tenth (`jitter`) less, so that those loaded
    together do not all end together; then stale. For `grace_s` it is given while it is loaded anew, for
    `stale_s` when that fails, unless `max_entries` or `max_size` (characters of JSON) pushes it out, least
    used first. One larger than `max_entry` is given but not kept, and so is one with nothing in it: so
    many a server answers while its index is away. A load that failed, or brought nothing, is not
    tried again for `negative_s`.

    A load goes on when the caller who began it leaves, for the others who wait and for the next; leaving
    the cache's context cancels what is still loading, and writes to the shelf what is not there yet.
    """

    def __init__(
        self,
        kind: type[V],
        *,
        fresh_s: float,
        grace_s: float = GRACE_S,
        stale_s: float = 7 * 24 * 3600,
        negative_s: float = NEGATIVE_S,
        jitter: float = JITTER,
        max_entries: int = 10_000,
        max_size: int = 64_000_000,
        max_entry: int = 500_000,
        shelf: Shelf | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._json = TypeAdapter(kind)
        self._fresh_s = fresh_s
        self._grace_s = grace_s
        self._stale_s = stale_s
        self._jitter = jitter
        self._max_entries = max_entries
        self._max_entry = max_entry
        self._clock = clock
        self._wall = wall
        self._entries: TLRUCache[DocKey, _Entry[V]] = TLRUCache(
            max_size,
            ttu=lambda _key, entry, _time: entry.loaded + entry.fresh_s + stale_s,
            timer=clock,
            getsizeof=lambda entry: entry.size,
        )
        self._failed: TTLCache[DocKey, Exception | Answer[V]] = TTLCache(MAX_FAILED, negative_s, timer=clock)
        self._flights: dict[DocKey, asyncio.Task[Answer[V]]] = {}
        self._counts: defaultdict[str, Counter[Count]] = defaultdict(Counter)
        self._shelf = QuietShelf(shelf, oldest=lambda: wall() - fresh_s - stale_s) if shelf else None
        self._closing = AsyncExitStack()

    # -- asking

    def get(self, key: DocKey) -> Answer[V] | None:
        """What memory holds, as a hit or as stale. Nothing is loaded, nothing counted."""
        entry = self._held(key)
        if entry is None:
            return None
        return entry.hit if self._age(entry) < entry.fresh_s else entry.stale()

    def fresh(self, key: DocKey) -> Answer[V] | None:
        """What memory holds and is fresh, counted as a hit. Nothing is loaded."""
        try:
            entry = self._entries[key]  # get() would look twice
        except KeyError:
            return None
        if self._age(entry) >= entry.fresh_s:
            return None
        self._count(key, entry.id, "hits")
        return entry.hit

    def at_once(self, key: DocKey, load: Callable[[], Awaitable[V]]) -> Answer[V] | None:
        """What memory holds and is fresh, or in its grace; then `load` goes on behind the caller's back."""
        return self.fresh(key) or self._in_grace(key, load)

    async def answer(self, key: DocKey, load: Callable[[], Awaitable[V]]) -> Answer[V]:
        """What can be given at once, else what the shelf or `load` brings. Where that raises: what is held
        still, else its exception."""
        return self.at_once(key, load) or self._failed_lately(key) or await self._loaded(key, load)

    async def warm(self, key: DocKey, load: Callable[[], Awaitable[V]]) -> bool:
        """Load ahead what is missing or will soon be past its time. Whether the source was asked.

        Raises what `load` raises. What is on the shelf is taken from there.
        """
        if self.due_in(key) > 0:
            return False
        flight = self._flights.get(key) or self._begin(key, load, enough=AHEAD)
        asked = (await asyncio.shield(flight)).outcome == "miss"
        if asked:
            self._counts[key.tool]["warmed"] += 1
        return asked

    async def recall(self, keys: Iterable[DocKey]) -> None:
        """Bring into memory what the shelf has of these."""
        await asyncio.gather(*(self._recalled(key) for key in keys if key not in self._entries))

    def note(self, key: DocKey, text: str) -> None:
        """Keep a line beside the answers, as long as the latest of them."""
        if self._shelf:
            self._shelf.put(KeptAnswer(key.id, key.tool, self._wall(), text))
            self._shelf.used[key.id] += 1

    async def noted(self, key: DocKey) -> str | None:
        """The line as it was last kept, in this run or an earlier one."""
        kept = await self._shelf.take(key.id) if self._shelf else None
        return kept.body if kept else None

    async def uses(self) -> Mapping[str, int]:
        """How often answers were given, by the id of their key, as far as the shelf knows."""
        return await self._shelf.uses() if self._shelf else {}

    def due_in(self, key: DocKey) -> float:
        """Seconds until this should be loaded ahead; none where it is due."""
        entry = self._entries.get(key)
        return max(0.0, entry.fresh_s * AHEAD - self._age(entry)) if entry else 0.0

    @property
    def stats(self) -> CacheStats:
        self._entries.expire()
        held: dict[str, object] = {
            "entries": len(self._entries),
            "size": int(self._entries.currsize),
            "shelf_errors": self._shelf.errors if self._shelf else 0,
            "by_tool": self._counts,
        }
        return CacheStats.model_validate(held | sum(self._counts.values(), Counter()))

    async def __aenter__(self) -> Self:
        if self._shelf:
            await self._closing.enter_async_context(self._shelf)
        self._closing.push_async_callback(self._end_flights)
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._closing.aclose()

    async def _end_flights(self) -> None:
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    # -- what is held

    def _age(self, entry: _Entry[V]) -> float:
        """Seconds since it was read, by the later of the two clocks."""
        return max(self._clock() - entry.loaded, self._wall() - entry.read)

    def _held(self, key: DocKey) -> _Entry[V] | None:
        """The entry, unless it is too old even for an emergency."""
        entry = self._entries.get(key)
        return entry if entry and self._age(entry) < entry.fresh_s + self._stale_s else None

    def _keep(self, key: DocKey, value: V, read: float, size: int) -> _Entry[V]:
        age = max(0.0, self._wall() - read)
        entry = _Entry(
            hit=Answer(value, datetime.fromtimestamp(read, UTC), "hit"),
            id=key.id,
            loaded=self._clock() - age,
            read=read,
            fresh_s=self._fresh_s * random.uniform(1 - self._jitter, 1),  # noqa: S311 -- no secret
            size=size,
        )
        with suppress(ValueError):  # larger than the whole cache
            self._entries[key] = entry
        while len(self._entries) > self._max_entries:
            self._entries.popitem()
        return entry

    # -- the ways to an answer, in the order they are tried

    def _in_grace(self, key: DocKey, load: Callable[[], Awaitable[V]]) -> Answer[V] | None:
        entry = self._entries.get(key)
        if entry is None or self._age(entry) >= entry.fresh_s + self._grace_s:
            return None
        self._revalidate(key, load)
        self._count(key, entry.id, "stale")
        return entry.stale()

    def _failed_lately(self, key: DocKey) -> Answer[V] | None:
        failed = self._failed.get(key)
        if failed is None:
            return None
        self._counts[key.tool]["negative"] += 1
        if isinstance(failed, Answer):
            return failed
        return self._in_need(key, failed.with_traceback(None))

    async def _loaded(self, key: DocKey, load: Callable[[], Awaitable[V]]) -> Answer[V]:
        flight = self._flights.get(key)
        joined = flight is not None
        try:
            # Shielded: a caller who leaves must not cancel what others wait for.
            answer = await asyncio.shield(flight or self._begin(key, load))
        except Exception as error:  # noqa: BLE001 -- raised again unless there is an old answer
            return self._in_need(key, error)
        if answer.outcome == "stale":
            self._revalidate(key, load)
        elif answer.outcome == "miss" and joined:
            answer = replace(answer, outcome="joined")
        self._count(key, key.id, _COUNT_OF[answer.outcome])
        return answer

    def _in_need(self, key: DocKey, error: Exception) -> Answer[V]:
        """An old answer, where its source has failed; else the failure."""
        entry = self._held(key)
        if entry is None:
            raise error
        self._count(key, entry.id, "stale")
        return entry.stale()

    def _count(self, key: DocKey, key_id: str, what: Count) -> None:
        """An answer was given, which is also a use of what the shelf keeps."""
        self._counts[key.tool][what] += 1
        if self._shelf:
            self._shelf.used[key_id] += 1

    # -- loading

    def _revalidate(self, key: DocKey, load: Callable[[], Awaitable[V]]) -> None:
        """Load anew behind the caller's back, unless that is going on, or has just failed."""
        if key not in self._flights and key not in self._failed:
            self._counts[key.tool]["revalidated"] += 1
            self._begin(key, load)

    def _begin(
        self, key: DocKey, load: Callable[[], Awaitable[V]], *, enough: float = 1
    ) -> asyncio.Task[Answer[V]]:
        flight = self._flights[key] = asyncio.create_task(self._load(key, load, enough))
        flight.add_done_callback(lambda done: self._landed(key, done))
        return flight

    def _landed(self, key: DocKey, flight: asyncio.Task[Answer[V]]) -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # retrieved, since everybody who waited for it may have left

    async def _load(self, key: DocKey, load: Callable[[], Awaitable[V]], enough: float) -> Answer[V]:
        """From the shelf, if its answer is fresh enough or in its grace; else from the source."""
        if key not in self._entries and (entry := await self._recalled(key)):
            age = self._age(entry)
            if age < entry.fresh_s * enough:
                return entry.hit
            if enough == 1 and age < entry.fresh_s + self._grace_s:
                return entry.stale()
        try:
            value = await load()
        except Exception as error:
            self._counts[key.tool]["errors"] += 1
            self._failed[key] = error
            raise
        read = self._wall()
        answer = Answer(value, datetime.fromtimestamp(read, UTC), "miss")
        if value:
            self._put(key, value, read)
        else:
            self._failed[key] = answer
        return answer

    def _put(self, key: DocKey, value: V, read: float) -> None:
        body = self._json.dump_json(value).decode()
        if len(body) > self._max_entry:
            return
        entry = self._keep(key, value, read, len(body))
        if self._shelf:
            self._shelf.put(KeptAnswer(entry.id, key.tool, read, body))

    async def _recalled(self, key: DocKey) -> _Entry[V] | None:
        """The shelf's answer, now in memory too. One that cannot be read, or cannot be dated, is removed."""
        kept = await self._shelf.take(key.id) if self._shelf else None
        if newer := self._entries.get(key):  # loaded while the shelf was read
            return newer
        if self._shelf is None or kept is None:
            return None
        if not -SKEW_S <= self._wall() - kept.read_at < self._fresh_s + self._stale_s:
            self._shelf.remove(kept.key)
            return None
        try:
            value = self._json.validate_json(kept.body)
        except ValidationError:
            self._shelf.remove(kept.key)
            return None
        self._counts[key.tool]["recalled"] += 1
        return self._keep(key, value, kept.read_at, len(kept.body))
