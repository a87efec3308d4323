"""The real files beside the repository."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from backend.formats import parse
from tests.formats.conftest import LIMITS
from tests.formats.test_hostile import check_promises

LABELLED = ("claims", "not_claims", "objections", "not_objections", "competitors", "unanswered_questions")


def test_every_labelled_quote_is_verbatim_in_a_turn_of_its_speaker(shared: Path) -> None:
    for folder in sorted((shared / "calls").glob("dev-*")):
        transcript = parse(next(folder.glob("transcript.*")).read_bytes(), limits=LIMITS)
        check_promises(transcript)
        labels = json.loads((folder / "labels.json").read_text())
        assert labels["claims"]
        for label in (entry for kind in LABELLED for entry in labels[kind]):
            turns = [turn for turn in transcript.turns if turn.find(label["quote"])]
            assert turns, (folder.name, label["quote"])
            assert label.get("speaker") in {None, *(turn.speaker for turn in turns)}


@pytest.mark.parametrize(
    ("file", "format_name", "speakers"),
    [
        ("aws_transcribe/example-call.json", "aws_transcribe", {"Agent", "Customer"}),
        (
            "convo/changelog_go-time-228.md",
            "plain",
            {"Johnny Boursiquot", "Jerod Santo", "Anton Titov", "Valery Piashchynski"},
        ),
        ("deepgram/dg_speakers.json", "deepgram", {"Speaker 0", "Speaker 1", "Speaker 2"}),
        ("otter/46-systems-design.otter.txt", "otter", {"Emma", "Kelly", "Ali", "Unknown Speaker"}),
        ("otter/62-security.otter.txt", "otter", {"Emma", "Kelly", "Sidney", "Tailor", "Unknown Speaker"}),
        ("sales/bshimes12_sample.md", "plain", {"Alex", "Lisa"}),
        ("sales/tribe_closing-call-01.md", "plain", {"Maria", "James", "Susan"}),
        ("sales/tribe_cold-call-success-01.md", "plain", {"Sarah", "Michael"}),
        ("teams_vtt/stream_note_confidence.vtt", "webvtt", {"Unknown speaker"}),
        (
            "zoom_vtt/zoom_focil_2025-10-21_022.vtt",
            "webvtt",
            {"Jihoon", "Pooja Ranjan", "Pelle Krabbenhoeft", "Mehdi Aouadi", "nflaig"},
        ),
    ],
)
def test_a_real_file_has_its_speakers_and_no_others(
    shared: Path, file: str, format_name: str, speakers: set[str]
) -> None:
    transcript = parse((shared / "formats" / file).read_bytes(), limits=LIMITS, filename=file)
    check_promises(transcript)
    assert transcript.format == format_name
    assert {turn.speaker for turn in transcript.turns} == speakers
    words = " ".join(turn.text for turn in transcript.turns)
    for stray in ("Transcribed by", "Confidence:", "Call ID", "Call Notes", "Duration"):
        assert stray not in words
