"""Whether words may be held against whoever said them: stated plainly, of our product, as true today.

Refusing costs a missed error; accusing wrongly costs the reader's trust. So each class here is wide.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from backend.analysis.sentences import sentences
from backend.analysis.subjects import plans
from backend.transcript import Quote, Turn

CHARS_AROUND = 240
"""So far around a claim is read, so that a turn without end costs no more."""
TURNS_TO_OWN_UP = 4
"""So many turns later a speaker may still put right what was said."""

_VENDORS = (
    r"okta|entra|auth0|ping(?:one| identity)?|one ?login|jump ?cloud|azure ad|active directory|microsoft"
    r"|google|amazon|git ?hub|git ?lab|snowflake|databricks|data ?dog|pager ?duty|slack|notion|salesforce"
)
_THEIRS = (
    r"competitors?|competition|rivals?|theirs?"
    r"|(?<!on )its (?:\w+ ){0,2}(?:plan|tier|pro|team|cloud|open|version|free|own(?! (?:pod|container|process"
    r"|machine|node|run|id)\b))"
    r"|(?:his|her|somebody['’]s|someone['’]s)|your own(?! (?:kubernetes|k8s|clusters?|images?|docker|aws"
    r"|azure"
    r"|gcp|cloud|box|machines?|infrastructure|servers?|vpc|account|worker|workers|network)\b)"
    rf"|(?<!in )there(?!['’]?s\b| (?:is|are|was|were|isn|aren|has|have|will|it|you|we)\b)"
    rf"|(?:of|from|by|at|in|on) (?:{_VENDORS})\b"
    r"|(?:other|another|different|legacy|existing|current|incumbent|old)"
    r" (?:vendor|tool|product|system|platform|orchestrator|scheduler|provider|stack|setup)s?"
)
_PAST = (
    r"used to|was|were|wasn['’]?t|weren['’]?t|had|did|didn['’]?t|been|previously|formerly|originally"
    r"|historically|back (?:in|then|when)|ago|no longer|any ?more|until|older|earlier|former|last year"
    r"|prefect (?:1|2|one|two)\b(?!\.\d\d)|(?:version|on|in) (?:1|2|one|two)(?:\.(?:x|0))?(?= |,|\."
    r"|$)(?! of\b)"
    r"|legacy|changed|retired|renamed|deprecated|dropped|(?:in|since|before) 20\d\d"
)
_SAYERS = (
    r"people|folks|somebody|someone|everyone|everybody|anyone|some|many|most|others|customers?|users?"
    r"|prospects?|he|she|they|docs?|documentation|pages?|blog|website|site|articles?|posts?|deck|slides?"
    r"|heading|colleagues?|engineers?|support|chatgpt|google|reddit|reviews?|analysts?"
)
_REPORTED = (
    rf"(?:{_SAYERS}) (?:\w+ ){{0,2}}(?:think|thought|say|said|believe|assume|claim|tell|told|suggest|state"
    r"|list|write|wrote|ask|asked|insist|swear|expect|hear|heard|argue|complain)s?(?:ed)?"
    r"|i(?:['’]ve)? (?:heard|read|saw|seen|thought|assumed|figured|misread|misspoke)|you(?:['’]ve|['’]d)?"
    r" (?:said|say|mentioned|heard|thought|think|asked|told|wrote|read|assume)|according to|supposedly"
    r"|allegedly|apparently"
    r"|(?:we|i|nobody|never|not) (?:\w+ ){0,2}(?:said|say|saying|claim|claimed|claiming|promised|told)"
    r"|says|claims|so[- ]called|rumou?rs?|misconception|myth|wrong\w*|incorrect\w*"
    r"|false|untrue|mistaken?\w*|confus\w*|outdated|out of date|typo|misleading|lie|nonsense"
)
_NOT_YET = (
    r"(?:we|i|they|somebody|people|customers?|engineering|product) (?:all )?wants?"
    r"|will|won['’]?t|\w+['’]ll|gonna|going to|adding|planned|planning|plans? (?:is|are)? ?to|roadmap"
    r"|next(?! to\b)"
    r"|soon|shortly|coming|upcoming|eventually|someday|one day|future|hope|hoping|hopefully|aim|intend"
    r"|working on|(?<!for )building|considering|beta|preview|promise\w*|bringing|launch\w*|later"
)
_SUPPOSED = (
    r"if(?! (?:any|anything|one|something|a|your) (?:\w+ ){0,3}(?:fails?|crashes|dies)\b)"
    r"(?! (?:you ever (?:\w+ ?){1,3}|you (?:want|like|ask it to|ask)|(?:it|that) helps)(?: \w+){0,2}\W*$)"
    r"|unless(?! you (?:delete|remove|clear)\b)"
    r"|suppose|supposing|imagine|pretend|would|\w+['’]d|could|might|may|maybe|perhaps|probably"
    r"|possibly|wish|whether|should|not sure|unsure|check|double[- ]check|in theory|depends|hypothetically"
    r"|assuming|as if|doubt|for example|say|(?:through|with|by|from|of) (?:\w+ ){0,3}(?:partner|reseller"
    r"|third part)\w*"
    r"|(?:not|\w+n['’]?t) (?:\w+ ){0,2}(?:true|the case|think|mean|believe|certain)"
)
_BESIDES = (
    r"except|excluding|exclud\w+|besides|unlike|whereas|versus|vs|compared?|comparing|instead|rather"
    r"|meaning|namely|i\.e|specifically|provided|(?:as|so) long as"
    r"|other than|apart from|as opposed|contrary|between|despite|trial|custom(?:er['’]s)? (?:deal|contract)"
    r"|negotiat\w*|exceptions?|add[- ]?ons?|upgrad\w*"
)
_ASKS = (
    r"^\W*(?:(?:so|and|but|okay|well|or|by the way|then)\W+)*"
    r"(?:(?:is|are|do|does|did|can|has|have|who|why|how|what(?! you\b))\b|(?:when|where)(?:['’]s\b| (?:is"
    r"|are|do"
    r"|does|did|can|will|would|has|have)\b))"
)
"""A question that speech recognition left without its mark."""
_ASKS_LAST = r"\b(?:can|do|does|is|are|could|did) (?:we|it|they|i|that)(?: \w+){0,3}\W*$"
_THEIR_PRODUCT = rf"^\W*(?:(?:so|and|but|also|because|well|look|now|yes|yeah|right)\W+)*(?:{_VENDORS})\b"
_DISTANT = re.compile(
    rf"\?|{_ASKS}|{_ASKS_LAST}|{_THEIR_PRODUCT}|\b(?:{_THEIRS}|{_PAST}|{_REPORTED}|{_NOT_YET}|{_SUPPOSED}"
    rf"|{_BESIDES})\b"
)
_SAID_BY_OTHERS = re.compile(rf"\?|\b(?:{_REPORTED}|competitors?|rivals?)\b")
_DENIED = re.compile(
    r"(?:\b(?:no|not|never|without|hardly)|n['’]?t)\s*$"
    r"|(?:\bnot|n['’]t)\b[^.!?]{0,40}\b(?:think|say|true|mean|believe|case|sure)\b[^.!?]*$"
)
"""A claim may begin behind the words that deny it."""
_LED_IN = re.compile(
    rf"(?:^|[.!?]\s+)\W*(?:(?:so|and|but|well|yes|yeah|okay)\W+)*"
    rf"(?:once|after|as soon as|provided|assuming|if|{_PAST})\b[^.!?]*$"
)
"""Its sentence may begin with when or under what it holds."""
_RETRACTED = re.compile(
    r"\b(?:no,? wait|wait,? no|scratch that|take that back|strike that|sorry,? no|not right|i was wrong"
    r"|that['’]s (?:wrong|not true)|is what (?:\w+ ){1,4}(?:claims?|says?))\b"
)
_TAKEN_BACK = re.compile(
    r"[\s.,;:…—–-]*(?:(?:oh|uh|um|well|and|but|ah|hm+)[\s,.]+)*(?:no\b(?! (?:problem|worries))"
    r"|wait|sorry|scratch|correction"
    r"|actually|i mean|i meant|i take|let me (?:correct|rephrase)|strike|my (?:bad|mistake)|just kidding"
    r"|kidding|not really|which is (?:not|wrong)|(?:that|this|it)(?:['’]s| is| was) (?:not|wrong|what|how"
    r"|an? (?:no|lie|myth|mistake|joke|common|misconception|bug|typo|error|old|shame|problem|question))"
    r"|that isn['’]?t|at least|or (?:so|at)|is what|they(?:['’]re| are) not|they aren['’]?t|it isn['’]?t)\b",
)
_OWNED_UP = re.compile(
    r"\bi(?:['’]ve)? (?:(?:just|have|had|must|should|totally|completely) )*"
    r"(?:mixed (?:(?:that|this|it|them|those|the two) )?up|misspoke|was wrong|stand corrected"
    r"|correct myself|correct that|take (?:that|it) back|(?:said|got|had) (?:that|this|it) wrong"
    r"|oversold (?:that|this|it))\b"
    r"|\b(?:let me (?:correct (?:that|myself)|take that back)|(?:scratch|strike) that|my mistake)\b",
    re.IGNORECASE,
)

_CUT = re.compile(
    r"[,;:]\s+|\s[-–—]+\s|(?<=\w)[.!…]+\s+"
    r"|\s+(?=(?:but|so|because|cause|while|whereas|though|although|unlike|which|since|then|plus)\b)"
    r"|\s+(?=and (?!up\b|above\b|higher\b|upwards?\b))",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\b(?:is|are|am|be|can|cannot|do|does|has|have|gets?|got|gives?|comes?|includes?|starts?|begins?|keeps?"
    r"|kept|costs?|needs?|runs?|works?|supports?|offers?|ships?|goes|go|lives?|sits?|adds?|covers?|allows?"
    r"|lets?|requires?|belongs?|stays?|holds?|means?|makes?|takes?|provides?|brings?)\b"
    r"|\w['’](?:s|re|ve|m)\b|n['’]t\b",
    re.IGNORECASE,
)
_POINTS_BACK = re.compile(
    r"\b(?:that|that['’]s|thats|it|it['’]s|those|they|they['’]re|them|these|this|which|there)\b",
    re.IGNORECASE,
)
_PLACE = re.compile(r"(?:on|in|with|for|from|at)\b", re.IGNORECASE)
_CONDITION = re.compile(
    r"\W*(?:(?:so|and|but)\W+)*(?:once|after|when|as soon as|provided)\b[^,]*$", re.IGNORECASE
)
_OPENING = re.compile(
    r"\W*(?:(?:and|but|so|because|cause|plus|then|also|yeah|yes|well)\b[\s,]*)+", re.IGNORECASE
)


_TOKEN = re.compile(r"[a-z0-9][a-z0-9'.]*[a-z0-9]|[a-z0-9]")
_PLAIN = frozenset(
    _TOKEN.findall(
        "a an the our your you we us there here and also too as well both just already so yes yeah now "
        "today i is are be do does can has have having get gets got give gives given come comes include "
        "includes included offer offers ship ships supports supported start starts begin begins belong "
        "belongs live lives sit sits available part in of on with from at for within s re ve m plan plans "
        "tier tiers level every all any each paid free prefect cloud default built standard feature "
        "features edition version server thing things that thats it they them those these this which really "
        "actually basically simply definitely absolutely certainly honestly pretty think right everybody "
        "everyone whole company okay ok um uh because work works exist exists stuff"
    )
)
"""Words that add nothing to a plain "this comes with that"; whatever else is said may turn it around."""
_DENIALS = frozenset(
    _TOKEN.findall("not no never dont doesnt isnt arent cannot cant don't doesn't isn't aren't can't")
)


def may_be_accused(words: str, before: str = "", after: str = "") -> bool:
    """Whether a claim is stated as true of our product today. `before` and `after` are what its speaker said
    just before and after it: a hearsay, a question or a retraction there reaches the claim too."""
    lower = words.lower()
    return not (
        _DISTANT.search(lower)
        or _SAID_BY_OTHERS.search(before.lower())
        or _DENIED.search(before.lower())
        or _LED_IN.search(before.lower())
        or _RETRACTED.search(f"{lower} {after.lower()}")
        or _TAKEN_BACK.match(after.lower())
        or "?" in after
    )


def said_around(text: str, quote: Quote) -> tuple[str, str]:
    """What a turn says just before a quote of it, in its sentence and the one before, and just after it."""
    before = text[max(0, quote.char_start - CHARS_AROUND) : quote.char_start]
    after = text[quote.char_end : quote.char_end + CHARS_AROUND]
    said = sentences(before)
    rest = sentences(after)
    return before[said[-2:][0][0] :] if said else "", after[: rest[min(1, len(rest) - 1)][1]] if rest else ""


def statements(words: str) -> list[str]:
    """The parts of a claim that each say one thing. A topic named first stays with what is said of it:
    "the roles, that's in Team"."""
    found: list[str] = []
    for part in _parts(words):
        if found and _belongs(found[-1], part):
            found[-1] = f"{found[-1]} {part}"
        else:
            found.append(part)
    return [_OPENING.sub("", part, count=1) if _OPENING.match(part) else part for part in found]


def owned_up(turns: Sequence[Turn], at: int) -> bool:
    """Whether who speaks in the turn `at` takes it back in one of the next turns."""
    return any(
        turn.speaker == turns[at].speaker and _OWNED_UP.search(turn.text)
        for turn in turns[at + 1 : at + 1 + TURNS_TO_OWN_UP]
    )


def unexplained(words: str, *, denial: bool = False) -> frozenset[str]:
    """The words that are more than plain. `denial` lets "not" and the like pass."""
    tokens = _TOKEN.findall(words.lower().replace("’", "'"))
    rest = {piece for token in tokens for piece in _pieces(token)}
    return frozenset(rest - _PLAIN - (_DENIALS if denial else frozenset()))


def points_back(words: str) -> bool:
    """Whether words speak of what was named before them."""
    return _POINTS_BACK.search(words) is not None


def has_verb(words: str) -> bool:
    return _VERB.search(words) is not None


def _pieces(token: str) -> list[str]:
    return [token] if token in _DENIALS else token.split("'")


def _parts(words: str) -> Iterator[str]:
    return (part.strip() for part in _CUT.split(words) if part.strip())


def _belongs(before: str, part: str) -> bool:
    """Whether two parts are one statement: a list, a condition, or a topic and what is said of it."""
    if _CONDITION.match(before):
        return True
    if re.match(r"and\b", part, re.IGNORECASE):
        return not (has_verb(before) and has_verb(part))
    if not has_verb(part):
        return not plans(part)
    return not has_verb(before) and bool(points_back(part) or _PLACE.match(before))
