"""The one door to Claude: a question goes out, a validated answer or AnalystFailed comes back.

No type of the SDK leaves this file. Errors and log lines never hold the key or a word of a call.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, Protocol, TypeVar

from anthropic import (
    AnthropicError,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
    transform_schema,
)
from anthropic.types import MessageParam
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming as Params
from pydantic import BaseModel, ConfigDict, ValidationError

from backend.analysis.claude_bill import Step, Till, Usage
from backend.analysis.prompts import Prompt
from backend.errors import AnalystAway, AnalystFailed

MOST_OUTPUT_TOKENS = 20_000
"""Above 21,333 the SDK refuses to wait for an answer in one piece."""

_WHY = {
    400: "it could not read the request",
    401: "it refused the key: check ANTHROPIC_API_KEY",
    402: "the account has no credit",
    403: "the key may not do this",
    404: "it does not know the model or address: check ANTHROPIC_MODEL and ANTHROPIC_BASE_URL",
    413: "the request was too large",
    429: "too many requests",
    529: "overloaded",
}
_CUT_OFF = {
    "max_tokens": "Claude's answer was cut off before its end.",
    "model_context_window_exceeded": "This call is longer than Claude can read.",
}
_AWAY = frozenset({401, 402, 403, 404})
"""What the next request would be answered too."""
TOKENS_IN_TIME = 4_000
"""Of an answer, in the time the settings give; a longer one is given more in proportion."""

T = TypeVar("T", bound=BaseModel)


class Answer(BaseModel):
    """What an answer's schema is made from: nothing beyond the declared fields."""

    model_config = ConfigDict(extra="forbid")


class CutOff(AnalystFailed):
    """More was asked at once than Claude can answer; less of it may be."""


@dataclass(frozen=True)
class Request:
    """`system` is ours and the same for many requests; `data` is fenced; `closing` has the last word.
    `tokens` is about how long the answer will be."""

    step: Step
    model: str
    system: str
    data: tuple[str, ...]
    closing: str | None = None
    tokens: int = 0


class Brought(NamedTuple):
    """An answer's body, as JSON. `paid` is False where it was paid for by an earlier asking."""

    body: bytes
    paid: bool = True


class Wire(Protocol):
    """What carries a request to Claude and brings the answer."""

    async def send(self, params: Params, timeout_s: float) -> Brought: ...

    @property
    def waits(self) -> bool:
        """Whether an answer may be hours away, and is waited for without a limit."""
        ...

    async def close(self) -> None: ...


class _Tokens(BaseModel):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None


class _Block(BaseModel):
    type: str
    text: str = ""


class _Reply(BaseModel):
    """As much of a Messages API answer as we read; local servers leave out the rest."""

    content: list[_Block]
    stop_reason: str | None = None
    usage: _Tokens = _Tokens()

    @property
    def text(self) -> str:
        return "".join(block.text for block in self.content if block.type == "text")


