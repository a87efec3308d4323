"""Migrations, and what happens when processes start together or meet a store of another time."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
import stat
from contextlib import closing
from importlib import import_module
from multiprocessing.synchronize import Barrier
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlmodel import SQLModel
from structlog.testing import capture_logs

from backend.errors import StoreUnavailable
from backend.store import Store
from backend.store.database import locate
from backend.store.schema import HEAD, MIGRATIONS, migrate
from tests.store.older import taken_back
from tests.store.reports import report_of

pytestmark = pytest.mark.anyio


async def test_the_migrations_make_the_tables_that_the_models_describe(store: Store) -> None:
    def differences(connection: Connection) -> object:
        # FTS5's own tables, and PostgreSQL's column of words, are no models.
        models = {"include_name": lambda name, *_: not (name or "").startswith("call_words")}
        context = MigrationContext.configure(connection, opts={"compare_type": True, **models})
        return compare_metadata(context, SQLModel.metadata)

    async with store._engine.connect() as connection:
        assert await connection.run_sync(differences) == []


def test_the_newest_migration_is_the_one_that_a_start_looks_for() -> None:
    assert ScriptDirectory(str(MIGRATIONS)).get_current_head() == HEAD


async def test_opening_again_keeps_what_is_there(url: str | None, tmp_path: Path) -> None:
    for report_id in ("r1", "r2"):
        async with Store.open(url, tmp_path) as store:
            await store.save(report_of(report_id))
    async with Store.open(url, tmp_path) as store:
        assert await store.count() == 2


def test_processes_that_start_at_once_share_a_new_store(url: str | None, tmp_path: Path) -> None:
    # SQLite's clash is rare, so it is given many chances; PostgreSQL's is sure.
    folders = [tmp_path / str(i) for i in range(1 if url else 30)]
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(3, timeout=60)
    starting = [spawn.Process(target=_start, args=(url, folders, together)) for _ in range(3)]
    for process in starting:
        process.start()
    for process in starting:
        process.join(90)
    assert [process.exitcode for process in starting] == [0] * 3


def _start(url: str | None, folders: list[Path], together: Barrier) -> None:
    import_module("alembic.command")  # the slow part, which would keep them apart
    for folder in folders:
        together.wait()
        migrate(locate(url, folder))


async def test_a_start_waits_for_another_that_fills_the_store_in_and_says_so(tmp_path: Path) -> None:
    async with Store.open(None, tmp_path) as store:
        await store.save(report_of())
        await taken_back(store, "0004")
    with closing(sqlite3.connect(tmp_path / "calls.db.lock", isolation_level=None)) as busy:
        busy.execute("BEGIN EXCLUSIVE")
        with capture_logs() as logs:
            starting = asyncio.create_task(asyncio.to_thread(migrate, locate(None, tmp_path)))
            async with asyncio.timeout(30):
                while not logs:
                    await asyncio.sleep(0.01)
            busy.execute("ROLLBACK")
            await starting
    assert [entry["event"] for entry in logs] == [
        "store.waits_its_turn",
        "store.fills_in",
        "store.filled_in",
    ]


async def test_two_stores_of_one_process_open_the_same_new_file(tmp_path: Path) -> None:
    async def start(report_id: str) -> None:
        async with Store.open(None, tmp_path) as store:
            await store.save(report_of(report_id))
            await store.by_id(report_id)

    await asyncio.gather(*(start(f"r{i}") for i in range(4)))


async def test_a_store_of_a_newer_call_coach_is_left_alone(url: str | None, tmp_path: Path) -> None:
    async with Store.open(url, tmp_path) as store, store._engine.begin() as connection:
        await connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(StoreUnavailable, match=r"schema .*9999.*; upgrade Call Coach"):
        async with Store.open(url, tmp_path):
            pass


async def test_a_migration_that_dies_half_way_leaves_nothing_behind(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "calls.db")) as file:
        file.execute("CREATE TABLE x (y)")
        file.execute("CREATE INDEX ix_reports_content_key ON x (y)")  # the migration's last step fails
    with pytest.raises(StoreUnavailable, match="already"):
        async with Store.open(None, tmp_path):
            pass
    with closing(sqlite3.connect(tmp_path / "calls.db")) as file:
        assert file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall() == [("x",)]


async def test_sqlite_is_set_up_to_be_read_while_it_is_written_and_for_its_owner_alone(
    tmp_path: Path,
) -> None:
    async with Store.open(None, tmp_path / "data") as store:
        await store.save(report_of())
        async with store._engine.connect() as connection:
            found = {
                name: (await connection.execute(text(f"PRAGMA {name}"))).scalar_one()
                for name in ("journal_mode", "foreign_keys", "synchronous", "busy_timeout")
            }
        assert found == {"journal_mode": "wal", "foreign_keys": 1, "synchronous": 1, "busy_timeout": 10_000}
        folder = tmp_path / "data"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.glob("calls.db*")}
    assert modes.pop("calls.db.lock")
    assert modes == {"calls.db": 0o600, "calls.db-wal": 0o600, "calls.db-shm": 0o600}
