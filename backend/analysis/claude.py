"""The analyst that asks Claude. What it says is checked here before anybody sees it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Literal, Self, TypeVar

import structlog
from anthropic import AsyncAnthropic

from backend.analysis import claude_briefs, claude_spotting, claude_verdicts
from backend.analysis.analyst import Brief, Judgement, Moments
from backend.analysis.claude_briefs import Batch, batches, excerpt_text, moments_text, passages_text
from backend.analysis.claude_door import ClaudeDoor, Request, Usage
from backend.analysis.claude_spotting import SpotAnswer, Spotter, Window, window_text, windows
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
        client: AsyncAnthropic,
        prompts: Prompts,
        competitors: Sequence[Competitor],
        guides: Sequence[ObjectionGuide] = (),
        *,
        model: str,
        spot_model: str | None = None,
        timeout_s: float = 120,
    ) -> None:
        spot = prompts.get("spot", {"competitors", "guides"})
        judge = prompts.get("judge")
        self._door = ClaudeDoor(client, timeout_s, prompts.get("repair", {"problem"}))
        self._models = {"spot": spot_model or model, "judge": model}
        self._systems = {
            "spot": spot.render(competitors=_competitor_lines(competitors), guides=_guide_lines(guides)),
            "judge": judge.render(),
        }
        self.spent: Mapping[Literal["spot", "judge"], Usage] = {"spot": Usage(), "judge": Usage()}
        self._closings = {"spot": spot.closing, "judge": judge.closing}
        self._competitors = frozenset(competitor.id for competitor in competitors)
        self._guides = {guide.id: guide for guide in guides}
        self._fingerprint = _fingerprint(client, self._models, self._systems, prompts, guides)

    @classmethod
    def from_settings(
        cls,
        settings: Settings,
        prompts: Prompts,
        competitors: Sequence[Competitor],
        guides: Sequence[ObjectionGuide] = (),
        *,
        max_retries: int = 2,
    ) -> Self:
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
        return cls(
            client,
            prompts,
            competitors,
            guides,
            model=settings.anthropic_model,
            spot_model=settings.coach_spot_model,
            timeout_s=settings.coach_claude_timeout_s,
        )

    @property
    def model(self) -> str:
        """The model that judges."""
        return self._models["judge"]

    @property
    def fingerprint(self) -> str:
        return self._fingerprint

    async def close(self) -> None:
        await self._door.close()

    async def spot(self, transcript: Transcript) -> Moments:
        """The moments of the call. It is sent once: each window of it in one request."""
        usage = Usage()
        parts = windows(transcript.turns)

        async def ask(window: Window) -> SpotAnswer:
            data = fenced("transcript", window_text(window))
            return await self._door.ask(self._request("spot", data), SpotAnswer, usage)

        try:
            answers = await _together(ask, parts)
        finally:
            self._log_usage("spot", usage)
        spotter = Spotter(transcript, self._competitors, frozenset(self._guides))
        # Milliseconds for an honest answer; an answer full of invented quotes is looked for everywhere.
        return await asyncio.to_thread(spotter.gather, parts, answers)

    async def judge(self, transcript: Transcript, moments: Moments, briefs: Mapping[str, Brief]) -> Judgement:
        """The moments judged by their briefs. Only the turns around them are sent: the whole call again
        would cost more than it tells, and a prompt cache does not outlast a change of the answer's schema."""
        usage = Usage()
        parts = batches(moments, briefs)

        async def ask(batch: Batch) -> JudgeAnswer:
            data = (
                fenced("passages", passages_text(batch, briefs)),
                fenced("turns", excerpt_text(batch, transcript.turns)),
                fenced("moments", moments_text(batch, briefs, self._guides)),
            )
            return await self._door.ask(self._request("judge", *data), JudgeAnswer, usage)

        try:
            answers = await _together(ask, parts)
        finally:
            self._log_usage("judge", usage)
        return Verdicts(transcript, briefs, self._guides, parts, answers).of(moments)

    def _request(self, step: Literal["spot", "judge"], *data: str) -> Request:
        return Request(self._models[step], self._systems[step], data, self._closings[step])

    def _log_usage(self, step: Literal["spot", "judge"], usage: Usage) -> None:
        self.spent[step].add(usage)
        if usage.requests:
            log.info("claude.usage", step=step, model=self._models[step], **asdict(usage))


async def _together(ask: Callable[[A], Awaitable[T]], parts: Sequence[A]) -> list[T]:
    """The answers for the parts, in order, asked a few at a time. The first that fails ends the rest."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(part: A) -> T:
        async with gate:
            return await ask(part)

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(one(part)) for part in parts]
    except ExceptionGroup as failed:
        _, flaws = failed.split(AnalystFailed)
        raise flaws or failed.exceptions[0] from None
    return [task.result() for task in tasks]


def _competitor_lines(competitors: Iterable[Competitor]) -> str:
    return "\n".join(
        f"- {competitor.id}: {competitor.name}; heard as {', '.join(competitor.aliases)}"
        for competitor in competitors
    )


def _guide_lines(guides: Iterable[ObjectionGuide]) -> str:
    return "\n".join(f"- {guide.id} ({guide.category}): {guide.name}" for guide in guides)


def _fingerprint(
    client: AsyncAnthropic,
    models: Mapping[str, str],
    systems: Mapping[str, str],
    prompts: Prompts,
    guides: Sequence[ObjectionGuide],
) -> str:
    sizes = {
        f"{room.__name__}.{name}": value
        for room in (claude_spotting, claude_briefs, claude_verdicts)
        for name, value in vars(room).items()
        if name.isupper() and isinstance(value, int)
    }
    parts = {
        "server": str(client.base_url),
        "models": dict(models),
        "systems": dict(systems),
        "prompts": prompts.model_dump(mode="json"),
        "guides": [guide.model_dump(mode="json") for guide in guides],
        "schemas": [SpotAnswer.model_json_schema(), JudgeAnswer.model_json_schema()],
        "sizes": sizes,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()
