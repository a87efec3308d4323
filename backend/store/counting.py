"""What team and rep pages count of one report, and the moments of it that they show. Pure.

A claim counts for whoever said it, an objection for whoever answered it, a score for whoever of ours spoke
most, and everything for the whole team. What cannot be put down to one person counts for the team alone.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from backend.report import ACCUSING, Claim, CoachingReport, Evidence, Objection
from backend.store.tables import storable, utc
from backend.transcript import Quote

CountKind = Literal["call", "claim", "topic", "point", "objection", "rival", "question", "score"]
MomentKind = Literal["wrong", "best", "open"]

TEAM = ""
"""Stands where a rep's name stands, for everybody together."""

DOCS_HOST = "docs.prefect.io"
SURE = 0.8
MOST_BEST = 3
MOST_OPEN = 5
LONGEST_WORDS = 400
LONGEST_LABEL = 150
LONGEST_NAME = 300
"""More of a name and a label would not fit PostgreSQL's index."""

_ASKED = re.compile(r"[^.?!]*\?")


class Count(NamedTuple):
    """One thing counted.

    | kind      | label              | n                            | part                        |
    |-----------|--------------------|------------------------------|-----------------------------|
    | call      |                    | calls                        | of them with a wrong claim  |
    | claim     |                    | claims that the docs settle  | of them wrong               |
    | topic     | page and its title | claims that the page settles | of them wrong               |
    | point     | what settles it    | wrong claims                 | 0                           |
    | objection | category/handling  | objections                   | 0                           |
    | rival     | competitor         | calls that name it           | mentions                    |
    | question  |                    | calls with open questions    | questions                   |
    | score     | dimension          | calls with a score           | points in all               |
    """

    rep: str
    kind: CountKind
    label: str
    n: int
    part: int


class Moment(NamedTuple):
    """Words of a call that a page shows. `label` is the point of a wrong claim, `about` its verdict, or what
    else the moment is; `before` is what the words answer; the rest is what the documentation says."""

    moment_id: str
    kind: MomentKind
    label: str
    rep: str
    words: str
    about: str
    before: str | None = None
    correction: str | None = None
    url: str | None = None
    title: str | None = None
    quote: str | None = None


class Counted(NamedTuple):
    """A report as the sums have it. `at` is the time it counts at, `week` that time's."""

    at: datetime
    reps: list[str]
    counts: list[Count]
    moments: list[Moment]

    @property
    def week(self) -> int:
        return week_of(self.at.date())


def counted(report: CoachingReport) -> Counted:
    """What this report adds to the sums, and what is shown of it."""
    people = _People(report)
    counts = _Counts()
    claims = [claim for claim in report.claims if not people.is_theirs(claim.quote)]
    _count_call(claims, people, counts)
    _count_claims(claims, people, counts)
    _count_others(report, people, counts)
    return Counted(
        at=utc(report.call.started_at or report.created_at),
        reps=people.names,
        counts=counts.all(),
        moments=[*_wrong(claims, people), *_best(report, claims, people), *_open(report)],
    )


def rep_name(name: str) -> str:
    """The name that somebody is counted under."""
    return storable(name)[:LONGEST_NAME]


def week_of(day: date) -> int:
    """The number of the week, Monday to Sunday, that a day is in; the first began on 1 January of year 1."""
    return (day.toordinal() - 1) // 7


def monday(week: int) -> date:
    return date.fromordinal(min(max(week, 0) * 7 + 1, date.max.toordinal()))


def page_at(url: str | None, title: str) -> str:
    """The page of this address, however it is written; its title where it has none."""
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return title
    path = re.sub(r"(?:\.mdx?|/index)$", "", parts.path.rstrip("/"))
    host = "" if parts.netloc in {"", DOCS_HOST} else parts.netloc
    return host + path or title


def url_of(page: str) -> str | None:
    """The address of a page by `page_at`; None for one that is a title alone."""
    host, slash, path = page.partition("/")
    is_address = bool(slash) and not re.search(r"\s", page)
    return f"https://{host or DOCS_HOST}/{path}" if is_address else None


def topic_of(evidence: Evidence) -> str:
    return _label(f"{page_at(evidence.url, evidence.title)}\n{evidence.title}")


def point_of(evidence: Evidence) -> str:
    """Short for the page and the very words that settle a claim; spacing, case and signs make no other."""
    words = " ".join(re.findall(r"\w+", evidence.quote.lower()))
    return hashlib.sha256(f"{page_at(evidence.url, evidence.title)}\n{words}".encode()).hexdigest()[:16]


class _People:
    """Who of ours is on a call, by the names and ids that turns may carry."""

    def __init__(self, report: CoachingReport) -> None:
        ours = [person for person in report.call.participants if person.side == "internal" and person.name]
        self.names = sorted({rep_name(person.name) for person in ours})
        self._named = {key: rep_name(person.name) for person in ours for key in (person.id, person.name)}
        self._theirs = {
            key
            for person in report.call.participants
            if person.side == "external"
            for key in (person.id, person.name)
        } - self._named.keys()
        self._turns = report.turns
        words = {one.speaker: one.words for one in report.talk.speakers}
        spoke = {name: words.get(key, 0) for key, name in self._named.items() if key in words}
        self.leading = self._only() or (max(sorted(spoke), key=lambda name: spoke[name]) if spoke else TEAM)

    def saying(self, quote: Quote) -> str:
        """Our rep whose words these are, or TEAM."""
        return self._named.get(quote.speaker, TEAM)

    def answering(self, objection: Objection) -> str:
        """Our rep who took it up; where nobody did, whoever of ours was alone on the call, or TEAM."""
        return self.saying(objection.response) if objection.response else self._only()

    def is_theirs(self, quote: Quote) -> bool:
        by_turn = quote.speaker not in self._named and self._turns[quote.turn].side == "external"
        return quote.speaker in self._theirs or by_turn

    def _only(self) -> str:
        return self.names[0] if len(self.names) == 1 else TEAM


