"""What kind of objection it is, and which of the pack's guides it sounds like."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from backend.analysis.learned import Learned, Signs
from backend.analysis.phrasing import phrases
from backend.analysis.pushback_cues import SIGNS, plain
from backend.facts import ObjectionGuide
from backend.report import ObjectionCategory
from backend.transcript import Quote, Turn

MOST_WORDS = 3
"""More words of one kind say no more for it."""
A_WORD = 0.7
A_WORD_AROUND = 0.35
A_PHRASE = 2.0
"""How much one word of a kind is there, in an objection and beside it, and one phrase."""
AROUND_CHARS = 300
"""So much of what was said before and after is read."""

_WORD = re.compile(r"[a-z0-9]+")
_COMMON = frozenset(
    _WORD.findall(
        "a an the is are was be it its that this i you we they he she and or but so if of to in on "
        "for with at by from as do does did not can would will just what who how when why have has "
        "had get got about m s t re ve d ll my our your me us them there any all "
    )
)


class Guides:
    """The pack's objection guides, found by how they sound."""

    def __init__(self, guides: Sequence[ObjectionGuide]) -> None:
        self._said = [(one, [_words(utterance) for utterance in one.utterances]) for one in guides]
        count = Counter(word for _, said in self._said for words in said for word in words)
        utterances = sum(len(said) for _, said in self._said)
        self._rarity = {word: math.log(1 + utterances / times) for word, times in count.items()}
        self._unheard = math.log(1 + utterances)

    def sort(self, words: str, around: str, taught: Learned) -> tuple[ObjectionCategory, str | None]:
        """The kind of an objection, and the id of the guide of this kind that it sounds most like."""
        signs = kind_signs(words, around)
        weights = {kind: scale.weigh(signs) for kind, scale in taught.kinds.items()}
        kind = max(weights, key=lambda one: weights[one])
        heard = _words(words)
        alike = [
            (max((self._alike(heard, one) for one in said), default=0.0), guide.id)
            for guide, said in self._said
            if guide.category == kind
        ]
        return kind, max(alike, key=lambda one: one[0])[1] if alike else None

    def _alike(self, heard: frozenset[str], said: frozenset[str]) -> float:
        """Shared rarity over the rarity of all the words (0 to 1)."""
        shared = sum(self._rarity[word] for word in heard & said)
        both = sum(self._rarity.get(word, self._unheard) for word in heard | said)
        return shared / both if both else 0.0


def kind_signs(words: str, around: str = "") -> Signs:
    """The words of each kind in an objection and in what is said around it, and the ways it pushes back."""
    lower = plain(words)
    return {
        **_kinds_in(lower, "words of", A_WORD),
        **_kinds_in(plain(around), "around, words of", A_WORD_AROUND),
        **{name: A_WORD for name, pattern in SIGNS.items() if pattern.search(lower)},
        **{f"says {said}": A_PHRASE * much for said, much in phrases(lower).items()},
    }


def said_around(turn: Turn, start: int, end: int, reply: Quote | None) -> str:
    """The rest of the turn that an objection stands in, and the beginning of the reply."""
    before, after = turn.text[max(0, start - AROUND_CHARS) : start], turn.text[end : end + AROUND_CHARS]
    return f"{before} {after} {reply.text[:AROUND_CHARS] if reply else ''}"


def _kinds_in(lower: str, name: str, much: float) -> Signs:
    counts = {kind: len(set(pattern.findall(lower))) for kind, pattern in KINDS.items()}
    return {f"{name} {kind}": much * min(count, MOST_WORDS) for kind, count in counts.items() if count}


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower())) - _COMMON


def _of(*parts: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{''.join(parts)})\b")


