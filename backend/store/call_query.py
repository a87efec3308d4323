"""Which calls somebody wants to see, and what they are shown of them."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlencode

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from backend.errors import BadRequest
from backend.store.tables import CallSummary, FacetKind, storable

Sort = Literal["newest", "oldest", "wrong", "longest"]

MOST_COUNTED = 1_000
MOST_TERMS = 12
TERM_CHARS = 200

_TERM = re.compile(r'"([^"]*)"?|([^\s"]+)')
_QUOTES = str.maketrans("“”„«»", '"""""')


def _day(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        return date.fromisoformat(given)
    except ValueError:
        raise ValueError("must be a day such as 2026-11-21") from None


Day = Annotated[date, BeforeValidator(_day)]


class CallQuery(BaseModel):
    """What a call must have, all of it, as it stands in an address. `since` and `until` are days in UTC, both
    included; what is empty narrows nothing.

    `words` are anybody's: each must be somewhere in the call, those in double quotes one after another.
    """

    model_config = ConfigDict(frozen=True, populate_by_name=True)

    words: str = Field("", alias="q")
    rep: str | None = None
    verdict: str | None = None
    competitor: str | None = None
    objection: str | None = None
    knowledge: str | None = None
    since: Day | None = Field(None, alias="from")
    until: Day | None = Field(None, alias="to")
    sort: Sort = "newest"

    @model_validator(mode="before")
    @classmethod
    def _without_blanks(cls, given: object) -> object:
        """A form sends its empty fields too."""
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value is not None and value != ""}

    def address(self, *, without: str = "", **more: str) -> str:
        """The parameters that ask for this, without one of them, and more."""
        mine = set(CallQuery.model_fields)
        given = self.model_dump(mode="json", by_alias=True, exclude_defaults=True, include=mine) | more
        return urlencode({name: value for name, value in given.items() if name != without})

    def facets(self) -> list[tuple[FacetKind, str]]:
        """What it is narrowed to, by kind."""
        wanted: list[tuple[FacetKind, str | None]] = [
            ("rep", self.rep),
            ("verdict", self.verdict),
            ("competitor", self.competitor),
            ("objection", self.objection),
            ("knowledge", self.knowledge),
        ]
        return [(kind, value) for kind, value in wanted if value]

    def terms(self) -> list[str]:
        """The words and phrases to search for, without what cannot be searched; a long list is cut."""
        found: Iterator[str] = (
            " ".join((phrase or word).split())[:TERM_CHARS]
            for phrase, word in _TERM.findall(storable(self.words).translate(_QUOTES))
        )
        searchable = (term for term in found if any(char.isalnum() for char in term))
        return list(dict.fromkeys(searchable))[:MOST_TERMS]


EVERY_CALL = CallQuery()


class Piece(NamedTuple):
    """A stretch of a snippet, and whether it was searched for."""

    text: str
    hit: bool


class Snippet(BaseModel):
    """Where the words were found. `turn` is None where they stand in the title or a name."""

    turn: int | None
    pieces: list[Piece]


class CallPage(BaseModel):
    """Some calls in the order asked for. `next` asks for the calls after these; None on the last page.

    `total` counts all that are wanted, up to a thousand; `more` says that there are more than that.
    `snippets` are by the call's id, where words were searched for.
    """

    calls: list[CallSummary]
    next: str | None
    total: int = 0
    more: bool = False
    snippets: dict[str, Snippet] = {}


class Choice(NamedTuple):
    """Something calls can be narrowed to, and how many of them have it."""

    value: str
    calls: int


class Place(NamedTuple):
    """The last call of a page: what it is sorted by, and its number."""

    key: float
    number: int

    def cursor(self, sort: Sort) -> str:
        """What asks for the page after it."""
        return base64.urlsafe_b64encode(f"{sort} {self.key!r} {self.number}".encode()).decode()

    @classmethod
    def of(cls, cursor: str, sort: Sort) -> Place:
        """The place that a cursor names, or BadRequest where it is none of this sort's."""
        try:
            its_sort, key, number = base64.urlsafe_b64decode(cursor).decode().split(" ")
            place = cls(float(key), int(number))
        except ValueError:
            its_sort = ""
        if its_sort != sort or not -(2**63) <= place.number < 2**63 or place.key != place.key:
            raise BadRequest(
                "That page of calls is not known; take `next` from the page before it, unchanged."
            )
        return place
