"""Bringing a database's schema up to date, however many processes start at once."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import structlog
from sqlalchemy import URL, Connection, create_engine, event, inspect, select, text
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.pool import ConnectionPoolEntry, NullPool
from sqlalchemy.sql import func

from backend.errors import StoreUnavailable
from backend.store import derived
from backend.store.database import CONNECT_S, Database

HEAD = "0008"
"""The newest of migrations/versions. Named here so that a start that finds it never loads Alembic."""

MIGRATIONS = Path(__file__).parent / "migrations"
WAIT_S = 60
"""For tables in use. For its turn to migrate a process waits as long as it takes: the lock falls when
its holder dies, and to fill in tens of thousands of reports takes minutes."""
LONGEST_MS = 2**31 - 1
POSTGRES_LOCK = 0xCA11C0AC

log = structlog.get_logger()


def migrate(database: Database) -> None:
    """Create SQLite's file where it is missing, and bring the schema to HEAD. Blocks.

    Of several processes one works and the others wait. All revisions are applied, or none.
    """
    if database.file:
        _migrate_sqlite(database.url, database.file)
    else:
        _migrate_postgres(database.url)


def revision(connection: Connection) -> str | None:
    """The revision of the schema as it is; None for an empty database."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _migrate_sqlite(url: URL, file: Path) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    file.touch(mode=0o600)  # SQLite gives its journal files the same mode
    # sqlite3 begins no transaction before DDL on its own, so it is kept out and BEGIN said here.
    engine = create_engine(
        url.set(drivername="sqlite"), poolclass=NullPool, connect_args={"isolation_level": None}
    )
    event.listen(engine, "connect", _write_ahead)
    event.listen(engine, "begin", _begin_immediate)
    with _alone(file), engine.begin() as connection:
        _to_head(connection)


def _migrate_postgres(url: URL) -> None:
    engine = create_engine(url, poolclass=NullPool, connect_args={"connect_timeout": CONNECT_S})
    with engine.begin() as connection:
        if not connection.scalar(select(func.pg_try_advisory_xact_lock(POSTGRES_LOCK))):
            log.info("store.waits_its_turn")
            connection.execute(select(func.pg_advisory_xact_lock(POSTGRES_LOCK)))
        connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_S}s'"))
        _to_head(connection)


def _to_head(connection: Connection) -> None:
    before = revision(connection)
    if before == HEAD:
        return
    from alembic import command
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise StoreUnavailable(
            f"The store has a schema that this Call Coach does not know ({revision(connection)}); "
            "upgrade Call Coach."
        ) from error
    if before and before < derived.SINCE:
        derived.refill(connection)


@contextmanager
def _alone(file: Path) -> Iterator[None]:
    """Hold a lock beside the database; it falls when the process dies.

    SQLite's own lock is not enough: of two that switch to write-ahead logging at once, one fails.
    """
    with closing(sqlite3.connect(f"{file}.lock", timeout=0, isolation_level=None)) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as failure:
            if failure.sqlite_errorcode != sqlite3.SQLITE_BUSY:
                raise
            log.info("store.waits_its_turn")
            lock.execute(f"PRAGMA busy_timeout = {LONGEST_MS}")
            lock.execute("BEGIN EXCLUSIVE")
        yield


def _write_ahead(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.close()


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
