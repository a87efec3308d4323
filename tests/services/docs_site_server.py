"""A docs site on loopback, serving Markdown, lists and redirects as Mintlify does, or misbehaving by page."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import json
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple, Self

NOTE = (
    "> ## Documentation Index\n> Fetch the complete documentation index at: https://docs.prefect.io/llms.txt\n"
    "> Use this file to discover all available pages before exploring further.\n\n"
)


class Asked(NamedTuple):
    path: str
    headers: dict[str, str]


Fault = Callable[[Asked], AsyncIterator[bytes]]
"""What is sent in place of a page; then the connection is closed."""


class DocsSite:
    """Serves `pages` (Markdown by path) while entered. `asked` is all that came, `busiest` how many requests
    were answered at once. Faults are by path; a tuple of them is used one request after another, and then
    the page is served."""

    def __init__(
        self, pages: dict[str, str], *, listed_in: tuple[str, ...] = ("llms.txt", "sitemap")
    ) -> None:
        self.pages = pages
        self.listed_in = listed_in
        self.robots: str | None = "User-agent: *\nAllow: /\n"
        self.redirects: dict[str, str] = {}
        self.faults: dict[str, Fault | tuple[Fault, ...]] = {}
        self.extra_links: list[str] = []
        self.suffix = True
        self.asked: list[Asked] = []
        self.busy = self.busiest = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()

    @property
    def url(self) -> str:
        assert self._server is not None
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def paths_asked(self) -> list[str]:
        return [one.path for one in self.asked]

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._open:
            writer.transport.abort()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._open.add(writer)
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                line, *fields = head.rstrip().split("\r\n")
                headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in fields)}
                asked = Asked(line.split()[1], headers)
                self.asked.append(asked)
                self.busy += 1
                self.busiest = max(self.busiest, self.busy)
                try:
                    fault = self._fault(asked.path)
                    if fault is None:
                        writer.write(self._answer(asked))
                        await writer.drain()
                        continue
                    async for part in fault(asked):
                        writer.write(part)
                        await writer.drain()
                    break
                finally:
                    self.busy -= 1
        except (ConnectionError, asyncio.IncompleteReadError):
            pass  # the client left
        finally:
            self._open.discard(writer)
            writer.close()

    def _fault(self, path: str) -> Fault | None:
        fault = self.faults.get(path)
        if isinstance(fault, tuple):
            self.faults[path] = fault[1:]
            return fault[0] if fault else None
        return fault

    def _answer(self, asked: Asked) -> bytes:
        path = asked.path
        if path == "/robots.txt" and self.robots is not None:
            return answer(self.robots, "text/plain")
        if path == "/llms.txt" and "llms.txt" in self.listed_in:
            links = [f"https://docs.prefect.io{page}.md" for page in self.pages]
            lines = [f"- [A page]({link}): what it says" for link in [*links, *self.extra_links]]
            return answer("# Prefect\n\n## Docs\n\n" + "\n".join(lines), "text/plain; charset=utf-8")
        if path == "/sitemap.xml" and "sitemap" in self.listed_in:
            return answer(
                '<?xml version="1.0"?><sitemapindex><sitemap><loc>https://docs.prefect.io/sitemap-1.xml</loc>'
                "</sitemap><sitemap><loc>/sitemap.xml</loc></sitemap></sitemapindex>",
                "application/xml",
            )
        if path == "/sitemap-1.xml":
            places = "".join(f"<url><loc>https://docs.prefect.io{page}</loc></url>" for page in self.pages)
            return answer(f'<?xml version="1.0"?><urlset>{places}</urlset>', "application/xml")
        if to := self.redirects.get(path):
            return answer("", "text/plain", "308 Permanent Redirect", f"location: {to}\r\n")
        return self._page(asked)

    def _page(self, asked: Asked) -> bytes:
        markdown = asked.path.endswith(".md") and self.suffix
        wanted = "text/markdown" in asked.headers.get("accept", "") and not asked.path.endswith(".md")
        text = self.pages.get(asked.path.removesuffix(".md"))
        if text is None or (asked.path.endswith(".md") and not self.suffix):
            return answer("<!DOCTYPE html><html>Not found</html>", "text/html", "404 Not Found")
        if not (markdown or wanted):
            return answer(f"<!DOCTYPE html><html>{text}</html>", "text/html")
        tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:16]}"'
        if asked.headers.get("if-none-match") == tag:
            return answer("", "text/markdown", "304 Not Modified", f"etag: {tag}\r\n")
        packed = gzip.compress(text.encode(), 1)
        return answer(
            packed, "text/markdown; charset=utf-8", more=f"etag: {tag}\r\ncontent-encoding: gzip\r\n"
        )


def answer(body: str | bytes, kind: str, status: str = "200 OK", more: str = "") -> bytes:
    raw = body.encode() if isinstance(body, str) else body
    length = "" if status.startswith("304") else f"content-length: {len(raw)}\r\n"
    return f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\n{length}{more}\r\n".encode() + raw


def sends(body: str | bytes, kind: str = "text/markdown", status: str = "200 OK", more: str = "") -> Fault:
    """This answer, whatever was asked."""

    async def fault(asked: Asked) -> AsyncIterator[bytes]:
        yield answer(body, kind, status, more + "connection: close\r\n")

    return fault


def served(docs: Path) -> dict[str, str]:
    """A checkout's pages as the site serves them: titles as headings, snippets put in."""
    pages: dict[str, str] = {}
    for folder in ("v3", "integrations"):
        for file in sorted((docs / folder).rglob("*.mdx")):
            path = "/" + file.relative_to(docs).with_suffix("").as_posix()
            pages[path.removesuffix("/index")] = _as_served(docs, file.read_text(encoding="utf-8-sig"))
    return pages


def redirects_of(docs: Path) -> dict[str, str]:
    listed = json.loads((docs / "docs.json").read_text())["redirects"]
    return {one["source"]: one["destination"] for one in listed if "*" not in one["source"]}


def _as_served(docs: Path, mdx: str) -> str:
    matter, body = re.fullmatch(r"\s*---\n(.*?)\n---\n?(.*)", mdx, re.DOTALL).groups()  # type: ignore[union-attr]
    title, described = (re.search(rf"^{name}: *(.*)$", matter, re.M) for name in ("title", "description"))
    exports: list[str] = []

    def import_of(found: re.Match[str]) -> str:
        what, source = found[1], (docs / found[2].lstrip("/")).read_text(encoding="utf-8-sig")
        if what.startswith("{"):
            declared = re.findall(r"export const \w+ = .*?\);", source, re.DOTALL)
            exports.extend(each for each in declared if re.search(rf"\b{each.split()[2]}\b", what))
        else:
            exports.append(f"\0{what}\0{source}")
        return ""

    body = re.sub(r"^import (.+?) from ['\"](.+?)['\"];?$", import_of, body, flags=re.M)
    head = []
    for export in exports:
        if export.startswith("\0"):
            _, name, source = export.split("\0", 2)
            body = re.sub(rf"<{name}\s*/>", lambda _, source=source: source, body)  # type: ignore[misc]
        else:
            head.append(export)
    top = f"# {title[1].strip(chr(34)).strip(chr(39))}\n\n" if title and title[1].strip(" \"'") else ""
    top += f"> {described[1].strip(chr(34)).strip(chr(39))}\n\n" if described else ""
    return NOTE + top + "".join(f"{each}\n\n" for each in head) + body.lstrip()
