"""Reading pages of one web site politely, and with nothing believed that it says.

A few requests at once, the pauses that robots.txt and Retry-After ask for, no other host, and bounds on
time, size, redirects and content types.
"""

from __future__ import annotations

import asyncio
import random
import re
import zlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from types import TracebackType
from typing import NamedTuple, Self
from urllib.robotparser import RobotFileParser

import httpx

from backend.errors import DocsUnreachable

AGENT = "call-coach"
MOST_HOPS = 5
MOST_ROBOTS_BYTES = 500_000
AGAIN = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that may be another on the next try."""
REDIRECTS = frozenset({301, 302, 303, 307, 308})
PORTS = {"http": 80, "https": 443}
CHARSET = re.compile(r"charset\s*=\s*[\"']?([\w-]{1,40})", re.IGNORECASE)
CHARSETS = frozenset({"us-ascii", "iso-8859-1", "latin1", "windows-1252", "cp1252", "utf-16", "utf-8"})
HTML = re.compile(r"\s*(?:<!--.{0,2000}?-->\s*)?<(?:!doctype\s+html|html|head|script)\b", re.I | re.DOTALL)


class Manners(NamedTuple):
    """How a site is asked: requests at once, tries for each page, seconds for one answer, the first pause
    after a failure, and the longest pause a site may ask for before it is left alone."""

    at_once: int = 6
    tries: int = 4
    answer_s: float = 20
    pause_s: float = 0.5
    longest_pause_s: float = 60


PLAIN_MANNERS = Manners()


class Validators(NamedTuple):
    """What a site said of a page it served, to ask whether it is still the same."""

    etag: str | None
    modified: str | None


class Answer(NamedTuple):
    """What a site answered. `path` is where redirects led; `text` is empty unless the status is 200."""

    status: int
    path: str
    kind: str
    text: str
    validators: Validators

    @property
    def is_html(self) -> bool:
        return "html" in self.kind or HTML.match(self.text) is not None


class UnreadPage(DocsUnreachable):
    """One page could not be read; the sentence says why."""


class _TryAgain(Exception):
    """An answer that may be another next time, after `pause_s` where the site says so."""

    def __init__(self, why: str, pause_s: float | None = None) -> None:
        super().__init__(why)
        self.pause_s = pause_s


class _Silence(_TryAgain):
    """No whole answer in time."""


class SiteReader:
    """Reads from one site while entered. Every path it asks for begins with a slash."""

    def __init__(self, site: str, manners: Manners = PLAIN_MANNERS) -> None:
        self.site = httpx.URL(site)
        self.asked = 0
        self.at_once = manners.at_once
        self._manners = manners
        self._turns = asyncio.Semaphore(manners.at_once)
        self._robots = RobotFileParser()
        self._delay_s = 0.0
        self._next_at = 0.0
        self._silent = False
        self._client = httpx.AsyncClient(
            headers={
                "User-Agent": f"{AGENT}/{version('call-coach')} (copies documentation for use offline)",
                "Accept-Encoding": "gzip",
            },
            timeout=manners.answer_s,
            limits=httpx.Limits(max_connections=manners.at_once),
        )

    async def __aenter__(self) -> Self:
        await self._client.__aenter__()
        return self

    async def __aexit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, tb: TracebackType | None
    ) -> None:
        await self._client.__aexit__(exc_type, exc, tb)

    async def read_robots(self) -> list[str]:
        """Take in robots.txt and give the sitemaps it names. DocsUnreachable where it cannot be asked, or
        asks for more patience than there is."""
        self._robots.parse([])
        try:
            answer = await self.get("/robots.txt", most_bytes=MOST_ROBOTS_BYTES)
        except UnreadPage as failure:
            raise DocsUnreachable(f"{self.site.host} cannot be synced from now: {failure}") from None
        if answer.status == 200 and not answer.is_html:
            self._robots.parse(answer.text.splitlines())
        self._delay_s = float(self._robots.crawl_delay(AGENT) or 0)
        if self._delay_s > self._manners.longest_pause_s:
            raise DocsUnreachable(
                f"{self.site.host} asks for {self._delay_s:g} s between pages; sync from a checkout instead."
            )
        return self._robots.site_maps() or []

    async def get(
        self, path: str, *, most_bytes: int, accept: str = "*/*", known: Validators | None = None
    ) -> Answer:
        """The answer for a path of this site; 304 where the known one still holds. UnreadPage: none to be
        had, or not one that may be had."""
        headers = {"Accept": accept}
        if known and known.etag:
            headers["If-None-Match"] = known.etag
        if known and known.modified:
            headers["If-Modified-Since"] = known.modified
        why, silent = "", False
        # A site that let one path wait through all its tries has hung: the next ones get one each, until
        # it answers again.
        for attempt in range(1 if self._silent else self._manners.tries):
            try:
                async with self._turns:
                    answer = await self._follow(path, headers, most_bytes)
            except _TryAgain as failure:
                why, silent = str(failure), isinstance(failure, _Silence)
                await self._pause(attempt, failure.pause_s, path, why)
            else:
                self._silent = False
                return answer
        self._silent = silent
        raise UnreadPage(f"{path}: {why}.")

    async def _pause(self, attempt: int, asked_s: float | None, path: str, why: str) -> None:
        """Wait before the next try. A pause that the site asks for is everybody's."""
        if asked_s is not None:
            self._next_at = max(self._next_at, asyncio.get_running_loop().time() + asked_s)
        if (asked_s or 0) > self._manners.longest_pause_s:
            raise UnreadPage(f"{path}: {why}, and the site asks to be left alone for {asked_s:.0f} s.")
        if attempt + 1 < self._manners.tries and asked_s is None:
            pause_s = self._manners.pause_s * 2**attempt
            await asyncio.sleep(pause_s * random.uniform(0.5, 1))  # noqa: S311 -- no secret

    async def _turn(self, path: str) -> None:
        """Wait until the site may be asked again."""
        now = asyncio.get_running_loop().time()
        at = max(now, self._next_at)
        if at - now > self._manners.longest_pause_s * self._manners.at_once:
            raise UnreadPage(f"{path}: the site has asked to be left alone.")
        if self._delay_s:
            self._next_at = at + self._delay_s
        await asyncio.sleep(at - now)

    async def _follow(self, path: str, headers: dict[str, str], most_bytes: int) -> Answer:
        url = self.site.join(path)
        for _ in range(MOST_HOPS + 1):
            if not self._is_of_site(url):
                raise UnreadPage(f"{path}: it redirects to another site, {url.host}.")
            if not self._robots.can_fetch(AGENT, str(url)):
                raise UnreadPage(f"{path}: the site's robots.txt asks not to read it.")
            await self._turn(path)
            self.asked += 1
            try:
                async with (
                    asyncio.timeout(self._manners.answer_s),
                    self._client.stream("GET", url, headers=headers) as response,
                ):
                    location = response.headers.get("location")
                    if response.status_code not in REDIRECTS or location is None:
                        return await _read(response, most_bytes)
                url = url.join(location)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                raise _TryAgain("the site cannot be reached") from None
            except (TimeoutError, httpx.TimeoutException):
                raise _Silence("no whole answer in time") from None
            except (httpx.TransportError, httpx.InvalidURL, zlib.error) as error:
                raise _TryAgain(f"the answer broke off ({type(error).__name__})") from None
            except _TooMuch as refused:
                raise UnreadPage(f"{path}: {refused}.") from None
        raise UnreadPage(f"{path}: it redirects without an end.")

    def _is_of_site(self, url: httpx.URL) -> bool:
        """The same host and port, or the same host by TLS where it was without. Anything else a redirect
        leads to might be a service of this network."""
        here, there = (each.port or PORTS.get(each.scheme) for each in (self.site, url))
        if url.host != self.site.host or url.userinfo:
            return False
        upgraded = (self.site.scheme, url.scheme, here, there) == ("http", "https", 80, 443)
        return upgraded or (url.scheme == self.site.scheme and here == there)


