"""The house, built once: store, knowledge, analysts and the engine, opened and closed together."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, asynccontextmanager, closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from backend.analysis.analyst import Analyst
from backend.analysis.engine import Coach, Options, Progress, unwatched
from backend.analysis.queries import can_be_asked, write_query
from backend.analysis.rules import RulesAnalyst
from backend.errors import NotFound, StoreUnavailable
from backend.judgement import carried_over
from backend.report import CoachingReport
from backend.services.doc_cache import DocCache
from backend.services.doc_warmer import DocWarmer
from backend.services.docs_schedule import DocsSchedule
from backend.services.docs_snapshot import Snapshot
from backend.services.knowledge import ProductKnowledge
from backend.services.meaning import kept_meaning
from backend.services.meters import Meters
from backend.services.prefect_mcp import DocHit, PrefectMCP
from backend.settings import Settings
from backend.store.store import Store
from backend.survey import Survey
from backend.tracing import Tracing, open_tracing
from backend.transcript import Transcript, spoken_key

if TYPE_CHECKING:
    from backend.analysis.claude import ClaudeAnalyst


class Coached(NamedTuple):
    """A report, and whether it is in the store."""

    report: CoachingReport
    kept: bool


@dataclass(frozen=True)
class House:
    """What routes and commands work with."""

    settings: Settings
    store: Store
    snapshot: Snapshot
    client: PrefectMCP | None
    knowledge: ProductKnowledge
    rules: RulesAnalyst
    claude: ClaudeAnalyst | None
    coach: Coach
    meters: Meters
    tracing: Tracing
    survey: Survey
    worker: int | None = None
    """Which of several service processes this is."""

    async def analyse(
        self,
        transcript: Transcript,
        options: Options,
        *,
        force: bool = False,
        progress: Progress = unwatched,
        report_id: str | None = None,
    ) -> Coached:
        """The stored report on this very call if there is one as good as today's, else a new one, stored.

        A store that fails costs the storing, not the report. `report_id` is for a new one: stored twice, the
        second takes the place of the first.
        """
        with self.tracing.span("analysis", turns=len(transcript.turns)) as span:
            with self.tracing.span("stored"):
                stored = None if force else await self._stored(transcript, options)
            report = stored or await self._carried_over(
                await self._coach(transcript, options, progress, report_id)
            )
            progress("save", 0, 0)
            kept = stored is not None or await self._save(report)
            span.note(
                analyst=report.analyst.kind,
                fell_back=report.analyst.fell_back,
                knowledge=report.knowledge.status,
                claims=len(report.claims),
                from_store=stored is not None,
            )
        return Coached(report, kept)

    async def _coach(
        self, transcript: Transcript, options: Options, progress: Progress, report_id: str | None
    ) -> CoachingReport:
        begun = time.perf_counter()
        report = await self.coach.coach(transcript, options, progress, report_id)
        self.meters.analysed(report, time.perf_counter() - begun)
        return report

    async def _carried_over(self, report: CoachingReport) -> CoachingReport:
        """A new report with what people said in earlier ones of the same words of this call."""
        try:
            for earlier in await self.store.judgements().of_call(spoken_key(report.turns)):
                old = await self.store.by_id(earlier)
                report = await asyncio.to_thread(carried_over, report, old, self.coach.rubrics)
        except (StoreUnavailable, NotFound):
            pass  # saving meets the same trouble and says so; or that report was deleted meanwhile
        return report

    async def _save(self, report: CoachingReport) -> bool:
        try:
            with self.tracing.span("save"):
                await self.store.save(report)
        except StoreUnavailable as failure:
            report.warnings.append(f"This report was not stored. {failure}")
            return False
        return True

    async def _stored(self, transcript: Transcript, options: Options) -> CoachingReport | None:
        try:
            stored = await self.store.by_content_key(self.coach.content_key(transcript, options))
        except StoreUnavailable:
            return None  # saving meets the same trouble, and says so in the report
        return stored if stored and not self.coach.could_do_better(stored) else None


@asynccontextmanager
async def open_house(
    settings: Settings, *, claude_in_batches: bool = False, worker: int | None = None
) -> AsyncIterator[House]:
    """Build everything by the settings and close it in reverse order; prefect-mcp warms up meanwhile.

    `claude_in_batches` asks Claude through its Batches API, which takes hours and half the price.
    """
    async with AsyncExitStack() as stack:
        tracing = await stack.enter_async_context(open_tracing(settings))
        snapshot = await asyncio.to_thread(
            Snapshot.open, settings.coach_data_dir, settings.coach_knowledge_dir
        )
        stack.enter_context(closing(snapshot))
        snapshot.meaning = await asyncio.to_thread(
            kept_meaning, settings.coach_data_dir, snapshot.pack.facts, settings.coach_sentence_model
        )
        url = settings.database_url.get_secret_value() if settings.database_url else None
        store = await stack.enter_async_context(Store.open(url, settings.coach_data_dir))
        survey = await stack.enter_async_context(Survey(store, snapshot, settings.coach_knowledge_dir))
        rules = _rules(snapshot)
        analysts: dict[str, Analyst] = {"rules": rules}
        claude = None
        if settings.claude_configured:
            claude = analysts["claude"] = _claude(settings, snapshot, store, claude_in_batches)
            stack.push_async_callback(claude.close)
        # Nothing after this can fail by a setting, so no child is started in vain.
        client, meters = None, Meters()
        if settings.prefect_mcp_enabled:
            client = await stack.enter_async_context(
                PrefectMCP.from_settings(
                    settings, allowed=snapshot.is_product_vocabulary, watched=_watched(meters, tracing)
                )
            )
        cache = await stack.enter_async_context(
            DocCache(list[DocHit], fresh_s=settings.coach_docs_fresh_hours * 3600, shelf=store.shelf())
        )
        knowledge = ProductKnowledge.from_settings(settings, snapshot, client, cache)
        queries = (write_query(fact) for fact in snapshot.pack.facts if can_be_asked(fact))
        if warmer := DocWarmer.from_settings(settings, knowledge, queries):
            await stack.enter_async_context(warmer)
        if schedule := DocsSchedule.from_settings(settings):
            await stack.enter_async_context(schedule)
        yield House(
            settings=settings,
            store=store,
            snapshot=snapshot,
            client=client,
            knowledge=knowledge,
            rules=rules,
            claude=claude,
            coach=Coach(knowledge, analysts, settings.analyst, tracing, snapshot.pack.rubrics),
            meters=meters,
            tracing=tracing,
            survey=survey,
            worker=worker,
        )


def _watched(meters: Meters, tracing: Tracing) -> Callable[[str], AbstractContextManager[None]]:
    """What is entered around a call of prefect-mcp."""

    @contextmanager
    def watched(tool: str) -> Iterator[None]:
        with meters.calling(tool), tracing.span("mcp_call", tool=tool):
            yield

    return watched


def _claude(settings: Settings, snapshot: Snapshot, store: Store, in_batches: bool) -> ClaudeAnalyst:
    # Anthropic's SDK takes over a second to import, and most installations start without it.
    from backend.analysis.claude import ClaudeAnalyst
    from backend.analysis.prompts import Prompts

    prompts = Prompts.load(settings.coach_prompts_dir)
    return ClaudeAnalyst.from_settings(
        settings,
        prompts,
        snapshot.pack.competitors,
        snapshot.pack.objections,
        ledger=store.claude_ledger(),
        batched=store.claude_batches() if in_batches else None,
    )


def _rules(snapshot: Snapshot) -> RulesAnalyst:
    pack = snapshot.pack
    return RulesAnalyst(pack.competitors, pack.objections, pack.hear)
