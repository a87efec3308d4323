"""What kind of objection it is, and which of the pack's guides it sounds like."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

from backend.analysis.learned import Learned, Signs
from backend.analysis.pushback_cues import SIGNS, plain
from backend.facts import ObjectionGuide
from backend.report import ObjectionCategory

MOST_WORDS = 3
"""More words of one kind say no more for it."""
A_WORD = 0.7
"""How much one word of a kind is there, beside the other signs."""

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

    def sort(self, words: str, taught: Learned) -> tuple[ObjectionCategory, str | None]:
        """The kind of an objection, and the id of the guide of this kind that it sounds most like."""
        signs = kind_signs(words)
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


def kind_signs(words: str) -> Signs:
    """The words of each kind in an objection, and the ways it pushes back."""
    lower = plain(words)
    counts = {kind: len(set(pattern.findall(lower))) for kind, pattern in KINDS.items()}
    return {
        **{f"words of {kind}": A_WORD * min(count, MOST_WORDS) for kind, count in counts.items() if count},
        **{name: A_WORD for name, pattern in SIGNS.items() if pattern.search(lower)},
    }


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(text.lower())) - _COMMON


def _of(*parts: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{''.join(parts)})\b")


KINDS: dict[ObjectionCategory, re.Pattern[str]] = {
    "compliance": _of(
        r"soc ?2?|hipaa|baa|iso|gdpr|pci|tisax|hitrust|fedramp|dora|certif\w*|regulat\w*|audit\w*"
        r"|complian\w*|business associate|agreement|data protection|residency|sovereign\w*"
        r"|jurisdiction|only the us|questionnaires?|retain|the rule|bank|insurer|years of"
    ),
    "authority": _of(
        r"sign off|dont sign|doesnt sign|(?:isnt|not) (?:mine|my (?:call|decision))|upstairs"
        r"|delegate|procurement makes|convince|approv\w*|committee|decides?|decision|veto"
        r"|recommendation|holds the budget|says? yes|can (?:each )?say no|bless|above me"
        r"|has opinions|goes through"
    ),
    "timing": _of(
        r"freezes?|season|next (?:quarter|year)|not (?:now|this year)|january|february|march|april"
        r"|june|july|august|september|october|november|december|christmas|new year|spring|summer"
        r"|autumn|fall|winter|priorit\w*|until|till|before (?:peak|christmas)|peak"
        r"|end of (?:the )?(?:quarter|year)|quarter|heads down|fundrais\w*|right now|urgent|deadline"
        r"|go live|later"
    ),
    "price": _of(
        r"expensive|costs?|price[sd]?|pricing|budget|pay(?:ing)?|cheaper|dollars?|quotes?|a head"
        r"|discount|flat|finance|invoices?|bill|bucks|pounds|euros|quid|free|money|a month|number"
        r"|nothing for us|double|less|spend|cfo"
    ),
    "lock_in": _of(
        r"lock(?:ed)?[- ]?in|locked|leave|hostage|three years?|years? from now|renewals?|supplier"
        r"|stuck|out of|get out|proprietary|exit|trebled|one year|own our"
    ),
    "support": _of(
        r"support|tickets?|who do (?:i|we) call|on[- ]call|last to know|response times?|outages?"
        r"|status page|down|answered|link to the|smiley|slack channel|sunday|boxing day|called"
        r"|shout at"
    ),
    "migration_effort": _of(
        r"migrat\w*|rewr\w*|redo|re-?write|moving \w+ (?:years|dags|jobs)|contractors?|bandwidth"
        r"|appetite|programme|port(?:ing)?|(?:two|three|four|five|six|nine) months|retrain|learn\w*"
        r"|something new|all over|who does it|two systems|relearn"
    ),
    "build_in_house": _of(
        r"our own|in[- ]house|(?:we|weve|i|he|they) (?:already )?(?:built|wrote|write)|home-?grown"
        r"|i could|lines of (?:code|python)|weekends?|ourselves|already built|redis queue|cron"
        r"|scripts?|half of me|afternoon"
    ),
    "security": _of(
        r"secur\w+|data|phi|pii|credentials?|keys?|cloud|vpc|sso|single sign[- ]on|logs|models?"
        r"|urls?|policy|internet|passwords?|vault|secrets?|subprocessors?|infosec|ciso|network"
        r"|access|leaks?|encrypt\w*|sign[- ]on"
    ),
    "scale": _of(
        r"scale\w*|thousands?|million|hundred (?:\w+ )?(?:runs|jobs|flows|sites)|rate limits?"
        r"|latency|concurren\w*|volume|burst\w*|crawled|fell over|fall over|four twenty nines"
        r"|throughput|slow"
    ),
    "maturity": _of(
        r"acqui\w*|bought|switch off|shut down|in \w+ years?|months|outgrown?|broke|breaking"
        r"|unstable|young|dead|swallowed|painful|used prefect|tried prefect|agents|last job"
        r"|minor (?:bump|version)|toy|start-?up|one product|green|distracted|beta|roadmap"
    ),
    "feature_gap": _of(
        r"lineage|backfill\w*|retention|history|java|go|rust|scala|sql|providers?|connectors?"
        r"|integrations?|isnt worse|missing|durable|gpu|pods?|container|days|no good|temporal|argo"
        r"|dagster|zero|python|picks? up|resume|carried on|event|does not do"
    ),
    "status_quo": _of(
        r"already|works?(?: fine)?|we (?:have|use|run)|another (?:tool|scheduler|thing)"
        r"|(?:second|third|fourth) (?:scheduler|tool)|moving|air ?flow|databricks|shopping"
        r"|gets the job done|upgrade|step functions|what we have|fine|included|comes with"
        r"|everybody knows|switch(?:ing)?"
    ),
    "other": _of(
        r"keep alive|look after|pager|open it up|demo|trust you|see the|honest|feel|hand over"
        r"|two of you|maintain"
    ),
}
"""What is talked about in each kind of objection, in plain words."""
