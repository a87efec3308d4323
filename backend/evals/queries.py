"""Search measured: labelled queries through every way to find pages, labelled claims through the product's.

`rankers` are the ablation, from the pages' text to what the product does. Of a claim is asked whether a fact
of a gold page is among the first, and whether the settling words are in what an analyst is given to read.
"""

from __future__ import annotations

import asyncio
import math
import re
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from statistics import fmean, quantiles
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from backend.analysis.finding import Asked, asked_at, match, rank, readable, search
from backend.errors import UnreadableLabels
from backend.evals.intervals import Interval, bootstrap
from backend.evals.labels import LabelledCall, Page
from backend.evals.spans import Line
from backend.facts import Fact, LookUps
from backend.services.bm25 import Bm25
from backend.services.docs_snapshot import Meaning, Snapshot
from backend.services.fact_ranking import FactRanking, spoken_query
from backend.services.knowledge import kept_here
from backend.services.search_index import any_of, meaning_words
from backend.services.stems import counted_stems
from backend.services.synced_docs import Section, SyncedDocs, page_path

PAGES_RANKED = 20
MOST_PASSAGES = 20
FACTS_READ = 12
FIRST_FACTS = 3
PLAIN = "sections in plain FTS5"
PRODUCT = "the product"
SEMANTIC = "the product, with meaning"

Ranker = Callable[[str], list[str]]
"""Words as spoken to the paths of pages, best first."""


class LabelledQuery(BaseModel):
    """What somebody might say, and the pages that answer it; none where the documentation does not."""

    model_config = ConfigDict(extra="ignore")

    id: str
    query: str = Field(min_length=1)
    gold_urls: list[Page] = Field(default_factory=list)
    gold_quote: str | None = None


class Moment(NamedTuple):
    """Words to be found something for, with the pages and the words that settle them."""

    asked: Asked
    pages: frozenset[str]
    quote: str | None


class Speed(BaseModel):
    """Of one moment, in milliseconds of one core: what else the machine does is not in it."""

    p50: float
    p99: float


class RankerResult(BaseModel):
    """How well one way to search ranks pages; a hit at n is a gold page among the first n."""

    name: str
    hit_at_1: Interval
    hit_at_3: Interval
    hit_at_5: Interval
    hit_at_20: Interval
    ndcg_at_5: Interval
    mrr: Interval
    ms: Speed


class MomentsResult(BaseModel):
    """How the product meets moments. `first_facts` and `facts` have a fact of a gold page among the first 3
    and 12; `settled` have the gold words in what is read, `words` of it on average."""

    name: str
    first_facts: Interval
    facts: Interval
    settled: Interval | None
    words: float
    ms: Speed


class Cost(BaseModel):
    """Of a process that opens the index and searches once: seconds to its first answers, and megabytes."""

    open_s: float
    first_search_s: float
    memory_mb: float


class QueriesResult(BaseModel):
    facts: int
    synced_pages: int
    rankers: list[RankerResult]
    moments: list[MomentsResult]
    cost: Cost


def run(
    snapshot: Snapshot,
    data_dir: Path,
    knowledge_dir: Path,
    queries: Sequence[LabelledQuery],
    calls: Sequence[LabelledCall] = (),
    meaning: Meaning | None = None,
) -> QueriesResult:
    """All of it. The documentation must be synced into `data_dir`, else UnreadableLabels."""
    with closing(SyncedDocs(data_dir)) as docs:
        sections = docs.sections()
    asked = [_moment(query) for query in queries if query.gold_urls]
    if not sections or not asked:
        raise UnreadableLabels(
            "Nothing can be measured without "
            + ("a query that names a gold page." if sections else "a synced copy: call-coach docs sync.")
        )
    ranked = [_ranked(name, way, asked) for name, way in rankers(snapshot, sections).items()]
    met = [_met(snapshot, "queries", asked)]
    if claims := [moment for call in calls for moment in claim_moments(call)]:
        met.append(_met(snapshot, "claims", claims))
    if meaning:
        snapshot.meaning = meaning
        ranked.append(_ranked(SEMANTIC, _product(snapshot), asked))
        met.append(_met(snapshot, "queries, with meaning", asked))
        met += [_met(snapshot, "claims, with meaning", claims)] if claims else []
    return QueriesResult(
        facts=len(snapshot.pack.facts),
        synced_pages=len({section.page for section in sections}),
        rankers=ranked,
        moments=met,
        cost=cost(data_dir, knowledge_dir),
    )


