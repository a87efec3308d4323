"""Which clauses assert something about the product.

A clause is a claim when the weights of the cues it shows add up to more than nothing; those cues are the
reason why. Besides, a bare "yes, it does" after a question about the product claims what was asked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from backend.analysis.claim_cues import (
    AFTER_PRODUCT_TALK,
    ANSWERS_A_QUESTION,
    BIAS,
    CUES,
    GENERIC,
    GOES_ON,
    OPENING,
    OWN,
    QUESTION,
)
from backend.analysis.cues import Cue, total
from backend.analysis.sentences import Clause, clauses, core, sentences
from backend.analysis.sieve import Sieve
from backend.transcript import Transcript, Turn

OPENING_TURNS = 8
"""So many turns at the start of a call are greetings and introductions, but not more than a tenth of it."""
CONFIRMATION_WORDS = range(1, 13)
WORDS_BETWEEN = 4
"""So few words of somebody else's do not end what was being said."""
LONG_CALL_WORDS = 200
"""A call of so many words that is about the product names it, or its own nouns."""
OWN_NOUNS = 6
RARE_NOUNS = 2
"""So many different nouns of the product, and of those that are rare elsewhere, stand for its name."""
CLEAR_WORDS = 9
"""A shorter claim is searched for together with what was said before it."""

_CONFIRMS = re.compile(
    r"\W*(?:yes|yeah|yep|yup|right|exactly|correct|absolutely|of course|definitely|sure|it (?:does|is|can"
    r"|will)|you can"
    r"|they (?:do|can)|that['’]?s (?:right|correct|it)|it doesn['’]?t|hundred percent)\b",
    re.IGNORECASE,
)
_CONTENT = re.compile(r"\b(?!(?:yes|yeah|yep|yup|right|exactly|okay|um|uh|oh|no)\b)\w[\w'’]*", re.IGNORECASE)
_UNMISTAKABLE = re.compile(rf"\b(?:{OWN}|single sign[- ]on|(?:pro|team) (?:plan|tier))\b")
_PRODUCT = AFTER_PRODUCT_TALK.pattern
_BY_NAME = {one.name: one for one in CUES}
_OF_A_PRODUCT = frozenset({"product word", "unmistakable product word", "two product words"})
_OF_NO_PRODUCT = Sieve({one.name: one.pattern for one in CUES if one.name not in _OF_A_PRODUCT})
"""The cues that are looked for in every clause."""
_NAMED = re.compile(r"\b(?:prefect|fast ?mcp)\b")
_OWN = re.compile(rf"\b(?:{OWN})\b")
_GENERIC = re.compile(GENERIC)
_POINTS_BACK = re.compile(r"(?:it|its|they|those|that|these|this|which|same)\b", re.IGNORECASE)


class Assertion(NamedTuple):
    """Where a claim stands, the words to match facts by, and the cues that told it from other talk."""

    turn: Turn
    start: int
    end: int
    about: str
    cues: tuple[str, ...]


def is_about_the_product(transcript: Transcript, hear: Callable[[str], str]) -> bool:
    """Whether Prefect, or several nouns that are hardly anybody else's, are named; an excerpt need not. Where
    it is known who of the speakers is ours, nouns of the product will do, whoever else may use them."""
    rare_nouns = 0 if any(turn.side == "internal" for turn in transcript.turns) else RARE_NOUNS
    words = 0
    nouns: set[str] = set()
    for turn in transcript.turns:
        lower = hear(turn.text).lower()
        words += len(lower.split())
        nouns.update(noun.rstrip("s") for noun in _OWN.findall(lower))
        if _NAMED.search(lower):
            return True
    rare = [noun for noun in nouns if not _GENERIC.fullmatch(noun)]
    return words < LONG_CALL_WORDS or (len(nouns) >= OWN_NOUNS and len(rare) >= rare_nouns)


def find_claims(transcript: Transcript, hear: Callable[[str], str]) -> Iterator[Assertion]:
    """The product claims of our side, in the order they were made; of everybody where nobody is known to
    be ours. Somebody of unknown side is no rep of ours merely for not being known.

    `hear` puts product terms in the place of likely mishearings; quotes keep what was written.
    """
    for turn, asked, said in _ours(transcript, hear):
        found = [one for one, cues in said if total(BIAS, cues) > 0]
        yield from found or _confirmed(turn, asked)


