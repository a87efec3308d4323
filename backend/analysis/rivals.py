"""Mentions of other products, by the pack's names for them, and what the prospect has to do with each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from backend.analysis.sentences import Clause, clauses, core
from backend.analysis.sieve import Sieve
from backend.facts import Competitor
from backend.report import CompetitorContext
from backend.transcript import Transcript, Turn

IN_HOUSE = "in_house"
OTHER = "other"
DATABRICKS = "databricks_workflows"
LEADING_CHARS = 25
AROUND_CHARS = 80
OURS_COUNT = 0.5
"""What our side says of a rival tells less of what the prospect has to do with it."""
AROUND_COUNTS = 0.4
LATER_COUNTS = 0.7
"""Each mention tells less than the one before it: people say first what a product is to them."""
LEAST = 0.3
"""Where the cues say less, nothing is told."""

_EVERYDAY = re.compile(
    r"mage|temporal|composer|astro|astronomer|hera|kestrel|asl|argo|luigi|windmill|wind ?mill|d l t|flyte?"
    r"|flight|castra|magic ai",
)
"""Names that are also words of everyday speech; alone they prove nothing."""
_OUR_TRADE = re.compile(
    r"\b(?:orchestrat\w*|workflows?|pipelines?|schedul\w*|dags?|jobs|competitors?|vendors?|alternatives?"
    r"|evaluat\w*|shortlist\w*|batch"
    r"|looking at|looked at|compar\w+|versus|vs|switch\w*|migrat\w*|kubernetes|cluster|self[- ]host\w*"
    r"|prefect|tools?|between you and"
    r"|enterprise edition|open source|quote|airflow|dagster|by friday)\b",
)
_PREFECT = re.compile(r"\b(?:prefect|we|our|us|you)\b")
_MADE = r"(?:wrote|written|built|made|rolled|hacked|cooked up|coded|knocked up|put together|threw together)"
_THING = (
    r"(?:orchestrat\w+|schedulers?|tool|framework|engine|things?|service|system|daemon|runner|scripts?"
    r"|job server|dashboard|workflow \w+)"
)
_SOMEBODY = (
    r"(?:we|i|he|she|they|somebody|someone|one of (?:us|our \w+|my \w+)"
    r"|(?:\w+ )?(?:colleague|contractor|guy|guys|boys|people|team|postdoc|intern|student"
    r"|predecessor|engineer)s?)"
)
_IN_HOUSE = re.compile(
    rf"\b(?:we {_MADE} (?:it|this|that)\b"
    r"|(?:home|in)[- ]?(?:grown|made|house|brewed|rolled|built|spun)\b(?! (?:counsel|lawyers?|legal))"
    rf"|{_SOMEBODY}(?:['’]ve| have| had)?(?:,? in fact,?)?(?: \w+)? {_MADE} (?:our own|one\b"
    rf"|(?:an?|some|the|this) (?:\w+ ){{0,3}}?{_THING}\b)"
    rf"|{_THING} (?:\w+ ){{0,4}}?(?:that |which )?(?:{_SOMEBODY}|an? (?:\w+ ){{0,3}}?{_SOMEBODY}) {_MADE}\b"
    r"|called \w+,? (?:that |which )?(?:\w+ ){0,4}?(?:wrote|built|made)\b"
    r"|our own (?:scheduler|orchestrat\w+|tool|framework|thing|system|engine)\b"
    rf"|which is an? (?:\w+ ){{1,3}}(?:i|we) {_MADE}"
    r"|(?:bunch|pile|load|handful|couple|zoo|forest|heap|collection|lots?|four|few|hundred) (?:of )?"
    r"(?:(?:bash|shell|python|perl|power ?shell|cron) )?(?:shell |bash )?scripts\b"
    r"|(?:perl|bash|shell(?: scripts?)?|python scripts?|scripts) (?:on|in|under|behind|and|plus) (?:a )?cron"
    rf"|cron(?:tabs?| ?jobs?)?,? (?:and|plus) (?:an?|some) (?:\w+ ){{0,4}}?(?:{_THING}|{_MADE})"
    r"|internal(?:ly)?[- ](?:built|scheduler|orchestrat\w+)|proprietary (?:scheduler|orchestrat\w+)"
    r"|(?:built|wrote) (?:it|this|that) (?:ourselves|in[- ]house|myself|himself|herself))",
)
_MAY_BE_IN_HOUSE = (
    *("wrote", "written", "built", "rolled", "hacked", "cooked up", "coded", "knocked up", "together"),
    *("grown", "made", "house", "spun", "brewed", "our own", "scripts", "cron", "internal", "proprietary"),
)
_OTHER = re.compile(
    r"\b(?:jenkins|data ?factory|adf|snake ?make|next ?flow|control[- ]?m|auto ?sys|oozie|run ?deck|ssis"
    r"|informatica|ni ?fi|talend|azkaban|meta ?flow|kube ?flow|celery|tidal|dolphin ?scheduler"
    r"|glue (?:workflows|jobs)|active ?batch|stone ?branch|inngest|hatchet|uc4|automic|appworx|tivoli"
    r"|dollar universe|visual ?cron|opcon|ca ?7|run ?my ?jobs|redwood|task scheduler|sql (?:server )?agent"
    r"|systemd timers?|quartz|hangfire|spring batch|pg[_ ]?cron|cloud scheduler"
    r"|google workflows|cloud workflows|logic apps?|power automate|azure automation|snowflake tasks?"
    r"|synapse pipelines?|fabric pipelines?|git ?hub actions?|git ?lab (?:ci|schedul\w+|pipelines)"
    r"|circle ?ci|team ?city|bamboo|zapier|n8n|n eight n|workato|mule ?soft|boomi|ui ?path|matillion"
    r"|pentaho|data ?stage|alteryx|knime|camunda|zeebe|netflix conductor|orkes|cadence|restate|dbos"
    r"|trigger ?(?:\.|dot )dev|bull ?mq|side ?kiq|outer ?bounds|zen ?ml|vertex (?:ai )?pipelines"
    r"|sage ?maker pipelines|kedro|dig ?dag|cromwell|seqera|ansible tower|awx|kueue|argo ?events"
    r"|dbt cloud (?:does|schedul\w+|runs|jobs?|handles|starts|is what)|keboola|y42|ascend io|shipyard)\b",
)
_EVERYDAY_OTHER = re.compile(r"restate|cadence|tidal|quartz|bamboo|redwood|shipyard|hatchet|celery")
"""Everyday words again: tools only where they are written as names inside a sentence."""
_CRON = re.compile(
    r"\bcron(?:tabs?| ?jobs?|s)?\b(?!\s*(?:expressions?|strings?|schedules?|syntax|triggers?|format|style"
    r"|notation|or an? interval))",
)
_DATABRICKS = re.compile(
    r"\bdata ?bricks\b(?=[^.?!]{0,50}?\b(?:workflows?|schedul\w+|orchestrat\w+|jobs? (?:feature|thing)"
    r"|has one|does (?:this|that|it)|(?:already|also) (?:does|has)))"
    r"|\b(?:just |stay (?:in|on|with) |jobs in )data ?bricks\b",
)
_ACQUIRED = re.compile(
    r"\b(?:bought|acquir\w+|announced|merg\w+|swallowed|takeover|purchase[ds]?|owns?|own)\b"
)
_NOT_A_RIVAL = re.compile(r"\bargo ?cd\b|\bastro(?:physics|nom(?:y|ical))\b|\bmwaa? ?haha\b")

_CONTEXTS: tuple[tuple[CompetitorContext, float, re.Pattern[str]], ...] = (
    (
        "past",
        1.5,
        re.compile(
            r"\b(?:used to|we used|i used|(?:last|old|previous|former|earlier) (?:job|place|company|team"
            r"|employer|life|shop)|previously|(?:we|i|they|id|ive|we['’]ve|i['’]ve) tried|tried (?:it|out)"
            r"|years? (?:ago|back)|came from|(?:moved|migrated|came|got) (?:off|away from)|off (?:of )?\w+"
            r" (?:last|in|two|a) |got rid|ripped out|kicked out|threw out|dropped"
            r"|switched off|retired|ditched"
            r"|before (?:this|that|i|was|we)|back (?:when|then)"
            r"|looked at (?:\w+ ){1,3}?for (?:about )?an? \w+|was on|were on|burnt|burned"
            r"|(?:is|are) dead now|gave up|swap was|nobody['’]s opened|(?:we|i|they) had(?! (?:them|him|her))"
            r"|ran .{1,30} until|until it|left .{0,15}behind|not any ?more|no longer|in (?:my|a) past"
            r"|didn['’]?t (?:work|stick|last)|once had|went away|stopped (?:using|being))\b",
        ),
    ),
    (
        "evaluating",
        1.2,
        re.compile(
            r"\b(?:(?:half |also |still )?looking (?:at|into)|looked at|told to look|have a look|take a look"
            r"|(?:long|short)[- ]?list\w*|(?:a |parallel )?(?:test|trial|poc|pilot"
            r"|proof of concept) (?:with|of"
            r"|up|on)|proof of concept|poc|evaluat\w*|compar(?:e|ing|ison|ed|es) (?:you |us |it )?(?:with|to"
            r"|against)|(?:a|their|the|another|us an?) (?:quote|offer|proposal|number|demo)\b|options?"
            r"|bake[- ]?off|versus|vs|considering|consider|trial\w*|the field|talk(?:ing"
            r"|ed) to|other vendors?"
            r"|demo(?:ed|s)?|pitch\w*|finalists?|in the final|(?:in|due|here) on \w+day|\w+day (?:at|with)"
            r"|tomorrow|had (?:them|him) in|go(?:ing)? (?:back to|with)|on (?:my|the|your|our) (?:list|table"
            r"|slide)|why not|instead of|did that in|theirs|they (?:said|showed|told|quoted)|showed us"
            r"|between you and|you or|or you|ruled? (?:it )?out|leaning|tempted|what about|in the running"
            r"|alternative|competitors?|the other (?:lot|one|vendor|guys)|would do that|has a page"
            r"|my (?:cto|ceo|cio|boss|vp|director) (?:says|said|asks?|wants|likes|keeps|read)|in parallel"
            r"|recommend\w*|(?:could|might) (?:just )?(?:use|go|stay)|just (?:use|using)|jump|against)\b",
        ),
    ),
    (
        "current_tool",
        1.0,
        re.compile(
            r"\b(?:we use|we run|(?:we|they|you|i)['’]?(?:re| are) (?:on|all in|running|using|still|an?)"
            r"|(?:y['’]all are|you['’]re) (?:on|running)|are running|running|right now|today|currently"
            r"|at the (?:minute|moment)|for now|as we speak"
            r"|we have|we['’]ve (?:got|been)|have an?|has an?|have .{1,20}for|existing|in production|does the"
            r"|is what|every (?:night|morning|day|hour)|nightly|overnight|all in on|hq is"
            r"|uses? it|still (?:on"
            r"|in|runs?)|it['’]?s boring|what we (?:do|use|run|have)|lives? (?:in|on)|(?:is"
            r"|are|sits?|sit|dags"
            r"|runs?|stuff) (?:all )?(?:on|in|from)|moved to|(?:does|do|runs|run|starts"
            r"|handles|drives|kicks off"
            r"|schedules|triggers) (?:the|our|all|most|everything|that|it|a)|mostly|starts? (?:from|with)"
            r"|our own|for (?:the|our) new|hundred (?:dags|jobs)|for buttons|who do you use"
            r"|(?:are|is) (?:all )?a"
            r"|in place|has been (?:there )?since|forever|years now|pipelines are|hangs on|been on)\b",
        ),
    ),
    (
        "passing",
        1.6,
        re.compile(
            r"\b(?:(?:my|a|his|her) (?:friend|brother|sister|cousin|buddy|neighbou?r|wife|husband|mate|guy i"
            r" know)\b|swears? by|making eyes|keeps? (?:saying|going on)|(?:i|we) (?:read|heard|saw)"
            r"|bought|acquired|acquisition|swallowed|announced|never (?:touched|used|tried|saw)"
            r"|(?:would|['’]d) have us on|funny enough|somebody mentioned|one of the vendors"
            r"|people coming from|\w+ background(?![:,.])|at a \w+ shop)\b",
        ),
    ),
)
"""What the words around a name say of it, and how much."""


class Mention(NamedTuple):
    """Words of a turn that name another product. `contexts`: how much speaks for each."""

    turn: Turn
    start: int
    end: int
    competitor: str
    context: CompetitorContext
    contexts: Mapping[CompetitorContext, float]


class Rivals:
    """Finds the pack's competitors in a call."""

    def __init__(self, competitors: Sequence[Competitor]) -> None:
        self._by_alias = {_plain(alias): one.id for one in competitors for alias in (one.id, *one.aliases)}
        self._ids = frozenset(one.id for one in competitors)
        longest_first = sorted(self._by_alias, key=len, reverse=True)
        names = "|".join(re.escape(alias).replace(r"\ ", r"[\s-]+") for alias in longest_first)
        self._names = re.compile(rf"\b({names or '(?!)'})\b")
        self._any = Sieve({"named": self._names, "other": _OTHER, "cron": _CRON, "databricks": _DATABRICKS})

    def find(self, transcript: Transcript) -> list[Mention]:
        """One mention of each competitor, where most is said of it, in the order they first came up. What
        the prospect has to do with it is told from all that is said of it in the call."""
        said: dict[str, list[Said]] = {}
        for one in self._said(transcript):
            said.setdefault(one.competitor, []).append(one)
        named = [_told(of_one) for of_one in said.values() if not _ours_alone_on_its_purchase(of_one)]
        return sorted(named, key=lambda one: (one.turn.index, one.start))

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

    def _said(self, transcript: Transcript) -> Iterator[Said]:
        for turn in transcript.turns:
            if self._may_mention(turn):
                for clause in clauses(turn.text):
                    yield from self._named_in(turn, core(turn.text, clause))

    def _may_mention(self, turn: Turn) -> bool:
        lower = turn.text.lower()
        return bool(self._any.found(lower)) or _is_in_house(lower)

    def _named_in(self, turn: Turn, place: Clause) -> Iterator[Said]:
        words = turn.text[place.start : place.end]
        around = turn.text[max(0, place.start - AROUND_CHARS) : place.end + AROUND_CHARS].lower()
        for competitor in dict.fromkeys(self._competitors(turn, words, around, place.question)):
            yield Said(turn, place.start, place.end, competitor, words.lower(), around)

    def _competitors(self, turn: Turn, words: str, around: str, question: bool) -> Iterator[str]:
        lower = words.lower()
        for name in self._names.finditer(lower):
            if _NOT_A_RIVAL.match(lower, name.start()):
                continue
            if _is_meant(name[1], words[name.start() : name.start() + 1], name.start() > 0, around):
                yield self._by_alias[_plain(name[1])]
        if "bricks" in lower and DATABRICKS in self._ids and _DATABRICKS.search(lower):
            yield DATABRICKS
        own = turn.side != "internal" and _is_in_house(lower)
        if own:
            yield IN_HOUSE
        cron = turn.side != "internal" and not own and not question and _CRON.search(lower)
        if cron or any(_is_named(name, words) for name in _OTHER.finditer(lower)):
            yield OTHER


