"""Asks ahead what analyses will ask, at a polite rate, so that they hardly ever wait for a docs server."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Self
from urllib.parse import urlsplit

import structlog

from backend.errors import KnowledgeUnavailable, QueryRefused
from backend.facts import DocQuery
from backend.services.background import Background
from backend.services.knowledge import ProductKnowledge
from backend.settings import PUBLIC_DOCS_MCP_URL, Settings

POLITE_PER_MINUTE = 60
"""A docs server that is, or may be, Prefect's public one is never asked ahead faster than this."""
LOOK_AGAIN_S = 60
REST_S = 30
LONGEST_REST_S = 900
CHILD_S = 1

log = structlog.get_logger(__name__)


class DocWarmer(Background):
    """Keeps the answers to `queries` in the cache: missing ones first asked, old ones asked again before
    they are past their time, the most used first, at most `per_minute`.

    It waits while a caller waits for a look-up, while prefect-mcp is not up and while its circuit is open,
    and rests longer after each failure. Entering returns at once; leaving cancels it.
    """

    def __init__(
        self, knowledge: ProductKnowledge, queries: Iterable[DocQuery], *, per_minute: float
    ) -> None:
        self._knowledge = knowledge
        self._queries = list(queries)
        self.interval_s = 60 / per_minute

    @classmethod
    def from_settings(
        cls, settings: Settings, knowledge: ProductKnowledge, queries: Iterable[DocQuery]
    ) -> Self | None:
        """None where nothing is to be asked ahead."""
        per_minute = settings.coach_warm_per_minute
        if not settings.prefect_mcp_enabled or not per_minute:
            return None
        if not _is_own(settings):
            per_minute = min(per_minute, POLITE_PER_MINUTE)
        return cls(knowledge, queries, per_minute=per_minute)

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="doc-warmer")
        return self

    async def round(self) -> int:
        """Ask what is due, once. How many answers came from the docs server."""
        asked = 0
        rest_s = REST_S
        for query in await self._knowledge.due(self._queries):
            await self._turn()
            try:
                if await self._knowledge.warm(query):
                    asked += 1
                    await asyncio.sleep(self.interval_s)
                rest_s = REST_S
            except QueryRefused as refused:
                log.warning("doc_warmer.refused", fact=query.fact_id, why=str(refused))
            except KnowledgeUnavailable as failure:
                log.info("doc_warmer.rests", why=str(failure), seconds=rest_s)
                await asyncio.sleep(rest_s)
                rest_s = min(LONGEST_REST_S, 2 * rest_s)
        if asked:
            log.info("doc_warmer.round", asked=asked, of=len(self._queries))
        return asked

    async def _run(self) -> None:
        # The start is for others: whoever analyses one file and leaves has nothing asked ahead.
        await asyncio.sleep(min(10, 10 * self.interval_s))
        while True:
            try:
                await self.round()
            except Exception:  # a flaw in one round must not end the warming
                log.exception("doc_warmer.broke")
            await asyncio.sleep(LOOK_AGAIN_S)

    async def _turn(self) -> None:
        """Wait until nobody else wants the docs server, and it can be asked."""
        while True:
            await self._knowledge.idle.wait()
            server = self._knowledge.server
            if server.state == "up" and server.circuit != "open":
                return
            await asyncio.sleep(CHILD_S)


def _is_own(settings: Settings) -> bool:
    """Whether the docs server is known to be another than Prefect's public one."""
    docs, elsewhere = settings.prefect_docs_mcp_url, settings.prefect_mcp_transport in {"http", "sse"}
    return docs is not None and not elsewhere and docs.host != urlsplit(PUBLIC_DOCS_MCP_URL).hostname
