"""Any transcript format into a Transcript. One file per format; which one it is, the content says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Literal

from pydantic import JsonValue

from backend.errors import NoTurns, UnknownFormat, UnreadableTranscript
from backend.formats import (
    aws_transcribe,
    deepgram,
    fireflies,
    gong,
    otter,
    plain,
    segments,
    srt,
    webvtt,
)
from backend.formats.cues import Limits, Recording, turns
from backend.formats.fields import decode_json
from backend.formats.hygiene import WHAT_TO_SEND, clean, decode
from backend.formats.people import CallHints, HintedParticipant, Reason, identify, seated, sides_unknown
from backend.transcript import Transcript, Turn

__all__ = [
    "CallHints",
    "FormatName",
    "HintedParticipant",
    "Limits",
    "Reason",
    "parse",
    "parse_with_reasons",
    "recognised",
    "seated",
    "sides_unknown",
]

FormatName = Literal[
    "auto",
    "gong",
    "webvtt",
    "srt",
    "otter",
    "fireflies",
    "aws_transcribe",
    "deepgram",
    "segments",
    "plain",
]


@dataclass(frozen=True)
class _TextFormat:
    name: FormatName
    called: str
    fits: Callable[[str], bool]
    read: Callable[[str], Recording]
    suffix: str = ""


@dataclass(frozen=True)
class _JsonFormat:
    name: FormatName
    called: str
    fits: Callable[[JsonValue], bool]
    read: Callable[[JsonValue], Recording]


# The order matters: from the format that is hardest to mistake to the one that takes almost anything.
_JSON = (
    _JsonFormat("gong", "a Gong transcript", gong.fits, gong.read),
    _JsonFormat("deepgram", "a Deepgram answer", deepgram.fits, deepgram.read),
    _JsonFormat("aws_transcribe", "an AWS transcript", aws_transcribe.fits, aws_transcribe.read),
    _JsonFormat("fireflies", "a Fireflies transcript", fireflies.fits, fireflies.read),
    _JsonFormat("segments", "a list of segments with speaker and text", segments.fits, segments.read),
)
_TEXT = (
    _TextFormat("webvtt", "WebVTT", webvtt.fits, webvtt.read, ".vtt"),
    _TextFormat("srt", "SRT", srt.fits, srt.read, ".srt"),
    _TextFormat("otter", "an Otter export", otter.fits, otter.read),
    _TextFormat("plain", "plain text", plain.fits, plain.read),
)


def parse(
    data: bytes | str | JsonValue,
    *,
    limits: Limits,
    format: FormatName = "auto",  # noqa: A002 - the word the API uses
    hints: CallHints | None = None,
    filename: str | None = None,
    internal_domains: Sequence[str] = (),
) -> Transcript:
    """A call from the bytes of a file, from text, or from JSON already decoded.

    Pure computation, up to a second for the largest calls: run it outside the event loop. Raises
    UnknownFormat, UnreadableTranscript, NoTurns or CallTooLong, each with one sentence for the user.
    """
    return parse_with_reasons(
        data, limits=limits, format=format, hints=hints, filename=filename, internal_domains=internal_domains
    )[0]


def parse_with_reasons(
    data: bytes | str | JsonValue,
    *,
    limits: Limits,
    format: FormatName = "auto",  # noqa: A002
    hints: CallHints | None = None,
    filename: str | None = None,
    internal_domains: Sequence[str] = (),
) -> tuple[Transcript, list[Reason]]:
    """The same, and why each participant's side is what it is."""
    source = _opened(data, format)
    if isinstance(source, str):
        name, recording = _read_text(source, format, filename)
    else:
        name, recording = _read_json(source, format)
    said = turns(recording.utterances, limits)
    speakers = (turn.speaker for turn in said)
    call, reasons, warnings = identify(recording.call, speakers, hints or CallHints(), internal_domains)
    sides = {person.name: person.side for person in reversed(call.participants)}
    for turn in said:
        turn.side = sides[turn.speaker]
    if call.duration_s is None:
        call.duration_s = _last_time(said)
    return Transcript(call=call, turns=said, format=name, warnings=warnings), reasons


def recognised(value: JsonValue) -> bool:
    """Whether this JSON is in one of the known formats."""
    return any(known.fits(value) for known in _JSON)


def _opened(data: bytes | str | JsonValue, format: FormatName) -> JsonValue:  # noqa: A002
    """Text that is not JSON as clean text, everything else as a JSON value."""
    if not isinstance(data, bytes | str):
        return data
    text = decode(data) if isinstance(data, bytes) else clean(data)
    if format in {known.name for known in _TEXT} or not text.lstrip().startswith(("{", "[")):
        return text
    try:
        return decode_json(text)
    except UnreadableTranscript:
        if format == "auto" and any(known.fits(text) for known in _TEXT):
            return text  # "[00:12] Ann: hello" begins like JSON
        raise


def _read_text(text: str, format: FormatName, filename: str | None) -> tuple[str, Recording]:  # noqa: A002
    if not text.strip():
        raise NoTurns(f"The transcript is empty: {WHAT_TO_SEND}.")
    if format == "plain":  # asked for by name, it may also be one speaker's words without a label
        return format, plain.read(text)
    if format != "auto":
        asked = next((known for known in _TEXT if known.name == format), None)
        if asked is None or not asked.fits(text):
            raise _misfit(format)
        return asked.name, asked.read(text)
    suffix = PurePath(filename or "").suffix.lower()
    likely_first = sorted(_TEXT, key=lambda known: not known.suffix or known.suffix != suffix)
    chosen = next((known for known in likely_first if known.fits(text)), None)
    if chosen is None:
        raise UnknownFormat(
            "No speakers are found in this text: begin each turn with “Name:”, or send it with the format "
            "“plain” if nobody is named."
        )
    return chosen.name, chosen.read(text)


def _read_json(value: JsonValue, format: FormatName) -> tuple[str, Recording]:  # noqa: A002
    for known in _JSON:
        if format in ("auto", known.name) and known.fits(value):
            return known.name, known.read(value)
    if format != "auto":
        raise _misfit(format)
    raise UnknownFormat(
        "No transcript is recognised in this JSON: send one of Gong, Fireflies, AWS Transcribe or Deepgram, "
        "or a list of {speaker, text, start?, end?}."
    )


def _misfit(format: FormatName) -> UnreadableTranscript:  # noqa: A002
    called = next(known.called for known in (*_TEXT, *_JSON) if known.name == format)
    return UnreadableTranscript(f"This is not {called}: leave the format at “auto”, or {WHAT_TO_SEND}.")


def _last_time(said: list[Turn]) -> float | None:
    """When the last words end, or begin where no end is given."""
    ends = [turn.end_s if turn.end_s is not None else turn.start_s for turn in said]
    return max((end for end in ends if end is not None), default=None)
