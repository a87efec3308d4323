"""A call as it was spoken: participants, turns, and quotes that point into them. Times are seconds."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Iterable
from datetime import datetime
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

UNKNOWN_SPEAKER = "Unknown speaker"
"""Who says what a file gives no name to."""

Side = Literal["internal", "external", "unknown"]
Role = Literal["ae", "se", "csm"]


class Participant(BaseModel):
    """Somebody on the call. `id` is what the source called them, `role` only known for our own people."""

    id: str
    name: str
    email: str | None = None
    side: Side = "unknown"
    role: str | None = None


class Call(BaseModel):
    """What is known of a call apart from its words."""

    id: str | None = None
    title: str | None = None
    started_at: datetime | None = None
    duration_s: float | None = None
    participants: list[Participant] = Field(default_factory=list)


class Cue(NamedTuple):
    """Where an original cue begins in its turn's text, and its times as the source gave them."""

    char_start: int
    start_s: float | None
    end_s: float | None


class Turn(BaseModel):
    """All that one speaker says until another speaks; the source's cues joined by single spaces."""

    index: int
    speaker: str
    side: Side = "unknown"
    start_s: float | None = None
    end_s: float | None = None
    text: str
    cues: list[Cue] = Field(default_factory=list)

    def cue_at(self, char: int) -> Cue | None:
        """The cue that holds the character at this offset."""
        at = bisect_right(self.cues, char, key=lambda cue: cue.char_start) - 1
        return self.cues[at] if at >= 0 else None

    def quote(self, char_start: int, char_end: int) -> Quote:
        """The words from `char_start` up to `char_end`, with the times of the cues they stand in."""
        first, last = self.cue_at(char_start), self.cue_at(max(char_start, char_end - 1))
        return Quote(
            turn=self.index,
            speaker=self.speaker,
            text=self.text[char_start:char_end],
            start_s=first.start_s if first else self.start_s,
            end_s=last.end_s if last else self.end_s,
            char_start=char_start,
            char_end=char_end,
        )

    def find(self, words: str) -> Quote | None:
        """The first place where these exact words stand, or None."""
        at = self.text.find(words) if words else -1
        return self.quote(at, at + len(words)) if at >= 0 else None


class Quote(BaseModel):
    """Words of one turn: `text == turns[turn].text[char_start:char_end]`."""

    model_config = ConfigDict(frozen=True)

    turn: int
    speaker: str
    text: str
    start_s: float | None = None
    end_s: float | None = None
    char_start: int
    char_end: int


class Transcript(BaseModel):
    """A parsed call. `warnings` are sentences for the user about what the file did not say."""

    call: Call
    turns: list[Turn]
    format: str
    warnings: list[str] = Field(default_factory=list)


def spoken_key(turns: Iterable[Turn]) -> str:
    """The same for the same words of the same speakers, whatever else is known of the call."""
    said = json.dumps([(turn.speaker, turn.text) for turn in turns])
    return hashlib.sha256(said.encode()).hexdigest()
