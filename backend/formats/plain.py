"""Text with "Name: what they said", with or without times and Markdown bold. Times are clocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from backend.formats.cues import Recording, Utterance
from backend.formats.fields import clock
from backend.formats.labels import NAME, Label, Speakers, is_field, speakers_among

SAMPLE_LABELS = 50_000

_TIME = r"(?:\d{1,3}:)?\d{1,3}:\d{2}(?:[.,]\d{1,3})?"
_STAMP = rf"\\?[\[(]({_TIME})(?:[ ]?(?:-{{1,2}}>?|–)[ ]?{_TIME})?\\?[\])]"
_BOLD = r"(?:\*\*|__)?"
_LABEL = re.compile(
    rf"""^[ \t]{{0,12}}(?:[-*•>][ \t]{{1,4}})?
    (?P<bold>{_BOLD})(?:(?:{_STAMP}|(?P<before>{_TIME})(?=[ \t*_|–-])){_BOLD}[ \t]{{0,4}}[|–-]?[ \t]{{0,4}})?
    (?P<bold_name>{_BOLD})(?P<name>{NAME}){_BOLD}
    (?:[ \t]{{1,4}}(?:{_STAMP}|(?P<after>{_TIME})))?
    {_BOLD}[ \t]{{0,2}}:{_BOLD}(?=[ \t]|$)""",
    re.MULTILINE | re.VERBOSE,
)
_MARK = re.compile(rf"[ \t]*(?:{_STAMP}|({_TIME})[ \t]*$)")
_RULE = re.compile(r"[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t]*|#{1,6}[ \t].*")
_ESCAPED = re.compile(r"\\([\[\]*_#])")


def fits(text: str) -> bool:
    """Whether at least two lines name a speaker, or the very first line does."""
    labels = [_label(found) for found in islice(_LABEL.finditer(text), SAMPLE_LABELS)]
    speakers = speakers_among(labels, text.count("\n") + 1)
    spoken = list(islice((label for label in labels if label.name in speakers), 2))
    first = _LABEL.match(text.lstrip())
    return len(spoken) > 1 or (first is not None and _label(first).name in speakers)


def read(text: str) -> Recording:
    """The labelled lines, each with the lines after it; without any label, all is an unknown speaker's.

    What stands before the first speaker, and after a rule, a heading or a field, is not speech.
    """
    labels = (_label(found) for found in islice(_LABEL.finditer(text), SAMPLE_LABELS))
    lines = text.split("\n")
    speakers = speakers_among(labels, len(lines))
    if not speakers:
        return Recording(Utterance(None, line) for line in lines)
    return Recording(_utterances(lines[_sheet_lines(lines, speakers) :], speakers))


def _utterances(lines: list[str], speakers: Speakers) -> Iterator[Utterance]:
    speaker: str | None = None
    start_s: float | None = None
    fresh = True
    for line in lines:
        if not line or line.isspace():
            fresh = True
            continue
        found = _LABEL.match(line) if ":" in line else None
        label = _label(found) if found else None
        if found and label and label.name in speakers:
            speaker, start_s, line = label.name, _time(found), line[found.end() :]
        elif _RULE.fullmatch(line) or (fresh and label and is_field(label.name)):
            speaker = None
        fresh = False
        mark = _MARK.match(line)
        if mark:
            start_s, line = clock(mark[1] or mark[2]), line[mark.end() :]
        if speaker and line:
            yield Utterance(speaker, _ESCAPED.sub(r"\1", line), start_s)
            start_s = None


def _sheet_lines(lines: list[str], speakers: Speakers) -> int:
    """How many lines at the top are a call sheet: an opening block with a field, and speech after it."""
    end = next((at for at, line in enumerate(lines) if at and not line.strip()), 0)
    block = [_label(found) for line in lines[:end] if (found := _LABEL.match(line))]
    if not any(is_field(label.name) for label in block):
        return 0
    after = (_LABEL.match(line) for line in lines[end:])
    return end if any(found and _label(found).name in speakers for found in after) else 0


def _label(found: re.Match[str]) -> Label:
    timed = _time(found) is not None
    return Label(" ".join(found["name"].split()), bool(found["bold"] or found["bold_name"]) or timed)


def _time(found: re.Match[str]) -> float | None:
    times = (found[2], found["before"], found[6], found["after"])
    return next((clock(time) for time in times if time), None)
