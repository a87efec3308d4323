"""Questions of the prospect's that our side put off, answered beside the point, or never took up."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from backend.analysis.claim_cues import OWN, SHARED
from backend.analysis.learned import Learned, Signs
from backend.analysis.phrasing import STEM
from backend.analysis.pushback_cues import plain
from backend.analysis.replies import READ_CHARS, puts_off, turns_away
from backend.analysis.sentences import sentences
from backend.transcript import Transcript, Turn

LEAST = -1.0
"""Log odds from which a question is taken for one left open: where precision and recall are alike."""
ANSWER_WITHIN_TURNS = 3
CLEAR_WORDS = 5
"""A shorter question is quoted with the sentence before it."""
SHORT_WORDS = 4
"""A question of so few words is about the product only where it has a word of the product."""
USUAL_QUESTIONS = 20
FEW_QUESTIONS = 10
YES_AND_MORE_WORDS = 6
ENDS = frozenset(".?!…")
LATER = "put off in a second reply"
MOST_TOLD = 4
IN_ITS_WORDS = 0.5
"""A reply with this share of the question's meaning words speaks to it."""

_ASKING = (
    r"what|whats|who|whos|how|hows|where|wheres|when|why|which|whose|is|are|do|does|did|can|could|would|will"
    r"|has|have|should"
)
_LEAD_IN = r"(?:(?:and|so|but|okay|ok|um|uh|well|because|also|then|oh)\W+)*"
_OPENS = re.compile(rf"{_LEAD_IN}(?:{_ASKING})\b")
_ASKS = re.compile(rf"(?:^|[,.;] ){_LEAD_IN}(?:{_ASKING})\b")
_WONDERS = re.compile(
    r"\b(?:i (?:want|need|d like|would like) to know|id like to know|who do (?:i|we) call|question is|tell me"
    r"|how would (?:you|we|i)|what happens|how do (?:others|you|we))\b"
)
_OF_BUSINESS = re.compile(
    rf"\b(?:{OWN}|{SHARED}|publish\w*|document\w*|credits?|regions?|support|certif\w*|hitrust|iso|tisax|gdpr"
    r"|fedramp|pci|private network|residency|uptime|downtime)\b"
)
_PERSONAL = re.compile(
    r"^\W*(?:(?:oh|and|so|but|huh|wait|okay|um|like)\W+)*(?:really|yes|no|sorry|right"
    r"|pardon|what|is it|does it"
    r"|did they|are you|you think|you do|it is|thats it)\?"
    r"|\b(?:hear me|see my|see (?:it|me) now|share my|my screen|record this|how are you|whos (?:joining|on)"
    r"|shall (?:we|i)|should (?:we|i) (?:start|wait|go)|(?<!is that )(?<!that )right\?"
    r"|isnt it\?|make sense\?|you mean"
    r"|what kind\?|you (?:see|know) what i mean|who wouldnt|why not\?|what can i say|who knows|guess what"
    r"|can (?:we|i) (?:move on|go back|start)|does (?:that|this) (?:work|suit)|(?:free|works?) on \w+day"
    r"|what time|which day|next (?:week|month)\?|(?:mon|tues|wednes|thurs|fri)day\?"
    r"|restaurant|hotel|dinner|dog"
    r"|coffee|lunch|the weather|do you mind|is (?:it|that) (?:all right|okay|ok) if"
    r"|how (?:was|were|is) (?:your|the) (?:weekend|week|trip|flight|holiday|day|kids?|family)"
    r"|where are you (?:based|calling|from)|got (?:a|any) minute|still there)"
)
_ANSWERS = re.compile(
    r"^\W*(?:yes|yeah|yep|no|nope|not|correct|right|exactly|it does|you can|about|it is|its|they)\b"
)
_EMPTY = re.compile(
    r"\b(?:great question|massive|huge|super|strength|seriously|enterprise[- ]grade|very (?:transparent|nice"
    r"|flexible|robust|easy|strong)|pretty (?:smart|flexible|robust|generous)|generous|youll be fine"
    r"|youre (?:covered|good)|dont (?:have to )?worry|dont you worry|every customer"
    r"|everybodys? (?:is )?different"
    r"|different for everyone|(?:many|lots of|plenty of) (?:big |large )?(?:customers"
    r"|companies|teams)|stories"
    r"|case stud\w+|long enough|nobodys complained|im sure|much,? much|hard to (?:say|put)|partners in this"
    r"|hundred percent|cutting edge|best in class|world[- ]class|industry[- ]leading|exciting|amazing|awesome"
    r"|all of (?:that|it) is (?:handled|covered)|its (?:all )?handled|no problem at all"
    r"|we take (?:it|that|this)"
    r"|kind of\b(?=[.,])|depends|or so|more of an?|really (?:easy|great|powerful|fast|strong))\b"
)
"""Words that sound like an answer and hold none."""
_PRODUCT = re.compile(rf"\b(?:{OWN}|{SHARED})\b")
_NUMBER = re.compile(
    r"\b(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty|hundred|thousand)\b"
)
_SETTLES_FOR_IT = re.compile(
    r"^\W*(?:please|do\b|thats the one|good\b|okay\W*$|i meant|so |everybody|very wise)"
)
_INSISTS = re.compile(r"\b(?:i meant|i asked|didnt answer|my question|thats not what|says who|faster than)\b")
_WORD = re.compile(r"[a-z]+|\d+")
_COMMON = frozenset(
    _WORD.findall(
        "a an the is are was be it its that this i you we they he she and or but so if of to in on for with"
        " at by from as do does did not can would will just what who how when why have has had get got about"
        " my our your me us them there any all like im ive id dont were weve youre thats where which then"
        " okay one could yes no um uh"
    )
)


