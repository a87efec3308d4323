"""Mentions of other products, by the pack's names for them, and what the prospect has to do with each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backend.analysis.sentences import Clause, clauses, core
from backend.facts import Competitor
from backend.report import CompetitorContext
from backend.transcript import Transcript, Turn

IN_HOUSE = "in_house"
OTHER = "other"
LEADING_CHARS = 25
AROUND_CHARS = 80

_EVERYDAY = re.compile(
    r"mage|temporal|composer|astro|astronomer|hera|kestrel|asl|argo|luigi|windmill|wind ?mill|d l t|flyte?"
    r"|flight",
)
"""Names that are also words of everyday speech; alone they prove nothing."""
_OUR_TRADE = re.compile(
    r"\b(?:orchestrat\w*|workflows?|pipelines?|schedul\w*|dags?|jobs|competitors?|vendors?|alternatives?"
    r"|evaluat\w*|shortlist\w*"
    r"|looking at|looked at|compar\w+|versus|vs|switch\w*|migrat\w*|kubernetes|cluster|self[- ]host\w*"
    r"|prefect|tools?"
    r"|enterprise edition|open source|quote|airflow|dagster|by friday)\b",
)
_PREFECT = re.compile(r"\b(?:prefect|we|our|us|you)\b")
_IN_HOUSE = re.compile(
    r"\b(?:we (?:built|wrote|rolled) it|(?:home|in)[- ]?(?:grown|made|house|brewed|rolled|built)|(?:we|i"
    r"|he|she|they|colleague"
    r"|contractor|somebody|someone|guy)(?:['’]ve| have)?"
    r"(?:,? in fact,?)? (?:built|wrote|written|rolled|made) (?:our own|one"
    r"|an? (?:\w+ )?(?:orchestrat\w+|scheduler|tool|framework|engine|thing))"
    r"|(?:thing|tool|scheduler|script)s? (?:that )?(?:we|i|an?(?: \w+){0,3} colleague|somebody) (?:wrote"
    r"|built)|our own (?:scheduler|orchestrat\w+|tool|framework|thing)"
    r"|which is an? (?:\w+ ){1,3}(?:i|we) wrote|(?:boys|guys|people|team|postdoc) wrote"
    r" an? (?:scheduler|orchestrat\w+)"
    r"|(?:is|are|it['’]?s|just|all|of|plus|have|got|and|on) (?:some )?cron(?:tabs?| ?jobs?)?(?= and\b"
    r"|[.,;]|$| plus\b| on a\b))",
)
_OTHER = re.compile(
    r"\b(?:jenkins|data factory|adf|snakemake|nextflow|control[- ]?m|autosys|oozie|rundeck|ssis"
    r"|informatica|nifi|talend"
    r"|azkaban|metaflow|kubeflow|celery|tidal|dolphin ?scheduler|glue workflows|active ?batch|stonebranch"
    r"|inngest|hatchet)\b",
)
_CONTEXTS: tuple[tuple[CompetitorContext, re.Pattern[str]], ...] = (
    (
        "past",
        re.compile(
            r"\b(?:used to|we used|i used|last job|old (?:job|place|company|team)|previous\w*|tried"
            r"|years? ago|came from|moved off|migrated off"
            r"|got rid|ripped out|(?:we|i|they) had|before (?:this|that|i)|back (?:when|then|in)"
            r"|looked at \w+(?: \w+)? for (?:about )?a \w+|was on|were on|burnt|burned"
            r"|(?:is|are) dead now|gave up|before was|swap was|nobody['’]s opened)\b",
        ),
    ),
    (
        "evaluating",
        re.compile(
            r"\b(?:looking at|looked at|told to look"
            r"|long list|what about|a test with"
            r"|evaluat\w*|compar(?:e|ing|ison|ed) (?:with|to|against|it)"
            r"|shortlist\w*|quote|options?|bake[- ]?off|versus|vs"
            r"|consider\w*|trial\w*|proof of concept|poc|the field|talking to|other vendors?|demo(?:ed)?"
            r"|in on \w+day|against|go back to|paper"
            r"|on (?:my|the|your|our) list|why not|instead of|did that in|they said|pitch\w*|finalists?"
            r"|in the final|has a page|has got|['’]s got)\b",
        ),
    ),
    (
        "current_tool",
        re.compile(
            r"\b(?:we use|we run|we['’]?re (?:on|all in|running|using)|are running|you['’]?re on|running"
            r"|right now|today|current\w*|at the minute|at the moment"
            r"|we have|we['’]ve got|have an?|our|existing|in production|does the|is what|every night"
            r"|all in on|has a workflow|hq is|use(?:s)? it|still on|it['’]?s boring"
            r"|what we (?:do|use|run)|lives? (?:in|on)|(?:is|are|sits?|still|dags) on|moved to"
            r"|we['’]?re an?)\b",
        ),
    ),
)


class Mention(NamedTuple):
    """Words of a turn that name another product."""

    turn: Turn
    start: int
    end: int
    competitor: str
    context: CompetitorContext


class Rivals:
    """Finds the pack's competitors in a call."""

    def __init__(self, competitors: Sequence[Competitor]) -> None:
        self._by_alias = {_plain(alias): one.id for one in competitors for alias in (one.id, *one.aliases)}
        longest_first = sorted(self._by_alias, key=len, reverse=True)
        names = "|".join(re.escape(alias).replace(r"\ ", r"[\s-]+") for alias in longest_first)
        self._names = re.compile(rf"\b({names or '(?!)'})\b")

    def find(self, transcript: Transcript) -> list[Mention]:
        """One mention per competitor and context, the first of each, in the order of the call. A name
        dropped in passing is left out where the call says more of it elsewhere."""
        first: dict[tuple[str, CompetitorContext], Mention] = {}
        for mention in self._mentions(transcript):
            first.setdefault((mention.competitor, mention.context), mention)
        telling = {competitor for competitor, context in first if context != "passing"}
        return [one for one in first.values() if one.context != "passing" or one.competitor not in telling]

    def leads(self, words: str) -> bool:
        """Whether another product is what the words are about: it is named first, and Prefect is not."""
        lower = words.lower()
        return not _PREFECT.search(lower) and any(
            name.start() <= LEADING_CHARS and not _EVERYDAY.fullmatch(name[1])
            for name in self._names.finditer(lower)
        )

    def named(self, words: str) -> bool:
        """Whether words name another product, or may."""
        lower = words.lower()
        return bool(self._names.search(lower) or _OTHER.search(lower))

    def _mentions(self, transcript: Transcript) -> Iterator[Mention]:
        for turn in transcript.turns:
            if self._may_mention(turn.text.lower()):
                for clause in clauses(turn.text):
                    yield from self._mentioned(turn, core(turn.text, clause))

    def _may_mention(self, lower: str) -> bool:
        return any(pattern.search(lower) for pattern in (self._names, _IN_HOUSE, _OTHER))

    def _mentioned(self, turn: Turn, place: Clause) -> Iterator[Mention]:
        words = turn.text[place.start : place.end]
        around = turn.text[max(0, place.start - AROUND_CHARS) : place.end + AROUND_CHARS].lower()
        for competitor in dict.fromkeys(self._competitors(turn, words, around)):
            context = _context(words.lower(), around, turn, competitor)
            yield Mention(turn, place.start, place.end, competitor, context)

    def _competitors(self, turn: Turn, words: str, around: str) -> Iterator[str]:
        lower = words.lower()
        for name in self._names.finditer(lower):
            if _is_meant(name[1], words[name.start() : name.start() + 1], name.start() > 0, around):
                yield self._by_alias[_plain(name[1])]
        if _OTHER.search(lower):
            yield OTHER
        if turn.side != "internal" and _IN_HOUSE.search(lower):
            yield IN_HOUSE


def _is_meant(name: str, initial: str, inside: bool, around: str) -> bool:
    """A name that is an everyday word must be written as a name inside a sentence, or be said among words
    of our trade."""
    if not _EVERYDAY.fullmatch(name) or (inside and initial.isupper()):
        return True
    return _OUR_TRADE.search(around.replace(name, " ")) is not None


def _context(words: str, around: str, turn: Turn, competitor: str) -> CompetitorContext:
    for text, contexts in ((words, _CONTEXTS), (around, _CONTEXTS[1:])):
        for context, cues in contexts:
            if cues.search(text):
                return context
    return "current_tool" if competitor in (IN_HOUSE, OTHER) and turn.side != "internal" else "passing"


def _plain(alias: str) -> str:
    return re.sub(r"[\s_-]+", " ", alias).lower()
