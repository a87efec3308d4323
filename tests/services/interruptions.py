"""A coroutine driven step by step, and cancelled at the suspension that a test names."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Coroutine, Generator
from contextlib import AbstractContextManager
from types import TracebackType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class CancelledAt(Awaitable[T], Generic[T]):
    """Awaits a coroutine; the task that does is cancelled when the coroutine is suspended for the nth time,
    as by `Task.cancel`. `reached` says whether there was an nth time."""

    def __init__(self, coroutine: Coroutine[Any, Any, T], nth: int) -> None:
        self.reached = False
        self._coroutine = coroutine
        self._nth = nth

    def __await__(self) -> Generator[Any, Any, T]:
        steps = 0
        failure: BaseException | None = None
        while True:
            try:
                waits_for = self._coroutine.throw(failure) if failure else self._coroutine.send(None)
            except StopIteration as end:
                answer: T = end.value
                return answer
            steps += 1
            if steps == self._nth:
                self.reached = True
                task = asyncio.current_task()
                assert task
                task.cancel()  # cancels what it is about to wait for
            failure = None
            try:
                yield waits_for
            except BaseException as error:  # noqa: BLE001 -- whatever it is, it is the coroutine's
                failure = error


class TasksCancelledAt(AbstractContextManager["TasksCancelledAt"]):
    """While entered, the first task made of the coroutine function of this name is cancelled at its nth
    suspension: for tasks that nobody outside can reach. `reached` as above."""

    def __init__(self, name: str, nth: int) -> None:
        self._name = name
        self._nth = nth
        self._driven: CancelledAt[Any] | None = None

    @property
    def reached(self) -> bool:
        return self._driven is not None and self._driven.reached

    def __enter__(self) -> TasksCancelledAt:
        asyncio.get_running_loop().set_task_factory(self._make)
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().set_task_factory(None)

    def _make(
        self,
        loop: asyncio.AbstractEventLoop,
        coroutine: Coroutine[Any, Any, T] | Generator[Any, None, T],
        **more: Any,
    ) -> asyncio.Task[T]:
        assert inspect.iscoroutine(coroutine)
        if self._driven is None and coroutine.__qualname__ == self._name:
            self._driven = CancelledAt(coroutine, self._nth)
            return asyncio.Task(_run(self._driven), loop=loop, **more)
        return asyncio.Task(coroutine, loop=loop, **more)


async def _run(driven: CancelledAt[T]) -> T:
    return await driven
