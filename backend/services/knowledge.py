"""Product knowledge for the engine: the pack finds, prefect-mcp answers, the local snapshot stands in."""

from __future__ import annotations

import asyncio
import hashlib
import json
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache, partial
from typing import NamedTuple, Self
from weakref import WeakKeyDictionary

from backend.errors import KnowledgeUnavailable
from backend.facts import (
    Came,
    DocQuery,
    Fact,
    FactMatch,
    KnowledgeStatus,
    LookUps,
    Passage,
    PassageMatch,
)
from backend.services.cache_counts import CacheStats
from backend.services.doc_cache import Answer as CacheAnswer
from backend.services.doc_cache import DocCache, DocKey, normalised
from backend.services.docs_snapshot import Snapshot
from backend.services.fact_drift import FactCheck
from backend.services.look_up_times import LookUpTimes
from backend.services.patience import Patience
from backend.services.prefect_mcp import SEARCH, DocHit, PrefectMCP, PrefectMCPState
from backend.settings import PUBLIC_DOCS_MCP_URL, Settings

HITS_PER_QUERY = 5
ASKED_AT_ONCE = 8
"""Look-ups sent to the docs server at a time. The time of the others begins when their turn comes: one that
only stood in a queue would else count as a failure of the docs server's."""
RECALLED_AT_ONCE = 25
"""Answers read from the shelf between two turns of the event loop: some milliseconds' work."""

# How the answering server names itself in `namespace`, and what a reader of the report is told.
OWN_SERVERS = {
    "call-coach-docs": "Call Coach's own docs server (a synced copy of Prefect's documentation)",
    "call-coach-pack": "Call Coach's own docs server (the knowledge pack)",
}

Answer = CacheAnswer[list[DocHit]]


class _Read(NamedTuple):
    """An answer's passages, each once, and who answered."""

    passages: list[Passage]
    sources: tuple[str, ...]


