"""Which database, how it is connected to, and what is said when it fails."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import URL, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from backend.errors import StoreUnavailable, UnusableSetting

ANSWER_S = 30
"""Most that one operation may take. Nothing that the store does takes a second on a sound machine."""
BUSY_S = 10
CONNECT_S = 10
SQLITE = frozenset({"sqlite", "sqlite+aiosqlite"})
POSTGRES = frozenset({"postgres", "postgresql", "postgresql+psycopg"})
FAILURES = (SQLAlchemyError, sqlite3.Error, OSError)
"""What drivers, disks, networks and timeouts raise."""


class Database(NamedTuple):
    """The database to keep reports in. `file` is SQLite's, None for PostgreSQL."""

    url: URL
    file: Path | None

    @property
    def backend(self) -> str:
        return "sqlite" if self.file else "postgresql"

    def unavailable(self, error: Exception) -> StoreUnavailable:
        """One sentence on what went wrong. It holds no password and no query of the URL."""
        if self.file:
            place, check = f"The store {self.file}", "the disk and who may write there"
        else:
            host = f"at {self.url.host}:{self.url.port or 5432}" if self.url.host else "behind a socket"
            place, check = f"The PostgreSQL store {host}", "that it runs and what DATABASE_URL says"
        return StoreUnavailable(f"{place} cannot be used ({_reason(error)}); check {check}.")


def locate(url: str | None, data_dir: Path) -> Database:
    """The database that DATABASE_URL names, or SQLite's file in the data directory. Touches nothing."""
    if url is None:
        return _sqlite(data_dir / "calls.db")
    named = _parse(url)
    if named.drivername in SQLITE:
        if named.database in {None, "", ":memory:"}:
            raise UnusableSetting(
                "DATABASE_URL names SQLite without a file; write sqlite:////path/to/calls.db."
            )
        return _sqlite(Path(named.database or ""))
    if named.drivername not in POSTGRES:
        raise UnusableSetting("DATABASE_URL must begin with postgresql:// or sqlite://.")
    try:
        import psycopg  # noqa: F401  # also fails where the package is there but libpq is not
    except ImportError as error:
        raise UnusableSetting(
            "DATABASE_URL names PostgreSQL but its driver is not installed; install the extra `postgres`: "
            "pip install 'call-coach[postgres]'."
        ) from error
    return Database(named.set(drivername="postgresql+psycopg"), None)


def connect(database: Database) -> AsyncEngine:
    """The engine that serves; it connects when first used. Its errors never show what was to be stored."""
    if database.file:
        engine = create_async_engine(database.url, hide_parameters=True, connect_args={"timeout": BUSY_S})
        event.listen(engine.sync_engine, "connect", _prepare_sqlite)
        return engine
    return create_async_engine(
        database.url,
        hide_parameters=True,
        pool_pre_ping=True,  # a server that was restarted costs no failed request
        connect_args={"connect_timeout": CONNECT_S},
    )


def _parse(url: str) -> URL:
    try:
        named = make_url(url)
    except (ArgumentError, ValueError):
        # Without its cause: that may quote the password.
        raise UnusableSetting(
            "DATABASE_URL cannot be read; write postgresql://user:password@host/name, or leave it empty "
            "for SQLite."
        ) from None
    if "@" in f"{named.host}{named.database}":
        # What stands before the @ is the rest of a password, and would be shown as a host.
        raise UnusableSetting("DATABASE_URL holds an @ in its user or password; write it as %40.")
    return named


def _sqlite(file: Path) -> Database:
    return Database(URL.create("sqlite+aiosqlite", database=str(file)), file)


def _prepare_sqlite(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA secure_delete = ON")  # a deleted call leaves no words in free pages
    cursor.close()


def _reason(error: Exception) -> str:
    """The first line of what the driver or the system says; the lines after it may hold data."""
    if isinstance(error, TimeoutError):
        return f"no answer within {ANSWER_S} s"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror.lower()
    cause = error.orig if isinstance(error, DBAPIError) else error
    lines = str(cause).splitlines()
    return lines[0].rstrip(".") if lines else type(cause).__name__
