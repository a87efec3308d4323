"""What a rubric can measure: each measure counts something that the call holds, and says what it counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from statistics import fmean
from typing import Final, NamedTuple

from backend.analysis.analyst import Judgement
from backend.analysis.talk_moments import cut_in, find_talk_moments, is_dated, praises, reply_to
from backend.report import ACCUSING, Claim, Handling, Objection, TalkKind, TalkMoment, TalkStats
from backend.rubric import Measure, MeasureName
from backend.transcript import Transcript

WORTH: Final[dict[Handling, int]] = {"well": 100, "partly": 60, "poorly": 20, "ignored": 0}
LEAST_SHARE_SETTLED = 0.25
"""Where the documentation settled less of what was claimed, the rest could be anything."""
LEAST_WORDS = 150
"""A shorter call shows nothing of how somebody talks."""
NAMELESS = ("other", "in_house")
POINTS = " points"


class Count(NamedTuple):
    """What a measure counted: in its unit, over so many moments, their ids, and a sentence.

    Without a value the sentence says why there is none.
    """

    value: float | None
    of: int
    because: Sequence[str]
    said: str


@dataclass(frozen=True)
class Seen:
    """A call as measures see it. `judgement` holds only what our side can be held to."""

    transcript: Transcript
    talk: TalkStats
    judgement: Judgement

    @cached_property
    def has_ours(self) -> bool:
        return any(turn.side == "internal" for turn in self.transcript.turns)

    @cached_property
    def wrong(self) -> list[Claim]:
        """Claims that were wrong, the surest first; of equals, the one said first."""
        accused = [claim for claim in self.judgement.claims if claim.verdict in ACCUSING]
        return sorted(accused, key=lambda claim: -claim.confidence)

    @cached_property
    def rivals(self) -> list[str]:
        """The other products that came up and have a name."""
        named = dict.fromkeys(one.competitor for one in self.judgement.competitors)
        return [one for one in named if one not in NAMELESS]

    @cached_property
    def talk_moments(self) -> list[TalkMoment]:
        listed = [one.quote for one in self.judgement.questions]
        return find_talk_moments(self.transcript, self.rivals, listed)

    def of_kind(self, *kinds: TalkKind) -> list[TalkMoment]:
        return [one for one in self.talk_moments if one.kind in kinds]


def seen(transcript: Transcript, talk: TalkStats, judgement: Judgement) -> Seen:
    """The call, with nothing in it that our side cannot be held to: others' claims, and all where nobody is
    known to be ours. An answer that was itself wrong is a poor answer."""
    ours = {one.speaker for one in talk.speakers if one.side == "internal"}
    if not ours:
        return Seen(transcript, talk, Judgement())
    claims = [claim for claim in judgement.claims if claim.quote.speaker in ours]
    held = judgement.model_copy(update={"claims": claims})
    return Seen(transcript, talk, hold_answers(held))


def hold_answers(judgement: Judgement) -> Judgement:
    """The judgement in which no objection counts as answered by a claim that was wrong, but where a person
    said how it was handled."""
    wrong = [claim for claim in judgement.claims if claim.verdict in ACCUSING]
    held = [
        one.model_copy(update={"handled": "poorly", "lowered_from": one.handled})
        if one.handled in ("well", "partly") and not one.ruling and wrong_answers(one, wrong)
        else one
        for one in judgement.objections
    ]
    return judgement.model_copy(update={"objections": held})


def wrong_answers(objection: Objection, wrong: Sequence[Claim]) -> list[Claim]:
    """The wrong claims among what an objection was answered with."""
    answer = objection.response
    return [
        claim
        for claim in wrong
        if answer
        and claim.quote.turn == answer.turn
        and claim.quote.char_start < answer.char_end
        and answer.char_start < claim.quote.char_end
    ]


def count(measure: Measure, call: Seen) -> Count:
    """What this measure finds in the call; no value where it finds too little."""
    if not call.has_ours:
        return Count(None, 0, [], "Nobody is known to be on our side, so nothing is put down to anybody.")
    found = MEASURES[measure.measure].counted(call)
    if found.value is not None and found.of < measure.at_least:
        few = f"{found.said} That is too little for a score; it takes {measure.at_least}."
        return found._replace(value=None, said=few)
    return found


def how_measured(measure: Measure) -> str:
    """What is counted, and what it takes for full marks and for none."""
    unit, counts, _ = MEASURES[measure.measure]
    at_least = f" It takes at least {measure.at_least}." if measure.at_least > 1 else ""
    if unit == POINTS and (measure.best, measure.worst) == (100, 0):
        return f"{counts}.{at_least}"
    best, worst = (_written(mark, unit) for mark in (measure.best, measure.worst))
    none = f"none outside {worst}" if isinstance(measure.worst, tuple) else f"none at {worst}"
    return f"{counts}: full marks at {best}, {none}.{at_least}"


def _written(mark: float | tuple[float, float], unit: str) -> str:
    return f"{mark[0]:g} to {mark[1]:g}{unit}" if isinstance(mark, tuple) else f"{mark:g}{unit}"


def _claims_right(call: Seen) -> Count:
    checkable = [one for one in call.judgement.claims if one.verdict != "out_of_scope"]
    settled = [one for one in checkable if one.verdict == "supported" or one.verdict in ACCUSING]
    ids = [one.id for one in settled]
    if not checkable:
        return Count(None, 0, ids, "Our side claimed nothing of the product.")
    right = sum(one.verdict == "supported" for one in settled)
    said = f"The docs settle {len(settled)} of {len(checkable)} claims, and bear out {right}."
    if len(settled) < LEAST_SHARE_SETTLED * len(checkable):
        return Count(None, len(settled), ids, f"{said} That is too little for a score.")
    return Count(_percent(right, len(settled)), len(settled), ids, said)


def _objections_handled(call: Seen) -> Count:
    raised = call.judgement.objections
    if not raised:
        return Count(None, 0, [], "No objection came up.")
    taken = {level: sum(one.handled == level for one in raised) for level in WORTH}
    listed = ", ".join(f"{number} {level}" for level, number in taken.items() if number)
    said = f"{_counted(len(raised), 'objection')}, handled: {listed}."
    return Count(fmean(WORTH[one.handled] for one in raised), len(raised), [one.id for one in raised], said)


def _questions_answered(call: Seen) -> Count:
    asked, listed = call.of_kind("their_question"), call.judgement.questions
    ids = [*(one.id for one in listed), *(one.id for one in asked)]
    if not ids:
        return Count(None, 0, ids, "They asked nothing that our side could have answered.")
    if not asked:
        why = "Only questions that stayed open are known, so those answered cannot be counted."
        return Count(None, 0, ids, why)
    wrong = {claim.quote.turn for claim in call.wrong}
    left = sum(not one.answered for one in listed)
    replies = {reply.index for one in asked if (reply := reply_to(one.quote.turn, call.transcript.turns))}
    false = len(replies & wrong)
    said = f"{_counted(len(ids), 'question')} of theirs: {left or 'none'} left open"
    hold = "answer holds" if false == 1 else "answers hold"
    said += f", and {false} {hold} something that the docs do not bear out." if false else "."
    return Count(_percent(len(ids) - left - false, len(ids)), len(ids), ids, said)


def _rivals_credited(call: Seen) -> Count:
    if not call.judgement.competitors:
        return Count(None, 0, [], "No other product came up.")
    said_of = call.of_kind("on_rival")
    if not said_of:
        why = "Other products came up, but our side's words neither credit nor belittle one."
        return Count(None, 0, [one.id for one in call.judgement.competitors], why)
    fair = sum(any(praises(one.quote.text, rival) for rival in call.rivals) for one in said_of)
    done = {"credited": fair, "belittled": len(said_of) - fair}
    told = " and ".join(f"{how} one {_times(often)}" for how, often in done.items() if often)
    said = f"Of other products, our side {told}."
    return Count(_percent(fair, len(said_of)), len(said_of), [one.id for one in said_of], said)


def _talk_share(call: Seen) -> Count:
    share = call.talk.rep_share
    if share is None or call.talk.words < LEAST_WORDS or not _has_theirs(call):
        return Count(None, 0, [], "There is too little of the other side's talk to compare with.")
    ids = [one.id for one in call.of_kind("long_turn")]
    return Count(100 * share, call.talk.words, ids, f"Our side spoke {share:.0%} of the words.")


def _longest_turn(call: Seen) -> Count:
    turns = [turn for turn in call.transcript.turns if turn.side == "internal"]
    words = max(len(turn.text.split()) for turn in turns)
    ids = [one.id for one in call.of_kind("long_turn")]
    return Count(words, len(turns), ids, f"Our longest turn has {_counted(words, 'word')}.")


def _questions_asked(call: Seen) -> Count:
    asked = call.talk.questions_by_rep or 0
    if why := _uncountable(call):
        return Count(None, 0, [], why)
    ids = [one.id for one in call.of_kind("our_question")]
    said = f"Our side asked {_counted(asked, 'question')}."
    return Count(1000 * asked / call.talk.words, call.talk.words, ids, said)


def _discovery_questions(call: Seen) -> Count:
    if why := _uncountable(call):
        return Count(None, 0, [], why)
    ids = [one.id for one in call.of_kind("our_question")]
    said = f"{_counted(len(ids), 'open question')} of ours {'is' if len(ids) == 1 else 'are'} about them."
    return Count(len(ids), call.talk.words, ids, said)


def _interruptions(call: Seen) -> Count:
    turns = call.transcript.turns
    if call.talk.interruptions is None:
        return Count(None, 0, [], "The transcript has no times from which to count interruptions.")
    theirs = sum(turn.side == "external" for turn in turns)
    cuts = len(cut_in(turns))
    said = f"Our side cut into {cuts or 'none'} of their {_counted(theirs, 'turn')}."
    value = _percent(cuts, theirs) if theirs else None
    return Count(value, theirs, [one.id for one in call.of_kind("cut_in")], said)


def _next_step(call: Seen) -> Count:
    if call.talk.words < LEAST_WORDS:
        return Count(None, 0, [], "The transcript is too short to tell how the call ended.")
    [last] = call.of_kind("next_step", "closing")
    if last.kind == "closing":
        return Count(0, 1, [last.id], "No words of a next step were found near the end.")
    turns = call.transcript.turns[max(0, last.quote.turn - 1) : last.quote.turn + 2]
    if is_dated(" ".join(turn.text for turn in turns)):
        return Count(100, 1, [last.id], "A next step was named, with its time.")
    return Count(60, 1, [last.id], "A next step was named, without a time.")


def _uncountable(call: Seen) -> str | None:
    """Why questions cannot be counted in this call, None where they can."""
    if call.talk.words < LEAST_WORDS:
        return "The call is too short to tell how much was asked."
    if not any("?" in turn.text for turn in call.transcript.turns):
        return "The transcript has no question marks, so questions cannot be counted."
    return None


def _has_theirs(call: Seen) -> bool:
    return any(turn.side == "external" for turn in call.transcript.turns)


def _percent(part: float, whole: float) -> float:
    return 100 * part / whole


def _counted(number: int, what: str) -> str:
    return f"{number:,} {what if number == 1 else what + 's'}"


def _times(number: int) -> str:
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


class Counter(NamedTuple):
    unit: str
    counts: str
    counted: Callable[[Seen], Count]


MEASURES: Final[dict[MeasureName, Counter]] = {
    "claims_right": Counter(" %", "Claims that the docs bear out, of those they settle", _claims_right),
    "objections_handled": Counter(
        POINTS, "Objections: 100 for each handled well, 60 partly, 20 poorly, 0 ignored", _objections_handled
    ),
    "questions_answered": Counter(
        " %", "Their questions that were neither left open nor answered wrongly", _questions_answered
    ),
    "rivals_credited": Counter(
        " %", "Sentences that credit another product, of those that credit or belittle one", _rivals_credited
    ),
    "talk_share": Counter(" %", "Our side's share of the words", _talk_share),
    "longest_turn": Counter(" words", "Our longest turn", _longest_turn),
    "questions_asked": Counter("", "Our questions for each thousand words of the call", _questions_asked),
    "discovery_questions": Counter("", "Open questions of ours about them", _discovery_questions),
    "interruptions": Counter(" %", "Their turns that our side cut into", _interruptions),
    "next_step": Counter(
        POINTS, "A next step near the end: 100 with a time, 60 without, 0 for none", _next_step
    ),
}
