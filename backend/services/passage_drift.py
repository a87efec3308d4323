"""Whether the passage that a stored verdict rests on still reads as it did, by the copy and by look-ups."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import Literal, NamedTuple

from pydantic import TypeAdapter, ValidationError

from backend.facts import CitedPassage, KeptAnswer, Passage, text_hash
from backend.report import ACCUSING
from backend.services.doc_hits import DocHit
from backend.services.docs_index import is_prose
from backend.services.docs_snapshot import Snapshot
from backend.services.fact_drift import FactCheck
from backend.services.mdx import Section, read_page
from backend.services.synced_docs import SITE, page_path

SHINGLE = 4
SAME_PASSAGE = 0.3
"""Two texts of one page that share this part of their runs of four words are two versions of one passage."""

QUOTES_HELD = 20_000
RUNS_HELD = 1_000

_HITS = TypeAdapter(list[DocHit])
_LINK_TARGET = re.compile(r"\]\([^()\s]*\)")
_WORD = re.compile(r"\w+")

How = Literal["changed", "gone", "doubtful"]


class Drift(NamedTuple):
    """Another text where a passage stood, or none. `stands` tells whether the words quoted are still on the
    page; `seen_at` is when that was read. A fact of the pack that its page does not bear out is doubtful."""

    cited: CitedPassage
    how: How
    stands: bool
    seen_at: datetime


class FreshWords:
    """What is known now of the pages that verdicts rest on: the synced copy, the pack, and what a docs
    server answered last. Many verdicts rest on few passages, so what was found of one is remembered."""

    def __init__(self, snapshot: Snapshot, answers: Iterable[KeptAnswer]) -> None:
        self._snapshot = snapshot
        self._read_at = snapshot.read_at
        self._path = cache(page_path)
        self._page = cache(lambda url: _page_of(snapshot, url))
        self._check = FactCheck(snapshot)
        self._hits: dict[str, dict[str, _Hit]] = {}
        for answer in answers:
            for hit in _hits_of(answer):
                if hit.url:
                    _keep_newest(self._hits.setdefault(self._path(hit.url), {}), hit)
        self._known: dict[tuple[object, ...], Drift | None] = {}

    def drift(self, cited: CitedPassage, text: str | None = None) -> Drift | None:
        """How a passage has drifted, None where it has not, or nothing newer is known of it.

        `text` is the whole passage. It is only needed where `needs_text` says so.
        """
        like = (*cited[2:], text is None)
        if like not in self._known:
            self._known[like] = self._drift(cited, text)
        found = self._known[like]
        return found._replace(cited=cited) if found else None

    def may_drift(self, cited: CitedPassage, text: str | None = None) -> bool:
        """Whether one cited like this has drifted, or one that was read later may have."""
        if cited.source != "prefect-mcp":
            return self.drift(cited, text) is not None
        others = [hit for hit in self._newer(cited) if hit.hash != cited.text_hash]
        return any(self._another_version(cited, hit, text) for hit in others) or bool(self._by_copy(cited))

    def needs_text(self, cited: CitedPassage) -> bool:
        """Whether a docs server has answered something else from this page, which may be another passage."""
        if cited.text_hash in self._of_page(cited):
            return False
        newer = self._newer(cited)
        return bool(newer) and not _any_stands(cited, newer)

    def _drift(self, cited: CitedPassage, text: str | None) -> Drift | None:
        if cited.source == "pack":
            return self._of_pack(cited)
        if cited.source == "snapshot":
            return self._of_copy(cited)
        return self._of_answers(cited, text) or self._by_copy(cited)

    def _of_pack(self, cited: CitedPassage) -> Drift | None:
        found = self._snapshot.facts([cited.passage_id])
        if not found:
            return Drift(cited, "gone", stands=False, seen_at=self._read_at)
        now = self._snapshot.passage(found[0])
        if text_hash(now.text) != cited.text_hash:
            return Drift(cited, "changed", _stands(cited.quote, _padded(now.text)), now.read_at)
        # Judged anew, it accuses nobody any more; other verdicts would stay what they are.
        doubt = self._check.drift(found[0]) if cited.verdict in ACCUSING else None
        return Drift(cited, "doubtful", stands=False, seen_at=doubt.page_read_at) if doubt else None

    def _of_copy(self, cited: CitedPassage) -> Drift | None:
        page = self._page(cited.url or "")
        if page is None or cited.text_hash in page.hashes:
            return None
        return self._against(cited, page)

    def _by_copy(self, cited: CitedPassage) -> Drift | None:
        """A docs server cuts pages another way, so only the words quoted can be looked for in the copy."""
        page = self._page(cited.url or "")
        if (
            page is None
            or not is_prose(self._path(cited.url or ""))
            or not (cited.url or "").startswith(SITE)
        ):
            return None
        if page.read_at and (page.read_at <= cited.read_at or _stands(cited.quote, page.words)):
            return None
        return self._against(cited, page) if self._read_at > cited.read_at else None

    def _against(self, cited: CitedPassage, page: _Page) -> Drift:
        if page.read_at is None:
            return Drift(cited, "gone", stands=False, seen_at=self._read_at)
        return Drift(cited, "changed", _stands(cited.quote, page.words), page.read_at)

    def _of_answers(self, cited: CitedPassage, text: str | None) -> Drift | None:
        newer = self._newer(cited)
        if any(hit.hash == cited.text_hash for hit in newer):
            return None
        for hit in newer:
            if self._another_version(cited, hit, text):
                return Drift(cited, "changed", _any_stands(cited, newer), hit.read_at)
        return None

    def _another_version(self, cited: CitedPassage, hit: _Hit, text: str | None) -> bool:
        if _stands(cited.quote, hit.words):
            return True
        held = self._of_page(cited).get(cited.text_hash)
        text = held.text if held else text
        return text is not None and likeness(text, hit.text) >= SAME_PASSAGE

    def _newer(self, cited: CitedPassage) -> list[_Hit]:
        return [hit for hit in self._of_page(cited).values() if hit.read_at > cited.read_at]

    def _of_page(self, cited: CitedPassage) -> dict[str, _Hit]:
        """By their hashes, all texts that a docs server has of the page."""
        if cited.source != "prefect-mcp" or cited.url is None:
            return {}
        return self._hits.get(self._path(cited.url), {})


class _Hit(NamedTuple):
    """A text that a docs server has of a page, as it was answered last."""

    text: str
    hash: str
    words: str
    read_at: datetime


class _Page(NamedTuple):
    """A page of the synced copy; one that is gone from it was never read."""

    hashes: frozenset[str]
    words: str
    read_at: datetime | None


def _page_of(snapshot: Snapshot, url: str) -> _Page | None:
    sections = snapshot.page(url)
    if sections is None:
        return None
    hashes = frozenset(text_hash(section.text) for section in sections)
    return _Page(hashes, _padded(_whole(sections)), sections[0].read_at if sections else None)


def _keep_newest(of_page: dict[str, _Hit], hit: DocHit) -> None:
    assert hit.read_at is not None  # _hits_of has seen to it
    held = of_page.get(digest := text_hash(hit.text))
    if held is None or held.read_at < hit.read_at:
        words = held.words if held else _padded(hit.text)
        of_page[digest] = _Hit(hit.text, digest, words, hit.read_at)


def likeness(one: str, other: str) -> float:
    """The part of one text's runs of four words that stand in the other too, 0 to 1."""
    runs, others = _runs(one), _runs(other)
    return len(runs & others) / len(runs) if runs else 0.0


