"""POST /analyze: a call in any form, a coaching report out, now or later."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Literal, Self, TypeVar

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError
from starlette.datastructures import UploadFile
from starlette.responses import Response

from backend.analysis.engine import Options
from backend.errors import BadRequest
from backend.formats import CallHints, FormatName, Limits, Reason, parse_with_reasons, recognised
from backend.formats.fields import decode_json, misfit
from backend.formats.hygiene import decode
from backend.house import Coached, House
from backend.jobs import Jobs
from backend.report import CoachingReport
from backend.store.jobs import Job, State, Step
from backend.transcript import Transcript

Wishes = TypeVar("Wishes", bound=BaseModel)


class AnalyzeOptions(BaseModel):
    """`enrich=false` leaves product knowledge out; `force=true` analyses anew what is stored already."""

    model_config = ConfigDict(extra="forbid")

    enrich: bool = True
    analyst: Literal["auto", "claude", "rules"] = "auto"
    force: bool = False

    def for_engine(self) -> Options:
        return Options(enrich=self.enrich, analyst=self.analyst)


class AnalyzeRequest(BaseModel):
    """A call to analyse: `transcript` is a text or any of the structured formats."""

    model_config = ConfigDict(extra="forbid")

    transcript: JsonValue
    format: FormatName = "auto"
    call: CallHints | None = None
    options: AnalyzeOptions = Field(default_factory=AnalyzeOptions)


class AnalyzeQuery(BaseModel):
    """The same wishes for a raw body or an upload, as query parameters or form fields."""

    model_config = ConfigDict(extra="forbid")

    format: FormatName = "auto"
    id: str | None = None
    title: str | None = None
    started_at: datetime | None = None
    rep: str | None = None
    enrich: bool = True
    analyst: Literal["auto", "claude", "rules"] = "auto"
    force: bool = False

    def hints(self) -> CallHints | None:
        given = self.model_dump(include={"id", "title", "started_at", "rep"}, exclude_none=True)
        return checked(CallHints, given) if given else None

    def options(self) -> AnalyzeOptions:
        return AnalyzeOptions(enrich=self.enrich, analyst=self.analyst, force=self.force)


class JobAnswer(BaseModel):
    """A call sent for later. `settled` of `due` is how far its step is, where that is counted; `call` is the
    address of its report once it is done, `why` one sentence on why it failed."""

    id: str
    state: State
    created_at: datetime
    title: str | None
    format: str
    turns: int
    duration_s: float | None
    step: Step | None
    settled: int
    due: int
    events: str
    call: str | None
    why: str | None

    @classmethod
    def of(cls, job: Job) -> Self:
        return cls(
            **job.model_dump(exclude={"created_at"}),
            created_at=datetime.fromtimestamp(job.created_at, UTC),
            events=f"/jobs/{job.id}/events",
            call=f"/calls/{job.report_id}" if job.report_id else None,
        )


class Asked(BaseModel):
    """What a request comes down to, whatever its form."""

    data: bytes | JsonValue
    filename: str | None = None
    format: FormatName = "auto"
    hints: CallHints | None = None
    options: AnalyzeOptions = Field(default_factory=AnalyzeOptions)


def router() -> APIRouter:
    routes = APIRouter()

    @routes.post(
        "/analyze",
        response_model=CoachingReport,
        responses={202: {"model": JobAnswer, "description": "It is analysed later: see the job."}},
        openapi_extra={
            "requestBody": {
                "required": True,
                "content": {
                    "application/json": {"schema": AnalyzeRequest.model_json_schema()},
                    "multipart/form-data": {
                        "schema": {
                            "type": "object",
                            "properties": {"file": {"type": "string", "format": "binary"}},
                        }
                    },
                    "text/plain": {"schema": {"type": "string"}},
                    "text/vtt": {"schema": {"type": "string"}},
                },
            }
        },
    )
    async def analyze(request: Request) -> Response:
        """Coach a call. Answers the stored report where the same call was analysed before.

        With `Prefer: respond-async` a transcript that can be read is answered at once by 202 and a job, whose
        address is in `Location`.
        """
        house: House = request.app.state.house
        asked = await read_request(request)
        if may_be_later(request.headers):
            job = await send(request, asked)
            headers = {"Location": f"/jobs/{job.id}", "Preference-Applied": "respond-async"}
            return Response(JobAnswer.of(job).model_dump_json(), 202, headers, "application/json")
        with house.tracing.continuing(request.headers):
            report, kept = await analyse(house, asked)
        where = {"Location": f"/calls/{report.id}"} if kept else None
        # Serialised once, FastAPI would do it twice; beside the event loop, for it may be megabytes.
        body = await asyncio.to_thread(report.model_dump_json)
        return Response(body, headers=where, media_type="application/json")

    return routes


async def analyse(house: House, asked: Asked) -> Coached:
    """Parse off the event loop and coach."""
    transcript, _ = await asyncio.to_thread(read_call, house, asked)
    return await house.analyse(transcript, asked.options.for_engine(), force=asked.options.force)


async def send(request: Request, asked: Asked) -> Job:
    """Parse off the event loop and have the call coached later."""
    transcript, _ = await asyncio.to_thread(read_call, request.app.state.house, asked)
    jobs: Jobs = request.app.state.jobs
    return await jobs.send(
        transcript, asked.options.for_engine(), force=asked.options.force, headers=request.headers
    )


def may_be_later(headers: Mapping[str, str]) -> bool:
    """Whether the client prefers a quick answer to a whole one (RFC 7240)."""
    wishes = headers.get("prefer", "").split(",")
    return any(wish.partition(";")[0].strip().lower() == "respond-async" for wish in wishes)


def read_call(house: House, asked: Asked) -> tuple[Transcript, list[Reason]]:
    """The call, and why each participant's side is what it is. Up to a second of computing."""
    settings = house.settings
    return parse_with_reasons(
        asked.data,
        format=asked.format,
        hints=asked.hints,
        filename=asked.filename,
        limits=Limits(settings.coach_max_turns, settings.coach_max_words),
        internal_domains=settings.internal_domains,
    )


