"""Product knowledge for the engine: the pack finds, prefect-mcp answers, the local snapshot stands in."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Iterable
from typing import Self

from backend.errors import KnowledgeUnavailable
from backend.facts import DocQuery, Fact, FactMatch, KnowledgeStatus, LookUps, Passage
from backend.services.doc_cache import Answer as CacheAnswer
from backend.services.doc_cache import CacheStats, DocCache
from backend.services.docs_snapshot import Snapshot
from backend.services.prefect_mcp import DocHit, PrefectMCP, PrefectMCPState
from backend.settings import Settings

HITS_PER_QUERY = 5

# How the answering server names itself in `namespace`, and what a reader of the report is told.
OWN_SERVERS = {
    "call-coach-docs": "Call Coach's own docs server (a synced copy of Prefect's documentation)",
    "call-coach-pack": "Call Coach's own docs server (the knowledge pack)",
}

Answer = CacheAnswer[list[DocHit]]


class ProductKnowledge:
    """Facts from the local pack; their passages from prefect-mcp through the cache, else from the snapshot.

    `client` is None when prefect-mcp is switched off. `wait_s` is the most one batch of look-ups may take
    altogether, `stall_s` the most it waits while none of them is answered.
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
    ) -> None:
        self._snapshot = snapshot
        self._client = client
        self._cache = cache
        self._docs_server = docs_server
        self._wait_s = wait_s
        self._stall_s = stall_s

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        snapshot: Snapshot,
        client: PrefectMCP | None,
        cache: DocCache[list[DocHit]],
    ) -> Self:
        url = settings.prefect_docs_mcp_url
        return cls(
            snapshot,
            client,
            cache,
            docs_server=f"the docs server at {url.host}:{url.port}" if url else "Prefect's docs server",
            wait_s=settings.coach_look_up_seconds,
            stall_s=settings.coach_look_up_stall_seconds,
        )

    @property
    def fingerprint(self) -> str:
        return "\0".join(
            (self._snapshot.fingerprint, self._docs_server if self._client else "no prefect-mcp")
        )

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

    def match(self, words: str, k: int) -> list[FactMatch]:
        return self._snapshot.match(words, k)

    def answers(self, guide: str) -> list[Fact]:
        wanted = next((one for one in self._snapshot.pack.objections if one.id == guide), None)
        return self._snapshot.facts(list(wanted.answer_facts)) if wanted else []

    def positions(self, competitor: str) -> list[Passage]:
        return self._snapshot.positions(competitor)

    def passage(self, fact: Fact) -> Passage:
        return self._snapshot.passage(fact)

    async def look_up(self, queries: list[DocQuery]) -> LookUps:
        begun = time.perf_counter()
        answers, trouble = await self._ask(queries) if self._client else ({}, None)
        missing = [query for query in queries if query.fact_id not in answers]
        passages = {fact: self._passages(answer) for fact, answer in answers.items()}
        passages |= await asyncio.to_thread(self._from_snapshot, missing)
        _same_passage_once(passages)
        status = _status(answers, missing)
        return LookUps(
            passages=passages,
            status=status,
            read_at=min(
                [answer.read_at for answer in answers.values()]
                + ([self._snapshot.read_at] if missing or not queries else [])
            ),
            sources=_sources(passages),
            look_ups=len(queries),
            cache_hits=sum(answer.outcome in {"hit", "stale"} for answer in answers.values()),
            failed=len(missing) if self._client else 0,
            ms=round((time.perf_counter() - begun) * 1000, 1),
            warnings=[_warning(status, trouble)] if self._client and missing else [],
        )

    async def _ask(self, queries: list[DocQuery]) -> tuple[dict[str, Answer], KnowledgeUnavailable | None]:
        """What prefect-mcp answered in time, by fact id, and the first trouble met.

        A look-up that is not waited for any longer goes on inside the cache, so the next call finds it there.
        """
        deadline = time.monotonic() + self._wait_s
        if self._client and queries and self._client.state.state == "starting":
            await self._client.ready(within=self._wait_s)
        asked = {asyncio.create_task(self._answer(query)): query.fact_id for query in queries}
        answers: dict[str, Answer] = {}
        trouble: KnowledgeUnavailable | None = None
        waiting = set(asked)
        try:
            while waiting:
                patience = min(self._stall_s, deadline - time.monotonic())
                done, waiting = await asyncio.wait(
                    waiting, timeout=max(0, patience), return_when=asyncio.FIRST_COMPLETED
                )
                if not done:
                    break
                for task in done:
                    if isinstance(failure := task.exception(), KnowledgeUnavailable):
                        trouble = trouble or failure
                    else:
                        answers[asked[task]] = task.result()
        finally:
            for task in waiting:
                task.cancel()
            await asyncio.gather(*waiting, return_exceptions=True)
        return answers, trouble

    async def _answer(self, query: DocQuery) -> Answer:
        assert self._client is not None
        client = self._client
        key = (self._docs_server, query.text.casefold(), HITS_PER_QUERY)
        return await self._cache.answer(
            key, lambda: client.search_docs(query.text, top_k=HITS_PER_QUERY, timeout=self._wait_s)
        )

    def _passages(self, answer: Answer) -> list[Passage]:
        return [
            Passage(
                id="d-" + hashlib.sha256(f"{hit.url}\0{hit.text}".encode()).hexdigest()[:16],
                url=hit.url,
                title=hit.title or hit.url or "Prefect documentation",
                text=hit.text,
                read_at=hit.read_at or answer.read_at,
                source="prefect-mcp",
                origin=OWN_SERVERS.get(hit.namespace, self._docs_server),
            )
            for hit in answer.value
        ]

    def _from_snapshot(self, queries: Iterable[DocQuery]) -> dict[str, list[Passage]]:
        return {query.fact_id: self._snapshot.passages(query.fact_id, HITS_PER_QUERY) for query in queries}


def _same_passage_once(passages: dict[str, list[Passage]]) -> None:
    """One passage read twice, by two queries, is the one read last: a report cites it with one time."""
    newest: dict[str, Passage] = {}
    for passage in (one for each in passages.values() for one in each):
        if passage.id not in newest or newest[passage.id].read_at < passage.read_at:
            newest[passage.id] = passage
    for fact, each in passages.items():
        passages[fact] = [newest[one.id] for one in {one.id: one for one in each}.values()]


def _sources(passages: dict[str, list[Passage]]) -> list[str]:
    """Who answered, by way of whom, in the order met."""
    met = (one for each in passages.values() for one in each)
    return list(
        dict.fromkeys(
            f"{one.origin}, by way of prefect-mcp" if one.source == "prefect-mcp" else one.origin
            for one in met
        )
    )


def _status(answers: dict[str, Answer], missing: list[DocQuery]) -> KnowledgeStatus:
    if not answers:
        return "snapshot"
    if missing:
        return "degraded"
    return "stale" if any(answer.outcome == "stale" for answer in answers.values()) else "fresh"


def _warning(status: KnowledgeStatus, trouble: KnowledgeUnavailable | None) -> str:
    why = str(trouble) if trouble else "The docs server did not answer in time."
    much = "The docs could not be asked" if status == "snapshot" else "Some docs look-ups failed"
    return f"{much}, so what is kept on this machine answered instead. {why}"
