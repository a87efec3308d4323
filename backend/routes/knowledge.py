"""What the documentation says about words as spoken, for programs; and the page on product knowledge."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from http import HTTPStatus
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel
from starlette.responses import RedirectResponse, Response

from backend.analysis.finding import search
from backend.drift import judge_anew
from backend.errors import BadRequest, CoachError, StoreUnavailable
from backend.facts import PassageMatch, Source
from backend.house import House
from backend.pages.knowledge import KnowledgeNow, Trial, knowledge_page
from backend.pages.page import Page
from backend.services.docs_ledger import last_sync
from backend.services.docs_schedule import next_sync

LONGEST_QUESTION = 2_000
MOST_PASSAGES = 50
PASSAGES_TRIED = 10


class FoundPassage(BaseModel):
    """Words of the documentation, or of the pack where the documentation has none here. `title` is the
    page's with the way to the heading; `score` is comparable within one answer."""

    url: str | None
    title: str
    text: str
    source: Source
    read_at: datetime
    score: float


class FoundPassages(BaseModel):
    passages: list[FoundPassage]


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/knowledge/search")
    async def knowledge_search(
        request: Request,
        q: str = Query(max_length=LONGEST_QUESTION, description="What was said, in the speaker's words."),
        k: int = Query(20, ge=1, le=MOST_PASSAGES, description="Most passages to return."),
    ) -> FoundPassages:
        """Passages of the documentation for what was said, best first, found as an analysis finds them.

        The words stay here: a docs server is asked in the documentation's own vocabulary.
        """
        house: House = request.app.state.house
        if not q.strip():
            raise BadRequest("q is empty; put in it what was said.")
        return FoundPassages(passages=[_found(one) for one in await search(house.knowledge, q, k)])

    @routes.get("/knowledge", include_in_schema=False)
    async def knowledge(request: Request, q: str = "", judged: str | None = None) -> Page:
        """The page. `q` are words to try, `judged` a report that was just judged anew."""
        house: House = request.app.state.house
        trial = await _tried(house, q.strip())
        return await _page(house, trial, judged=judged, status=400 if trial.problem else 200)

    @routes.post("/knowledge/rejudge", include_in_schema=False)
    async def rejudge(request: Request) -> Response:
        """Judge a report anew whose sources read otherwise now, as `docs drift --rejudge` does."""
        house: House = request.app.state.house
        async with request.form(max_files=0, max_fields=1) as form:
            report_id = str(form.get("report", ""))
        try:
            await judge_anew(house.store, house.coach, await house.survey.drifted(report_id))
        except CoachError as failure:
            return await _page(house, Trial(), problem=str(failure), status=failure.status)
        house.survey.judged(report_id)
        return RedirectResponse(f"/knowledge?judged={quote(report_id, safe='')}", HTTPStatus.SEE_OTHER)

    return routes


async def _page(
    house: House, trial: Trial, *, judged: str | None = None, problem: str | None = None, status: int = 200
) -> Page:
    try:
        survey = await house.survey.latest()
    except StoreUnavailable as failure:
        survey, problem = None, str(failure)
    text = await asyncio.to_thread(
        knowledge_page,
        await _now(house),
        survey,
        pack=house.settings.coach_knowledge_dir,
        trial=trial,
        problem=problem,
        judged=judged,
    )
    return Page(text, status)


async def _now(house: House) -> KnowledgeNow:
    every = timedelta(hours=house.settings.coach_docs_sync_hours)
    last = await asyncio.to_thread(last_sync, house.settings.coach_data_dir)
    return KnowledgeNow(
        server=house.knowledge.server,
        cache=house.knowledge.cache_stats,
        snapshot=await asyncio.to_thread(house.snapshot.status),
        last_sync=last,
        syncs_itself=bool(every),
        next_sync=next_sync(last, every) if every and last and last.outcome != "running" else None,
    )


async def _tried(house: House, words: str) -> Trial:
    if not words:
        return Trial()
    if len(words) > LONGEST_QUESTION:
        return Trial(
            words, problem=f"That is more than {LONGEST_QUESTION:,} characters; try a sentence or two."
        )
    return Trial(words, await search(house.knowledge, words, PASSAGES_TRIED))


def _found(match: PassageMatch) -> FoundPassage:
    passage = match.passage
    return FoundPassage(
        url=passage.url,
        title=" > ".join(filter(None, (passage.title, passage.section))),
        text=passage.text,
        source=passage.source,
        read_at=passage.read_at,
        score=match.score,
    )
