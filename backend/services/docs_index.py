"""Pages of Prefect's documentation made into the local index, with what changed since the one before.

Version 3 prose and integrations are searched for what people say. The API reference and the release notes
stand in an index of their own: beside the prose they cost every search 6 to 18 points.
"""

from __future__ import annotations

import hashlib
import re
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from backend.errors import UnusableKnowledge
from backend.services.mdx import Page, read_page
from backend.services.search_index import WORD, stem
from backend.services.synced_docs import LAYOUT, SCHEMA, SITE, Change, Release, What

LEAST_SHARE = 0.8
"""A sync that brings less than this part of the pages held is taken for a broken one."""
CHANGES_KEPT = timedelta(days=90)
MOST_CHANGES = 5_000
RELEASE = re.compile(r"^## +(?P<title>v?(?P<version>\d+(?:\.\w+)+).*)$", re.MULTILINE)


class SourcePage(NamedTuple):
    """A page as its source has it. `name` stands in for a title it does not give."""

    path: str
    name: str
    text: str
    read_at: datetime


class Source(Protocol):
    """Where a sync's pages come from."""

    def __len__(self) -> int: ...

    def pages(self) -> Iterator[SourcePage | None]:
        """As many as its length; None for one that could not be read."""

    def snippet(self, import_path: str) -> str | None: ...

    def redirects(self) -> Iterable[tuple[str, str]]: ...


class Before(NamedTuple):
    """What the index that is replaced held: its pages, the text by address and heading, its changes, and the
    redirects, which a site does not list."""

    pages: int
    texts: dict[tuple[str, str], str]
    redirects: list[tuple[str, str]]
    changes: list[Change]


class Counts(NamedTuple):
    pages: int
    sections: int
    reference_pages: int
    releases: int
    changes: int


class IndexBuilder:
    """Fills one index. `counts` holds when it is filled."""

    def __init__(
        self,
        name: str,
        source: Source,
        synced_at: datetime,
        before: Before | None,
        *,
        force: bool = False,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> None:
        self._name, self._source, self._synced_at = name, source, synced_at
        self._before, self._force, self._progress = before, force, progress
        self._texts: dict[tuple[str, str], str] = {}
        self._releases: list[Release] = []
        self._digest = hashlib.sha256()
        self.counts = Counts(0, 0, 0, 0, 0)

    def fill(self, index: sqlite3.Connection) -> None:
        """Write all of it. Raises UnusableKnowledge where there is nothing, or far less than before."""
        index.executescript(SCHEMA)
        pages = sections = reference = 0
        for done, page in enumerate(self._source.pages(), start=1):
            if page is not None:
                read = read_page(page.text, self._source.snippet, page.name)
                if is_prose(page.path):
                    pages, sections = pages + 1, sections + len(read.sections)
                    self._add(index, "sections", page, read)
                elif read.sections:
                    reference += 1
                    self._add(index, "reference", page, read)
                    self._add_releases(page)
            self._progress(done, len(self._source))
        self._refuse_too_little(pages if sections else 0)
        self._write_releases(index)
        redirects = [*self._source.redirects(), *(self._before.redirects if self._before else [])]
        index.executemany("INSERT OR IGNORE INTO redirects VALUES (?, ?)", redirects)
        changed = self._write_changes(index)
        for words in ("words", "reference_words"):
            index.execute(f"INSERT INTO {words} ({words}) VALUES ('optimize')")  # noqa: S608 -- ours
        self.counts = Counts(pages, sections, reference, len(self._releases), changed)
        index.execute(
            "INSERT INTO meta VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                LAYOUT,
                self._synced_at.isoformat(),
                self._name,
                self._digest.hexdigest()[:32],
                pages,
                sections,
                reference,
            ),
        )

    def _add(self, index: sqlite3.Connection, table: str, page: SourcePage, read: Page) -> None:
        for nth, section in enumerate(read.sections):
            anchor = f"#{section.anchor}" if section.anchor else ""
            headings = "\n".join(section.headings)
            url = f"{SITE}{page.path}{anchor}"
            cursor = index.execute(
                f"INSERT INTO {table} VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)",  # noqa: S608 -- ours
                (
                    page.path,
                    f"docs:{page.path.lstrip('/')}:{nth}",
                    url,
                    read.title,
                    section.path,
                    headings.lower(),
                    " ".join({stem(word) for word in WORD.findall(f"{headings} {section.text}".lower())}),
                    section.text,
                    page.read_at.isoformat(),
                ),
            )
            words = "words" if table == "sections" else "reference_words"
            index.execute(
                f"INSERT INTO {words} (rowid, title, headings, keywords, text) VALUES (?, ?, ?, ?, ?)",  # noqa: S608
                (cursor.lastrowid, read.title, headings, " ".join(read.keywords), section.text),
            )
            self._digest.update(f"{url}\0{read.title}\0{section.path}\0{section.text}\0".encode())
            if table == "sections":
                key = (url, section.path)
                self._texts[key] = "\n\n".join(filter(None, (self._texts.get(key), section.text)))

    def _refuse_too_little(self, pages: int) -> None:
        if not pages:
            raise UnusableKnowledge(
                f"There is no page of Prefect's documentation in {self._name}; what is held here stays."
            )
        held = self._before.pages if self._before else 0
        if pages < LEAST_SHARE * held and not self._force:
            raise UnusableKnowledge(
                f"{self._name} has {pages} pages where {held} are held here; that looks like half a copy, so "
                "nothing was replaced. Sync with --force if it is right."
            )

    def _add_releases(self, page: SourcePage) -> None:
        if "/release-notes/oss/" not in page.path:
            return
        heads = list(RELEASE.finditer(page.text))
        for head, following in zip(heads, [*heads[1:], None], strict=True):
            body = page.text[head.end() : following.start() if following else len(page.text)]
            notes = body.strip().removesuffix("---").strip()
            self._releases.append(Release(head["version"], head["title"].strip(), SITE + page.path, notes))

    def _write_releases(self, index: sqlite3.Connection) -> None:
        """Newest version first."""
        self._releases.sort(key=lambda release: _version(release.version), reverse=True)
        index.executemany("INSERT INTO releases VALUES (NULL, ?, ?, ?, ?)", self._releases)

    def _write_changes(self, index: sqlite3.Connection) -> int:
        """What differs from the index before, and what had changed there lately. How much differs."""
        if self._before is None:
            return 0
        new = list(_changes(self._before.texts, self._texts, self._synced_at))
        kept = [one for one in self._before.changes if one.at > self._synced_at - CHANGES_KEPT]
        index.executemany(
            "INSERT INTO changes VALUES (?, ?, ?, ?, ?, ?)",
            [(one.at.isoformat(), *one[1:]) for one in [*new, *kept][:MOST_CHANGES]],
        )
        return len(new)


def is_prose(path: str) -> bool:
    """Whether a page is searched for what people say: neither API reference nor release notes."""
    return not {"api-ref", "release-notes"}.intersection(path.split("/"))


def _changes(
    before: dict[tuple[str, str], str], now: dict[tuple[str, str], str], at: datetime
) -> Iterator[Change]:
    for key in dict.fromkeys((*before, *now)):
        old, new = before.get(key), now.get(key)
        if old == new:
            continue
        what: What = "added" if old is None else "removed" if new is None else "changed"
        yield Change(at, what, *key, old or "", new or "")


def _version(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
