"""The cache's second layer: answers that outlast a restart, on a shelf that may fail but never disturbs."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any, Protocol, Self, TypeVar

import structlog

from backend.errors import CoachError
from backend.facts import KeptAnswer
from backend.services.circuit import Circuit, CircuitOpen

T = TypeVar("T")

WAIT_S = 0.5
"""Most that a caller waits for the shelf. To ask a docs server takes as long at worst."""
WRITE_S = 10
REST_S = 30
TROUBLES = 3
MOST_AT_ONCE = 200
COLLECT_S = 2
USES_EVERY_S = 60

log = structlog.get_logger(__name__)


class Shelf(Protocol):
    """Where answers are kept. Any method may raise, or take long."""

    async def take(self, keys: Collection[str]) -> list[KeptAnswer]:
        """Those of these that are here."""

    async def write(
        self,
        put: Sequence[KeptAnswer],
        remove: Collection[str],
        used: Mapping[str, int],
        *,
        oldest: float,
    ) -> None:
        """Put some, in place of those with the same key, remove others, and add to how often they were
        used. What was read before `oldest` may go."""

    async def uses(self) -> dict[str, int]:
        """How often each was used."""


class QuietShelf:
    """A shelf behind which nobody waits: it is read in batches and within `wait_s`, written behind the
    callers' backs, and left alone for a while where it keeps failing. A failure is a miss, and counted.

    `used` is written now and then; whoever gives an answer adds to it. `oldest` says which are too old.
    """

    def __init__(self, shelf: Shelf, *, oldest: Callable[[], float], wait_s: float = WAIT_S) -> None:
        self.used: Counter[str] = Counter()
        self.errors = 0
        self._shelf = shelf
        self._oldest = oldest
        self._wait_s = wait_s
        self._circuit = Circuit(failures=TROUBLES, rest_s=REST_S)
        self._asked: dict[str, asyncio.Future[KeptAnswer | None]] = {}
        self._put: dict[str, KeptAnswer] = {}
        self._remove: set[str] = set()
        # What is on the shelf, as last seen: what is not there need not be looked for. None: not seen yet.
        self._known: set[str] | None = None
        self._seen_at = 0.0
        self._changed = asyncio.Event()
        self._tasks: set[asyncio.Future[Any]] = set()
        self._writer: asyncio.Task[None] | None = None

    async def take(self, key: str) -> KeptAnswer | None:
        """What is kept under this key. Keys asked for at once are read at once."""
        if key in self._put:
            return self._put[key]
        if self._known is not None and key not in self._known:
            return None
        asked = self._asked.get(key)
        if asked is None:
            asked = self._asked[key] = asyncio.get_running_loop().create_future()
            if len(self._asked) == 1:
                self._track(asyncio.create_task(self._read()))
        return await asyncio.shield(asked)  # others may wait for the same

    def put(self, answer: KeptAnswer) -> None:
        self._remove.discard(answer.key)
        self._put[answer.key] = answer
        if self._known is not None:
            self._known.add(answer.key)
        self._changed.set()

    def remove(self, key: str) -> None:
        self._put.pop(key, None)
        self._remove.add(key)
        self._changed.set()

    async def uses(self) -> Mapping[str, int]:
        return await self._quietly(self._shelf.uses, self._wait_s) or {}

    async def __aenter__(self) -> Self:
        self._writer = asyncio.create_task(self._write(), name="doc-shelf")
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        """Write what is left, as far as `wait_s` goes."""
        if self._writer:
            self._writer.cancel()
            await asyncio.wait({self._writer})
        if self._put or self._remove or self.used:
            await self._flush(self._wait_s)
        for task in list(self._tasks):
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=self._wait_s)
        for waiting in self._asked.values():  # their reader was cancelled before it began
            waiting.set_result(None)
        self._asked.clear()

    async def _read(self) -> None:
        """Read what the callers of this turn of the event loop ask for."""
        await asyncio.sleep(0)
        asked, self._asked = self._asked, {}
        found: dict[str, KeptAnswer] = {}
        try:
            for answer in await self._quietly(lambda: self._shelf.take(list(asked)), self._wait_s) or ():
                found[answer.key] = answer
        finally:
            for key, waiting in asked.items():
                waiting.set_result(found.get(key))

    async def _look_over(self) -> None:
        self._seen_at = time.monotonic()
        if (uses := await self._quietly(self._shelf.uses, WRITE_S)) is not None:
            self._known = {*uses, *self._put}

    async def _write(self) -> None:
        while True:
            if self._known is None or time.monotonic() - self._seen_at > USES_EVERY_S:
                await self._look_over()
            with suppress(TimeoutError):
                async with asyncio.timeout(USES_EVERY_S):
                    await self._changed.wait()
                    await asyncio.sleep(COLLECT_S)  # what comes together is written together
            if self._put or self._remove or self.used:
                await self._flush(WRITE_S)

    async def _flush(self, within: float) -> None:
        """Write what has come together. What cannot be written is let go: memory has it."""
        put = list(self._put.values())[:MOST_AT_ONCE]
        remove, self._remove = self._remove, set()
        used = dict(self.used)
        self.used.clear()
        await self._quietly(lambda: self._shelf.write(put, remove, used, oldest=self._oldest()), within)
        for answer in put:
            if self._put.get(answer.key) is answer:  # no newer one has come meanwhile
                del self._put[answer.key]
        if not self._put and not self._remove:
            self._changed.clear()

    async def _quietly(self, work: Callable[[], Awaitable[T]], within: float) -> T | None:
        """What the work brings, or None where it fails, takes too long, or failed too often lately."""
        try:
            async with asyncio.timeout(within) as deadline:
                with self._circuit.attempt(deadline.expired):
                    # A task of its own: a database that hangs would hold on to a cancelled caller too.
                    return await asyncio.shield(self._track(asyncio.ensure_future(work())))
        except CircuitOpen:
            return None
        except Exception as error:  # noqa: BLE001 -- whatever a shelf raises, the docs can still be asked
            self.errors += 1
            log.warning("doc_shelf.failed", why=_reason(error))
            return None

    def _track(self, task: asyncio.Future[T]) -> asyncio.Future[T]:
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Future[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.exception()  # retrieved, since nobody may wait for it any longer


def _reason(error: Exception) -> str:
    """Only our own errors promise that their text holds nothing that was asked."""
    return str(error) if isinstance(error, CoachError) else type(error).__name__
