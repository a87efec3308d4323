"""What is left of a deleted call: nothing in SQLite's file, not one word in the index."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.store import CallQuery, Store
from tests.store.many import reports
from tests.store.reports import SAID, report_of

pytestmark = pytest.mark.anyio

SECRET = "xylophonic"
STEM = SECRET.removesuffix("ic").encode()
"""As the index keeps it."""


def files(folder: Path) -> bytes:
    return b"".join(file.read_bytes() for file in folder.glob("calls.db*"))


async def store_many(store: Store) -> None:
    """Enough that the words of one call lie in several segments of the index."""
    for nth, report in enumerate(reports(120)):
        if nth in {3, 60}:
            said = report.turns[0].model_copy(update={"text": f"{SECRET} {report.turns[0].text}"})
            report.turns[0] = said
        await store.save(report)


async def test_a_deleted_call_leaves_no_words_in_the_file(tmp_path: Path) -> None:
    async with Store.open(None, tmp_path) as store:
        await store.save(report_of(turns=500))
        await store.save(report_of("other").model_copy(update={"warnings": ["Kept."]}))
    held = (tmp_path / "calls.db").read_bytes().count(SAID.encode())
    async with Store.open(None, tmp_path) as store:
        await store.delete("r1")
        await store.forgotten()
        assert files(tmp_path).count(SAID.encode()) == 4, "what is kept of the other, at once"
    assert held > 400


async def test_a_deleted_calls_words_leave_the_index_too(tmp_path: Path) -> None:
    async with Store.open(None, tmp_path) as store:
        await store_many(store)
        assert (await store.calls(query=CallQuery(words=SECRET))).total == 2
        for report_id in ("m000003", "m000060"):
            assert STEM in files(tmp_path)
            await store.delete(report_id)
        await store.forgotten()
        assert STEM not in files(tmp_path)
        assert (await store.calls(query=CallQuery(words=SECRET))).total == 0
        assert (await store.calls(query=CallQuery(words="worker"))).total > 20


async def test_what_a_stop_interrupted_is_wiped_after_the_next_start(tmp_path: Path) -> None:
    async with Store.open(None, tmp_path) as store:
        await store_many(store)
    async with Store.open(None, tmp_path) as store:
        for report_id in ("m000003", "m000060"):
            await store.delete(report_id)
    async with Store.open(None, tmp_path) as store:
        await store.forgotten()
    assert STEM not in files(tmp_path)


async def test_calls_can_be_saved_and_deleted_while_words_are_wiped(tmp_path: Path) -> None:
    async with Store.open(None, tmp_path) as store:
        await store_many(store)
        for nth in range(40):
            await store.delete(f"m{nth:06}")
            await store.save(report_of(f"new{nth}"))
        await store.forgotten()
        assert await store.count() == 120
        assert STEM in files(tmp_path), "that of the call that is kept"
        assert (await store.calls(query=CallQuery(words="zażółć"))).total == 40
