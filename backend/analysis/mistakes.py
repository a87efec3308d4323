"""Errors that reps often make, told by the words that give them away, however a sentence is put.

What is wrong is not said here: a mistake is held against a claim only where the pack calls a sentence wrong
that makes the same one, beside a fact that may accuse. `mistakes.toml` has the words.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from backend.analysis.plain_speech import statements
from backend.analysis.subjects import COUNTED, features
from backend.analysis.wording import NEUTRAL, denials, meaning

WORDS = Path(__file__).with_name("mistakes.toml")
MOST_WORDS = 40
"""Signs that stand further apart in a sentence are hardly one thing."""
LETTERS = range(1, 6)
"""By so many letters of its first word it is told whether a sign can be there at all."""
_WORD = re.compile(r"\w+")
_GROUP = re.compile(r"<([\w ]+)>")
_CONTRAST = re.compile(
    r"\b(?:but|though|although|whereas|while|unlike|however|except|instead|rather|versus|vs|otherwise|besides"
    r"|apart|aside|anyway|then again)\b"
)
_CAUTION = re.compile(
    r"\b(?:only|just (?:if|when)|hardly|barely|rarely|seldom|lacks?|lose[sn]?|losing|stops?|forbid\w*"
    r"|prevent\w*|avoid\w*|miss(?:es|ing)?|instead|neither|nor|short of|far from|stop|careful|trouble|missing"
    r"|out(?! of (?:the box|beta))|or (?:an?|the|your|several|is|are|you|they|it|self|open|cloud|prefect)"
    r"|once|less|minus|till|inside|on top of|when you leave"
    r"|problem\w*|difference|question\w*|ask(?:s|ed|ing)?|need(?:s|ed)? (?:to )?(?:move|upgrade|change|leave)"
    r"|some|sometimes|certain|unless|nearly|almost|opposite|not true|kind of|sort of|effectively)\b"
)


_EFFORTLESS = re.compile(
    r"\byou don't (?:have|need) to (?:set|do|configure|write|touch|think|code|change)\b[\w' ]*"
    r"|\byou don't (?:set|configure)\b[\w' ]*"
    r"|\b(?:with )?no (?:setup|set up|config\w*|code|coding|extra \w+)\b"
    r"|\bwithout (?:any )?(?:setup|config\w*)|\bnothing to (?:set up|configure)\b"
    r"|\b(?:not a|no) problem\b"
)
"""Saying that it takes no effort denies nothing."""


class Mistake(NamedTuple):
    """Signs that all stand in a sentence that makes it, in any order. `topic` may stand in what it answers.
    No word of `unless` stands beside them, and none of `unless_near` around them. `begins` has for each sign
    how a word of it must begin."""

    name: str
    signs: tuple[re.Pattern[str], ...]
    topic: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    unless_near: re.Pattern[str] | None
    begins: tuple[frozenset[str], ...]


class Made(NamedTuple):
    """A mistake that words make, and the words of meaning that they have besides its signs."""

    name: str
    besides: frozenset[str]


def made_by(words: str, near: str = "", topic: str = "") -> list[Made]:
    """The mistakes these words make: a part of them shows each sign, and denies and hedges nothing. `near` is
    what was said around them and what they answer, `topic` what else they are known to be about."""
    said = frozenset(_WORD.findall(words.lower()))
    begins = {word[:letters] for word in said for letters in LETTERS}
    by_beginning = _by_beginning()
    may_be = {one for word in begins for one in by_beginning.get(word, ())}
    likely = [one for one in may_be if not any(each.isdisjoint(begins) for each in one.begins)]
    if not likely:
        return []
    plain, around = _plain(words), _plain(f"{near} {words}")
    shown = [one for one in likely if _is_about(one, plain, around, topic)]
    parts = list(_parts(plain)) if shown else []
    made = (
        Made(one.name, min(besides, key=len))
        for one in shown
        if (besides := [found for part in parts if (found := _besides(part, one)) is not None])
    )
    return sorted(made, key=lambda one: one.name)


@cache
def _by_beginning() -> Mapping[str, list[Mistake]]:
    """The mistakes by how a word of their rarest sign must begin."""
    found: dict[str, list[Mistake]] = {}
    for one in known():
        for beginning in min(one.begins, key=len):
            found.setdefault(beginning, []).append(one)
    return found


def _is_about(mistake: Mistake, words: str, around: str, topic: str) -> bool:
    """Whether the words have every sign somewhere, and the topic, and nothing that speaks against it."""
    return (
        all(sign.search(words) for sign in mistake.signs)
        and not (mistake.unless and mistake.unless.search(words))
        and not (mistake.unless_near and mistake.unless_near.search(around))
        and (mistake.topic is None or mistake.topic.search(f"{around} {_plain(topic)}") is not None)
    )


class _Written(BaseModel):
    """A mistake as it is written down."""

    model_config = ConfigDict(extra="forbid")

    signs: list[str] = Field(min_length=1)
    topic: str = ""
    unless: str = ""


@cache
def known() -> tuple[Mistake, ...]:
    """Every mistake that is written down."""
    written = tomllib.loads(WORDS.read_text(encoding="utf-8"))
    groups: dict[str, str] = written.pop("groups")
    return tuple(_mistake(name, _Written.model_validate(each), groups) for name, each in written.items())


def _besides(part: str, mistake: Mistake) -> frozenset[str] | None:
    """What a part says besides a mistake's signs; None where it does not show them all, denies or hedges."""
    found = [sign.search(part) for sign in mistake.signs]
    if not all(found):
        return None
    rest = list(part)
    for each in found:
        if each:
            rest[slice(*each.span())] = " " * len(each[0])
    besides = _EFFORTLESS.sub(" ", "".join(rest))
    if denials(besides) or _CAUTION.search(besides):
        return None
    return meaning(besides) - NEUTRAL


