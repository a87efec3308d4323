"""What the local indexes share: SQLite FTS5 files built once, swapped in whole, and read by many threads."""

from __future__ import annotations

import os
import re
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path

from backend.errors import UnusableKnowledge

MAX_CHARS = 8_000
"""No more of a text than this is searched for: a turn of a call is shorter, hostile input is not."""
MAX_TERMS = 80

WORD = re.compile(r"\w+(?:['’]\w+)*")
STOPWORDS = frozenset(
    WORD.findall(
        "a an and are as at be but by for if in into is it no not of on or such that the their then "
        "there these they this to was will with"
    )
)
"""Lucene's short list. Longer ones were measured to find less: facts are asked about in whole sentences."""


def meaning_words(text: str) -> list[str]:
    """The distinct words that carry meaning, as they come, lower case; at most MAX_TERMS."""
    found: dict[str, None] = {}
    for word in WORD.findall(text[:MAX_CHARS].lower().replace("’", "'")):
        if word not in STOPWORDS:
            found[word] = None
            if len(found) == MAX_TERMS:
                break
    return list(found)


def stem(word: str) -> str:
    """A rough stem, for comparing two texts of ours without a query."""
    for ending in ("ing", "ed", "es", "s"):
        if word.endswith(ending) and len(word) > len(ending) + 3:
            return word[: -len(ending)]
    return word


def any_of(words: Iterable[str]) -> str:
    """An FTS5 query for any of the words. They are quoted, so none can act as an operator."""
    return " OR ".join('"' + word.replace('"', "") + '"' for word in words)


def publish(path: Path, fill: Callable[[sqlite3.Connection], None]) -> None:
    """Build an index beside `path` and put it there in one step; whoever reads the old one may go on.

    Raises UnusableKnowledge where the directory cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".part", dir=path.parent)
        os.close(handle)
    except OSError as error:
        raise UnusableKnowledge(
            f"{path.parent} cannot be written ({error.strerror}); set COACH_DATA_DIR to a directory that can."
        ) from None
    built = Path(name)
    try:
        with closing(sqlite3.connect(built)) as connection:
            # Nobody reads the file before it is whole, and a half-built one is thrown away: no journal.
            connection.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;")
            fill(connection)
            connection.commit()
        built.replace(path)
    except (sqlite3.OperationalError, OSError) as error:
        raise UnusableKnowledge(
            f"{path} cannot be written ({error}); make room or set COACH_DATA_DIR."
        ) from None
    finally:
        built.unlink(missing_ok=True)


class IndexFile:
    """Read-only connections to an index, one for each thread; a file that was swapped is opened anew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._local = threading.local()
        self._open: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    def connection(self) -> sqlite3.Connection | None:
        """This thread's connection to the file as it is now; None where there is none, or it is broken."""
        try:
            stat = self.path.stat()
        except OSError:
            return None
        version = (stat.st_ino, stat.st_mtime_ns, stat.st_size)
        if getattr(self._local, "version", None) != version:
            self._drop(getattr(self._local, "connection", None))
            self._local.connection, self._local.version = self._opened(), version
        held: sqlite3.Connection | None = self._local.connection
        return held

    def size(self) -> int:
        """Bytes on disk, 0 where there is no file."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def close(self) -> None:
        """Close every thread's connection. A later look-up opens a new one."""
        with self._lock:
            held, self._open = self._open, []
        for connection in held:
            connection.close()
        self._local = threading.local()

    def _opened(self) -> sqlite3.Connection | None:
        # A published file never changes, it is replaced: immutable spares every lock.
        address = f"{self.path.absolute().as_uri()}?mode=ro&immutable=1"
        connection = sqlite3.connect(address, uri=True, check_same_thread=False)
        try:
            sound = connection.execute("PRAGMA quick_check(1)").fetchone() == ("ok",)
        except sqlite3.DatabaseError:
            sound = False
        if not sound:
            connection.close()
            return None
        with self._lock:
            self._open.append(connection)
        return connection

    def _drop(self, connection: sqlite3.Connection | None) -> None:
        if connection is not None:
            with self._lock:
                if connection in self._open:
                    self._open.remove(connection)
            connection.close()
