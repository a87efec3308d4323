"""What the pages of a rep and of the team say, in one shape for page and program.

Only claims that the documentation settles count: it bears them out, or it contradicts, limits or no longer
holds them (`wrong`). Lists over time have a figure for each of `period.steps`.
"""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel

from backend.report import Handling, ObjectionCategory
from backend.store.period import WrongShare
from backend.store.tables import CallSummary


class PeriodShown(BaseModel):
    """`start` is a Monday, `end` a Sunday. From each of `steps`, Mondays too, `step_weeks` count together."""

    start: date
    end: date
    step_weeks: int
    steps: list[date]


class Step(BaseModel):
    """A stretch of weeks. `start` is its Monday."""

    start: date
    calls: int
    claims: WrongShare


class Topic(BaseModel):
    """A page of the documentation, and the claims that it settles."""

    page: str
    title: str
    url: str | None
    claims: WrongShare


class Example(BaseModel):
    """Words of a call. `about` is the verdict, the category of an objection, or the like; `before` is what
    they answer; what the documentation says is in the rest."""

    call_id: str
    moment_id: str
    call: str | None
    at: datetime
    rep: str
    words: str
    about: str
    before: str | None
    correction: str | None
    url: str | None
    title: str | None
    quote: str | None


class Mistake(BaseModel):
    """Wrong claims that the same words of the documentation put right: how many, on how many calls, by how
    many of ours. The first of the examples, which are the newest, says how it reads."""

    page: str
    claims: int
    calls: int
    reps: int
    examples: list[Example]


class Rivals(BaseModel):
    """How many calls name a competitor."""

    competitor: str
    calls: int
    by_step: list[int]


class Objections(BaseModel):
    """Objections of one kind, by how they were handled."""

    category: ObjectionCategory
    handled: dict[Handling, int]
    by_step: list[int]

    @property
    def number(self) -> int:
        return sum(self.handled.values())


class Helped(BaseModel):
    rep: str
    claims: WrongShare


class Help(BaseModel):
    """A topic that is worth going over, and with whom, by name."""

    topic: Topic
    reps: list[Helped]


class OpenCall(BaseModel):
    """A call after which the customer still waits for answers. `open` is how many."""

    call_id: str
    call: str | None
    at: datetime
    reps: list[str]
    open: int
    questions: list[Example]


class RepCalls(BaseModel):
    rep: str
    calls: int


class Dimension(BaseModel):
    """A score of the scorecard: on how many calls there was one, their mean, and the mean of each step; None
    where no call gave occasion."""

    name: str
    calls: int
    mean: float | None
    by_step: list[float | None]


class Team(BaseModel):
    """`help` looks at the last `help_weeks` of the period alone: what was long ago may be learnt since."""

    period: PeriodShown
    calls: int
    claims: WrongShare
    by_step: list[Step]
    mistakes: list[Mistake]
    more_mistakes: int
    topics: list[Topic]
    objections: list[Objections]
    rivals: list[Rivals]
    help: list[Help]
    help_weeks: int
    open_calls: list[OpenCall]
    calls_with_open_questions: int
    open_questions: int
    reps: list[RepCalls]


class Rep(BaseModel):
    """`calls_ever` is on how many calls they were at all. `topics` are all of theirs; `known_well` and
    `known_badly` those of them of which enough was said."""

    name: str
    period: PeriodShown
    calls: int
    calls_ever: int
    claims: WrongShare
    by_step: list[Step]
    scores: list[Dimension]
    known_well: list[Topic]
    known_badly: list[Topic]
    topics: list[Topic]
    objections: list[Objections]
    best: list[Example]
    newest_calls: list[CallSummary]
