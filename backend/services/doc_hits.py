"""What a docs tool answered, read with care: bounded, cleaned, and soft errors made errors."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import NoReturn

from mcp.types import CallToolResult, TextContent
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

MAX_HITS = 20
MAX_HIT_CHARS = 20_000
MAX_NOTES_CHARS = 200_000
_MAX_NAME_CHARS = 300

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
    namespace: str | None = None
    read_at: AwareDatetime | None = None
    as_of: date | None = None


class _SoftError(BaseModel):
    """How a success says that it is none."""

    success: bool = True
    error: str | None = None


def read_hits(result: CallToolResult) -> list[DocHit]:
    """The hits of a docs search, nearest first as sent. DocsUnreachable where it is not an answer."""
    _refuse_errors(result)
    try:
        answer = _Answer.model_validate(result.structured_content)
    except ValidationError:
        raise DocsUnreachable("The docs server's answer has another shape than a search result.") from None
    return [_hit(found, answer) for found in answer.results[:MAX_HITS]]


def read_notes(result: CallToolResult) -> str:
    """The text of release notes. DocsUnreachable where there is none."""
    _refuse_errors(result)
    if text := _clean(_text(result))[:MAX_NOTES_CHARS]:
        return text
    raise DocsUnreachable("The docs server's release notes hold no text.")


def _hit(found: _Result, answer: _Answer) -> DocHit:
    title, link, text = found.title, found.link, _clean(found.snippet)
    if header := _HEADER.match(text):
        title = title or _named(_TITLE, header["metadata"])
        link = link or _named(_LINK, header["metadata"])
        text = text[header.end() :]
    return DocHit(
        id=found.id[:_MAX_NAME_CHARS],
        url=_http_url(link),
        title=(_one_line(title) or None) if title else None,
        text=text[:MAX_HIT_CHARS],
        score=found.score,
        namespace=_one_line(answer.namespace or ""),
        read_at=found.read_at or answer.read_at,
        as_of=found.as_of or answer.as_of,
    )


def _refuse_errors(result: CallToolResult) -> None:
    if result.is_error:
        _refuse(_text(result))
    try:
        soft = _SoftError.model_validate(result.structured_content or {})
    except ValidationError:
        raise DocsUnreachable("The docs server's answer has another shape than an answer.") from None
    if soft.error or not soft.success:
        _refuse(soft.error or "")


def _refuse(said: str) -> NoReturn:
    if said.lower().startswith(_UNKNOWN_TOOL):
        raise DocsToolMissing(
            "prefect-mcp offers no docs tools now, since it cannot reach the docs server; "
            "see PREFECT_DOCS_MCP_URL."
        )
    raise DocsUnreachable(f"The docs server gave no answer: {_one_line(said) or 'it did not say why'}.")


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


def _text(result: CallToolResult) -> str:
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))


def _clean(text: str) -> str:
    """PostgreSQL stores no NUL."""
    return text.replace("\0", "")


def _one_line(text: str) -> str:
    return " ".join(_clean(text[: 4 * _MAX_NAME_CHARS]).split())[:_MAX_NAME_CHARS].rstrip(".")
