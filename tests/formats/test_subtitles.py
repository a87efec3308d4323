"""WebVTT and SRT."""

from __future__ import annotations

from collections.abc import Callable

from backend.formats import parse
from backend.transcript import Cue
from tests.formats.conftest import LIMITS

Said = Callable[..., list[tuple[str, str]]]

ZOOM = """WEBVTT

1
00:00:01.000 --> 00:00:02.500
Ann Lee: So, uh,

2
00:00:09.000 --> 00:00:11.000
Ann Lee: we   start now.

3
00:00:10.800 --> 00:00:12.000
etan | Nimbus: Note: I have a stop at 10:30.

4
00:00:13.000 --> 00:00:14.000
Łukasz (Nimbus): see https://example.org/a:b
"""


def test_cues_of_one_speaker_are_one_turn_also_across_a_silence_and_keep_their_times() -> None:
    turn = parse(ZOOM, limits=LIMITS).turns[0]
    assert turn.text == "So, uh, we start now."
    assert turn.cues == [Cue(0, 1.0, 2.5), Cue(8, 9.0, 11.0)]
    assert (turn.start_s, turn.end_s) == (1.0, 11.0)
    quote = turn.find("start")
    assert quote is not None
    assert (quote.start_s, quote.end_s) == (9.0, 11.0)


def test_what_stands_after_a_name_in_a_bar_or_brackets_stays_in_the_name(said: Said) -> None:
    assert [speaker for speaker, _ in said(ZOOM)] == ["Ann Lee", "etan | Nimbus", "Łukasz (Nimbus)"]


def test_notes_times_and_addresses_inside_a_cue_are_speech(said: Said) -> None:
    texts = [text for _, text in said(ZOOM)]
    assert texts[1:] == ["Note: I have a stop at 10:30.", "see https://example.org/a:b"]


def test_teams_voices_name_the_speaker_even_two_in_a_cue(said: Said) -> None:
    vtt = (
        "WEBVTT\n\nNOTE made by Teams\nfor you\n\nab12/1-0\n00:00:01.000 --> 00:00:02.000\n"
        "<v Ann Lee>It's <i>fast</i> &amp; safe,\nTerms: none.</v>\n\n"
        "ab12/1-1\n00:00:03.000 --> 00:00:04.000\n<v Ann Lee>&lt;script&gt;</v> <v Bo>Why?</v>\n"
    )
    assert said(vtt) == [("Ann Lee", "It's fast & safe, Terms: none. <script>"), ("Bo", "Why?")]


def test_a_file_without_speakers_has_one_unknown_speaker_and_one_warning() -> None:
    head = "WEBVTT\n\nNOTE Confidence: 0.7\n\n"
    vtt = head + "00:01.000 --> 00:02.000\nhello\nthere\n\n00:03.000 --> 00:04.000\nyes\n"
    transcript = parse(vtt, limits=LIMITS)
    assert [(turn.speaker, turn.text) for turn in transcript.turns] == [
        ("Unknown speaker", "hello there yes")
    ]
    assert len(transcript.warnings) == 1
    assert "does not say who speaks" in transcript.warnings[0]
    assert transcript.turns[0].cues == [Cue(0, 1.0, 2.0), Cue(12, 3.0, 4.0)]


def test_one_colon_in_a_file_without_speakers_does_not_make_a_speaker(said: Said) -> None:
    cues = [f"00:{n:02}.000 --> 00:{n:02}.900\nwe talk and talk\n" for n in range(40)]
    cues[20] = cues[20].replace("we talk", "Thing: we talk")
    assert len(said("WEBVTT\n\n" + "\n".join(cues))) == 1


def test_srt_drops_formatting_and_keeps_literal_markup(said: Said) -> None:
    srt = (
        "1\r\n00:00:01,000 --> 00:00:02,000\r\n<i>Ann: hello</i> {\\an8}you\r\n\r\n"
        "2\r\n00:00:02,000 --> 00:00:03,000\r\nwho wrote 42?\r\n\r\n"
        "3\r\n00:00:03,000 --> 00:00:04,000\r\nBob: <script>alert(1)</script>\r\n"
    )
    assert said(srt) == [("Ann", "hello you who wrote 42?"), ("Bob", "<script>alert(1)</script>")]


def test_doubled_line_ends_do_not_lose_the_words(said: Said) -> None:
    srt = (
        "1\n\n00:00:01,000 --> 00:00:02,000\n\nAnn: hello\n\n2\n\n00:00:02,000 --> 00:00:03,000\n\nBob: yes\n"
    )
    assert [text.split()[0] for _, text in said(srt)] == ["hello", "yes"]


def test_the_content_decides_and_the_filename_only_breaks_a_tie() -> None:
    cues = "00:00:01.000 --> 00:00:02.000\nAnn: hello\n"
    assert parse("WEBVTT\n\n" + cues, limits=LIMITS, filename="call.txt").format == "webvtt"
    assert parse("WEBVTT\n\n" + cues, limits=LIMITS, filename="call.srt").format == "webvtt"
    assert parse(cues, limits=LIMITS, filename="call.srt").format == "srt"
    assert parse(cues, limits=LIMITS).format == "webvtt"
