"""A coached call to take along: its claims as CSV, and the whole as Markdown for people. Pure: reports in,
text out."""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Iterable, Iterator
from io import StringIO
from urllib.parse import quote as percent

from backend.pages import wording
from backend.pages.cards import Card, cards
from backend.report import Claim, CoachingReport, Evidence, Score
from backend.store.tables import heading
from backend.transcript import Turn

COLUMNS = (
    *("call", "call id", "held", "time", "seconds", "speaker", "said", "topic", "verdict", "reason"),
    *("say instead", "confidence", "docs say", "docs page", "docs link", "docs read", "docs source"),
    *("ruled by", "open disputes"),
)
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""What a spreadsheet may take for the beginning of a formula."""


def claims_csv(report: CoachingReport) -> str:
    """One line for each claim, in the order they were made; no cell of it is a formula to a spreadsheet."""
    text = StringIO()
    lines = csv.writer(text)
    lines.writerow(COLUMNS)
    for claim in sorted(report.claims, key=lambda claim: (claim.quote.turn, claim.quote.char_start)):
        lines.writerow(map(harmless, _cells(report, claim)))
    return text.getvalue()


def harmless(cell: object) -> str:
    """The cell as text, with an apostrophe before what a spreadsheet would compute."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def _cells(report: CoachingReport, claim: Claim) -> Iterator[object]:
    call, quote = report.call, claim.quote
    yield from (heading(call), report.id, call.started_at.isoformat() if call.started_at else None)
    yield from (wording.place(quote), quote.start_s, quote.speaker, quote.text, claim.topic)
    yield from (wording.VERDICTS[claim.verdict].words, claim.reason, claim.correction, claim.confidence)
    first = claim.evidence[0] if claim.evidence else None
    yield from (
        (first.quote, first.title, first.url, first.read_at.isoformat(), first.origin)
        if first
        else [None] * 5
    )
    yield claim.ruling.by if claim.ruling else None
    yield sum(dispute.open for dispute in claim.disputes)


def file_name(report: CoachingReport, ending: str) -> str:
    """A name for a download that any system takes: the day, the title's plain letters, what it is."""
    call = report.call
    letters = unicodedata.normalize("NFKD", heading(call)).encode("ascii", "ignore").decode().lower()
    title = re.sub(r"[^a-z0-9]+", "-", letters).strip("-")[:60].rstrip("-")
    day = f"{call.started_at:%Y-%m-%d}-" if call.started_at else ""
    return f"{day}{title or 'call'}{ending}"


def markdown(report: CoachingReport) -> str:
    """The report as a person reads it, top to bottom. What was said, and all other free text, is escaped: it
    renders as the text it is."""
    by_id = cards(report)
    parts = [
        *_head(report),
        *_priorities(report, by_id),
        *_section("To correct", [card for card in by_id.values() if card.accuses]),
        *_note(report),
        *_section("Objections", [card for card in by_id.values() if card.kind == "objection"]),
        *_section("Questions", [card for card in by_id.values() if card.kind == "question"]),
        *_section("Competitors", [card for card in by_id.values() if card.kind == "competitor"]),
        *_section(
            "Other claims", [card for card in by_id.values() if card.kind == "claim" and not card.accuses]
        ),
        *_scores(report),
        "## What was said",
        *map(_turn, report.turns),
    ]
    return "\n\n".join(parts) + "\n"


_SPECIAL = re.compile(r"[\\`*_\[\]<>|~&$]|(?<=www)\.|:(?=//)|(?<=\w)@(?=\w)")
_LEADING = re.compile(r"^(?:[#+=>-]|\d+(?=[.)]))")


def escaped(text: str) -> str:
    """The text on one line, so that Markdown shows it as it is: no markup, no HTML, no links."""
    line = _SPECIAL.sub(lambda found: f"\\{found[0]}", " ".join(text.split()))
    return _LEADING.sub(_defused, line)


def _defused(found: re.Match[str]) -> str:
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"


def _head(report: CoachingReport) -> Iterator[str]:
    call, used = report.call, report.knowledge
    yield f"# {escaped(heading(call))}"
    about = [wording.when(call.started_at), wording.span(call.duration_s)]
    if report.talk.rep_share is not None:
        about.append(f"our side spoke {wording.percent(report.talk.rep_share)} % of the words")
    yield ", ".join(filter(None, [*about, wording.count(len(report.turns), "turn")]))
    sides = {
        side: [person.name or person.id for person in call.participants if person.side == side]
        for side in wording.SIDES
    }
    there = [
        f"- {wording.plain(wording.SIDES[s])}: {escaped(', '.join(sides[s]))}" for s in sides if sides[s]
    ]
    if there:
        yield "\n".join(there)
    read = f", read {wording.when(used.read_at)}" if used.read_at else ""
    yield f"**{wording.KNOWLEDGE[used.status]}**{read}. {escaped(wording.knowledge(used))}"
    yield escaped(wording.analyst(report.analyst))
    yield from map(escaped, report.warnings)


