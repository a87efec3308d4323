"""The documentation's own words beside the pack: what its terms and headings are held against."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from backend.services.docs_checkout import Checkout
from backend.services.mdx import FRONT_MATTER, IMPORT, read_page
from backend.services.synced_docs import SyncedDocs, page_path

MOST_WORDS_SHARED = 7
"""More of the documentation's words in a row are a quotation, and the pack is in words of our own."""
PROSE = re.compile(r"/(?:v3/(?!release-notes|api-ref)|integrations/)")
"""Pages that want a digest: what people ask about, without the reference and the release notes."""
_HEADING = re.compile(r"^#{1,6}\s+(\S.*)", re.MULTILINE)
_SHOWN = re.compile(r"\b(?:title|name)=[\"']([^\"']+)[\"']")
_WORD = re.compile(r"[^\W\d]\w*")
"""Figures in a row are no wording."""


class DocsPage:
    """A page as it is written and as it reads. Where its headings are not known apart, they are text."""

    def __init__(self, text: str, headings: set[str] | None = None) -> None:
        self.text = text
        self.headings = headings
        self._plain = _squeezed(text)

    def holds(self, term: str) -> bool:
        """Whether the term stands on the page, however it is written there."""
        return _squeezed(term) in self._plain

    def has_heading(self, heading: str) -> bool:
        if self.headings is None:
            return all(self.holds(part) for part in heading.split(" > "))
        return not heading or {_squeezed(part) for part in heading.split(" > ")} <= self.headings


class DocsWords:
    """The pages of a checkout (MDX), or of a data directory that was synced. Raises UnusableKnowledge."""

    def __init__(self, folder: Path) -> None:
        self.pages = dict(_synced(folder) or _checked_out(folder))
        self._runs = {run for page in self.pages.values() for run in _runs(page.text)}

    def page(self, url: str) -> DocsPage | None:
        return self.pages.get(page_path(url))

    def shared(self, text: str) -> str | None:
        """The first words of the text that stand in a row somewhere in the docs, more than may; or None."""
        return next((" ".join(run) for run in _runs(text) if run in self._runs), None)

    def undigested(self, digested: set[str]) -> list[str]:
        """The paths of the prose pages that are none of these addresses."""
        known = {page_path(url) for url in digested}
        return sorted(path for path in self.pages if PROSE.match(path) and path not in known)


def _checked_out(folder: Path) -> Iterator[tuple[str, DocsPage]]:
    checkout = Checkout(folder, datetime.now(UTC))
    for page in filter(None, checkout.pages()):
        snippets = [text for each in IMPORT.finditer(page.text) if (text := checkout.snippet(each["path"]))]
        written = "\n\n".join((FRONT_MATTER.sub(r"\1\n\n", page.text), *snippets))
        read = read_page(page.text, checkout.snippet, page.name)
        headings = {name for section in read.sections for name in section.headings}
        headings |= {*_HEADING.findall(written), *_SHOWN.findall(written)}
        reads = "\n\n".join(section.text for section in read.sections)
        yield page.path, DocsPage(f"{written}\n\n{reads}", {_squeezed(each) for each in headings})


def _synced(folder: Path) -> dict[str, DocsPage]:
    docs = SyncedDocs(folder)
    texts: dict[str, str] = {}
    for (url, section), text in docs.texts().items():
        path = page_path(url)
        texts[path] = f"{texts.get(path, '')}\n\n{section}\n\n{text}"
    docs.close()
    return {path: DocsPage(text) for path, text in texts.items()}


def _squeezed(text: str) -> str:
    """For comparing: lower case, words and their inner signs, one blank between."""
    return " ".join(re.sub(r"[`*\\\"'“”‘’:]", "", text.lower()).split())


def _runs(text: str) -> Iterator[tuple[str, ...]]:
    words = _WORD.findall(text.lower())
    return zip(*(words[at:] for at in range(MOST_WORDS_SHARED + 1)), strict=False)
