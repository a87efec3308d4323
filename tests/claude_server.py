"""A local server that speaks as much of Claude's Messages API as Call Coach uses. Nothing of ours is patched.

    with ClaudeServer(Sensible(claims={"Prefect is free": "supported"})) as server:
        ...   # ANTHROPIC_BASE_URL=server.url
    server.requests[0].model, server.requests[0].data, server.requests[0].step

Tokens are counted as four characters each, and a system prompt sent before to the same model counts as read
from the cache. It speaks the Batches API too: `batches` are those it was sent; each is `in_progress` for the
first `polls` times it is asked for.

`answer` is a `Says`, or called with each `Asked`, in the server's thread, to return one: `says({...})` for a
JSON answer, `fails(529)`, `refuses()`, `cut_off()`, `HANGS`. `in_turn(first, second, ...)` gives one
answer after another. `Sensible` plays a whole analysis of any call.
"""

from __future__ import annotations

import asyncio
import json
import re
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Literal, Self

import uvicorn
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.types import Receive, Scope, Send

Json = Mapping[str, object]


class _Open(BaseModel):
    model_config = ConfigDict(extra="allow")


class Block(_Open):
    type: str
    text: str
    cache_control: dict[str, str] | None = None


class Message(_Open):
    role: str
    content: str | list[Block]

    @property
    def text(self) -> str:
        if isinstance(self.content, str):
            return self.content
        return "\n\n".join(block.text for block in self.content)


class Format(_Open):
    type: str
    schema_: dict[str, JsonValue] = Field(alias="schema")


class OutputConfig(_Open):
    format: Format


class Body(_Open):
    model: str
    max_tokens: int
    system: list[Block]
    messages: list[Message]
    output_config: OutputConfig


@dataclass(frozen=True)
class Asked:
    """One request as it came over the wire. `raw` is the body, byte for byte."""

    path: str
    headers: Mapping[str, str]
    raw: bytes
    body: Body

    @property
    def model(self) -> str:
        return self.body.model

    @property
    def system(self) -> str:
        return "\n".join(block.text for block in self.body.system)

    @property
    def data(self) -> str:
        """What the first user message says: the fenced data and the closing line."""
        return self.body.messages[0].text

    @property
    def step(self) -> Literal["spot", "judge"]:
        definitions = json.dumps(self.body.output_config.format.schema_)
        return "judge" if '"verdict"' in definitions else "spot"

    @property
    def is_repair(self) -> bool:
        return len(self.body.messages) > 1


@dataclass(frozen=True)
class Says:
    text: str = "{}"
    status: int = 200
    stop_reason: str = "end_turn"
    hangs: bool = False
    raw: bytes | None = None
    """Sent as it is in place of a Messages API answer."""


@dataclass(frozen=True)
class SentRequest:
    custom_id: str
    params: Json


@dataclass
class SentBatch:
    requests: list[SentRequest]
    polled: int = 0


HANGS = Says(hangs=True)
Answer = Callable[[Asked], Says]


def says(answer: Json) -> Says:
    return Says(text=json.dumps(answer))


def fails(status: int, kind: str = "api_error") -> Says:
    error = {"type": "error", "error": {"type": kind, "message": "a message with words of the call"}}
    return Says(status=status, raw=json.dumps(error).encode())


def refuses() -> Says:
    return Says(text="", stop_reason="refusal")


def cut_off(text: str = '{"claims": [') -> Says:
    return Says(text=text, stop_reason="max_tokens")


def in_turn(*answers: Says) -> Answer:
    """These answers, one for each request; the last one again for any further."""
    left = list(answers)
    return lambda _: left.pop(0) if len(left) > 1 else left[0]


class _Server(uvicorn.Server):
    """Stops at once, where uvicorn waits for its next tick and for connections: tests start many of these."""

    async def main_loop(self) -> None:
        while not self.should_exit:
            await asyncio.sleep(0.005)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in self.servers:
            listening.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        await asyncio.sleep(0)


