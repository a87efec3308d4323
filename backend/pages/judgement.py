"""The pages on which people judge what was found: one moment with its forms, and the list of disputes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from backend.pages import wording
from backend.pages.render import page
from backend.pages.viewer import Viewer
from backend.report import ACCUSING, Claim, CoachingReport, Objection, Verdict
from backend.store.judgements import NO_OBJECTION, STATES, JudgedPage, MomentKind, State
from backend.store.tables import heading

STATE_WORDS: dict[State, str] = {
    "open": "Waiting for a ruling",
    "overruled": "Overruled",
    "upheld": "Upheld",
    "withdrawn": "Withdrawn",
}
EMPTY: dict[State | None, str] = {
    None: "Nobody has disputed anything so far. Each remark on a call’s page has a link to disagree with it.",
    "open": "Nothing waits for a ruling.",
    "overruled": "No finding has been overruled.",
    "upheld": "No finding has been upheld.",
    "withdrawn": "No dispute has been withdrawn.",
}
NO_OBJECTION_WORDS = "No objection at all"


FormName = Literal["dispute", "ruling"]


class Typed(NamedTuple):
    """What a person typed into one of the forms, and which."""

    form: FormName | None = None
    by: str = ""
    reason: str = ""
    choice: str = ""


class Choice(NamedTuple):
    """A verdict or handling that can be ruled."""

    value: str
    words: str


def moment_page(
    report: CoachingReport,
    kind: MomentKind,
    moment: Claim | Objection,
    viewer: Viewer,
    error: str | None = None,
    typed: Typed | None = None,
) -> str:
    """One claim or objection with what was found, what people said, and the forms to say more. After an error
    they hold what was typed."""
    return page(
        "moment.html",
        report=report,
        heading=heading(report.call),
        kind=kind,
        moment=moment,
        label=found_words(kind, _stands(moment)),
        found=found_words(kind, moment.ruling.found) if moment.ruling else None,
        choices=_choices(moment),
        stands=_stands(moment),
        provable=isinstance(moment, Objection) or bool(moment.evidence),
        viewer=viewer,
        error=error,
        typed=typed or Typed(by=viewer.name),
    )


def disputes_page(
    listed: JudgedPage,
    counts: Mapping[State, int],
    speakers: Sequence[str],
    *,
    state: State | None,
    speaker: str | None,
    before: str | None,
) -> str:
    """What is disputed or ruled on, what was said last first. The others are what the page was asked for."""
    return page(
        "disputes.html",
        listed=listed.moments,
        next=listed.next,
        counts=counts,
        states=STATES,
        speakers=speakers,
        state=state,
        speaker=speaker,
        before=before,
        words=STATE_WORDS,
        empty=EMPTY[state],
        found_words=found_words,
    )


def found_words(kind: MomentKind, value: str) -> str:
    """A verdict or handling, as pages say it."""
    if kind == "claims":
        return next((label.words for verdict, label in wording.VERDICTS.items() if verdict == value), value)
    if value == NO_OBJECTION:
        return NO_OBJECTION_WORDS
    return wording.plain(next((words for how, words in wording.HANDLED.items() if how == value), value))


def _stands(moment: Claim | Objection) -> str:
    if isinstance(moment, Claim):
        return moment.verdict
    return NO_OBJECTION if moment.ruling and moment.ruling.handled is None else moment.handled


def _choices(moment: Claim | Objection) -> list[Choice]:
    """What a manager may rule. Without evidence nothing that accuses."""
    if isinstance(moment, Objection):
        return [
            *(Choice(how, wording.plain(words)) for how, words in wording.HANDLED.items()),
            Choice(NO_OBJECTION, NO_OBJECTION_WORDS),
        ]
    verdicts: tuple[Verdict, ...] = get_args(Verdict)
    allowed = {one for one in verdicts if one != "not_checked" and (moment.evidence or one not in ACCUSING)}
    return [Choice(one, label.words) for one, label in wording.VERDICTS.items() if one in allowed]
