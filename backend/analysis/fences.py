"""Words from outside laid before Claude as data: in lines they cannot forge and fences they cannot close."""

from __future__ import annotations

import hashlib

from backend.transcript import Turn

LONGEST_NAME = 80

_CONTROLS = dict.fromkeys((*range(32), 127))


def fenced(name: str, data: str) -> str:
    """The data between two marked lines. The mark is made from the data, so the data cannot hold it, and
    the same data always gives the same request."""
    mark = _digest(data)
    while mark in data:
        mark = _digest(mark + data)
    return f"=== {name} {mark} begins ===\n{data}\n=== {name} {mark} ends ==="


def one_line(text: str, most: int | None = None) -> str:
    """The text with white space folded, so that nothing in it can begin a line of ours; control characters
    go, and lone surrogates, which can be neither sent nor stored, become question marks."""
    folded = " ".join(text.split()).translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")
    return folded if most is None or len(folded) <= most else f"{folded[: most - 1].rstrip()}…"


def spoken_line(turn: Turn, text: str) -> str:
    """Words of a turn as one numbered line: `[12] Ann Lee (internal): …`."""
    return f"[{turn.index}] {one_line(turn.speaker, LONGEST_NAME)} ({turn.side}): {one_line(text)}"


def _digest(data: str) -> str:
    return hashlib.sha256(data.encode("utf-8", "replace")).hexdigest()[:16]
