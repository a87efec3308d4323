"""Words that a model quotes, found again as the exact characters they stand for."""

from __future__ import annotations

import re

LONGEST_QUOTE = 2_000

_ALIKE = ("'’‘ʼ`´", '"“”„«»', "-‐‑‒–—−")
_WRAPPING = re.compile(r"\A(?:\.\.\.|[\s…\"“”„])+|(?:\.\.\.|[\s…\"“”„])+\Z")
_LATIN = "[0-9A-Za-z\u00c0-\u024f]"
"""Only these have gaps between words that a quote must respect; Chinese or Japanese have none."""


def find_span(quote: str, text: str) -> tuple[int, int] | None:
    """Where `text` holds these words, `text[start:end]`; white space, case and kinds of quotation marks
    and dashes may differ. A quote never begins or ends within a word or a number: "5" is not in "50"."""
    words = _WRAPPING.sub("", quote)
    if not any(map(str.isalnum, words)) or len(words) > LONGEST_QUOTE:
        return None
    found = re.search(_pattern(words), text, re.IGNORECASE)
    return found.span() if found else None


def _pattern(words: str) -> str:
    middle = r"\s+".join("".join(map(_character, word)) for word in words.split())
    return f"{_before(words[0])}{middle}{_after(words[-1])}"


def _character(character: str) -> str:
    for kind in _ALIKE:
        if character in kind:
            return f"[{re.escape(kind)}]"
    return re.escape(character)


def _before(first: str) -> str:
    number = r"(?<!\d[.,])" if first.isdigit() else ""
    return f"(?<!{_LATIN}){number}" if re.match(_LATIN, first) else ""


def _after(last: str) -> str:
    number = r"(?![.,]\d)" if last.isdigit() else ""
    return f"(?!{_LATIN}){number}" if re.match(_LATIN, last) else ""