class ClaudeServer:
    """Runs on a free loopback port in a thread of its own while the `with` block lasts."""

    def __init__(self, answer: Answer | Says, *, polls: int = 1) -> None:
        self.requests: list[Asked] = []
        self.batches: list[SentBatch] = []
        self._answer = in_turn(answer) if isinstance(answer, Says) else answer
        self._polls = polls
        self._cached: set[tuple[str, str]] = set()
        self._errors: list[Exception] = []
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self._socket.listen(128)  # connections made before uvicorn is up wait here
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = _Server(
            uvicorn.Config(
                self._app,
                interface="asgi3",
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
            )
        )
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), daemon=True)

    def steps(self) -> list[str]:
        return [asked.step for asked in self.requests]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
        if error is None and self._errors:
            raise self._errors[0]

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = await _read(receive)
        headers = {name.decode(): value.decode() for name, value in scope["headers"]}
        try:
            if scope["path"].startswith("/v1/messages/batches"):
                said = self._batch(scope["path"], headers, raw)
            else:
                said = self._say(scope["path"], headers, raw)
        except Exception as error:  # noqa: BLE001  raised again in the test's own thread, by __exit__
            self._errors.append(error)
            said = fails(500)
        if said.hangs:
            while (await receive())["type"] != "http.disconnect":
                pass
            return
        await _send(send, said)

    def _say(self, path: str, headers: Mapping[str, str], raw: bytes) -> Says:
        asked = Asked(path=path, headers=headers, raw=raw, body=Body.model_validate_json(raw))
        self.requests.append(asked)
        said = self._answer(asked)
        if said.raw is not None or said.hangs:
            return said
        return replace(said, raw=json.dumps(_message(said, self._usage(asked, said))).encode())

    def _usage(self, asked: Asked, said: Says) -> Json:
        known = (asked.model, asked.system) in self._cached
        self._cached.add((asked.model, asked.system))
        system = len(asked.system) // 4
        return {
            "input_tokens": sum(len(message.text) for message in asked.body.messages) // 4,
            "cache_read_input_tokens": system if known else 0,
            "cache_creation_input_tokens": 0 if known else system,
            "output_tokens": len(said.text) // 4,
        }

    def _batch(self, path: str, headers: Mapping[str, str], raw: bytes) -> Says:
        if path.endswith("/batches"):
            self.batches.append(SentBatch([SentRequest(**one) for one in json.loads(raw)["requests"]]))
            return self._state(len(self.batches))
        number = int(path.split("/")[4].removeprefix("batch_"))
        if number > len(self.batches):
            return fails(404, "not_found_error")
        batch = self.batches[number - 1]
        if not path.endswith("/results"):
            batch.polled += 1
            return self._state(number)
        lines = [self._result(one, headers) for one in batch.requests]
        return Says(raw="\n".join(lines).encode())

    def _state(self, number: int) -> Says:
        ended = self.batches[number - 1].polled > self._polls
        state = {
            "id": f"batch_{number}",
            "type": "message_batch",
            "processing_status": "ended" if ended else "in_progress",
            "request_counts": dict.fromkeys(("processing", "succeeded", "errored", "canceled", "expired"), 0),
            "results_url": f"{self.url}/v1/messages/batches/batch_{number}/results" if ended else None,
            "created_at": "2026-11-21T00:00:00Z",
            "expires_at": "2026-11-22T00:00:00Z",
            "ended_at": None,
            "archived_at": None,
            "cancel_initiated_at": None,
        }
        return Says(raw=json.dumps(state).encode())

    def _result(self, sent: SentRequest, headers: Mapping[str, str]) -> str:
        said = self._say("batch", headers, json.dumps(sent.params).encode())
        if said.status == 200:
            result: Json = {"type": "succeeded", "message": json.loads(said.raw or b"{}")}
        else:
            result = {"type": "errored", "error": json.loads(said.raw or b"{}")}
        return json.dumps({"custom_id": sent.custom_id, "result": result})


async def _read(receive: Receive) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return bytes(body)


async def _send(send: Send, said: Says) -> None:
    body = said.raw or b""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": said.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _message(said: Says, usage: Json) -> Json:
    return {
        "id": "msg_01",
        "type": "message",
        "role": "assistant",
        "model": "claude-test",
        "content": [{"type": "text", "text": said.text}] if said.text else [],
        "stop_reason": said.stop_reason,
        "stop_sequence": None,
        "usage": usage,
    }


