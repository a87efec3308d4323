"""Prefect's documentation, from a checkout of its MDX into the local index.

Version 3 prose and integrations are indexed; release notes are kept apart; the API reference is left out.
"""

from __future__ import annotations

import json
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import BaseModel, TypeAdapter, ValidationError

from backend.errors import UnusableKnowledge
from backend.services.mdx import Page, read_page
from backend.services.search_index import WORD, publish, stem
from backend.services.synced_docs import FILE, LAYOUT, SCHEMA, SITE, Release, page_path

MAX_PAGE_BYTES = 2_000_000
LEFT_OUT = frozenset({"api-ref", "release-notes"})
RELEASE = re.compile(r"^## +(?P<title>v?(?P<version>\d+(?:\.\w+)+).*)$", re.MULTILINE)


class SyncResult(BaseModel):
    """What a sync brought. `skipped` names the files that could not be read."""

    pages: int
    sections: int
    releases: int
    skipped: list[str]
    synced_at: datetime
    bytes: int
    seconds: float


class Redirect(BaseModel):
    source: str
    destination: str


def sync(source_dir: Path, data_dir: Path, progress: Callable[[int, int], None] | None = None) -> SyncResult:
    """Index a checkout of Prefect's docs (the directory with `v3` in it, or the one above it, with `docs`).

    `progress` is told how many pages of how many are done. The index is swapped in when it is whole.
    Raises UnusableKnowledge where there are no docs in the directory or no room for the index.
    """
    begun = time.perf_counter()
    docs = _docs_root(source_dir)
    sync_of = _Sync(docs, datetime.now(UTC), progress or (lambda done, total: None))
    publish(data_dir / FILE, sync_of.fill)
    return SyncResult(
        pages=sync_of.pages,
        sections=sync_of.sections,
        releases=sync_of.releases,
        skipped=sync_of.skipped,
        synced_at=sync_of.synced_at,
        bytes=(data_dir / FILE).stat().st_size,
        seconds=time.perf_counter() - begun,
    )


class _Sync:
    """One sync under way: where it reads, and what it has counted."""

    def __init__(self, docs: Path, synced_at: datetime, progress: Callable[[int, int], None]) -> None:
        self.docs, self.synced_at, self.progress = docs, synced_at, progress
        self.pages = self.sections = self.releases = 0
        self.skipped: list[str] = []

    def fill(self, index: sqlite3.Connection) -> None:
        index.executescript(SCHEMA)
        files = list(_page_files(self.docs))
        for done, file in enumerate(files, start=1):
            text = self._text(file)
            if text is not None:
                self._add_page(
                    index, file, read_page(text, self._snippet, file.stem.replace("-", " ").capitalize())
                )
            self.progress(done, len(files))
        if not self.sections:
            raise _no_docs(self.docs)
        for release in self._all_releases():
            index.execute("INSERT INTO releases VALUES (NULL, ?, ?, ?, ?)", release)
            self.releases += 1
        index.executemany("INSERT OR IGNORE INTO redirects VALUES (?, ?)", _redirects(self.docs))
        index.execute("INSERT INTO words (words) VALUES ('optimize')")
        row = (LAYOUT, self.synced_at.isoformat(), self.pages, self.sections)
        index.execute("INSERT INTO meta VALUES (?, ?, ?, ?)", row)

    def _add_page(self, index: sqlite3.Connection, file: Path, page: Page) -> None:
        path = _path_of(self.docs, file)
        for nth, section in enumerate(page.sections):
            anchor = f"#{section.anchor}" if section.anchor else ""
            headings = "\n".join(section.headings)
            cursor = index.execute(
                "INSERT INTO sections VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    path,
                    f"docs:{path.lstrip('/')}:{nth}",
                    f"{SITE}{path}{anchor}",
                    page.title,
                    section.path,
                    headings.lower(),
                    " ".join({stem(word) for word in WORD.findall(f"{headings} {section.text}".lower())}),
                    section.text,
                ),
            )
            index.execute(
                "INSERT INTO words (rowid, title, headings, keywords, text) VALUES (?, ?, ?, ?, ?)",
                (cursor.lastrowid, page.title, headings, " ".join(page.keywords), section.text),
            )
        self.pages += 1
        self.sections += len(page.sections)

    def _all_releases(self) -> Iterator[Release]:
        """Newest version first."""
        found: list[Release] = []
        for file in sorted((self.docs / "v3/release-notes/oss").glob("*.mdx")):
            text = self._text(file) or ""
            heads = list(RELEASE.finditer(text))
            for head, following in zip(heads, [*heads[1:], None], strict=True):
                body = text[head.end() : following.start() if following else len(text)]
                url = SITE + _path_of(self.docs, file)
                found.append(
                    Release(
                        head["version"], head["title"].strip(), url, body.strip().removesuffix("---").strip()
                    )
                )
        return iter(sorted(found, key=lambda release: _version(release.version), reverse=True))

    def _snippet(self, import_path: str) -> str | None:
        file = self.docs / import_path.lstrip("/")
        return self._text(file) if file.suffix == ".mdx" else None

    def _text(self, file: Path) -> str | None:
        """The file's text; None, and a note, where it is not a readable text inside the checkout."""
        name = file.relative_to(self.docs).as_posix()
        try:
            if file.resolve().is_relative_to(self.docs) and file.stat().st_size <= MAX_PAGE_BYTES:
                return file.read_text(encoding="utf-8-sig")
        except (OSError, UnicodeDecodeError):
            pass
        if name not in self.skipped:
            self.skipped.append(name)
        return None


def _docs_root(source_dir: Path) -> Path:
    for root in (source_dir, source_dir / "docs"):
        if (root / "v3").is_dir():
            return root.resolve()
    raise _no_docs(source_dir)


def _no_docs(source_dir: Path) -> UnusableKnowledge:
    return UnusableKnowledge(
        f"There is no Prefect documentation in {source_dir}; point to the `docs` directory of a checkout of "
        "github.com/PrefectHQ/prefect."
    )


def _page_files(docs: Path) -> Iterator[Path]:
    for folder in ("v3", "integrations"):
        for file in sorted((docs / folder).rglob("*.mdx")):
            if not LEFT_OUT.intersection(file.relative_to(docs).parts):
                yield file


def _path_of(docs: Path, file: Path) -> str:
    return page_path("/" + file.relative_to(docs).with_suffix("").as_posix())


def _redirects(docs: Path) -> list[tuple[str, str]]:
    """From the site's own settings. Patterns with a wildcard are left out: no page of ours needs one."""
    try:
        settings = json.loads((docs / "docs.json").read_text(encoding="utf-8-sig"))
        redirects = TypeAdapter(list[Redirect]).validate_python(settings["redirects"])
    except (OSError, ValueError, KeyError, TypeError, ValidationError):
        return []  # a copy without settings has no redirects
    return [
        (page_path(each.source), page_path(each.destination))
        for each in redirects
        if not re.search(r"[:*]", each.source.removeprefix(SITE))
    ]


def _version(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
