"""The synced copy of Prefect's documentation: sections in the docs' own words, and release notes."""

from __future__ import annotations

import math
import re
import sqlite3
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Literal, NamedTuple

from backend.facts import Passage
from backend.services.search_index import MAX_CHARS, MAX_TERMS, IndexFile, any_of, meaning_words, stem

FILE = "docs.sqlite"
LAYOUT = "2"
"""Changes with the schema; a copy of another layout counts as none until it is synced again."""

SCHEMA = """
    CREATE TABLE meta (
        layout TEXT, synced_at TEXT, source TEXT, digest TEXT,
        pages INTEGER, sections INTEGER, reference_pages INTEGER
    );
    CREATE TABLE sections (
        id INTEGER PRIMARY KEY, page TEXT, name TEXT, url TEXT, title TEXT, section TEXT,
        headings TEXT, stems TEXT, text TEXT, read_at TEXT
    );
    CREATE INDEX of_page ON sections (page);
    CREATE VIRTUAL TABLE words USING fts5 (
        title, headings, keywords, text, content = '', tokenize = 'porter unicode61'
    );
    CREATE TABLE reference (
        id INTEGER PRIMARY KEY, page TEXT, name TEXT, url TEXT, title TEXT, section TEXT,
        headings TEXT, stems TEXT, text TEXT, read_at TEXT
    );
    CREATE VIRTUAL TABLE reference_words USING fts5 (
        title, headings, keywords, text, content = '', tokenize = 'unicode61'
    );
    CREATE TABLE releases (position INTEGER PRIMARY KEY, version TEXT, title TEXT, url TEXT, text TEXT);
    CREATE TABLE redirects (source TEXT PRIMARY KEY, destination TEXT);
    CREATE TABLE changes (at TEXT, what TEXT, url TEXT, section TEXT, before TEXT, after TEXT);
"""
SITE = "https://docs.prefect.io"
ORIGIN = "local copy of Prefect's documentation"

SYMBOL = re.compile(
    r"(?<!\w)(?:--[a-z][\w-]+|@?\w+(?:\.\w+)+(?:\(\))?|\w+\(\)|[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+"
    r"|[a-z]\w*_\w+|[A-Z][a-z]+(?:[A-Z][a-z]+)+|prefect(?: [a-z][a-z-]+){1,3})"
)
"""What has its place in the reference: a dotted name, a call, a variable, an option, a command, a version."""

_OF_PAGE = """
    SELECT headings, stems, name, url, title, section, text, read_at FROM sections WHERE page = ? ORDER BY id
"""
_ALL = "SELECT page, headings, name, url, title, section, text, read_at FROM sections ORDER BY id"
_BEST = """
    SELECT name, url, sections.title, section, sections.text, read_at
    FROM words JOIN sections ON sections.id = words.rowid
    WHERE words MATCH ? ORDER BY bm25(words, 4.0, 4.0, 4.0, 1.0) LIMIT ?
"""
_REFERENCE = """
    SELECT name, url, reference.title, section, reference.text, read_at
    FROM reference_words JOIN reference ON reference.id = reference_words.rowid
    WHERE reference_words MATCH ? ORDER BY bm25(reference_words, 4.0, 4.0, 4.0, 1.0) LIMIT ?
"""
_STATE = "SELECT layout, synced_at, source, digest, pages, sections, reference_pages FROM meta"
_RELEASES = "SELECT count(*), (SELECT version FROM releases ORDER BY position LIMIT 1) FROM releases"
_RELEASE = """
    SELECT version, title, url, text FROM releases
    WHERE ?1 = '' OR version = ?1 OR substr(version, 1, length(?1) + 1) = ?1 || '.'
    ORDER BY position LIMIT 1
"""
_MOVED = """
    SELECT destination FROM redirects
    WHERE source = ?1 AND NOT EXISTS (SELECT 1 FROM sections WHERE page = ?1)
"""


What = Literal["added", "removed", "changed"]


class SyncState(NamedTuple):
    """What was synced, when and where from. `digest` changes with the words, not with the time."""

    synced_at: datetime
    source: str
    digest: str
    pages: int
    sections: int
    reference_pages: int


class Change(NamedTuple):
    """A section that a sync found added, removed or changed, with its words before and after."""

    at: datetime
    what: What
    url: str
    section: str
    before: str
    after: str


class Section(NamedTuple):
    """A section of a page, with the headings that stand in it, in lower case."""

    page: str
    headings: list[str]
    passage: Passage


class Release(NamedTuple):
    version: str
    title: str
    url: str
    text: str


