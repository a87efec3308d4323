"""Folders of labelled calls: what is malformed is one sentence, and words are found where they were said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from backend.errors import UnreadableLabels
from backend.evals.labels import Label, read_calls
from backend.evals.spans import Line
from tests.evals.made_up import LABELS, made_up, write


def without_labels(call: Path) -> None:
    (call / "labels.json").unlink()


def cut_off(call: Path) -> None:
    (call / "labels.json").write_text('{"id": "made-up", ')


def unknown_verdict(call: Path) -> None:
    file = call / "labels.json"
    file.write_text(file.read_text().replace('"overstated"', '"roughly"'))


def without_transcript(call: Path) -> None:
    (call / "transcript.txt").unlink()


def two_transcripts(call: Path) -> None:
    (call / "transcript.vtt").write_text("WEBVTT\n")


def unreadable_transcript(call: Path) -> None:
    (call / "transcript.txt").write_text("")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_labels, "labels.json: it cannot be read"),
        (cut_off, "labels.json: the file cannot be used"),
        (unknown_verdict, "labels.json: claims.2.verdict cannot be used"),
        (without_transcript, "one file transcript.* is wanted here, found none"),
        (two_transcripts, "found transcript.txt, transcript.vtt"),
        (unreadable_transcript, "transcript.txt: The transcript is empty"),
    ],
)
def test_a_malformed_call_is_one_sentence_that_names_the_file(
    spoil: Callable[[Path], None], said: str, tmp_path: Path
) -> None:
    spoil(write(tmp_path))
    with pytest.raises(UnreadableLabels) as failure:
        read_calls(tmp_path)
    assert said in str(failure.value)
    assert "made-up" in str(failure.value)
    assert "\n" not in str(failure.value)


def test_a_folder_that_is_not_there_and_an_empty_one_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(UnreadableLabels, match="no such folder"):
        read_calls(tmp_path / "nowhere")
    with pytest.raises(UnreadableLabels, match="no labelled call"):
        read_calls(tmp_path)


def test_one_call_can_be_asked_for_by_its_id(tmp_path: Path) -> None:
    write(tmp_path)
    write(tmp_path, {**LABELS, "id": "another"})
    assert [call.labels.id for call in read_calls(tmp_path)] == ["another", "made-up"]
    assert [call.labels.id for call in read_calls(tmp_path, "made-up")] == ["made-up"]
    with pytest.raises(UnreadableLabels, match="no call dev-99"):
        read_calls(tmp_path, "dev-99")


def test_the_labels_say_who_is_ours(tmp_path: Path) -> None:
    turns = made_up(tmp_path).transcript.turns
    assert {turn.speaker: turn.side for turn in turns} == {"Rae": "internal", "Bo": "external"}


def test_words_said_twice_are_placed_by_time_and_each_place_is_taken_once(tmp_path: Path) -> None:
    cue = "{}\n00:0{}:00.000 --> 00:0{}:05.000\n{}\n\n"
    said = ["Rae: It is free.", "Bo: It is free.", "Rae: It is free.", "Bo: Good.", "Rae: It is free."]
    folder = write(tmp_path)
    (folder / "transcript.txt").unlink()
    (folder / "transcript.srt").write_text(
        "".join(cue.format(nth, nth, nth, words) for nth, words in enumerate(said, 1))
    )
    line = Line(read_calls(folder)[0].transcript)
    rae = Label(quote="It is free.", speaker="Rae")
    late, any_time, again = line.place([rae.model_copy(update={"start_s": 299.0}), rae, rae])
    assert late is not None
    assert line.start_s(late) == 300.0
    assert any_time is not None
    assert line.start_s(any_time) == 60.0
    assert again is not None
    assert line.start_s(again) == 180.0


def test_words_are_found_where_our_turns_end_in_the_middle_of_them(tmp_path: Path) -> None:
    line = Line(made_up(tmp_path).transcript)
    span = line.place([Label(quote="SLAs are on every plan. We run Airflow today.", speaker="Rae")])[0]
    assert span is not None


def test_words_that_were_never_said_have_no_place(tmp_path: Path) -> None:
    assert Line(made_up(tmp_path).transcript).place([Label(quote="It is blue.", speaker="Rae")]) == [None]