def _priorities(report: CoachingReport, by_id: dict[str, Card]) -> Iterator[str]:
    yield "## What to change first"
    if not report.priorities:
        yield "Nothing stood out that should change first."
    for number, one in enumerate(report.priorities, 1):
        places = [wording.place(by_id[id_].quote) for id_ in one.quotes if id_ in by_id]
        at = f" ({', '.join(places)})" if places else ""
        yield f"{number}. **{escaped(one.title)}**{at}"
        yield f"   {escaped(one.why)}"
        yield f"   Next time: {escaped(one.do)}"


def _section(title: str, chosen: Iterable[Card]) -> Iterator[str]:
    found = list(chosen)
    if found:
        yield f"## {title} ({len(found)})"
    for card in found:
        yield from _card(card)


def _card(card: Card) -> Iterator[str]:
    yield f"### {wording.place(card.quote)} {escaped(card.label.words)}: {escaped(card.about)}"
    yield f"{escaped(card.quote.speaker)}: “{escaped(card.quote.text)}”"
    if card.reason:
        yield escaped(card.reason)
    if card.steps:
        yield "\n".join(_steps(card))
    elif card.response:
        yield f"What was answered: “{escaped(card.response.text)}”"
    if card.advice:
        yield f"{card.say}: {escaped(card.advice)}"
    for evidence in (*card.evidence, *card.folded, *card.linked):
        yield _source(evidence)
    yield from _people(card)


def _steps(card: Card) -> Iterator[str]:
    for kind, words in wording.STEPS.items():
        heard = [f"“{escaped(step.quote.text)}”" for step in card.steps if step.kind == kind]
        yield f"- {words}: {' '.join(heard) or 'not heard'}"


def _source(evidence: Evidence) -> str:
    url = wording.web_url(evidence.url)
    title = escaped(evidence.title or url or "")
    page = f"[{title}](<{percent(url, safe=_IN_URL)}>)" if url else title
    ours = "Our summary, not the docs’ own words. " if evidence.source == "pack" else ""
    read = f"{ours}Read {wording.read_on(evidence.read_at)} from {escaped(evidence.origin)}"
    return f"> {escaped(evidence.quote)}\n>\n> {page}. {read}"


_IN_URL = ":/?#[]@!$&'()*+,;=%~"


def _people(card: Card) -> Iterator[str]:
    if card.claim is None:
        return
    for dispute in card.claim.disputes:
        at = f"{wording.when(dispute.at)}{'' if dispute.open else ' (closed)'}"
        yield f"Disputed by {escaped(dispute.by)}, {at}: {escaped(dispute.reason)}"
    if ruling := card.claim.ruling:
        found = "" if ruling.upheld else f", who overruled “{wording.VERDICTS[ruling.found].words}”"
        yield f"Ruled by {escaped(ruling.by)}, {wording.when(ruling.at)}{found}: {escaped(ruling.reason)}"
    for judgement, before in card.former:
        was = wording.VERDICTS[before.verdict].words
        until = f"“{was}” until {wording.when(judgement.replaced_at)}"
        yield f"Judged otherwise before: {until}. {escaped(' '.join([before.reason, *judgement.because]))}"


def _note(report: CoachingReport) -> Iterator[str]:
    if note := report.follow_up:
        yield "## A note to the customer"
        yield f"Subject: {escaped(note.subject)}"
        yield "\n>\n".join(f"> {escaped(line)}" for line in note.body.splitlines() if line.strip())


def _turn(turn: Turn) -> str:
    at = wording.clock(turn.start_s) or turn.index + 1
    return f"**{at} {escaped(turn.speaker)}:** {escaped(turn.text)}"


def _scores(report: CoachingReport) -> Iterator[str]:
    if report.scores:
        yield "## Scores"
        yield "\n".join(["| score | of 100 | |", "|---|---|---|", *map(_score, report.scores)])


def _score(score: Score) -> str:
    value = "none" if score.value is None else score.value
    return f"| {escaped(wording.plain(score.name))} | {value} | {escaped(score.why)} |"