def candidates(transcript: Transcript, hear: Callable[[str], str]) -> Iterator[Assertion]:
    """Every clause of our side's, claim or not, with the cues it shows: what the weights are made from."""
    return (one for _, _, said in _ours(transcript, hear) for one, _ in said)


def _ours(
    transcript: Transcript, hear: Callable[[str], str]
) -> Iterator[tuple[Turn, str, Iterator[tuple[Assertion, list[Cue]]]]]:
    """The turns of our side, what was asked before each, and its clauses with their cues."""
    ours = "internal" if any(turn.side == "internal" for turn in transcript.turns) else "unknown"
    opening = min(OPENING_TURNS, len(transcript.turns) // 10)
    before: Turn | None = None
    for turn in transcript.turns:
        if turn.side == ours:
            asked = hear(before.text).lower() if before and before.side != "internal" else ""
            cut_off = _cut_off(transcript.turns, turn.index)
            yield turn, asked, _clauses(turn, asked, cut_off, hear, opening=turn.index < opening)
        before = turn


def _cut_off(turns: Sequence[Turn], at: int) -> str:
    """What the speaker was saying when a word of somebody else's came in between, if it had no end."""
    if at < 2 or turns[at - 2].speaker != turns[at].speaker or turns[at - 1].speaker == turns[at].speaker:
        return ""
    said, between = turns[at - 2].text.rstrip(), turns[at - 1].text.split()
    return _last_sentence(said) if len(between) <= WORDS_BETWEEN and said[-1:] not in ".?!…" else ""


def _clauses(
    turn: Turn, asked: str, cut_off: str, hear: Callable[[str], str], *, opening: bool
) -> Iterator[tuple[Assertion, list[Cue]]]:
    context = list(_context_cues(asked, opening=opening))
    misheard = hear(turn.text) != turn.text
    before = cut_off or _last_sentence(asked)
    goes_on = False
    for clause in clauses(turn.text):
        clause = core(turn.text, clause)
        words = turn.text[clause.start : clause.end]
        cues = [*context, *_cues((hear(words) if misheard else words).lower(), clause)]
        if goes_on:
            cues.append(GOES_ON)
        goes_on = GOES_ON.pattern.search(words.lower()) is not None
        names = tuple(cue.name for cue in cues)
        about = f"{cut_off} {words}" if cut_off else _about(words, before)
        yield Assertion(turn, clause.start, clause.end, about, names), cues
        before, cut_off = words, ""


def _cues(words: str, clause: Clause) -> Iterator[Cue]:
    if product := _PRODUCT.search(words):
        yield _BY_NAME["product word"]
        if _OWN.search(words):
            yield _BY_NAME["unmistakable product word"]
        if _PRODUCT.search(words, product.end()):
            yield _BY_NAME["two product words"]
    yield from (_BY_NAME[name] for name in _OF_NO_PRODUCT.found(words))
    if clause.question:
        yield QUESTION


def _context_cues(asked: str, *, opening: bool) -> Iterator[Cue]:
    if ANSWERS_A_QUESTION.pattern.search(asked):
        yield ANSWERS_A_QUESTION
    if AFTER_PRODUCT_TALK.pattern.search(asked):
        yield AFTER_PRODUCT_TALK
    if opening:
        yield OPENING


def _confirmed(turn: Turn, asked: str) -> Iterator[Assertion]:
    """What the turn agrees to, where it does no more than agree to something about the product."""
    question = _question(asked)
    if not (_UNMISTAKABLE.search(question) and _CONFIRMS.match(turn.text)):
        return
    places = sentences(turn.text)
    start, end = places[0]
    words = turn.text[start:end]
    says_it = _CONTENT.search(words) or (len(places) == 1 and question.endswith("?"))
    if len(words.split()) in CONFIRMATION_WORDS and says_it and not words.endswith("?"):
        yield Assertion(turn, start, end, f"{question} {words}", ("agrees to a question",))


def _about(words: str, before: str) -> str:
    needs_context = len(words.split()) < CLEAR_WORDS or _POINTS_BACK.match(words)
    return f"{before} {words}".strip() if needs_context else words


def _question(asked: str) -> str:
    """The last question among these words, or their last sentence."""
    said = [asked[start:end] for start, end in sentences(asked)]
    return next((one for one in reversed(said) if one.endswith("?")), said[-1] if said else "")


def _last_sentence(text: str) -> str:
    places = sentences(text)
    return text[slice(*places[-1])] if places else ""
