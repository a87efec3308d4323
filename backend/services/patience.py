"""How long a batch of look-ups is waited for: while answers come, and no longer than it may take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from typing import TypeVar

from backend.errors import KnowledgeUnavailable, PrefectUnreachable
from backend.services.prefect_mcp import PrefectMCP

K = TypeVar("K")
V = TypeVar("V")


class Patience:
    """Waits for look-ups sent through `client`: `wait_s` for all, `stall_s` while none is answered."""

    def __init__(self, client: PrefectMCP, *, wait_s: float, stall_s: float) -> None:
        self._client = client
        self._wait_s = wait_s
        self._stall_s = stall_s

    async def gather(
        self, asked: Mapping[asyncio.Task[V], K], left_now: Callable[[int], None]
    ) -> tuple[dict[K, V], KnowledgeUnavailable | None]:
        """What comes in time, and the first trouble met; `left_now` is told how many are out still.

        A look-up that is not waited for any longer goes on inside the cache, so the next call finds it there.
        """
        deadline = time.monotonic() + self._wait_s
        answers: dict[K, V] = {}
        trouble: KnowledgeUnavailable | None = None
        waiting = set(asked)
        try:
            quiet_until = await self._silence_ends(waiting)
            while waiting:
                left = min(deadline, quiet_until) - time.monotonic()
                done, waiting = await asyncio.wait(
                    waiting, timeout=max(0, left), return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    if not await self._came_back(waiting, deadline):
                        break
                    quiet_until = time.monotonic() + self._stall_s
                for task in done:
                    if isinstance(failure := task.exception(), KnowledgeUnavailable):
                        trouble = trouble or failure
                    else:
                        answers[asked[task]] = task.result()
                        quiet_until = time.monotonic() + self._stall_s  # a failure is no sign of life
                left_now(len(waiting))
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        if waiting and trouble is None and self._client.state.state != "up":
            trouble = PrefectUnreachable("prefect-mcp was being started anew, and did not answer in time.")
        return answers, trouble

    async def _came_back(self, asked: Collection[asyncio.Task[V]], deadline: float) -> bool:
        """After a silence: whether our child was being started anew, and is there again in time."""
        if self._client.state.state == "up" or time.monotonic() >= deadline:
            return False
        with suppress(TimeoutError):
            async with asyncio.timeout(deadline - time.monotonic()):
                return await self._started(asked)
        return False

    async def _silence_ends(self, asked: Collection[asyncio.Task[V]]) -> float:
        """Until when none of these needs to be answered, on the monotonic clock."""
        begun = time.monotonic()
        if self._client.state.state != "up" and not await self._started(asked):
            return begun + self._stall_s
        # A docs server that hung when it was last looked for is not waited for as long again.
        return time.monotonic() + (self._stall_s if self._client.state.docs_tools else self._stall_s / 3)

    async def _started(self, asked: Collection[asyncio.Task[V]]) -> bool:
        """Give a child that starts its time, which is our own fault. Not where the docs server hangs: that
        keeps a child from starting as well, and is said by False."""
        ready = asyncio.create_task(self._client.ready(self._wait_s))
        heard = asyncio.create_task(self._client.docs_heard(self._stall_s))
        try:
            await asyncio.wait({ready, heard, *asked}, return_when=asyncio.FIRST_COMPLETED)
            if heard.done() and heard.result():
                await asyncio.wait({ready, *asked}, return_when=asyncio.FIRST_COMPLETED)
                return True
            return self._client.state.docs_tools
        finally:
            ready.cancel()
            heard.cancel()
