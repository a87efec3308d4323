"""The service that keeps its copy of the documentation fresh by itself."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from backend.services.docs_ledger import last_sync
from backend.services.docs_schedule import DocsSchedule
from backend.services.docs_sync import sync_from
from backend.services.synced_docs import SyncedDocs
from tests.service import running, settings_in
from tests.services.docs_site_server import DocsSite, sends

pytestmark = pytest.mark.anyio
PAGES = {"/v3/concepts/workers": "# Workers\n\nWorkers poll.\n"}


def schedule(site: DocsSite, data: Path, every: timedelta) -> DocsSchedule:
    return DocsSchedule(partial(sync_from, site.url, data), data, every)


async def test_a_service_told_to_sync_does_so_on_its_start(tmp_path: Path) -> None:
    async with DocsSite(PAGES) as site:
        settings = settings_in(tmp_path, coach_docs_sync_from=site.url, coach_docs_sync_hours=24)
        async with running(settings) as service, asyncio.timeout(20):
            while not service.house.snapshot.status().synced_pages:
                await asyncio.sleep(0.02)
            ready = (await service.http.get("/ready")).json()
        assert ready["snapshot"]["synced_pages"] == 1
        assert ready["snapshot"]["synced_from"] == site.url


async def test_a_service_not_told_to_sync_never_does(tmp_path: Path) -> None:
    assert DocsSchedule.from_settings(settings_in(tmp_path)) is None


async def test_it_syncs_when_the_last_sync_is_old_enough_whoever_did_it(tmp_path: Path) -> None:
    async with DocsSite(PAGES) as site:
        await sync_from(site.url, tmp_path)
        assert not await schedule(site, tmp_path, timedelta(hours=1)).round()
        assert await schedule(site, tmp_path, timedelta(0)).round()


async def test_a_failure_is_noted_and_the_old_copy_stays(tmp_path: Path) -> None:
    async with DocsSite(PAGES) as site:
        await sync_from(site.url, tmp_path)
        site.faults["/robots.txt"] = sends("no", status="403 Forbidden")
        site.listed_in = ()
        assert await schedule(site, tmp_path, timedelta(0)).round()
    last = last_sync(tmp_path)
    assert last
    assert last.outcome == "failed"
    assert "lists no page" in last.note
    assert SyncedDocs(tmp_path).search("workers", 1)


async def test_leaving_ends_a_sync_and_the_next_one_goes_on(tmp_path: Path) -> None:
    pages = {f"/v3/concepts/page-{n}": f"# Page {n}\n\nWords.\n" for n in range(30)}
    async with DocsSite(pages) as site:
        site.robots = "User-agent: *\nCrawl-delay: 1\n"
        async with schedule(site, tmp_path, timedelta(hours=1)), asyncio.timeout(20):
            while not any(path.endswith("-0.md") for path in site.paths_asked()):
                await asyncio.sleep(0.01)
        assert len(site.paths_asked()) < 10
    last = last_sync(tmp_path)
    assert last
    assert (last.outcome, last.note) == ("failed", "It was stopped.")
