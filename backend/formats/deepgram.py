"""Deepgram: utterances, else paragraphs, else words, each with a speaker's number. Times are seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pydantic import BaseModel, JsonValue

from backend.formats.cues import Recording, Utterance, Word, in_time, sentences
from backend.formats.fields import Line, Moment, Rows, Seconds, Text, read_as
from backend.transcript import Call

TITLE = "Deepgram transcript"


class _Timed(BaseModel):
    start: Seconds = None
    end: Seconds = None


class _Word(_Timed):
    word: Text = ""
    punctuated_word: Text = ""
    speaker: Line = ""


class _Utterance(_Timed):
    transcript: Text = ""
    speaker: Line = ""
    channel: Line = ""


class _Sentence(_Timed):
    text: Text = ""


class _Paragraph(BaseModel):
    sentences: Rows[_Sentence] = []
    speaker: Line = ""


class _Paragraphs(BaseModel):
    paragraphs: Rows[_Paragraph] = []


class _Alternative(BaseModel):
    transcript: Text = ""
    words: Rows[_Word] = []
    paragraphs: _Paragraphs | None = None


class _Channel(BaseModel):
    alternatives: Rows[_Alternative] = []


class _Results(BaseModel):
    channels: Rows[_Channel] = []
    utterances: Rows[_Utterance] = []


class _Metadata(BaseModel):
    request_id: Line = ""
    created: Moment = None
    duration: Seconds = None


class _Body(BaseModel):
    metadata: _Metadata | None = None
    results: _Results


def fits(value: JsonValue) -> bool:
    """Whether this has Deepgram's results."""
    results = value.get("results") if isinstance(value, dict) else None
    return isinstance(results, dict) and bool({"channels", "utterances"} & results.keys())


def read(value: JsonValue) -> Recording:
    """One Deepgram answer. With several channels, each channel is a speaker."""
    body = read_as(_Body, value, TITLE)
    facts = body.metadata or _Metadata()
    call = Call(id=facts.request_id or None, started_at=facts.created, duration_s=facts.duration)
    return Recording(_utterances(body.results), call)


def _utterances(results: _Results) -> Iterable[Utterance]:
    apart = len(results.channels) > 1
    if results.utterances:
        return (
            Utterance(
                _speaker(part.channel if apart else part.speaker), part.transcript, part.start, part.end
            )
            for part in results.utterances
        )
    channels = (
        _channel_utterances(channel.alternatives[0], _speaker(str(number)) if apart else None)
        for number, channel in enumerate(results.channels)
        if channel.alternatives
    )
    return in_time(channels) if apart else (utterance for channel in channels for utterance in channel)


def _channel_utterances(best: _Alternative, owner: str | None) -> Iterator[Utterance]:
    """What one channel heard, in its finest form; `owner` speaks all of it where channels are apart."""
    paragraphs = best.paragraphs.paragraphs if best.paragraphs else []
    if paragraphs:
        for paragraph in paragraphs:
            speaker = owner or _speaker(paragraph.speaker)
            for sentence in paragraph.sentences:
                yield Utterance(speaker, sentence.text, sentence.start, sentence.end)
    elif best.words:
        yield from sentences(
            Word(owner or _speaker(word.speaker), word.punctuated_word or word.word, word.start, word.end)
            for word in best.words
        )
    else:
        yield Utterance(owner, best.transcript)


def _speaker(number: str) -> str | None:
    return f"Speaker {number}" if number else None
