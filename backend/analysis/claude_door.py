"""The one door to Claude: a question goes out, a validated answer or AnalystFailed comes back.

No type of the SDK leaves this file. Errors and log lines never hold the key or a word of a call.
"""

from __future__ import annotations

import asyncio
from dataclasses import asdict, dataclass
from functools import cache
from typing import TypeVar

from anthropic import (
    AnthropicError,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AsyncAnthropic,
    transform_schema,
)
from anthropic.types import MessageParam
from pydantic import BaseModel, ConfigDict, ValidationError

from backend.analysis.prompts import Prompt
from backend.errors import AnalystFailed

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
_STOPPED = {
    "refusal": "Claude declined to analyse this call.",
    "max_tokens": "Claude's answer was cut off before its end.",
    "model_context_window_exceeded": "This call is longer than Claude can read.",
}

T = TypeVar("T", bound=BaseModel)


class Answer(BaseModel):
    """What an answer's schema is made from: nothing beyond the declared fields."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Request:
    """`system` is ours and the same for many requests; `data` is fenced; `closing` has the last word."""

    model: str
    system: str
    data: tuple[str, ...]
    closing: str | None = None


@dataclass
class Usage:
    """What a step cost. `input_tokens` are those neither read from nor written to the prompt cache."""

    requests: int = 0
    repairs: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0

    def add(self, other: Usage) -> None:
        for name, spent in asdict(other).items():
            setattr(self, name, getattr(self, name) + spent)


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
    """Asks Claude. `timeout_s` bounds one answer, with the SDK's retries and one repair."""

    def __init__(self, client: AsyncAnthropic, timeout_s: float, repair: Prompt) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._repair = repair

    async def ask(self, request: Request, shape: type[T], usage: Usage) -> T:
        """The answer in this shape. What it cost is added to `usage`, also when it fails."""
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._ask(request, shape, usage)
        except TimeoutError:
            raise AnalystFailed(f"Claude did not answer within {self._timeout_s:g} s.") from None

    async def close(self) -> None:
        await self._client.close()

    async def _ask(self, request: Request, shape: type[T], usage: Usage) -> T:
        messages = [_user(request)]
        text = await self._send(request, messages, shape, usage)
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
            return shape.model_validate_json(_json(await self._send(request, messages, shape, usage)))
        except ValidationError:
            raise AnalystFailed("Claude's answer did not have the agreed shape, twice.") from None

    async def _send(
        self, request: Request, messages: list[MessageParam], shape: type[BaseModel], usage: Usage
    ) -> str:
        try:
            raw = await self._client.messages.with_raw_response.create(
                model=request.model,
                max_tokens=MOST_OUTPUT_TOKENS,
                # The same for all windows and batches of a step, and for the calls after this one.
                system=[{"type": "text", "text": request.system, "cache_control": {"type": "ephemeral"}}],
                messages=messages,
                output_config={"format": {"type": "json_schema", "schema": _schema(shape)}},
            )
            body = await raw.read()
        except (AnthropicError, TypeError) as error:
            raise _failure(error) from None
        usage.requests += 1
        return _read(body, usage)


@cache
def _schema(shape: type[BaseModel]) -> dict[str, object]:
    return transform_schema(shape)


def _user(request: Request) -> MessageParam:
    texts = (*request.data, *([request.closing] if request.closing else []))
    return {"role": "user", "content": [{"type": "text", "text": text} for text in texts]}


def _read(body: bytes, usage: Usage) -> str:
    try:
        reply = _Reply.model_validate_json(body)
    except ValidationError:
        raise AnalystFailed("What answered is not Claude's Messages API: check ANTHROPIC_BASE_URL.") from None
    for name, tokens in reply.usage:
        setattr(usage, name, getattr(usage, name) + (tokens or 0))
    if reply.stop_reason in _STOPPED:
        raise AnalystFailed(_STOPPED[reply.stop_reason])
    return reply.text


def _json(text: str) -> str:
    """The object within an answer; servers that do not hold a model to a schema let it talk around it."""
    return text[text.find("{") : text.rfind("}") + 1]


def _problem(error: ValidationError) -> str:
    """What pydantic found, without the words it found it in."""
    found = error.errors(include_url=False, include_input=False, include_context=False)[:5]
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'the answer'}: {one['msg']}" for one in found)


def _failure(error: AnthropicError | TypeError) -> AnalystFailed:
    match error:
        case APIStatusError(status_code=status):
            why = f" ({_WHY[status]})" if status in _WHY else ""
            return AnalystFailed(f"Claude answered {status}{why}.")
        case APITimeoutError():
            return AnalystFailed("Claude did not answer in time.")
        case APIConnectionError():
            return AnalystFailed("Claude could not be reached: check the network and ANTHROPIC_BASE_URL.")
        case TypeError() if "authentication" not in str(error):
            raise error
        case _:
            return AnalystFailed("Claude cannot be asked without a usable key: set ANTHROPIC_API_KEY.")
