"""Text with "Name: what they said", with or without times and Markdown bold. Times are clocks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from backend.formats.cues import Recording, Utterance
from backend.formats.fields import clock
from backend.formats.hygiene import squeeze
from backend.formats.labels import NAME, Label, Speakers, is_field, speakers_among

SAMPLE_LINES = 10_000
SHEET_LINES = 60

_TIME = r"(?:\d{1,3}:)?\d{1,3}:\d{2}(?:[.,]\d{1,3})?"
_STAMP = rf"\\?[\[(]({_TIME})(?:[ ]?(?:-{{1,2}}>?|–)[ ]?{_TIME})?\\?[\])]"
_BOLD = r"(?:\*\*|__)?"
_LABEL = re.compile(
    rf"""[ \t]{{0,12}}(?:[-*•>][ \t]{{1,4}})?
    (?P<bold>{_BOLD})(?:(?:{_STAMP}|(?P<before>{_TIME})(?=[ \t*_|–-])){_BOLD}[ \t]{{0,4}}[|–-]?[ \t]{{0,4}})?
    (?P<bold_name>{_BOLD})(?P<name>{NAME}){_BOLD}
    (?:[ \t]{{1,4}}(?:{_STAMP}|(?P<after>{_TIME})))?
    {_BOLD}[ \t]{{0,2}}:{_BOLD}(?=[ \t]|$)""",
    re.VERBOSE,
)
_MARK = re.compile(rf"[ \t]*(?:{_STAMP}|({_TIME})[ \t]*$)")
_RULE = re.compile(r"[ \t]*(?:-{3,}|\*{3,}|_{3,}|={3,})[ \t]*|#{1,6}[ \t].*")
_ESCAPED = re.compile(r"\\([\[\]*_#])")


def fits(text: str) -> bool:
    """Whether at least two lines name a speaker, or the very first line does."""
    lines = _sample(text)
    speakers = _speakers(lines)
    spoken = [name in speakers if (name := _name(line)) else False for line in lines if line.strip()]
    return sum(spoken) > 1 or spoken[:1] == [True]


def read(text: str) -> Recording:
    """The labelled lines, each with the lines after it; without any label, all is an unknown speaker's.

    What stands before the first speaker, and after a rule, a heading or a field, is not speech.
    """
    speakers = _speakers(_sample(text))
    lines = text.split("\n")
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
        found = _match(line)
        name = _squeezed(found) if found else None
        if found and name and name in speakers:
            own = _time(found)
            start_s = start_s if own is None else own  # the time may stand on the line before
            speaker, line = name, line[found.end() :]
        elif _RULE.fullmatch(line) or (fresh and name and is_field(name)):
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
    end = next((at for at, line in enumerate(lines[:SHEET_LINES]) if at and not line.strip()), 0)
    if not any(is_field(name) for line in lines[:end] if (name := _name(line))):
        return 0
    return end if any(name in speakers for line in lines[end:] if (name := _name(line))) else 0


def _sample(text: str) -> list[str]:
    return text.split("\n", SAMPLE_LINES)[:SAMPLE_LINES]


def _speakers(lines: list[str]) -> Speakers:
    matches = (found for line in lines if (found := _match(line)))
    labels = (Label(_squeezed(found), _is_marked(found)) for found in matches)
    return speakers_among(labels, sum(not line.isspace() and line != "" for line in lines))


def _match(line: str) -> re.Match[str] | None:
    return _LABEL.match(line) if ":" in line else None


def _name(line: str) -> str | None:
    found = _match(line)
    return _squeezed(found) if found else None


def _squeezed(found: re.Match[str]) -> str:
    return squeeze(found["name"])


def _is_marked(found: re.Match[str]) -> bool:
    return bool(found["bold"] or found["bold_name"]) or _time(found) is not None


def _time(found: re.Match[str]) -> float | None:
    times = (found[2], found["before"], found[6], found["after"])
    return next((clock(time) for time in times if time), None)
