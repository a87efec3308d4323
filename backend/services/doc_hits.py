"""What a docs tool answered, read with care: bounded, cleaned, and soft errors made errors."""

from __future__ import annotations

import re
from datetime import date, datetime

from pydantic import (
    AnyHttpUrl,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    FiniteFloat,
    TypeAdapter,
    ValidationError,
)

from backend.errors import DocsUnreachable
from backend.services.tool_answers import JsonObject, clean, one_line

MAX_HITS = 20
MAX_HIT_CHARS = 20_000
MAX_NOTES_CHARS = 200_000
MAX_ID_CHARS = 300

_HTTP_URL = TypeAdapter(AnyHttpUrl)
_HEADER = re.compile(
    r"\A.{0,200}?# Document metadata\b(?P<metadata>.{0,4000}?)# Excerpt content:\s*", re.DOTALL
)
_NAMED = r"\b{}\s*=\s*(?P<quote>['\"])(?P<value>.*?)(?P=quote)"
_TITLE = re.compile(_NAMED.format("title"))
_LINK = re.compile(_NAMED.format("link"))
_UNKNOWN_TOOL = "unknown tool"


class DocsToolMissing(DocsUnreachable):
    """prefect-mcp offers its docs tools only while it reaches the docs server."""


class DocHit(BaseModel):
    """One excerpt the docs server found. `score` is a distance: lower is nearer.

    `read_at` is when the server read the page, `as_of` the page's own date, where it says so.
    """

    model_config = ConfigDict(frozen=True)

    id: str
    url: str | None
    title: str | None
    text: str
    score: float | None
    namespace: str
    read_at: datetime | None = None
    as_of: date | None = None


class _Result(BaseModel):
    """A result as sent."""

    model_config = ConfigDict(coerce_numbers_to_str=True)

    id: str
    snippet: str
    score: FiniteFloat | None = None
    title: str | None = None
    link: str | None = None
    read_at: AwareDatetime | None = None
    as_of: date | None = None


class _Answer(BaseModel):
    """An answer as sent. `read_at` and `as_of` here hold for every result without its own."""

    results: list[_Result]
    query: str | None = None
    namespace: str | None = None
    read_at: AwareDatetime | None = None
    as_of: date | None = None


def read_hits(answer: JsonObject | str, query: str) -> list[DocHit]:
    """The hits of a docs search, nearest first as sent. DocsUnreachable where it is not an answer to it.

    A gateway that mixes up its clients gives one the answer to another's query.
    """
    try:
        found = _Answer.model_validate(answer)
    except ValidationError:
        raise DocsUnreachable("The docs server's answer has another shape than a search result.") from None
    if found.query and not _is_of(found.query, query):
        raise DocsUnreachable("The docs server answered another query than was asked.")
    return [_hit(one, found) for one in found.results[:MAX_HITS]]


def _is_of(echoed: str, asked: str) -> bool:
    """Whether an answer's own query is the one asked; a server may tidy it up, but keeps most words."""
    words = set(asked.casefold().split())
    return 2 * len(words & set(echoed.casefold().split())) >= len(words)


def read_notes(answer: JsonObject | str) -> str:
    """The text of release notes. DocsUnreachable where there is none."""
    if isinstance(answer, str) and answer:
        return answer[:MAX_NOTES_CHARS]
    raise DocsUnreachable("The docs server's release notes hold no text.")


def no_docs(said: str) -> DocsUnreachable:
    """What it means that a docs tool said no."""
    if said.lower().startswith(_UNKNOWN_TOOL):
        return DocsToolMissing(
            "prefect-mcp offers no docs tools now, since it cannot reach the docs server; "
            "see PREFECT_DOCS_MCP_URL."
        )
    return DocsUnreachable(f"The docs server gave no answer: {said or 'it did not say why'}.")


def _hit(found: _Result, answer: _Answer) -> DocHit:
    title, link, text = found.title, found.link, clean(found.snippet)
    if header := _HEADER.match(text):
        title = title or _named(_TITLE, header["metadata"])
        link = link or _named(_LINK, header["metadata"])
        text = text[header.end() :]
    return DocHit(
        id=found.id[:MAX_ID_CHARS],
        url=_http_url(link),
        title=(one_line(title) or None) if title else None,
        text=text[:MAX_HIT_CHARS],
        score=found.score,
        namespace=one_line(answer.namespace or ""),
        read_at=found.read_at or answer.read_at,
        as_of=found.as_of or answer.as_of,
    )


def _named(pattern: re.Pattern[str], metadata: str) -> str | None:
    found = pattern.search(metadata)
    return found["value"] if found else None


def _http_url(link: str | None) -> str | None:
    """The link, unless it is something a page should not offer to follow."""
    if link is None:
        return None
    try:
        _HTTP_URL.validate_python(link)
    except ValidationError:
        return None
    return link
