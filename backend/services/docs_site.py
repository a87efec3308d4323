"""A docs site as it serves itself to machines: which pages it lists, and each one's Markdown, mirrored."""

from __future__ import annotations

import asyncio
import html
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import httpx
from pydantic import AnyHttpUrl, TypeAdapter, ValidationError

from backend.errors import DocsUnreachable, UnusableKnowledge
from backend.services.docs_index import SourcePage
from backend.services.docs_ledger import Kept, Ledger
from backend.services.site_reader import Manners, SiteReader, UnreadPage, Validators
from backend.services.synced_docs import SITE, page_path

FOLDERS = ("/v3/", "/integrations/")
MOST_PAGES = 5_000
MOST_PAGE_BYTES = 2_000_000
MOST_LIST_BYTES = 10_000_000
MOST_SITEMAPS = 50
MOST_UNREAD = 0.1
"""Where more than this part of the pages cannot be read, nothing of what was read replaces anything."""
MARKDOWN = "text/markdown, text/plain;q=0.9"
FEW_UNREAD = 25
"""So many pages may fail before the site is taken for one that is down, and the rest is not asked for."""
GONE = frozenset({404, 410})

LINK = re.compile(r"\]\(\s*<?([^()\s<>]{1,500})>?\s*\)")
LOCATION = re.compile(
    r"<loc>\s*(?:<!\[CDATA\[)?\s*([^<>\[\]\s]{1,1000})\s*(?:\]\]>)?\s*</loc>", re.IGNORECASE
)
PATH = re.compile(r"/[\w./~-]{1,400}")
_HTTP_URL = TypeAdapter(AnyHttpUrl)


class Listed(NamedTuple):
    """A page that a site lists: its path, and where its Markdown is asked for."""

    path: str
    markdown: str


def site_of(url: str) -> str:
    """The site of an address, as scheme and host. UnusableKnowledge where it is none."""
    try:
        _HTTP_URL.validate_python(url)
        parts = httpx.URL(url)
    except (ValidationError, httpx.InvalidURL):
        raise UnusableKnowledge(f"{url[:80]!r} is no address of a docs site; write https://host.") from None
    return str(parts.copy_with(path="/", query=None, fragment=None, userinfo=b"")).rstrip("/")


class Mirror:
    """What a site lists, as it was last read. `skipped` names the pages that could not be, and why."""

    def __init__(self, site: str, ledger: Ledger, listed: Sequence[Listed]) -> None:
        self.site, self._ledger = site, ledger
        self.paths = [page.path for page in listed]
        self.skipped: list[str] = []
        self.asked = 0

    def __len__(self) -> int:
        return len(self.paths)

    def moved(self, path: str, found: str) -> None:
        """What is listed under one path is found under another."""
        self.paths.remove(path)
        if found not in self.paths:
            self.paths.append(found)

    def pages(self) -> Iterator[SourcePage | None]:
        for path in self.paths:
            kept = self._ledger.page(self.site, path)
            name = unquote(path.rsplit("/", 1)[-1]).replace("-", " ").capitalize()
            yield SourcePage(path, name, kept.body, kept.read_at) if kept else None

    def snippet(self, import_path: str) -> str | None:
        return None  # the site has put them in already

    def redirects(self) -> Iterable[tuple[str, str]]:
        return self._ledger.redirects(self.site)


async def mirror_site(
    site: str, ledger: Ledger, began: datetime, manners: Manners, progress: Callable[[int, int], None]
) -> Mirror:
    """Read what the site lists into the ledger, but for the pages read since `began`.

    DocsUnreachable where it lists no page, or too many of those it lists cannot be read; what could be is
    kept, and not asked for again by the next try.
    """
    async with SiteReader(site, manners) as reader:
        sitemaps = await reader.read_robots()
        listed = await list_pages(reader, sitemaps)
        mirror = Mirror(site, ledger, listed)
        fresh = await asyncio.to_thread(ledger.read_since, site, began)
        reading = _Reading(reader, ledger, mirror, progress)
        await reading.read([page for page in listed if page.path not in fresh])
        mirror.asked = reader.asked
    if reading.too_many_unread:
        ledger.ends("incomplete", f"{reading.unread} of {len(listed)} pages could not be read.")
        raise DocsUnreachable(
            f"{reading.unread} of {len(listed)} pages of {site} could not be read (the first: "
            f"{mirror.skipped[0].rstrip('.')}); what is held here stays. Sync again to go on from there."
        )
    return mirror


