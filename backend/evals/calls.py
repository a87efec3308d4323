"""Labelled calls through the whole product: parsed, matched, looked up, judged, verified and scored."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from backend.analysis.analyst import Analyst, Brief, Judgement, Moments
from backend.analysis.claude_bill import read_prices
from backend.analysis.engine import Coach, Options
from backend.evals.bill import Tokens, total
from backend.evals.labels import LabelledCall
from backend.evals.marking import Finding, Marker, Marks
from backend.evals.measures import AnalystResult, CallCounts, Result, Spent, figures
from backend.facts import KnowledgeStatus
from backend.house import House
from backend.report import AnalystKind, CoachingReport
from backend.spending import ClaudeUsage
from backend.transcript import Transcript


class Watched:
    """An analyst, and the briefs it was last given."""

    def __init__(self, analyst: Analyst) -> None:
        self._analyst = analyst
        self.briefs: Mapping[str, Brief] = {}

    @property
    def kind(self) -> AnalystKind:
        return self._analyst.kind

    @property
    def model(self) -> str | None:
        return self._analyst.model

    @property
    def fingerprint(self) -> str:
        return self._analyst.fingerprint

    async def spot(self, transcript: Transcript) -> Moments:
        return await self._analyst.spot(transcript)

    async def judge(self, transcript: Transcript, moments: Moments, briefs: Mapping[str, Brief]) -> Judgement:
        self.briefs = briefs
        return await self._analyst.judge(transcript, moments, briefs)


class Taken(NamedTuple):
    cpu_s: float
    wall_s: float


class Run(NamedTuple):
    """The figures, and each thing to learn from, by analyst."""

    result: Result
    findings: dict[str, list[Finding]]


async def run(
    house: House,
    calls: Sequence[LabelledCall],
    kinds: Sequence[AnalystKind],
    done: Callable[[], None] = lambda: None,
) -> Run:
    """Coach every call with each analyst and mark the reports; nothing is stored. `done` is called after
    each call. The house must have the analysts asked for."""
    results: list[AnalystResult] = []
    findings: dict[str, list[Finding]] = {}
    for kind in kinds:
        result, found = await _run(house, calls, kind, done)
        results.append(result)
        findings[kind] = found
    return Run(Result(analysts=results), findings)


async def _run(
    house: House, calls: Sequence[LabelledCall], kind: AnalystKind, done: Callable[[], None]
) -> tuple[AnalystResult, list[Finding]]:
    watched = {name: Watched(analyst) for name, analyst in house.coach.analysts.items()}
    coach = Coach(house.knowledge, watched)
    marked: list[Marks] = []
    taken: list[Taken] = []
    statuses: Counter[KnowledgeStatus] = Counter()
    fell_back = 0
    usages: list[ClaudeUsage] = []
    for call in calls:
        report, took = await _timed(coach, call.transcript, kind)
        marked.append(Marker(call, report, watched[report.analyst.kind].briefs).marks())
        taken.append(took)
        fell_back += report.analyst.fell_back
        usages += [report.analyst.usage] if report.analyst.usage else []
        statuses[report.knowledge.status] += 1
        done()
    counted = [
        CallCounts(id=call.labels.id, counts=marks.counts) for call, marks in zip(calls, marked, strict=True)
    ]
    result = AnalystResult(
        analyst=kind,
        model=watched[kind].model,
        fell_back=fell_back,
        knowledge=dict(sorted(statuses.items())),
        figures=figures(counted),
        verdicts=_by_label(marked),
        spent=_spent(
            taken, total(usages, watched[kind].model, read_prices(house.settings.coach_claude_prices))
        ),
        calls=counted,
    )
    return result, [one for marks in marked for one in marks.findings]


async def _timed(coach: Coach, transcript: Transcript, kind: AnalystKind) -> tuple[CoachingReport, Taken]:
    cpu, wall = time.process_time(), time.perf_counter()
    report = await coach.coach(transcript, Options(analyst=kind))
    return report, Taken(time.process_time() - cpu, time.perf_counter() - wall)


def _by_label(marked: Sequence[Marks]) -> dict[str, dict[str, int]]:
    """The verdicts of all calls, by label, in an order that does not change."""
    total = sum((marks.verdicts for marks in marked), Counter[tuple[str, str]]())
    by_label: dict[str, dict[str, int]] = {}
    for (label, verdict), count in sorted(total.items()):
        by_label.setdefault(label, {})[verdict] = count
    return by_label


def _spent(taken: Sequence[Taken], tokens: Tokens) -> Spent:
    """Times to two digits: the others are noise, and would make every run's file another one."""
    return Spent(
        input_tokens=tokens.input,
        cache_write_tokens=tokens.cache_write,
        cache_read_tokens=tokens.cache_read,
        billed_tokens=tokens.billed,
        output_tokens=tokens.output,
        dollars=None if tokens.dollars is None else round(tokens.dollars, 4),
        baseline_tokens=tokens.baseline,
        cpu_ms_p50=_two_digits(1000 * median(one.cpu_s for one in taken)),
        wall_ms_p50=_two_digits(1000 * median(one.wall_s for one in taken)),
    )


def _two_digits(value: float) -> float:
    return float(f"{value:.2g}")
