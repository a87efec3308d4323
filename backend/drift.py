"""Reports whose evidence reads otherwise now: which they are, and judging them anew."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Iterable
from datetime import UTC, datetime
from itertools import groupby

from pydantic import BaseModel

from backend.analysis.engine import Coach, Options
from backend.errors import AnalystFailed, NotFound
from backend.facts import CitedPassage, Passage
from backend.judgement import carried_over
from backend.report import CoachingReport, FormerJudgement
from backend.services.docs_snapshot import Snapshot
from backend.services.passage_drift import Drift, FreshWords, How
from backend.services.prefect_mcp import SEARCH
from backend.store.store import Store
from backend.transcript import Transcript

MOST_HISTORY = 10
ROWS_AT_ONCE = 5_000


class DriftedVerdict(BaseModel):
    """A verdict and the passage it rests on, which has changed or is gone.

    `stands` tells whether the words quoted are still on the page. `read_at` is when they were read for the
    report, `seen_at` when the page was read last.
    """

    claim_id: str
    verdict: str
    url: str | None
    quote: str
    how: How
    stands: bool
    read_at: datetime
    seen_at: datetime

    def sentence(self) -> str:
        """What has become of the passage, for the report's history."""
        where = self.url or "The knowledge pack"
        if self.how == "gone":
            return f"{where} is gone, as of {self.seen_at:%Y-%m-%d}."
        if self.how == "doubtful":
            return f"{where} does not bear out any more, by {self.seen_at:%Y-%m-%d}: “{self.quote[:200]}”."
        kept = "still says" if self.stands else "no longer says"
        return f"{where} has changed by {self.seen_at:%Y-%m-%d} and {kept} “{self.quote[:200]}”."


class DriftedReport(BaseModel):
    report_id: str
    verdicts: list[DriftedVerdict]

    @property
    def stands(self) -> bool:
        """Whether all that it quotes is still where it was found."""
        return all(verdict.stands for verdict in self.verdicts)


async def drifted_reports(
    store: Store, snapshot: Snapshot, *, most: int | None = None
) -> list[DriftedReport]:
    """The reports with a verdict whose passage is known to read otherwise now, the newest report first: at
    least `most` of them where there are so many, all where it is None.

    Known from the last sync, the pack, and what a docs server answered since. Asks nobody.
    """
    cited = await store.citations().each_once()
    answers = await store.shelf().all(SEARCH) if any(one.source == "prefect-mcp" for one in cited) else []
    fresh = await asyncio.to_thread(FreshWords, snapshot, answers)
    unsure = await asyncio.to_thread(lambda: [one for one in cited if fresh.needs_text(one)])
    texts = await _texts(store, unsure)
    suspected = await asyncio.to_thread(
        lambda: {one.text_hash for one in cited if fresh.may_drift(one, texts.get(one.text_hash))}
    )
    drifts: list[Drift] = []
    async for rows in _cited(store, suspected, None if most is None else ROWS_AT_ONCE):
        drifts += await asyncio.to_thread(
            lambda rows: [drift for one in rows if (drift := fresh.drift(one, texts.get(one.text_hash)))],
            rows,
        )
        if most is not None and len({drift.cited.report_id for drift in drifts}) > most:
            break  # the last of them may go on in the next rows
    by_report = groupby(drifts, key=lambda drift: drift.cited.report_id)
    return [
        DriftedReport(report_id=report_id, verdicts=[_verdict(drift) for drift in of_report])
        for report_id, of_report in by_report
    ]


async def judge_anew(store: Store, coach: Coach, drifted: DriftedReport) -> CoachingReport:
    """Coach the call of a report again and store the result in its place, with the judgement before in its
    history, and with what people said of the same words. Raises NotFound where it was deleted,
    AnalystFailed where Claude judged it and cannot now: it is left as it was."""
    old = await store.by_id(drifted.report_id)
    transcript = Transcript(call=old.call, turns=old.turns, format="report")
    new = await coach.coach(transcript, Options(analyst=old.analyst.kind))
    if new.analyst.fell_back:
        raise AnalystFailed(
            f"Report {old.id} was judged by Claude, which gave no answer now, so it stays as it was. "
            f"{new.analyst.why or ''}".rstrip()
        )

    def anew(before: CoachingReport) -> CoachingReport:
        history = [*before.history, _former(before, drifted)][-MOST_HISTORY:]
        return carried_over(
            new.model_copy(update={"id": before.id, "history": history}), before, coach.rubrics
        )

    return await store.revise(old.id, anew)


def _former(old: CoachingReport, drifted: DriftedReport) -> FormerJudgement:
    return FormerJudgement(
        judged_at=old.created_at,
        replaced_at=datetime.now(UTC),
        because=list(dict.fromkeys(verdict.sentence() for verdict in drifted.verdicts)),
        analyst=old.analyst,
        claims=old.claims,
        passages=_cited_passages(old),
    )


async def _cited(
    store: Store, texts: Collection[str], at_once: int | None
) -> AsyncIterator[list[CitedPassage]]:
    """What is cited of these passages, so much at once, or all."""
    skip = 0
    while texts and (rows := await store.citations().of(texts, skip=skip, most=at_once)):
        yield rows
        if at_once is None:
            return
        skip += len(rows)


async def _texts(store: Store, cited: Iterable[CitedPassage]) -> dict[str, str]:
    """The whole passages by their hashes, from reports that cite them."""
    once = {one.text_hash: one for one in cited}.values()
    texts: dict[str, str] = {}
    for report_id, of_report in groupby(sorted(once, key=_of_report), key=_of_report):
        try:
            report = await store.by_id(report_id)
        except NotFound:
            continue  # deleted meanwhile
        passages = {passage.id: passage.text for passage in report.passages}
        texts |= {one.text_hash: passages[one.passage_id] for one in of_report if one.passage_id in passages}
    return texts


def _of_report(cited: CitedPassage) -> str:
    return cited.report_id


def _cited_passages(report: CoachingReport) -> list[Passage]:
    cited = {evidence.passage_id for claim in report.claims for evidence in claim.evidence}
    return [passage for passage in report.passages if passage.id in cited]


def _verdict(drift: Drift) -> DriftedVerdict:
    cited = drift.cited
    return DriftedVerdict(
        claim_id=cited.claim_id,
        verdict=cited.verdict,
        url=cited.url,
        quote=cited.quote,
        how=drift.how,
        stands=drift.stands,
        read_at=cited.read_at,
        seen_at=drift.seen_at,
    )
