"""Labels from what people ruled in the product: one folder a call, as `call-coach eval` reads them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar, get_args

from pydantic import BaseModel, Field

from backend.analysis.scorecard import role_of
from backend.errors import UnreadableLabels
from backend.evals.labels import ClaimLabel, GoldVerdict, Label, ObjectionLabel, page_of
from backend.report import Claim, CoachingReport, Objection
from backend.transcript import Participant, Quote, Turn, spoken_key

GOLD: frozenset[str] = frozenset(get_args(GoldVerdict))
LONGEST_NAME = 200
"""Longer names are not taken as hints when the labels are read."""
PRIVATE_FILE, PRIVATE_FOLDER = 0o600, 0o700

Moment = TypeVar("Moment", Claim, Objection)
L = TypeVar("L", bound=Label)
Place = tuple[int, int, int]


class RuledClaim(ClaimLabel):
    """A claim with a person's verdict. `found` is the analyst's, `why` the person's reason."""

    by: Literal["person"] = "person"
    about: str
    found: str
    why: str
    correction: str | None


class RuledObjection(ObjectionLabel):
    by: Literal["person"] = "person"
    found: str
    why: str


class NoObjection(Label):
    by: Literal["person"] = "person"
    why: str


class Unjudged(Label):
    """What the analyst found and nobody ruled on: for a person who wants to make the labels whole."""

    by: Literal["analyst"] = "analyst"
    found: str


class Segment(BaseModel):
    speaker: str
    text: str
    start: float | None
    end: float | None


class Spoken(BaseModel):
    """A transcript as a list of segments."""

    id: str
    title: str | None
    started_at: str | None
    segments: list[Segment]


class JudgedLabels(BaseModel):
    """What people ruled of one call, to be read as `Labels`. Not complete: nobody has looked for what is not
    listed. The `unjudged` are the analyst's, and no labels."""

    id: str
    complete: bool = False
    format: str = "json"
    situation: str = "ruled on in Call Coach"
    rep_names: list[str]
    prospect_names: list[str]
    rep_role: str | None
    claims: list[RuledClaim]
    objections: list[RuledObjection]
    not_objections: list[NoObjection]
    competitors: list[Label] = Field(default_factory=list)
    unjudged_claims: list[Unjudged]
    unjudged_objections: list[Unjudged]


class JudgedCall(NamedTuple):
    """`undecided` counts the rulings that are no label, such as “undecided” itself."""

    labels: JudgedLabels
    transcript: Spoken
    undecided: int


def judged_call(reports: Sequence[CoachingReport]) -> JudgedCall:
    """The labels and the transcript of one call from its reports, the newest first: where words were ruled
    on in several, the newest ruling counts."""
    newest = reports[0]
    claims = _ruled(claim for report in reports for claim in _claims(report))
    objections = _ruled(one for report in reports for one in (*report.objections, *report.dismissed))
    judged = {_place(one.quote) for one in claims} | {_place(one.quote) for one in objections}
    people = newest.call.participants
    call_id = f"call-{spoken_key(newest.turns)[:12]}"
    labels = JudgedLabels(
        id=call_id,
        rep_names=_names(people, "internal"),
        prospect_names=_names(people, "external"),
        rep_role=next((role for one in people if one.side == "internal" and (role := role_of(one))), None),
        claims=[_claim_label(one) for one in claims if one.verdict in GOLD],
        objections=[_objection_label(one) for one in objections if _stands(one)],
        not_objections=[
            _label(NoObjection, one.quote, why=one.ruling.reason)
            for one in objections
            if one.ruling and not _stands(one)
        ],
        unjudged_claims=[
            _label(Unjudged, one.quote, found=one.verdict)
            for one in newest.claims
            if _place(one.quote) not in judged
        ],
        unjudged_objections=[
            _label(Unjudged, one.quote, found=one.handled)
            for one in newest.objections
            if _place(one.quote) not in judged
        ],
    )
    started = newest.call.started_at
    spoken = Spoken(
        id=call_id,
        title=newest.call.title,
        started_at=started.isoformat() if started else None,
        segments=[segment for turn in newest.turns for segment in _segments(turn)],
    )
    return JudgedCall(labels, spoken, len(claims) - len(labels.claims))


