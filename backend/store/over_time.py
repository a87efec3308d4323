"""Sums over the steps of a period, as pages show them. Pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, cast

from backend.report import Handling, ObjectionCategory
from backend.store.coached import Dimension, Help, Helped, Objections, Rivals, Step, Topic
from backend.store.counting import CountKind, url_of
from backend.store.period import ENOUGH, Period, WrongShare

MOST_HELP = 8
HELP_FROM = 3
"""So many wrong claims of one rep about one topic, of at least ENOUGH, and going over it is worth while."""


class Sum(NamedTuple):
    """One line of sums over a step of the period."""

    kind: CountKind
    label: str
    step: int
    n: int
    part: int


class OverTime:
    """Sums over the steps of a period, by kind and label."""

    def __init__(self, period: Period, sums: Iterable[Sum]) -> None:
        self._steps = period.steps
        self._by_kind: defaultdict[CountKind, defaultdict[str, dict[int, Sum]]]
        self._by_kind = defaultdict(lambda: defaultdict(dict))
        for one in sums:
            self._by_kind[one.kind][one.label][one.step] = one

    def total(self, kind: CountKind) -> tuple[int, int]:
        """All there is of it, whatever its label: `n` and `part`."""
        every = [one for steps in self._by_kind[kind].values() for one in steps.values()]
        return sum(one.n for one in every), sum(one.part for one in every)

    def claims(self) -> WrongShare:
        """The wrong ones of all."""
        of, wrong = self.total("claim")
        return WrongShare.counted(wrong, of)

    def steps(self) -> list[Step]:
        calls, claims = self._by_kind["call"][""], self._by_kind["claim"][""]
        return [
            Step(
                start=start,
                calls=calls[nth].n if nth in calls else 0,
                claims=WrongShare.counted(claims[nth].part, claims[nth].n)
                if nth in claims
                else WrongShare.counted(0, 0),
            )
            for nth, start in enumerate(self._steps)
        ]

    def rivals(self) -> list[Rivals]:
        """The most named first."""
        found = [
            Rivals(competitor=label, calls=sum(one.n for one in steps.values()), by_step=self._line(steps))
            for label, steps in self._by_kind["rival"].items()
        ]
        return sorted(found, key=lambda one: (-one.calls, one.competitor))

    def objections(self) -> list[Objections]:
        """The most frequent first."""
        handled: defaultdict[str, dict[Handling, int]] = defaultdict(dict)
        lines: defaultdict[str, list[int]] = defaultdict(lambda: [0] * len(self._steps))
        for label, steps in self._by_kind["objection"].items():
            category, _, how = label.partition("/")
            handled[category][cast("Handling", how)] = sum(one.n for one in steps.values())
            lines[category] = [a + b for a, b in zip(lines[category], self._line(steps), strict=True)]
        found = [
            Objections(category=cast("ObjectionCategory", category), handled=how, by_step=lines[category])
            for category, how in handled.items()
        ]
        return sorted(found, key=lambda one: (-one.number, one.category))

    def scores(self) -> list[Dimension]:
        return [
            Dimension(
                name=label,
                calls=(calls := sum(one.n for one in steps.values())),
                mean=round(sum(one.part for one in steps.values()) / calls, 1),
                by_step=[
                    round(steps[nth].part / steps[nth].n, 1) if nth in steps else None
                    for nth in range(len(self._steps))
                ],
            )
            for label, steps in sorted(self._by_kind["score"].items())
        ]

    def _line(self, steps: Mapping[int, Sum]) -> list[int]:
        return [steps[nth].n if nth in steps else 0 for nth in range(len(self._steps))]


def topics(sums: Iterable[tuple[str, int, int]]) -> list[Topic]:
    """Each page once, by its commonest title. The surest to be got wrong first, those of which too little was
    said last."""
    of_page: defaultdict[str, list[tuple[int, str, int]]] = defaultdict(list)
    for label, n, part in sums:
        of_page[page_of(label)].append((n, label.partition("\n")[2], part))
    found = [
        Topic(
            page=page,
            title=max(titles)[1] or page,
            url=url_of(page),
            claims=WrongShare.counted(sum(part for *_, part in titles), sum(n for n, *_ in titles)),
        )
        for page, titles in of_page.items()
    ]
    return sorted(found, key=_by_error)


def _by_error(topic: Topic) -> tuple[float, int, int, str]:
    low = -1.0 if topic.claims.low is None else topic.claims.low
    return -low, -topic.claims.wrong, -topic.claims.of, topic.title


def page_of(label: str) -> str:
    """The page of a topic's label."""
    return label.partition("\n")[0]


def several_times(slips: Iterable[tuple[str, str, int]]) -> set[tuple[str, str]]:
    """Rep and page, of the topics that were got wrong most by those who did so several times.

    Each of `slips` is a rep, a topic's label, and how many claims were wrong.
    """
    wrong: Counter[tuple[str, str]] = Counter()
    for name, label, number in slips:
        wrong[name, page_of(label)] += number
    often = {key: number for key, number in wrong.items() if number >= HELP_FROM}
    by_page: Counter[str] = Counter()
    for (_, page), number in often.items():
        by_page[page] += number
    most = set(sorted(by_page, key=lambda page: (-by_page[page], page))[:MOST_HELP])
    return {key for key in often if key[1] in most}


def helped(topics_of: Mapping[str, Sequence[Topic]]) -> list[Help]:
    """Each topic with those who got it wrong several times, by name; of two topics the one with more wrong
    claims first."""
    together: defaultdict[str, list[tuple[str, Topic]]] = defaultdict(list)
    for name, theirs in topics_of.items():
        for topic in theirs:
            if topic.claims.wrong >= HELP_FROM and topic.claims.of >= ENOUGH:
                together[topic.page].append((name, topic))
    found = [
        Help(
            topic=several[0][1].model_copy(update={"claims": _all_of(topic.claims for _, topic in several)}),
            reps=[
                Helped(rep=name, claims=topic.claims)
                for name, topic in sorted(several, key=lambda one: one[0].casefold())
            ],
        )
        for several in together.values()
    ]
    return sorted(found, key=lambda one: (-one.topic.claims.wrong, one.topic.title))


def _all_of(shares: Iterable[WrongShare]) -> WrongShare:
    every = list(shares)
    return WrongShare.counted(sum(one.wrong for one in every), sum(one.of for one in every))