class _TooMuch(Exception):
    """A body that will not be read to its end."""


async def _read(response: httpx.Response, most_bytes: int) -> Answer:
    status, headers = response.status_code, response.headers
    if status in AGAIN:
        raise _TryAgain(f"status {status}", _retry_after(headers.get("retry-after")))
    kind = headers.get("content-type", "").lower()
    validators = Validators(headers.get("etag"), headers.get("last-modified"))
    text = ""
    if status == 200:
        body = b"".join([part async for part in _bounded(response, most_bytes)])
        text = _decoded(body, CHARSET.search(kind))
    return Answer(status, response.url.path, kind.partition(";")[0].strip(), text, validators)


async def _bounded(response: httpx.Response, most_bytes: int) -> AsyncIterator[bytes]:
    """The body's bytes, unpacked, none of them beyond `most_bytes`: a small one can unpack to gigabytes."""
    encoding = response.headers.get("content-encoding", "identity").strip().lower() or "identity"
    if encoding not in {"identity", "gzip", "x-gzip"}:
        raise _TooMuch(f"it is packed as {encoding[:20]!r}, which was not asked for")
    unpack = zlib.decompressobj(31) if encoding != "identity" else None
    left = most_bytes
    async for raw in response.aiter_raw():
        part = unpack.decompress(raw, left + 1) if unpack else raw
        left -= len(part)
        if left < 0:
            raise _TooMuch(f"it is longer than {most_bytes:,} bytes")
        yield part
    if unpack and not unpack.eof:
        raise _TryAgain("the answer broke off")


def _decoded(body: bytes, declared: re.Match[str] | None) -> str:
    """UTF-8 where it is that, whatever is declared; else as declared."""
    named = declared[1].lower() if declared else "utf-8"
    for charset in ("utf-8-sig", *({named} & CHARSETS)):
        try:
            text = body.decode(charset)
        except UnicodeError:
            continue
        if "\0" not in text:
            return text
    raise _TooMuch("it is no text")


def _retry_after(value: str | None) -> float | None:
    """Seconds to wait, from a number or a date; None where neither can be read."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value.strip()[:9])
    try:
        when = parsedate_to_datetime(value)
    except ValueError:
        return None
    when = when if when.tzinfo else when.replace(tzinfo=UTC)
    return max(0.0, (when - datetime.now(UTC)).total_seconds())
