"""Why the rules took something for a moment, or nearly did: the cues it showed, each with its weight."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal, NamedTuple

from backend.analysis import pushback, questions
from backend.analysis.claim_cues import ALL, BIAS
from backend.analysis.claims import candidates as clauses_of_ours
from backend.analysis.learned import Learned, Scale, Signs
from backend.analysis.rivals import Rivals
from backend.transcript import Quote, Transcript

NEAR = 1.0
"""So many log odds short of being taken, it was nearly."""
LEAST_TOLD = 0.1

MomentKind = Literal["claim", "objection", "competitor", "open question"]


class Decision(NamedTuple):
    """`weight` is what all signs add up to, `least` what it takes; `why` each sign with its weight, the
    weightiest first, for or against."""

    kind: MomentKind
    taken: bool
    quote: Quote
    weight: float
    least: float
    why: tuple[str, ...]


def explain(
    transcript: Transcript, hear: Callable[[str], str], rivals: Rivals, taught: Learned
) -> list[Decision]:
    """Everything that was found or nearly found by its cues, in the order of the call."""
    found = [
        *_claims(transcript, hear),
        *_objections(transcript, taught),
        *_questions(transcript, taught),
        *_rivals(transcript, rivals),
    ]
    return sorted(found, key=lambda one: (one.quote.turn, one.quote.char_start, one.kind))


def _claims(transcript: Transcript, hear: Callable[[str], str]) -> Iterator[Decision]:
    weights = {cue.name: cue.weight for cue in ALL}
    for one in clauses_of_ours(transcript, hear):
        shares = {"to begin with": BIAS} | {name: weights[name] for name in one.cues}
        weight = sum(shares.values())
        if weight > -NEAR:
            quote = one.turn.quote(one.start, one.end)
            yield Decision("claim", weight > 0, quote, weight, 0.0, _told(shares))


def _objections(transcript: Transcript, taught: Learned) -> Iterator[Decision]:
    for heard in pushback.hear(transcript, taught.sounds):
        best = max(heard, key=lambda one: pushback.weigh(one, taught.pushback))
        quote = best.turn.quote(best.start, best.end)
        for decision in _weighed("objection", quote, taught.pushback, best.signs, pushback.LEAST):
            plain = decision.taken and pushback.weigh(best, taught.pushback) <= pushback.LEAST
            why = ("tells of themselves", *decision.why) if plain else decision.why
            yield decision._replace(taken=decision.taken and not plain, why=why)


def _questions(transcript: Transcript, taught: Learned) -> Iterator[Decision]:
    open_turns = {one.turn.index for one in questions.find_open(transcript, taught)}
    for one in questions.candidates(transcript):
        quote = one.turn.quote(*one.places[one.nth])
        for decision in _weighed("open question", quote, taught.left_open, one.signs, questions.LEAST):
            answered = decision.taken and one.turn.index not in open_turns
            why = ("is plainly answered", *decision.why) if answered else decision.why
            yield decision._replace(taken=decision.taken and not answered, why=why)


def _rivals(transcript: Transcript, rivals: Rivals) -> Iterator[Decision]:
    for one in rivals.find(transcript):
        why = (
            f"{one.competitor}, {one.context}",
            *_told({str(context): much for context, much in one.contexts.items()}),
        )
        quote = one.turn.quote(one.start, one.end)
        yield Decision("competitor", True, quote, max(one.contexts.values()), 0.0, why)


def _weighed(kind: MomentKind, quote: Quote, scale: Scale, signs: Signs, least: float) -> Iterator[Decision]:
    weight = scale.weigh(signs)
    if weight > least - NEAR:
        shares = {name: scale.weights.get(name, 0.0) * much for name, much in signs.items()}
        told = _told({"to begin with": scale.bias} | shares)
        yield Decision(kind, weight > least, quote, weight, least, told)


def _told(shares: Signs) -> tuple[str, ...]:
    """Each sign with its share, without those that hardly say anything."""
    weighty = sorted(shares.items(), key=lambda one: -abs(one[1]))
    return tuple(f"{name} {share:+.1f}" for name, share in weighty if abs(share) >= LEAST_TOLD)