class ProductKnowledge:
    """Facts from the local pack; their passages from prefect-mcp through the cache, else from the snapshot.

    `client` is None when prefect-mcp is switched off. `docs_server` and `way` say to a reader who is asked
    and how, `identity` says it to the cache. `at_once` look-ups are sent at a time. `wait_s` is the most one
    batch of look-ups may take altogether, `stall_s` the most it waits while none of them is answered.
    `idle` is set while no caller waits for a look-up, `times` is how long callers waited.
    """

    def __init__(
        self,
        snapshot: Snapshot,
        client: PrefectMCP | None,
        cache: DocCache[list[DocHit]],
        *,
        docs_server: str,
        wait_s: float,
        stall_s: float,
        identity: str = "",
        way: str = ", by way of prefect-mcp",
        at_once: int = ASKED_AT_ONCE,
    ) -> None:
        self._snapshot = snapshot
        self._check = FactCheck(snapshot)
        self._client = client
        self._cache = cache
        self._docs_server = docs_server
        self._wait_s = wait_s
        self._patience = Patience(client, wait_s=wait_s, stall_s=stall_s) if client else None
        self._identity = identity or docs_server
        self._way = way
        self._shape = _shape()
        self._schema_note = DocKey(self._identity, "", SEARCH, "", 0)
        self._noted_schema: str | None = None
        self._key = lru_cache(4096)(self._key_of)
        self._read: WeakKeyDictionary[Answer, _Read] = WeakKeyDictionary()
        self._turns = asyncio.Semaphore(at_once)
        self._waiting = 0
        self.times = LookUpTimes()
        self.idle = asyncio.Event()
        self.idle.set()

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        snapshot: Snapshot,
        client: PrefectMCP | None,
        cache: DocCache[list[DocHit]],
    ) -> Self:
        name, identity = _who(settings)
        return cls(
            snapshot,
            client,
            cache,
            docs_server=name,
            identity=identity,
            way="" if settings.prefect_mcp_transport == "docs" else ", by way of prefect-mcp",
            wait_s=settings.coach_look_up_seconds,
            stall_s=settings.coach_look_up_stall_seconds,
            at_once=ASKED_AT_ONCE * settings.prefect_mcp_pool,
        )

    @property
    def fingerprint(self) -> str:
        return "\0".join((self._snapshot.fingerprint, self._identity if self._client else "no prefect-mcp"))

    @property
    def live(self) -> bool:
        now = self.server
        return now.state == "up" and now.docs_tools and now.circuit != "open"

    async def ready(self, within: float) -> bool:
        """Whether prefect-mcp answers, waiting for it up to `within` seconds."""
        return self._client is not None and await self._client.ready(within)

    @property
    def server(self) -> PrefectMCPState:
        """How prefect-mcp is doing; "off" where it is switched off."""
        return self._client.state if self._client else PrefectMCPState()

    @property
    def cache_stats(self) -> CacheStats:
        return self._cache.stats

    def match(self, words: str, k: int, before: Sequence[str] = ()) -> list[FactMatch]:
        return self._check.doubted(self._snapshot.match(words, k, before))

    def rank(
        self,
        words: str,
        matches: Sequence[FactMatch],
        brought: Iterable[Passage] = (),
        before: Sequence[str] = (),
    ) -> list[PassageMatch]:
        return self._snapshot.rank(words, matches, brought, before)

    def own_sections(self, facts: Sequence[Fact], brought: Iterable[Passage] = ()) -> list[Passage]:
        return self._snapshot.own_sections(facts, brought)

    def answers(self, guide: str) -> list[Fact]:
        wanted = next((one for one in self._snapshot.pack.objections if one.id == guide), None)
        return self._snapshot.facts(list(wanted.answer_facts)) if wanted else []

    def positions(self, competitor: str) -> list[Passage]:
        return self._snapshot.positions(competitor)

    def passage(self, fact: Fact) -> Passage:
        return self._snapshot.passage(fact)

    async def look_up(self, queries: list[DocQuery], came: Came | None = None) -> LookUps:
        """Passages for each query's fact, in time. Equal queries are one look-up."""
        begun = time.perf_counter()
        schema = await self._schema()
        keyed = [(self._key(query.text, schema), query) for query in queries]
        texts = {key: query.text for key, query in keyed}
        answers, trouble = await self._ask(texts, came or _unheard) if self._client else ({}, None)
        read = {key: self._passages(answer) for key, answer in answers.items()}
        missing = [query for key, query in keyed if key not in read]
        passages = {query.fact_id: read[key].passages for key, query in keyed if key in read}
        sources = dict.fromkeys(source for each in read.values() for source in each.sources)
        if missing:
            stand_in = await asyncio.to_thread(self._from_snapshot, missing)
            sources |= dict.fromkeys(one.origin for each in stand_in.values() for one in each)
            passages |= stand_in
        status = _status(answers.values(), missing)
        return LookUps(
            passages=_same_passage_once(passages),
            status=status,
            read_at=min(
                [answer.read_at for answer in answers.values()]
                + ([self._snapshot.read_at] if missing or not queries else [])
            ),
            sources=list(sources),
            look_ups=len(texts),
            cache_hits=sum(answer.outcome in {"hit", "stale"} for answer in answers.values()),
            failed=len(texts) - len(answers) if self._client else 0,
            ms=round((time.perf_counter() - begun) * 1000, 1),
            warnings=[_warning(status, trouble)] if self._client and missing else [],
        )

    # -- ahead of the asking

    async def due(self, queries: Iterable[DocQuery]) -> list[DocQuery]:
        """Those whose answers are missing or will soon be past their time, the most used first."""
        schema = await self._schema()
        by_key = {self._key(query.text, schema): query for query in queries}
        due = [key for key in by_key if not self._cache.due_in(key)]
        for start in range(0, len(due), RECALLED_AT_ONCE):
            await self._cache.recall(due[start : start + RECALLED_AT_ONCE])
        due = [key for key in due if not self._cache.due_in(key)]
        uses = await self._cache.uses() if due else {}
        return [by_key[key] for key in sorted(due, key=lambda key: -uses.get(key.id, 0))]

    async def warm(self, query: DocQuery) -> bool:
        """Look a query up before anyone asks. Whether the docs server was asked. KnowledgeUnavailable."""
        key = self._key(query.text, await self._schema())
        return await self._cache.warm(key, partial(self._search, query.text))

    # -- asking

    async def _ask(
        self, texts: Mapping[DocKey, str], came: Came
    ) -> tuple[dict[DocKey, Answer], KnowledgeUnavailable | None]:
        """What the cache holds or prefect-mcp answered in time, and the first trouble met."""
        answers = self._at_once(texts)
        if len(answers) < len(texts):
            await self._cache.recall(key for key in texts if key not in answers)
            answers |= self._at_once({key: text for key, text in texts.items() if key not in answers})
        missing = {key: text for key, text in texts.items() if key not in answers}
        came(len(answers), len(texts))
        if not missing:
            return answers, None
        assert self._patience is not None
        self._waiting += 1
        self.idle.clear()
        try:
            asked = {asyncio.create_task(self._answer(key, text)): key for key, text in missing.items()}
            brought, trouble = await self._patience.gather(
                asked, lambda left: came(len(texts) - left, len(texts))
            )
        finally:
            self._waiting -= 1
            if not self._waiting:
                self.idle.set()
        return answers | brought, trouble

    async def _answer(self, key: DocKey, text: str) -> Answer:
        assert self._client is not None
        if not key.schema and await self._client.ready(self._wait_s):  # a server that was never met
            key = self._key(text, await self._schema())
        with self.times.waiting(key.tool) as came:
            answer = await self._cache.answer(key, partial(self._search, text))
            came.append(answer.outcome)
        return answer

    def _at_once(self, texts: Mapping[DocKey, str]) -> dict[DocKey, Answer]:
        begun = time.perf_counter()
        answers = {
            key: held
            for key, text in texts.items()
            if (held := self._cache.at_once(key, partial(self._search, text)))
        }
        outcomes = [answer.outcome for answer in answers.values()]
        self.times.at_once(SEARCH, outcomes, time.perf_counter() - begun)
        return answers

    async def _search(self, text: str) -> list[DocHit]:
        assert self._client is not None
        async with self._turns:
            hits = await self._client.search_docs(text, top_k=HITS_PER_QUERY, timeout=self._wait_s)
        if schema := self._client.schema(SEARCH):
            self._cache.note(self._schema_note, schema)
        return hits

    async def _schema(self) -> str:
        """What the docs tool takes and answers: as it is listed, and until it is, as the cache's shelf knows
        it from an earlier run, so that its answers are found also without a connection. "" if never met."""
        listed = self._client.schema(SEARCH) if self._client else ""
        if listed is not None:
            return listed
        if self._noted_schema is None:
            self._noted_schema = await self._cache.noted(self._schema_note) or ""
        return self._noted_schema

    def _key_of(self, text: str, schema: str) -> DocKey:
        schema = schema and f"{schema} {self._shape}"
        return DocKey(self._identity, schema, SEARCH, normalised(text), HITS_PER_QUERY)

    def _passages(self, answer: Answer) -> _Read:
        """An answer's passages, made once for as long as the cache holds the answer."""
        read = self._read.get(answer)
        if read is None:
            passages = [self._passage_of(hit, answer) for hit in answer.value]
            once = {passage.id: passage for passage in passages}
            sources = dict.fromkeys(passage.origin + self._way for passage in passages)
            read = self._read[answer] = _Read(list(once.values()), tuple(sources))
        return read

    def _passage_of(self, hit: DocHit, answer: Answer) -> Passage:
        return Passage(
            id="d-" + hashlib.sha256(f"{hit.url}\0{hit.text}".encode()).hexdigest()[:16],
            url=hit.url,
            title=hit.title or hit.url or "Prefect documentation",
            text=hit.text,
            read_at=hit.read_at or answer.read_at,
            source="prefect-mcp",
            origin=OWN_SERVERS.get(hit.namespace, self._docs_server),
        )

    def _from_snapshot(self, queries: Iterable[DocQuery]) -> dict[str, list[Passage]]:
        return {query.fact_id: self._snapshot.passages(query.fact_id, HITS_PER_QUERY) for query in queries}


