"""Which passages of the documentation to read for what was said: whatever a docs server brought, and the
sections of the synced copy on the pages that the facts found lead to, ranked together."""

from __future__ import annotations

import sqlite3
import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing, suppress
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from backend.errors import UnusableKnowledge
from backend.facts import Fact, FactMatch, Passage, PassageMatch
from backend.services import bm25
from backend.services.bm25 import Bm25, Part
from backend.services.search_index import IndexFile, publish
from backend.services.stems import counted_stems, stems
from backend.services.synced_docs import Section, SyncedDocs, page_path

LAYOUT = "1"
"""Changes with how the sections' words are counted."""
PAGE_SHARE = 15.0
"""What standing on the best page counts beside a passage's own words, whose score is some 10 to 40."""
FACT_SHARE = 0.3
"""What the words of the best fact count beside those that were said."""
COMMON = 0.3
"""A word of a fact that so many sections hold tells none of them from the others, and costs the most time."""
OWN_HEADING = 5.0
"""For a section under the heading that a fact found stands under, and for words fresh from its page."""
HEADINGS_COUNTED = 2
FACTS_READ = 12
"""So many facts, the best, say what words and headings to look for."""


class _Page(NamedTuple):
    sections: Sequence[Section]
    words: Part


class _Copy:
    """The synced sections as of one sync, by page. `words` knows what words are worth among them all."""

    def __init__(self, version: str, pages: Mapping[str, _Page], words: Bm25) -> None:
        self.version, self.pages, self.words = version, pages, words
        self.at: defaultdict[str | None, list[Passage]] = defaultdict(list)
        for page in pages.values():
            for section in page.sections:
                self.at[section.passage.url].append(section.passage)
        self.telling = lru_cache(4_000)(self._telling)

    def _telling(self, text: str) -> list[str]:
        """The stems of a text that tell some sections from the others."""
        return [stem for stem in stems(text) if self.words.share_holding(stem) < COMMON]


class PassageRanking:
    """Ranks passages for one moment after another. Any number of threads may ask at once.

    `spoken` knows what words are worth where nothing is synced.
    """

    def __init__(self, data_dir: Path, docs: SyncedDocs, spoken: Bm25) -> None:
        self._data_dir, self._docs, self._spoken = data_dir, docs, spoken
        self._copy = _Copy("", {}, spoken)
        self._lock = threading.Lock()
        self._page = lru_cache(4_000)(docs.page_of)
        self._words_of = lru_cache(1_000)(_words_of)

    def ranked(
        self, query: Mapping[str, float], matches: Sequence[FactMatch], brought: Iterable[Passage]
    ) -> list[PassageMatch]:
        """What was brought, and the copy's sections of the facts' pages, best first.

        `query` is stems and how much each counts, `matches` the facts found, best first.
        """
        copy = self._current()
        facts = [(match, self._page(match.fact.url or "")) for match in matches]
        pages = _page_shares(facts)
        sought = _with_facts(query, matches[:FACTS_READ], copy)
        headings = _headings(facts[:FACTS_READ])
        found = {}
        for passage in brought:
            page = pages.get(page_path(passage.url or ""))
            score = copy.words.score(self._words_of(passage), sought)
            score += page + OWN_HEADING if page else 0.0
            found[passage.id] = PassageMatch(passage=passage, score=score)
        for path, share in pages.items():
            if not (held := copy.pages.get(path)):
                continue
            wanted = headings.get(path) or Counter[str]()
            for section, own in zip(held.sections, held.words.scores(sought), strict=True):
                under = sum([wanted[one] for one in section.headings if one in wanted]) if wanted else 0
                score = own + share + OWN_HEADING * min(under, HEADINGS_COUNTED)
                found.setdefault(section.passage.id, PassageMatch(passage=section.passage, score=score))
        return sorted(found.values(), key=lambda match: -match.score)

    def own_sections(self, facts: Sequence[Fact], brought: Iterable[Passage]) -> list[Passage]:
        """Of what was brought and of the copy, what stands at the facts' own addresses."""
        copy = self._current()
        urls = dict.fromkeys(fact.url for fact in facts if fact.url)
        fresh = [passage for passage in brought if passage.url in urls]
        return [*fresh, *(passage for url in urls if url in copy.at for passage in copy.at[url])]

    def _current(self) -> _Copy:
        """The copy as it was last synced, read once for each sync."""
        state = self._docs.state()
        version = f"{state.digest}@{state.synced_at}" if state else ""
        with self._lock:
            if self._copy.version != version:
                self._page = lru_cache(4_000)(self._docs.page_of)
                self._copy = self._read(version, state.digest) if state else _Copy("", {}, self._spoken)
            return self._copy

    def _read(self, version: str, digest: str) -> _Copy:
        sections = self._docs.sections()
        file = IndexFile(self._data_dir / f"sections-{digest}-{LAYOUT}.sqlite")
        with closing(file):
            words = _kept(file) or _made(file, sections)
        by_page = [(page, list(held)) for page, held in groupby(sections, key=lambda one: one.page)]
        parts = words.parted([len(held) for _, held in by_page])
        pages = {page: _Page(held, part) for (page, held), part in zip(by_page, parts, strict=True)}
        return _Copy(version, pages, words)


def _kept(file: IndexFile) -> Bm25 | None:
    with suppress(sqlite3.DatabaseError, TypeError):
        if index := file.connection():
            return Bm25.kept(index, "sections")
    return None


def _made(file: IndexFile, sections: Sequence[Section]) -> Bm25:
    """The sections' words, in about a second, kept in the file for the next start."""
    words = Bm25.over([_words_of(section.passage) for section in sections])

    def fill(index: sqlite3.Connection) -> None:
        index.executescript(bm25.SCHEMA)
        words.keep(index, "sections")

    with suppress(UnusableKnowledge):  # the directory cannot be written now: the next start makes it again
        publish(file.path, fill)
        for other in file.path.parent.glob("sections-*.sqlite"):
            if other != file.path:
                other.unlink(missing_ok=True)
    return words


def _page_shares(facts: Iterable[tuple[FactMatch, str]]) -> dict[str, float]:
    """What standing on a page counts, by the best fact of that page."""
    best: dict[str, float] = {}
    for match, page in facts:
        best[page] = max(match.score, best.get(page, 0.0))
    top = max(best.values(), default=1.0)
    return {page: PAGE_SHARE * score / top for page, score in best.items()}


def _headings(facts: Iterable[tuple[FactMatch, str]]) -> dict[str, Counter[str]]:
    """The headings that the facts stand under, by page."""
    headings: dict[str, Counter[str]] = defaultdict(Counter)
    for match, page in facts:
        if heading := match.fact.section.lower():
            headings[page][heading] += 1
    return headings


def _with_facts(query: Mapping[str, float], matches: Sequence[FactMatch], copy: _Copy) -> dict[str, float]:
    """The query with the words of the facts: the docs are written in theirs rather than in the speaker's."""
    sought = dict(query)
    top = max((match.score for match in matches), default=1.0)
    for fact, score in ((match.fact, match.score) for match in matches):
        share = FACT_SHARE * score / top
        for stem in copy.telling(" ".join((fact.statement, fact.title, fact.section, *fact.terms))):
            sought[stem] = sought.get(stem, 0.0) + share
    return sought


def _words_of(passage: Passage) -> Counter[str]:
    return counted_stems(f"{passage.title}\n{passage.section}\n{passage.text}")
