"""What was done about an objection, step by step: acknowledged, asked about, answered, confirmed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

from backend.analysis.claim_cues import AFTER_PRODUCT_TALK
from backend.analysis.pushback_cues import plain
from backend.analysis.sentences import sentences
from backend.report import HandlingKind, HandlingStep
from backend.transcript import Turn

READ_CHARS = 4_000
"""So much of a turn is read."""
ANSWER_WORDS = 6
"""A shorter sentence answers nothing by itself."""
ACKNOWLEDGING_SENTENCES = 2
LONGEST_QUOTE = 400

TAKES_UP = re.compile(
    r"\b(?:fair|youre right|thats right|right question|i understand|i hear|understood|true|no argument"
    r"|i get (?:it|that|this)|totally|good (?:question|point)|reasonable|sensible|makes sense"
    r"|thats the (?:right|one|rule)|i remember|it (?:is|does)\b(?= a| mean|[,.])|of course|i know"
    r"|i wont pretend|mortified|sorry|completely|absolutely|appreciate|thank you for|ouch|i see why"
    r"|id (?:worry|feel|ask|want|think) (?:too|the same|that)|i wouldnt either|(?:oh|god|oh god),? no\b"
    r"|thats a (?:lot|rough|real|big|hard|tough|big one)|rough|thats on (?:us|me)|common|lot of people"
    r"|that should|shouldnt have|(?:a )?valid|legit|it stings|impressive|i bet|makes two of us)\b"
)
_PROBES = re.compile(
    r"\b(?:you|your|yours|they|their|she|he|her|his|who|what|which|how|why|when|where|would)\b"
)
_LOGISTICS = re.compile(
    r"\b(?:see (?:my|the|this|that)|hear me|my screen|anything else"
    r"|any (?:other )?questions|shall we|next (?:week"
    r"|one|up)|make sense|sound good|(?:mon|tues|wednes|thurs|fri)day|slide|calendar|move on|before we|okay\?"
    r"|right\?|you know\?|yeah\?)\b|\b(?:okay|right|yeah)\?"
)
_CHECKS = re.compile(
    r"\b(?:does (?:that|this|it) (?:help|cover|work|answer|settle|make sense|sound|address"
    r"|solve)|would that (?:do"
    r"|help|work|be enough|cover|settle)|is that (?:enough|fair|okay|any better|what you)"
    r"|are you (?:okay|happy"
    r"|comfortable) with|fair\?|did (?:that|i) answer|how does that (?:sound|land)"
    r"|good enough|can you live)\b"
    r"|\bfair\?"
)
SETTLED = re.compile(
    r"^\W*(?:(?:yeah|yes|oh|huh|hm+|aha|right|well|no|ha|phew|okay|mm|ah)\W+)*"
    r"(?:thats (?:a |an |really |very |actually )?(?:better|good|fair|helpful|useful|sensible|grown|strong"
    r"|clear|honest|what i|fine|more than|an answer|something|the right|reassuring|reasonable|all i)"
    r"|(?:very )?good\b|great|thank|deal|agreed|fair|i can (?:live|work|sell|do|defend"
    r"|forward|take)|perfect|nice"
    r"|love|then (?:yes|it|they|were|im|self|put)|that (?:helps|works|covers|i (?:can|like"
    r"|didnt)|is (?:fair|a? ?good"
    r"|more|honest))|i (?:didnt expect|like|appreciate|prefer)|nobodys ever|im comfortable|makes sense|sold"
    r"|understood|clever|reasonable|fine\b|do it|works\b|phew|paths we|we leave it|at least)"
    r"|\b(?:better answer|good answer|fair enough|that is fair|good to know|thats helpful|agreed|grown up"
    r"|works for me|i can live|nobody has|straight answer|first good answer|reassuring|being straight"
    r"|i like that|ill take (?:it|that)|then im calm|no longer worried)\b"
)
_NUMBER = re.compile(
    r"\b(?:\d[\d.,]*|two|three|four|five|six|seven|eight|nine|ten|twelve|twenty|thirty|fifty|hundred|thousand"
    r"|half)\b"
)
_HOLLOW = re.compile(
    r"\b(?:trust me|dont worry|no worries|its noise|go wild|night and day|never had|no ceiling|youll be fine"
    r"|youre (?:covered|good)|as hard as you want|everybody loves|like ever|promise you|swear)\b"
)
PUTS_OFF = re.compile(
    r"\b(?:(?:that )?i (?:dont|do not) (?:actually |honestly )?(?:know|have (?:that|it|the|a))"
    r"|dont know (?:that|of|whether|if)|(?:id|i would)(?: uh id)? (?:have|need|want) to (?:check|ask|look|see"
    r"|find|confirm)|id get you|(?:im|i am) not (?:\w+ )?(?:sure|certain)"
    r"|let me (?:just |actually )?(?:check|find|ask|get|confirm|see|come back|take that|circle|not get|write"
    r"|dig|look)|(?:ill|i will|well) (?:\w+ )?(?:check|find|ask|get|confirm|come back|circle|have to"
    r"|take that|put|send|write|dig|follow|bring|raise|chase)|i can (?:check|find out|ask"
    r"|get (?:you |our |my |the |an?\b)|put it in|send)|get back to you"
    r"|come back (?:to you )?(?:on|with)|circle back|follow up"
    r"|write (?:that|it|this) (?:one )?down|goes on my list|off the top of my head|rather not guess"
    r"|dont (?:want|wanna) to? ?(?:guess|wing|say|tell|throw|promise)|i (?:believe|think) so|no idea"
    r"|in writing|not my (?:area|department)|wouldnt assume|id guess|nothing that says"
    r"|(?:another|different) (?:call|day|conversation)|reach out|do you want to take"
    r"|someone (?:from|on) our)\b"
)
_OFFERS = re.compile(
    r"\b(?:(?:ill|we(?:ll| can| could)|i can|let me|lets) (?:\w+ ){0,2}?(?:send|build|write"
    r"|set|put|bring|get|size"
    r"|start|do|run|help|introduce|find|model|show)|start with|side by side|one (?:flow|job|workflow|team))\b"
)


def find_steps(exchange: Sequence[Turn], wrong_turns: Collection[int] = ()) -> list[HandlingStep]:
    """The steps in the turns from our first reply on, at most one of each kind, in the order they were said.
    What was said in a turn that the docs contradict answers nothing."""
    found: dict[HandlingKind, HandlingStep] = {}
    for kind, turn, start, end in _all(exchange):
        if kind == "answered" and turn.index in wrong_turns:
            continue
        quote = turn.quote(start, min(end, start + LONGEST_QUOTE))
        found.setdefault(kind, HandlingStep(kind=kind, quote=quote))
    return sorted(found.values(), key=lambda one: (one.quote.turn, one.quote.char_start))


def _all(exchange: Sequence[Turn]) -> Iterator[tuple[HandlingKind, Turn, int, int]]:
    ours = exchange[0]
    answered = False
    for turn in exchange:
        places = sentences(turn.text[:READ_CHARS])
        mine = turn.side == "internal" or turn.speaker == ours.speaker
        for nth, (start, end) in enumerate(places):
            words = plain(turn.text[start:end])
            if not mine:
                if nth == 0 and SETTLED.search(words) and not words.endswith("?"):
                    yield "confirmed", turn, start, end
                continue
            if words.endswith("?"):
                if _CHECKS.search(words):
                    yield "confirmed", turn, start, end
                elif _PROBES.search(words) and not _LOGISTICS.search(words):
                    yield "asked", turn, start, end
            elif turn is ours and nth < ACKNOWLEDGING_SENTENCES and TAKES_UP.search(words):
                yield "acknowledged", turn, start, end
                answered = answered or _answers(words)
            elif not answered and _answers(words):
                yield "answered", turn, start, end


def _answers(words: str) -> bool:
    """Whether a sentence says something to it: of the product, a number, or what will be done."""
    if len(words.split()) < ANSWER_WORDS or PUTS_OFF.search(words) or _HOLLOW.search(words):
        return False
    return any(pattern.search(words) for pattern in (AFTER_PRODUCT_TALK.pattern, _NUMBER, _OFFERS))
