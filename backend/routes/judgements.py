"""What people say of findings: disputing one, withdrawing that, ruling on it; and the list of disputes.

Programs send and get JSON; the pages' forms are answered by a redirect back to the moment on its call's page.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Literal, NamedTuple, TypeVar, get_args
from urllib.parse import quote

import structlog
from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import from_json
from starlette.responses import RedirectResponse, Response

from backend.errors import BadRequest, CoachError, NotFound
from backend.formats.fields import Line, Text, misfit
from backend.house import House
from backend.judgement import Kind, Said, dispute, judged, rule, rule_handling, withdraw
from backend.pages.judgement import FormName, Typed, disputes_page, moment_page
from backend.pages.page import Page
from backend.report import Claim, CoachingReport, Handling, Objection, Verdict
from backend.routes.door import LONGEST_NAME, check_may_rule, remember_name, viewer_of
from backend.rubric import Rubric
from backend.store.judgements import JudgedPage, State

DISPUTES_PER_PAGE = 50
LONGEST_REASON = 1000
FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
STATES: dict[str, State] = {state: state for state in get_args(State)}

W = TypeVar("W", bound="Word")

log = structlog.get_logger()


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("is empty")
    return text.strip()


class Word(BaseModel):
    """Who says it, and why."""

    model_config = ConfigDict(extra="forbid")

    by: Annotated[Line, Field(max_length=LONGEST_NAME), AfterValidator(_filled)]
    reason: Annotated[Text, Field(max_length=LONGEST_REASON), AfterValidator(_filled)]

    def said(self) -> Said:
        return Said(self.by, self.reason, datetime.now(UTC))


class VerdictWord(Word):
    """The verdict that stands from now on; the one that stands already upholds it."""

    verdict: Verdict

    def ruled(self, report: CoachingReport, claim_id: str, rubrics: Sequence[Rubric]) -> CoachingReport:
        return rule(report, claim_id, self.verdict, self.said(), rubrics)


class HandlingWord(Word):
    """How an objection was handled, or that it was none."""

    handled: Handling | Literal["no_objection"]

    def ruled(self, report: CoachingReport, objection_id: str, rubrics: Sequence[Rubric]) -> CoachingReport:
        handled = None if self.handled == "no_objection" else self.handled
        return rule_handling(report, objection_id, handled, self.said(), rubrics)


class Where(NamedTuple):
    """A moment of a report."""

    report_id: str
    kind: Kind
    moment_id: str

    @property
    def on_page(self) -> str:
        return f"/calls/{quote(self.report_id, safe='')}#{quote(self.moment_id, safe='')}"


def _takes(model: type[Word]) -> dict[str, JsonValue]:
    content: JsonValue = {"application/json": {"schema": model.model_json_schema()}}
    return {"requestBody": {"required": True, "content": content}}


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/disputes.json")
    async def listed(
        request: Request,
        state: State | None = None,
        speaker: str | None = None,
        limit: int = Query(50, ge=1, le=500),
        before: str | None = None,
    ) -> JudgedPage:
        """What was disputed or ruled on, what was said last first."""
        kept = _house(request).store.judgements()
        return await kept.page(state=state, speaker=speaker, limit=limit, before=before)

    @routes.get("/disputes", include_in_schema=False)
    async def disputes(
        request: Request, state: str = "open", speaker: str | None = None, before: str | None = None
    ) -> Page:
        wanted = STATES.get(state)
        kept = _house(request).store.judgements()
        listed = await kept.page(state=wanted, speaker=speaker, limit=DISPUTES_PER_PAGE, before=before)
        counts, speakers = await kept.counts(speaker), await kept.speakers()
        return Page(disputes_page(listed, counts, speakers, state=wanted, speaker=speaker, before=before))

    _add_moments(routes, "claims", Claim, VerdictWord)
    _add_moments(routes, "objections", Objection, HandlingWord)
    return routes


def _add_moments(
    routes: APIRouter,
    kind: Kind,
    model: type[Claim] | type[Objection],
    ruling: type[VerdictWord] | type[HandlingWord],
) -> None:
    path = f"/calls/{{report_id}}/{kind}/{{moment_id}}"

    @routes.post(f"{path}/disputes", status_code=201, response_model=model, openapi_extra=_takes(Word))
    async def dispute_it(request: Request, report_id: str, moment_id: str) -> Response:
        """Say that what was found is wrong, and why. Answers the claim or objection."""
        return await _dispute(request, Where(report_id, kind, moment_id))

    @routes.post(f"{path}/disputes/{{dispute_id}}/withdrawal", response_model=model)
    async def withdraw_it(request: Request, report_id: str, moment_id: str, dispute_id: str) -> Response:
        """Take a dispute back that no ruling has answered."""
        return await _withdraw(request, Where(report_id, kind, moment_id), dispute_id)

    @routes.post(f"{path}/ruling", response_model=model, openapi_extra=_takes(ruling))
    async def rule_on_it(request: Request, report_id: str, moment_id: str) -> Response:
        """Overrule what was found or uphold it, with a reason. With managers' tokens set, for managers."""
        return await _rule(request, Where(report_id, kind, moment_id), ruling)

    @routes.get(path, include_in_schema=False)
    async def moment(request: Request, report_id: str, moment_id: str) -> Page:
        return await _moment(request, Where(report_id, kind, moment_id))


