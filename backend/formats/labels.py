"""Which "Name:" at the start of a line names a speaker, and which is a field, a title or a turn of phrase."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple

NAME = r"[\w+@][^:?!;*<>\"“”\n]{0,59}?"
"""A label as a pattern: bounded, so that matching stays linear."""


def _words_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


FIELDS = _words_of(
    """
    account industry company product date day time duration length attendees participants speakers present id
    call-id call-date call-type call-notes call-duration call-title call-time meeting-id meeting-date
    meeting-notes meeting-title start start-time end-time started ended recorded recorded-on recording
    recording-link transcript title subject topic agenda location place outcome result disposition status
    stage deal deal-size deal-stage deal-value opportunity source language version tags link url notes
    summary overview takeaways key-takeaways key-points action-items next-steps follow-up follow-ups
    objective objectives goal goals purpose scenario context background sentiment score analysis keywords
    summary-keywords file filename format created exported organizer organiser platform
    jingle break music applause laughter
    """
)
"""Headings of a call sheet and stage directions, with hyphens for spaces. They never speak."""

PHRASES = _words_of(
    """
    note remember reminder important warning caution caveat tip hint example fact question answer also first
    second third fourth finally lastly meaning obviously basically namely update edit ps p.s fyi nb n.b todo
    to-do http https mailto step option pros cons conclusion spoiler disclaimer disclosure full-disclosure
    correction translation problem solution reason right okay ok so well now then because however anyway
    at in on by from to like and but or if when that this is
    """
)
"""What people say before a colon."""

TITLES = frozenset({"transcript", "call", "meeting", "recording", "session", "webinar", "demo", "notes"})
"""Words of a document's title: a label that holds one speaks only if it comes back."""

_NUMBERED = re.compile(r"(?:speaker|participant|guest|caller|spk)[ _-]?\w{1,3}", re.IGNORECASE)

PARTICLES = _words_of("van von der den de del della di da dos du la le el al bin ibn y e and und of the")


class Label(NamedTuple):
    """A candidate at the start of a line. `marked` when the file dresses it up: bold, or with a time."""

    name: str
    marked: bool = False


@dataclass
class _Seen:
    times: int = 0
    marked: bool = False


@dataclass
class Speakers:
    """The labels of one file that are speakers. A label not met while sampling is judged by its form."""

    verdicts: dict[str, bool] = field(default_factory=dict)

    def __contains__(self, name: str) -> bool:
        known = self.verdicts.get(name)
        return looks_like_a_name(name) and not _never(name) if known is None else known

    def __bool__(self) -> bool:
        return any(self.verdicts.values())


def speakers_among(labels: Iterable[Label], lines: int) -> Speakers:
    """Decide for each label met in a file of so many lines (or cues)."""
    seen: dict[str, _Seen] = {}
    total = marked = 0
    for label in labels:
        entry = seen.setdefault(label.name, _Seen())
        entry.times += 1
        entry.marked |= label.marked
        total += 1
        marked += label.marked
    dense, sparse = total * 2 >= lines, total * 10 < lines
    dressed = marked * 2 > total
    return Speakers(
        {
            name: not _never(name)
            and (_recurs(name, entry, dense) if entry.times > 1 else _speaks_once(name, dense, sparse))
            and (entry.marked or entry.times > 1 or not dressed)
            for name, entry in seen.items()
        }
    )


def looks_like_a_name(label: str) -> bool:
    """Up to five words with capitals or of a script without them; a telephone number; "speaker 1"."""
    if _NUMBERED.fullmatch(label):
        return True
    words = _words(label)
    if not 0 < len(words) <= 5 or any(len(word) > 5 and word.endswith(".") for word in words):
        return False
    letters = any(letter.isalpha() for word in words for letter in word)
    if not letters and sum(letter.isdigit() for letter in label) < 7:
        return False
    return not words[0][0].islower() and all(
        not word[0].islower() or word.casefold() in PARTICLES for word in words
    )


def is_field(label: str) -> bool:
    """Whether this is a heading of a call sheet, such as Date or Call notes."""
    return "-".join(label.casefold().split()) in FIELDS


def _words(label: str) -> list[str]:
    """The words of the name itself, without "| Org" and "(Org)"."""
    core = re.split(r"[|(\[{]", label, maxsplit=1)[0].strip() or label
    return core.replace(",", " ").split()


def _never(label: str) -> bool:
    return is_field(label) or "-".join(label.casefold().split()) in PHRASES


def _recurs(name: str, entry: _Seen, dense: bool) -> bool:
    return looks_like_a_name(name) or dense or entry.marked


def _speaks_once(name: str, dense: bool, sparse: bool) -> bool:
    if TITLES & set(name.casefold().split()):
        return False
    if looks_like_a_name(name):
        return not sparse or len(_words(name)) > 1
    return dense and len(_words(name)) == 1
