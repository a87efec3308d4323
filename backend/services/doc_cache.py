"""A cache for answers that cost a look-up: fresh for a while, kept longer for when the source is down."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Hashable
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from types import TracebackType
from typing import Generic, Literal, Self, TypeVar

from cachetools import TLRUCache
from pydantic import BaseModel

V = TypeVar("V")
Outcome = Literal["hit", "miss", "stale", "joined"]


@dataclass(frozen=True, slots=True)
class Answer(Generic[V]):
    """A value, and when it was read at its source.

    hit: held and fresh. miss: loaded now. joined: another caller was loading it already. stale: past its
    time, given because it could not be loaded.
    """

    value: V
    read_at: datetime
    outcome: Outcome


class CacheStats(BaseModel):
    """What is held now (`size` in the unit of `size_of`), and how calls went since the start."""

    entries: int
    size: int
    hits: int = 0
    misses: int = 0
    stale: int = 0
    joined: int = 0
    errors: int = 0


@dataclass(frozen=True, slots=True)
class _Entry(Generic[V]):
    """An answer as it is handed out while it is fresh."""

    hit: Answer[V]
    fresh_until: float
    size: int

    def stale(self) -> Answer[V]:
        return replace(self.hit, outcome="stale")


class DocCache(Generic[V]):
    """Answers by key. Equal keys asked for at once are loaded once; an error is never kept.

    An answer is fresh for `fresh_s` seconds and kept for `stale_s` more, unless `max_entries` or
    `max_size` pushes it out, least used first. A load goes on when the caller who began it leaves, for
    the others who wait and for the next; leaving the cache's context cancels what is still loading.
    """

    def __init__(
        self,
        *,
        fresh_s: float,
        stale_s: float = 7 * 24 * 3600,
        max_entries: int = 10_000,
        max_size: int = 64_000_000,
        size_of: Callable[[V], int] = lambda value: len(repr(value)),
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._fresh_s = fresh_s
        self._max_entries = max_entries
        self._size_of = size_of
        self._clock = clock
        self._now = now
        self._entries: TLRUCache[Hashable, _Entry[V]] = TLRUCache(
            max_size,
            ttu=lambda _key, entry, _time: entry.fresh_until + stale_s,
            timer=clock,
            getsizeof=lambda entry: entry.size,
        )
        self._flights: dict[Hashable, asyncio.Task[tuple[V, datetime]]] = {}
        self._counts: Counter[Outcome | Literal["error"]] = Counter()

    def get(self, key: Hashable) -> Answer[V] | None:
        """What is held, as a hit or as stale. Nothing is loaded, nothing counted."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        return entry.hit if self._clock() < entry.fresh_until else entry.stale()

    async def answer(self, key: Hashable, load: Callable[[], Awaitable[V]]) -> Answer[V]:
        """What is held while it is fresh, else what `load` brings. Where it raises: what is held still,
        else its exception."""
        entry = self._entries.get(key)
        if entry is not None and self._clock() < entry.fresh_until:
            self._counts["hit"] += 1
            return entry.hit
        flight = self._flights.get(key)
        outcome: Outcome = "joined" if flight else "miss"
        try:
            # Shielded: a caller who leaves must not cancel what others wait for.
            value, read_at = await asyncio.shield(flight or self._begin(key, load))
        except Exception:
            if entry is None:
                raise
            self._counts["stale"] += 1
            return entry.stale()
        self._counts[outcome] += 1
        return Answer(value, read_at, outcome)

    @property
    def stats(self) -> CacheStats:
        self._entries.expire()
        return CacheStats(
            entries=len(self._entries),
            size=int(self._entries.currsize),
            hits=self._counts["hit"],
            misses=self._counts["miss"],
            stale=self._counts["stale"],
            joined=self._counts["joined"],
            errors=self._counts["error"],
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        flights = list(self._flights.values())
        for flight in flights:
            flight.cancel()
        await asyncio.gather(*flights, return_exceptions=True)

    def _begin(self, key: Hashable, load: Callable[[], Awaitable[V]]) -> asyncio.Task[tuple[V, datetime]]:
        flight = self._flights[key] = asyncio.create_task(self._load(key, load))
        flight.add_done_callback(lambda done: self._landed(key, done))
        return flight

    def _landed(self, key: Hashable, flight: asyncio.Task[tuple[V, datetime]]) -> None:
        del self._flights[key]
        if not flight.cancelled():
            flight.exception()  # retrieved, since everybody who waited for it may have left

    async def _load(self, key: Hashable, load: Callable[[], Awaitable[V]]) -> tuple[V, datetime]:
        try:
            value = await load()
        except Exception:
            self._counts["error"] += 1
            raise
        read_at = self._now()
        self._keep(key, value, read_at)
        return value, read_at

    def _keep(self, key: Hashable, value: V, read_at: datetime) -> None:
        hit = Answer(value, read_at, "hit")
        entry = _Entry(hit, self._clock() + self._fresh_s, self._size_of(value))
        with suppress(ValueError):  # a value larger than the whole cache is given, but not kept
            self._entries[key] = entry
        while len(self._entries) > self._max_entries:
            self._entries.popitem()
