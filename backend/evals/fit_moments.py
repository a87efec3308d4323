"""Learns to spot objections and open questions: `python -m backend.evals.fit_moments PACK ORDINARY CALLS...`.

PACK is the knowledge pack's folder, whose objection guides are examples of each kind; ORDINARY is a list of
what prospects say that is no objection; CALLS are folders of labelled calls. It writes the weights and prints
how they do on calls they were not made with. Needs numpy, as the extra `semantic` does.
"""

from __future__ import annotations

import asyncio
import math
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from statistics import harmonic_mean
from typing import NamedTuple, get_args

import numpy as np
import yaml
from numpy.typing import NDArray
from pydantic import TypeAdapter

from backend.analysis.learned import WEIGHTS, Learned, Scale, Signs
from backend.analysis.phrasing import phrases
from backend.analysis.pushback import answer, hear, opening
from backend.analysis.pushback_cues import SIGNS, plain
from backend.analysis.pushback_kinds import kind_signs, said_around
from backend.analysis.questions import candidates
from backend.analysis.replies import exchange_signs, exchange_turns
from backend.analysis.rules import RulesAnalyst
from backend.evals.labels import Label, LabelledCall, read_calls
from backend.evals.marking import Counted, Matched
from backend.evals.spans import Line
from backend.facts import ObjectionGuide
from backend.report import ObjectionCategory
from backend.services.pack import Pack, read_pack

PENALTY = 3.0
"""Of the squared weights; from 1 to 8 the figures differ by a point."""
PENALTY_OF_KINDS = 1.0
PENALTY_OF_SOUNDS = 0.2
SENTENCES_WITH_A_PHRASE = 3
FOLDS = 4
POWER_STEPS = 30
A_GUIDES_SENTENCE = 0.6
"""How much an example of the pack counts beside one from a call."""
CALLS_WITH_A_SIGN = 3
"""A sign that fewer calls show is left out."""
CONSTANT_PENALTY = 0.01
STEPS = 300
DIGITS = 2
LEAST_WEIGHT = 0.05
OF_THE_PACK = -1
NOTHING = Scale(bias=0.0, weights={})
KINDS_KNOWN: Mapping[str, ObjectionCategory] = {one: one for one in get_args(ObjectionCategory)}

Numbers = NDArray[np.float64]


class Example(NamedTuple):
    """Signs, and whether it is what is looked for. `call` is left out as one; -1 never is."""

    call: int
    signs: Signs
    wanted: bool
    counts: float = 1.0


class Taught(NamedTuple):
    """What is known besides labelled calls: objections of each kind, and what is none."""

    guides: Sequence[ObjectionGuide]
    ordinary: Sequence[str]


def main() -> None:
    directory, ordinary, *folders = (Path(name) for name in sys.argv[1:])
    pack = read_pack(directory)
    known = Taught(
        pack.objections, TypeAdapter(list[str]).validate_python(yaml.safe_load(ordinary.read_text()))
    )
    calls = [call for folder in folders for call in read_calls(folder)]
    WEIGHTS.write_text(learn(calls, known).model_dump_json(indent=1) + "\n")
    for name, value in left_out(calls, pack, known).items():
        sys.stdout.write(f"{name}: {value:.3f}\n")


def left_out(calls: Sequence[LabelledCall], pack: Pack, known: Taught) -> dict[str, float]:
    """How the rules analyst finds in each call what is labelled there, taught by the other calls alone."""
    counts: dict[str, list[Counted]] = {}
    for nth, call in enumerate(calls):
        taught = learn([*calls[:nth], *calls[nth + 1 :]], known)
        for name, counted in _marked(
            call, RulesAnalyst(pack.competitors, pack.objections, pack.hear, taught)
        ):
            counts.setdefault(name, []).append(counted)
    shares = {
        name: sum(one.right for one in each) / max(1, sum(one.of for one in each))
        for name, each in counts.items()
    }
    return shares | {
        f"{kind}.f1": harmonic_mean([shares[f"{kind}.precision"], shares[f"{kind}.recall"]])
        for kind in ("objections", "questions")
    }


def _marked(call: LabelledCall, analyst: RulesAnalyst) -> Iterator[tuple[str, Counted]]:
    moments = asyncio.run(analyst.spot(call.transcript))
    judged = asyncio.run(analyst.judge(call.transcript, moments, {}))
    line, labels = Line(call.transcript), call.labels
    objections = Matched(line, judged.objections, labels.objections)
    found = [(label, one) for label, _, one in objections.met() if one]
    yield from objections.counts("objections").items()
    yield from Matched(line, judged.questions, labels.unanswered_questions).counts("questions").items()
    yield "category", Counted(sum(label.category == one.category for label, one in found), len(found))
    yield (
        "handled well",
        Counted(
            sum((label.handled == "well") == (one.handled == "well") for label, one in found), len(found)
        ),
    )
    yield "handled", Counted(sum(label.handled == one.handled for label, one in found), len(found))


