"""A block of text in a document: a paragraph, a list item, a row of a table."""

from __future__ import annotations

import re
from typing import NamedTuple

IGNORED = re.compile(r"<!--\s*call-coach[: -]ignore\b", re.IGNORECASE)
"""A comment that leaves the next block out."""

_OTHERS = re.compile(
    r"\b(?:objections?|pushback|concerns?|myths?|misconceptions?|faq|questions?"
    r"|you(?:['’]ll| will| may| might)? hear"
    r"|(?:they|prospects?|customers?|buyers?|people|competitors?|\w+ reps?)(?: \w+)?"
    r" (?:say|said|ask|claim|think|believe)s?"
    r"|wrong|incorrect|false|outdated|avoid|don['’]?t say|do not say|never say|instead of|competitors?"
    r"|their (?:pitch|claims?|argument)s?|landmines?)\b",
    re.IGNORECASE,
)
_OURS = re.compile(
    r"\b(?:answers?|responses?|respond|reply|say this|we say|talk ?tracks?|our (?:answer|response|pitch)"
    r"|facts?|reality|truth|how to|what to say|right)\b",
    re.IGNORECASE,
)


class Block(NamedTuple):
    """`line` counts from 1 where the file has lines; `place` says where it stands in words ("page 3").
    `heading` is what stands over it."""

    text: str
    line: int | None
    place: str
    heading: str = ""

    @property
    def is_ours(self) -> bool:
        """Whether the document itself says this, and does not tell what others say or what not to say."""
        return speaks_for_us(self.heading)


def speaks_for_us(heading: str) -> bool:
    """Whether what stands under this heading or lead-in is put forward as true."""
    return not _OTHERS.search(heading) or _OURS.search(heading) is not None


def squeezed(text: str) -> str:
    """White space at the ends and runs of blanks gone; line breaks stay, for they count."""
    return re.sub(r"[^\S\n]+", " ", text).strip()
