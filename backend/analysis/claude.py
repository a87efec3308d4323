"""The analyst that asks Claude. What it says is checked here before anybody sees it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from typing import Generic, Literal, NamedTuple, Self, TypeVar

import structlog
from anthropic import AsyncAnthropic

from backend.analysis import claude_briefs, claude_spotting, claude_verdicts
from backend.analysis.analyst import Brief, Judgement, Moments
from backend.analysis.claude_batched import Batched, Kept
from backend.analysis.claude_bill import HALF, PRICES, Ledger, Spending, Step, Till, Usage, read_prices
from backend.analysis.claude_briefs import (
    FIRST,
    SECOND,
    Batch,
    Look,
    batches,
    excerpt_text,
    moments_text,
    passages_text,
)
from backend.analysis.claude_door import ClaudeDoor, CutOff, Direct, Request, Wire
from backend.analysis.claude_spotting import (
    SpotAnswer,
    Spotter,
    Window,
    window_halves,
    window_text,
    windows,
)
from backend.analysis.claude_verdicts import JudgeAnswer, Verdicts
from backend.analysis.fences import fenced
from backend.analysis.prompts import Prompts
from backend.errors import AnalystFailed, UnusableSetting
from backend.facts import Competitor, ObjectionGuide
from backend.settings import Settings
from backend.transcript import Transcript

AT_ONCE = 3
NO_KEY_NEEDED = "no-key-needed"
"""Sent to a server of the user's own that wants no key; the SDK insists on one."""
TOKENS_OF_A_VERDICT = 160
"""About what Claude writes of one moment."""

log = structlog.get_logger()

A = TypeVar("A")
T = TypeVar("T")


class ClaudeAnalyst:
    """Finds and judges the moments of a call with Claude. Holds no call between two calls.

    `spent` is what each step has cost since the start.
    """

    kind: Literal["claude"] = "claude"

    def __init__(
        self,
        wire: Wire,
        prompts: Prompts,
        competitors: Sequence[Competitor],
        guides: Sequence[ObjectionGuide] = (),
        *,
        server: str,
        models: Mapping[Step, str],
        timeout_s: float = 120,
        till: Till | None = None,
    ) -> None:
        spot = prompts.get("spot", {"competitors", "guides"})
        judge = prompts.get("judge")
        self._till = till or Till(models, PRICES)
        self._wire = wire
        self._door = ClaudeDoor(wire, timeout_s, prompts.get("repair", {"problem"}), self._till)
        self._models = models
        self._systems: Mapping[Step, str] = {
            "spot": spot.render(competitors=_competitor_lines(competitors), guides=_guide_lines(guides)),
            "judge": judge.render(),
        }
        self.spent: Mapping[Step, Usage] = {"spot": Usage(), "judge": Usage()}
        self._closings: Mapping[Step, str | None] = {"spot": spot.closing, "judge": judge.closing}
        self._competitors = frozenset(competitor.id for competitor in competitors)
        self._guides = {guide.id: guide for guide in guides}
        self._fingerprint = _fingerprint(server, self._models, self._systems, prompts, guides)

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        prompts: Prompts,
        competitors: Sequence[Competitor],
        guides: Sequence[ObjectionGuide] = (),
        *,
        max_retries: int = 2,
        ledger: Ledger | None = None,
        batched: Kept | None = None,
    ) -> Self:
        """Claude as the settings say: asked at once, or through the Batches API where `batched` keeps track
        of what is on its way."""
        if not settings.claude_configured:
            raise UnusableSetting(
                "Claude needs a key: set ANTHROPIC_API_KEY, or ANTHROPIC_BASE_URL for a server of your own."
            )
        # At debug level the SDK logs whole requests: a call's words would stand in the log.
        logging.getLogger("anthropic").setLevel(logging.WARNING)
        key = settings.anthropic_api_key.get_secret_value() if settings.anthropic_api_key else None
        base_url = str(settings.anthropic_base_url) if settings.anthropic_base_url else None
        client = AsyncAnthropic(
            api_key=key or NO_KEY_NEEDED,
            base_url=base_url,
            timeout=settings.coach_claude_timeout_s,
            max_retries=max_retries,
            open_telemetry=False,
        )
        models: dict[Step, str] = {"spot": settings.spot_model, "judge": settings.anthropic_model}
        return cls(
            Direct(client) if batched is None else Batched(client, batched),
            prompts,
            competitors,
            guides,
            server=str(client.base_url),
            models=models,
            timeout_s=settings.coach_claude_timeout_s,
            till=Till(
                models,
                read_prices(settings.coach_claude_prices),
                ledger,
                settings.coach_claude_monthly_dollars or None,
                share=1.0 if batched is None else HALF,
            ),
        )

    @property
    def model(self) -> str:
        """The model that judges."""
        return self._models["judge"]

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    async def spending(self) -> Spending:
        """What Claude has cost this month, in all processes on this store. Raises StoreUnavailable."""
        return await self._till.spending()

    async def close(self) -> None:
        await self._wire.close()

    async def spot(self, transcript: Transcript) -> Moments:
        """The moments of the call. It is sent once: each window of it in one request."""
        usage = Usage()

        async def ask(window: Window) -> SpotAnswer:
            data = fenced("transcript", window_text(window))
            words = sum(line.words for line in window)  # an answer has fewer tokens than that
            return await self._door.ask(self._request("spot", (data,), words), SpotAnswer, usage)

        try:
            read = await _each(ask, windows(transcript.turns), window_halves)
        finally:
            self._log_usage("spot", usage)
        spotter = Spotter(transcript, self._competitors, frozenset(self._guides))
        # Milliseconds for an honest answer; an answer full of invented quotes is looked for everywhere.
        moments = await asyncio.to_thread(spotter.gather, read.parts, read.answers)
        seen = {line.turn.index for window in read.parts for line in window}
        unread = {line.turn.index for window in read.failed for line in window} - seen
        return moments.model_copy(update={"unread": frozenset(unread), "why": read.why if unread else None})

    async def judge(self, transcript: Transcript, moments: Moments, briefs: Mapping[str, Brief]) -> Judgement:
        """The moments judged by their briefs, and what that leaves open or accuses once more by more of them.
        Only the turns around them are sent: the whole call again would cost more than it tells."""
        usage = Usage()
        ask = partial(self._ask_judge, transcript, briefs, usage)
        try:
            first = await self._look(ask, moments, briefs, FIRST)
            verdicts = Verdicts(transcript, briefs, self._guides, first.parts, first.answers)
            again = moments.only(verdicts.to_be_seen_again(moments))
            second = await self._look(ask, again, briefs, SECOND, all_may_fail=True)
        finally:
            self._log_usage("judge", usage)
        verdicts.take(second.parts, second.answers)
        judgement = verdicts.of(moments)
        unjudged = {one.id for batch in (*first.failed, *second.failed) for one in batch.moments}
        return judgement.model_copy(
            update={"unjudged": frozenset(unjudged), "why": first.why or second.why if unjudged else None}
        )

    async def _look(
        self,
        ask: Callable[[Batch], Awaitable[JudgeAnswer]],
        moments: Moments,
        briefs: Mapping[str, Brief],
        look: Look,
        *,
        all_may_fail: bool = False,
    ) -> Read[Batch, JudgeAnswer]:
        asked = {one.id: briefs[one.id] for one in moments.all() if one.id in briefs}
        parts = await asyncio.to_thread(batches, moments, asked, look)
        return await _each(ask, parts, Batch.halves, all_may_fail=all_may_fail)

    async def _ask_judge(
        self, transcript: Transcript, briefs: Mapping[str, Brief], usage: Usage, batch: Batch
    ) -> JudgeAnswer:
        data = (
            fenced("passages", passages_text(batch, briefs)),
            fenced("turns", excerpt_text(batch, transcript.turns)),
            fenced("moments", moments_text(batch, self._guides)),
        )
        tokens = TOKENS_OF_A_VERDICT * len(batch.moments)
        return await self._door.ask(self._request("judge", data, tokens), JudgeAnswer, usage)

    def _request(self, step: Step, data: tuple[str, ...], tokens: int) -> Request:
        return Request(step, self._models[step], self._systems[step], data, self._closings[step], tokens)

    def _log_usage(self, step: Step, usage: Usage) -> None:
        self.spent[step].add(usage)
        if usage.requests:
            log.info("claude.usage", step=step, model=self._models[step], **asdict(usage))