def write_call(folder: Path, call: JudgedCall) -> None:
    """The call as a folder in `folder` that nobody else may read. Raises UnreadableLabels where it cannot be
    written."""
    own = folder / call.labels.id
    try:
        for each in (folder, own):
            each.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
        _write(own / "transcript.json", call.transcript)
        _write(own / "labels.json", call.labels)
    except OSError as error:
        raise UnreadableLabels(f"{own}: it cannot be written ({error.strerror}).") from None


def _write(file: Path, content: BaseModel) -> None:
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE_FILE), "w") as written:
        os.fchmod(written.fileno(), PRIVATE_FILE)  # one that was there before keeps its mode else
        written.write(content.model_dump_json(indent=1) + "\n")


def _claims(report: CoachingReport) -> Iterator[Claim]:
    """The claims of a report, then those it had before the documentation moved."""
    yield from report.claims
    for former in reversed(report.history):
        yield from former.claims


def _ruled(moments: Iterator[Moment]) -> list[Moment]:
    """Those that were ruled on, the same words once, in the order they were said; without those whose ruling
    a newer analysis found to stand on nothing any more."""
    newest: dict[Place, Moment] = {}
    lapsed: set[Place] = set()
    for moment in moments:
        place = _place(moment.quote)
        kept = newest.get(place)
        if moment.ruling is None and moment.former_rulings:
            lapsed.add(place)
        later = kept is None or not kept.ruling or (moment.ruling and moment.ruling.at > kept.ruling.at)
        if moment.ruling and later and place not in lapsed:
            newest[place] = moment
    return [newest[place] for place in sorted(newest)]


def _claim_label(claim: Claim) -> RuledClaim:
    """Its pages are gold only where the finding was upheld: else nobody said that these settle it."""
    assert claim.ruling is not None
    shown = claim.evidence if claim.ruling.upheld else []
    return _label(
        RuledClaim,
        claim.quote,
        verdict=claim.verdict,
        gold_urls=list(dict.fromkeys(url for one in shown if (url := page_of(one.url)))),
        gold_quote=shown[0].quote if shown else None,
        about=claim.topic,
        found=claim.ruling.found,
        why=claim.ruling.reason,
        correction=claim.correction,
    )


def _objection_label(objection: Objection) -> RuledObjection:
    assert objection.ruling is not None
    return _label(
        RuledObjection,
        objection.quote,
        category=objection.category,
        handled=objection.handled,
        found=objection.ruling.found,
        why=objection.ruling.reason,
    )


def _stands(objection: Objection) -> bool:
    return objection.ruling is not None and objection.ruling.handled is not None


def _segments(turn: Turn) -> Iterator[Segment]:
    """A turn cue by cue, so that no time is lost."""
    starts = [cue.char_start for cue in turn.cues] or [0]
    for nth, start in enumerate(starts):
        end = starts[nth + 1] if nth + 1 < len(starts) else len(turn.text)
        cue = turn.cues[nth] if turn.cues else None
        yield Segment(
            speaker=turn.speaker,
            text=turn.text[start:end].strip(),
            start=cue.start_s if cue else turn.start_s,
            end=cue.end_s if cue else turn.end_s,
        )


def _names(people: Sequence[Participant], side: str) -> list[str]:
    return [one.name for one in people if one.side == side and 0 < len(one.name) <= LONGEST_NAME]


def _place(quote: Quote) -> Place:
    return quote.turn, quote.char_start, quote.char_end


def _label(kind: type[L], quote: Quote, **fields: object) -> L:
    where = {"quote": quote.text, "speaker": quote.speaker, "start_s": quote.start_s}
    return kind.model_validate(where | fields)
