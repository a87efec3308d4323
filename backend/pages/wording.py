"""How the pages say things: one place for each label, so that a word means the same everywhere."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import NamedTuple
from urllib.parse import urlsplit

from backend.facts import KnowledgeStatus
from backend.report import (
    AnalystUsed,
    CompetitorContext,
    Handling,
    HandlingKind,
    KnowledgeUsed,
    ObjectionCategory,
    TalkKind,
    Verdict,
)
from backend.transcript import Quote, Side


class Label(NamedTuple):
    """What a moment is called, which icon and tone it has, and whether it is laid open before the reader."""

    words: str
    icon: str
    tone: str
    open: bool = False


VERDICTS: dict[Verdict, Label] = {
    "contradicted": Label("Docs say otherwise", "cross", "wrong", open=True),
    "overstated": Label("True only with a condition", "condition", "warn", open=True),
    "outdated": Label("Was true of Prefect 1 or 2", "past", "warn", open=True),
    "docs_conflict": Label("Docs disagree with themselves", "conflict", "note", open=True),
    "unclear": Label("Undecided", "compare", "quiet"),
    "not_in_docs": Label("Docs do not say", "blank", "quiet"),
    "not_checked": Label("Not checked", "blank", "quiet"),
    "out_of_scope": Label("Not about the product", "blank", "quiet"),
    "supported": Label("Docs agree", "check", "agree"),
}
"""In the order in which a reader should meet them: what was wrong comes first."""

VERDICT_MEANS: dict[Verdict, str] = {
    "contradicted": "The passage beside it says something else.",
    "overstated": "Right for some plans, editions or limits only, and the limit was not said.",
    "outdated": "Right for an earlier version, and not for today’s.",
    "docs_conflict": "Two passages do not fit together. Both are shown, and nobody was wrong.",
    "unclear": "The nearest passage is beside it; nobody has judged it. It does not count against you.",
    "not_in_docs": "Nothing in the docs settles it. It does not count against you.",
    "not_checked": "There were no docs to hold it against.",
    "out_of_scope": "About another product, the company or the customer, so the docs cannot settle it.",
    "supported": "The passage beside it says the same.",
}

OBJECTION = Label("Objection", "objection", "ask")
COMPETITOR = Label("Competitor", "versus", "rival")
QUESTION = Label("Question", "question", "ask")

HANDLED: dict[Handling, str] = {
    "well": "handled well",
    "partly": "handled in part",
    "poorly": "handled poorly",
    "ignored": "not answered",
}
STEPS: dict[HandlingKind, str] = {
    "acknowledged": "Acknowledged",
    "asked": "Asked back",
    "answered": "Answered",
    "confirmed": "Checked that it is settled",
}
"""What handling an objection well takes, in its order."""
OBJECTIONS: dict[ObjectionCategory, str] = {
    "status_quo": "what they have works",
    "build_in_house": "they could build it",
    "price": "price",
    "security": "security",
    "lock_in": "lock-in",
    "migration_effort": "effort of moving",
    "maturity": "maturity",
    "scale": "scale",
    "feature_gap": "a missing feature",
    "timing": "timing",
    "authority": "who decides",
    "support": "support",
    "compliance": "compliance",
    "other": "another reason",
}
CONTEXTS: dict[CompetitorContext, str] = {
    "current_tool": "what they use now",
    "evaluating": "being evaluated",
    "past": "used before",
    "passing": "named in passing",
}
TALK_KINDS: dict[TalkKind, str] = {
    "our_question": "Our question",
    "their_question": "Their question",
    "long_turn": "Our longest turn begins",
    "cut_in": "Our side cut in",
    "on_rival": "Of another product",
    "next_step": "Next step",
    "closing": "How the call ended",
}
SIDES: dict[Side, str] = {"internal": "our side", "external": "customer", "unknown": "side unknown"}
ROLES = {"ae": "account executive", "se": "solutions engineer", "csm": "customer success"}

KNOWLEDGE: dict[KnowledgeStatus, str] = {
    "fresh": "Checked with the docs server",
    "stale": "Checked against an older reading of the docs",
    "snapshot": "Checked against what is kept here",
    "degraded": "Checked only in part",
    "off": "Not checked against the docs",
}
KNOWLEDGE_MEANS: dict[KnowledgeStatus, str] = {
    "fresh": "The docs server answered every look-up in time.",
    "stale": "Earlier answers of the docs server were used, past their time: recent changes may be missing.",
    "snapshot": "No docs server was asked, or none answered. The copy kept here may be behind the docs.",
    "degraded": "Some look-ups failed. A verdict below may rest on the copy kept here, or be missing.",
    "off": "The docs were not asked. Product claims are unchecked, or rest on our own notes.",
}

_SENTENCE_END = re.compile(r"[.?!…][”\")’]?(?=\s)")
_RIVALS = {"mwaa": "MWAA", "in_house": "built in house", "other": "another tool"}


def rival(competitor: str) -> str:
    """A competitor's id as its name."""
    return _RIVALS.get(competitor) or plain(competitor, title=True)


