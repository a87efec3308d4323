"""Plain text and Otter."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend.errors import UnknownFormat
from backend.formats import parse
from tests.formats.conftest import LIMITS

Said = Callable[..., list[tuple[str, str]]]


@pytest.mark.parametrize(
    "label",
    [
        "[00:12] Ann Lee: hello",
        "(00:00:12) Ann Lee: hello",
        "00:12 Ann Lee: hello",
        "00:12 - Ann Lee: hello",
        "Ann Lee [00:12]: hello",
        "Ann Lee (0:12):\nhello",
        "Ann Lee: [00:12] hello",
        "**Ann Lee:** \\[00:12\\] hello",
        "**Ann Lee** (00:12): hello",
        "**[00:12] Ann Lee:** hello",
        "[00:12]\nAnn Lee: hello",
        "[00:12 - 00:15] Ann Lee: hello",
        "- **Ann Lee**: (00:12) hello",
    ],
)
def test_a_time_may_stand_in_many_places(label: str) -> None:
    transcript = parse(f"{label}\nBob: yes\n", limits=LIMITS)
    assert [(turn.speaker, turn.text) for turn in transcript.turns] == [("Ann Lee", "hello"), ("Bob", "yes")]
    assert transcript.turns[0].start_s == 12.0


def test_hours_count(said: Said) -> None:
    assert parse("(1:02:03) Ann: hello\nBob: yes", limits=LIMITS).turns[0].start_s == 3723.0


def test_a_call_sheet_around_the_talk_is_not_a_turn(said: Said) -> None:
    text = """# Discovery: first call
**Call ID:** X-1
**Deal owner:** Maria
**Participants:**
- Maria (AE)

---

**Maria:** Hi James.

**James:** Note this:

Note: we use **cron**.

---

**Call Notes:**
- Went well: a second call
"""
    assert said(text) == [("Maria", "Hi James."), ("James", "Note this: Note: we use **cron**.")]


def test_lines_without_a_label_belong_to_the_turn_before(said: Said) -> None:
    aside = "https://example.org: broken\nat 10:30: nothing\nthe thing is: it works\n"
    text = f"Ann: First.\n{aside}Bob: Ok.\nAnn: Yes.\n"
    assert said(text)[0] == (
        "Ann",
        "First. https://example.org: broken at 10:30: nothing the thing is: it works",
    )


def test_bold_labels_make_other_colons_speech(said: Said) -> None:
    text = "**Ann:** One.\n\nObservability: that too.\n\n**Bob:** Two.\n\n**Ann:** Three."
    assert said(text) == [("Ann", "One. Observability: that too."), ("Bob", "Two."), ("Ann", "Three.")]


def test_names_of_every_kind_are_kept_as_written(said: Said) -> None:
    names = [
        "Dr. José Ñuñez",
        "van der Berg, Anna",
        "田中",
        "Speaker 1",
        "x | Org",
        "Etan (Nimbus)",
        "14155550101",
        "speaker 2",
    ]
    text = "".join(f"{name}: hi {n}\n" for n, name in enumerate(names * 2))
    assert [speaker for speaker, _ in said(text)] == names * 2


def test_prose_is_refused_with_what_to_do_and_read_when_plain_is_asked_for(said: Said) -> None:
    prose = "We went to the shop.\nIt was closed.\n"
    with pytest.raises(UnknownFormat, match="begin each turn with"):
        parse(prose, limits=LIMITS)
    assert said(prose, format="plain") == [("Unknown speaker", "We went to the shop. It was closed.")]


OTTER = """Weekly call
SPEAKERS
Ann, Bob

Ann Lee  0:05
Hello. Let's meet
Thursday 10:30

**Bob**  1:00:07
Fine: see you.

Unknown Speaker  1:00:09
Bye.

Transcribed by https://otter.ai
"""


def test_otter_headers_name_and_time_the_turns_and_the_footer_is_not_one() -> None:
    transcript = parse(OTTER, limits=LIMITS)
    assert transcript.format == "otter"
    assert [(turn.speaker, turn.text, turn.start_s) for turn in transcript.turns] == [
        ("Ann Lee", "Hello. Let's meet Thursday 10:30", 5.0),
        ("Bob", "Fine: see you.", 3607.0),
        ("Unknown Speaker", "Bye.", 3609.0),
    ]
