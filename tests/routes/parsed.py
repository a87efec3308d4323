"""A page as a browser sees it, for tests."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import NamedTuple

VOID = {"meta", "link", "input", "br", "hr", "img"}


class Element(NamedTuple):
    tag: str
    attributes: dict[str, str]
    path: tuple[str, ...]
    text: list[str]

    @property
    def words(self) -> str:
        return " ".join("".join(self.text).split())

    def has(self, name: str) -> bool:
        return name in self.attributes.get("class", "").split()


class Parsed(HTMLParser):
    """A page's elements. Refuses tags that are not closed in order, which browsers would guess about."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(page)
        self.close()
        assert not self._open, f"left open: {self._open[-1]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        assert len(given) == len(attrs), f"an attribute stands twice in <{tag}>"
        element = Element(tag, given, tuple(parent.tag for parent in self._open), [])
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self._open, f"</{tag}> closes nothing"
        assert self._open[-1].tag == tag, f"</{tag}> closes <{self._open[-1].tag}>"
        self._open.pop()

    def handle_data(self, data: str) -> None:
        hidden = any(element.has("vh") for element in self._open)
        for element in self._open:
            if not hidden or element.has("vh"):
                element.text.append(data)

    def all(self, tag: str, name: str | None = None) -> list[Element]:
        return [e for e in self.elements if e.tag == tag and (name is None or e.has(name))]

    def by_id(self, id_: str) -> Element:
        return next(e for e in self.elements if e.attributes.get("id") == id_)
