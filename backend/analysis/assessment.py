"""What follows from the verdicts of a call: scores, praise, priorities and the note. Pure, and the same again
when a verdict becomes another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from backend.analysis.analyst import Judgement
from backend.analysis.follow_up import follow_up
from backend.analysis.measures import seen
from backend.analysis.priorities import priorities, strengths
from backend.analysis.scorecard import rubric_for, scores
from backend.report import FollowUp, Priority, RubricUsed, Score, Strength, TalkMoment, TalkStats
from backend.rubric import Rubric
from backend.transcript import Transcript


class Assessment(NamedTuple):
    """The fields of a report that are counted from its moments, by their names there."""

    rubric: RubricUsed | None
    scores: list[Score]
    talk_moments: list[TalkMoment]
    strengths: list[Strength]
    priorities: list[Priority]
    follow_up: FollowUp | None


def assess(
    transcript: Transcript, talk: TalkStats, judgement: Judgement, rubrics: Sequence[Rubric]
) -> Assessment:
    """What these verdicts come to. Without rubrics there are no scores."""
    call = seen(transcript, talk, judgement)
    rubric, used = rubric_for(call, rubrics) or (None, None)
    scored = scores(call, rubric) if rubric else []
    return Assessment(
        rubric=used,
        scores=scored,
        talk_moments=call.talk_moments,
        strengths=strengths(call, scored, rubric),
        priorities=priorities(call, scored, rubric),
        follow_up=follow_up(call),
    )
