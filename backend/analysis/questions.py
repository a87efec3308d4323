"""Questions of the prospect's that our side put off or never took up."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from backend.analysis.claim_cues import OWN, SHARED
from backend.analysis.sentences import sentences
from backend.transcript import Transcript, Turn

ANSWER_WITHIN_TURNS = 2
CLEAR_WORDS = 4
"""A shorter question is quoted with the sentence before it."""
SHORT_WORDS = 4
"""A question of so few words is about the product only where it has a word of the product."""
OPENING_SENTENCES = 3

_ASKS = re.compile(
    r"(?:(?:and|so|but|okay|ok|um|uh|well|because)\W+)*(?:what|who|how|where|when|why|which|whose|is|are"
    r"|do|does|did|can|could|would|will|has|have|"
    r"should|what['’]s|where['’]s|how['’]s|who['’]s)\b",
    re.IGNORECASE,
)
_PUTS_OFF = re.compile(
    r"\b(?:i (?:don['’]?t|do not) (?:actually |honestly )?(?:know|have)|i(?:['’]?d| would) (?:have|need"
    r"|want) to (?:check|ask|look|see|find)|i(?:['’]?m| am) not (?:sure|certain)"
    r"|let me (?:just )?(?:check|find|ask|get|confirm|look|see|come back(?: to you)?|take that|circle)"
    r"|i(?:['’]?ll"
    r"| will) (?:check|find|ask|get|confirm|look|come back(?: to you)?|circle|have to|take that|put)"
    r"|i can (?:check|find out|ask|get (?:you )?(?:our|my|the|an?)|put it in)|get back to you|circle back"
    r"|follow up|good question"
    r"|that goes on my list|off the top of my head"
    r"|i(?:['’]?d| would) rather not guess|don['’]?t want to (?:guess|wing|say|tell)"
    r"|i (?:believe|think) so|no idea)\b",
    re.IGNORECASE,
)
_OF_BUSINESS = re.compile(
    rf"\b(?:{OWN}|{SHARED}|publish\w*|document\w*|credits?|regions?|support|certif\w*|hitrust|iso|tisax|gdpr"
    r"|fedramp|pci|private network|residency|uptime|downtime)\b"
)
_PERSONAL = re.compile(
    r"\b(?:really\?|yes\?|no\?|sorry\?|hear me|see my|share my|my screen|how are you|who['’]s (?:joining"
    r"|on)|shall we"
    r"|should we (?:start|wait)|right\?|isn['’]?t it\?|make sense\?|you mean|what kind\?"
    r"|how (?:was|were|is) (?:your|the) (?:weekend|week|trip|flight|holiday|day|kids?|family)"
    r"|where are you (?:based|calling|from)|got (?:a|any) minute|still there)",
    re.IGNORECASE,
)


class Asked(NamedTuple):
    """A question, and what was said before it in the same turn."""

    turn: Turn
    start: int
    end: int
    before: str


def find_open(transcript: Transcript) -> Iterator[Asked]:
    """The questions that nobody of ours answered, at most one of each turn: the last that was put off."""
    for turn in transcript.turns:
        if turn.side == "external" and (question := _question(turn)) and _left_open(transcript, turn):
            yield question


def puts_off(text: str) -> bool:
    """Whether an answer begins by promising to find out."""
    places = sentences(text)[:OPENING_SENTENCES]
    return bool(places) and _PUTS_OFF.search(text, 0, places[-1][1]) is not None


def _question(turn: Turn) -> Asked | None:
    places = sentences(turn.text)
    for nth in reversed(range(len(places))):
        start, end = places[nth]
        words = turn.text[start:end]
        if not _is_question(words):
            continue
        before = turn.text[slice(*places[nth - 1])] if nth else ""
        if nth and len(words.split()) < CLEAR_WORDS:
            start = places[nth - 1][0]
        if _says_enough(turn.text[start:end]):
            return Asked(turn, start, end, before)
    return None


def _is_question(words: str) -> bool:
    if _PERSONAL.search(words):
        return False
    return words.rstrip("\"”'’").endswith("?") or (not words.endswith("!") and _ASKS.match(words) is not None)


def _says_enough(quoted: str) -> bool:
    """A short question is one about the product only where it has words of its own."""
    return len(quoted.split()) > SHORT_WORDS or _OF_BUSINESS.search(quoted.lower()) is not None


def _left_open(transcript: Transcript, turn: Turn) -> bool:
    """Nobody of ours said anything in the next turns, or they began by putting it off."""
    following = transcript.turns[turn.index + 1 : turn.index + 1 + ANSWER_WITHIN_TURNS]
    answer = next((one for one in following if one.side == "internal"), None)
    if answer is None:
        return False
    return puts_off(answer.text)
