"""How our side took an objection: what it said next, and how that was received."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from backend.analysis.claim_cues import AFTER_PRODUCT_TALK
from backend.analysis.learned import Learned, Signs
from backend.analysis.pushback_cues import plain
from backend.analysis.sentences import sentences
from backend.analysis.steps import PUTS_OFF, SETTLED, TAKES_UP, find_steps
from backend.report import Handling, HandlingStep
from backend.transcript import Quote, Transcript, Turn

EXCHANGE_TURNS = 6
MOST_STEPS = 4
REACTIONS = 2
"""An exchange is over with the second word of the other side's."""
SUBSTANCE_WORDS = 12
"""A shorter reply cannot both take up an objection and answer it."""
READ_CHARS = 4_000
"""So much of a turn is read."""

_OPENS: Mapping[str, re.Pattern[str]] = {
    "reply: apologises": re.compile(r"\b(?:sorry|apolog\w+|on me|my fault|should have)\b"),
    "reply: concedes": re.compile(
        r"\b(?:fair|real|legit|reasonable|sensible|right to|makes sense|honest|understand|i hear|i get"
        r"|understood|common|totally|appreciate|good point|thats the right|no argument|absolutely|of course"
        r"|i know|true)\b"
    ),
    "reply: no": re.compile(r"^\W*(?:no|nope|not)\b"),
    "reply: yes": re.compile(
        r"^\W*(?:yes|yeah|yep|yup|correct|right|exactly|sure|it does|they do|you can)\b"
    ),
    "reply: so": re.compile(r"^\W*(?:so|okay|ok)\b"),
    "reply: names the worry": re.compile(
        r"\b(?:worry|worried|concern|problem|risk|hesita|nervous|trust)\w*\b"
    ),
    "reply: offers": re.compile(
        r"\b(?:what if|would it help|could we|what would|can i ask|let me|suppose|what i can|what id)\b"
    ),
    "reply: thanks": re.compile(r"\b(?:thanks|thank you|great|perfect|love|cool|awesome|nice)\b"),
    "reply: laughs": re.compile(r"\bha(?:ha)?\b"),
}
_CANDID = re.compile(
    r"\b(?:i cant promise|cant promise|i wont pretend|weak point|theyre better|is (?:just )?better"
    r"|id (?:leave|assume|plan|treat|rather|say theyre|honestly|not)"
    r"|not going to (?:tell|sell|fight|pretend|ask)|im not gonna|isnt something|we dont (?:do|have|replay)"
    r"|doesnt (?:do|cover|come|have)|thats not|honest answer|honestly|no argument|let me not dance"
    r"|what we (?:dont|do) hold|cant|wouldnt|dont move|leave (?:it|that)|instead|for them|better fit"
    r"|so it isnt|would be lying|i dont have anything past)\b"
)
_HOLLOW = re.compile(
    r"\b(?:hundred percent|trust me|dont worry|no worries|its noise|the works|basically|go wild"
    r"|completely different|out of the box|never had|everybody|everyone|no ceiling|nothing of yours"
    r"|like ever|(?:pretty|really) common|grown up stuff|i havent heard|no limit|included"
    r"|same (?:thing|in practice|idea)|end up in the same|youre (?:covered|done|good)|as hard as you want)\b"
)
_SELLS_ON = re.compile(
    r"\b(?:discount|percent off|sign (?:by|this)|end of (?:the )?(?:month|quarter)|if you sign|today only"
    r"|deck|send you (?:a|the|some)|set up a call|next steps|share my screen|blog|talk about enterprise"
    r"|where enterprise|that comes with|upgrade)\b"
)
_HEDGES = re.compile(r"\b(?:i think|i believe|i guess|somewhere|fairly sure|probably|maybe|um|uh)\b")
_NUMBER = re.compile(
    r"\b(?:\d+|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|fifty"
    r"|hundred|thousand|half)\b"
)
_DOUBTS = re.compile(
    r"^\W*(?:(?:hm+|mm|okay|right|so|yeah|well)\W+)*(?:so (?:not|its not|thats not|you (?:dont|cant))|but\b"
    r"|not really|that doesnt|i (?:still|dont|asked)|no[,.]|then why|thats (?:not|a different|still)|really\?"
    r"|says who|you (?:said|just|didnt)|its a (?:zero|hard)|and (?:if|what)|ninety|faster than)"
)
_TURNS_AWAY = re.compile(
    r"^\W*(?:(?:um|uh|yeah|yes|no|okay|ok|right|sure|so|absolutely|well|ha|cool|i mean|great question"
    r"|good question|of course|totally|got it)\W+)*(?:(?:before we|on timing|next (?:steps|one|up|line)"
    r"|while (?:we|i)|let me (?:share|show|pull|just)|can i|anything else|moving on|and then"
    r"|what(?:s| else| did| does| would)|how does|who|ill also|also|its an exciting|everyone|every team))"
)


_LAUGHS = re.compile(r"^\W*(?:ha(?:ha)?|cool|okay|ok|got it|mhm|sure|amazing|great|perfect)\b")
_HANDS_ON = re.compile(
    r"\b(?:(?:bring|loop|get) (?:in|\w+ in|our|my|you)|our (?:ses?|legal|security|engineers"
    r"|team)|set up a call"
    r"|my (?:manager|boss|colleague)|reach out|account exec|wrote? (?:that|it) down|put (?:it|that) on)\b"
)


class Exchange(NamedTuple):
    """What followed an objection: our side's turns up to the other side's second word, and those words."""

    replies: list[str]
    reactions: list[str]


