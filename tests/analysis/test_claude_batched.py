"""Claude through the Batches API: gathered, waited for, at half the price, taken up after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

import pytest
from anthropic import AsyncAnthropic

from backend.analysis.analyst import Moments
from backend.analysis.claude import ClaudeAnalyst
from backend.analysis.claude_batched import Batched
from backend.analysis.claude_bill import HALF, PRICES, Step, Till, billing
from backend.analysis.prompts import Prompts
from backend.errors import AnalystFailed
from backend.transcript import Transcript
from tests.analysis.test_claude import COMPETITORS, GUIDES, TALK, briefs, call, moments
from tests.claude_server import Asked, ClaudeServer, Says, Sensible, fails
from tests.conftest import REPO

pytestmark = pytest.mark.anyio

MODELS: Mapping[Step, str] = {"spot": "claude-haiku-5-5", "judge": "claude-sonnet-5-5"}


class Memory:
    """What the store keeps, in memory, so that it outlives an analyst."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def batches_of(self, requests: Collection[str]) -> dict[str, str]:
        return {one: self.kept[one] for one in requests if one in self.kept}

    async def keep(self, batch: str, requests: Collection[str]) -> None:
        self.kept |= dict.fromkeys(requests, batch)

    async def forget(self, requests: Collection[str]) -> None:
        for one in requests:
            self.kept.pop(one, None)


@asynccontextmanager
async def in_batches(server: ClaudeServer, kept: Memory) -> AsyncIterator[ClaudeAnalyst]:
    client = AsyncAnthropic(api_key="a key", base_url=server.url, max_retries=0)
    claude = ClaudeAnalyst(
        Batched(client, kept, linger_s=0.05, poll_s=0.01),
        Prompts.load(REPO / "prompts"),
        COMPETITORS,
        GUIDES,
        server=server.url,
        models=MODELS,
        till=Till(MODELS, PRICES, share=HALF),
    )
    try:
        yield claude
    finally:
        await claude.close()


def another(n: int) -> Transcript:
    return call([*TALK, ("Bob Ray", "external", f"And call number {n}?")])


async def test_calls_that_run_beside_each_other_share_a_batch_and_each_gets_its_own_answer() -> None:
    claims = {"prefix is open source": "supported"}
    questions = tuple(f"And call number {n}?" for n in range(3))
    with ClaudeServer(Sensible(claims=claims, questions=questions), polls=3) as server:
        async with in_batches(server, Memory()) as claude:
            found = await asyncio.gather(*(claude.spot(another(n)) for n in range(3)))
    assert [[one.quote.text for one in each.questions] for each in found] == [[one] for one in questions]
    assert [len(batch.requests) for batch in server.batches] == [3]


async def test_the_same_request_of_two_calls_is_sent_and_paid_for_once() -> None:
    with ClaudeServer(Sensible()) as server:
        async with in_batches(server, Memory()) as claude:
            with billing() as bill:
                found = await asyncio.gather(claude.spot(call()), claude.spot(call()))
            spending = await claude.spending()
    assert found[0] == found[1]
    assert [len(batch.requests) for batch in server.batches] == [1]
    assert bill.usage(call()).requests == 2
    assert bill.usage(call()).dollars == pytest.approx(spending.dollars)


async def test_a_call_is_judged_in_batches_too_at_half_the_price() -> None:
    with ClaudeServer(Sensible()) as server:
        async with in_batches(server, Memory()) as claude:
            with billing() as bill:
                judgement = await claude.judge(call(), moments(call()), briefs())
    assert judgement.claims[1].verdict == "supported"
    (step,) = bill.usage(call()).steps
    full = (1.25 * step.cache_write_tokens + step.input_tokens) * 2 + step.output_tokens * 10
    assert step.dollars == pytest.approx(full / 2e6, rel=1e-3)


async def test_a_later_process_takes_up_what_an_earlier_one_sent() -> None:
    kept = Memory()
    with ClaudeServer(Sensible(claims={"prefix is open source": "supported"}), polls=1_000_000) as server:
        async with in_batches(server, kept) as claude:
            waiting = asyncio.create_task(claude.spot(call()))
            while not server.batches or not kept.kept:
                await asyncio.sleep(0.005)
            waiting.cancel()
        server.batches[0].polled = 1_000_000
        async with in_batches(server, kept) as claude:
            with billing() as bill:
                found = await claude.spot(call())
    assert len(found.claims) == 1
    assert len(server.batches) == 1
    assert bill.usage(call()).dollars == 0
    assert bill.usage(call()).sent_tokens > 1_000


async def test_a_batch_that_claude_has_forgotten_is_sent_again() -> None:
    kept = Memory()
    with ClaudeServer(Sensible(claims={"prefix is open source": "supported"})) as server:
        async with in_batches(server, kept) as claude:
            await claude.spot(call())
            kept.kept = dict.fromkeys(kept.kept, "batch_99")
            assert len((await claude.spot(call())).claims) == 1
    assert len(server.batches) == 2


async def test_an_errored_request_fails_alone_and_is_asked_anew_next_time() -> None:
    def overloaded(asked: Asked) -> Says:
        return fails(529) if "call number 1?" in asked.data else Sensible(claims={})(asked)

    kept = Memory()
    with ClaudeServer(overloaded) as server:
        async with in_batches(server, kept) as claude:
            found = await asyncio.gather(*(claude.spot(another(n)) for n in range(3)), return_exceptions=True)
    assert [type(one) for one in found] == [Moments, AnalystFailed, Moments]
    assert str(found[1]) == "Claude's batch left this errored."
    assert len(kept.kept) == 2


async def test_a_server_that_is_not_there_fails_with_one_sentence() -> None:
    with ClaudeServer(Sensible()) as server:
        pass
    async with in_batches(server, Memory()) as claude:
        with pytest.raises(AnalystFailed, match="could not be reached"):
            await claude.spot(call())
