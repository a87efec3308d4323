"""The list of calls: what it is narrowed to, how else it can be, and a page of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from backend.pages import wording
from backend.pages.render import page
from backend.store.call_query import EVERY_CALL, CallPage, CallQuery, Choice, Sort
from backend.store.tables import FacetKind

MOST_CHOICES = 400
WORDS_SHOWN = 80

KINDS: dict[FacetKind, tuple[str, str]] = {
    "rep": ("Rep", "Any rep"),
    "verdict": ("Verdict", "Any verdict"),
    "competitor": ("Competitor", "Any or none"),
    "objection": ("Objection", "Any or none"),
    "knowledge": ("Docs", "Any"),
}
"""What calls are narrowed by, and what is said where they are not."""
SORTS: dict[Sort, str] = {
    "newest": "Newest",
    "oldest": "Oldest",
    "wrong": "Most to correct",
    "longest": "Longest",
}
FOLLOWING: dict[Sort, str] = {
    "newest": "Earlier calls",
    "oldest": "Later calls",
    "wrong": "More calls",
    "longest": "More calls",
}
_VERDICTS = {"wrong": "Any to correct"} | {
    verdict: label.words for verdict, label in wording.VERDICTS.items()
}


class Option(NamedTuple):
    value: str
    words: str
    calls: int


class Chip(NamedTuple):
    """Something the list is narrowed to, and the address without it."""

    about: str
    words: str
    without: str


@dataclass(frozen=True)
class CallsShown:
    """What the page is made from. `before` is what this page was asked for, `address` where the service is
    reached, for the example shown while there are no calls."""

    page: CallPage
    choices: Mapping[FacetKind, Sequence[Choice]] = field(default_factory=dict)
    query: CallQuery = EVERY_CALL
    before: str | None = None
    address: str = "http://127.0.0.1:8000"


def calls_page(shown: CallsShown) -> str:
    """The list of calls, and the form that narrows it."""
    query = shown.query
    return page(
        "calls.html",
        **vars(shown.page),
        query=query,
        before=shown.before,
        address=shown.address.rstrip("/"),
        any_calls=bool(shown.page.calls or shown.choices),
        fields={kind: _options(kind, shown) for kind in KINDS},
        kinds=KINDS,
        chips=_chips(query),
        sorts=[
            (words, calls_at(query.model_copy(update={"sort": sort})), sort == query.sort)
            for sort, words in SORTS.items()
        ],
        following=FOLLOWING[query.sort],
        after=calls_at(query, before=shown.page.next or ""),
        first=calls_at(query),
        nothing=_nothing(query),
    )


def calls_at(query: CallQuery, *, without: str = "", **more: str) -> str:
    """Where the calls wanted are listed: see `CallQuery.address`."""
    asked = query.address(without=without, **more)
    return f"/calls?{asked}" if asked else "/calls"


def _options(kind: FacetKind, shown: CallsShown) -> list[Option]:
    """What the list can be narrowed to, in the order in which one looks for it."""
    given = list(shown.choices.get(kind, ()))[:MOST_CHOICES]
    asked = getattr(shown.query, kind)
    if asked and asked not in {choice.value for choice in given}:
        given.append(Choice(asked, 0))
    options = [Option(value, _words(kind, value), calls) for value, calls in given]
    if kind == "rep":
        return sorted(options, key=lambda option: option.words.casefold())
    if kind == "verdict":
        order = list(_VERDICTS)
        return sorted(options, key=lambda option: _place(option.value, order))
    return options


def _place(value: str, order: Sequence[str]) -> int:
    return order.index(value) if value in order else len(order)


def _words(kind: FacetKind, value: str) -> str:
    match kind:
        case "rep":
            return value
        case "verdict":
            return _VERDICTS.get(value, value)
        case "competitor":
            return wording.rival(value)
        case "objection":
            return wording.plain(value)
        case "knowledge":
            return {str(status): words for status, words in wording.KNOWLEDGE.items()}.get(value, value)


def _chips(query: CallQuery) -> list[Chip]:
    chips = [
        Chip(KINDS[kind][0], _words(kind, value), calls_at(query, without=kind))
        for kind, value in query.facets()
    ]
    if query.since:
        chips.insert(0, Chip("From", wording.day(query.since), calls_at(query, without="from")))
    if query.until:
        chips.insert(bool(query.since), Chip("To", wording.day(query.until), calls_at(query, without="to")))
    if query.words.strip():
        short = query.words[:WORDS_SHOWN] + "…" * (len(query.words) > WORDS_SHOWN)
        chips.insert(0, Chip("Said", short, calls_at(query, without="q")))
    return chips


def _nothing(query: CallQuery) -> str:
    """Why there is nothing to see, and what to do."""
    if query.words.strip() and not query.terms():
        return "There is no word to search for in what you typed; write at least one letter or number."
    if query.since and query.until and query.until < query.since:
        return "The period ends before it begins; change one of its days."
    return "No call has all of this. Take something away, or change the words."
