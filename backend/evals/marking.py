"""One report marked against the labels of its call: what is right of how much, and what went wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Generic, NamedTuple, Protocol, TypeVar

from backend.analysis.analyst import Brief
from backend.evals.labels import ClaimLabel, Label, LabelledCall, ObjectionLabel, page_of
from backend.evals.spans import Line, Span
from backend.quotes import verify_evidence
from backend.report import (
    ACCUSING,
    Claim,
    CoachingReport,
    CompetitorContext,
    Evidence,
    Objection,
    OpenQuestion,
)
from backend.transcript import Quote

NOT_FOUND, UNLABELLED = "not_found", "unlabelled"
ASTRAY = "label that nobody says"


class Counted(NamedTuple):
    """How many are right, of how many."""

    right: int
    of: int


class Finding(NamedTuple):
    """A miss or a false find. It holds words of the call: for a person to learn from, never for a file."""

    call: str
    kind: str
    start_s: float | None
    words: str
    detail: str = ""


class Marks(NamedTuple):
    """Counts by measure, pairs of labelled and given verdict, and what went wrong."""

    counts: dict[str, Counted]
    verdicts: Counter[tuple[str, str]]
    findings: list[Finding]


class _Quoted(Protocol):
    @property
    def quote(self) -> Quote: ...


Found = TypeVar("Found", bound=_Quoted)
Gold = TypeVar("Gold", bound=Label)


class Matched(Generic[Found, Gold]):
    """What was found beside what is labelled. Each has at most one partner: the one it shares most with.

    Where the labels are not `complete`, finds without a label count only if they are in `never`: of the
    others nobody said what they are.
    """

    def __init__(
        self,
        line: Line,
        found: Sequence[Found],
        gold: Sequence[Gold],
        *,
        complete: bool = True,
        never: Sequence[Label] = (),
    ) -> None:
        self.gold = gold
        self.places = line.place(gold)
        wrong = line.place(never)
        spans = [line.span(one.quote) for one in found]
        known = [
            (one, span)
            for one, span in zip(found, spans, strict=True)
            if complete or _closest(span, self.places) is not None or _closest(span, wrong) is not None
        ]
        self.found = [one for one, _ in known]
        self._spans = [span for _, span in known]
        self._can_be_wrong = complete or bool(never)

    def labelled(self) -> Iterator[tuple[Found, Gold | None]]:
        """Each find with its label, None where it has none."""
        for one, span in zip(self.found, self._spans, strict=True):
            best = _closest(span, self.places)
            yield one, None if best is None else self.gold[best]

    def with_all(self) -> Iterator[tuple[Found, list[Gold]]]:
        """Each find with every label it matches: a sentence may make a right claim and a wrong one."""
        for one, span in zip(self.found, self._spans, strict=True):
            places = zip(self.gold, self.places, strict=True)
            yield one, [label for label, place in places if place is not None and span.matches(place)]

    def met(self) -> Iterator[tuple[Gold, Span | None, Found | None]]:
        """Each label with its place and what was found there."""
        for label, place in zip(self.gold, self.places, strict=True):
            best = None if place is None else _closest(place, self._spans)
            yield label, place, None if best is None else self.found[best]

    def counts(self, name: str) -> dict[str, Counted]:
        """What precision and recall are counted from."""
        right = sum(label is not None for _, label in self.labelled())
        met = sum(found is not None for _, _, found in self.met())
        return {
            # Of labels that name nothing wrong every find would be right, which says nothing.
            f"{name}.precision": Counted(right, len(self.found)) if self._can_be_wrong else Counted(0, 0),
            f"{name}.recall": Counted(met, len(self.gold)),
        }


def _closest(span: Span, others: Sequence[Span | None]) -> int | None:
    """Which of the others matches it with the most characters in common."""
    shared = [
        (span.shared(other), -at)
        for at, other in enumerate(others)
        if other is not None and span.matches(other)
    ]
    return -max(shared)[1] if shared else None


class Marker:
    """Marks one report. `briefs` is what the analyst had before it, by the ids of the moments."""

    def __init__(self, call: LabelledCall, report: CoachingReport, briefs: Mapping[str, Brief]) -> None:
        self._call, self._report, self._briefs = call, report, briefs
        self._line, self._complete = Line(call.transcript), call.labels.complete
        self._findings: list[Finding] = []

    def marks(self) -> Marks:
        labels = self._call.labels
        claims = Matched(self._line, self._report.claims, labels.claims, complete=self._complete)
        counts = {
            **claims.counts("claims"),
            **self._accusations(claims),
            **self._supported(claims),
            **self._pages(claims),
            **self._objections(),
            **self._competitors(),
            **self._questions(),
            "quotes.verbatim": _verbatim(self._report),
        }
        self._tell_claims(claims)
        self._tell_astray()
        return Marks(counts, _verdicts(claims), self._findings)

    def _accusations(self, claims: Matched[Claim, ClaimLabel]) -> dict[str, Counted]:
        accused = [labels for one, labels in claims.with_all() if one.verdict in ACCUSING]
        wrong = [found for label, _, found in claims.met() if label.wrong]
        return {
            "accusations.precision": _counted(any(label.wrong for label in labels) for labels in accused),
            "accusations.recall": _counted(
                found is not None and found.verdict in ACCUSING for found in wrong
            ),
        }

    def _supported(self, claims: Matched[Claim, ClaimLabel]) -> dict[str, Counted]:
        found = [labels for one, labels in claims.with_all() if one.verdict == "supported"]
        right = [bool(labels) and all(one.verdict == "supported" for one in labels) for labels in found]
        return {
            "supported.right": Counted(sum(right), sum(map(bool, found))),
            "supported.right_of_all": _counted(right),
        }

    def _pages(self, claims: Matched[Claim, ClaimLabel]) -> dict[str, Counted]:
        """Over the checkable claims that were found."""
        found = [(label, one) for label, _, one in claims.met() if label.checkable and one is not None]
        briefs = [(label, self._briefs.get(one.id, Brief())) for label, one in found]
        return {
            "pages.shown": _counted(
                any(page_of(each.url) in label.gold_urls for each in one.evidence) for label, one in found
            ),
            "pages.known": _counted(
                any(page_of(each.fact.url) in label.gold_urls for each in brief.facts)
                for label, brief in briefs
            ),
        }

    def _objections(self) -> dict[str, Counted]:
        matched = Matched(
            self._line,
            self._report.objections,
            self._call.labels.objections,
            complete=self._complete,
            never=self._call.labels.not_objections,
        )
        pairs = [(label, one) for label, _, one in matched.met() if one is not None]
        for label, place, one in matched.met():
            if one is None:
                self._tell("objection missed", place, label.quote, label.category)
            elif problem := _misjudged(label, one):
                self._tell("objection misjudged", place, label.quote, problem)
        for one, known in matched.labelled():
            if known is None:
                self._tell_found("no objection", one.quote, one.category)
        return {
            **matched.counts("objections"),
            "objections.category": _counted(label.category == one.category for label, one in pairs),
            "objections.handled_well": _counted(
                (label.handled == "well") == (one.handled == "well") for label, one in pairs
            ),
            "objections.handled": _counted(label.handled == one.handled for label, one in pairs),
        }

    def _competitors(self) -> dict[str, Counted]:
        """By call, for labels need not hold every mention; so are contexts: right where every mention's is
        that of some label of this product."""
        labels, mentions = self._call.labels.competitors, self._report.competitors
        said, named = {one.competitor for one in mentions}, {label.canonical for label in labels}
        said &= said if self._complete else named
        astray = [one for one in mentions if one.context not in self._contexts(one.competitor)]
        for one in astray:
            if wanted := " or ".join(sorted(self._contexts(one.competitor))):
                self._tell_found(
                    "competitor's context", one.quote, f"{one.competitor}: {wanted}, not {one.context}"
                )
        for missed in sorted(named - said):
            words = next(label.quote for label in labels if label.canonical == missed)
            self._tell("competitor missed", None, words, missed)
        for extra in sorted(said - named):
            self._tell_found(
                "no competitor", next(one.quote for one in mentions if one.competitor == extra), extra
            )
        return {
            "competitors.precision": Counted(len(said & named), len(said)),
            "competitors.recall": Counted(len(said & named), len(named)),
            "competitors.context": _counted(
                one not in {mention.competitor for mention in astray} for one in sorted(said & named)
            ),
        }

    def _contexts(self, competitor: str) -> set[CompetitorContext]:
        labels = self._call.labels.competitors
        return {label.context for label in labels if label.canonical == competitor}

    def _questions(self) -> dict[str, Counted]:
        opened: list[OpenQuestion] = [one for one in self._report.questions if not one.answered]
        matched = Matched(self._line, opened, self._call.labels.unanswered_questions, complete=self._complete)
        for label, place, one in matched.met():
            if one is None:
                self._tell("open question missed", place, label.quote)
        for one, known in matched.labelled():
            if known is None:
                self._tell_found("no open question", one.quote)
        return matched.counts("questions")

    def _tell_claims(self, claims: Matched[Claim, ClaimLabel]) -> None:
        for label, place, found in claims.met():
            if found is None:
                self._tell("claim missed", place, label.quote, label.verdict)
            elif label.wrong and found.verdict not in ACCUSING:
                self._tell(
                    "wrong claim passed", place, label.quote, f"{label.verdict}, judged {found.verdict}"
                )
        for one, known in claims.with_all():
            said = " and ".join(dict.fromkeys(label.verdict for label in known)) or UNLABELLED
            if one.verdict in ACCUSING and not any(label.wrong for label in known):
                self._tell_found("wrong accusation", one.quote, f"{said}, judged {one.verdict}: {one.reason}")
            elif one.verdict == "supported" and known and said != "supported":
                self._tell_found("wrongly supported", one.quote, f"{said}: {one.reason}")
            elif not known:
                self._tell_found("no claim", one.quote, one.verdict)

    def _tell_astray(self) -> None:
        """Labels whose words nobody says: a flaw of the labels, or of a parser."""
        labels = self._call.labels
        kinds: tuple[Sequence[Label], ...] = (labels.claims, labels.objections, labels.competitors)
        for of_kind in (*kinds, labels.unanswered_questions):
            for label, place in zip(of_kind, self._line.place(of_kind), strict=True):
                if place is None:
                    self._tell(ASTRAY, None, label.quote)

    def _tell(self, kind: str, place: Span | None, words: str, detail: str = "") -> None:
        start_s = self._line.start_s(place) if place else None
        self._findings.append(Finding(self._call.labels.id, kind, start_s, words, detail))

    def _tell_found(self, kind: str, quote: Quote, detail: str = "") -> None:
        self._findings.append(Finding(self._call.labels.id, kind, quote.start_s, quote.text, detail))


def _misjudged(label: ObjectionLabel, found: Objection) -> str:
    judged = [(label.category, found.category), (label.handled, found.handled)]
    return "; ".join(f"{wanted}, not {given}" for wanted, given in judged if wanted != given)


def _verdicts(claims: Matched[Claim, ClaimLabel]) -> Counter[tuple[str, str]]:
    """Labels beside verdicts, with the labels that were missed and the finds without a label."""
    pairs = Counter[tuple[str, str]]()
    pairs.update((label.verdict, one.verdict if one else NOT_FOUND) for label, _, one in claims.met())
    pairs.update((UNLABELLED, one.verdict) for one, label in claims.labelled() if label is None)
    return pairs


def _verbatim(report: CoachingReport) -> Counted:
    """Quotes that stand in their turn, and evidence that stands in its passage."""
    passages = {passage.id: passage for passage in report.passages}
    quotes = [one.quote for one in report.moments()]
    quotes += [one.response for one in report.objections if one.response]
    quotes += [step.quote for one in report.objections for step in one.steps]
    spoken = (
        0 <= quote.turn < len(report.turns)
        and report.turns[quote.turn].text[quote.char_start : quote.char_end] == quote.text
        for quote in quotes
    )
    cited = (verify_evidence(one, passages.get(one.passage_id)) for one in _cited(report))
    return _counted([*spoken, *cited])


def _cited(report: CoachingReport) -> Iterator[Evidence]:
    for claim in report.claims:
        yield from claim.evidence
    for objection in report.objections:
        yield from objection.suggestion.evidence
    for question in report.questions:
        yield from question.suggestion.evidence if question.suggestion else ()
    for mention in report.competitors:
        yield from mention.positioning.evidence


def _counted(right: Iterable[bool]) -> Counted:
    each = list(right)
    return Counted(sum(each), len(each))