def by_meaning(snapshot: Snapshot, data_dir: Path) -> Meaning:
    """The search by meaning. Raises UnusableKnowledge where no model is installed."""
    # numpy and its model are an extra that most installations do without.
    from backend.services.fact_vectors import FactVectors
    from backend.services.sentence_encoder import SentenceEncoder

    return FactVectors.build(data_dir, snapshot.pack.facts, SentenceEncoder.open())


# -- ways to rank pages


def rankers(snapshot: Snapshot, sections: Sequence[Section]) -> dict[str, Ranker]:
    """From the documentation's text alone to all that the product does."""
    facts, hear = snapshot.pack.facts, snapshot.pack.hear
    of_page: dict[str, list[str]] = defaultdict(list)
    for section in sections:
        of_page[section.page].append(section.passage.text)
    of_facts = [page_path(fact.url or "") for fact in facts]
    of_sections = [section.page for section in sections]

    def over(texts: Iterable[str], pages: Sequence[str]) -> Ranker:
        index = Bm25.over([counted_stems(text) for text in texts])
        return lambda said: best_pages(index.scores(spoken_query(hear(said))), pages)

    whole = FactRanking.over(facts)
    return {
        PLAIN: _plain(sections),
        "page text": over(("\n".join(texts) for texts in of_page.values()), list(of_page)),
        "section text": over((_text(section) for section in sections), of_sections),
        "facts": over(map(_stated, facts), of_facts),
        "+ asks": over((f"{_stated(fact)}\n{_lines(fact.asks)}" for fact in facts), of_facts),
        "+ wrong versions": over(
            (f"{_stated(fact)}\n{_lines(fact.asks)}\n{_wrong(fact)}" for fact in facts), of_facts
        ),
        "+ page and neighbours": lambda said: best_pages(whole.scores(spoken_query(hear(said))), of_facts),
        PRODUCT: _product(snapshot),
    }


def _product(snapshot: Snapshot) -> Ranker:
    """The pages of the passages that a search answers, in their order."""
    knowledge = kept_here(snapshot)

    def way(said: str) -> list[str]:
        found = asyncio.run(search(knowledge, said, MOST_PASSAGES))
        return list(dict.fromkeys(page_path(one.passage.url or "") for one in found))

    return way


def _plain(sections: Sequence[Section]) -> Ranker:
    """What SQLite does by itself: the floor, and the measure of speed."""
    index = sqlite3.connect(":memory:", check_same_thread=False)
    index.execute("CREATE VIRTUAL TABLE sections USING fts5 (text, tokenize = 'porter unicode61')")
    rows = ((nth, _text(section)) for nth, section in enumerate(sections))
    index.executemany("INSERT INTO sections (rowid, text) VALUES (?, ?)", rows)
    best = "SELECT rowid FROM sections WHERE sections MATCH ? ORDER BY rank LIMIT 100"
    return lambda said: list(
        dict.fromkeys(sections[row].page for (row,) in index.execute(best, (any_of(meaning_words(said)),)))
    )


def best_pages(scores: Sequence[float], pages: Sequence[str]) -> list[str]:
    order = sorted((at for at, score in enumerate(scores) if score > 0), key=lambda at: -scores[at])
    return list(dict.fromkeys(pages[at] for at in order if pages[at] != "/"))


def _ranked(name: str, way: Ranker, moments: Sequence[Moment]) -> RankerResult:
    found, taken = [], []
    for moment in moments:
        begun = time.process_time()
        found.append(way(moment.asked.words)[:PAGES_RANKED])
        taken.append(time.process_time() - begun)
    first = [first_place(pages, moment.pages) for pages, moment in zip(found, moments, strict=True)]

    def hit(n: int) -> Interval:
        return bootstrap([float(place < n) for place in first])

    gains = [ndcg(pages[:5], moment.pages) for pages, moment in zip(found, moments, strict=True)]
    return RankerResult(
        name=name,
        hit_at_1=hit(1),
        hit_at_3=hit(3),
        hit_at_5=hit(5),
        hit_at_20=hit(20),
        ndcg_at_5=bootstrap(gains),
        mrr=bootstrap([1 / (place + 1) for place in first]),
        ms=_speed(taken),
    )


