"""The chain from a transcript to a coaching report: spot, match, ask the docs, judge, verify, score."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
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
from backend.analysis.evidence import cited_passages, keep_what_is_verbatim
from backend.analysis.queries import can_be_asked, write_queries
from backend.analysis.scorecard import follow_up, priorities, scores, strengths
from backend.analysis.talk import talk_stats
from backend.errors import AnalystFailed
from backend.facts import Fact, FactMatch, LookUps, Passage
from backend.report import REPORT_VERSION, AnalystUsed, CoachingReport, KnowledgeUsed
from backend.tracing import NoTracing, Tracing
from backend.transcript import Transcript

FACTS_PER_MOMENT = 12
QUERIES_PER_MOMENT = 2
TELLING_WORDS = 4
"""Fewer words of a moment find nothing by themselves."""
QUERIES_PER_CALL = 80
LIVE_PASSAGES_PER_MOMENT = 20
MOMENTS_OF_A_KIND = 600
"""So many claims, objections, mentions or questions of one call are judged: over ten times what an hour of
a real call holds. Each costs some milliseconds and some kilobytes, and hostile input holds thousands."""

BROKE = "Claude's answer could not be used because of a flaw in Call Coach; the log has the details."

log = structlog.get_logger()


@dataclass(frozen=True)
class Options:
    """What the caller asked for. `enrich=False` leaves product knowledge out altogether."""

    enrich: bool = True
    analyst: Literal["auto", "claude", "rules"] = "auto"


class Coach:
    """Analyses calls. Holds no state of its own between them.

    `analysts` has "rules" always and "claude" where it is configured; `default` is what `auto` stands for.
    """

    def __init__(
        self,
        knowledge: Knowledge,
        analysts: Mapping[str, Analyst],
        default: Literal["claude", "rules"] = "rules",
        tracing: Tracing | None = None,
    ) -> None:
        self._knowledge = knowledge
        self._analysts = analysts
        self._default = default
        self._tracing = tracing or NoTracing()

    @property
    def knowledge(self) -> Knowledge:
        return self._knowledge

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
        )
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def could_do_better(self, report: CoachingReport) -> bool:
        """Whether a stored report was made in worse conditions than now: Claude or the docs were away."""
        waited = report.knowledge.status in {"snapshot", "degraded", "stale"} and self._knowledge.live
        return report.analyst.fell_back or waited

    async def coach(self, transcript: Transcript, options: Options = Options()) -> CoachingReport:
        """The report on this call. Outages of the docs or of Claude never raise; the report says so."""
        begun = time.perf_counter()
        with self._tracing.span("spot"):
            analyst, moments, why = await self._spot(transcript, options)
            moments = _bounded(moments)
        briefs, looked_up = await self._brief(moments) if options.enrich else ({}, LookUps())
        with self._tracing.span("judge", analyst=analyst.kind):
            analyst, judgement, why = await self._judge(analyst, transcript, moments, briefs, why)
        used = AnalystUsed(kind=analyst.kind, model=analyst.model, fell_back=why is not None, why=why)
        with self._tracing.span("verify"):
            judgement = await asyncio.to_thread(keep_what_is_verbatim, judgement, briefs)
            report = await asyncio.to_thread(
                self._report, transcript, options, used, moments.warnings, looked_up, judgement, briefs
            )
        _log_coached(report, time.perf_counter() - begun)
        return report

    def _report(
        self,
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
        return CoachingReport(
            id=uuid4().hex,
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
            scores=scores(talk, judgement),
            strengths=strengths(talk, judgement),
            priorities=priorities(talk, judgement),
            follow_up=follow_up(transcript.call, talk, judgement),
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
            return analyst, await analyst.spot(transcript), None
        except AnalystFailed as failure:
            return rules, await rules.spot(transcript), str(failure)
        except Exception:  # a flaw in our Claude code must not cost the user the analysis
            log.exception("analyst.broke", analyst=analyst.kind, step="spot")
            return rules, await rules.spot(transcript), BROKE

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
            return analyst, await analyst.judge(transcript, moments, briefs), why
        except AnalystFailed as failure:
            return rules, await rules.judge(transcript, moments, briefs), str(failure)
        except Exception:  # as in _spot
            log.exception("analyst.broke", analyst=analyst.kind, step="judge")
            return rules, await rules.judge(transcript, moments, briefs), BROKE

    async def _brief(self, moments: Moments) -> tuple[dict[str, Brief], LookUps]:
        """What is known about each moment, and how the look-ups went."""
        with self._tracing.span("match"):
            found = await asyncio.to_thread(self._match, moments)
            queries = write_queries(_most_wanted(found), most=QUERIES_PER_CALL)
        with self._tracing.span("look_up", queries=len(queries)):
            looked_up = await self._knowledge.look_up(queries)
        return await asyncio.to_thread(self._briefs, moments, found, looked_up), looked_up

    def _briefs(
        self, moments: Moments, found: Mapping[str, Sequence[FactMatch]], looked_up: LookUps
    ) -> dict[str, Brief]:
        briefs = {
            moment: Brief(
                facts=list(matches),
                passages=[
                    *_read(matches, looked_up)[:LIVE_PASSAGES_PER_MOMENT],
                    *(self._knowledge.passage(match.fact) for match in matches),
                ],
            )
            for moment, matches in found.items()
        }
        mentioned = {
            mention.id: Brief(passages=self._knowledge.positions(mention.competitor))
            for mention in moments.competitors
        }
        return briefs | mentioned

    def _match(self, moments: Moments) -> dict[str, list[FactMatch]]:
        """The facts each claim, objection and question is about, best first."""
        asked: list[SpottedClaim | SpottedObjection | SpottedQuestion] = [
            *moments.claims,
            *moments.objections,
            *moments.questions,
        ]

        @cache  # what is said twice is matched once
        def closest(words: str) -> list[FactMatch]:
            return self._knowledge.match(words, FACTS_PER_MOMENT)

        found = {moment.id: _match_both(closest, moment.about, moment.quote.text) for moment in asked}
        for objection in moments.objections:
            if objection.guide:
                found[objection.id] = _answers_first(
                    self._knowledge.answers(objection.guide), found[objection.id]
                )
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


def _match_both(closest: Callable[[str], list[FactMatch]], about: str, words: str) -> list[FactMatch]:
    """By what is claimed and by the words alone: what was said before helps, and may hide them."""
    matches = closest(about)
    if about == words or len(words.split()) < TELLING_WORDS:
        return matches
    return _in_turn(matches, closest(words))


def _in_turn(one: Sequence[FactMatch], other: Sequence[FactMatch]) -> list[FactMatch]:
    """The best of each, then the second best of each, every fact once."""
    by_id = {match.fact.id: match for pair in zip(one, other, strict=False) for match in pair}
    return list(by_id.values())[:FACTS_PER_MOMENT]


def _answers_first(answers: list[Fact], matches: list[FactMatch]) -> list[FactMatch]:
    """The guide's answers lead; what the words themselves matched follows."""
    best = matches[0].score if matches else 1.0
    known = {fact.id for fact in answers}
    led = [FactMatch(fact=fact, score=best) for fact in answers]
    return [*led, *(match for match in matches if match.fact.id not in known)][:FACTS_PER_MOMENT]


def _most_wanted(found: Mapping[str, Sequence[FactMatch]]) -> list[Fact]:
    """Each moment's best fact, then each one's second best: what the look-ups should reach first."""
    askable = [[match.fact for match in matches if can_be_asked(match.fact)] for matches in found.values()]
    return [facts[rank] for rank in range(QUERIES_PER_MOMENT) for facts in askable if len(facts) > rank]


def _read(matches: Sequence[FactMatch], looked_up: LookUps) -> list[Passage]:
    """The passages read for these facts, each once, those of better facts first."""
    passages = {
        passage.id: passage
        for match in matches
        for passage in looked_up.passages.get(match.fact.id, [])
        if passage.source != "pack"
    }
    return list(passages.values())


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
