"""Markdown, HTML and plain text, with the line each block begins on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html.parser import HTMLParser

from markdown_it import MarkdownIt
from markdown_it.token import Token

from backend.material.block import IGNORED, Block, squeezed

_FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.DOTALL)
_LEAD_IN_WORDS = 12
"""A line of so few words that ends in a colon says what the next blocks are."""
_BLOCK_TAGS = frozenset(
    re.findall(
        r"\w+",
        "p li td th dt dd blockquote figcaption caption div section article header footer main aside br tr"
        " table ul ol dl body html h1 h2 h3 h4 h5 h6 nav form button label option pre hr title",
    )
)
_HEADINGS = frozenset(("h1", "h2", "h3", "h4", "h5", "h6", "title"))
_VOID = frozenset(
    ("area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr")
)
_HIDING_STYLE = re.compile(r"(?:^|;)\s*display\s*:\s*none\b", re.IGNORECASE)
_CLOSED_BY_THE_NEXT = {"p": _BLOCK_TAGS, **{each: frozenset((each,)) for each in ("li", "tr", "option")}}
_CLOSED_BY_THE_NEXT |= {each: frozenset(("dt", "dd")) for each in ("dt", "dd")}
_CLOSED_BY_THE_NEXT |= {each: frozenset(("td", "th", "tr")) for each in ("td", "th")}
"""Elements that need no end tag, and what ends each."""
_SILENT = frozenset(("script", "style", "template", "noscript", "code", "pre", "svg", "head"))


def decoded(data: bytes) -> str:
    """UTF-8, or UTF-16 by its mark; bytes that are neither become a replacement sign. Lines end in \\n."""
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16" if wide else "utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def plain(data: bytes) -> list[Block]:
    """Paragraphs between empty lines."""
    blocks, heading = [], ""
    for found in re.finditer(r"[^\n]*\S[^\n]*(?:\n[^\n]*\S[^\n]*)*", text := decoded(data)):
        line = text.count("\n", 0, found.start()) + 1
        block = _at(line, found[0], heading)
        if _leads_in(block.text):
            heading = block.text
        else:
            blocks.append(block)
    return blocks


def markdown(data: bytes) -> list[Block]:
    """Paragraphs, list items and table rows; code is left out."""
    text = decoded(data)
    if front := _FRONT_MATTER.match(text):
        text = "\n" * front[0].count("\n") + text[front.end() :]
    document = _Document()
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        document.read(token)
    return document.blocks


class _Document:
    """What stands over a block, gathered token by token."""

    def __init__(self) -> None:
        self.blocks: list[Block] = []
        self._headings: list[tuple[int, str]] = []
        self._depth = 0  # of the heading being read
        self._lead_in = ""
        self._awaited = False  # the block that the lead-in speaks of
        self._row: list[str] | None = None
        self._row_line = 0
        self._ignoring = False

    def read(self, token: Token) -> None:
        line = token.map[0] + 1 if token.map else 0
        if token.type == "heading_open":
            self._depth = int(token.tag[1])
        elif token.type == "html_block":
            self._ignoring = self._ignoring or IGNORED.search(token.content) is not None
        elif token.type == "tr_open":
            self._row, self._row_line = [], line
        elif token.type in {"td_open", "th_open"} and self._row is not None:
            self._row.append("")
        elif token.type == "tr_close" and self._row is not None:
            self._add(self._row_line, ": ".join(cell for cell in self._row if cell))
            self._row = None
        elif token.type == "inline":
            self._said(line, squeezed("".join(_words(child) for child in token.children or [])))
        elif token.nesting < 0 and token.level == 0 and not self._awaited:
            self._lead_in, self._ignoring = "", False

    def _said(self, line: int, text: str) -> None:
        self._awaited = False
        if self._depth:
            self._headings = [one for one in self._headings if one[0] < self._depth]
            self._headings.append((self._depth, text))
            self._depth = 0
        elif self._row:
            self._row[-1] = text.replace("\n", " ")
        elif _leads_in(text):
            self._lead_in, self._awaited = text, True
        else:
            self._add(line, text)

    def _add(self, line: int, text: str) -> None:
        if text and not self._ignoring:
            nearest = self._headings[-1][1] if self._headings else ""
            self.blocks.append(_at(line, text, ": ".join(each for each in (nearest, self._lead_in) if each)))


def _words(token: Token) -> str:
    if token.type in {"softbreak", "hardbreak"}:
        return "\n"
    return token.content if token.type in {"text", "code_inline"} else ""


def _leads_in(text: str) -> bool:
    return text.rstrip("*_ ").endswith(":") and len(text.split()) <= _LEAD_IN_WORDS


def html(data: bytes) -> list[Block]:
    """What a reader sees: text by block element; scripts, styles and code are left out."""
    reader = _Page()
    reader.feed(decoded(data))
    reader.close()
    reader.finish()
    return reader.blocks


class _Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.blocks: list[Block] = []
        self._text, self._line = "", 0
        self._heading, self._in_heading = "", False
        self._silent = 0
        self._hidden: list[str] = []  # the elements open from a hidden one on
        self._ignoring = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        while self._hidden and tag in _CLOSED_BY_THE_NEXT.get(self._hidden[-1], ()):
            self.finish()
            self._hidden.pop()
        if tag not in _VOID and (self._hidden or _hides(dict(attrs))):
            self._hidden.append(tag)
        if tag in _SILENT:
            self._silent += 1
        if tag in _BLOCK_TAGS:
            self.finish()
            self._in_heading = tag in _HEADINGS and not self._hidden

    def handle_endtag(self, tag: str) -> None:
        if tag in _SILENT:
            self._silent = max(0, self._silent - 1)
        if tag in _BLOCK_TAGS:
            self.finish()
        if tag in self._hidden:
            del self._hidden[len(self._hidden) - 1 - self._hidden[::-1].index(tag) :]
        elif tag in _BLOCK_TAGS:  # of an element around the hidden one, which was never closed
            self._hidden.clear()

    def handle_comment(self, data: str) -> None:
        self._ignoring = self._ignoring or IGNORED.search(f"<!--{data}") is not None

    def handle_data(self, data: str) -> None:
        if self._silent or self._hidden:
            return
        if not self._text and data.strip():
            self._line = self.getpos()[0] + data[: len(data) - len(data.lstrip())].count("\n")
            data = data.lstrip()
        if self._text or data.strip():
            self._text += data

    def finish(self) -> None:
        """Close the block that is open."""
        text, self._text = squeezed(self._text), ""
        if not text:
            return
        if self._in_heading or _leads_in(text):
            self._heading, self._in_heading = " ".join(text.split()), False
        elif self._ignoring:
            self._ignoring = False
        else:
            self.blocks.append(_at(self._line, text, self._heading))


def _hides(attrs: Mapping[str, str | None]) -> bool:
    """Whether a reader does not see the element with these attributes."""
    silent = (attrs.get("aria-hidden") or "").strip().lower() == "true"
    return "hidden" in attrs or silent or _HIDING_STYLE.search(attrs.get("style") or "") is not None


def _at(line: int, text: str, heading: str) -> Block:
    return Block(squeezed(text), line, f"line {line}", heading)
