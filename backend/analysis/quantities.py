"""Numbers with their units, said in words or written in digits."""

from __future__ import annotations

import re
from typing import NamedTuple

UNIT_WITHIN_WORDS = 4
"""A unit belongs to the number before it when it stands within so many words."""


class Amount(NamedTuple):
    """A number and what it counts, as spoken ("thirty days") in the base unit ("second")."""

    value: float
    unit: str
    said: str


_SMALL: dict[str, int] = {
    word: value
    for value, word in enumerate(
        (
            *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
            *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
            "nineteen",
        )
    )
}
_TENS: dict[str, int] = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
}
_LARGE = {"thousand": 1_000, "k": 1_000, "grand": 1_000, "million": 1_000_000}
_UNITS: tuple[tuple[str, str, float], ...] = (
    ("second", r"secs?|seconds?", 1),
    ("second", r"mins?|minutes?", 60),
    ("second", r"hours?|hrs?", 3600),
    ("second", r"days?", 86_400),
    ("second", r"weeks?", 604_800),
    ("second", r"months?", 2_592_000),
    ("second", r"years?", 31_536_000),
    ("person", r"users?|seats?|people|members?|developers?", 1),
    ("deployment", r"deployments?", 1),
    ("workspace", r"workspaces?", 1),
    ("automation", r"automations?", 1),
    ("request", r"requests?|calls?", 1),
    ("log", r"logs?|events?|log lines|messages?", 1),
    ("run", r"(?:task |flow )?runs?", 1),
    ("dollar", r"dollars?|bucks?", 1),
    ("dollar", r"cents?", 0.01),
    ("percent", r"percent|%", 1),
    ("gigabyte", r"gigs?|gb|gib|gigabytes?", 1),
    ("megabyte", r"megs?|mb|mib|megabytes?", 1),
    ("kilobyte", r"kb|kib|kilobytes?", 1),
    ("cpu", r"v?cpus?", 1),
    ("entry", r"entries|entry|addresses", 1),
    ("time", r"times|retries|attempts", 1),
    ("character", r"char(?:acter)?s?", 1),
    ("integration", r"integrations?|connectors?", 1),
)
_SPELLED = {"couple": 2.0, "dozen": 12.0, "pair": 2.0}
_LONGEST_EXACT = 28 * 86_400
ABOUT_AS_LONG = 0.04
"""Months and years are not of one length: so much may two long times differ and be the same."""
_BEFORE_ONE = frozenset(
    re.findall(
        r"\w+",
        "for of to last lasts within after about keep keeps kept get gets you s is are gives give over than"
        " least most only just whole full every each a up around roughly",
    )
)
"""After these "a month" is a length of time; after a number or a noun it is what a rate counts by."""
_NO_UNIT = frozenset((*_SMALL, *_TENS, "a", "an", "per", "each", "every"))
"""After these comes another number, or what a price or rate is counted by."""
_UNIT = tuple((unit, re.compile(rf"(?:{words})\Z"), size) for unit, words, size in _UNITS)
_TOKEN = re.compile(r"\$?\d[\d,]*(?:\.\d+)?|[a-z%]+")


def amounts(text: str) -> tuple[Amount, ...]:
    """Every number of a text that has a unit."""
    tokens = _TOKEN.findall(text.lower().replace("-", " "))
    found, at = [], 0
    while at < len(tokens):
        number = _number(tokens, at)
        if number is None or "point" in (*tokens[max(0, at - 1) : at], *tokens[number[1] : number[1] + 1]):
            at += 1
            continue
        value, after = number
        unit = ("dollar", 1.0, after) if tokens[at].startswith("$") else _unit(tokens, after)
        if unit:
            found.append(Amount(value * unit[1], unit[0], " ".join(tokens[at : unit[2] + 1])))
        at = after
    return tuple(found)


def same(one: Amount, other: Amount) -> bool:
    """Whether two amounts are the same, as far as people say them: thirty days are a month."""
    return one.unit == other.unit and same_value(one.value, other.value, one.unit)


def same_value(one: float, other: float, unit: str) -> bool:
    if unit == "second" and min(one, other) >= _LONGEST_EXACT:
        return abs(one - other) <= ABOUT_AS_LONG * max(one, other)
    return one == other