def learn(calls: Sequence[LabelledCall], known: Taught) -> Learned:
    """The weights from these calls. Deterministic."""
    sounding = [list(sounds(call, nth)) for nth, call in enumerate(calls)]
    written = list(sounds_written(known))
    return Learned(
        sounds=fit_sounds(written, sounding),
        pushback=fit(list(objections(calls, written, sounding))),
        kinds=fit_kinds(list(kinds(calls, known.guides))),
        well=fit(list(handled(calls))),
        left_open=fit(list(questions(calls))),
    )


def sounds(call: LabelledCall, nth: int) -> Iterator[Example]:
    """The words of each sentence of theirs."""
    labelled = _places(call, call.labels.objections)
    for heard in hear(call.transcript, NOTHING):
        for one in heard:
            words = phrases(plain(one.turn.text[one.start : one.end]))
            yield Example(nth, words, labelled(one.turn.index, one.start, one.end))


def sounds_written(known: Taught) -> Iterator[Example]:
    """The words of what was written for learning; a guide's plain questions are none that push back."""
    for guide in known.guides:
        for words in guide.utterances:
            if not SIGNS["neutral question"].search(plain(words)):
                yield Example(OF_THE_PACK, phrases(plain(words)), True)
    for words in known.ordinary:
        yield Example(OF_THE_PACK, phrases(plain(words)), False)


def fit_sounds(written: Sequence[Example], sounding: Sequence[Sequence[Example]]) -> Scale:
    every = [*written, *(one for call in sounding for one in call)]
    return fit(every, PENALTY_OF_SOUNDS, SENTENCES_WITH_A_PHRASE, lambda row, _: row)


def objections(
    calls: Sequence[LabelledCall], written: Sequence[Example], sounding: Sequence[Sequence[Example]]
) -> Iterator[Example]:
    """How a sentence sounds is told by what was learned from other calls, as it is when it counts."""
    for fold in range(FOLDS):
        others = [one for nth, one in enumerate(sounding) if nth % FOLDS != fold]
        scale = fit_sounds(written, others)
        for nth, call in enumerate(calls):
            if nth % FOLDS == fold:
                labelled = _places(call, call.labels.objections)
                for heard in hear(call.transcript, scale):
                    for one in heard:
                        yield Example(nth, one.signs, labelled(one.turn.index, one.start, one.end))


def questions(calls: Sequence[LabelledCall]) -> Iterator[Example]:
    for nth, call in enumerate(calls):
        labelled = _places(call, call.labels.unanswered_questions)
        for one in candidates(call.transcript):
            yield Example(nth, one.signs, labelled(one.turn.index, *one.places[one.nth]))


def handled(calls: Sequence[LabelledCall]) -> Iterator[Example]:
    for nth, call in enumerate(calls):
        line, turns = Line(call.transcript), call.transcript.turns
        for label, place in zip(call.labels.objections, line.place(call.labels.objections), strict=True):
            reply = answer(call.transcript, turns[line.quote(place).turn]) if place else None
            if reply:
                signs = exchange_signs(exchange_turns(reply.index, turns))
                yield Example(nth, signs, label.handled == "well")


def kinds(
    calls: Sequence[LabelledCall], guides: Sequence[ObjectionGuide]
) -> Iterator[tuple[ObjectionCategory, Example]]:
    """Labelled objections, and the pack's examples of each kind: those of a kind with many count less."""
    for nth, call in enumerate(calls):
        line, turns = Line(call.transcript), call.transcript.turns
        for label, place in zip(call.labels.objections, line.place(call.labels.objections), strict=True):
            around = ""
            if place:
                quote = line.quote(place)
                turn = turns[quote.turn]
                around = said_around(
                    turn, quote.char_start, quote.char_end, opening(answer(call.transcript, turn))
                )
            yield label.category, Example(nth, kind_signs(label.quote, around), True)
    said = Counter(one.category for one in guides for _ in one.utterances)
    usual = sum(said.values()) / len(said)
    for guide in guides:
        if guide.category in KINDS_KNOWN:
            counts = A_GUIDES_SENTENCE * math.sqrt(usual / said[guide.category])
            for words in guide.utterances:
                yield KINDS_KNOWN[guide.category], Example(OF_THE_PACK, kind_signs(words), True, counts)