class Asked(NamedTuple):
    """A question, what was said before it in the same turn, and why it is taken for one left open."""

    turn: Turn
    start: int
    end: int
    before: str
    why: tuple[str, ...]


class Candidate(NamedTuple):
    """A sentence that asks something, and what speaks for and against its being left open."""

    turn: Turn
    nth: int
    places: Sequence[tuple[int, int]]
    signs: Signs


def find_open(transcript: Transcript, taught: Learned) -> Iterator[Asked]:
    """The questions that nobody of ours answered, at most one of each turn."""
    scale = taught.left_open
    best: dict[int, tuple[float, Candidate]] = {}
    for one in candidates(transcript):
        weight = LEAST if _plainly_answered(one.signs) else scale.weigh(one.signs)
        if weight > LEAST and weight > best.get(one.turn.index, (LEAST,))[0]:
            best[one.turn.index] = weight, one
    for _, found in best.values():
        asked = _quoted(found, scale.why(found.signs))
        if _says_enough(asked.turn.text[asked.start : asked.end]):
            yield asked


def _plainly_answered(signs: Signs) -> bool:
    """The reply says what was asked again, or yes or no and something of the product, and neither puts it
    off nor only sounds like an answer."""
    if _put_off(signs):
        return False
    told = signs.get("yes or no, and more") and signs.get("words of the product")
    plainly = told and not (signs.get("answered with empty words") or signs.get("turned away from"))
    return bool(plainly) or signs.get("words shared", 0.0) >= IN_ITS_WORDS


def _put_off(signs: Signs) -> bool:
    """By the reply itself: what is promised later is another thing."""
    return any(name.startswith("put off") and name != LATER for name in signs)


def candidates(transcript: Transcript) -> list[Candidate]:
    """The questions of the prospect's, with or without a question mark, that somebody could have answered."""
    asked = [
        (turn, nth, places)
        for turn in transcript.turns
        if turn.side == "external"
        for places in [sentences(turn.text)]
        for nth, place in enumerate(places)
        if _is_question(turn.text[slice(*place)])
    ]
    marked = 2 * sum(turn.text.rstrip()[-1:] in ENDS for turn in transcript.turns) > len(transcript.turns)
    many = {"a call of many questions": math.log(max(FEW_QUESTIONS, len(asked)) / USUAL_QUESTIONS)}
    return [
        Candidate(
            turn,
            nth,
            places,
            {**many, **_form(turn, nth, places, marked), **_after(transcript, turn, nth, places)},
        )
        for turn, nth, places in asked
        if any(one.side == "internal" for one in transcript.turns[turn.index + 1 : turn.index + 8])
    ]


def _is_question(words: str) -> bool:
    lower = plain(words[:READ_CHARS])
    if _PERSONAL.search(lower):
        return False
    return _marked(words) or (not words.endswith("!") and bool(_ASKS.search(lower) or _WONDERS.search(lower)))


def _marked(words: str) -> bool:
    return words.rstrip("\"”'’").endswith("?")