def handling(
    reply: Quote | None, transcript: Transcript, taught: Learned, wrong_turns: Collection[int] = ()
) -> Handling:
    """How our side took an objection that had this reply. `wrong_turns` are those in which it said what the
    docs contradict: with such an answer nothing is handled well."""
    if reply is None:
        return "ignored"
    following = exchange_turns(reply.turn, transcript.turns)
    exchange = _exchange(following)
    first = exchange.replies[0]
    if any(turn.index in wrong_turns for turn in following):
        return "poorly"
    if len(first.split()) < SUBSTANCE_WORDS and not _says_something(exchange):
        return "ignored" if _TURNS_AWAY.match(first) and not TAKES_UP.search(first) else "partly"
    signs = exchange_signs(following)
    if not signs.get("no substance") and taught.well.weigh(signs) > 0:
        return "well"
    if signs.get("hollow") or signs.get("sells on"):
        return "poorly"
    brushed_off = signs.get("turns away") or signs.get("laughs it off")
    nothing = signs.get("no substance") and not signs.get("a step: acknowledged")
    return "ignored" if brushed_off and nothing else "partly"


def steps_after(
    reply: Quote | None, transcript: Transcript, wrong_turns: Collection[int] = ()
) -> list[HandlingStep]:
    """What our side did about an objection that had this reply, each step with its words."""
    return find_steps(exchange_turns(reply.turn, transcript.turns), wrong_turns) if reply else []


def has_answer(exchange: Sequence[Turn]) -> bool:
    """Whether ours said something to it: words of the product that neither ask nor merely acknowledge."""
    told = " ".join(
        turn.text[start:end]
        for turn in exchange
        if turn.side == "internal" or turn.speaker == exchange[0].speaker
        for start, end in sentences(turn.text[:READ_CHARS])
        if not turn.text[start:end].endswith("?")
    )
    return (
        len(told.split()) >= SUBSTANCE_WORDS and AFTER_PRODUCT_TALK.pattern.search(told.lower()) is not None
    )


def exchange_signs(following: Sequence[Turn]) -> Signs:
    """What speaks for and against an objection being handled well, in the turns from our first reply on."""
    exchange = _exchange(following)
    first, all_ = exchange.replies[0], " ".join(exchange.replies)
    words = len(first.split())
    now, later = [*exchange.reactions, "", ""][:REACTIONS]
    signs = {
        "says what is not so": _CANDID.search(all_),
        "hollow": _HOLLOW.search(all_),
        "sells on": _SELLS_ON.search(first),
        "hedges": _HEDGES.search(first),
        "asks back": "?" in first,
        "numbers": _NUMBER.search(first),
        "puts it off": puts_off(first),
        "under fifteen words": words < 15,
        "over thirty words": words > 30,
        "over sixty words": words > 60,
        "is confirmed": SETTLED.search(now),
        "is confirmed later": SETTLED.search(later),
        "is doubted": _DOUBTS.match(now),
        "is doubted later": _DOUBTS.match(later),
        "is asked again": "?" in now,
        "turns away": _TURNS_AWAY.match(first),
        "laughs it off": _LAUGHS.match(first),
        "no substance": not has_answer(following),
        "hands it on": _HANDS_ON.search(all_),
    }
    steps = [one.kind for one in find_steps(following)]
    return {
        **{name: 1.0 for name, there in signs.items() if there},
        **{f"a step: {kind}": 1.0 for kind in steps},
        "steps": len(steps) / MOST_STEPS,
    }


def reply_signs(reply: str) -> Signs:
    """What a reply, in lower case, says of the words before it: that they were an objection, or were not."""
    words = len(reply.split())
    opening = " ".join(plain(reply[:READ_CHARS]).split()[:25])
    signs = {
        "asks in reply": "?" in reply,
        "ends in asking": reply.rstrip().endswith("?"),
        "a reply over thirty words": words > 30,
        "a reply under eight words": words < 8,
        "no reply": not reply,
        **{name: pattern.search(opening) is not None for name, pattern in _OPENS.items()},
    }
    return {
        **{name: 1.0 for name, there in signs.items() if there},
        "the reply's words": math.log(1 + words) / 4,
    }


def puts_off(text: str, sentences_read: int = 3) -> bool:
    """Whether an answer begins by promising to find out."""
    places = sentences(text[:READ_CHARS])[:sentences_read]
    return bool(places) and PUTS_OFF.search(plain(text[: places[-1][1]])) is not None


def turns_away(text: str) -> bool:
    """Whether a reply begins with something else."""
    return _TURNS_AWAY.match(plain(text[:READ_CHARS])) is not None


def exchange_turns(at: int, turns: Sequence[Turn]) -> list[Turn]:
    return list(_until_they_reacted(turns[at : at + EXCHANGE_TURNS]))


def _until_they_reacted(turns: Sequence[Turn]) -> Iterator[Turn]:
    ours, reactions = turns[0], 0
    for turn in turns:
        yield turn
        reactions += turn.side == "external" or (turn.side == "unknown" and turn.speaker != ours.speaker)
        if reactions == REACTIONS:
            return


def _exchange(turns: Sequence[Turn]) -> Exchange:
    ours = turns[0]
    said = [
        (turn.side == "internal" or turn.speaker == ours.speaker, plain(turn.text[:READ_CHARS]))
        for turn in turns
    ]
    return Exchange([text for mine, text in said if mine], [text for mine, text in said if not mine])


def _says_something(exchange: Exchange) -> bool:
    """Whether our side spoke of the product later in the exchange."""
    later = " ".join(exchange.replies[1:])
    return len(later.split()) >= SUBSTANCE_WORDS and AFTER_PRODUCT_TALK.pattern.search(later) is not None
