"""/ready: what takes a pod out of the line, what does not, and that no secret is in it."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.service import Service, break_store, running, settings_in
from tests.services.docs_fixture import DocsServer

pytestmark = pytest.mark.anyio
STARTED_S = 60


async def ready(service: Service) -> tuple[int, dict[str, object]]:
    answer = await service.http.get("/ready")
    return answer.status_code, answer.json()


async def test_a_service_with_all_it_wants_has_no_troubles(tmp_path: Path) -> None:
    async with running(settings_in(tmp_path)) as service:
        status, said = await ready(service)
    assert (status, said["status"], said["troubles"]) == (200, "ready", [])


async def test_a_store_that_is_away_takes_a_pod_out_of_the_line_and_leaves_it_alive(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with running(settings) as service:
        break_store(settings)
        status, said = await ready(service)
        assert (status, said["status"]) == (503, "store unavailable")
        assert "calls.db cannot be used" in str(said["store"])
        assert (await service.http.get("/health")).status_code == 200


@pytest.mark.slow
async def test_nothing_that_befalls_prefect_mcp_takes_a_pod_out_of_the_line(tmp_path: Path) -> None:
    docs = DocsServer()
    docs.start()
    settings = settings_in(
        tmp_path,
        prefect_mcp_enabled=True,
        prefect_docs_mcp_url=docs.url,
        prefect_mcp_pool=2,
        coach_docs_rest_seconds=60,
    )
    seen: set[str] = set()

    async def look(service: Service) -> dict[str, object]:
        status, said = await ready(service)
        assert (status, said["status"]) == (200, "ready")
        assert isinstance(said["troubles"], list)
        seen.update(said["troubles"])
        state: dict[str, object] = said["prefect_mcp"]  # type: ignore[assignment] # JSON
        return state

    async def until(service: Service, **wanted: object) -> None:
        async with asyncio.timeout(STARTED_S):
            while not wanted.items() <= (await look(service)).items():
                await asyncio.sleep(0.02)

    async with running(settings) as service:
        await until(service, state="starting", pool=2, connections=0)
        await until(service, state="up", connections=2, docs_tools=True)
        pid, *_ = service.house.knowledge.server.pids
        os.kill(pid, signal.SIGKILL)
        await until(service, connections=1)
        await until(service, connections=2, restarts=1)
        with docs.down():
            await service.analyze()
            await until(service, circuit="open")
    docs.stop()
    assert seen >= {
        "prefect-mcp is starting.",
        "Of 2 connections to prefect-mcp, 1 are open.",
        "The docs server keeps failing, and is left alone for a while.",
    }


@pytest.mark.slow
async def test_the_childs_last_words_are_shown_and_no_secret_is(tmp_path: Path) -> None:
    secrets = {
        "coach_api_tokens": "marked-token-0123456789",
        "prefect_api_key": "pnu_marked",
        "anthropic_api_key": "sk-ant-marked",
        "prefect_docs_mcp_url": "http://coach:marked-word@127.0.0.1:9/mcp",
        "prefect_api_url": "http://127.0.0.1:9/api",
    }
    settings = settings_in(tmp_path, prefect_mcp_enabled=True, **secrets)
    async with running(settings) as service:
        service.http.headers["authorization"] = "Bearer marked-token-0123456789"
        assert await service.house.knowledge.ready(STARTED_S)
        await service.analyze()
        pid = service.house.knowledge.server.pid
        assert pid is not None
        os.kill(pid, signal.SIGINT)  # Python's last words on it are a traceback
        async with asyncio.timeout(STARTED_S):
            while not (said := (await service.http.get("/ready")).json())["prefect_mcp"]["stderr_tail"]:
                await asyncio.sleep(0.05)
    assert said["prefect_mcp"]["last_error"]
    assert said["cache"]["by_tool"]
    assert "marked" not in str(said)
