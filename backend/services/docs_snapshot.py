"""The embedded index: the knowledge pack, found by what people say, and the synced documentation behind it.

It works from a read-only install without a network. The pack's index is one file in the data directory,
named after the pack's fingerprint and built on the first start; opening it again parses no YAML.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import UTC, date, datetime, time
from functools import cached_property, lru_cache, partial
from pathlib import Path
from string import punctuation
from typing import Protocol, Self

from pydantic import BaseModel, ValidationError

from backend.facts import Competitor, CompetitorFact, Fact, FactMatch, Passage, PassageMatch
from backend.services.fact_ranking import CONTEXT_CHARS, FactRanking, spoken_query
from backend.services.pack import Pack, fingerprint, read_files, read_pack
from backend.services.pack_sheets import day
from backend.services.passage_ranking import PassageRanking
from backend.services.search_index import MAX_CHARS, WORD, IndexFile, publish
from backend.services.synced_docs import Release, SyncedDocs

LAYOUT = "2"
"""Changes with the schema or with Pack, so that an index of an older release is built anew."""
ORIGIN = "Call Coach knowledge pack"
FACTS_SEARCHED = 40
MAX_QUERY_CHARS = 1_000
MOST_SECTIONS = 10_000
QUERIES_HELD = 500
"""A moment is matched and, when all of a call are, its passages ranked: more than a long call has moments."""

MEANING_SHARE = 14.0
"""What a cosine of 1 counts beside the words' score, which is some 10 to 30 for a fact that was meant."""


class Meaning(Protocol):
    """Facts found by meaning, beside their words. `model` changes with the model."""

    @property
    def model(self) -> str: ...

    def closeness(self, words: str) -> Iterable[float]:
        """For each fact of the pack, in its order, how close it comes to what was said: a cosine."""
        ...


class SnapshotStatus(BaseModel):
    """What is held locally. `synced_*` are of the copied documentation, None and 0 where there is none."""

    facts: int
    pages: int
    pack_as_of: date
    synced_pages: int
    synced_at: datetime | None
    synced_from: str | None = None
    reference_pages: int = 0
    release_notes: int = 0
    newest_release: str | None = None
    bytes: int