class _Counts:
    """Adds up. What is one person's is the team's too."""

    def __init__(self) -> None:
        self._sums: defaultdict[tuple[str, CountKind, str], list[int]] = defaultdict(lambda: [0, 0])

    def add(self, rep: str, kind: CountKind, label: str = "", n: int = 1, part: int = 0) -> None:
        for name in {TEAM, rep}:
            self.add_for(name, kind, label, n, part)

    def add_for(self, rep: str, kind: CountKind, label: str = "", n: int = 1, part: int = 0) -> None:
        both = self._sums[rep, kind, label]
        both[0] += n
        both[1] += part

    def all(self) -> list[Count]:
        return [Count(*key, *both) for key, both in sorted(self._sums.items())]


def _count_call(claims: Sequence[Claim], people: _People, counts: _Counts) -> None:
    wrong_by = {people.saying(claim.quote) for claim in claims if claim.verdict in ACCUSING}
    counts.add_for(TEAM, "call", part=bool(wrong_by))
    for name in people.names:
        counts.add_for(name, "call", part=name in wrong_by)


def _count_claims(claims: Sequence[Claim], people: _People, counts: _Counts) -> None:
    for claim in claims:
        wrong, rep = claim.verdict in ACCUSING, people.saying(claim.quote)
        if claim.evidence and (wrong or claim.verdict == "supported"):
            counts.add(rep, "claim", part=wrong)
            counts.add(rep, "topic", topic_of(claim.evidence[0]), part=wrong)
        if claim.evidence and wrong:
            counts.add(rep, "point", point_of(claim.evidence[0]))


def _count_others(report: CoachingReport, people: _People, counts: _Counts) -> None:
    for objection in report.objections:
        counts.add(people.answering(objection), "objection", f"{objection.category}/{objection.handled}")
    mentions = Counter(_label(mention.competitor) for mention in report.competitors)
    for competitor, times in mentions.items():
        counts.add(TEAM, "rival", competitor, part=times)
    if still_open := sum(not question.answered for question in report.questions):
        counts.add(TEAM, "question", part=still_open)
    for score in report.scores:
        if score.value is not None:
            counts.add(people.leading, "score", _label(score.name), part=score.value)


def _wrong(claims: Sequence[Claim], people: _People) -> Iterator[Moment]:
    for claim in claims:
        if claim.verdict in ACCUSING and claim.evidence:
            label = point_of(claim.evidence[0])
            yield _of_claim(claim, "wrong", label, people, claim.verdict)._replace(
                correction=_words(claim.correction) if claim.correction else None
            )


def _best(report: CoachingReport, claims: Sequence[Claim], people: _People) -> list[Moment]:
    """Objections handled well, then what the docs bear out and was said to a question; nothing out of a turn
    in which something was wrong too."""
    wrong = {claim.quote.turn for claim in claims if claim.verdict in ACCUSING}
    well = [
        Moment(
            storable(one.id),
            "best",
            "",
            people.saying(one.response),
            _words(one.response.text),
            one.category,
            before=_words(one.quote.text),
        )
        for one in report.objections
        if one.handled == "well" and one.response and one.response.turn not in wrong
    ]
    borne_out = [
        _of_claim(claim, "best", "", people, claim.verdict)._replace(before=_words(asked))
        for claim in claims
        if claim.verdict == "supported" and claim.quote.turn not in wrong and _is_strong(claim)
        if (asked := _asked_before(report, claim.quote))
    ]
    return [moment for moment in (*well, *borne_out) if moment.rep][:MOST_BEST]


def _open(report: CoachingReport) -> list[Moment]:
    left = [question for question in report.questions if not question.answered]
    return [
        Moment(storable(one.id), "open", "", TEAM, _words(one.quote.text), "open") for one in left[:MOST_OPEN]
    ]


def _of_claim(claim: Claim, kind: MomentKind, label: str, people: _People, about: str) -> Moment:
    settled = claim.evidence[0]
    return Moment(
        storable(claim.id),
        kind,
        label,
        people.saying(claim.quote),
        _words(claim.quote.text),
        about,
        url=storable(settled.url) if settled.url else None,
        title=storable(settled.title),
        quote=_words(settled.quote),
    )


def _is_strong(claim: Claim) -> bool:
    return any(one.source != "pack" for one in claim.evidence) or (
        bool(claim.evidence) and claim.confidence >= SURE
    )


def _asked_before(report: CoachingReport, quote: Quote) -> str:
    """The last question of the customer's turn right before these words; empty where there is none."""
    before = report.turns[quote.turn - 1] if quote.turn else None
    asked = _ASKED.findall(before.text) if before and before.side == "external" else []
    return asked[-1].strip() if asked else ""


def _words(text: str) -> str:
    text = storable(text)
    return text if len(text) <= LONGEST_WORDS else f"{text[: LONGEST_WORDS - 1]}…"


def _label(text: str) -> str:
    return storable(text)[:LONGEST_LABEL]