async def read_request(request: Request) -> Asked:
    """A JSON request, an upload, or the raw file itself, told apart by content type."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        return await read_upload(request)
    wishes = checked(AnalyzeQuery, dict(request.query_params))
    body = await request.body()
    if kind == "application/json":
        return await asyncio.to_thread(_json, body, wishes)
    return Asked(data=body, format=wishes.format, hints=wishes.hints(), options=wishes.options())


def _json(body: bytes, wishes: AnalyzeQuery) -> Asked:
    """The documented request; or, posted as JSON, a transcript file as it came from its source."""
    decoded = decode_json(decode(body))
    if not _is_request(decoded):
        return Asked(data=decoded, format=wishes.format, hints=wishes.hints(), options=wishes.options())
    asked = checked(AnalyzeRequest, decoded)
    return Asked(data=asked.transcript, format=asked.format, hints=asked.call, options=asked.options)


def _is_request(decoded: JsonValue) -> bool:
    """Whether this is meant as the documented request; with a slip in it, if it is no known format."""
    if not isinstance(decoded, dict) or not decoded.keys() & AnalyzeRequest.model_fields.keys():
        return False
    call = decoded.get("call")
    from_gong = isinstance(call, dict) and "parties" in call
    sound = "transcript" in decoded and not from_gong and decoded.keys() <= AnalyzeRequest.model_fields.keys()
    return sound or not recognised(decoded)


async def read_upload(request: Request) -> Asked:
    """A multipart form: the transcript in `file` (or `text`), the wishes in fields of their own names."""
    house: House = request.app.state.house
    most = house.settings.max_body_bytes  # which the door holds; Starlette alone would stop at a megabyte
    async with request.form(max_files=1, max_fields=20, max_part_size=most) as form:
        fields = {name: value for name, value in form.multi_items() if isinstance(value, str) and value}
        text = fields.pop("text", "")
        wishes = checked(AnalyzeQuery, dict(request.query_params) | fields)
        file = form.get("file")
        if isinstance(file, UploadFile) and (file.filename or not text):
            data, name = await file.read(), file.filename
        elif text:
            data, name = text.encode("utf-8", "replace"), None
        else:
            raise BadRequest("Put the transcript into the form's field `file`, or its words into `text`.")
    return Asked(
        data=data, filename=name, format=wishes.format, hints=wishes.hints(), options=wishes.options()
    )


def checked(model: type[Wishes], given: object) -> Wishes:
    """The given fields as this model, or BadRequest naming the first that does not fit."""
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise BadRequest(f"{misfit(error, 'the body')}.") from None
