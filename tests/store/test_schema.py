"""Migrations, and what happens when processes start together or meet a store of another time."""

from __future__ import annotations

import asyncio
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlmodel import SQLModel

from backend.errors import StoreUnavailable
from backend.store import Store
from backend.store.schema import HEAD, MIGRATIONS
from tests.store.reports import report_of

pytestmark = pytest.mark.anyio

START = """
import asyncio, sys
from pathlib import Path
from backend.store import Store
sys.path.insert(0, ".")
from tests.store.reports import report_of

async def main():
    url, folder, name = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    async with Store.open(url or None, Path(folder)) as store:
        await store.save(report_of(name))

asyncio.run(main())
"""


async def test_the_migrations_make_the_tables_that_the_models_describe(store: Store) -> None:
    def differences(connection: Connection) -> object:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
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


async def test_processes_that_start_at_once_share_a_new_store(url: str | None, tmp_path: Path) -> None:
    starting = [_starting(url, tmp_path / "data", f"r{i}") for i in range(4)]
    for process in starting:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in starting:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    assert [(p.communicate(timeout=60)[1], p.returncode) for p in starting] == [("", 0)] * 4
    async with Store.open(url, tmp_path / "data") as store:
        assert await store.count() == 4


def _starting(url: str | None, folder: Path, report_id: str) -> subprocess.Popen[str]:
    """A process that has loaded everything and waits for a line before it opens the store."""
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", START, url or "", str(folder), report_id],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


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