def fit(
    examples: Sequence[Example],
    penalty: float = PENALTY,
    least: int = CALLS_WITH_A_SIGN,
    where: Callable[[int, Example], int] = lambda _, one: one.call,
) -> Scale:
    """The weights that tell the wanted examples from the others; a sign must show in `least` places."""
    table = Table(examples, least, where)
    wanted = np.array([[float(one.wanted)] for one in examples])
    return _scales(table, _descend(table, wanted, penalty, _sigmoid))[0]


def fit_kinds(examples: Sequence[tuple[ObjectionCategory, Example]]) -> dict[ObjectionCategory, Scale]:
    """A scale for each kind, learned together: the likeliest kind is the one that weighs most."""
    known = sorted({kind for kind, _ in examples})
    table = Table([one for _, one in examples], SENTENCES_WITH_A_PHRASE, lambda row, _: row)
    wanted = np.array([[float(kind == one) for one in known] for kind, _ in examples])
    scales = _scales(table, _descend(table, wanted, PENALTY_OF_KINDS, _softmax))
    return dict(zip(known, scales, strict=True))


class Table:
    """Examples as rows of a sparse table; the first column is the constant."""

    def __init__(self, examples: Sequence[Example], least: int, where: Callable[[int, Example], int]) -> None:
        shown = {
            (name, where(row, one))
            for row, one in enumerate(examples)
            for name, much in one.signs.items()
            if much
        }
        places = Counter(name for name, _ in shown)
        self.names = sorted(name for name, count in places.items() if count >= least)
        at = {name: column for column, name in enumerate(self.names, 1)}
        cells = [(row, 0, 1.0) for row in range(len(examples))]
        cells += [
            (row, at[name], much)
            for row, one in enumerate(examples)
            for name, much in one.signs.items()
            if name in at
        ]
        self._rows = np.array([row for row, _, _ in cells])
        self._columns = np.array([column for _, column, _ in cells])
        self._much = np.array([much for _, _, much in cells])
        self.counts = np.array([one.counts for one in examples])

    def times(self, weights: Numbers) -> Numbers:
        """Rows by weights."""
        cells = self._much[:, None] * weights[self._columns]
        return self._summed(self._rows, cells, len(self.counts))

    def back(self, errors: Numbers) -> Numbers:
        """Columns by errors, each row as often as it counts."""
        cells = (self._much * self.counts[self._rows])[:, None] * errors[self._rows]
        return self._summed(self._columns, cells, len(self.names) + 1)

    def steepest(self) -> float:
        """The largest eigenvalue of the table with itself, by power iteration."""
        towards = np.ones((len(self.names) + 1, 1))
        length = 1.0
        for _ in range(POWER_STEPS):
            towards = self.back(self.times(towards / np.linalg.norm(towards)))
            length = float(np.linalg.norm(towards))
        return length

    def _summed(self, into: NDArray[np.int64], cells: Numbers, most: int) -> Numbers:
        return np.stack([np.bincount(into, column, most) for column in cells.T], axis=1)


def _descend(table: Table, wanted: Numbers, penalty: float, likely: Callable[[Numbers], Numbers]) -> Numbers:
    """Penalised maximum likelihood by accelerated descent; the constant is free."""
    free = np.full((len(table.names) + 1, 1), penalty)
    free[0] = CONSTANT_PENALTY
    steepest = table.steepest() / 2 + penalty
    weights = ahead = np.zeros((len(free), wanted.shape[1]))
    for step in range(1, STEPS + 1):
        slope = table.back(likely(table.times(ahead)) - wanted) + free * ahead
        last, weights = weights, ahead - slope / steepest
        ahead = weights + (weights - last) * (step - 1) / (step + 2)
    return weights


def _sigmoid(odds: Numbers) -> Numbers:
    return 1 / (1 + np.exp(-odds))


def _softmax(odds: Numbers) -> Numbers:
    powers = np.exp(odds - odds.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def _scales(table: Table, weights: Numbers) -> list[Scale]:
    return [
        Scale(
            bias=_rounded(column[0]),
            weights={
                name: _rounded(weight)
                for name, weight in zip(table.names, column[1:], strict=True)
                if abs(weight) >= LEAST_WEIGHT
            },
        )
        for column in weights.T
    ]


def _rounded(weight: float) -> float:
    return round(float(weight), DIGITS)


def _places(call: LabelledCall, labels: Sequence[Label]) -> Callable[[int, int, int], bool]:
    """Whether words of a turn are among those labelled."""
    line = Line(call.transcript)
    spans = [place for place in line.place(labels) if place]
    turns = call.transcript.turns
    return lambda turn, start, end: any(
        line.span(turns[turn].quote(start, end)).matches(place) for place in spans
    )


if __name__ == "__main__":
    main()