class SyncedDocs:
    """What was last synced into a data directory, noticed anew whenever somebody syncs."""

    def __init__(self, data_dir: Path) -> None:
        self._file = IndexFile(data_dir / FILE)

    def state(self) -> SyncState | None:
        """When and how much was synced, or None where nothing usable was."""
        found = self._open()
        return found[1] if found else None

    def page_sections(self, page_url: str, heading: str, words: str, k: int) -> list[Passage]:
        """Up to `k` sections of a page: those under this heading first, then by the words they hold."""
        if not (found := self._open()):
            return []
        connection, _ = found
        page = self._resolved(connection, page_path(page_url))
        rows = connection.execute(_OF_PAGE, (page,)).fetchall()
        stems = {stem(word) for word in meaning_words(words)}
        near = _nearness([stems.intersection(row[1].split()) for row in rows])
        wanted = heading.strip().lower()
        under = [bool(wanted) and wanted in row[0].split("\n") for row in rows]
        best = sorted(range(len(rows)), key=lambda row: (not under[row], -near[row], row))
        return [_passage(rows[row][2:]) for row in best[:k]]

    def sections(self) -> list[Section]:
        """All prose, page by page."""
        if not (found := self._open()):
            return []
        return [Section(row[0], row[1].split("\n"), _passage(row[2:])) for row in found[0].execute(_ALL)]

    def page_of(self, url: str) -> str:
        """The path of the page that this address leads to now."""
        path = page_path(url)
        found = self._open()
        return self._resolved(found[0], path) if found else path

    def search(self, text: str, k: int) -> list[Passage]:
        """Up to `k` sections that share words with the text, best first."""
        if not (found := self._open()) or not (words := meaning_words(text)):
            return []
        return [_passage(row) for row in found[0].execute(_BEST, (any_of(words), k))]

    def reference(self, text: str, k: int) -> list[Passage]:
        """Up to `k` sections of the API reference and the release notes, best first.

        They are asked for symbols, commands, options and versions only: [] where the text holds none.
        """
        if not (found := self._open()) or not (names := symbols(text)):
            return []
        return [_passage(row) for row in found[0].execute(_REFERENCE, (any_of(names), k))]

    def release(self, version: str | None) -> Release | None:
        """The notes of a version such as 3.8.3 or v3.8, the newest where none is named; None if unknown."""
        if not (found := self._open()):
            return None
        wanted = (version or "").strip().lstrip("vV")
        row = found[0].execute(_RELEASE, (wanted[:40],)).fetchone()
        return Release(*row) if row else None

    def releases(self) -> tuple[int, str | None]:
        """How many versions' notes there are, and the newest version."""
        found = self._open()
        count, newest = found[0].execute(_RELEASES).fetchone() if found else (0, None)
        return count, newest

    def changes(self, since: datetime | None = None) -> list[Change]:
        """What syncs after `since` found changed, newest first; without it, the last that found anything."""
        if not (found := self._open()):
            return []
        rows = found[0].execute("SELECT * FROM changes ORDER BY at DESC, rowid")
        changes = [Change(datetime.fromisoformat(row[0]), *row[1:]) for row in rows]
        if since is not None:
            return [one for one in changes if one.at > since]
        return [one for one in changes if one.at == changes[0].at]

    def redirects(self) -> list[tuple[str, str]]:
        """Where pages have moved to, as far as it was ever told."""
        found = self._open()
        return found[0].execute("SELECT source, destination FROM redirects").fetchall() if found else []

    def texts(self) -> dict[tuple[str, str], str]:
        """All prose by address and heading path."""
        texts: dict[tuple[str, str], str] = {}
        if found := self._open():
            for url, section, text in found[0].execute("SELECT url, section, text FROM sections ORDER BY id"):
                texts[url, section] = "\n\n".join(filter(None, (texts.get((url, section)), text)))
        return texts

    def size(self) -> int:
        return self._file.size()

    def close(self) -> None:
        self._file.close()

    def _open(self) -> tuple[sqlite3.Connection, SyncState] | None:
        connection = self._file.connection()
        if connection is None:
            return None
        try:
            row = connection.execute(_STATE).fetchone()
        except sqlite3.OperationalError:  # another database: the pack answers, /ready shows nothing synced
            return None
        if row is None or row[0] != LAYOUT:
            return None
        return connection, SyncState(datetime.fromisoformat(row[1]), *row[2:])

    def _resolved(self, connection: sqlite3.Connection, path: str) -> str:
        """Where a page has moved to. A chain of redirects is followed a few steps."""
        for _ in range(4):
            row = connection.execute(_MOVED, (path,)).fetchone()
            if row is None:
                break
            path = row[0]
        return path


def page_path(url: str) -> str:
    """/v3/concepts/workers for any way to write the address of that page."""
    path = re.sub(r"[?#].*", "", url.removeprefix(SITE)).strip("/")
    return "/" + re.sub(r"(^|/)index$", "", path).strip("/")


def symbols(text: str) -> list[str]:
    """The names in a text that the reference can be asked for, each once."""
    return list(dict.fromkeys(SYMBOL.findall(text[:MAX_CHARS])))[:MAX_TERMS]


def _nearness(shared: list[set[str]]) -> list[float]:
    """How much each section of a page shares with what is sought; a word few of them hold counts for more."""
    held_by = Counter(word for words in shared for word in words)
    return [sum(math.log(1 + len(shared) / held_by[word]) for word in words) for words in shared]


def _passage(row: tuple[str, str, str, str, str, str]) -> Passage:
    name, url, title, section, text, read_at = row
    return Passage(
        id=name,
        url=url,
        title=title,
        section=section,
        text=text,
        read_at=datetime.fromisoformat(read_at),
        source="snapshot",
        origin=ORIGIN,
    )