_TURN = re.compile(r"^\[(\d+)\] .*? \((internal|external|unknown)\): (.*)$", re.MULTILINE)
_MOMENT = re.compile(
    r"^([comq]\d+): (claim|objection|competitor|question)[^:\n]*: (.*)$"
    r"(?:\n(?![comq]\d+: ).*)*?\nPassages: (.*)$",
    re.MULTILINE,
)
_PASSAGE = re.compile(r"^\[(P\d+)\] [^:\n]*: (.*)$", re.MULTILINE)


@dataclass(frozen=True)
class Sensible:
    """Plays Claude for any call. Each quote given is found wherever its words stand in a turn.

    `claims` maps a quote to its verdict (None: each turn of ours that names Prefect is `supported`),
    `objections` a quote to how it was handled, `competitors` a quote to an id; `questions` are quotes.
    Evidence is the beginning of the moment's first passage.
    """

    claims: Mapping[str, str] | None = None
    objections: Mapping[str, str] = field(default_factory=dict)
    competitors: Mapping[str, str] = field(default_factory=dict)
    questions: tuple[str, ...] = ()

    def __call__(self, asked: Asked) -> Says:
        return says(self.spot(asked.data) if asked.step == "spot" else self.judge(asked.data))

    def spot(self, data: str) -> Json:
        turns = [(int(turn), side, text) for turn, side, text in _TURN.findall(data)]
        claims = self.claims if self.claims is not None else _product_talk(turns)
        return {
            "claims": [{**seen, "topic": "Prefect", "about": seen["quote"]} for seen in _seen(turns, claims)],
            "objections": [
                {**seen, "category": "other", "about": seen["quote"], "guide": None, "response": None}
                for seen in _seen(turns, self.objections)
            ],
            "competitors": [
                {**seen, "competitor": self.competitors[str(seen["quote"])], "context": "evaluating"}
                for seen in _seen(turns, self.competitors)
            ],
            "questions": [
                {**seen, "about": seen["quote"], "answered": False}
                for seen in _seen(turns, dict.fromkeys(self.questions, ""))
            ],
        }

    def judge(self, data: str) -> Json:
        answer: dict[str, list[Json]] = {"claims": [], "objections": [], "competitors": [], "questions": []}
        passages: dict[str, str] = dict(_PASSAGE.findall(data))
        for moment, kind, quote, numbers in _moments(data):
            shown = next((number for number in numbers if number in passages), None)
            words = " ".join(passages[shown].partition("…")[0].split()[:12]) if shown else ""
            evidence = [{"passage": shown, "quote": words}] if shown else []
            answer[f"{kind}s"].append({"id": moment, "evidence": evidence, **self._judged(kind, quote)})
        return answer

    def _judged(self, kind: str, quote: str) -> Json:
        match kind:
            case "claim":
                verdict = (self.claims or {}).get(quote, "supported")
                wrong = verdict in {"contradicted", "overstated", "outdated"}
                return {
                    "reason": "The passage settles it.",
                    "verdict": verdict,
                    "confidence": 0.9,
                    "correction": "Say what the passage says." if wrong else None,
                }
            case "objection":
                handled = self.objections.get(quote, "partly")
                return {"response": None, "handled": handled, "suggestion": "Say what the passage says."}
            case "competitor":
                return {"positioning": "It is good at what it does; Prefect does other things."}
            case _:
                return {"response": None, "answered": False, "suggestion": "Say what the passage says."}


def spotted(**lists: Sequence[Json]) -> Says:
    """A spotting answer with these lists, and the others empty."""
    return says({"claims": [], "objections": [], "competitors": [], "questions": [], **lists})


judged = spotted
"""A judging answer has the same four lists."""


def _seen(turns: list[tuple[int, str, str]], quotes: Mapping[str, str]) -> list[dict[str, object]]:
    return [{"turn": turn, "quote": quote} for turn, _, text in turns for quote in quotes if quote in text]


def _product_talk(turns: list[tuple[int, str, str]]) -> Mapping[str, str]:
    return {
        " ".join(text.split()[:12]): "supported"
        for _, side, text in turns
        if side != "external" and "prefect" in text.lower()
    }


def _moments(data: str) -> Iterator[tuple[str, str, str, list[str]]]:
    for moment, kind, quote, numbers in _MOMENT.findall(data):
        yield moment, kind, quote, re.findall(r"P\d+", numbers)