@lru_cache(RUNS_HELD)
def _runs(text: str) -> frozenset[tuple[str, ...]]:
    words = _words(text)
    return frozenset(tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1)))


def _hits_of(answer: KeptAnswer) -> list[DocHit]:
    """An answer's hits, each with a time. One that cannot be read counts as none: the cache will drop it."""
    try:
        hits = _HITS.validate_json(answer.body)
    except ValidationError:
        return []
    read_at = datetime.fromtimestamp(answer.read_at, UTC)
    return [hit if hit.read_at else hit.model_copy(update={"read_at": read_at}) for hit in hits]


def _any_stands(cited: CitedPassage, hits: Iterable[_Hit]) -> bool:
    return any(_stands(cited.quote, hit.words) for hit in hits)


def _whole(page: Iterable[Passage | Section]) -> str:
    return "\n".join(f"{_last_heading(section)}\n{section.text}" for section in page)


def _last_heading(section: Passage | Section) -> str:
    path = section.section if isinstance(section, Passage) else section.path
    return path.rpartition(" > ")[2]


def _stands(quote: str, words: str) -> bool:
    """Whether the quote's words stand among the padded words one after another, whatever the markup between
    them.

    A docs server quotes Markdown, where the copy holds what a reader sees: either will do.
    """
    said, seen = _padded_quote(quote)
    return said in words or (bool(seen) and seen in words)


@lru_cache(QUOTES_HELD)
def _padded_quote(quote: str) -> tuple[str, str]:
    """A quote's words, and those that a reader sees of it; empty where there are none."""
    seen = _whole(read_page(quote, lambda path: None, "").sections)
    return _padded(quote), _padded(seen) if seen.strip() else ""


def _padded(text: str) -> str:
    """The words, so that whole words are found in it."""
    return f" {' '.join(_words(text))} "


def _words(text: str) -> list[str]:
    return _WORD.findall(_LINK_TARGET.sub("]", text).lower().replace("_", " "))
