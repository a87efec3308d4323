"""The sample report as tests want it: changed, bare, hostile."""

from __future__ import annotations

from backend.report import CoachingReport
from backend.transcript import Call
from tests.sample_report import sample_report

SCRIPT = "<script>alert(1)</script>"
FREE_TEXT = {
    "title",
    "name",
    "text",
    "reason",
    "correction",
    "why",
    "do",
    "subject",
    "body",
    "quote",
    "topic",
}
FREE_TEXT |= {"origin", "speaker", "role", "sources", "warnings", "model"}


def changed(report: CoachingReport, **fields: object) -> CoachingReport:
    return report.model_copy(update=fields)


def bare() -> CoachingReport:
    """A report on a call of which nothing is known and in which nothing was found."""
    report = sample_report()
    unknown = dict.fromkeys(("rep_share", "longest_monologue_s", "questions_by_rep", "interruptions"))
    lists: dict[str, list[object]] = {
        name: [] for name in ("claims", "objections", "competitors", "questions", "scores", "strengths")
    }
    return changed(
        report,
        call=Call(),
        turns=[turn.model_copy(update={"start_s": None, "end_s": None}) for turn in report.turns],
        talk=report.talk.model_copy(
            update={**unknown, "words_per_minute": None, "questions_by_prospect": None}
        ),
        knowledge=report.knowledge.model_copy(update={"status": "off", "read_at": None, "sources": []}),
        priorities=[],
        follow_up=None,
        warnings=[],
        **lists,
    )


def hostile() -> CoachingReport:
    """The sample with a script, right-to-left text, emoji and a very long word wherever text is free."""

    def spoil(value: object, key: str = "") -> object:
        if isinstance(value, dict):
            return {name: spoil(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [spoil(inner, key) for inner in value]
        if isinstance(value, str) and key in FREE_TEXT:
            return f"{value} {SCRIPT}\"'>&lt; مرحبا 👩‍💻 {'W' * 300}"
        return value

    return CoachingReport.model_validate(spoil(sample_report().model_dump(mode="json")))