KINDS: dict[ObjectionCategory, re.Pattern[str]] = {
    "compliance": _of(
        r"soc ?(?:2|two)?|hipaa|baa|iso|gdpr|pci|tisax|hitrust|fedramp|dora|certif\w*|regulat\w*|audit\w*"
        r"|complian\w*|business associate|agreement|data protection|residency|sovereign\w*"
        r"|jurisdiction|only the us|questionnaires?|retain|the rule|bank|insurer|years of"
        r"|attest\w*|accredit\w*|supervisor|ministry|government|the law|lawful|breach|dpo|dpa|inspect\w*"
        r"|on paper|vendor list|assessment|sub-?contractors?|european union|works council|unions?|fda|gxp"
        r"|validat\w*|standard|authority|outsourcing|evidence"
    ),
    "authority": _of(
        r"sign off|dont sign|doesnt sign|(?:isnt|not) (?:mine|my (?:call|decision))|upstairs"
        r"|delegate|procurement makes|convince|approv\w*|committee|decides?|decision|veto"
        r"|recommendation|holds the budget|says? yes|can (?:each )?say no|bless\w*|above me"
        r"|has opinions|goes through|boss|board|steering|parent company|headquarters|hq|group it"
        r"|not me who|who signs|up to (?:me|us)|procurement|purchasing|my hands|evaluat\w*|get past"
        r"|persuade|stakeholders?|head of|director|chief|cto|ceo|cio|vp|favou?rite|choosing|floors?"
    ),
    "timing": _of(
        r"freezes?|season|next (?:quarter|year)|not (?:now|this year)|january|february|march|april"
        r"|june|july|august|september|october|november|december|christmas|new year|spring|summer"
        r"|autumn|fall|winter|priorit\w*|until|till|before (?:peak|christmas)|peak"
        r"|end of (?:the )?(?:quarter|year)|quarter|heads down|fundrais\w*|right now|urgent|deadline"
        r"|go live|later|easter|holidays?|wrong moment|bad time|park it|revisit|on hold|reorg\w*|backlog"
        r"|stretched|busy|rush|hurry|mid|months away|hiring (?:stop|freeze)|stop|half|sprint|on fire"
        r"|ask me again|nobody free|capacity|when its ready|this month"
    ),
    "price": _of(
        r"expensive|costs?|price[sd]?|pricing|pricey|budget\w*|pay(?:ing|s)?|paid|cheap(?:er)?|dollars?"
        r"|quotes?|a head"
        r"|discount|flat|finance|invoices?|bill\w*|bucks|pounds|euros|quid|free|money|a month|number"
        r"|nothing for us|double|less|spend\w*|cfo|per (?:seat|user|human|head|person)|seats?|licen[cs]es?"
        r"|figures?|sums|maths|afford|worth|savings?|save|roi|economy|cut(?:s|ting)|contact sales|charge[ds]?"
        r"|overage|minutes|grand|thousand (?:a|per)|penny|cents?|fees?"
    ),
    "lock_in": _of(
        r"lock(?:ed)?[- ]?in|locked|leave|leaving|hostage|ransom|three years?|years? from now|renewals?"
        r"|supplier"
        r"|stuck|out of|get out|proprietary|exit|trebled|one year|own our|walk (?:away|out)|go away again"
        r"|dependen\w*|depend on|married|one[- ]way|eggs|licen[cs]e change|fork|cap on|raise (?:the )?prices?"
        r"|portab\w*|export|take (?:it|our|everything) (?:with|out)|way back|decorators|all over our"
    ),
    "support": _of(
        r"support|tickets?|who do (?:i|we) call|on[- ]call|last to know|response times?|outages?"
        r"|status page|down(?:time)?|answer(?:s|ed)?|link to the|smiley|slack channel|sunday|boxing day"
        r"|call(?:ed|s|ing)?"
        r"|shout at|phone|picks? up|hotline|forum|time zone|three (?:in the morning|am)|at night|chat ?bot"
        r"|robot|slas?|nines|uptime|penalt\w*|credits|named person|heard back|off for|went dark|dark"
        r"|account manager|help"
    ),
    "migration_effort": _of(
        r"migrat\w*|rewr\w*|redo|re-?write|moving \w+ (?:years|dags|jobs)|contractors?|bandwidth"
        r"|appetite|programme|port(?:ing)?|(?:two|three|four|five|six|nine) months|retrain|learn\w*"
        r"|something new|all over|who does it|two systems|relearn|convert\w*|moves?|moving|transition"
        r"|switch\w*|swap|hands|by hand|lift|effort|weekend|quirks?|legacy|undocumented|documented"
        r"|a year of|both systems|untangle|start over|hundred (?:dags|jobs|pipelines|flows)|nobody dares"
    ),
    "build_in_house": _of(
        r"our own|in[- ]house|(?:we|weve|i|he|they|she) (?:already )?(?:built|wrote|write)|home-?(?:grown"
        r"|made)|i could|lines of (?:code|python)|weekends?|ourselves|already built|redis queue|cron"
        r"|scripts?|half of me|afternoon|built|build|wrote|knock \w+ (?:up|together)|hack\w*|framework"
        r"|our baby|an? \w+ of mine|fortnight|colleague wrote|queue|put together|my engineers"
        r"|\w+s thing|junior|(?:forty|hundred) lines"
    ),
    "security": _of(
        r"secur\w+|data|phi|pii|credentials?|keys?|cloud|vpc|sso|single sign[- ]on|logs|models?"
        r"|urls?|policy|internet|passwords?|vault|secrets?|subprocessors?|infosec|ciso|network\w*"
        r"|access|leaks?|encrypt\w*|sign[- ]on|firewalls?|inbound|outbound|ports?|enclave|phones? (?:out"
        r"|home)|(?:leave|leaves|leaving) the (?:building|house|network)|third part(?:y|ies)|hosted|saas"
        r"|on[- ]?prem\w*|air[- ]?gap\w*|admin|prompts?|ai|hack\w*|sensitive|patients?|customer names"
        r"|our side|your side|ip|proxy|directory|trust|pen ?test|foreign|american"
    ),
    "scale": _of(
        r"scal\w+|thousands?|millions?|hundred (?:\w+ )?(?:runs|jobs|flows|sites)|rate limits?"
        r"|latency|concurren\w*|volumes?|burst\w*|crawled|fell over|fall over|four twenty nines"
        r"|throughput|slow\w*|load|at once|same (?:second|minute)|throttl\w*|too many requests|milliseconds?"
        r"|real[- ]time|sub[- ]second|size|peak|cope|black friday|ceiling|seconds? to start|events? a day"
        r"|guinea pig|a day|teams"
    ),
    "maturity": _of(
        r"acqui\w*|bought|switch off|shut down|in \w+ years?|months|outgrown?|broke|breaking"
        r"|unstable|young|dead|swallowed|painful|used prefect|tried prefect|agents?|last job"
        r"|minor (?:bump|version)|toy|start-?ups?|one product|green|distracted|beta|road ?map"
        r"|merg\w+|sold|owners?|been around|founded|small (?:company|vendor)|people are you|eighty people"
        r"|deprecat\w*|stable|stability|every release|upgrad\w*|rewrit\w*|retired|shelved|bet|runway"
        r"|bankrupt|two to three|one to two|version|still here|burn(?:ed|t)|tried (?:it|you|that|pre)\b"
        r"|back then|gave up|dagster"
    ),
    "feature_gap": _of(
        r"lineage|backfill\w*|retention|history|java|go|rust|scala|sql|providers?|connectors?"
        r"|integrations?|isnt worse|missing|durable|gpu|pods?|container|days|no good|temporal|argo"
        r"|dagster|zero|python|picks? up|resume|carried on|event|does not do|column|sdks?|typescript|cobol"
        r"|sas|spark|dotnet|c sharp|snakes?|weeks|which table|half a tool|catch ?up|sap|operators?|kafka"
        r"|windows|yaml|crds?|per (?:step|task)|cant (?:tell|show)|does it (?:do|speak|support)|look back"
        r"|guarantee|twice|asset\w*|quality|catalog\w*"
    ),
    "status_quo": _of(
        r"already|works?(?: fine)?|we (?:have|use|run)|another (?:tool|scheduler|thing)"
        r"|(?:second|third|fourth|fifth) (?:scheduler|tool|login)|moving|air ?flow|databricks|shopping"
        r"|gets the job done|upgrade|step functions|what we have|fine|included|comes with"
        r"|everybody knows|switch(?:ing)?|dont have the problem|throws? in|jenkins|microsoft|azure|amazon"
        r"|aws|google|snowflake|astronomer|composer|mwaa|standardi[sz]ed|contract until|wrapper|nicer"
        r"|same thing|one more|boring|broken|happy with|comfortable|replace|replacing|graduates|hire"
        r"|complain\w*|need (?:a|another|this)|fewer tools|open source|community|what would i miss"
    ),
    "other": _of(
        r"keep alive|look after|pager|open it up|demo|trust you|see the|honest|feel|hand over"
        r"|two of you|maintain|patch\w*|feed|ops person|database to|look inside|bus factor|champion"
        r"|orphan\w*|moving parts|falls over|leaves|leaving|in a year|gets up"
    ),
}
"""What is talked about in each kind of objection, in plain words."""
