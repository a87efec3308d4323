"""Several service processes behind one socket: Python computes on one core a process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
import threading
import time

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
        endings = [_keep(settings, listener, worker, stop) for worker in range(1, count + 1)]
        sound = await asyncio.gather(*endings)
    if not all(sound):
        raise UnusableSetting("A service process could not start; what it said stands above.")


async def _keep(settings: Settings, listener: socket.socket, worker: int, stop: asyncio.Event) -> bool:
    """Have this worker run until the end. False where it cannot start; then all others end too."""
    rest_s = FIRST_REST_S
    while not stop.is_set():
        begun = time.monotonic()
        process = await _start(settings, listener, worker)
        ended, stopped = asyncio.create_task(process.wait()), asyncio.create_task(stop.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not ended.done():
            process.terminate()
            await _end(process, ended)
            return True
        if process.returncode == UNUSABLE:
            stop.set()
            return False
        rest_s = FIRST_REST_S if time.monotonic() - begun > SOUND_S else min(LONGEST_REST_S, 2 * rest_s)
        log.error("worker.died", worker=worker, status=process.returncode, starts_again_in_s=rest_s)
        await asyncio.wait({asyncio.create_task(stop.wait())}, timeout=rest_s)
    return True


async def _start(settings: Settings, listener: socket.socket, worker: int) -> asyncio.subprocess.Process:
    words = ("serve", "--host", settings.coach_host, "--port", str(settings.coach_port))
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "backend", *words, "--worker", str(worker), "--listener", str(listener.fileno())),
        pass_fds=(listener.fileno(),),
        stdin=asyncio.subprocess.PIPE,  # never written to: its end tells a worker that nobody minds it
        start_new_session=True,  # Ctrl-C is for us alone to pass on
    )


async def _end(process: asyncio.subprocess.Process, ended: asyncio.Task[int]) -> None:
    await asyncio.wait({ended}, timeout=SHUTDOWN_S + 10)
    if not ended.done():
        process.kill()
        await ended


def mind_parent() -> None:
    """End this process as a signal would when the one that started it is gone."""

    def wait() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait, name="parent", daemon=True).start()


def worker_settings(settings: Settings, worker: int) -> Settings:
    """The settings of one of several workers: what needs doing once, the first does."""
    once = {"coach_warm_per_minute": 0.0, "coach_docs_sync_hours": 0.0}
    return settings if worker == 1 else settings.model_copy(update=once)
