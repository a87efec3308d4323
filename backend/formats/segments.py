"""Generic JSON: a list of {speaker, text, start?, end?}, or an object that holds one. Times are seconds, or
clocks, or milliseconds where the key says so."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import AliasChoices, BaseModel, Field, JsonValue

from backend.errors import UnreadableTranscript
from backend.formats.cues import Recording, Utterance
from backend.formats.fields import Line, Milliseconds, Moment, Seconds, Text, read_as
from backend.transcript import Call

TITLE = "list of segments"
_LISTS = ("segments", "turns", "utterances", "transcript", "entries", "sentences", "messages", "conversation")
_TEXTS = ("text", "content", "sentence", "transcript", "utterance", "message", "body")
_SPEAKERS = ("speaker", "speaker_name", "speakerName", "name", "participant", "user", "role", "speaker_label")
_IDS = ("speaker_id", "speakerId")


class _Person(BaseModel):
    """A speaker given as an object."""

    name: Line = Field(
        "", validation_alias=AliasChoices("name", "display_name", "displayName", "label", "id")
    )


class _Row(BaseModel):
    speaker: Line | _Person = Field("", validation_alias=AliasChoices(*_SPEAKERS), union_mode="left_to_right")
    speaker_id: Line = Field("", validation_alias=AliasChoices(*_IDS))
    text: Text = Field("", validation_alias=AliasChoices(*_TEXTS))
    start: Seconds = Field(
        None,
        validation_alias=AliasChoices("start", "start_s", "start_time", "startTime", "begin", "timestamp"),
    )
    end: Seconds = Field(None, validation_alias=AliasChoices("end", "end_s", "end_time", "endTime"))
    start_ms: Milliseconds = Field(None, validation_alias=AliasChoices("start_ms", "startMs"))
    end_ms: Milliseconds = Field(None, validation_alias=AliasChoices("end_ms", "endMs"))

    def utterance(self) -> Utterance:
        name = self.speaker.name if isinstance(self.speaker, _Person) else self.speaker
        return Utterance(
            (f"Speaker {name}" if name.isdecimal() else name) or self._numbered(),
            self.text,
            self.start if self.start is not None else self.start_ms,
            self.end if self.end is not None else self.end_ms,
        )

    def _numbered(self) -> str | None:
        return f"Speaker {self.speaker_id}" if self.speaker_id else None


class _Head(BaseModel):
    id: Line = Field("", validation_alias=AliasChoices("id", "call_id", "callId"))
    title: Line = Field("", validation_alias=AliasChoices("title", "name"))
    started_at: Moment = Field(None, validation_alias=AliasChoices("started_at", "startedAt", "date"))


def fits(value: JsonValue) -> bool:
    """Whether a list of objects with text is found here; an empty list counts, it is a call without words."""
    rows = _rows(value)
    if rows is None:
        return False
    return not rows or any(isinstance(row, dict) and bool(row.keys() & set(_TEXTS)) for row in rows[:50])


def read(value: JsonValue) -> Recording:
    """One call from its list of segments, read one by one."""
    rows = _rows(value)
    if rows is None:
        raise UnreadableTranscript(f"This is not a {TITLE}: send [{{speaker, text, start?, end?}}].")
    head = read_as(_Head, value, TITLE) if isinstance(value, dict) else _Head()
    call = Call(id=head.id or None, title=head.title or None, started_at=head.started_at)
    return Recording(_utterances(rows), call)


def _utterances(rows: list[JsonValue]) -> Iterator[Utterance]:
    for row in rows:
        yield read_as(_Row, row, TITLE).utterance()


def _rows(value: JsonValue) -> list[JsonValue] | None:
    if isinstance(value, list):
        return value
    if not isinstance(value, dict):
        return None
    lists = (value.get(key) for key in _LISTS)
    return next((found for found in lists if isinstance(found, list)), None)
