"""What the documentation says about words as spoken, for programs."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel

from backend.analysis.finding import search
from backend.errors import BadRequest
from backend.facts import PassageMatch, Source
from backend.house import House

LONGEST_QUESTION = 2_000
MOST_PASSAGES = 50


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

    return routes


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
