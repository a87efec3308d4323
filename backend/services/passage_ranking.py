"""Which passages of the documentation to read for what was said: whatever a docs server brought, and the
sections of the synced copy on the pages that the facts found lead to, ranked together."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import NamedTuple

from backend.facts import FactMatch, Passage, PassageMatch
from backend.services.bm25 import Bm25
from backend.services.stems import counted_stems, stems
from backend.services.synced_docs import Section, SyncedDocs, page_path

PAGE_SHARE = 15.0
"""What standing on the best page counts beside a passage's own words, whose score is some 10 to 40."""
FACT_SHARE = 0.3
"""What the words of the best fact count beside those that were said."""
OWN_HEADING = 5.0
"""For a section under the heading that a fact found stands under, and for words fresh from its page."""
HEADINGS_COUNTED = 2
FACTS_READ = 12
"""So many facts, the best, say what words and headings to look for."""


class _Copy(NamedTuple):
    """The synced sections as of one sync: by page, each with its place in `words`."""

    version: str
    pages: Mapping[str, Sequence[tuple[int, Section]]]
    words: Bm25


class PassageRanking:
    """Ranks passages for one moment after another. Any number of threads may ask at once.

    `spoken` knows what words are worth where nothing is synced.
    """

    def __init__(self, docs: SyncedDocs, spoken: Bm25) -> None:
        self._docs, self._spoken = docs, spoken
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
        sought = _with_facts(query, matches[:FACTS_READ])
        headings = Counter((page, match.fact.section.lower()) for match, page in facts[:FACTS_READ])
        found = {}
        for passage in brought:
            page = pages.get(page_path(passage.url or ""))
            score = copy.words.score(self._words_of(passage), sought)
            score += page + OWN_HEADING if page else 0.0
            found[passage.id] = PassageMatch(passage=passage, score=score)
        scores = copy.words.scores(sought) if copy.pages else []
        for path, share in pages.items():
            for place, section in copy.pages.get(path, ()):
                under = sum(headings[path, heading] for heading in section.headings if heading)
                score = scores[place] + share + OWN_HEADING * min(under, HEADINGS_COUNTED)
                found.setdefault(section.passage.id, PassageMatch(passage=section.passage, score=score))
        return sorted(found.values(), key=lambda match: -match.score)

    def _current(self) -> _Copy:
        """The copy as it was last synced; read and indexed once for each sync, in about half a second."""
        state = self._docs.state()
        version = f"{state.digest}@{state.synced_at}" if state else ""
        with self._lock:
            if self._copy.version != version:
                self._page = lru_cache(4_000)(self._docs.page_of)
                self._copy = self._read(version)
            return self._copy

    def _read(self, version: str) -> _Copy:
        sections = self._docs.sections() if version else []
        pages: dict[str, list[tuple[int, Section]]] = defaultdict(list)
        for place, section in enumerate(sections):
            pages[section.page].append((place, section))
        words = Bm25.over([_words_of(section.passage) for section in sections]) if sections else self._spoken
        return _Copy(version, pages, words)


def _page_shares(facts: Iterable[tuple[FactMatch, str]]) -> dict[str, float]:
    """What standing on a page counts, by the best fact of that page."""
    best: dict[str, float] = {}
    for match, page in facts:
        best[page] = max(match.score, best.get(page, 0.0))
    top = max(best.values(), default=1.0)
    return {page: PAGE_SHARE * score / top for page, score in best.items()}


def _with_facts(query: Mapping[str, float], matches: Sequence[FactMatch]) -> dict[str, float]:
    """The query with the words of the facts: the docs are written in theirs rather than in the speaker's."""
    sought = defaultdict(float, query)
    top = max((match.score for match in matches), default=1.0)
    for fact, score in ((match.fact, match.score) for match in matches):
        for stem in stems(" ".join((fact.statement, fact.title, fact.section, *fact.terms))):
            sought[stem] += FACT_SHARE * score / top
    return sought


def _words_of(passage: Passage) -> Counter[str]:
    return counted_stems(f"{passage.title}\n{passage.section}\n{passage.text}")
