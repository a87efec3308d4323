"""The child process: what becomes of it when we are killed, and whether it waits for the docs server."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import sys
from collections import deque

import pytest

from backend.services.mcp_child import LastWords
from tests.conftest import REPO
from tests.services.docs_fixture import DocsServer
from tests.services.mcp_fixture import KEY, PATIENCE, alive, launch_for, until

pytestmark = pytest.mark.anyio

SERVICE = """
import asyncio, sys
from tests.services.mcp_fixture import PATIENCE, running, tiny
async def main():
    async with running(tiny()) as client:
        await client.ready(within=PATIENCE)
        print(client.state.pid, file=sys.stderr)
        await asyncio.Event().wait()
asyncio.run(main())
"""


async def test_a_docs_server_is_told_from_one_that_hangs_without_asking_the_child(
    docs: DocsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = launch_for(docs)
    assert await launch.docs_heard(within=PATIENCE)
    assert KEY not in str(docs.headers)
    with docs.being("hangs"):
        assert not await launch.docs_heard(within=0.2)
    with docs.down():
        assert await launch.docs_heard(within=PATIENCE)
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1")  # which httpx cannot use here
    assert await launch.docs_heard(within=PATIENCE)


@pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("setpriv"), reason="only Linux kills a child with its parent"
)
@pytest.mark.parametrize("stopped", [True, False], ids=["a stopped child", "a child that runs"])
async def test_a_service_that_is_killed_takes_its_child_along(stopped: bool) -> None:
    service = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", SERVICE),
        cwd=REPO,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    assert service.stderr
    child = int(await service.stderr.readline())
    try:
        if stopped:
            os.kill(child, signal.SIGSTOP)
        service.kill()
        await service.communicate()
        await until(lambda: not alive(child))
    finally:
        if alive(child):
            os.kill(child, signal.SIGKILL)


async def test_a_secret_in_a_line_without_end_is_scrubbed_wherever_it_stands() -> None:
    kept: deque[str] = deque()
    words = LastWords(lambda text: text.replace("pnu_secret", "***"), kept, lambda: None)
    words.data_received(b"7\n" + b"key=pnu_secret " + b"x" * 9_000)
    for _ in range(3):
        words.data_received(b"y" * 995 + b"pnu_sec")
        words.data_received(b"ret")
    words.connection_lost(None)
    (line,) = kept
    assert line.startswith("key=*** xxx")
    assert "secret" not in line