def plain(name: str, title: bool = False) -> str:
    """A name made for machines, as words."""
    words = name.replace("_", " ").strip()
    return words.title() if title else words[:1].upper() + words[1:]


def clock(seconds: float | None) -> str:
    """Seconds into a call as 12:04 or 1:02:33; empty where there is no time."""
    if seconds is None:
        return ""
    minutes, second = divmod(int(max(seconds, 0)), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def place(quote: Quote) -> str:
    """Where words were said, as a reader is told: the time on the call, else the turn."""
    return clock(quote.start_s) or f"turn {quote.turn + 1}"


def span(seconds: float | None) -> str:
    """A length of time in words: 42 min, 3 h 5 min, 40 s."""
    if seconds is None:
        return ""
    if seconds < 60:
        return f"{round(seconds)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"{minutes} min"
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def when(moment: datetime | None) -> str:
    """A point in time as 20 Nov 2026, 14:02 UTC."""
    if moment is None:
        return ""
    if moment.tzinfo is None:
        return f"{day(moment)}, {moment:%H:%M}"
    moment = moment.astimezone(UTC)
    return f"{day(moment)}, {moment:%H:%M} UTC"


def minute(moment: datetime) -> str:
    """A point in time for programs, to the minute."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%MZ}"


def read_on(moment: datetime) -> str:
    """When a passage was read; the day alone where no more is known of it."""
    return when(moment) if moment.time() != time() else day(moment)


def day(moment: date) -> str:
    return f"{moment.day} {moment:%b %Y}"


def percent(share: float) -> int:
    return max(0, min(100, round(share * 100)))


def count(number: int, one: str, many: str | None = None) -> str:
    """1 call, 2 calls."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def opening(text: str, most: int = 180) -> tuple[str, str]:
    """The first sentences, in about `most` characters, and the rest; a first sentence is never cut."""
    if len(text) <= most * 1.4:
        return text, ""
    ends = [found.end() for found in _SENTENCE_END.finditer(text)]
    cut = max([end for end in ends if end <= most] or ends[:1] or [len(text)])
    return text[:cut].rstrip(), text[cut:].lstrip()


def listed(words: Sequence[str]) -> str:
    """a, b and c."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def web_url(url: str | None) -> str | None:
    """The URL if it is http or https, else None: nothing else becomes a link."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.netloc else None


def knowledge(used: KnowledgeUsed) -> str:
    """What the knowledge status means for this report, with its sources."""
    parts = [KNOWLEDGE_MEANS[used.status]]
    if used.sources:
        parts.append(f"Sources: {listed(used.sources)}.")
    if used.failed:
        parts.append(f"{used.failed:,} of {count(used.look_ups, 'look-up')} failed.")
    return " ".join(parts)


def analyst(used: AnalystUsed) -> str:
    """Who analysed the call, and why it was not Claude where Claude was asked."""
    who = "Claude" if used.kind == "claude" else "fixed rules, without a language model"
    named = f"Analysed by {who}{f' ({used.model})' if used.model else ''}"
    return f"{named}, in place of Claude. {used.why or ''}".strip() if used.fell_back else f"{named}."