def _number(tokens: list[str], at: int) -> tuple[float, int] | None:
    """The number that begins here, and where it ends: "forty five hundred", "a hundred and ninety thousand",
    "two thousand five hundred", and "twelve fifty", which is 1,250."""
    if tokens[at] == "half":
        after = at + 2 if tokens[at + 1 : at + 2] in (["a"], ["an"]) else at + 1
        large = _LARGE.get(tokens[after]) if after < len(tokens) else None
        return (0.5 * large, after + 1) if large else (0.5, after)
    if spelled := _spelled(tokens, at):
        return spelled
    group = _group(tokens, at)
    if group is None:
        return None
    value, after = group
    while after < len(tokens) and tokens[after] in _LARGE:
        value, after = value * _LARGE[tokens[after]], after + 1
        rest = _group(tokens, after) if after < len(tokens) and not tokens[after][:1].isdigit() else None
        if rest and rest[0] < 1_000 and tokens[rest[1] : rest[1] + 1] not in [[large] for large in _LARGE]:
            value, after = value + rest[0], rest[1]
    return value, after


def _spelled(tokens: list[str], at: int) -> tuple[float, int] | None:
    """ "A couple of", "a dozen", and the one of "for a year"."""
    if tokens[at] not in ("a", "an"):
        return None
    following = tokens[at + 1] if at + 1 < len(tokens) else ""
    if following in _SPELLED:
        return _SPELLED[following], at + 3 if tokens[at + 2 : at + 3] == ["of"] else at + 2
    unit = unit_of(following)
    lasts = unit is not None and unit[0] == "second"
    if lasts and (tokens[at + 2 : at + 3] == ["of"] or (at and tokens[at - 1] in _BEFORE_ONE)):
        return 1.0, at + 1
    return None


def _group(tokens: list[str], at: int) -> tuple[float, int] | None:
    """A number without its thousands."""
    if tokens[at].lstrip("$")[:1].isdigit():
        return float(tokens[at].lstrip("$").replace(",", "").rstrip(".")), at + 1
    if tokens[at] == "a" and tokens[at + 1 : at + 2] in (["hundred"], ["thousand"]):
        value, after = 1.0, at + 1
    elif spoken := _below_hundred(tokens, at):
        value, after = spoken
    else:
        return None
    if tokens[after : after + 1] == ["hundred"]:
        value, after = value * 100, after + 1
        joined = after + 1 if tokens[after : after + 1] == ["and"] else after
        rest = _below_hundred(tokens, joined) if joined < len(tokens) else None
        return (value + rest[0], rest[1]) if rest else (value, after)
    if 0 < value < 100 and value != 10 and after < len(tokens) and tokens[after] in _TENS:
        pair = _below_hundred(tokens, after)
        return (value * 100 + pair[0], pair[1]) if pair else (value, after)
    return value, after


def _below_hundred(tokens: list[str], at: int) -> tuple[float, int] | None:
    word, following = tokens[at], tokens[at + 1] if at + 1 < len(tokens) else ""
    if word in _TENS:
        ones = _SMALL.get(following, 0)
        return (float(_TENS[word] + ones), at + 2) if 0 < ones < 10 else (float(_TENS[word]), at + 1)
    if word in _SMALL:
        return float(_SMALL[word]), at + 1
    return None


def unit_of(word: str) -> tuple[str, float] | None:
    """The base unit a word counts in, and how much of it one is: a day is 86,400 of "second"."""
    return next(((unit, size) for unit, words, size in _UNIT if words.match(word)), None)


def is_figure(word: str) -> bool:
    """Whether a word is a number, a part of one, or a unit."""
    return is_number(word) or unit_of(word) is not None


def is_number(word: str) -> bool:
    """Whether a word is a number or a part of one."""
    return word[:1].isdigit() or word in _SMALL or word in _TENS or word in _LARGE or word == "hundred"


def _unit(tokens: list[str], after: int) -> tuple[str, float, int] | None:
    """The unit of a number that ends here, how much of the base unit one is, and where it stands."""
    for nth in range(after, min(len(tokens), after + UNIT_WITHIN_WORDS)):
        if tokens[nth] in _NO_UNIT or tokens[nth][:1].isdigit():
            return None
        if unit := unit_of(tokens[nth]):
            return *unit, nth
    return None
