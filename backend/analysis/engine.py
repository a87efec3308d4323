"""The chain from a transcript to a coaching report: spot, match, ask the docs, judge, verify, score."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from typing import Literal
from uuid import uuid4

import structlog

from backend.analysis.analyst import (
    Analyst,
    Brief,
    Judgement,
    Knowledge,
    Moments,
    SpottedClaim,
    SpottedObjection,
    SpottedQuestion,
)
from backend.analysis.assessment import assess
from backend.analysis.claude_bill import billing
from backend.analysis.evidence import cited_passages, keep_what_is_verbatim
from backend.analysis.finding import Asked, asked_at, match, own_sections, rank, readable
from backend.analysis.measures import hold_answers
from backend.analysis.queries import can_be_asked, write_queries
from backend.analysis.talk import talk_stats
from backend.errors import AnalystAway, AnalystFailed
from backend.facts import Fact, FactMatch, LookUps, Passage
from backend.report import REPORT_VERSION, AnalystUsed, CoachingReport, KnowledgeUsed
from backend.rubric import Rubric
from backend.tracing import NoTracing, Tracing
from backend.transcript import Transcript, Turn

FACTS_PER_MOMENT = 12
QUERIES_PER_MOMENT = 2
QUERIES_PER_CALL = 80
MOMENTS_OF_A_KIND = 600
"""So many claims, objections, mentions or questions of one call are judged: over ten times what an hour of
a real call holds. Each costs some milliseconds and some kilobytes, and hostile input holds thousands."""

BROKE = "Claude's answer could not be used because of a flaw in Call Coach; the log has the details."

Step = Literal["spot", "look_up", "judge", "save"]
Progress = Callable[[Step, int, int], None]
"""Told, within the event loop, what an analysis does now, and how much of how much of it is done."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Options:
    """What the caller asked for. `enrich=False` leaves product knowledge out altogether."""

    enrich: bool = True
    analyst: Literal["auto", "claude", "rules"] = "auto"


@dataclass(frozen=True, eq=False)
class Found:
    """What a moment was matched by, and the facts it may be about, best first. Each is only itself: facts
    are long to compare."""

    asked: Asked
    matches: tuple[FactMatch, ...]


def unwatched(step: Step, done: int, of: int) -> None:
    """Nobody wants to know how far an analysis is."""


