"""The knowledge pack: YAML files that people keep, read into facts, competitors and objections.

pages/**/*.yaml     one sheet per page of the documentation
pricing.yaml        plans and limits, with the source of each
capabilities.yaml   what the product does, with the source of each
competitors.yaml    other products, moving from Airflow, and how speech recognition hears terms
objections.yaml     what prospects object, and the facts that answer it
rubrics/*.yaml      what calls are scored by, one file per role; a pack may do without
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from backend.errors import UnusableKnowledge
from backend.facts import Competitor, CompetitorFact, Fact, Frozen, ObjectionGuide, Scope, WrongVersion
from backend.rubric import Rubric
from backend.services.pack_sheets import (
    CompetitorSheet,
    FactSheet,
    ObjectionSheet,
    PackFile,
    PageSheet,
    Place,
    Rival,
    ScopeLines,
    SourcedFact,
)

PRICES_ACCUSE_DAYS = 120
"""A price or a plan's limit that nobody has looked up for longer may have changed: it settles nothing."""
RUBRICS = "rubrics"
SHEETS = ("pricing.yaml", "capabilities.yaml", "competitors.yaml", "objections.yaml")


class Pack(Frozen):
    """The whole pack. `as_of` is the date of its oldest page, `fingerprint` a hash of its files.

    `speech` maps a product term to what speech recognition makes of it.
    """

    facts: tuple[Fact, ...]
    competitors: tuple[Competitor, ...]
    objections: tuple[ObjectionGuide, ...]
    rubrics: tuple[Rubric, ...] = ()
    speech: dict[str, tuple[str, ...]]
    as_of: date
    fingerprint: str

    def hear(self, text: str) -> str:
        """The text with likely mishearings replaced by product terms: to match by, never to quote."""
        return self._misheard.sub(lambda m: self._meant[_spoken(m[1])] + m[2], text)

    @cached_property
    def _meant(self) -> dict[str, str]:
        return {_spoken(heard): term for term, all_heard in self.speech.items() for heard in all_heard}

    @cached_property
    def _misheard(self) -> re.Pattern[str]:
        # By their first letter, so that at most words one look is enough: every word of a call is looked at.
        by_letter: dict[str, list[str]] = defaultdict(list)
        for heard in sorted(self._meant, key=len, reverse=True):
            by_letter[heard[0]].append(re.escape(heard[1:]).replace(r"\ ", r"[\s-]+"))
        first = "".join(map(re.escape, by_letter))
        either = "|".join(f"{re.escape(letter)}(?:{'|'.join(rest)})" for letter, rest in by_letter.items())
        pattern = rf"\b(?=[{first}])({either})(s?)\b" if by_letter else r"(?!)"
        return re.compile(pattern, re.IGNORECASE)


class Placed(NamedTuple):
    """A fact, and where it is written."""

    fact: Fact
    file: PackFile
    place: Place


def read_pack(directory: Path) -> Pack:
    """Read and check every file. Raises UnusableKnowledge: one sentence with the file and its line."""
    content = read_files(directory)
    files = {name: PackFile(directory / name, words) for name, words in content.items()}
    pages = [(file, file.read(PageSheet)) for name, file in files.items() if is_page(name)]
    pricing, capabilities, competitors, objections = (files[name] for name in SHEETS)
    rivals = competitors.read(CompetitorSheet)

    placed = [fact for file, sheet in pages for fact in _page_facts(file, sheet)]
    placed += map(_ageing, _sourced(pricing, pricing.read(FactSheet).facts, "facts", topic="pricing"))
    placed += _sourced(capabilities, capabilities.read(FactSheet).facts, "facts")
    mapping = rivals.airflow_migration.mapping
    placed += _sourced(competitors, mapping, "airflow_migration", "mapping", topic="airflow migration")
    known = _ids(placed) | {fact.id for rival in rivals.competitors for fact in rival.facts}
    return Pack(
        facts=tuple(fact for fact, _, _ in placed),
        competitors=tuple(_competitor(rival) for rival in rivals.competitors),
        objections=tuple(_objections(objections, known)),
        rubrics=tuple(_rubrics(file for name, file in files.items() if is_rubric(name))),
        speech={term: tuple(heard) for term, heard in rivals.speech_to_text.terms.items()},
        as_of=min(sheet.as_of for _, sheet in pages),
        fingerprint=fingerprint(content),
    )


