"""Work that goes on beside all else while its context is entered."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self


class Background:
    """One task at most; leaving the context cancels it and waits until it has ended."""

    _task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.wait({self._task})
