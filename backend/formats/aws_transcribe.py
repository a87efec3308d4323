"""AWS Transcribe: the standard job (times in seconds) and Call Analytics (times in ms, roles as sides)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel, Field, JsonValue

from backend.formats.cues import Recording, Utterance, Word, in_time, sentences
from backend.formats.fields import Line, Milliseconds, Rows, Seconds, Text, read_as
from backend.transcript import Call, Participant, Side

TITLE = "AWS transcript"
_ROLES: dict[str, tuple[str, Side]] = {"AGENT": ("Agent", "internal"), "CUSTOMER": ("Customer", "external")}


class _Alternative(BaseModel):
    content: Text = ""


class _Item(BaseModel):
    type: Line = ""
    speaker_label: Line = ""
    start_time: Seconds = None
    end_time: Seconds = None
    alternatives: Rows[_Alternative] = []

    @property
    def text(self) -> str:
        return self.alternatives[0].content if self.alternatives else ""


class _Segment(BaseModel):
    speaker_label: Line = ""
    transcript: Text = ""
    start_time: Seconds = None
    end_time: Seconds = None
    items: Rows[_Item] = []


class _SpeakerLabels(BaseModel):
    segments: Rows[_Segment] = []


class _Channel(BaseModel):
    channel_label: Line = ""
    items: Rows[_Item] = []


class _ChannelLabels(BaseModel):
    channels: Rows[_Channel] = []


class _Transcript(BaseModel):
    transcript: Text = ""


class _Results(BaseModel):
    transcripts: Rows[_Transcript] = []
    speaker_labels: _SpeakerLabels | None = None
    channel_labels: _ChannelLabels | None = None
    items: Rows[_Item] = []


class _Job(BaseModel):
    name: Line = Field("", alias="jobName")
    results: _Results


class _Part(BaseModel):
    text: Text = Field("", alias="Content")
    start: Milliseconds = Field(None, alias="BeginOffsetMillis")
    end: Milliseconds = Field(None, alias="EndOffsetMillis")
    role: Line = Field("", alias="ParticipantRole")
    participant: Line = Field("", alias="ParticipantId")

    @property
    def speaker(self) -> str | None:
        return _ROLES.get(self.role.upper(), (self.role, None))[0] or self.participant or None


class _Characteristics(BaseModel):
    duration: Milliseconds = Field(None, alias="TotalConversationDurationMillis")


class _Analytics(BaseModel):
    name: Line = Field("", alias="JobName")
    parts: Rows[_Part] = Field([], alias="Transcript")
    characteristics: _Characteristics | None = Field(None, alias="ConversationCharacteristics")


def fits(value: JsonValue) -> bool:
    """Whether this is the output of either kind of job."""
    if not isinstance(value, dict):
        return False
    results = value.get("results")
    if isinstance(results, dict):
        return bool({"items", "transcripts", "speaker_labels"} & results.keys())
    return isinstance(value.get("Transcript"), list)


def read(value: JsonValue) -> Recording:
    """One call of either kind of job."""
    if isinstance(value, dict) and "Transcript" in value:
        return _read_analytics(read_as(_Analytics, value, TITLE))
    job = read_as(_Job, value, TITLE)
    return Recording(_job_utterances(job.results), Call(title=job.name or None))


def _read_analytics(body: _Analytics) -> Recording:
    roles = dict.fromkeys(part.role.upper() for part in body.parts)
    people = [
        Participant(id=role, name=_ROLES[role][0], side=_ROLES[role][1]) for role in roles if role in _ROLES
    ]
    return Recording(
        (Utterance(part.speaker, part.text, part.start, part.end) for part in body.parts),
        Call(
            title=body.name or None,
            duration_s=body.characteristics.duration if body.characteristics else None,
            participants=people,
        ),
    )


def _job_utterances(results: _Results) -> Iterable[Utterance]:
    channels = results.channel_labels.channels if results.channel_labels else []
    if channels:
        return in_time(sentences(_words(channel.items, {}, channel.channel_label)) for channel in channels)
    if results.items:
        return sentences(_words(results.items, _speaker_at(results.speaker_labels), ""))
    return [Utterance(None, whole.transcript) for whole in results.transcripts]


def _speaker_at(labels: _SpeakerLabels | None) -> dict[float, str]:
    """Who speaks at each word's start, in the older output that says so apart from the words."""
    return {
        item.start_time: item.speaker_label or segment.speaker_label
        for segment in (labels.segments if labels else [])
        for item in segment.items
        if item.start_time is not None
    }


def _words(items: list[_Item], speaker_at: dict[float, str], channel: str) -> Iterator[Word]:
    """The words, each with the punctuation that follows it."""
    word: Word | None = None
    for item in items:
        if item.type == "punctuation" and word:
            word = word._replace(text=word.text + item.text)
            continue
        if word:
            yield word
        label = channel or item.speaker_label or speaker_at.get(item.start_time or 0.0, "")
        word = Word(_speaker(label), item.text, item.start_time, item.end_time)
    if word:
        yield word


def _speaker(label: str) -> str | None:
    """`spk_0` and `ch_0` as people write them."""
    kind, _, number = label.partition("_")
    return f"Speaker {number}" if kind in ("spk", "ch") and number else label or None
