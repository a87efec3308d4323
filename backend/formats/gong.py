"""Gong's API: the body of /v2/calls/transcript, bare or with the call and its parties. Times are ms."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel, Field, JsonValue

from backend.errors import UnreadableTranscript
from backend.formats.cues import Recording, Utterance
from backend.formats.fields import Line, Milliseconds, Moment, Rows, Seconds, Text, read_as
from backend.transcript import Call, Participant, Side

TITLE = "Gong transcript"
_SIDES: dict[str, Side] = {"internal": "internal", "external": "external"}


class _Sentence(BaseModel):
    text: Text = ""
    start: Milliseconds = None
    end: Milliseconds = None


class _Monologue(BaseModel):
    speaker: Line = Field("", alias="speakerId")
    sentences: Rows[_Sentence] = []


class _CallTranscript(BaseModel):
    call_id: Line = Field("", alias="callId")
    transcript: Rows[_Monologue] = []


class _Party(BaseModel):
    speaker: Line = Field("", alias="speakerId")
    name: Line = ""
    email: Line = Field("", alias="emailAddress")
    affiliation: Line = ""
    title: Line = ""


class _Facts(BaseModel):
    id: Line = ""
    title: Line = ""
    started: Moment = None
    duration: Seconds = None


class _Call(_Facts):
    meta: _Facts | None = Field(None, alias="metaData")
    parties: Rows[_Party] = []


class _Body(BaseModel):
    call: _Call | None = None
    calls: Rows[_Call] = []
    parties: Rows[_Party] = []
    transcripts: Rows[_CallTranscript] = Field([], alias="callTranscripts")


def fits(value: JsonValue) -> bool:
    """Whether this is a transcript body, or one item of it."""
    if not isinstance(value, dict):
        return False
    if "callTranscripts" in value:
        return True
    items = value.get("transcript")
    first = items[0] if isinstance(items, list) and items else None
    return isinstance(first, dict) and "sentences" in first


def read(value: JsonValue) -> Recording:
    """One Gong call. Raises UnreadableTranscript for a body with several calls."""
    if isinstance(value, dict) and "callTranscripts" not in value:
        value = {**value, "callTranscripts": [value]}
    body = read_as(_Body, value, TITLE)
    if len(body.transcripts) > 1:
        raise UnreadableTranscript(
            f"This Gong body holds {len(body.transcripts)} calls: send each of callTranscripts by itself."
        )
    transcript = body.transcripts[0] if body.transcripts else _CallTranscript()
    call = body.call or (body.calls[0] if len(body.calls) == 1 else _Call())
    people = _participants(call.parties or body.parties, transcript)
    facts = call.meta or call
    return Recording(
        _utterances(transcript, {person.id: person.name for person in people}),
        Call(
            id=facts.id or transcript.call_id or None,
            title=facts.title or None,
            started_at=facts.started,
            duration_s=facts.duration,
            participants=people,
        ),
    )


def _participants(parties: list[_Party], transcript: _CallTranscript) -> list[Participant]:
    """The parties, and "Speaker n" for each voice that no party owns."""
    people = [
        Participant(
            id=party.speaker or party.email or name,
            name=name,
            email=party.email or None,
            side=_SIDES.get(party.affiliation.casefold(), "unknown"),
            role=party.title or None if party.affiliation.casefold() == "internal" else None,
        )
        for party in parties
        if (name := party.name or party.email)
    ]
    known = {person.id for person in people}
    voices = dict.fromkeys(monologue.speaker for monologue in transcript.transcript)
    unnamed = [voice for voice in voices if voice and voice not in known]
    return people + [Participant(id=voice, name=f"Speaker {n}") for n, voice in enumerate(unnamed, 1)]


def _utterances(transcript: _CallTranscript, names: dict[str, str]) -> Iterator[Utterance]:
    for monologue in transcript.transcript:
        speaker = names.get(monologue.speaker)
        for sentence in monologue.sentences:
            yield Utterance(speaker, sentence.text, sentence.start, sentence.end)