class ClaudeDoor:
    """Asks Claude. `timeout_s` bounds an answer of usual length, with the SDK's retries and one repair."""

    def __init__(self, wire: Wire, timeout_s: float, repair: Prompt, till: Till) -> None:
        self._wire = wire
        self._timeout_s = timeout_s
        self._repair = repair
        self._till = till

    async def ask(self, request: Request, shape: type[T], usage: Usage) -> T:
        """The answer in this shape. What it cost is added to `usage`, also when it fails."""
        seconds = self._timeout_s * max(1.0, request.tokens / TOKENS_IN_TIME)
        mine = Usage()
        try:
            async with asyncio.timeout(None if self._wire.waits else seconds):
                return await self._ask(request, shape, mine, seconds)
        except TimeoutError:
            raise AnalystAway(f"Claude did not answer within {seconds:g} s.") from None
        finally:
            usage.add(mine)

    async def _ask(self, request: Request, shape: type[T], usage: Usage, seconds: float) -> T:
        messages = [_user(request)]
        text = await self._send(request, messages, shape, usage, seconds)
        try:
            return shape.model_validate_json(_json(text))
        except ValidationError as error:
            problem = _problem(error)
        usage.repairs += 1
        messages += [
            {"role": "assistant", "content": text.strip() or "(nothing)"},
            {"role": "user", "content": self._repair.render(problem=problem)},
        ]
        try:
            again = await self._send(request, messages, shape, usage, seconds)
            return shape.model_validate_json(_json(again))
        except ValidationError:
            raise AnalystFailed("Claude's answer did not have the agreed shape, twice.") from None

    async def _send(
        self,
        request: Request,
        messages: list[MessageParam],
        shape: type[BaseModel],
        usage: Usage,
        seconds: float,
    ) -> str:
        await self._till.admit()
        params: Params = {
            "model": request.model,
            "max_tokens": MOST_OUTPUT_TOKENS,
            # The same for all windows and batches of a step, and for the calls after this one.
            "system": [{"type": "text", "text": request.system, "cache_control": {"type": "ephemeral"}}],
            "messages": messages,
            "output_config": {"format": {"type": "json_schema", "schema": _schema(shape)}},
        }
        body, paid = await self._wire.send(params, seconds)
        reply = _reply(body)
        used = Usage(requests=1, **reply.usage.model_dump(exclude_none=True))
        await self._till.charge(request.step, used, paid=paid)
        usage.add(used)
        return _text(reply)


class Direct:
    """Claude's Messages API itself: each request by its own, answered at once."""

    waits = False

    def __init__(self, client: AsyncAnthropic) -> None:
        self._client = client

    async def send(self, params: Params, timeout_s: float) -> Brought:
        try:
            raw = await self._client.messages.with_raw_response.create(**params, timeout=timeout_s)
            return Brought(await raw.read())
        except (AnthropicError, TypeError) as error:
            raise failure_of(error) from None

    async def close(self) -> None:
        await self._client.close()


@cache
def _schema(shape: type[BaseModel]) -> dict[str, object]:
    return transform_schema(shape)


def _user(request: Request) -> MessageParam:
    texts = (*request.data, *([request.closing] if request.closing else []))
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def _reply(body: bytes) -> _Reply:
    try:
        return _Reply.model_validate_json(body)
    except ValidationError:
        raise AnalystAway("What answered is not Claude's Messages API: check ANTHROPIC_BASE_URL.") from None


def _text(reply: _Reply) -> str:
    if reply.stop_reason == "refusal":
        raise AnalystFailed("Claude declined to analyse this call.")
    if reply.stop_reason in _CUT_OFF:
        raise CutOff(_CUT_OFF[reply.stop_reason])
    return reply.text


def _json(text: str) -> str:
    """The object within an answer; servers that do not hold a model to a schema let it talk around it."""
    return text[text.find("{") : text.rfind("}") + 1]


def _problem(error: ValidationError) -> str:
    """What pydantic found, without the words it found it in."""
    found = error.errors(include_url=False, include_input=False, include_context=False)[:5]
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'the answer'}: {one['msg']}" for one in found)


def failure_of(error: AnthropicError | TypeError) -> AnalystFailed:
    """The SDK's error as ours. A TypeError that is not about a missing key is a flaw, and raised."""
    match error:
        case APIStatusError(status_code=status):
            why = f" ({_WHY[status]})" if status in _WHY else ""
            return (AnalystAway if status in _AWAY else AnalystFailed)(f"Claude answered {status}{why}.")
        case APITimeoutError():
            return AnalystAway("Claude did not answer in time.")
        case APIConnectionError():
            return AnalystAway("Claude could not be reached: check the network and ANTHROPIC_BASE_URL.")
        case TypeError() if "authentication" not in str(error):
            raise error
        case _:
            return AnalystAway("Claude cannot be asked without a usable key: set ANTHROPIC_API_KEY.")