class Snapshot:
    """Facts by what was said, passages by fact. Any number of threads may read at once.

    `meaning` may be set once it is ready; from then on facts are found by it as well.
    """

    def __init__(self, pack: Pack, ranking: FactRanking, file: IndexFile, docs: SyncedDocs) -> None:
        self.pack, self._ranking, self._file, self._docs = pack, ranking, file, docs
        self._passages = PassageRanking(file.path.parent, docs, ranking.worded)
        self.meaning: Meaning | None = None
        self._query = lru_cache(QUERIES_HELD)(self._spoken_query)
        rivals = (_as_fact(rival, fact) for rival in pack.competitors for fact in rival.facts)
        self._own_words: dict[str, Passage] = {}
        self._by_id = {fact.id: fact for fact in (*rivals, *pack.facts)}

    @classmethod
    def open(cls, data_dir: Path, knowledge_dir: Path) -> Self:
        """Open the index of this pack, building it first if need be. Raises UnusableKnowledge."""
        file = _index_file(data_dir, fingerprint(read_files(knowledge_dir)))
        held = _held(file)
        if held is None:
            pack = read_pack(knowledge_dir)
            held = pack, FactRanking.over(pack.facts)
            file = _index_file(data_dir, pack.fingerprint)
            publish(file.path, partial(_fill, *held))
            _remove_others(file.path)
        return cls(*held, file, SyncedDocs(data_dir))

    @property
    def fingerprint(self) -> str:
        """Changes with the pack, with the words of the synced copy, and with what facts are found by."""
        synced = self._docs.state()
        found_by = f"+{self.meaning.model}" if self.meaning else ""
        return f"{self.pack.fingerprint}@{synced.digest if synced else 'not synced'}{found_by}"

    @property
    def read_at(self) -> datetime:
        """When what is kept here was read: the last sync, else the pack's date."""
        synced = self._docs.state()
        return synced.synced_at if synced else _midnight(self.pack.as_of)

    def match(self, words: str, k: int, before: Sequence[str] = ()) -> list[FactMatch]:
        """Up to `k` facts for words as spoken, those most worth reading first.

        `before` is what was said before them, the nearest first: it helps where the words alone say little.
        """
        if k <= 0:
            return []
        scores = self._ranking.scores(self._query(words, tuple(before)))
        if self.meaning:
            close = self.meaning.closeness(words[:MAX_CHARS])
            scores = [score + MEANING_SHARE * near for score, near in zip(scores, close, strict=True)]
        found = self._ranking.in_order(scores, k)
        return [FactMatch(fact=self.pack.facts[at], score=scores[at]) for at in found]

    def rank(
        self,
        words: str,
        matches: Sequence[FactMatch],
        brought: Iterable[Passage] = (),
        before: Sequence[str] = (),
    ) -> list[PassageMatch]:
        """What a docs server brought and the synced sections of the facts' pages, best first."""
        return self._passages.ranked(self._query(words, tuple(before)), matches, brought)

    def own_sections(self, facts: Sequence[Fact], brought: Iterable[Passage] = ()) -> list[Passage]:
        """Of what a docs server brought and of the copy, the very sections that the facts are about."""
        return self._passages.own_sections(facts, brought)

    def facts(self, ids: Iterable[str]) -> list[Fact]:
        """The facts with these ids, in this order, competitors' among them; unknown ids are left out."""
        return [self._by_id[each] for each in ids if each in self._by_id]

    def passage(self, fact: Fact) -> Passage:
        """The fact itself as a passage of the pack."""
        ours = self._by_id.get(fact.id) is fact
        if ours and (kept := self._own_words.get(fact.id)):
            return kept
        passage = Passage(
            id=fact.id,
            url=fact.url,
            title=fact.title,
            section=fact.section,
            text=fact.statement,
            read_at=_midnight(fact.as_of or self.pack.as_of),
            source="pack",
            origin=ORIGIN,
        )
        if ours:
            self._own_words[fact.id] = passage
        return passage

    def passages(self, fact: Fact | str, k: int) -> list[Passage]:
        """Up to `k` sections of the fact's page, the fact's own first, and the fact itself last."""
        known = self._by_id.get(fact) if isinstance(fact, str) else fact
        return [*self._sections(known, k), self.passage(known)] if known else []

    def positions(self, competitor: str) -> list[Passage]:
        """The pack's dated facts about a competitor, and last how Prefect compares, as passages."""
        rival = next((each for each in self.pack.competitors if each.id == competitor), None)
        if rival is None:
            return []
        contrast = Fact(
            id=f"co-{rival.id}-contrast",
            statement=rival.contrast,
            title=f"{rival.name} and Prefect",
            url=None,
        )
        return [self.passage(fact) for fact in (*self.facts(fact.id for fact in rival.facts), contrast)]

    def search(self, text: str, k: int) -> list[Passage]:
        """Up to `k` passages for any text: facts lead to the sections of their pages.

        Without a synced copy, the statements of the facts found, one passage for each page.
        """
        facts = [match.fact for match in self.match(text, FACTS_SEARCHED)]
        if not self._docs.state():
            # Whoever asks takes the answer for documentation: an unsure fact must not pass for that.
            return self._statements([fact for fact in facts if fact.may_accuse])[:k]
        found: dict[str, Passage] = {}
        for fact in facts:
            if len(found) >= k:
                break
            found |= {section.id: section for section in self._sections(fact, 1)}
        if len(found) < k:
            found |= {section.id: section for section in self._docs.search(self._heard(text), k)}
        return list(found.values())[:k]

    def page(self, url: str) -> list[Passage] | None:
        """All sections of a page of the synced copy, [] where it has no such page; None without a copy."""
        return self._docs.page_sections(url, "", "", MOST_SECTIONS) if self._docs.state() else None

    def reference(self, text: str, k: int) -> list[Passage]:
        """Up to `k` sections of the synced API reference and release notes on the symbols in the text."""
        return self._docs.reference(text, k)

    def release(self, version: str | None) -> Release | None:
        """The synced release notes of a version, of the newest where none is named."""
        return self._docs.release(version)

    def is_product_vocabulary(self, query: str) -> bool:
        """Whether the query is words of the pack's titles, headings and terms, and nothing else.

        A word with signs inside, such as a number, must stand there as it is: 83 and 250 do not allow 83,250.
        """
        if len(query) > MAX_QUERY_CHARS:
            return False
        words = [word for each in query.lower().split() if (word := each.strip(punctuation))]
        return bool(words) and all(word in self._vocabulary for word in words)

    def status(self) -> SnapshotStatus:
        synced = self._docs.state()
        release_notes, newest = self._docs.releases()
        return SnapshotStatus(
            facts=len(self.pack.facts),
            pages=len({fact.url for fact in self.pack.facts if fact.terms}),
            pack_as_of=self.pack.as_of,
            synced_pages=synced.pages if synced else 0,
            synced_at=synced.synced_at if synced else None,
            synced_from=synced.source if synced else None,
            reference_pages=synced.reference_pages if synced else 0,
            release_notes=release_notes,
            newest_release=newest,
            bytes=self._file.size() + self._docs.size(),
        )

    def close(self) -> None:
        self._file.close()
        self._docs.close()

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        named = {text.lower() for fact in self.pack.facts for text in (fact.title, fact.section, *fact.terms)}
        alone = {word for text in named for word in WORD.findall(text)}
        return frozenset(alone | {word.strip(punctuation) for text in named for word in text.split()})

    def _spoken_query(self, words: str, before: tuple[str, ...]) -> Mapping[str, float]:
        return spoken_query(self._heard(words), [self._heard(said[-CONTEXT_CHARS:]) for said in before])

    def _heard(self, words: str) -> str:
        return self.pack.hear(words[:MAX_CHARS])

    def _sections(self, fact: Fact, k: int) -> list[Passage]:
        if fact.url is None:
            return []
        words = " ".join((fact.section, *fact.terms, fact.statement))
        return self._docs.page_sections(fact.url, fact.section, words, k)

    def _statements(self, facts: Sequence[Fact]) -> list[Passage]:
        by_page: dict[tuple[str | None, str], list[Fact]] = {}
        for fact in facts:
            by_page.setdefault((fact.url, fact.title), []).append(fact)
        return [
            self.passage(of_page[0]).model_copy(
                update={
                    "text": "\n".join(fact.statement for fact in of_page),
                    "read_at": min(self.passage(fact).read_at for fact in of_page),
                }
            )
            for of_page in by_page.values()
        ]


