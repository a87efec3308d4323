"""Words of a call that scores count besides claims, objections, mentions and open questions: by plain cues,
so that each can be shown and disputed."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from itertools import pairwise

from backend.analysis.sentences import sentences
from backend.report import TalkKind, TalkMoment
from backend.transcript import Quote, Transcript, Turn

CLOSING_TURNS = 24
"""A next step is agreed near the end: in so many turns, or in the last quarter of a longer call."""
CUT_IN_S = 0.5
"""Less overlap is eagerness or the recogniser's rounding."""
CUT_IN_WORDS = 5
"""Shorter turns are listening noises."""
OPENING_WORDS = 40
LEAST_QUESTION_WORDS = 3
LEAST_WORDS_OF_THEIRS = 4
"""A shorter question is a check that they heard right."""
ANSWER_WITHIN_TURNS = 2
LONGEST_SENTENCE = 600
"""Speech without punctuation is one endless sentence; no judgement of a product takes so long."""

Found = tuple[TalkKind, Quote]

_OPEN = re.compile(
    r"(?:^|,\s)(?:\W|\b(?:so|and|but|okay|ok|um|uh|well|right|then|now|yeah|hm+|got it|cool|great|just|maybe"
    r"|i['’]m curious)\b)*"
    r"(?:(?:what|how|why|who|when|where|which|whose)(?:['’]s|['’]re|['’]d)?\b|(?:tell|walk|talk) me\b)",
    re.IGNORECASE,
)
_ABOUT_THEM = re.compile(r"\b(?:you|your|yours|y['’]all|you['’]\w+)\b", re.IGNORECASE)
_OF_US = re.compile(r"\b(?:prefect|we|our|us)\b", re.IGNORECASE)
_CHATTER = re.compile(
    r"\b(?:hear me|see (?:my|the|this)|my screen|make sense|sound (?:good|fair)|how are you"
    r"|how['’]s (?:it|the (?:weather|team|family)|\w+day)|how (?:was|were)|any (?:other )?questions"
    r"|what questions|what (?:time|day)|when (?:works|are you free)|what do you (?:mean|say)"
    r"|who['’]s (?:joining|on)|how about|why don['’]t (?:we|i|you)|what if(?:, what if)? (?:i|we)"
    r"|where are you)\b",
    re.IGNORECASE,
)

_COMMITS = re.compile(
    r"\b(?:(?:i|we)(?:['’]?ll| will| can| could)\b(?: \w+){0,3}? "
    r"(?:send|get|share|set|put (?:it|that) (?:on for|in)|book|schedule|find|come back|write|push|build|do"
    r"|open|tell|call|have|ask|bring|make)"
    r"|will do|let['’]?s (?:get|meet|talk|do|aim|book|set|find|plan|keep|start)|send it|i['’]?ll take it"
    r"|(?:get|send|write|bring) you|next steps?|(?:to )?recap|you(?:['’]ll| will) have|shall we"
    r"|same (?:slot|time)|calendar|invite|spend an hour|pilot|i (?:come|go) back"
    r"|(?<!about )(?:mon|tues|wednes|thurs|fri)days?)\b",
    re.IGNORECASE,
)
_WHEN = re.compile(
    r"\b(?:mon|tues|wednes|thurs|fri|satur|sun)days?\b"
    r"|\b(?:january|february|march|april|june|july|august|september|october|november|december)\b"
    r"|\b(?:today|tonight|tomorrow|this (?:morning|afternoon|evening|week)|next (?:week|month|quarter)"
    r"|end of (?:the )?(?:day|week|month)|(?:in|within) (?:\w+ )?\w+ (?:days?|weeks?)|(?:\w+ )?o['’]?clock"
    r"|the (?:\d+(?:st|nd|rd|th)|\w+(?:eenth|ieth)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth"
    r"|tenth|eleventh|twelfth|twenty[ -]\w+))\b",
    re.IGNORECASE,
)
_PRAISE = (
    r"(?:great|good|strong|excellent|solid|nice|mature|proven|impressive|popular|capable|fine|better"
    r"|well made|the right (?:tool|choice|one))"
)
_RUN_DOWN = (
    r"(?:terrible|awful|horrible|garbage|rubbish|dead|dying|a joke|a nightmare|a mess|a toy|a dinosaur"
    r"|legacy|junk|crap|useless|obsolete)"
)
_IS = r"(?:\s+(?:is|are|was|does|has)\b|['’]s)(?!\s*(?:not|n['’]t))"
_FILLED = r"(?:\s+(?!not\b|no\b|never\b|hardly\b)[\w'’]+){0,3}?\s+"
_REPORTED = re.compile(r"\byou (?:said|told|mentioned|called|say)\b|\?\W*$", re.IGNORECASE)


