"""Several service processes behind one socket: Python computes on one core a process.

One process accepts connections and hands them to the others in turn. Left to accept for themselves, the one
that wakes first would take all that wait, and many clients keep a connection for long.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import time
from contextlib import suppress

import structlog
import typer

from backend.errors import UnusableSetting
from backend.serving import SHUTDOWN_S, address, listen
from backend.settings import Settings

UNUSABLE = 2
"""The exit status of a worker that one sentence has ended: another start would say the same."""
FIRST_REST_S = 0.5
LONGEST_REST_S = 30.0
SOUND_S = 60.0
"""A worker that has served so long did not die of its start."""
NO_ROOM_S = 0.1
READY = b"+"
CONNECTION = b"."

log = structlog.get_logger()


async def serve_workers(settings: Settings, count: int) -> None:
    """Serve with so many processes until a signal ends it; one that dies is started anew.

    Raises UnusableSetting where one cannot start, for the reason that it has printed.
    """
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    with listen(settings.coach_host, settings.coach_port) as listener:
        typer.echo(f"Call Coach is at {address(listener)}, with {count} processes")
        workers = _Workers(settings, stop)
        handing_out = asyncio.create_task(workers.hand_out(listener))
        sound = await asyncio.gather(*map(workers.keep, range(1, count + 1)))
        handing_out.cancel()
        await asyncio.wait({handing_out})
    if not all(sound):
        raise UnusableSetting("A service process could not start; what it said stands above.")


class _Workers:
    """The processes, and the channel to each that serves."""

    def __init__(self, settings: Settings, stop: asyncio.Event) -> None:
        self._settings, self._stop = settings, stop
        self._serving: dict[int, socket.socket] = {}
        self._some = asyncio.Event()

    async def keep(self, worker: int) -> bool:
        """Have this worker run until the end. False where it cannot start; then all others end too."""
        rest_s = FIRST_REST_S
        while not self._stop.is_set():
            begun = time.monotonic()
            status = await self._run(worker)
            if status is None:
                break
            if status == UNUSABLE:
                self._stop.set()
                return False
            rest_s = FIRST_REST_S if time.monotonic() - begun > SOUND_S else min(LONGEST_REST_S, 2 * rest_s)
            log.error("worker.died", worker=worker, status=status, starts_again_in_s=rest_s)
            with suppress(TimeoutError):
                async with asyncio.timeout(rest_s):
                    await self._stop.wait()
        return True

    async def hand_out(self, listener: socket.socket) -> None:
        """Give each connection to the next worker that serves."""
        loop = asyncio.get_running_loop()
        listener.setblocking(False)
        while True:
            await self._some.wait()
            try:
                connection, _ = await loop.sock_accept(listener)
            except OSError:  # no file is free: those that wait are served when one is
                await asyncio.sleep(NO_ROOM_S)
                continue
            with connection:
                self._hand(connection)

    def _hand(self, connection: socket.socket) -> None:
        for worker in list(self._serving):
            channel = self._serving.pop(worker)
            self._serving[worker] = channel  # last in turn now
            with suppress(OSError):  # it has just died, or has more than it can take: the next one
                socket.send_fds(channel, [CONNECTION], [connection.fileno()])
                return

    async def _run(self, worker: int) -> int | None:
        """One life of a worker: its exit status, or None where it was told to end."""
        ours, its = socket.socketpair()
        ours.setblocking(False)
        with ours:
            with its:
                process = await self._start(worker, its)
            ended = asyncio.create_task(process.wait())
            ready = asyncio.create_task(self._await_ready(worker, ours))
            stopped = asyncio.create_task(self._stop.wait())
            await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
            for waiting in (ready, stopped):
                waiting.cancel()
            self._serving.pop(worker, None)
            if not self._serving:
                self._some.clear()
            if ended.done():
                return ended.result()
            process.terminate()
            await asyncio.wait({ended}, timeout=SHUTDOWN_S + 10)
            if not ended.done():
                process.kill()
                await ended
            return None

    async def _await_ready(self, worker: int, channel: socket.socket) -> None:
        if await asyncio.get_running_loop().sock_recv(channel, 1) == READY:
            self._serving[worker] = channel
            self._some.set()

    async def _start(self, worker: int, channel: socket.socket) -> asyncio.subprocess.Process:
        settings = self._settings
        words = ("serve", "--host", settings.coach_host, "--port", str(settings.coach_port))
        return await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "backend", *words, "--worker", str(worker), "--channel", str(channel.fileno())),
            pass_fds=(channel.fileno(),),
            start_new_session=True,  # Ctrl-C is for us alone to pass on
        )


class Handed(socket.socket):
    """The connections that a worker is handed, in the form of a socket that listens."""

    _alone = False

    def listen(self, backlog: int = 0, /) -> None:
        """The service is up: from now on it may be handed connections."""
        self.sendall(READY)

    def accept(self) -> tuple[socket.socket, object]:
        word, files, _, _ = socket.recv_fds(self, 1, 1)
        if files:
            connection = socket.socket(fileno=files[0])
            with suppress(OSError):  # who it was is gone already
                return connection, connection.getpeername()
            return connection, ("", 0)
        if not word and not self._alone:
            self._alone = True
            os.kill(os.getpid(), signal.SIGTERM)  # nobody minds this process any more
        raise BlockingIOError


def worker_settings(settings: Settings, worker: int) -> Settings:
    """The settings of one of several workers: what needs doing once, the first does."""
    once = {"coach_warm_per_minute": 0.0, "coach_docs_sync_hours": 0.0}
    return settings if worker == 1 else settings.model_copy(update=once)
