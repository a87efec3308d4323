"""Adding a call: the form, a last look at what was read of it, and how its analysis goes."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import BaseModel

from backend.formats import Reason, sides_unknown
from backend.pages.render import page
from backend.store.jobs import FAILED_KEPT_S, Job, Step
from backend.transcript import UNKNOWN_SPEAKER, Participant, Side, Transcript

FORMATS: dict[str, str] = {
    "auto": "Find out from the transcript",
    "plain": "Plain text, “Speaker: words”",
    "webvtt": "WebVTT (Zoom, Teams)",
    "gong": "Gong JSON",
    "otter": "Otter text",
    "fireflies": "Fireflies JSON",
    "srt": "SRT subtitles",
    "aws_transcribe": "AWS Transcribe JSON",
    "deepgram": "Deepgram JSON",
    "segments": "JSON segments with speaker and text",
}
SIDES: dict[Side, str] = {"internal": "Our side", "external": "Their side", "unknown": "Not known"}
ROLES = {"": "Not said", "ae": "Account executive", "se": "Solutions engineer", "csm": "Customer success"}
STEPS: dict[Step, str] = {
    "spot": "Reading the call",
    "look_up": "Looking up Prefect’s documentation",
    "judge": "Judging what was said",
    "save": "Storing the report",
}
MOST_SEATS = 100
"""So many people can be edited, those who speak most; of the others nothing is changed."""
FIRST_TURNS = 3
TO_THE_MINUTE = "%Y-%m-%dT%H:%M"


class Entered(NamedTuple):
    """What a person typed into the form for a new call."""

    text: str = ""
    format: str = "auto"


class Draft(BaseModel):
    """A call as it was read, and why each participant's side is what it is."""

    transcript: Transcript
    reasons: list[Reason]


class Seat(NamedTuple):
    """One line of the form: a participant by their place in the call, and what is chosen for them."""

    place: int
    person: Participant
    side: str
    role: str
    turns: int
    why: str


def add_page(error: str | None = None, entered: Entered | None = None, *, of_file: bool = False) -> str:
    """The form that takes a transcript. After an error, of the file or of the pasted text, it holds what was
    entered."""
    return page("add.html", error=error, of_file=of_file, entered=entered or Entered(), formats=FORMATS)


def draft_page(
    draft_id: str, draft: Draft, error: str | None = None, entered: Mapping[str, str] | None = None
) -> str:
    """What was read of a call, with title, time, sides and roles to be put right before it is coached. After
    an error it holds what was `entered`, by the fields' names."""
    call, typed = draft.transcript.call, entered or {}
    return page(
        "participants.html",
        draft_id=draft_id,
        call=call,
        turns=draft.transcript.turns,
        first=draft.transcript.turns[:FIRST_TURNS],
        format=FORMATS[draft.transcript.format],
        title=typed.get("title", call.title or ""),
        started_at=typed.get("started_at", to_the_minute(call.started_at)),
        seats=seats(draft, typed),
        nobody_ours=not any(person.side == "internal" for person in call.participants),
        nobody_named=all(turn.speaker == UNKNOWN_SPEAKER for turn in draft.transcript.turns),
        warnings=[
            warning for warning in draft.transcript.warnings if warning not in sides_unknown(draft.transcript)
        ],
        sides=SIDES,
        roles=ROLES,
        error=error,
    )


def seats(draft: Draft, entered: Mapping[str, str]) -> list[Seat]:
    """The people of a call who can be edited, in the call's order."""
    said = Counter(turn.speaker for turn in draft.transcript.turns)
    people = list(enumerate(zip(draft.transcript.call.participants, draft.reasons, strict=True)))
    most = sorted(people, key=lambda each: -said[each[1][0].name])[:MOST_SEATS]
    return [
        Seat(
            place=place,
            person=person,
            side=entered.get(f"side-{place}", person.side),
            role=entered.get(f"role-{place}", person.role or ""),
            turns=said[person.name],
            why=_why(reason, person),
        )
        for place, (person, reason) in sorted(most, key=lambda each: each[0])
    ]


def job_page(job: Job) -> str:
    """How a call's analysis goes, kept up to date by a script or else by loading the page again."""
    started = list(STEPS).index(job.step) if job.step else 0
    kept = job.state == "failed" and time.time() - (job.ended_at or 0) < FAILED_KEPT_S
    return page("job.html", job=job, steps=STEPS, at=started, can_be_tried_again=kept)


def to_the_minute(moment: datetime | None) -> str:
    """A point in time as a browser's field for it takes it, in UTC."""
    if moment is None:
        return ""
    return f"{moment.astimezone(UTC) if moment.tzinfo else moment:{TO_THE_MINUTE}}"


def _why(reason: Reason, person: Participant) -> str:
    domain = (person.email or "").rpartition("@")[2]
    match reason:
        case "file":
            return "The file says so."
        case "hint":
            return "You said so."
        case "ours":
            return f"{domain} is one of our domains."
        case "foreign":
            return f"{domain} is not one of our domains."
        case "unknown" if domain:
            return f"Nothing tells whose domain {domain} is."
        case _:
            return "The file does not say."
