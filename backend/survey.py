"""What stored verdicts rest on and what has become of it, looked through now and then while somebody asks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, date, datetime
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from backend.drift import DriftedReport, drifted_reports
from backend.errors import NotFound
from backend.services.background import Background
from backend.services.docs_snapshot import Snapshot
from backend.services.fact_drift import FactDrift, drifted_facts
from backend.services.pack_lint import Finding, check_pack
from backend.store.cited import CitedPage
from backend.store.store import Store

MOST_PAGES = 20
MOST_REPORTS = 50
REST = 20
"""A survey of a large store takes seconds: after one comes a rest so many times as long."""
WAIT_FIRST_S = 1.0
WAIT_S = 0.1


class Surveyed(NamedTuple):
    """What was found `at` this time. `aged` are places in the pack past their time, `silent` the ids of facts
    that therefore accuse nobody. `drifted` are the newest reports on changed passages, with `titles` by id,
    and `more_drifted` whether there are more of them."""

    at: datetime
    cited: list[CitedPage]
    aged: list[Finding]
    silent: frozenset[str]
    doubtful: list[FactDrift]
    drifted: list[DriftedReport]
    more_drifted: bool
    titles: Mapping[str, str]


class Survey(Background):
    """Entering begins nothing; leaving ends what is under way. `pack` is the knowledge pack's directory."""

    def __init__(self, store: Store, snapshot: Snapshot, pack: Path) -> None:
        self._store = store
        self._snapshot = snapshot
        self._pack = pack
        self._held: Surveyed | None = None
        self._next = 0.0
        self._judged: set[str] = set()
        self._aged = lru_cache(1)(self._aged_on)
        self._doubtful = lru_cache(1)(lambda _fingerprint: drifted_facts(snapshot))

    async def latest(self) -> Surveyed | None:
        """The latest survey; None while the first is being made. Where it is time for another, that is begun
        and waited for a moment. Raises what that one met, such as StoreUnavailable."""
        patience = WAIT_S
        if self._task is None and time.monotonic() >= self._next:
            self._task = asyncio.create_task(self._look(), name="survey")
            self._task.add_done_callback(self._ended)
            patience = WAIT_S if self._held else WAIT_FIRST_S
        if task := self._task:
            done, _ = await asyncio.wait({task}, timeout=patience)
            if done:
                task.result()
        return self._held

    async def drifted(self, report_id: str) -> DriftedReport:
        """What is known to have drifted of this report. Raises NotFound where nothing is."""
        held = self._held or await self.latest()
        for report in held.drifted if held else ():
            if report.report_id == report_id:
                return report
        raise NotFound(f"Report {report_id[:80]!r} rests on nothing that is known to read otherwise now.")

    def judged(self, report_id: str) -> None:
        """This report was judged anew: it is no longer among the drifted, whatever a survey under way finds,
        and the next survey is due."""
        self._judged.add(report_id)
        self._next = 0.0
        if self._held:
            self._held = self._held._replace(drifted=self._but_judged(self._held.drifted))

    async def _look(self) -> None:
        self._judged.clear()
        begun = time.monotonic()
        found = await drifted_reports(self._store, self._snapshot, most=MOST_REPORTS)
        drifted = found[:MOST_REPORTS]
        citations = self._store.citations()
        cited = await citations.pages(MOST_PAGES)
        titles = await citations.titles(report.report_id for report in drifted)
        self._next = time.monotonic() + REST * (time.monotonic() - begun)
        aged, doubtful, silent = await asyncio.to_thread(self._of_pack)
        self._held = Surveyed(
            at=datetime.now(UTC),
            cited=cited,
            aged=aged,
            silent=silent,
            doubtful=doubtful,
            drifted=self._but_judged(drifted),
            more_drifted=len(found) > len(drifted),
            titles=titles,
        )

    def _of_pack(self) -> tuple[list[Finding], list[FactDrift], frozenset[str]]:
        """Read again only when the pack, the copy of the documentation or the day is another."""
        today, pack = datetime.now(UTC).date(), self._snapshot.pack
        silent = frozenset(
            fact.id for fact in pack.facts if fact.accuses_until is not None and fact.accuses_until < today
        )
        return self._aged(pack.fingerprint, today), self._doubtful(self._snapshot.fingerprint), silent

    def _aged_on(self, _fingerprint: str, today: date) -> list[Finding]:
        return [found for found in check_pack(self._pack, None, today).findings if found.level == "age"]

    def _but_judged(self, drifted: list[DriftedReport]) -> list[DriftedReport]:
        return [report for report in drifted if report.report_id not in self._judged]

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._task = None
        if not task.cancelled():
            task.exception()  # retrieved, since nobody may have waited for it
