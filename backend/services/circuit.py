"""A circuit breaker: a host that keeps failing is left alone for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from backend.errors import DocsUnreachable

CircuitState = Literal["closed", "open", "half_open"]


class CircuitOpen(DocsUnreachable):
    """Nothing was sent: the last attempts failed, and the host is being left alone."""


class Circuit:
    """Closed, everything passes. After `failures` in a row it is open for `rest_s` seconds and nothing
    passes; then it is half open, and one attempt, the probe, decides whether it closes or opens again."""

    def __init__(self, *, failures: int, rest_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = failures
        self._rest_s = rest_s
        self._clock = clock
        self._failed = 0
        self._opened_at: float | None = None
        self._probe_ended = asyncio.Event()
        self._probe_ended.set()

    @property
    def state(self) -> CircuitState:
        if self._opened_at is None:
            return "closed"
        return "half_open" if self._clock() - self._opened_at >= self._rest_s else "open"

    def check(self) -> None:
        """Raise CircuitOpen while it is open."""
        if self.state == "open":
            raise self._refusal()

    async def decided(self) -> None:
        """Wait while a probe is under way and all hangs on it."""
        while self.state == "half_open" and not self._probe_ended.is_set():
            await self._probe_ended.wait()  # of those who wait here, the first may be the next probe

    def relent(self) -> None:
        """The host gave a sign of life: the next attempt may try it, though the rest is not over."""
        if self._opened_at is not None:
            self._opened_at = min(self._opened_at, self._clock() - self._rest_s)

    @contextmanager
    def attempt(self, expired: Callable[[], bool]) -> Iterator[None]:
        """One attempt; CircuitOpen where it is not let through. An exception is a failure; a cancellation is
        one only if `expired`, since a caller who leaves says nothing of the host."""
        self.check()
        probe = self.state == "half_open"
        if probe and not self._probe_ended.is_set():
            raise self._refusal()
        if probe:
            self._probe_ended.clear()
        try:
            yield
        except BaseException as error:
            if isinstance(error, Exception) or expired():
                self._fail()
            raise
        else:
            self._failed, self._opened_at = 0, None
        finally:
            if probe:  # attempts let through before the circuit opened may end during it, and leave it be
                self._probe_ended.set()

    def _fail(self) -> None:
        self._failed += 1
        if self._failed >= self._limit:
            self._opened_at = self._clock()

    def _refusal(self) -> CircuitOpen:
        return CircuitOpen(
            f"The docs server failed {self._failed} times in a row and is left alone for a while; "
            "look-ups go on by themselves."
        )
