"""What the store keeps for Claude: dollars by month over all processes, and which batch holds a request."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from backend.store import Store

pytestmark = pytest.mark.anyio


async def test_dollars_add_up_over_processes_and_restarts(url: str | None, tmp_path: Path) -> None:
    async with Store.open(url, tmp_path) as one, Store.open(url, tmp_path) as other:
        ledgers = [one.claude_ledger(), other.claude_ledger()]
        await asyncio.gather(*(each.add("2026-11", 0.25) for each in ledgers * 4))
        await ledgers[0].add("2026-12", 1.0)
    async with Store.open(url, tmp_path) as again:
        ledger = again.claude_ledger()
        assert [await ledger.spent(month) for month in ("2026-11", "2026-12", "2027-01")] == [2.0, 1.0, 0.0]


async def test_a_request_is_found_in_its_latest_batch_until_it_is_forgotten(store: Store) -> None:
    batches = store.claude_batches()
    await batches.keep("batch_1", ["a", "b"])
    await batches.keep("batch_2", ["b", "c"])
    assert await batches.batches_of(["a", "b", "d"]) == {"a": "batch_1", "b": "batch_2"}
    await batches.forget(["a"])
    assert await batches.batches_of(["a", "b", "c"]) == {"b": "batch_2", "c": "batch_2"}
