"""Whether the passage that a stored verdict rests on still reads as it did, by the copy and by look-ups."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
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
    server answered last."""

    def __init__(self, snapshot: Snapshot, answers: Iterable[KeptAnswer]) -> None:
        self._snapshot = snapshot
        self._page = cache(snapshot.page)
        self._check = FactCheck(snapshot)
        self._hits: dict[str, list[DocHit]] = {}
        for answer in answers:
            for hit in _hits_of(answer):
                if hit.url:
                    self._hits.setdefault(page_path(hit.url), []).append(hit)

    def drift(self, cited: CitedPassage, text: str | None = None) -> Drift | None:
        """How a passage has drifted, None where it has not, or nothing newer is known of it.

        `text` is the whole passage. It is only needed where `needs_text` says so.
        """
        if cited.source == "pack":
            return self._of_pack(cited)
        if cited.source == "snapshot":
            return self._of_copy(cited)
        return self._of_answers(cited, text) or self._by_copy(cited)

    def needs_text(self, cited: CitedPassage) -> bool:
        """Whether a docs server has answered something else from this page, which may be another passage."""
        newer = self._newer(cited)
        return bool(newer) and not _any_same(cited, newer) and not _any_stands(cited, newer)

    def _of_pack(self, cited: CitedPassage) -> Drift | None:
        found = self._snapshot.facts([cited.passage_id])
        if not found:
            return Drift(cited, "gone", stands=False, seen_at=self._snapshot.read_at)
        now = self._snapshot.passage(found[0])
        if text_hash(now.text) != cited.text_hash:
            return Drift(cited, "changed", _stands(cited.quote, now.text), now.read_at)
        # Judged anew, it accuses nobody any more; other verdicts would stay what they are.
        doubt = self._check.drift(found[0]) if cited.verdict in ACCUSING else None
        return Drift(cited, "doubtful", stands=False, seen_at=doubt.page_read_at) if doubt else None

    def _of_copy(self, cited: CitedPassage) -> Drift | None:
        page = self._page(cited.url or "")
        if page is None or any(text_hash(section.text) == cited.text_hash for section in page):
            return None
        return self._against(cited, page)

    def _by_copy(self, cited: CitedPassage) -> Drift | None:
        """A docs server cuts pages another way, so only the words quoted can be looked for in the copy."""
        page = self._page(cited.url or "")
        if page is None or not is_prose(page_path(cited.url or "")) or not (cited.url or "").startswith(SITE):
            return None
        if page and (page[0].read_at <= cited.read_at or _stands(cited.quote, _whole(page))):
            return None
        return self._against(cited, page) if self._snapshot.read_at > cited.read_at else None

    def _against(self, cited: CitedPassage, page: list[Passage]) -> Drift:
        if not page:
            return Drift(cited, "gone", stands=False, seen_at=self._snapshot.read_at)
        return Drift(cited, "changed", _stands(cited.quote, _whole(page)), page[0].read_at)

    def _of_answers(self, cited: CitedPassage, text: str | None) -> Drift | None:
        newer = self._newer(cited)
        if _any_same(cited, newer):
            return None
        for hit in newer:
            stands = _stands(cited.quote, hit.text)
            if stands or (text is not None and likeness(text, hit.text) >= SAME_PASSAGE):
                return Drift(cited, "changed", stands or _any_stands(cited, newer), _read_at(hit))
        return None

    def _newer(self, cited: CitedPassage) -> list[DocHit]:
        if cited.source != "prefect-mcp" or cited.url is None:
            return []
        return [hit for hit in self._hits.get(page_path(cited.url), []) if _read_at(hit) > cited.read_at]


def likeness(one: str, other: str) -> float:
    """The part of one text's runs of four words that stand in the other too, 0 to 1."""
    runs, others = _runs(one), _runs(other)
    return len(runs & others) / len(runs) if runs else 0.0


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _words(text)
    return {tuple(words[at : at + SHINGLE]) for at in range(max(1, len(words) - SHINGLE + 1))}


def _hits_of(answer: KeptAnswer) -> list[DocHit]:
    """An answer's hits, each with a time. One that cannot be read counts as none: the cache will drop it."""
    try:
        hits = _HITS.validate_json(answer.body)
    except ValidationError:
        return []
    read_at = datetime.fromtimestamp(answer.read_at, UTC)
    return [hit if hit.read_at else hit.model_copy(update={"read_at": read_at}) for hit in hits]


def _read_at(hit: DocHit) -> datetime:
    assert hit.read_at is not None  # _hits_of has seen to it
    return hit.read_at


def _any_same(cited: CitedPassage, hits: Iterable[DocHit]) -> bool:
    return any(text_hash(hit.text) == cited.text_hash for hit in hits)


def _any_stands(cited: CitedPassage, hits: Iterable[DocHit]) -> bool:
    return any(_stands(cited.quote, hit.text) for hit in hits)


def _whole(page: Iterable[Passage | Section]) -> str:
    return "\n".join(f"{_last_heading(section)}\n{section.text}" for section in page)


def _last_heading(section: Passage | Section) -> str:
    path = section.section if isinstance(section, Passage) else section.path
    return path.rpartition(" > ")[2]


def _stands(quote: str, text: str) -> bool:
    """Whether the quote's words stand in the text one after another, whatever the markup between them.

    A docs server quotes Markdown, where the copy holds what a reader sees: either will do.
    """
    words = f" {' '.join(_words(text))} "
    if f" {' '.join(_words(quote))} " in words:
        return True
    seen = _whole(read_page(quote, lambda path: None, "").sections)
    return bool(seen.strip()) and f" {' '.join(_words(seen))} " in words


def _words(text: str) -> list[str]:
    return _WORD.findall(_LINK_TARGET.sub("]", text).lower().replace("_", " "))