def _parts(words: str) -> Iterator[str]:
    """Each statement, and two in a row where the second is of the same thing; none goes on past a "but"."""
    for side in _CONTRAST.split(words):
        said = statements(side)
        yield from said
        for one, other in pairwise(said):
            if features(other) - COUNTED <= features(one) and len(f"{one} {other}".split()) <= MOST_WORDS:
                yield f"{one} {other}"


def _plain(words: str) -> str:
    return words.lower().replace("’", "'")


def _mistake(name: str, written: _Written, groups: Mapping[str, str]) -> Mistake:
    signs = [_alternatives(sign, groups) for sign in written.signs]
    unless = _alternatives(written.unless, groups)
    return Mistake(
        name,
        tuple(_pattern(sign) for sign in signs),
        _pattern(_alternatives(written.topic, groups)) if written.topic else None,
        _pattern([one.removeprefix("~") for one in unless]) if written.unless else None,
        _pattern(near) if (near := [one[1:] for one in unless if one.startswith("~")]) else None,
        tuple(frozenset(map(_begins, sign)) for sign in signs),
    )


def _alternatives(written: str, groups: Mapping[str, str]) -> list[str]:
    whole = _GROUP.sub(lambda named: groups[named[1]], written)
    return [" ".join(one.split()) for one in whole.split("|") if one.strip()]


def _begins(alternative: str) -> str:
    found = _WORD.search(alternative)
    return found[0][: LETTERS[-1]] if found else ""


def _pattern(alternatives: list[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w'])(?:{'|'.join(map(_words, alternatives))})(?!\w|'t)")


def _words(sign: str) -> str:
    parts = [re.escape(part).replace(r"\*", r"[\w']*") for part in sign.split(" ... ")]
    return r"\W+(?:[\w'%.]+\W+){0,4}?".join(part.replace(r"\ ", r"[\s-]+") for part in parts)
