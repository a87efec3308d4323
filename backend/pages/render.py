"""Turns reports into HTML. Pure: what goes in are values, what comes out is the text of a page."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from backend.errors import CoachError
from backend.pages import cards, wording
from backend.pages.timeline import timeline
from backend.pages.viewer import Viewer
from backend.report import CoachingReport
from backend.store.tables import heading

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def environment() -> Environment:
    """The templates, compiled as they are first used. Everything is escaped; a missing name is an error."""
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters |= {
        "clock": wording.clock,
        "count": wording.count,
        "minute": wording.minute,
        "opening": wording.opening,
        "percent": wording.percent,
        "plain": wording.plain,
        "read_on": wording.read_on,
        "span": wording.span,
        "web_url": wording.web_url,
        "when": wording.when,
    }
    made.globals |= {"w": wording, "static_version": _static_version()}
    return made


def call_page(report: CoachingReport, *, stored: bool = True) -> str:
    """One coached call: what to change first, then the transcript with the remarks beside it. Only what is
    stored can be taken along as a file."""
    by_id = cards.cards(report)
    return page(
        "call.html",
        report=report,
        heading=heading(report.call),
        cards=by_id,
        talk_moments={moment.id: moment for moment in report.talk_moments},
        turns=cards.beside_turns(report, by_id),
        timeline=timeline(report, by_id.values()),
        proof=[cards.proof(priority, by_id) for priority in report.priorities],
        stored=stored,
        verdicts=cards.verdict_counts(report),
    )


def login_page(error: str | None = None, viewer: Viewer | None = None, wanted: str = "/") -> str:
    """The form that takes a token, or for a viewer who needs none, what they may do. `error` is one sentence
    on why the last token was not taken, `wanted` the address to go to after it."""
    return page("login.html", error=error, viewer=viewer, wanted=wanted)


def error_page(problem: CoachError) -> str:
    """What is wrong and what to do, in the error's own sentence."""
    return page("error.html", problem=problem)


def page(template: str, **values: object) -> str:
    """The named template with these values, as the text of a page."""
    return environment().get_template(template).render(values)


def _static_version() -> str:
    """Changes with the static files, so that browsers may keep them for good."""
    digest = hashlib.sha256()
    for file in sorted(STATIC.iterdir()):
        digest.update(file.read_bytes())
    return digest.hexdigest()[:12]