def first_place(pages: Sequence[str], gold: frozenset[str]) -> float:
    """The place of the first gold page, counted from 0; infinity where there is none."""
    return next((float(at) for at, page in enumerate(pages) if page in gold), math.inf)


def ndcg(pages: Sequence[str], gold: frozenset[str]) -> float:
    gain = sum(1 / math.log2(at + 2) for at, page in enumerate(pages) if page in gold)
    return gain / sum(1 / math.log2(at + 2) for at in range(min(5, len(gold))))


# -- moments as an analysis meets them


def claim_moments(call: LabelledCall) -> list[Moment]:
    """The checkable claims of a call, each with what was said before it."""
    line = Line(call.transcript)
    claims = [claim for claim in call.labels.claims if claim.checkable]
    moments = []
    for claim, span in zip(claims, line.place(claims), strict=True):
        if span is not None:
            asked = asked_at(line.quote(span), claim.quote, call.transcript.turns)
            moments.append(Moment(asked, frozenset(map(page_path, claim.gold_urls)), claim.gold_quote))
    return moments


def _moment(query: LabelledQuery) -> Moment:
    return Moment(Asked(query.query), frozenset(map(page_path, query.gold_urls)), query.gold_quote)


def _met(snapshot: Snapshot, name: str, moments: Sequence[Moment]) -> MomentsResult:
    """Without a docs server: what is kept here has to be enough."""
    knowledge = kept_here(snapshot)
    first, among, settled, words, taken = [], [], [], [], []
    for moment in moments:
        begun = time.process_time()
        matches = match(knowledge, moment.asked)
        passages = readable(rank(knowledge, moment.asked, matches, LookUps()))
        taken.append(time.process_time() - begun)
        facts = [one.fact for one in matches[:FACTS_READ]]
        of_gold = [page_path(fact.url or "") in moment.pages for fact in facts]
        first.append(float(any(of_gold[:FIRST_FACTS])))
        among.append(float(any(of_gold)))
        read = " ".join([*(one.text for one in passages), *(fact.statement for fact in facts)])
        words.append(len(read.split()))
        if moment.quote:
            settled.append(float(_plain_words(moment.quote) in _plain_words(read)))
    return MomentsResult(
        name=name,
        first_facts=bootstrap(first),
        facts=bootstrap(among),
        settled=bootstrap(settled) if settled else None,
        words=round(fmean(words)),
        ms=_speed(taken),
    )


def _plain_words(text: str) -> str:
    """The words alone: labels quote the page as it is shown, the copy holds its Markdown."""
    return f" {' '.join(re.findall(r'[a-z0-9]+', text.lower()))} "


# -- what it costs

_FRESH = """
import resource, sys, time
from pathlib import Path
from backend.services.docs_snapshot import Snapshot
begun = time.perf_counter()
snapshot = Snapshot.open(Path(sys.argv[1]), Path(sys.argv[2]))
opened = time.perf_counter()
snapshot.rank("a worker polls", snapshot.match("a worker polls", 40))
done = time.perf_counter()
status = Path("/proc/self/status")  # where there is one: the other figure starts at what the parent had
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1024 if sys.platform == "linux" else 1024**2)
if status.exists():
    peak = next(int(line.split()[1]) for line in status.read_text().splitlines() if "VmHWM" in line) / 1024
print(opened - begun, done - opened, peak)
"""


def cost(data_dir: Path, knowledge_dir: Path) -> Cost:
    """Measured in a process of its own, which nothing else has made larger or warmer."""
    command = [sys.executable, "-c", _FRESH, str(data_dir), str(knowledge_dir)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()  # noqa: S603 - ours
    return Cost(
        open_s=round(float(told[0]), 3),
        first_search_s=round(float(told[1]), 3),
        memory_mb=round(float(told[2]), 1),
    )


def _speed(seconds: Sequence[float]) -> Speed:
    cuts = quantiles(seconds, n=100) if len(seconds) > 1 else [seconds[0]] * 99
    return Speed(p50=round(cuts[49] * 1000, 2), p99=round(cuts[98] * 1000, 2))


def _text(section: Section) -> str:
    return "\n".join((section.passage.title, section.passage.section, section.passage.text))


def _stated(fact: Fact) -> str:
    return "\n".join((fact.statement, fact.title, fact.section, *fact.terms))


def _lines(lines: Iterable[str]) -> str:
    return "\n".join(lines)


def _wrong(fact: Fact) -> str:
    return _lines(version.claim for version in fact.wrong)