def _index_file(data_dir: Path, of: str) -> IndexFile:
    return IndexFile(data_dir / f"knowledge-{of}-{LAYOUT}.sqlite")


def _held(file: IndexFile) -> tuple[Pack, FactRanking] | None:
    """The pack and its ranking from an index built earlier; None where there is none, or it is broken."""
    with suppress(sqlite3.DatabaseError, ValidationError, TypeError):
        if index := file.connection():
            pack = Pack.model_validate_json(index.execute("SELECT body FROM pack").fetchone()[0])
            return pack, FactRanking.kept(index, pack.facts)
    return None


def _fill(pack: Pack, ranking: FactRanking, index: sqlite3.Connection) -> None:
    index.execute("CREATE TABLE pack (body TEXT)")
    index.execute("INSERT INTO pack VALUES (?)", (pack.model_dump_json(),))
    ranking.keep(index)


def _remove_others(file: Path) -> None:
    """Indexes of packs that are no more. One that another process still reads stays readable to it."""
    for other in file.parent.glob("knowledge-*.sqlite"):
        if other != file:
            with suppress(OSError):
                other.unlink()


def _as_fact(rival: Competitor, fact: CompetitorFact) -> Fact:
    """What is known of a competitor, to answer with. It never accuses: it is not about Prefect."""
    return Fact(
        id=fact.id,
        statement=fact.statement,
        title=fact.title,
        url=fact.url,
        as_of=day(fact.as_of),
        confidence="medium" if fact.confidence == "high" else fact.confidence,
        topic=rival.name,
    )


def _midnight(of: date) -> datetime:
    return datetime.combine(of, time(), UTC)
