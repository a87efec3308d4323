"""Hints, sides and warnings."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from pydantic import JsonValue, ValidationError

from backend.formats import CallHints, parse
from backend.transcript import Transcript
from tests.formats.conftest import LIMITS

TALK = "Ann Lee: hello\nBob Ray: hi\nAnn Gray: yes\n"


def hinted(hints: dict[str, object], talk: str = TALK, domains: tuple[str, ...] = ()) -> Transcript:
    return parse(talk, limits=LIMITS, hints=CallHints.model_validate(hints), internal_domains=domains)


def sides(transcript: Transcript) -> dict[str, str]:
    return {turn.speaker: turn.side for turn in transcript.turns}


@pytest.mark.parametrize("rep", ["bob ray", "Bob", "bob.ray@ours.example", "bray@ours.example"])
def test_the_rep_is_found_by_name_first_name_or_address_and_nobody_else_is_guessed(rep: str) -> None:
    transcript = hinted({"rep": rep})
    assert sides(transcript) == {"Ann Lee": "unknown", "Bob Ray": "internal", "Ann Gray": "unknown"}
    assert transcript.warnings == [
        "It is not known on which side these speak: Ann Lee, Ann Gray. Say so in call.participants."
    ]


@pytest.mark.parametrize(
    ("rep", "talk"),
    [
        ("Quint, Mara", "Mara Quint: hello\nBob Ray: hi\n"),
        ("Mara Quint", "Quint, Mara: hello\nBob Ray: hi\n"),
        ("quint,mara", "Mara Quint (Prefect): hello\nBob Ray: hi\n"),
    ],
)
def test_a_family_name_may_come_first_before_a_comma(rep: str, talk: str) -> None:
    mara, bob = sides(hinted({"rep": rep}, talk)).values()
    assert (mara, bob) == ("internal", "unknown")


@pytest.mark.parametrize("rep", ["Ann", "ann@ours.example", "Zoe"])
def test_a_rep_who_could_be_two_people_or_nobody_is_not_guessed(rep: str) -> None:
    transcript = hinted({"rep": rep})
    assert set(sides(transcript).values()) == {"unknown"}
    assert rep in transcript.warnings[0]


def test_a_first_name_in_the_file_meets_a_whole_name_in_the_hints() -> None:
    people = [
        {"name": "Maria Lopez", "side": "internal", "role": "ae"},
        {"name": "James Fox", "side": "external"},
    ]
    transcript = hinted({"participants": people}, "Maria: hello\nJames (CRO): hi\n")
    assert sides(transcript) == {"Maria": "internal", "James (CRO)": "external"}
    assert transcript.call.participants[0].role == "ae"
    assert transcript.warnings == []


def test_domains_decide_once_ours_are_known() -> None:
    people = [
        {"name": "Ann Lee", "email": "ann@eu.Ours.example"},
        {"name": "Bob Ray", "email": "bob@notours.example"},
    ]
    known = hinted({"participants": people}, domains=("ours.example",))
    # With nobody of ours among them, a domain that is not ours may still be one we were not told of.
    assert set(sides(hinted({"participants": people}, domains=("else.example",))).values()) == {"unknown"}
    assert sides(known) == {"Ann Lee": "internal", "Bob Ray": "external", "Ann Gray": "unknown"}
    assert set(sides(hinted({"participants": people})).values()) == {"unknown"}


def test_the_reps_own_domain_is_ours_unless_it_is_a_public_mailbox() -> None:
    people = [
        {"name": "Ann Lee", "email": "ann@gmail.com"},
        {"name": "Ann Gray", "email": "gray@corp.example"},
    ]
    company = hinted({"rep": "bob@corp.example", "participants": people})
    assert sides(company) == {"Ann Lee": "external", "Bob Ray": "internal", "Ann Gray": "internal"}
    public = hinted({"rep": "bob@gmail.com", "participants": people})
    assert sides(public) == {"Ann Lee": "unknown", "Bob Ray": "internal", "Ann Gray": "unknown"}


def test_a_hint_wins_over_the_file() -> None:
    body: JsonValue = {
        "call": {
            "id": "1",
            "title": "Old",
            "parties": [{"speakerId": "7", "name": "Ann", "affiliation": "Internal"}],
        },
        "callTranscripts": [{"transcript": [{"speakerId": "7", "sentences": [{"text": "Hi."}]}]}],
    }
    when = datetime(2026, 1, 2, tzinfo=UTC)
    hints = CallHints.model_validate(
        {"id": "2", "title": "New", "started_at": when, "participants": [{"name": "ann", "side": "external"}]}
    )
    transcript = parse(body, limits=LIMITS, hints=hints)
    assert (transcript.call.id, transcript.call.title, transcript.call.started_at) == ("2", "New", when)
    assert transcript.turns[0].side == "external"


def test_somebody_who_only_listened_is_still_on_the_call() -> None:
    transcript = hinted({"participants": [{"name": "Quiet One", "email": "q@x.example", "side": "external"}]})
    assert [person.name for person in transcript.call.participants][-1] == "Quiet One"


def test_hints_refuse_what_they_do_not_know() -> None:
    for wrong in (
        {"reps": "Ann"},
        {"participants": [{"side": "external"}]},
        {"participants": [{"nmae": "A"}]},
    ):
        with pytest.raises(ValidationError):
            CallHints.model_validate(wrong)


def test_hints_are_cleaned_like_the_transcript() -> None:
    assert CallHints.model_validate({"rep": "\ufeffBob\x00 \ud800 Ray\n"}).rep == "Bob \ufffd Ray"


def test_a_name_that_turns_text_around_ends_with_itself_in_a_sentence() -> None:
    said = "\n".join(["Mara: Hello.", "Evil \u202e: Hi."])
    transcript = parse(said, hints=CallHints(rep="Mara"), limits=LIMITS)
    assert transcript.warnings[-1].startswith(
        "It is not known on which side these speak: \u2068Evil \u202e\u2069."
    )
