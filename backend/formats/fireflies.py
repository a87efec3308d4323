"""Fireflies: sentences with times in seconds; the duration is in minutes, the date in epoch milliseconds."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, Field, JsonValue

from backend.formats.cues import Recording, Utterance
from backend.formats.fields import Line, Moment, Rows, Seconds, Text, read_as
from backend.formats.people import pair_emails
from backend.transcript import Call, Participant

TITLE = "Fireflies transcript"


class _Sentence(BaseModel):
    speaker_name: Line = ""
    speaker_id: Line = ""
    text: Text = ""
    raw_text: Text = ""
    start_time: Seconds = None
    end_time: Seconds = None

    @property
    def speaker(self) -> str | None:
        return self.speaker_name or (f"Speaker {self.speaker_id}" if self.speaker_id else None)


class _Body(BaseModel):
    id: Line = ""
    title: Line = ""
    date: Moment = None
    minutes: Seconds = Field(None, alias="duration")
    participants: Rows[Line] = []
    sentences: Rows[_Sentence] = []


def fits(value: JsonValue) -> bool:
    """Whether this has Fireflies' sentences, also inside a GraphQL answer."""
    body = _unwrapped(value)
    rows = body.get("sentences") if isinstance(body, dict) else None
    if not isinstance(rows, list):
        return False
    return not rows or (isinstance(rows[0], dict) and bool({"speaker_name", "raw_text"} & rows[0].keys()))


def read(value: JsonValue) -> Recording:
    """One Fireflies call; addresses are given to the speakers whose names they spell."""
    body = read_as(_Body, _unwrapped(value), TITLE)
    voices = {s.speaker: s.speaker_id for s in body.sentences if s.speaker}
    people = [Participant(id=voice_id or name, name=name) for name, voice_id in voices.items()]
    emails = [part for entry in body.participants for part in entry.replace(",", " ").split() if "@" in part]
    return Recording(
        _utterances(body.sentences),
        Call(
            id=body.id or None,
            title=body.title or None,
            started_at=body.date,
            duration_s=round(body.minutes * 60, 3) if body.minutes else None,
            participants=pair_emails(people, emails),
        ),
    )


def _utterances(sentences: list[_Sentence]) -> Iterator[Utterance]:
    for sentence in sentences:
        text = sentence.text or sentence.raw_text
        yield Utterance(sentence.speaker, text, sentence.start_time, sentence.end_time)


def _unwrapped(value: JsonValue) -> JsonValue:
    data = value.get("data") if isinstance(value, dict) else None
    inner = data.get("transcript") if isinstance(data, dict) else None
    return inner if isinstance(inner, dict) else value