def find_talk_moments(
    transcript: Transcript, rivals: Collection[str], listed: Collection[Quote]
) -> list[TalkMoment]:
    """All of them, in the order of the call. `rivals` are the ids of other products that came up, `listed`
    the questions that stand elsewhere already. Empty where nobody is known to be ours."""
    if not any(turn.side == "internal" for turn in transcript.turns):
        return []
    found: list[Found] = [
        *_our_questions(transcript),
        *_their_questions(transcript, listed),
        *_longest_of_ours(transcript),
        *(("cut_in", _opening(turn)) for turn in cut_in(transcript.turns)),
        *_on_rivals(transcript, rivals),
        *_next_step(transcript),
    ]
    found.sort(key=lambda one: (one[1].turn, one[1].char_start))
    return [TalkMoment(id=f"t{nth}", kind=kind, quote=quote) for nth, (kind, quote) in enumerate(found, 1)]


def is_dated(words: str) -> bool:
    """Whether a time is named: a day, a date, this afternoon, in two weeks."""
    return _WHEN.search(words) is not None


def praises(words: str, rival: str) -> bool:
    """Whether the words credit this product with something."""
    name = _named(rival)
    either = rf"\b{name}{_IS}{_FILLED}{_PRAISE}\b|\b{_PRAISE} (?:tool|product|choice|fit|job)\b.*\b{name}\b"
    return _says(either + rf"|\b{name}(?:\s+\w+)? does\b.*\bwell\b|\bcredit\b.*\b{name}\b", words)


def belittles(words: str, rival: str) -> bool:
    """Whether the words run this product down, in our side's own name."""
    return _says(rf"\b{_named(rival)}{_IS}{_FILLED}{_RUN_DOWN}\b", words) and not _REPORTED.search(words)


def cut_in(turns: list[Turn]) -> list[Turn]:
    """Our turns that begin before the prospect had ended. Empty where there are no times."""
    return [
        turn
        for before, turn in pairwise(turns)
        if before.side == "external" and turn.side == "internal"
        if before.end_s is not None and turn.start_s is not None
        if before.end_s - turn.start_s > CUT_IN_S and len(turn.text.split()) >= CUT_IN_WORDS
    ]


def reply_to(at: int, turns: list[Turn]) -> Turn | None:
    """What our side said soon after this turn, None where it said nothing."""
    return next(_ours(turns[at + 1 : at + 1 + ANSWER_WITHIN_TURNS]), None)


def is_discovery(sentence: str) -> bool:
    """Whether a sentence of ours asks about the prospect with an open question."""
    asks = _OPEN.search(sentence[:LONGEST_SENTENCE])
    if not asks or len(sentence.split()) < LEAST_QUESTION_WORDS or _CHATTER.search(sentence):
        return False
    told = asks[0].lower().endswith(" me")
    if not (told or sentence.rstrip("\"”'’").endswith("?")):
        return False
    return bool(_ABOUT_THEM.search(sentence)) or not _OF_US.search(sentence)