async def _dispute(request: Request, where: Where) -> Response:
    def disputed(report: CoachingReport, word: Word) -> CoachingReport:
        return dispute(report, where.kind, where.moment_id, word.said())

    return await _say(request, where, "dispute", Word, disputed, 201)


async def _withdraw(request: Request, where: Where, dispute_id: str) -> Response:
    at = datetime.now(UTC)
    report = await _house(request).store.revise(
        where.report_id, lambda report: withdraw(report, where.kind, where.moment_id, dispute_id, at)
    )
    log.info("judgement.withdrawn", report=where.report_id, moment=where.moment_id)
    if _is_form(request):
        return RedirectResponse(where.on_page, 303)
    return _as_json(report, where, 200)


async def _rule(request: Request, where: Where, ruling: type[VerdictWord] | type[HandlingWord]) -> Response:
    check_may_rule(request, "rule on what was found")
    rubrics = _house(request).snapshot.pack.rubrics

    def ruled(report: CoachingReport, word: VerdictWord | HandlingWord) -> CoachingReport:
        return word.ruled(report, where.moment_id, rubrics)

    return await _say(request, where, "ruling", ruling, ruled, 200)


async def _say(
    request: Request,
    where: Where,
    form: FormName,
    model: type[W],
    change: Callable[[CoachingReport, W], CoachingReport],
    status: int,
) -> Response:
    """Change the report by what the body says. A form that cannot be taken comes back as it was filled in."""
    fields = await _fields(request)
    try:
        word = _checked(model, fields)
        report = await _house(request).store.revise(where.report_id, lambda report: change(report, word))
    except NotFound:
        raise
    except CoachError as error:
        if not _is_form(request):
            raise
        return await _moment(request, where, error, _typed(form, fields))
    log.info(f"judgement.{form}", report=where.report_id, moment=where.moment_id)
    if not _is_form(request):
        return _as_json(report, where, status)
    answer = RedirectResponse(where.on_page, 303)
    remember_name(answer, word.by)
    return answer


async def _moment(
    request: Request, where: Where, error: CoachError | None = None, typed: Typed | None = None
) -> Page:
    report = await _house(request).store.by_id(where.report_id)
    moment = judged(report, where.kind, where.moment_id)
    sentence = str(error) if error else None
    text = await asyncio.to_thread(
        moment_page, report, where.kind, moment, viewer_of(request), sentence, typed
    )
    return Page(text, error.status if error else 200)


async def _fields(request: Request) -> JsonValue:
    """The body's fields, from JSON or a form."""
    if _is_form(request):
        async with request.form(max_files=0, max_fields=10) as form:
            return {name: value for name, value in form.items() if isinstance(value, str)}
    try:
        fields: JsonValue = from_json(await request.body())
    except ValueError:
        raise BadRequest("The body is not JSON: send an object with `by` and `reason`.") from None
    return fields


def _is_form(request: Request) -> bool:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() in FORMS


def _typed(form: FormName, fields: JsonValue) -> Typed:
    given = fields if isinstance(fields, dict) else {}
    by, reason = str(given.get("by", "")), str(given.get("reason", ""))
    return Typed(form, by, reason, str(given.get("verdict", given.get("handled", ""))))


def _checked(model: type[W], fields: JsonValue) -> W:
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        said = misfit(error, "the body")
        raise BadRequest(f"{said[:1].upper()}{said[1:]}.") from None


def _as_json(report: CoachingReport, where: Where, status: int) -> Response:
    moment = judged(report, where.kind, where.moment_id)
    return Response(moment.model_dump_json(), status, media_type="application/json")


def _house(request: Request) -> House:
    house: House = request.app.state.house
    return house
