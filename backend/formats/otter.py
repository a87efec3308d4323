"""Otter's text export: "Name  m:ss" on a line of its own, then what was said. A start time, no end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from backend.formats.cues import Recording, Utterance
from backend.formats.fields import clock
from backend.formats.hygiene import squeeze
from backend.formats.labels import NAME, looks_like_a_name

SAMPLE_LINES = 5_000
_TIME = r"\(?((?:\d{1,3}:)?\d{1,3}:\d{2})\)?"
_HEADER = re.compile(rf"[ \t]{{0,8}}(?:\*\*)?\[?({NAME})\]?(?:\*\*)?([ \t]{{1,12}}){_TIME}[ \t]*")
_FOOTER = re.compile(r"[ \t]*Transcribed by https?://otter\.ai\b")


def fits(text: str) -> bool:
    """Whether such header lines open the file or come back in it."""
    headers = spoken = 0
    opens = False
    for header, _ in islice(_lines(text), SAMPLE_LINES):
        opens = opens or (header is not None and spoken == 0)
        spoken += header is None
        headers += header is not None
    return headers > 1 or (headers == 1 and opens and spoken > 0)


def read(text: str) -> Recording:
    """The turns of an Otter export, without what stands before the first header and without the footer."""
    return Recording(_utterances(text))


def _utterances(text: str) -> Iterator[Utterance]:
    speaker: str | None = None
    start_s: float | None = None
    for header, line in _lines(text):
        if header:
            speaker, start_s = header
        elif speaker and not _FOOTER.match(line):
            yield Utterance(speaker, line, start_s)
            start_s = None


def _lines(text: str) -> Iterator[tuple[tuple[str, float | None] | None, str]]:
    """Every line that is not blank, with the speaker and time where it is a header.

    One space before the time is enough only after a blank line and for a name, so that "Thursday 10:30"
    inside a turn stays speech.
    """
    fresh = True
    for line in text.split("\n"):
        if not line.strip():
            fresh = True
            continue
        found = _HEADER.fullmatch(line) if ":" in line else None
        if found and (len(found[2]) > 1 or (fresh and looks_like_a_name(found[1]))):
            yield (squeeze(found[1]), clock(found[3])), line
        else:
            yield None, line
        fresh = False
