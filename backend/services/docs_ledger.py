"""What syncs of the documentation leave behind: pages as a site served them, and how each sync went.

One SQLite file in the data directory. Losing it costs a site's pages being read anew, nothing else.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal, NamedTuple, Self

from pydantic import TypeAdapter

from backend.errors import UnusableKnowledge

FILE = "docs-sync.sqlite"
RESUMED_WITHIN = timedelta(hours=24)
"""A sync that did not come to its end is gone on with for so long; then it begins anew."""
RUNS_KEPT = 100

Outcome = Literal["running", "done", "incomplete", "refused", "failed"]

_SCHEMA = """
    CREATE TABLE IF NOT EXISTS pages (
        site TEXT, path TEXT, etag TEXT, modified TEXT, read_at TEXT, body TEXT, PRIMARY KEY (site, path)
    );
    CREATE TABLE IF NOT EXISTS redirects (
        site TEXT, source TEXT, destination TEXT, PRIMARY KEY (site, source)
    );
    CREATE TABLE IF NOT EXISTS runs (
        id INTEGER PRIMARY KEY, source TEXT, began_at TEXT, ended_at TEXT, outcome TEXT, note TEXT
    );
"""


class Kept(NamedTuple):
    """A page as its site last served it. `read_at` is when the site last said that this is its text."""

    path: str
    etag: str | None
    modified: str | None
    read_at: datetime
    body: str


class Run(NamedTuple):
    """A sync. `began_at` is when its first attempt began; `note` is a sentence on how it ended."""

    source: str
    began_at: datetime
    ended_at: datetime | None
    outcome: Outcome
    note: str


_RUN = TypeAdapter(Run)


class Ledger:
    """The file, open. Any thread may use it, one at a time."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()

    @classmethod
    @contextmanager
    def open(cls, data_dir: Path) -> Iterator[Self]:
        """The ledger of this data directory, made where there is none. Raises UnusableKnowledge."""
        path = data_dir / FILE
        _make(data_dir)
        try:
            with closing(sqlite3.connect(path, timeout=10, check_same_thread=False)) as connection:
                connection.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;")
                connection.executescript(_SCHEMA)
                yield cls(connection)
        except sqlite3.Error as error:
            raise UnusableKnowledge(
                f"{path} cannot be used ({error}); remove it, make room, or set COACH_DATA_DIR."
            ) from None

    # -- how syncs went

    @contextmanager
    def run(self, source: str) -> Iterator[datetime]:
        """Note a sync of this source while the block runs; gives when it began, which for one that goes on
        with an earlier one is when that began. A block that raises is noted as failed, unless it has said
        `ends` itself."""
        began = self._unfinished(source) or datetime.now(UTC)
        with self._lock, self._connection as write:
            write.execute(
                "INSERT INTO runs VALUES (NULL, ?, ?, NULL, 'running', '')", (source, began.isoformat())
            )
            write.execute("DELETE FROM runs WHERE id <= (SELECT max(id) FROM runs) - ?", (RUNS_KEPT,))
        try:
            yield began
        except BaseException as error:
            self.ends("failed", str(error) or "It was stopped.")
            raise
        self.ends("done", "")

    def ends(self, outcome: Outcome, note: str) -> None:
        """Say how the sync under way ended. The first to say so is right."""
        with self._lock, self._connection as write:
            write.execute(
                "UPDATE runs SET ended_at = ?, outcome = ?, note = ? WHERE id = (SELECT max(id) FROM runs)"
                " AND outcome = 'running'",
                (datetime.now(UTC).isoformat(), outcome, note),
            )

    def last_run(self) -> Run | None:
        row = self._one("SELECT source, began_at, ended_at, outcome, note FROM runs ORDER BY id DESC LIMIT 1")
        return _RUN.validate_python(row) if row else None

    def _unfinished(self, source: str) -> datetime | None:
        last = self.last_run()
        if last is None or last.source != source or last.outcome in {"done", "refused"}:
            return None
        return last.began_at if datetime.now(UTC) - last.began_at < RESUMED_WITHIN else None

    # -- what sites served

    def page(self, site: str, path: str) -> Kept | None:
        row = self._one(
            "SELECT path, etag, modified, read_at, body FROM pages WHERE site = ? AND path = ?", (site, path)
        )
        return Kept(row[0], row[1], row[2], datetime.fromisoformat(row[3]), row[4]) if row else None

    def read_since(self, site: str, began: datetime) -> set[str]:
        """The paths of the pages read since then."""
        rows = self._all("SELECT path FROM pages WHERE site = ? AND read_at >= ?", (site, began.isoformat()))
        return {row[0] for row in rows}

    def keep(self, site: str, page: Kept) -> None:
        with self._lock, self._connection as write:
            write.execute(
                "INSERT OR REPLACE INTO pages VALUES (?, ?, ?, ?, ?, ?)",
                (site, page.path, page.etag, page.modified, page.read_at.isoformat(), page.body),
            )

    def drop(self, site: str, path: str) -> None:
        with self._lock, self._connection as write:
            write.execute("DELETE FROM pages WHERE site = ? AND path = ?", (site, path))

    def keep_only(self, site: str, paths: Collection[str]) -> None:
        """Forget the pages of this site that it does not list any more."""
        gone = {row[0] for row in self._all("SELECT path FROM pages WHERE site = ?", (site,))} - set(paths)
        with self._lock, self._connection as write:
            write.executemany(
                "DELETE FROM pages WHERE site = ? AND path = ?", [(site, path) for path in gone]
            )

    def moved(self, site: str, source: str, destination: str) -> None:
        with self._lock, self._connection as write:
            write.execute("INSERT OR REPLACE INTO redirects VALUES (?, ?, ?)", (site, source, destination))

    def redirects(self, site: str) -> list[tuple[str, str]]:
        rows = self._all("SELECT source, destination FROM redirects WHERE site = ? ORDER BY source", (site,))
        return [(row[0], row[1]) for row in rows]

    def _one(self, query: str, values: tuple[str, ...] = ()) -> tuple[str, ...] | None:
        found = self._all(query, values)
        return found[0] if found else None

    def _all(self, query: str, values: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()


@contextmanager
def one_at_a_time(data_dir: Path) -> Iterator[None]:
    """Hold the right to sync into a data directory; it falls when the process dies.

    Raises UnusableKnowledge where another sync holds it.
    """
    _make(data_dir)
    lock_file = data_dir / f"{FILE}.lock"
    with closing(
        sqlite3.connect(lock_file, timeout=0, isolation_level=None, check_same_thread=False)
    ) as lock:
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            raise UnusableKnowledge(
                f"Another sync into {data_dir} is under way; wait for it to end."
            ) from None
        yield


def last_sync(data_dir: Path) -> Run | None:
    """How the last sync went, None where none was ever tried. One that ended without a word, since its
    process did, is said to have failed."""
    if not (data_dir / FILE).is_file():
        return None
    with Ledger.open(data_dir) as ledger:
        last = ledger.last_run()
    if last is None or last.outcome != "running":
        return last
    try:
        with one_at_a_time(data_dir):
            return last._replace(outcome="failed", note="It was interrupted.")
    except UnusableKnowledge:
        return last


def _make(data_dir: Path) -> None:
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnusableKnowledge(
            f"{data_dir} cannot be made ({error.strerror}); set COACH_DATA_DIR to a directory that can."
        ) from None
