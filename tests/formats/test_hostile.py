"""Whatever arrives: one sentence or a correct parse."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import JsonValue

from backend.errors import BadRequest, CallTooLong, NoTurns, UnknownFormat
from backend.formats import FormatName, Limits, parse
from backend.transcript import Transcript
from tests.formats.conftest import LIMITS

TALK = "Zoë: naïve “quotes”\nBob: yes\n"
FORMATS: list[FormatName] = [
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
KEYS = """
    call callTranscripts transcript Transcript sentences text speakerId speaker speaker_name results channels
    alternatives words items utterances segments speaker_labels channel_labels paragraphs start end start_time
    participants parties metadata duration date Content ParticipantRole BeginOffsetMillis type metaData calls
    jobName transcripts content
"""

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(["AGENT", "1:02", "\ud800", "x\x00y", "punctuation", "-5", "1e999"])
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS.split()), inner, max_size=5)
    ),
    max_leaves=25,
)
lines = st.lists(
    st.sampled_from(
        [
            "WEBVTT",
            "",
            "00:00:01.000 --> 00:00:02.000",
            "00:00:01,5 --> 00:00:09,000",
            "<v Ann>hi</v> <v",
            "Ann: hello",
            "**Bob:** [00:12] yes",
            "Ann  0:12",
            "7",
            "---",
            "Note: x",
            "# Heading",
            "Date: today",
            "&lt;i&gt; &#0;",
            "NOTE x",
            "(1:02:03) Cy:",
        ]
    )
    | st.text(max_size=20),
    max_size=12,
).map("\n".join)


def check(data: object, format: FormatName) -> None:  # noqa: A002
    answer = outcome(data, format)
    if isinstance(answer, BadRequest):
        assert str(answer).endswith(".")
        assert "\n" not in str(answer)
    else:
        check_promises(answer)
        Transcript.model_validate_json(answer.model_dump_json())


def outcome(data: object, format: FormatName = "auto") -> Transcript | BadRequest:  # noqa: A002
    try:
        return parse(data, limits=LIMITS, format=format)  # type: ignore[arg-type] # hostile on purpose
    except BadRequest as error:
        return error


def check_promises(transcript: Transcript) -> None:
    """What the rest of the house leans on."""
    assert transcript.turns
    names = {person.name for person in transcript.call.participants}
    for index, turn in enumerate(transcript.turns):
        assert turn.index == index
        assert turn.speaker in names
        assert turn.text == " ".join(turn.text.split()) != ""
        starts = [cue.char_start for cue in turn.cues]
        assert starts[0] == 0
        assert starts == sorted(set(starts))
        assert starts[-1] < len(turn.text)
        assert all(turn.text[start - 1] == " " for start in starts[1:])
        quote = turn.quote(starts[-1], len(turn.text))
        assert turn.text[quote.char_start : quote.char_end] == quote.text
        assert quote.end_s == turn.cues[-1].end_s
    for before, after in zip(transcript.turns, transcript.turns[1:], strict=False):
        assert before.speaker != after.speaker


@settings(max_examples=150)
@given(st.binary(max_size=200), st.sampled_from(FORMATS))
def test_arbitrary_bytes_are_a_sentence_or_a_transcript(data: bytes, format: FormatName) -> None:  # noqa: A002
    check(data, format)


@settings(max_examples=300)
@given(lines, st.sampled_from(FORMATS), st.sampled_from(["utf-8", "utf-16", "utf-16-le", "cp1252"]))
def test_arbitrary_lines_are_a_sentence_or_a_transcript(text: str, format: FormatName, encoding: str) -> None:  # noqa: A002
    check(text.encode(encoding, errors="replace"), format)
    check(text, format)


@settings(max_examples=500)
@given(values, st.sampled_from(FORMATS))
def test_arbitrary_json_is_a_sentence_or_a_transcript(value: JsonValue, format: FormatName) -> None:  # noqa: A002
    check(value, format)
    check(json.dumps(value), format)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
def test_every_usual_encoding_gives_the_same_words(encoding: str) -> None:
    turn = parse(TALK.encode(encoding), limits=LIMITS).turns[0]
    assert (turn.speaker, turn.text) == ("Zoë", "naïve “quotes”")


def test_utf16_of_another_script_without_a_mark_is_read() -> None:
    talk = "Анна: привет, как дела\nБорис: хорошо, спасибо\n" * 5
    assert parse(talk.encode("utf-16-le"), limits=LIMITS).turns[0].speaker == "Анна"


def test_controls_go_and_surrogates_are_replaced() -> None:
    transcript = parse("\ufeffA\x00nn: he\x07llo \ud83d there\r\nBob: e\u0301\x85yes", limits=LIMITS)
    assert [(turn.speaker, turn.text) for turn in transcript.turns] == [
        ("Ann", "hello \ufffd there"),
        ("Bob", "e\u0301 yes"),
    ]


def test_markup_in_plain_text_is_kept_as_it_was_said() -> None:
    assert parse("Ann: <script>x</script> &amp;\nBob: ok", limits=LIMITS).turns[0].text == (
        "<script>x</script> &amp;"
    )


@pytest.mark.parametrize(
    "data",
    [
        b"\x89PNG\r\n\x1a\n" + bytes(64),
        b"PK\x03\x04" + bytes(64),
        b"%PDF-1.7 Ann: hi",
        bytes(range(256)) * 20,
    ],
)
def test_binary_data_is_refused_with_what_to_send(data: bytes) -> None:
    with pytest.raises(UnknownFormat, match="send the transcript as text"):
        parse(data, limits=LIMITS)


@pytest.mark.parametrize("data", [b"", b" \n\t\n", b"\xef\xbb\xbf", "\x00", "WEBVTT\n\n"])
def test_nothing_said_has_no_turns(data: bytes | str) -> None:
    with pytest.raises(NoTurns):
        parse(data, limits=LIMITS)


def test_a_call_too_long_names_the_limit_and_the_setting() -> None:
    with pytest.raises(CallTooLong, match=r"more than 2 turns.*COACH_MAX_TURNS"):
        parse("Ann: a\nBob: b\nAnn: c\n", limits=Limits(max_turns=2, max_words=9))
    with pytest.raises(CallTooLong, match=r"more than 3 words.*COACH_MAX_WORDS"):
        parse("Ann: a b\nBob: c d\n", limits=Limits(max_turns=9, max_words=3))
    assert len(parse("Ann: a b\nBob: c\n", limits=Limits(max_turns=2, max_words=3)).turns) == 2


@pytest.mark.parametrize(
    "piece",
    ["a: b\n", "Ann: a\nBob: b\n", "a\n", "**a** ", "[00:12] ", "<v ", "&lt", "{\\", "A ", "1:11 ", "?", ":"],
)
@pytest.mark.parametrize("head", ["", "Ann: ", "WEBVTT\n\n00:01.000 --> 00:02.000\n", "Ann  0:12\n"])
def test_a_million_of_anything_ends(piece: str, head: str) -> None:
    """Quadratic work on this much would not end within the life of a test run."""
    assert outcome(head + piece * (1_000_000 // len(piece)))


@pytest.mark.parametrize("damage", [b"\xff", b"\xc3", b"\xe2\x82"])
def test_one_bad_byte_does_not_spoil_the_other_letters(damage: bytes) -> None:
    data = "Dev\u00f6n: sch\u00f6n ".encode() + damage + " gr\u00fc\u00dfe\nAnn: ja und nein\n".encode()
    first = parse(data, limits=LIMITS).turns[0]
    assert (first.speaker, first.text) == ("Dev\u00f6n", "sch\u00f6n \ufffd gr\u00fc\u00dfe")


def test_a_file_in_an_old_encoding_is_still_read_as_that() -> None:
    text = "Zo\u00eb: caf\u00e9 \u201cna\u00efve\u201d\nAnn: yes\n"
    assert parse(text.encode("cp1252"), limits=LIMITS).turns[0].text == "caf\u00e9 \u201cna\u00efve\u201d"


def test_words_without_end_are_no_way_around_the_limit() -> None:
    limits = Limits(max_turns=10, max_words=1000)
    with pytest.raises(CallTooLong, match="COACH_MAX_WORDS"):
        parse("Ann: " + "w" * 30_000, limits=limits, format="plain")
    text = "\u4eca\u5929" * 5000  # a script without spaces: as much as 5,000 words of it is let in
    assert parse(f"Ann: {text}", limits=limits, format="plain").turns[0].text == text