def _our_questions(transcript: Transcript) -> Iterator[Found]:
    for turn in _ours(transcript.turns):
        for start, end in sentences(turn.text):
            if is_discovery(turn.text[start:end]):
                yield "our_question", turn.quote(start, end)


def _their_questions(transcript: Transcript, listed: Collection[Quote]) -> Iterator[Found]:
    """Those that our side spoke after."""
    known = {(one.turn, char) for one in listed for char in (one.char_start, one.char_end)}
    for turn in transcript.turns:
        if turn.side != "external" or "?" not in turn.text or not reply_to(turn.index, transcript.turns):
            continue
        for start, end in sentences(turn.text):
            if _is_theirs(turn.text[start:end]) and not {(turn.index, start), (turn.index, end)} & known:
                yield "their_question", turn.quote(start, end)


def _is_theirs(sentence: str) -> bool:
    asks = sentence.rstrip("\"”'’").endswith("?") and len(sentence.split()) >= LEAST_WORDS_OF_THEIRS
    return asks and not _CHATTER.search(sentence)


def _longest_of_ours(transcript: Transcript) -> Iterator[Found]:
    longest = max(_ours(transcript.turns), key=lambda turn: len(turn.text.split()))
    yield "long_turn", _opening(longest)


def _on_rivals(transcript: Transcript, rivals: Collection[str]) -> Iterator[Found]:
    if not rivals:
        return
    named = re.compile(rf"\b(?:{'|'.join(map(_named, rivals))})\b", re.IGNORECASE)
    for turn in _ours(transcript.turns):
        for start, end in sentences(turn.text) if named.search(turn.text) else ():
            words = turn.text[start : min(end, start + LONGEST_SENTENCE)]
            if any(praises(words, rival) or belittles(words, rival) for rival in rivals):
                yield "on_rival", turn.quote(start, end)


def _next_step(transcript: Transcript) -> Iterator[Found]:
    """What our side committed to near the end, with its time if one was named, else how the call ended."""
    turns = transcript.turns
    closing = turns[-max(CLOSING_TURNS, len(turns) // 4) :]
    undated: Quote | None = None
    for turn in reversed(closing):
        committed = _COMMITS.search(turn.text) if turn.side == "internal" else None
        if committed is None:
            continue
        if words := _dated(turn, committed):
            yield "next_step", words
            return
        near = (one.text for one in turns[max(0, turn.index - 1) : turn.index + 2])
        if is_dated(" ".join(near)):
            yield "next_step", turn.quote(*_sentence_at(turn, committed.start()))
            return
        undated = undated or turn.quote(*_sentence_at(turn, committed.start()))
    yield ("next_step", undated) if undated else ("closing", _opening(turns[-1]))


def _dated(turn: Turn, committed: re.Match[str]) -> Quote | None:
    """The words from a commitment to the time named with it, or the other way about."""
    named = _WHEN.search(turn.text, committed.start()) or _WHEN.search(turn.text)
    if named is None:
        return None
    places = [_sentence_at(turn, found.start()) for found in (committed, named)]
    return turn.quote(min(start for start, _ in places), max(end for _, end in places))


def _sentence_at(turn: Turn, char: int) -> tuple[int, int]:
    return next(place for place in sentences(turn.text) if place[1] > char)


def _opening(turn: Turn) -> Quote:
    """The first sentence of a turn, as far as it is not too long to show."""
    _, end = sentences(turn.text)[0]
    words = turn.text[:end].split(maxsplit=OPENING_WORDS)
    if len(words) > OPENING_WORDS:
        end -= len(words[-1])
    return turn.quote(0, len(turn.text[:end].rstrip()))


def _ours(turns: list[Turn]) -> Iterator[Turn]:
    return (turn for turn in turns if turn.side == "internal")


def _named(rival: str) -> str:
    return re.escape(rival).replace("_", r"[\s-]?")


def _says(pattern: str, words: str) -> bool:
    return re.search(pattern, words, re.IGNORECASE) is not None
