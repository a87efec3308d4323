"""The team and each rep, as pages and as JSON in one shape."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from backend.errors import BadRequest
from backend.house import House
from backend.pages.page import Page
from backend.pages.people import PERIODS, Chosen, rep_page, team_page
from backend.store.coached import Rep, Team
from backend.store.people import People
from backend.store.period import Period

USUAL = "12w"
WEEKS = {"4w": 4, "12w": 12, "1y": 52}


class Asked:
    """The period somebody asks for: one of PERIODS, or days. Days win, for they are in the form's hands."""

    def __init__(
        self,
        period: Annotated[str, Query(description="4w, 12w, 1y or all")] = USUAL,
        since: Annotated[str, Query(description="a day in its first week, as 2026-11-20")] = "",
        until: Annotated[str, Query(description="a day in its last week")] = "",
    ) -> None:
        if period not in PERIODS:
            raise BadRequest(f"There is no period {period[:20]!r}; ask for {', '.join(PERIODS)}.")
        self._name = None if since or until else period
        self._since, self._until = _day(since), _day(until)

    async def of(self, people: People) -> tuple[Period, Chosen]:
        """The weeks, and what the page's chooser shows."""
        today = datetime.now(UTC).date()
        if self._name in WEEKS:
            period = Period.until(today, WEEKS[self._name])
        else:
            every = await people.weeks() or Period.until(today, WEEKS[USUAL])
            period = Period.between(self._since or every.start, self._until or every.end)
        return period, Chosen(self._name, period.start, period.end)


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/team.json")
    async def team_as_json(request: Request, asked: Annotated[Asked, Depends()]) -> Team:
        """What the team gets wrong most, by claim and topic; objections, competitors, open questions."""
        people = _people(request)
        period, _ = await asked.of(people)
        return await people.team(period)

    @routes.get("/reps/{name:path}.json")
    async def rep_as_json(request: Request, name: str, asked: Annotated[Asked, Depends()]) -> Rep:
        """What a rep knows well and badly, how objections were handled, scores, and moments to share."""
        people = _people(request)
        period, _ = await asked.of(people)
        return await people.rep(name, period)

    @routes.get("/team", include_in_schema=False)
    async def team(request: Request, asked: Annotated[Asked, Depends()]) -> Page:
        people = _people(request)
        period, chosen = await asked.of(people)
        return Page(await asyncio.to_thread(team_page, await people.team(period), chosen))

    @routes.get("/reps/{name:path}", include_in_schema=False)
    async def rep(request: Request, name: str, asked: Annotated[Asked, Depends()]) -> Page:
        people = _people(request)
        period, chosen = await asked.of(people)
        return Page(await asyncio.to_thread(rep_page, await people.rep(name, period), chosen))

    return routes


def _people(request: Request) -> People:
    house: House = request.app.state.house
    return house.store.people()


def _day(written: str) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        raise BadRequest(f"{written[:20]!r} is no day; write it as 2026-11-20.") from None
