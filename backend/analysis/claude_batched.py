"""Claude through the Batches API: half the price, and answers within a day instead of at once."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Collection, Mapping
from itertools import islice
from typing import Protocol

import structlog
from anthropic import AnthropicError, APIConnectionError, AsyncAnthropic, InternalServerError, NotFoundError
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming as Params
from anthropic.types.messages.batch_create_params import Request

from backend.analysis.claude_door import Brought, failure_of
from backend.errors import AnalystFailed

LINGER_S = 2.0
"""Requests are gathered until none has come for so long: the analyses that run beside each other ask at
about the same time."""
POLL_S = 30.0
REQUESTS_PER_BATCH = 2_000
"""With some tens of kilobytes each, far below what a batch may hold."""
FAILED_POLLS = 20

log = structlog.get_logger()


class Kept(Protocol):
    """Remembers which batch holds which request, so that what was paid for is not asked again after a
    restart. Raises StoreUnavailable."""

    async def batches_of(self, requests: Collection[str]) -> dict[str, str]: ...
    async def keep(self, batch: str, requests: Collection[str]) -> None: ...
    async def forget(self, requests: Collection[str]) -> None: ...


class Batched:
    """Carries requests in batches. The same request asked again, also by a later process, is answered from
    the batch that held it first."""

    waits = True

    def __init__(
        self, client: AsyncAnthropic, kept: Kept, *, linger_s: float = LINGER_S, poll_s: float = POLL_S
    ) -> None:
        self._client = client
        self._kept = kept
        self._linger_s = linger_s
        self._poll_s = poll_s
        self._gathered: dict[str, tuple[Params, asyncio.Future[Brought]]] = {}
        self._gathering: asyncio.Task[None] | None = None
        self._under_way: set[asyncio.Task[None]] = set()

    async def send(self, params: Params, timeout_s: float) -> Brought:
        """The answer, whenever it comes: a batch takes up to a day."""
        name = hashlib.sha256(json.dumps(params, sort_keys=True).encode()).hexdigest()
        first = name not in self._gathered
        if first:
            self._gathered[name] = params, asyncio.get_running_loop().create_future()
        if self._gathering is None:
            self._gathering = asyncio.create_task(self._gather())
            self._under_way.add(self._gathering)
            self._gathering.add_done_callback(self._under_way.discard)
        brought = await asyncio.shield(self._gathered[name][1])
        return brought if first else brought._replace(paid=False)

    async def close(self) -> None:
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)
        await self._client.close()

    async def _gather(self) -> None:
        count = 0
        while count != len(self._gathered):
            count = len(self._gathered)
            await asyncio.sleep(self._linger_s)
        asked, self._gathered, self._gathering = self._gathered, {}, None
        try:
            answers, sent = await self._carry({name: params for name, (params, _) in asked.items()})
        except Exception as failure:  # noqa: BLE001 - handed to those who wait, who would wait for ever
            answers, sent = dict.fromkeys(asked, failure), set()
        for name, (_, future) in asked.items():
            answer = answers.get(name) or AnalystFailed("Claude's batch came back without an answer to this.")
            if future.cancelled():
                continue
            if isinstance(answer, bytes):
                future.set_result(Brought(answer, paid=name in sent))
            else:
                future.set_exception(answer)
                future.exception()  # whoever asked may have gone

    async def _carry(self, asked: Mapping[str, Params]) -> tuple[dict[str, bytes | Exception], set[str]]:
        """What each request was answered, and which were sent: those that no earlier batch holds."""
        known = await self._kept.batches_of(asked.keys())
        gone = {batch for batch in set(known.values()) if not await self._exists(batch)}
        known = {name: batch for name, batch in known.items() if batch not in gone}
        new = [name for name in asked if name not in known]
        left = iter(new)
        while chunk := list(islice(left, REQUESTS_PER_BATCH)):
            batch = await self._submit({name: asked[name] for name in chunk})
            known |= dict.fromkeys(chunk, batch)
        answers: dict[str, bytes | Exception] = {}
        for batch in dict.fromkeys(known.values()):
            answers |= await self._results(batch)
        await self._kept.forget([name for name in asked if not isinstance(answers.get(name), bytes)])
        return answers, set(new)

    async def _submit(self, asked: Mapping[str, Params]) -> str:
        requests: list[Request] = [{"custom_id": name, "params": params} for name, params in asked.items()]
        try:
            batch = await self._client.messages.batches.create(requests=requests)
        except (AnthropicError, TypeError) as error:
            raise failure_of(error) from None
        await self._kept.keep(batch.id, asked.keys())
        log.info("claude.batch", batch=batch.id, requests=len(asked))
        return batch.id

    async def _exists(self, batch: str) -> bool:
        """Whether the batch can still be asked for; Claude forgets them after four weeks."""
        try:
            await self._client.messages.batches.retrieve(batch)
        except NotFoundError:
            return False
        except (AnthropicError, TypeError) as error:
            raise failure_of(error) from None
        return True

    async def _results(self, batch: str) -> dict[str, bytes | Exception]:
        await self._ended(batch)
        answers: dict[str, bytes | Exception] = {}
        try:
            async for one in await self._client.messages.batches.results(batch):
                if one.result.type == "succeeded":
                    answers[one.custom_id] = one.result.message.to_json().encode()
                else:
                    answers[one.custom_id] = AnalystFailed(f"Claude's batch left this {one.result.type}.")
        except (AnthropicError, TypeError) as error:
            raise failure_of(error) from None
        return answers

    async def _ended(self, batch: str) -> None:
        """Return once all requests of the batch are dealt with. Outages of some minutes are waited out."""
        failed = 0
        while True:
            try:
                now = await self._client.messages.batches.retrieve(batch)
            except (APIConnectionError, InternalServerError) as error:
                failed += 1
                if failed == FAILED_POLLS:
                    raise failure_of(error) from None
            except (AnthropicError, TypeError) as error:
                raise failure_of(error) from None
            else:
                failed = 0
                if now.processing_status == "ended":
                    return
            await asyncio.sleep(self._poll_s)