class Read(NamedTuple, Generic[A, T]):
    """The parts that were answered with their answers, and those that were not."""

    parts: list[A]
    answers: list[T]
    failed: list[A]
    failures: list[AnalystFailed]

    @property
    def why(self) -> str | None:
        return str(self.failures[0]) if self.failures else None


async def _each(
    ask: Callable[[A], Awaitable[T]],
    parts: Sequence[A],
    halves: Callable[[A], Sequence[A]],
    *,
    all_may_fail: bool = False,
) -> Read[A, T]:
    """The answers for the parts, in order, asked a few at a time; a part too long to answer in two halves.
    Raises the first failure where there is nothing else."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(part: A) -> list[tuple[A, T | AnalystFailed]]:
        try:
            async with gate:
                return [(part, await ask(part))]
        except CutOff as failure:
            smaller = halves(part)
            if not smaller:
                return [(part, failure)]
        except AnalystFailed as failure:
            return [(part, failure)]
        return [each for half in smaller for each in await one(half)]

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(part)) for part in parts]
    except ExceptionGroup as broken:
        raise broken.exceptions[0] from None
    read: Read[A, T] = Read([], [], [], [])
    for part, answer in (each for task in tasks for each in task.result()):
        if isinstance(answer, AnalystFailed):
            read.failed.append(part)
            read.failures.append(answer)
        else:
            read.parts.append(part)
            read.answers.append(answer)
    if read.failures and not read.parts and not all_may_fail:
        raise read.failures[0]
    return read


def _competitor_lines(competitors: Iterable[Competitor]) -> str:
    return "\n".join(
        f"- {competitor.id}: {competitor.name}; heard as {', '.join(competitor.aliases)}"
        for competitor in competitors
    )


def _guide_lines(guides: Iterable[ObjectionGuide]) -> str:
    return "\n".join(f"- {guide.id} ({guide.category}): {guide.name}" for guide in guides)


def _fingerprint(
    server: str,
    models: Mapping[Step, str],
    systems: Mapping[Step, str],
    prompts: Prompts,
    guides: Sequence[ObjectionGuide],
) -> str:
    sizes = {
        f"{room.__name__}.{name}": value
        for room in (claude_spotting, claude_briefs, claude_verdicts)
        for name, value in vars(room).items()
        if name.isupper() and isinstance(value, int | Look)
    }
    parts = {
        "server": server,
        "models": dict(models),
        "systems": dict(systems),
        "prompts": prompts.model_dump(mode="json"),
        "guides": [guide.model_dump(mode="json") for guide in guides],
        "schemas": [SpotAnswer.model_json_schema(), JudgeAnswer.model_json_schema()],
        "sizes": sizes,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