class Coach:
    """Analyses calls. Holds no state of its own between them.

    `analysts` has "rules" always and "claude" where it is configured; `default` is what `auto` stands for.
    Without `rubrics` there are no scores.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        analysts: Mapping[str, Analyst],
        default: Literal["claude", "rules"] = "rules",
        tracing: Tracing | None = None,
        rubrics: Sequence[Rubric] = (),
    ) -> None:
        self._knowledge = knowledge
        self._analysts = analysts
        self._default = default
        self._rubrics = rubrics
        self._tracing = tracing or NoTracing()

    @property
    def knowledge(self) -> Knowledge:
        return self._knowledge

    @property
    def rubrics(self) -> Sequence[Rubric]:
        return self._rubrics

    @property
    def analysts(self) -> Mapping[str, Analyst]:
        return self._analysts

    def content_key(self, transcript: Transcript, options: Options) -> str:
        """The same for the same call, docs, prompts, model, settings and report version."""
        analyst = self._analysts.get(self._wanted(options), self._analysts["rules"])
        parts = (
            str(REPORT_VERSION),
            transcript.model_dump_json(),
            self._wanted(options),
            analyst.fingerprint,
            self._knowledge.fingerprint if options.enrich else "no knowledge",
            *(rubric.model_dump_json() for rubric in self._rubrics),
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def could_do_better(self, report: CoachingReport) -> bool:
        """Whether a stored report was made in worse conditions than now: Claude or the docs were away."""
        waited = report.knowledge.status in {"snapshot", "degraded", "stale"} and self._knowledge.live
        return report.analyst.fell_back or waited

    async def coach(
        self,
        transcript: Transcript,
        options: Options = Options(),
        progress: Progress = unwatched,
        report_id: str | None = None,
    ) -> CoachingReport:
        """The report on this call, under a new id where none is given. Outages of the docs or of Claude never
        raise; the report says so."""
        begun = time.perf_counter()
        progress("spot", 0, 0)
        with billing() as bill:
            with self._tracing.span("spot"):
                analyst, moments, why = await self._spot(transcript, options)
                moments = _bounded(moments)
            briefs: dict[str, Brief] = {}
            looked_up = LookUps()
            if options.enrich:
                briefs, looked_up = await self._brief(analyst, moments, transcript.turns, progress)
            progress("judge", 0, 0)
            with self._tracing.span("judge", analyst=analyst.kind):
                analyst, judgement, why = await self._judge(analyst, transcript, moments, briefs, why)
        used = AnalystUsed(
            kind=analyst.kind,
            model=analyst.model,
            fell_back=why is not None,
            why=why,
            usage=bill.usage(transcript),
        )
        with self._tracing.span("verify"):
            judgement = await asyncio.to_thread(keep_what_is_verbatim, judgement, briefs)
            report = await asyncio.to_thread(
                self._report,
                report_id or uuid4().hex,
                transcript,
                options,
                used,
                moments.warnings,
                looked_up,
                judgement,
                briefs,
            )
        _log_coached(report, time.perf_counter() - begun)
        return report

    def _report(
        self,
        report_id: str,
        transcript: Transcript,
        options: Options,
        analyst: AnalystUsed,
        spotting: list[str],
        looked_up: LookUps,
        judgement: Judgement,
        briefs: Mapping[str, Brief],
    ) -> CoachingReport:
        """All of it counted, scored and put together. `spotting` are the warnings met while spotting."""
        talk = talk_stats(transcript)
        judgement = hold_answers(judgement)
        return CoachingReport(
            id=report_id,
            created_at=datetime.now(UTC),
            content_key=self.content_key(transcript, options),
            call=transcript.call,
            turns=transcript.turns,
            analyst=analyst,
            knowledge=KnowledgeUsed(**looked_up.model_dump(include=set(KnowledgeUsed.model_fields))),
            talk=talk,
            claims=judgement.claims,
            objections=judgement.objections,
            competitors=judgement.competitors,
            questions=judgement.questions,
            **assess(transcript, talk, judgement, self._rubrics)._asdict(),
            warnings=_once(transcript.warnings, spotting, looked_up.warnings, judgement.warnings),
            passages=cited_passages(judgement, briefs),
        )

    async def _spot(self, transcript: Transcript, options: Options) -> tuple[Analyst, Moments, str | None]:
        """Who spotted, what, and why it was not the analyst asked for."""
        rules = self._analysts["rules"]
        analyst = self._analysts.get(self._wanted(options))
        if analyst is None:
            return rules, await rules.spot(transcript), "Claude is not set up here: set ANTHROPIC_API_KEY."
        if analyst is rules:
            return rules, await rules.spot(transcript), None
        try:
            moments = await analyst.spot(transcript)
        except AnalystAway as failure:
            return rules, await rules.spot(transcript), str(failure)
        except AnalystFailed as failure:  # what it could not read, it may still judge
            return analyst, await rules.spot(transcript), f"{failure} Rules found the moments."
        except Exception:  # a flaw in our Claude code must not cost the user the analysis
            log.exception("analyst.broke", analyst=analyst.kind, step="spot")
            return rules, await rules.spot(transcript), BROKE
        if not moments.unread:
            return analyst, moments, None
        filled = moments.with_those_of(await rules.spot(transcript))
        return analyst, filled, f"{moments.why} Rules found the moments of {len(moments.unread)} turns."

    async def _judge(
        self,
        analyst: Analyst,
        transcript: Transcript,
        moments: Moments,
        briefs: Mapping[str, Brief],
        why: str | None,
    ) -> tuple[Analyst, Judgement, str | None]:
        rules = self._analysts["rules"]
        if analyst is rules:
            return rules, await rules.judge(transcript, moments, briefs), why
        try:
            judgement = await analyst.judge(transcript, moments, briefs)
        except AnalystFailed as failure:
            return rules, await rules.judge(transcript, moments, briefs), str(failure)
        except Exception:  # as in _spot
            log.exception("analyst.broke", analyst=analyst.kind, step="judge")
            return rules, await rules.judge(transcript, moments, briefs), BROKE
        if not judgement.unjudged:
            return analyst, judgement, why
        rest = await rules.judge(transcript, moments.only(judgement.unjudged), briefs)
        left = f"{judgement.why} Rules judged {len(judgement.unjudged)} of {len(moments.all())} moments."
        return analyst, judgement.with_those_of(rest), f"{why} {left}" if why else left

    async def _brief(
        self, analyst: Analyst, moments: Moments, turns: Sequence[Turn], progress: Progress
    ) -> tuple[dict[str, Brief], LookUps]:
        """What is known about each moment, and how the look-ups went."""
        with self._tracing.span("match"):
            found = await asyncio.to_thread(self._match, moments, turns)
            queries = write_queries(_most_wanted(found), most=QUERIES_PER_CALL)
        with self._tracing.span("look_up", queries=len(queries)):
            looked_up = await self._knowledge.look_up(queries, partial(progress, "look_up"))
        # Rules quote what the facts say where they say it, and would leave all else unread.
        whole = analyst.kind != "rules"
        return await asyncio.to_thread(self._briefs, moments, found, looked_up, whole), looked_up

    def _briefs(
        self, moments: Moments, found: Mapping[str, Found], looked_up: LookUps, whole: bool
    ) -> dict[str, Brief]:
        """`whole`: with the best of all that the facts lead to, else with the facts' own sections alone."""

        @cache  # what is said twice is looked up once
        def passages(one: Found) -> list[Passage]:
            if whole:
                return readable(rank(self._knowledge, one.asked, one.matches, looked_up))
            facts = [each.fact for each in one.matches[:FACTS_PER_MOMENT]]
            return own_sections(self._knowledge, facts, one.matches, looked_up)

        briefs = {}
        for moment, one in found.items():
            facts = list(one.matches[:FACTS_PER_MOMENT])
            of_pack = (self._knowledge.passage(each.fact) for each in facts)
            briefs[moment] = Brief(facts=facts, passages=[*passages(one), *of_pack])
        mentioned = {
            mention.id: Brief(passages=self._knowledge.positions(mention.competitor))
            for mention in moments.competitors
        }
        return briefs | mentioned

    def _match(self, moments: Moments, turns: Sequence[Turn]) -> dict[str, Found]:
        """The facts each claim, objection and question is about, best first."""
        asked: list[SpottedClaim | SpottedObjection | SpottedQuestion] = [
            *moments.claims,
            *moments.objections,
            *moments.questions,
        ]

        @cache  # what is said twice is matched once
        def closest(words: Asked) -> Found:
            return Found(words, tuple(match(self._knowledge, words)))

        found = {one.id: closest(asked_at(one.quote, one.about, turns)) for one in asked}
        for objection in moments.objections:
            if objection.guide:
                one, answers = found[objection.id], self._knowledge.answers(objection.guide)
                found[objection.id] = Found(one.asked, _answers_first(answers, one.matches))
        return found

    def _wanted(self, options: Options) -> Literal["claude", "rules"]:
        return self._default if options.analyst == "auto" else options.analyst