def kept_here(snapshot: Snapshot) -> ProductKnowledge:
    """What is kept on this machine and nothing else: no docs server is asked."""
    cache = DocCache(list[DocHit], fresh_s=1)
    return ProductKnowledge(snapshot, None, cache, docs_server="", wait_s=0, stall_s=0)


def _who(settings: Settings) -> tuple[str, str]:
    """Who is asked: in words for a reader, and by an address for the cache."""
    docs, there = settings.prefect_docs_mcp_url, settings.prefect_mcp_url
    if there and settings.prefect_mcp_transport in {"http", "sse"}:
        return f"the docs server of the prefect-mcp at {there.host}:{there.port}", str(there)
    if docs:
        return f"the docs server at {docs.host}:{docs.port}", str(docs)
    return "Prefect's docs server", PUBLIC_DOCS_MCP_URL


def _shape() -> str:
    """Changes with what is kept of an answer."""
    shape = json.dumps(DocHit.model_json_schema(), sort_keys=True)
    return hashlib.sha256(shape.encode()).hexdigest()[:16]


def _same_passage_once(passages: dict[str, list[Passage]]) -> dict[str, list[Passage]]:
    """One passage read twice, by two queries, is the one read last: a report cites it with one time."""
    newest: dict[str, Passage] = {}
    differ = False
    for each in passages.values():
        for one in each:
            known = newest.setdefault(one.id, one)
            if known is not one and known.read_at != one.read_at:
                differ = True
                if known.read_at < one.read_at:
                    newest[one.id] = one
    if not differ:
        return passages
    return {fact: [newest[one.id] for one in each] for fact, each in passages.items()}


def _unheard(settled: int, of: int) -> None:
    """Nobody wants to know how the look-ups go."""


def _status(answers: Collection[Answer], missing: list[DocQuery]) -> KnowledgeStatus:
    if not answers:
        return "snapshot"
    if missing:
        return "degraded"
    return "stale" if any(answer.outcome == "stale" for answer in answers) else "fresh"


def _warning(status: KnowledgeStatus, trouble: KnowledgeUnavailable | None) -> str:
    why = str(trouble) if trouble else "The docs server did not answer in time."
    much = "The docs could not be asked" if status == "snapshot" else "Some docs look-ups failed"
    return f"{much}, so what is kept on this machine answered instead. {why}"
