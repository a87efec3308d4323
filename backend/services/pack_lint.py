"""What is wrong with the knowledge pack, file by file and line by line, for the people who keep it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import BaseModel

from backend.errors import UnusableKnowledge
from backend.rubric import Rubric
from backend.services.pack import PRICES_ACCUSE_DAYS, SHEETS, is_rubric, read_files, read_pack
from backend.services.pack_docs import DocsPage, DocsWords
from backend.services.pack_sheets import (
    CompetitorSheet,
    FactSheet,
    Flaw,
    ObjectionSheet,
    PackFile,
    PageFact,
    PageSheet,
    Place,
    SourcedFact,
)
from backend.services.synced_docs import SITE, page_path

Level = Literal["error", "warning", "age"]
"""An error must be mended, a warning wants a look, an age says that nobody has looked for long."""

ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*-\d{2,3}")
TERMS = range(2, 7)
LEAST_ASKS = 5
SHELF_DAYS = {"pricing.yaml": PRICES_ACCUSE_DAYS, "competitors.yaml": 180, "capabilities.yaml": 365}
PAGE_SHELF_DAYS = 180
KINDS: dict[str, type[BaseModel]] = dict(
    zip(SHEETS, (FactSheet, FactSheet, CompetitorSheet, ObjectionSheet), strict=True)
)


class Finding(BaseModel):
    """One thing to mend, where it stands, and the fact it is about, where it is about one."""

    file: str
    line: int
    level: Level
    fact: str | None = None
    sentence: str


class PackCheck(BaseModel):
    """All that was found, in the order of files and lines, and how much was looked at."""

    findings: list[Finding]
    pages: int
    facts: int
    asks: int
    wrong: int

    def count(self, level: Level) -> int:
        return sum(found.level == level for found in self.findings)


def check_pack(directory: Path, docs: DocsWords | None, today: date) -> PackCheck:
    """Check every file; with `docs` also against the documentation's own words.

    Raises UnusableKnowledge where there is no pack at all.
    """
    return _Check(directory, docs, today).run()


class _Check:
    def __init__(self, directory: Path, docs: DocsWords | None, today: date) -> None:
        self._directory, self._docs, self._today = directory, docs, today
        self._found: list[Finding] = []
        self._count: Counter[str] = Counter()
        self._ids: dict[str, SourcedFact | PageFact] = {}
        self._asks: dict[str, str] = {}
        self._pages: set[str] = set()
        self._disputes: list[tuple[PackFile, Place, str, str]] = []

    def run(self) -> PackCheck:
        for name, content in read_files(self._directory).items():
            self._file(name, PackFile(self._directory / name, content))
        for file, place, fact, target in self._disputes:
            if page_path(target) not in self._pages:
                self._say(file, place, "error", fact, f"conflicts_with names {target}, which has no digest.")
        if self._docs:
            for path in self._docs.undigested(self._pages):
                missing = PackFile(self._directory / f"pages{path}.yaml", b"")
                self._say(
                    missing, (), "warning", None, f"the page {SITE}{path} has no digest; write this file."
                )
        self._whole()
        return PackCheck(
            findings=self._found, **{each: self._count[each] for each in ("pages", "facts", "asks", "wrong")}
        )

    def _whole(self) -> None:
        """What only the whole pack can show, such as an answer that names no fact."""
        if any(found.level == "error" for found in self._found):
            return
        try:
            read_pack(self._directory)
        except UnusableKnowledge as refused:
            place, _, sentence = str(refused).partition(": ")
            file, _, line = place.rpartition(":")
            self._found.append(Finding(file=file, line=int(line), level="error", sentence=sentence))

    def _file(self, name: str, file: PackFile) -> None:
        sheet = file.parse(Rubric if is_rubric(name) else KINDS.get(name, PageSheet))
        if isinstance(sheet, list):
            self._found += [_finding(file, flaw, "error", None) for flaw in sheet]
        elif isinstance(sheet, PageSheet):
            self._page(name, file, sheet)
        elif isinstance(sheet, FactSheet):
            self._sourced(file, sheet.facts, ("facts",), SHELF_DAYS[name])
        elif isinstance(sheet, CompetitorSheet):
            self._rivals(file, sheet)
        elif isinstance(sheet, ObjectionSheet):
            self._objections(file, sheet)
        elif isinstance(sheet, Rubric) and sheet.as_of > self._today:
            self._say(file, ("as_of",), "error", None, "this date is still to come.")

    def _page(self, name: str, file: PackFile, sheet: PageSheet) -> None:
        self._count["pages"] += 1
        self._pages.add(page_path(sheet.page))
        where = page_path(name.removeprefix("pages").removesuffix(".yaml"))
        if sheet.page.startswith(SITE) and page_path(sheet.page) != where:
            self._say(
                file,
                ("page",),
                "error",
                None,
                f"this file's place says {SITE}{where}; put it where its page is.",
            )
        if sheet.as_of > self._today:
            self._say(file, ("as_of",), "error", None, "this date is still to come.")
        self._age(file, ("as_of",), None, sheet.as_of, PAGE_SHELF_DAYS)
        page = self._docs.page(sheet.page) if self._docs else None
        if self._docs and page is None:
            self._say(file, ("page",), "error", None, f"the documentation has no page {sheet.page}.")
        for at, fact in enumerate(sheet.facts):
            self._page_fact(file, ("facts", at), fact, page)

    def _page_fact(self, file: PackFile, at: Place, fact: PageFact, page: DocsPage | None) -> None:
        self._id(file, at, fact)
        self._count["asks"] += len(fact.asks)
        self._count["wrong"] += len(fact.wrong)
        if len(fact.terms) not in TERMS:
            self._say(file, (*at, "terms"), "error", fact.id, f"{len(fact.terms)} terms; give 2 to 6.")
        if len(fact.asks) < LEAST_ASKS:
            self._say(
                file, (*at, "asks"), "warning", fact.id, f"{len(fact.asks)} asks; give {LEAST_ASKS} or more."
            )
        if not fact.wrong:
            self._say(
                file, (*at, "wrong"), "warning", fact.id, "no wrong version; what might a rep get wrong?"
            )
        if fact.conflicts_with:
            self._disputes.append((file, (*at, "conflicts_with"), fact.id, fact.conflicts_with))
        for nth, ask in enumerate(fact.asks):
            self._once(file, (*at, "asks", nth), fact.id, ask)
        self._own_words(file, fact.id, _words_of(at, fact))
        if page:
            self._on_page(file, at, fact, page)

    def _on_page(self, file: PackFile, at: Place, fact: PageFact, page: DocsPage) -> None:
        for nth, term in enumerate(fact.terms):
            if not page.holds(term):
                self._say(
                    file, (*at, "terms", nth), "error", fact.id, f"the term “{term}” is not on the page."
                )
        if not page.has_heading(fact.section):
            self._say(file, (*at, "section"), "error", fact.id, f"the page has no heading “{fact.section}”.")

    def _sourced(self, file: PackFile, facts: Iterable[SourcedFact], at: Place, shelf_days: int) -> None:
        for nth, fact in enumerate(facts):
            place = (*at, nth)
            self._id(file, place, fact)
            self._count["asks"] += len(fact.asks)
            self._count["wrong"] += len(fact.wrong_claims)
            for n, ask in enumerate(fact.asks):
                self._once(file, (*place, "asks", n), fact.id, ask)
            if not fact.public_url and fact.confidence == "high":
                why = "a source without a public address cannot make a fact sure; set confidence: low."
                self._say(file, (*place, "confidence"), "error", fact.id, why)
            if fact.known and fact.known > self._today:
                self._say(file, (*place, "as_of"), "error", fact.id, "this date is still to come.")
            if not fact.status:
                self._age(file, (*place, "as_of"), fact.id, fact.known, shelf_days)
            own = [((*place, "statement"), fact.statement)]
            own += [((*place, "asks", n), ask) for n, ask in enumerate(fact.asks)]
            own += [((*place, "wrong_claims", n), claim) for n, claim in enumerate(fact.wrong_claims)]
            self._own_words(file, fact.id, own)

    def _rivals(self, file: PackFile, sheet: CompetitorSheet) -> None:
        shelf_days = SHELF_DAYS["competitors.yaml"]
        for at, rival in enumerate(sheet.competitors):
            self._sourced(file, rival.facts, ("competitors", at, "facts"), shelf_days)
        self._sourced(file, sheet.airflow_migration.mapping, ("airflow_migration", "mapping"), shelf_days)
        heard: dict[str, str] = {}
        for term, mishearings in sheet.speech_to_text.terms.items():
            for nth, words in enumerate(mishearings):
                other = heard.setdefault(_plain(words), term)
                if other != term:
                    place = ("speech_to_text", "terms", term, nth)
                    self._say(file, place, "error", None, f"“{words}” is already heard as {other}.")

    def _objections(self, file: PackFile, sheet: ObjectionSheet) -> None:
        for at, guide in enumerate(sheet.objections):
            for nth, words in enumerate(guide.utterances):
                self._once(file, ("objections", at, "utterances", nth), guide.id, words)

    def _id(self, file: PackFile, at: Place, fact: SourcedFact | PageFact) -> None:
        if not ID.fullmatch(fact.id):
            why = "an id is words and a number of two digits, in small letters, such as concepts-workers-04."
            self._say(file, (*at, "id"), "error", fact.id, why)
        # YAML's anchors may put one fact about two products; it is still one fact.
        first = self._ids.setdefault(fact.id, fact)
        if first is fact:
            self._count["facts"] += 1
        elif first != fact:
            self._say(file, (*at, "id"), "error", fact.id, "another fact has this id; give this one its own.")

    def _once(self, file: PackFile, place: Place, fact: str, words: str) -> None:
        other = self._asks.setdefault(_plain(words), fact)
        if other != fact:
            self._say(
                file,
                place,
                "warning",
                fact,
                f"“{words}” stands at {other} too; nobody can tell which is meant.",
            )
        elif self._count[f"{fact}: {_plain(words)}"]:
            self._say(file, place, "warning", fact, f"“{words}” stands here twice.")
        self._count[f"{fact}: {_plain(words)}"] += 1

    def _own_words(self, file: PackFile, fact: str, texts: Iterable[tuple[Place, str]]) -> None:
        for place, text in texts if self._docs else ():
            if self._docs and (copied := self._docs.shared(text)):
                self._say(
                    file,
                    place,
                    "error",
                    fact,
                    f"“{copied}” is the documentation's wording; say it in your own.",
                )

    def _age(
        self, file: PackFile, place: Place, fact: str | None, known: date | None, shelf_days: int
    ) -> None:
        if known is None:
            self._say(file, place, "age", fact, "no date is known; look it up and set `checked`.")
        elif (days := (self._today - known).days) > shelf_days:
            prices = " It accuses nobody any more." if shelf_days == PRICES_ACCUSE_DAYS else ""
            why = f"{days} days old, kept for {shelf_days}; read the source again and set `checked`.{prices}"
            self._say(file, place, "age", fact, why)

    def _say(self, file: PackFile, place: Place, level: Level, fact: str | None, sentence: str) -> None:
        line = file.line_of(place) if file.content else 1
        self._found.append(_finding(file, Flaw(line, sentence), level, fact))


def _finding(file: PackFile, flaw: Flaw, level: Level, fact: str | None) -> Finding:
    return Finding(file=str(file.path), line=flaw.line, level=level, fact=fact, sentence=flaw.sentence)


def _words_of(at: Place, fact: PageFact) -> Iterator[tuple[Place, str]]:
    """All that is written of a fact, and where."""
    yield (*at, "statement"), fact.statement
    for nth, ask in enumerate(fact.asks):
        yield (*at, "asks", nth), ask
    for nth, wrong in enumerate(fact.wrong):
        yield (*at, "wrong", nth, "claim"), wrong.claim
        if wrong.why:
            yield (*at, "wrong", nth, "why"), wrong.why


def _plain(words: str) -> str:
    return " ".join(re.findall(r"\w+", words.lower()))
