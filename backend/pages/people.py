"""The pages of the team and of a rep."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from backend.pages import charts
from backend.pages.render import page
from backend.pages.wording import day, percent
from backend.report import Handling
from backend.store.coached import Dimension, Rep, Step, Team
from backend.store.period import ENOUGH, WrongShare

PERIODS = {"4w": "4 weeks", "12w": "12 weeks", "1y": "A year", "all": "All"}
FEW_CALLS = 5
"""Of fewer, the page says that they are single stories."""
SEVERAL = 6
"""Where more people than these have trouble with a topic, it is everybody's, and their names are folded."""
HANDLINGS: dict[Handling, str] = {
    "well": "Well",
    "partly": "In part",
    "poorly": "Poorly",
    "ignored": "Not answered",
}
LONG = 12
"""Rows of a table that stand open; the others are folded."""


class Chosen(NamedTuple):
    """What somebody asked to see: one of PERIODS, or None where they named days."""

    period: str | None
    since: date
    until: date


def team_page(team: Team, chosen: Chosen) -> str:
    """What the team gets wrong most, over which topics, and who could use a hand with what."""
    return _page("team.html", team, chosen, team=team, bars=charts.bars, several=SEVERAL)


def rep_page(rep: Rep, chosen: Chosen) -> str:
    """What a rep knows well, what is worth going over, and their moments to share."""
    return _page(
        "rep.html",
        rep,
        chosen,
        rep=rep,
        handlings=HANDLINGS,
        scores=[(one, score_chart(rep.period.steps, one)) for one in rep.scores],
    )


def _page(template: str, shown: Team | Rep, chosen: Chosen, **values: object) -> str:
    return page(
        template,
        chosen=chosen,
        periods=PERIODS,
        wrong=claims_chart(shown.by_step),
        enough=ENOUGH,
        few_calls=FEW_CALLS,
        long=LONG,
        in_steps=in_steps(shown.period.step_weeks),
        **values,
    )


def claims_chart(steps: Sequence[Step]) -> charts.Line:
    """The share of wrong claims over time, in per cent, where there were enough to say one."""
    shares = [None if step.claims.share is None else 100 * step.claims.share for step in steps]
    return charts.line(
        [step.start for step in steps],
        shares,
        [f"{day(step.start)}: {in_words(step.claims)}" for step in steps],
        top=charts.nice_top(max((share for share in shares if share is not None), default=0)),
        unit=" %",
        few=[0 < step.claims.of < ENOUGH for step in steps],
    )


def score_chart(starts: Sequence[date], score: Dimension) -> charts.Line:
    """A score's mean over time, of 100."""
    labels = [
        f"{day(start)}: {'no occasion' if value is None else f'{value:g} of 100'}"
        for start, value in zip(starts, score.by_step, strict=True)
    ]
    return charts.line(starts, score.by_step, labels, top=100)


def in_words(claims: WrongShare) -> str:
    """3 of 20 wrong, 15 %."""
    if not claims.of:
        return "no settled claims"
    said = f"{claims.wrong} of {claims.of} wrong"
    return said if claims.share is None else f"{said}, {percent(claims.share)} %"


def in_steps(weeks: int) -> str:
    """How a chart goes along its time."""
    return {1: "week by week", 13: "quarter by quarter", 52: "year by year"}.get(weeks, f"by {weeks} weeks")