def read_files(directory: Path) -> dict[str, bytes]:
    """The pack's files by their name inside the directory, in a fixed order."""
    pages = sorted((directory / "pages").rglob("*.yaml"))
    paths = [*(directory / name for name in SHEETS), *pages, *sorted((directory / RUBRICS).glob("*.yaml"))]
    if not pages:
        raise UnusableKnowledge(f"There is no knowledge pack in {directory}; set COACH_KNOWLEDGE_DIR to one.")
    try:
        return {path.relative_to(directory).as_posix(): path.read_bytes() for path in paths}
    except OSError as error:
        why = error.strerror or "unknown reason"
        raise UnusableKnowledge(f"{error.filename} cannot be read: {why}.") from None


def is_rubric(name: str) -> bool:
    """Whether a file of the pack, by its name inside the directory, is a rubric."""
    return name.startswith(f"{RUBRICS}/")


def is_page(name: str) -> bool:
    return name not in SHEETS and not is_rubric(name)


def fingerprint(files: Mapping[str, bytes]) -> str:
    """A hash of the names and the content of the files."""
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return digest.hexdigest()[:16]


def _page_facts(file: PackFile, sheet: PageSheet) -> Iterator[Placed]:
    for at, written in enumerate(sheet.facts):
        disputed = "Another page of the documentation disagrees." if written.conflicts_with else None
        fact = Fact(
            id=written.id,
            statement=written.statement,
            title=sheet.title,
            url=sheet.page,
            section=written.section,
            terms=tuple(written.terms),
            asks=tuple(written.asks),
            wrong=tuple(WrongVersion(claim=wrong.claim, why=wrong.why) for wrong in written.wrong),
            scope=_scope(written.scope),
            as_of=sheet.as_of,
            topic=sheet.title.lower(),
            conflict=written.conflict or disputed,
            conflicts_with=written.conflicts_with,
        )
        yield Placed(fact, file, ("facts", at, "id"))


def _sourced(file: PackFile, facts: Iterable[SourcedFact], *place: str, topic: str = "") -> Iterator[Placed]:
    """Facts with a source of their own. What was once true is kept for finding; it is never sure now."""
    for at, written in enumerate(facts):
        fact = Fact(
            id=written.id,
            statement=written.statement,
            title=written.source_title,
            url=written.public_url,
            asks=tuple(written.asks),
            wrong=tuple(WrongVersion(claim=claim) for claim in written.wrong_claims),
            scope=_scope(written.scope),
            as_of=written.known,
            confidence="low" if written.status else written.confidence,
            topic=topic or (written.category or "").replace("-", " "),
            conflict=written.conflict,
        )
        yield Placed(fact, file, (*place, at, "id"))


def _ageing(placed: Placed) -> Placed:
    known = placed.fact.as_of
    until = known + timedelta(days=PRICES_ACCUSE_DAYS) if known else date.min
    return placed._replace(fact=placed.fact.model_copy(update={"accuses_until": until}))


def _scope(written: ScopeLines) -> Scope:
    plans = tuple(written.plans) if written.plans else None
    return Scope(edition=written.edition, plans=plans, since=written.since)


def _ids(placed: Iterable[Placed]) -> set[str]:
    """The ids of all facts, each of which may stand only once."""
    ids: set[str] = set()
    for fact, file, place in placed:
        if fact.id in ids:
            raise file.error(
                place, f"the id {fact.id} is already taken by another fact; give this one its own."
            )
        ids.add(fact.id)
    return ids


def _competitor(rival: Rival) -> Competitor:
    facts = tuple(
        CompetitorFact(
            id=fact.id,
            kind=fact.kind if fact.kind in ("strength", "limit") else "neutral",
            statement=fact.statement,
            url=fact.public_url,
            title=fact.source_title,
            as_of=fact.as_of,
            confidence="low" if fact.status else fact.confidence,
        )
        for fact in rival.facts
    )
    return Competitor(
        id=rival.id,
        name=rival.name,
        aliases=tuple(rival.aliases),
        facts=facts,
        contrast=rival.fair_contrast,
    )


def _objections(file: PackFile, known: set[str]) -> Iterator[ObjectionGuide]:
    for at, guide in enumerate(file.read(ObjectionSheet).objections):
        for nth, fact_id in enumerate(guide.answer_facts):
            if fact_id not in known:
                place = ("objections", at, "answer_facts", nth)
                raise file.error(place, f"there is no fact {fact_id}; use the id of a fact in the pack.")
        yield ObjectionGuide.model_validate(guide.model_dump())


def _rubrics(files: Iterable[PackFile]) -> Iterator[Rubric]:
    """One for each role, each in the file of that name."""
    for file in files:
        rubric = file.read(Rubric)
        if rubric.role != file.path.stem:
            raise file.error(("role",), f"this file is {file.path.name}; call it {rubric.role}.yaml.")
        yield rubric


def _spoken(words: str) -> str:
    return re.sub(r"[\s-]+", " ", words).lower()