def _form(turn: Turn, nth: int, places: Sequence[tuple[int, int]], marked: bool) -> Mapping[str, float]:
    """How it is asked. `marked`: this transcript has punctuation."""
    words = turn.text[slice(*places[nth])]
    lower, last = plain(words[:READ_CHARS]), nth == len(places) - 1
    length = len(lower.split())
    opens, wonders = _OPENS.match(lower) is not None, _WONDERS.search(lower) is not None
    return _present(
        {
            "a question mark": _marked(words),
            "opens by asking": opens,
            "wonders": wonders,
            "a statement that asks": not (_marked(words) or opens or wonders),
            "of business": _OF_BUSINESS.search(lower) is not None,
            "the turn's last": last,
            "the turn's only": len(places) == 1,
            "under four words": length < 4,
            "over twenty-five words": length > 25,
            "another question follows": any(_marked(turn.text[slice(*one)]) for one in places[nth + 1 :]),
            "broken off": last and turn.text.rstrip()[-1:] not in ENDS and marked,
        }
    )


def _after(
    transcript: Transcript, turn: Turn, nth: int, places: Sequence[tuple[int, int]]
) -> Mapping[str, float]:
    """What was said next: by the prospect's side first, then by ours."""
    turns = transcript.turns
    following = turns[turn.index + 1 : turn.index + 1 + ANSWER_WITHIN_TURNS]
    reply = next((one for one in following if one.side == "internal"), None)
    following_ours = bool(following) and following[0].side == "internal"
    signs = {
        "ours speak next": following_ours,
        "theirs speak next": not following_ours,
        "no reply": reply is None,
    }
    if following and following[0].side == "external":
        lower = plain(following[0].text[:READ_CHARS])
        signs["drowned by another question"] = "?" in lower or _ASKS.search(lower) is not None
        signs["theirs say much"] = len(lower.split()) > 8
    if reply is None:
        return _present(signs)
    words = turn.text[slice(*places[nth])]
    last = nth == len(places) - 1
    return {**_present(signs), **_answered(words, reply, turns[reply.index + 1 : reply.index + 3], last)}


def _answered(words: str, reply: Turn, then: Sequence[Turn], last: bool) -> Mapping[str, float]:
    """Whether a reply puts the question off, turns away from it, or says something to it."""
    text = reply.text[:READ_CHARS]
    lower, places = plain(text), sentences(text)
    opening = lower[: places[min(2, len(places) - 1)][1]] if places else ""
    first = text[slice(*places[0])] if places else ""
    length = len(lower.split())
    asked = _content(words)
    shared = asked & _content(text)
    off = puts_off(text)
    second = next((one.text for one in then if one.side == "internal"), "")
    heard = plain(next((one.text for one in then if one.side == "external"), ""))
    signs = {
        "put off": off,
        "put off at once": puts_off(text, 1),
        "put off in the end": not off and puts_off(text, len(places)),
        LATER: not off and puts_off(second, len(second)),
        "put off, but more was said after it": off and not last,
        "turned away from": turns_away(text),
        "answered with a question": first.endswith("?"),
        "the reply ends in a question": text.rstrip().endswith("?"),
        "a reply under ten words": length < 10,
        "a reply under twenty words": length < 20,
        "a reply over forty-five words": length > 45,
        "shares no word": not shared,
        "answered yes or no": _ANSWERS.match(lower) is not None,
        "answered with a number": _NUMBER.search(opening) is not None,
        "they settle for it": _SETTLES_FOR_IT.match(heard) is not None,
        "they insist": _INSISTS.search(heard) is not None,
        "they ask more": "?" in heard,
        "answered with empty words": _EMPTY.search(opening) is not None,
        "yes or no, and more": _ANSWERS.match(lower) is not None
        and len(opening.split()) > YES_AND_MORE_WORDS,
    }
    told = len({word[:STEM] for word in _PRODUCT.findall(opening)})
    return {
        **_present(signs),
        "words shared": len(shared) / max(1, len(asked)),
        "words of the product": min(told, MOST_TOLD) / MOST_TOLD,
    }


def _quoted(found: Candidate, why: tuple[str, ...]) -> Asked:
    turn, nth, places = found.turn, found.nth, found.places
    start, end = places[nth]
    before = turn.text[slice(*places[nth - 1])] if nth else ""
    if nth and len(turn.text[start:end].split()) < CLEAR_WORDS:
        start = places[nth - 1][0]
    return Asked(turn, start, end, before, why)


def _says_enough(quoted: str) -> bool:
    """A short question is one about the product only where it has words of its own."""
    return len(quoted.split()) > SHORT_WORDS or _OF_BUSINESS.search(plain(quoted)) is not None


def _content(text: str) -> set[str]:
    """The beginnings of the words that carry meaning."""
    return {word[:STEM] for word in _WORD.findall(plain(text)) if word not in _COMMON}


def _present(signs: Mapping[str, bool]) -> dict[str, float]:
    return {name: 1.0 for name, there in signs.items() if there}
