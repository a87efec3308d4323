"""What verdicts rest on, over all reports."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple

from sqlalchemy import case
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession

from backend.facts import CitedPassage
from backend.store.tables import UNTITLED, CitedPassageRow, ReportRow


class CitedPage(NamedTuple):
    """A page of the documentation, and how many reports have a verdict that rests on it."""

    url: str
    reports: int


class Citations:
    """The table of cited passages, read. With half a million rows `each_once` and `pages` take about a
    second. Every method raises StoreUnavailable when the database fails."""

    def __init__(self, session: Callable[[], AbstractAsyncContextManager[AsyncSession]]) -> None:
        self._session = session

    async def each_once(self) -> list[CitedPassage]:
        """The passages, each once for every quote and verdict that it is cited with: by its earliest reading,
        and by one of the reports. They name no claim."""
        same = ("verdict", "passage_id", "url", "source", "text_hash", "quote")
        once = {name: getattr(CitedPassageRow, name) for name in same}
        once |= {
            "report_id": func.min(CitedPassageRow.report_id),
            "read_at": func.min(CitedPassageRow.read_at),
        }
        grouped = select(*(value.label(name) for name, value in once.items())).group_by(
            *(once[name] for name in same)
        )
        async with self._session() as session:
            rows = (await session.exec(grouped)).mappings()
            return [CitedPassage(claim_id="", **row) for row in rows]

    async def of(
        self, texts: Collection[str], *, skip: int = 0, most: int | None = None
    ) -> list[CitedPassage]:
        """What is cited of passages with these text hashes, report by report, the newest report first: all,
        or so many after those that are skipped."""
        columns = [getattr(CitedPassageRow, name) for name in CitedPassage._fields]
        rows = (
            select(*columns)
            .join(ReportRow, col(ReportRow.id) == col(CitedPassageRow.report_id))
            .where(col(CitedPassageRow.text_hash).in_(texts))
            .order_by(
                col(ReportRow.created_at).desc(),
                col(ReportRow.id),
                col(CitedPassageRow.claim_id),
                col(CitedPassageRow.place),
            )
            .offset(skip)
            .limit(most)
        )
        async with self._session() as session:
            return [CitedPassage(*row) for row in await session.exec(rows)]

    async def titles(self, report_ids: Iterable[str]) -> dict[str, str]:
        """What the calls of these reports are called, by report."""
        titled = select(ReportRow.id, ReportRow.title).where(col(ReportRow.id).in_(list(report_ids)))
        async with self._session() as session:
            return {report_id: title or UNTITLED for report_id, title in await session.exec(titled)}

    async def pages(self, most: int) -> list[CitedPage]:
        """The pages that the most reports cite, whatever section of them."""
        reports = func.count(func.distinct(CitedPassageRow.report_id))
        async with self._session() as session:
            find = func.strpos if session.get_bind().dialect.name == "postgresql" else func.instr
            url = col(CitedPassageRow.url)
            hash_sign = find(url, "#")
            page = case((hash_sign == 0, url), else_=func.substr(url, 1, hash_sign - 1))
            cited = (
                select(page, reports)
                .where(url.is_not(None))
                .group_by(page)
                .order_by(reports.desc(), page)
                .limit(most)
            )
            return [CitedPage(*row) for row in await session.exec(cited)]