def _bounded(moments: Moments) -> Moments:
    """At most MOMENTS_OF_A_KIND of each kind, the first ones, and a sentence on those left out."""
    kinds: dict[str, tuple[str, Sequence[object]]] = {
        "claims": ("product claims", moments.claims),
        "objections": ("objections", moments.objections),
        "competitors": ("mentions of other products", moments.competitors),
        "questions": ("open questions", moments.questions),
    }
    over = {field: kind for field, kind in kinds.items() if len(kind[1]) > MOMENTS_OF_A_KIND}
    warnings = [
        f"This call holds {len(found):,} {named}; only the first {MOMENTS_OF_A_KIND} are judged. "
        "Send it in parts to have all of them judged."
        for named, found in over.values()
    ]
    kept = {field: found[:MOMENTS_OF_A_KIND] for field, (_, found) in over.items()}
    return moments.model_copy(update={**kept, "warnings": moments.warnings + warnings}) if over else moments


def _answers_first(answers: list[Fact], matches: Sequence[FactMatch]) -> tuple[FactMatch, ...]:
    """The guide's answers lead; what the words themselves matched follows."""
    best = matches[0].score if matches else 1.0
    known = {fact.id for fact in answers}
    led = (FactMatch(fact=fact, score=best) for fact in answers)
    return (*led, *(one for one in matches if one.fact.id not in known))


def _most_wanted(found: Mapping[str, Found]) -> list[Fact]:
    """Each moment's best fact, then each one's second best: what the look-ups should reach first."""
    askable = [[one.fact for one in each.matches if can_be_asked(one.fact)] for each in found.values()]
    return [facts[rank] for rank in range(QUERIES_PER_MOMENT) for facts in askable if len(facts) > rank]


def _once(*sentences: list[str]) -> list[str]:
    return list(dict.fromkeys(sentence for each in sentences for sentence in each))


def _log_coached(report: CoachingReport, seconds: float) -> None:
    log.info(
        "call.coached",
        report=report.id,
        turns=len(report.turns),
        claims=len(report.claims),
        wrong=len(report.wrong_claims()),
        analyst=report.analyst.kind,
        fell_back=report.analyst.fell_back,
        knowledge=report.knowledge.status,
        ms=round(seconds * 1000),
    )