class Said(NamedTuple):
    """A clause that names a competitor, in lower case, and so much of what stands around it."""

    turn: Turn
    start: int
    end: int
    competitor: str
    words: str
    around: str


def _ours_alone_on_its_purchase(said: Sequence[Said]) -> bool:
    """Nobody but our own side named it, and only as what was bought."""
    return all(one.turn.side == "internal" and _ACQUIRED.search(one.around) for one in said)


def _told(said: Sequence[Said]) -> Mention:
    """What all that is said of a competitor tells of it, at the place that tells most."""
    weighed = [_weighed(one, LATER_COUNTS**nth) for nth, one in enumerate(said)]
    contexts = {context: sum(each[context] for each in weighed) for context, _, _ in _CONTEXTS}
    context = max(contexts, key=lambda one: contexts[one])
    if contexts[context] < LEAST:
        theirs = any(one.turn.side != "internal" for one in said)
        context = "current_tool" if theirs else "passing"
    best = max(range(len(said)), key=lambda nth: (weighed[nth][context], -nth))
    one = said[best]
    return Mention(one.turn, one.start, one.end, one.competitor, context, contexts)


def _weighed(one: Said, counts: float) -> dict[CompetitorContext, float]:
    """How much speaks for each context where a competitor is named."""
    if one.turn.side == "internal":
        counts *= OURS_COUNT
    return {context: counts * weight * _shown(cues, one) for context, weight, cues in _CONTEXTS}


def _shown(cues: re.Pattern[str], one: Said) -> float:
    if cues.search(one.words):
        return 1.0
    return AROUND_COUNTS if cues.search(one.around) else 0.0


def _is_in_house(lower: str) -> bool:
    """Whether something is said to be home-made; most words are passed over fast."""
    return any(hint in lower for hint in _MAY_BE_IN_HOUSE) and _IN_HOUSE.search(lower) is not None


def _is_meant(name: str, initial: str, inside: bool, around: str) -> bool:
    """A name that is an everyday word must be written as a name inside a sentence, or be said among words
    of our trade."""
    if not _EVERYDAY.fullmatch(name) or (inside and initial.isupper()):
        return True
    return _OUR_TRADE.search(around.replace(name, " ")) is not None


def _is_named(other: re.Match[str], words: str) -> bool:
    """Whether a tool is meant that is none of the pack's, and not the word of everyday speech."""
    if not _EVERYDAY_OTHER.fullmatch(other[0]):
        return True
    return other.start() > 0 and words[other.start()].isupper()


def _plain(alias: str) -> str:
    return re.sub(r"[\s_-]+", " ", alias).lower()
