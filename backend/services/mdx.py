"""A page of Prefect's documentation, from MDX to the words a reader sees, cut into sections.

Layout components and markup go, their text stays; so do code, tables and placeholders such as `<API-KEY>`.
"""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import NamedTuple

import yaml

from backend.services.pack_sheets import read_yaml

MIN_WORDS, MAX_WORDS = 60, 220
"""A section below the first joins the next one; above the second it is cut."""

FRONT_MATTER = re.compile(r"\A\s*---[ \t]*\n(.*?)\n---[ \t]*(?:\n|\Z)", re.DOTALL)
FENCE = re.compile(r"\s*(`{3,}|~{3,})\s*(\w*)")
DRAWN = frozenset({"mermaid"})
"""Fences whose text draws a picture: nobody reads it as words."""
IMPORT = re.compile(
    r"^[ \t]*import[ \t]+(?P<what>[^'\"\n]{1,300}?)[ \t]from[ \t]+['\"](?P<path>[^'\"\n]+)['\"];?[ \t]*$",
    re.M,
)
COMMENTS = (("{/*", "*/}"), ("<!--", "-->"))
COMPONENT = re.compile(
    r"""<\s*+(?P<close>/?)\s*+
        (?P<name>[A-Z][a-z]\w*(?:\.[A-Z]\w*)*|[A-Z]{2,}(?=[\s/>])|a|b|br|code|div|em|i|iframe|img|info|li|nobr|ol|p|
                 span|strong|sub|sup|table|tbody|td|th|thead|tr|u|ul|video)
        (?P<attributes>(?:\s++[\w:-]++(?:\s*+=\s*+(?:"[^"]*+"|'[^']*+'|\{(?:[^{}]++|\{[^{}]*+\})*+\}))?)*+)
        \s*+/?\s*+>""",
    re.VERBOSE,
)
ATTRIBUTE = re.compile(r"([\w:-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
INLINE = frozenset({"a", "b", "code", "em", "i", "nobr", "span", "strong", "sub", "sup", "u", "Icon"})
SERVED_NOTE = re.compile(
    r"\A(?:[ \t]*>[^\n]*\n)*?[ \t]*>[^\n]*Documentation Index[^\n]*\n(?:[ \t]*>[^\n]*\n)*"
)
SERVED_TITLE = re.compile(r"\A#[ \t]+(\S[^\n]*)(?:\n|\Z)")
SERVED_DESCRIPTION = re.compile(r"\A>[ \t]?([^\n]+)\n(?!>)")
OWN_EXPORT = re.compile(
    r"^export[ \t]+const[ \t]+(?P<name>\w+)[ \t]*="
    r"(?P<body>(?:[^\n]*\n){0,60}?[^\n]*;)[ \t]*\n(?=[ \t]*\n|export[ \t])",
    re.M,
)
EXPORTED = r"export\s+const\s+{name}\s*=\s*\([^)]*\)\s*=>\s*\((?P<body>.*?)\n?\);?\s*(?=export\s|\Z)"
IMAGE = re.compile(r"!\[[^\[\]]*+\]\([^)\s]*+(?:\s+\"[^\"]*+\")?\)")
LINK = re.compile(
    r"\[((?:[^\[\]]++|\[[^\[\]]*+\])++)\]\([^()\s]*+(?:\([^()\s]*+\)[^()\s]*+)*+(?:\s+\"[^\"]*+\")?\)"
)
AUTOLINK = re.compile(r"<(https?://[^<>\s]++)>")
BOLD = re.compile(r"\*\*\*?(?=\S)([^*]++)(?<=\S)\*\*\*?")
ESCAPED = re.compile(r"\\([\\`*_{}\[\]()#+\-.!<>|~])")
CODE_SPAN = re.compile(r"(?<!`)(`++)(.{1,1000}?)(?<!`)\1(?!`)", re.DOTALL)
HEADING = re.compile(r"(#{1,6})\s+(\S.*)")
OWN_LINE = re.compile(r"[-*+]\s|\d+[.)]\s")
SENTENCE_END = re.compile(r"(?<=[.!?])\s+")

Snippets = Callable[[str], str | None]
"""The text behind an import path such as /snippets/installation.mdx, or None."""


class Section(NamedTuple):
    """Words under one heading. `path` is the way to it, `headings` are all that stand in it."""

    path: str
    anchor: str
    headings: tuple[str, ...]
    text: str


class Page(NamedTuple):
    title: str
    keywords: tuple[str, ...]
    sections: tuple[Section, ...]


class Piece(NamedTuple):
    """A heading (level 1 to 6) or a block of text (level 0)."""

    level: int
    text: str


def read_page(mdx: str, snippets: Snippets, fallback_title: str) -> Page:
    """The page's title, keywords and sections, each between MIN_WORDS and MAX_WORDS where that can be had."""
    mdx = mdx.replace("\r\n", "\n").replace("\0", "")
    matter, body = _front_matter(mdx.removeprefix("\ufeff"))
    served_title, served_description, body = ("", "", body) if matter else _served_head(body)
    title = str(matter.get("title") or "").strip() or served_title or fallback_title
    keywords = matter.get("keywords")
    described = str(matter.get("description") or "").strip() or served_description
    pieces = [Piece(0, described)] if described else []
    pieces += _pieces(_inline_exports(_inline_snippets(body, snippets)))
    return Page(
        title=title,
        keywords=tuple(str(word) for word in keywords) if isinstance(keywords, list) else (),
        sections=tuple(_merged(_cut(_by_heading(pieces)))),
    )


def slug(heading: str) -> str:
    """The anchor the documentation site gives a heading."""
    kept = re.sub(r"[^\w\s-]", "", heading.lower())
    return re.sub(r"[\s-]+", "-", kept).strip("-")


def _front_matter(mdx: str) -> tuple[dict[str, object], str]:
    found = FRONT_MATTER.match(mdx)
    if not found:
        return {}, mdx
    try:
        matter = read_yaml(found[1])
    except yaml.YAMLError:
        matter = None  # a page with a broken head still has its words
    return matter if isinstance(matter, dict) else {}, mdx[found.end() :]


def _served_head(body: str) -> tuple[str, str, str]:
    """Title, description and the rest of a page as the site serves its Markdown: a pointer to the site's
    index, then both as a heading and a quotation. Empty where they do not stand there."""
    body, notes = SERVED_NOTE.subn("", body.lstrip())
    body = body.lstrip()
    title = SERVED_TITLE.match(body)
    if not (title or notes):
        return "", "", body
    body = body[title.end() :].lstrip() if title else body
    described = SERVED_DESCRIPTION.match(body)
    name = html.unescape(ESCAPED.sub(r"\1", title[1].replace("`", ""))).strip() if title else ""
    return name, described[1].strip() if described else "", body[described.end() :] if described else body


def _inline_exports(body: str) -> str:
    """Components that the page itself declares, before its first code, put where they are used."""
    head, fence, rest = body.partition("```")
    for exported in list(OWN_EXPORT.finditer(head)):
        if shown := re.search(r"<.*>", exported["body"], re.DOTALL):
            used = re.compile(rf"<{exported['name']}\b(?P<attributes>[^<>]*?)/>")
            head, rest = (used.sub(partial(_filled, shown[0]), part) for part in (head, rest))
    return OWN_EXPORT.sub("", head) + fence + rest


def _inline_snippets(body: str, snippets: Snippets) -> str:
    """Each imported component replaced by what its file says, with its properties filled in."""
    for imported in IMPORT.finditer(body):
        text = snippets(imported["path"])
        if text is None:
            continue
        what = imported["what"]
        for name in re.findall(r"\w+", what):
            source = text
            if what.startswith("{"):
                exported = re.search(EXPORTED.format(name=name), text, re.DOTALL)
                if not exported:
                    continue
                source = exported["body"]
            used = re.compile(rf"<{name}\b(?P<attributes>[^<>]*?)/>")
            body = used.sub(partial(_filled, source), body)
    return body


def _filled(source: str, use: re.Match[str]) -> str:
    given = {name: double or single for name, double, single in ATTRIBUTE.findall(use["attributes"])}
    filled = re.sub(r"\{(\w+)\}", lambda m: given.get(m[1], m[0]), source)
    return f"\n\n{filled}\n\n"


def _pieces(body: str) -> Iterator[Piece]:
    """Headings and blocks in order. What stands in a code fence is left as it is."""
    prose: list[str] = []
    code: list[str] | None = None
    fence = language = ""
    for line in body.split("\n"):
        opened = FENCE.match(line)
        if code is not None:
            if opened and opened[1].startswith(fence) and not line.strip().strip(fence[0]):
                if language not in DRAWN:
                    yield from _code(code)
                code = None
            else:
                code.append(line)
        elif opened:
            yield from _prose("\n".join(prose))
            prose, code, fence, language = [], [], opened[1], opened[2]
        else:
            prose.append(line)
    yield from _prose("\n".join(prose))
    yield from _code(code or [])


def _code(lines: list[str]) -> Iterator[Piece]:
    yield from _block(textwrap.dedent("\n".join(lines)).strip("\n"))


def _block(text: str) -> Iterator[Piece]:
    if text.strip():
        yield Piece(0, text)


def _prose(text: str) -> Iterator[Piece]:
    """Paragraphs on one line each, list items and table rows on lines of their own."""
    lines: list[str] = []
    for raw in _plain(text).split("\n"):
        line = raw.strip()
        heading = HEADING.match(line)
        if heading or not line:
            yield from _block("\n".join(lines))
            lines = []
            if heading:
                yield Piece(len(heading[1]), heading[2].replace("`", ""))
        elif line.startswith("|"):
            if not set(line) <= set("|:- \t"):  # the rule under a table's head
                lines.append(" | ".join(cell.strip() for cell in line.split("|")).strip())
        elif lines and not OWN_LINE.match(line):
            lines[-1] += f" {line}"
        else:
            lines.append(line)
    yield from _block("\n".join(lines))


def _plain(text: str) -> str:
    """Markup out, words kept. Code spans are not looked into."""
    text = _without_comments(IMPORT.sub("", text))
    spans: list[str] = []

    def put_away(span: re.Match[str]) -> str:
        spans.append(span[0])
        return f"\0{len(spans) - 1}\0"

    text = CODE_SPAN.sub(put_away, text)
    text = COMPONENT.sub(_text_of, text)
    text = LINK.sub(r"\1", IMAGE.sub("", text))
    text = BOLD.sub(r"\1", AUTOLINK.sub(r"\1", text))
    text = html.unescape(ESCAPED.sub(r"\1", text))
    return re.sub(r"\0(\d+)\0", lambda m: spans[int(m[1])], text)


def _without_comments(text: str) -> str:
    for opening, closing in COMMENTS:
        before, *commented = text.split(opening)
        text = before + "".join(each.partition(closing)[2] for each in commented)
    return text


def _text_of(tag: re.Match[str]) -> str:
    """What a component shows of itself: its title, if it has one."""
    if tag["name"] in INLINE:
        return ""
    if tag["name"] == "br":
        return " "
    shown = {name: double or single for name, double, single in ATTRIBUTE.findall(tag["attributes"])}
    title = shown.get("title") or (shown.get("name") if tag["name"].startswith("Tree.") else "")
    return f"\n\n{title}\n\n" if title and not tag["close"] else "\n\n"


def _by_heading(pieces: Iterable[Piece]) -> Iterator[tuple[Section, list[str]]]:
    """Every heading with the blocks under it; what comes before the first has an empty heading."""
    way: list[tuple[int, str]] = []
    blocks: list[str] = []
    anchors: dict[str, int] = {}
    anchor = ""
    for level, text in [*pieces, Piece(1, "")]:
        if not level:
            blocks.append(text)
            continue
        if blocks or way:
            headings = tuple(name for _, name in way)
            yield Section(" > ".join(headings), anchor, headings[-1:], ""), blocks
        way = [*((above, name) for above, name in way if above < level), (level, text)]
        blocks = []
        anchor = slug(text)
        anchors[anchor] = anchors.get(anchor, 0) + 1
        if anchors[anchor] > 1:
            anchor = f"{anchor}-{anchors[anchor]}"


def _cut(sections: Iterable[tuple[Section, list[str]]]) -> Iterator[Section]:
    for section, blocks in sections:
        held: list[str] = []
        words = 0
        for block in (part for whole in blocks for part in _parts(whole)):
            more = len(block.split())
            if held and words + more > MAX_WORDS:
                yield section._replace(text="\n\n".join(held))
                held, words = [], 0
            held.append(block)
            words += more
        yield section._replace(text="\n\n".join(held))


def _parts(block: str) -> list[str]:
    """A block too long for one section, cut between lines, else between sentences, else between words."""
    if len(block.split()) <= MAX_WORDS:
        return [block]
    for pattern, glue in ((re.compile("\n"), "\n"), (SENTENCE_END, " "), (re.compile(r"\s+"), " ")):
        pieces = pattern.split(block)
        if len(pieces) > 1:
            return [part for joined in _joined(pieces, glue) for part in _parts(joined)]
    return [block]


def _joined(pieces: list[str], glue: str) -> Iterator[str]:
    held: list[str] = []
    words = 0
    for piece in pieces:
        more = len(piece.split())
        if held and words + more > MAX_WORDS:
            yield glue.join(held)
            held, words = [], 0
        held.append(piece)
        words += more
    yield glue.join(held)


def _merged(sections: Iterable[Section]) -> Iterator[Section]:
    """Short neighbours together. A section that joins another brings its heading into the text."""
    held: Section | None = None
    for section in sections:
        if held is None:
            held = section
            continue
        words = len(held.text.split())
        if words < MIN_WORDS and words + len(section.text.split()) <= MAX_WORDS:
            held = _join(held, section)
        else:
            yield held
            held = section
    if held is not None and held.text.strip():
        yield held


def _join(first: Section, second: Section) -> Section:
    new_headings = tuple(name for name in second.headings if name not in first.headings)
    parts = (first.text, *new_headings, second.text)
    if not first.text:  # a heading with nothing under it but the next heading
        return second._replace(headings=first.headings + new_headings)
    return first._replace(
        headings=first.headings + new_headings, text="\n\n".join(part for part in parts if part)
    )
