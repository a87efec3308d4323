"""Facts of the pack that their page, as it was last synced, does not bear out any more.

Only what can be looked up is looked up: that the page is there, and that the fact's own terms and numbers
stand on it. Whether the fact is still true is for a person to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from backend.facts import Fact, FactMatch, Passage
from backend.services.docs_index import LEAST_SHARE, is_prose
from backend.services.docs_snapshot import Snapshot
from backend.services.search_index import stem
from backend.services.synced_docs import SITE, page_path

NEAR = 4
"""A number and its unit stand no more words apart. Of 44 numbers changed on their pages, 35 were noticed so,
and 4 of 1,341 facts were shown on pages that bear them out; with 12 words it was 31 and 3."""
TOKEN = re.compile(r"\d+(?:\.\d+)*|[a-z]+|%")
THOUSANDS = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
GENITIVE = re.compile(r"['’]s\b")
MARKUP = re.compile(r"[`*|]")
UNITS = {
    stem(written): unit
    for unit in TOKEN.findall(
        "second minute hour day week month year request run event user seat workspace member automation "
        "percent kb mb gb tb kib mib gib byte character attempt"
    )
    for written in (unit, f"{unit}s")
} | {"%": "percent", "s": "second", "min": "minute", "retries": "retry", "retry": "retry"}
"""A unit by each way it is written, as `stem` leaves it."""


class FactDrift(NamedTuple):
    """A fact and what of it is missing on its page; nothing is named where the page itself is gone."""

    fact: Fact
    missing: tuple[str, ...]
    page_read_at: datetime

    def sentence(self) -> str:
        return f"not on its page: {', '.join(self.missing)}" if self.missing else "its page is gone"


class FactCheck:
    """Facts against their pages in the synced copy. A page is read once for each copy; any thread may ask."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._copy = ""
        self._pages: dict[str, _Page | None] = {}
        self._found: dict[str, FactDrift | None] = {}
        self._whole: bool | None = None

    def drift(self, fact: Fact) -> FactDrift | None:
        """What of the fact is not on its page; None where all is, or there is no copy to look into."""
        self._notice_a_new_copy()
        return self._known(fact)

    def doubted(self, matches: Iterable[FactMatch]) -> list[FactMatch]:
        """The matches; facts that their pages do not bear out are no longer sure enough to accuse anybody."""
        self._notice_a_new_copy()
        return [
            replace(match, fact=match.fact.model_copy(update={"confidence": "medium"}))
            if match.fact.confidence == "high" and self._known(match.fact)
            else match
            for match in matches
        ]

    def _notice_a_new_copy(self) -> None:
        if (copy := self._snapshot.fingerprint) != self._copy:
            self._pages, self._found, self._whole, self._copy = {}, {}, None, copy

    def _known(self, fact: Fact) -> FactDrift | None:
        found = self._found
        if fact.id not in found:
            found[fact.id] = self._drift(fact)
        return found[fact.id]

    def _drift(self, fact: Fact) -> FactDrift | None:
        if not fact.url or not fact.terms or not _is_on_site(fact):
            return None
        path = page_path(fact.url)
        if path not in self._pages:
            found = self._snapshot.page(fact.url)
            if found is None:
                return None
            self._pages[path] = _Page(found) if found else None
        page = self._pages[path]
        if page is None:
            return FactDrift(fact, (), self._snapshot.read_at) if self._copy_is_whole() else None
        missing = page.missing(fact)
        return FactDrift(fact, missing, page.read_at) if missing else None

    def _copy_is_whole(self) -> bool:
        """Whether the copy has most of the pack's pages, so that one it has not is gone."""
        if self._whole is None:
            urls = {fact.url for fact in self._snapshot.pack.facts if fact.terms and _is_on_site(fact)}
            held = sum(bool(self._snapshot.page(url)) for url in urls if url)
            self._whole = held >= LEAST_SHARE * len(urls)
        return self._whole


def drifted_facts(snapshot: Snapshot) -> list[FactDrift]:
    """The facts to be looked at by a person, in the pack's order; [] without a synced copy."""
    check = FactCheck(snapshot)
    return [drift for fact in snapshot.pack.facts if (drift := check.drift(fact))]


def _is_on_site(fact: Fact) -> bool:
    """Whether a fact's page is one that a copy of the documentation holds as prose."""
    return fact.url is not None and fact.url.startswith(SITE) and is_prose(page_path(fact.url))


class _Page:
    """A page as facts are looked for on it."""

    def __init__(self, sections: list[Passage]) -> None:
        whole = "\n".join(f"{section.title} {section.section}\n{section.text}" for section in sections)
        self.read_at = sections[0].read_at
        self._plain = _plain(whole)
        self._stems = set(_tokens(whole))
        self._numbers = _Numbers(whole)

    def missing(self, fact: Fact) -> tuple[str, ...]:
        """The terms and numbers of a fact that do not stand here."""
        terms = [term for term in fact.terms if not self._has(term)]
        return (*terms, *self._numbers.missing(fact.statement))

    def _has(self, term: str) -> bool:
        return _plain(term) in self._plain or self._stems.issuperset(_tokens(term))


class _Numbers:
    """The numbers of a page, and the units that stand near each."""

    def __init__(self, text: str) -> None:
        self._units: dict[str, set[str]] = {}
        tokens = _tokens(text)
        for at, token in enumerate(tokens):
            if token[0].isdigit():
                near = tokens[max(0, at - NEAR) : at + NEAR + 1]
                self._units.setdefault(token, set()).update(UNITS[one] for one in near if one in UNITS)

    def missing(self, statement: str) -> list[str]:
        """The statement's numbers, each with the unit it has, that do not stand so on the page."""
        tokens = _tokens(statement)
        missing: dict[str, None] = {}
        for token, following in zip(tokens, [*tokens[1:], ""], strict=True):
            if not token[0].isdigit():
                continue
            unit = UNITS.get(following)
            if token not in self._units or (unit and unit not in self._units[token]):
                missing[f"{token} {following}" if unit else token] = None
        return list(missing)


def _tokens(text: str) -> list[str]:
    return [stem(token) for token in TOKEN.findall(GENITIVE.sub("", THOUSANDS.sub("", text.lower())))]


def _plain(text: str) -> str:
    return " ".join(MARKUP.sub("", text).lower().split())