class _Reading:
    """Pages being read, several at once. `unread` counts those that may be there but could not be read."""

    def __init__(
        self, reader: SiteReader, ledger: Ledger, mirror: Mirror, progress: Callable[[int, int], None]
    ) -> None:
        self._reader, self._ledger, self._mirror, self._progress = reader, ledger, mirror, progress
        self.unread = 0

    @property
    def too_many_unread(self) -> bool:
        return self.unread > MOST_UNREAD * len(self._mirror)

    async def read(self, pages: Sequence[Listed]) -> None:
        total = len(self._mirror)
        done = total - len(pages)
        self._progress(done, total)
        left = iter(pages)

        async def work() -> None:
            nonlocal done
            for page in left:  # shared: each page is one worker's
                if self.too_many_unread and self.unread > FEW_UNREAD:
                    return
                await self._read(page)
                done += 1
                self._progress(done, total)

        try:
            async with asyncio.TaskGroup() as workers:
                for _ in range(min(self._reader.at_once, len(pages))):
                    workers.create_task(work())
        except ExceptionGroup as broken:  # one of them is enough to say what is wrong
            raise broken.exceptions[0] from None

    async def _read(self, page: Listed) -> None:
        site = self._mirror.site
        kept = await asyncio.to_thread(self._ledger.page, site, page.path)
        try:
            read = await read_page(self._reader, page, kept)
        except UnreadPage as failure:
            self.unread += 1
            self._mirror.skipped.append(str(failure))
            return
        if read is None:
            self._mirror.skipped.append(f"{page.path}: it is listed, but not there.")
            await asyncio.to_thread(self._ledger.drop, site, page.path)
            return
        await asyncio.to_thread(self._ledger.keep, site, read)
        if read.path != page.path:
            self._mirror.moved(page.path, read.path)
            await asyncio.to_thread(self._ledger.moved, site, page.path, read.path)


async def read_page(reader: SiteReader, page: Listed, kept: Kept | None) -> Kept | None:
    """A page's Markdown, under the path it was found at; None where it is gone. UnreadPage: not to be had.

    First at its Markdown address, then at its own with the wish for Markdown. Gone is also what leads to no
    page of the documentation: sites send those who ask for a page they lack to their front page.
    """
    known = Validators(kept.etag, kept.modified) if kept else None
    for path in (page.markdown, page.path):
        answer = await reader.get(path, most_bytes=MOST_PAGE_BYTES, accept=MARKDOWN, known=known)
        if answer.status == 304 and kept:
            return kept._replace(read_at=datetime.now(UTC))
        if answer.status == 200 and not answer.is_html and answer.kind in {"text/markdown", "text/plain", ""}:
            found = page_path(without_suffix(answer.path))
            if not found.startswith(FOLDERS):
                return None
            return Kept(found, *answer.validators, datetime.now(UTC), answer.text)
    if answer.status in GONE:
        return None
    what = f"it is {answer.kind or 'no text'}" if answer.status == 200 else f"status {answer.status}"
    raise UnreadPage(f"{page.path}: {what}.")


# -- which pages there are


async def list_pages(reader: SiteReader, sitemaps: Sequence[str]) -> list[Listed]:
    """The pages that llms.txt and the sitemaps list, each once. DocsUnreachable where they list none."""
    listed: dict[str, Listed] = {}
    async for address in _addresses(reader, sitemaps):
        page = _listed(address, str(reader.site.host))
        if page and len(listed) < MOST_PAGES:
            listed.setdefault(page.path, page)
    if not listed:
        raise DocsUnreachable(
            f"{reader.site} lists no page of Prefect's documentation in llms.txt or sitemap.xml; "
            "give another address or a checkout with --from."
        )
    return list(listed.values())


async def _addresses(reader: SiteReader, sitemaps: Sequence[str]) -> AsyncIterator[str]:
    for link in LINK.findall(await _list_text(reader, "/llms.txt")):
        yield link
    waiting, seen = ["/sitemap.xml", *sitemaps], set[str]()
    while waiting and len(seen) < MOST_SITEMAPS:
        path = _path_here(waiting.pop(0), str(reader.site.host))
        if path is None or path in seen:
            continue
        seen.add(path)
        text = await _list_text(reader, path)
        found = [html.unescape(address) for address in LOCATION.findall(text)]
        if "<sitemapindex" in text[:5_000].lower():
            waiting += found
        else:
            for address in found:
                yield address


async def _list_text(reader: SiteReader, path: str) -> str:
    """The text of a list of pages, empty where there is none."""
    try:
        answer = await reader.get(path, most_bytes=MOST_LIST_BYTES)
    except UnreadPage:
        return ""
    return "" if answer.status != 200 or answer.is_html else answer.text


def _listed(address: str, host: str) -> Listed | None:
    """A page of the documentation that we index, by a link to it; None for anything else."""
    path = _path_here(address, host)
    if path is None or not PATH.fullmatch(path) or ".." in path or not path.startswith(FOLDERS):
        return None
    page = page_path(without_suffix(path))
    if "." in page.rsplit("/", 1)[-1] and not path.endswith((".md", ".mdx")):
        return None  # a picture, a specification
    return Listed(page, path if path.endswith(".md") else f"{page}.md")


def _path_here(address: str, host: str) -> str | None:
    """The path of a link to this site, or to Prefect's, which it may be a copy of; None for other links."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    if parts.scheme not in {"", "http", "https"} or parts.hostname not in {
        None,
        host,
        urlsplit(SITE).hostname,
    }:
        return None
    return parts.path if parts.path.startswith("/") else f"/{parts.path}"


def without_suffix(path: str) -> str:
    return path.removesuffix(".mdx").removesuffix(".md")
