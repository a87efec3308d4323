"""Gong, Fireflies, AWS Transcribe, Deepgram and generic segments."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from pydantic import JsonValue

from backend.errors import NoTurns, UnknownFormat, UnreadableTranscript
from backend.formats import parse
from backend.transcript import Cue
from tests.formats.conftest import LIMITS

Said = Callable[..., list[tuple[str, str]]]

MONOLOGUES: JsonValue = [
    {"speakerId": "7", "topic": None, "sentences": [{"start": 1500, "end": 2000, "text": "Hi,"}]},
    {"speakerId": "7", "sentences": [{"start": 9000, "end": 9900, "text": " you  there?"}]},
    {"speakerId": "8", "sentences": [{"start": 9800, "end": 11000, "text": "Yes."}]},
]
GONG: JsonValue = {
    "call": {
        "id": 46,
        "title": "Intro",
        "started": "2026-10-06T15:00:00Z",
        "duration": 12,
        "parties": [
            {"speakerId": "7", "name": "Ann", "emailAddress": "ann@x.example", "affiliation": "Internal"},
            {"speakerId": "8", "name": "Bob", "affiliation": "External", "title": "CTO"},
            {"speakerId": None, "name": None, "emailAddress": "quiet@y.example", "affiliation": "Unknown"},
        ],
    },
    "callTranscripts": [{"callId": "46", "transcript": MONOLOGUES}],
}


def test_gong_times_are_milliseconds_and_affiliation_is_the_side() -> None:
    transcript = parse(GONG, limits=LIMITS)
    assert [(turn.speaker, turn.side, turn.text) for turn in transcript.turns] == [
        ("Ann", "internal", "Hi, you there?"),
        ("Bob", "external", "Yes."),
    ]
    assert transcript.turns[0].cues == [Cue(0, 1.5, 2.0), Cue(4, 9.0, 9.9)]
    assert transcript.call.id == "46"
    assert transcript.call.started_at == datetime(2026, 10, 6, 15, tzinfo=UTC)
    assert [person.name for person in transcript.call.participants] == ["Ann", "Bob", "quiet@y.example"]
    assert transcript.warnings == []


@pytest.mark.parametrize(
    "body",
    [
        {"callTranscripts": [{"callId": "46", "transcript": MONOLOGUES}]},
        {"callId": "46", "transcript": MONOLOGUES},
    ],
)
def test_gong_without_parties_numbers_the_voices(body: JsonValue, said: Said) -> None:
    assert said(body) == [("Speaker 1", "Hi, you there?"), ("Speaker 2", "Yes.")]


def test_several_gong_calls_in_one_body_are_refused() -> None:
    with pytest.raises(UnreadableTranscript, match="2 calls"):
        parse({"callTranscripts": [{"transcript": MONOLOGUES}] * 2}, limits=LIMITS)


def test_fireflies_counts_seconds_and_minutes_and_gives_addresses_to_the_names_they_spell() -> None:
    body = {
        "title": "Call",
        "date": 1791475200000,
        "duration": 1.5,
        "participants": ["wojtek.zielak@ours.example", "priya.s@theirs.example, cfo@theirs.example"],
        "sentences": [
            {
                "speaker_name": "Wojtek Zielak",
                "speaker_id": 0,
                "text": "Hello.",
                "start_time": 1.5,
                "end_time": 2,
            },
            {"speaker_name": "Priya Sundaram", "speaker_id": 1, "raw_text": "Hi.", "start_time": "3"},
            {"speaker_name": None, "speaker_id": 4, "text": "Me too."},
        ],
    }
    transcript = parse(json.dumps(body), limits=LIMITS, internal_domains=["ours.example"])
    assert transcript.format == "fireflies"
    assert [(turn.speaker, turn.side, turn.start_s) for turn in transcript.turns] == [
        ("Wojtek Zielak", "internal", 1.5),
        ("Priya Sundaram", "external", 3.0),
        ("Speaker 4", "unknown", None),
    ]
    assert transcript.call.duration_s == 90
    assert transcript.call.started_at == datetime(2026, 10, 8, 16, tzinfo=UTC)
    assert "cfo@theirs.example" in [person.name for person in transcript.call.participants]


def aws_item(text: str, start: str | None, speaker: str | None = None) -> dict[str, JsonValue]:
    kind = "pronunciation" if start else "punctuation"
    item: dict[str, JsonValue] = {"type": kind, "alternatives": [{"content": text, "confidence": "0.9"}]}
    times: dict[str, JsonValue] = (
        {"start_time": start, "end_time": f"{float(start) + 0.3:.2f}"} if start else {}
    )
    return item | times | ({"speaker_label": speaker} if speaker else {})


def test_aws_words_become_sentences_with_their_punctuation() -> None:
    items: list[JsonValue] = [
        aws_item("Hello", "0.04", "spk_0"),
        aws_item(".", None),
        aws_item("Ready", "0.5", "spk_0"),
        aws_item("?", None),
        aws_item("Yes", "1.5", "spk_1"),
    ]
    body: JsonValue = {"jobName": "call", "results": {"transcripts": [{"transcript": "x"}], "items": items}}
    turns = parse(body, limits=LIMITS).turns
    assert [(turn.speaker, turn.text) for turn in turns] == [
        ("Speaker 0", "Hello. Ready?"),
        ("Speaker 1", "Yes"),
    ]
    assert turns[0].cues == [Cue(0, 0.04, 0.34), Cue(7, 0.5, 0.8)]


def test_aws_speaker_labels_may_stand_apart_from_the_words(said: Said) -> None:
    segments: JsonValue = [
        {"speaker_label": "spk_0", "items": [{"start_time": "0.04", "speaker_label": "spk_0"}]},
        {"speaker_label": "spk_1", "items": [{"start_time": "1.5"}]},
    ]
    items: list[JsonValue] = [aws_item("Hello", "0.04"), aws_item("Yes", "1.5")]
    body: JsonValue = {"results": {"speaker_labels": {"segments": segments}, "items": items}}
    assert said(body) == [("Speaker 0", "Hello"), ("Speaker 1", "Yes")]


def test_aws_call_analytics_roles_are_sides() -> None:
    parts: JsonValue = [
        {"ParticipantRole": "AGENT", "Content": "Hello.", "BeginOffsetMillis": 40, "EndOffsetMillis": 900},
        {"ParticipantRole": "CUSTOMER", "Content": "Hi.", "BeginOffsetMillis": 1000, "EndOffsetMillis": 1200},
    ]
    turns = parse({"Transcript": parts, "JobName": "a.wav"}, limits=LIMITS).turns
    assert [(turn.speaker, turn.side, turn.start_s) for turn in turns] == [
        ("Agent", "internal", 0.04),
        ("Customer", "external", 1.0),
    ]


DEEPGRAM_WORDS: JsonValue = [
    {"word": "hello", "punctuated_word": "Hello.", "start": 0.5, "end": 0.9, "speaker": 0},
    {"word": "hi", "punctuated_word": "Hi.", "start": 1.0, "end": 1.2, "speaker": 1},
]


def test_deepgram_is_read_from_utterances_paragraphs_or_words(said: Said) -> None:
    expected = [("Speaker 0", "Hello."), ("Speaker 1", "Hi.")]
    words = [{"alternatives": [{"words": DEEPGRAM_WORDS}]}]
    paragraphs = [
        {"speaker": 0, "sentences": [{"text": "Hello.", "start": 0.5, "end": 0.9}]},
        {"speaker": 1, "sentences": [{"text": "Hi.", "start": 1.0, "end": 1.2}]},
    ]
    utterances = [
        {"speaker": 0, "transcript": "Hello.", "start": 0.5, "end": 0.9},
        {"speaker": 1, "transcript": "Hi.", "start": 1.0, "end": 1.2},
    ]
    assert said({"results": {"channels": words}}) == expected
    assert (
        said({"results": {"channels": [{"alternatives": [{"paragraphs": {"paragraphs": paragraphs}}]}]}})
        == expected
    )
    assert said({"results": {"channels": words, "utterances": utterances}}) == expected


def test_deepgram_channels_are_speakers_in_the_order_they_spoke(said: Said) -> None:
    def channel(text: str, start: float) -> JsonValue:
        return {"alternatives": [{"words": [{"punctuated_word": text, "start": start, "end": start + 0.2}]}]}

    body: JsonValue = {"results": {"channels": [channel("Second.", 5.0), channel("First.", 1.0)]}}
    assert said(body) == [("Speaker 1", "First."), ("Speaker 0", "Second.")]


@pytest.mark.parametrize(
    "body",
    [
        [{"speaker": "Ann", "text": "Hi", "start": 1, "end": 2}, {"speaker": "Bob", "text": "Yo"}],
        {
            "segments": [
                {"speaker_name": "Ann", "content": "Hi", "start_time": "1"},
                {"name": "Bob", "text": "Yo"},
            ]
        },
        {
            "turns": [
                {"speaker": {"name": "Ann"}, "text": "Hi", "start_ms": 1000},
                {"role": "Bob", "text": "Yo"},
            ]
        },
        {
            "utterances": [
                {"speaker": "Ann", "text": "Hi", "start": "00:01"},
                {"user": "Bob", "sentence": "Yo"},
            ]
        },
    ],
)
def test_generic_segments_are_read_by_the_usual_names_of_their_fields(body: JsonValue) -> None:
    turns = parse(body, limits=LIMITS).turns
    assert [(turn.speaker, turn.text) for turn in turns] == [("Ann", "Hi"), ("Bob", "Yo")]
    assert turns[0].start_s == 1.0


def test_absurd_times_are_dropped_and_the_words_kept() -> None:
    times: list[JsonValue] = [
        -1,
        1e300,
        10**400,
        float("nan"),
        float("inf"),
        "soon",
        True,
        [1],
        {"s": 1},
        None,
    ]
    rows: list[JsonValue] = [{"speaker": "A", "text": "x", "start": time, "end": time} for time in times]
    turn = parse(rows, limits=LIMITS).turns[0]
    assert turn.text == " ".join("x" * len(times))
    assert {(cue.start_s, cue.end_s) for cue in turn.cues} == {(None, None)}


@pytest.mark.parametrize(
    "when", ["9999-12-31T23:59:59-12:00", "0001-01-01T00:00:00+14:00", "1066-10-14", -1e10, 1e18]
)
def test_an_absurd_date_is_dropped_and_the_words_kept(when: str | float) -> None:
    body: JsonValue = {
        "call": {"started": when, "parties": []},
        "callTranscripts": [{"transcript": [{"speakerId": "1", "sentences": [{"text": "Hello."}]}]}],
    }
    transcript = parse(body, limits=LIMITS)
    assert transcript.call.started_at is None
    assert transcript.turns[0].text == "Hello."


def test_a_wrong_type_is_named_with_its_place() -> None:
    with pytest.raises(UnreadableTranscript, match=r"callTranscripts\.0\.transcript\.0\.sentences"):
        parse({"callTranscripts": [{"transcript": [{"speakerId": "1", "sentences": "no"}]}]}, limits=LIMITS)


def test_json_that_breaks_off_says_where() -> None:
    with pytest.raises(UnreadableTranscript, match="line 1"):
        parse(b'{"segments": [{"speaker": "A", ', limits=LIMITS)


def test_json_nested_very_deep_is_refused_in_a_sentence() -> None:
    with pytest.raises(UnreadableTranscript, match="nested too deeply"):
        parse(b"[" * 10_000 + b"]" * 10_000, limits=LIMITS)


def test_json_of_another_kind_is_unknown_and_an_empty_one_has_no_turns() -> None:
    with pytest.raises(UnknownFormat, match="speaker, text"):
        parse({"invoice": 1}, limits=LIMITS)
    empties: list[JsonValue] = [[], {"segments": []}, {"callTranscripts": []}, {"sentences": []}]
    for empty in empties:
        with pytest.raises(NoTurns):
            parse(empty, limits=LIMITS)


def test_an_explicit_format_that_does_not_fit_is_refused() -> None:
    with pytest.raises(UnreadableTranscript, match="not a Gong transcript"):
        parse([{"speaker": "A", "text": "b"}], limits=LIMITS, format="gong")
    with pytest.raises(UnreadableTranscript, match="not SRT"):
        parse("Ann: hello\nBob: yes", limits=LIMITS, format="srt")
    with pytest.raises(UnreadableTranscript, match="not WebVTT"):
        parse([{"speaker": "A", "text": "b"}], limits=LIMITS, format="webvtt")
