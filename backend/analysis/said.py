"""What a sentence says, taken apart into what can be compared; and what came of comparing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backend.analysis.plain_speech import has_verb, points_back, statements
from backend.analysis.plan_figures import PlanFigures, per, plan_figures
from backend.analysis.quantities import Amount, amounts, same, same_value
from backend.analysis.subjects import (
    COUNTED,
    Holds,
    edition,
    features,
    leading_feature,
    not_in_open_source,
    plans,
    written_plans,
)
from backend.analysis.wording import denials, denies, meaning
from backend.facts import Fact, WrongVersion
from backend.report import Verdict

_EVERY = r"every(?! (?:\w+ ){0,2}(?:second|minute|hour|day|week|month)s?)"
_ONE = re.compile(r"(?:one|1) (?!hundred|thousand|million)")
_RESTRICTS = re.compile(rf"\b(?:only|must|have to|has to|needs?|default|all|{_EVERY}|each|same|last)\b")
"""Words that make another claim of the same words."""
_ABSOLUTE = re.compile(
    r"\b(?:never|always|unlimited|guarantee[sd]?|everything|nothing|no limits?|as (?:much|many) as"
    rf"|any(?:thing)?|{_EVERY}|instant\w*|all)\b"
)
_REMARK = re.compile(r"\s*\([^)]*\)")
_CONFIRMS = re.compile(
    r"\W*(?:yes|yeah|yep|yup|right|exactly|correct|absolutely|of course|definitely|sure)\b", re.IGNORECASE
)
_LEAVES_OPEN = re.compile(r"\b(?:or|only|not|no|still|until|was|were|used|without|other|beyond)\b|n['’]t\b")
"""An answer to such a question may mean either of two things."""


_SPEAKS_OF_IT = re.compile(r"\b(?:them|those|it)\W*$")
_ASKS = re.compile(
    r"\?|^\W*(?:(?:so|and|but|okay|well|or)\W+)*(?:is|are|do|does|did|can|could|has|have|who|what|why|how|when"
    r"|where|which|will|would|should|if|any)\b"
    r"|(?:is|are|do|does|can|could|has|have|will|would) (?:that|it|they|you|there|we|i|this)\b"
    r"|, (?:what|which|who|how|where|why|when|do|does|is|are|can|could|will|would)\b"
    r"|\b(?:our|ours|my|i)\b|\bright\W*$",
    re.IGNORECASE,
)
"""Asking, or speaking of one's own."""


GENERIC = meaning(
    "run runs flow flows task tasks deployment deployments worker workers work pool pools set time limit"
    " start default cloud server plan use one two new end same way need want part point user users say call"
)
"""Words of nearly every sentence about the product."""


class Said(NamedTuple):
    """A sentence taken apart into what can be compared."""

    meaning: frozenset[str]
    features: frozenset[str]
    plans: frozenset[str]
    edition: Holds
    amounts: tuple[Amount, ...]
    denies: bool
    restrictions: frozenset[str]
    absolute: bool
    per: frozenset[str]
    text: str


class Known(NamedTuple):
    """A fact and its wrong versions, taken apart. `leads` is the feature it is about first of all; `asserted`
    the ways it comes up that tell rather than ask, with the words they mean."""

    fact: Fact
    said: Said
    leads: str | None
    figures: PlanFigures | None
    wrong: tuple[tuple[WrongVersion, Said], ...]
    asserted: tuple[tuple[str, frozenset[str]], ...]


class Figures(NamedTuple):
    """A number said of a plan, and the fact's: in the base unit of what was said, and as it writes it."""

    plan: str
    said: Amount
    known: float
    written: str

    @property
    def agrees(self) -> bool:
        return same_value(self.said.value, self.known, self.said.unit)


class Finding(NamedTuple):
    """A verdict, how sure it is (0 to 1), one sentence that says why, and the fact it leans on."""

    verdict: Verdict
    confidence: float
    reason: str
    fact: Fact | None


def read(text: str) -> Said:
    """A sentence of the pack."""
    lower = text.lower()
    return Said(
        meaning(text),
        features(text),
        written_plans(text),
        edition(text),
        _counted(text),
        # What is not in open source is in Cloud only; that one denial is no other.
        denials(text) != 1 if not_in_open_source(text) else denies(text),
        frozenset(_RESTRICTS.findall(lower)),
        _ABSOLUTE.search(lower) is not None,
        per(text),
        text,
    )


def taken_apart(fact: Fact) -> Known:
    wrong = tuple((one, read(_REMARK.sub("", one.claim))) for one in fact.wrong)
    statement = fact.statement
    asserted = tuple((one, meaning(one)) for one in fact.asks if _tells(one))
    return Known(fact, read(statement), leading_feature(statement), plan_figures(statement), wrong, asserted)


def _tells(ask: str) -> bool:
    """Whether a way a fact comes up says that something is so, and is no question and nobody's own case."""
    return has_verb(ask) and not _ASKS.search(ask)


def heard(words: str, about: str) -> Said:
    """A spoken claim; what it does not name itself, the words it answers may."""
    said = read(words)
    return said._replace(features=said.features or features(about), plans=plans(words) or plans(about))


def stated(claim: Said, about: str) -> Iterator[Said]:
    """What a claim states, one by one, each with its own subject and plan. One that only points back speaks
    of what it answers, where that names a single thing and denies nothing."""
    words = claim.text
    asked_for = about.removesuffix(words)
    asked = features(asked_for) - COUNTED if asked_for else frozenset()
    answers = len(asked) == 1 and not features(words) and not _LEAVES_OPEN.search(asked_for.lower())
    before: frozenset[str] = frozenset()
    for statement in statements(words):
        said = read(statement)._replace(plans=plans(statement))
        named = said.features - COUNTED
        if len(before) == 1 and not said.features and _SPEAKS_OF_IT.search(statement.lower()):
            said = said._replace(features=before)
        before = named
        agrees = answers and _CONFIRMS.match(words) is not None
        if agrees and not said.plans:
            said = said._replace(plans=plans(asked_for))
        yield said._replace(features=asked) if answers and (agrees or points_back(statement)) else said


def figures(claim: Said, known: Known) -> Figures | None:
    """The number of the claim that counts what the fact counts, beside the fact's for the one plan named."""
    if len(claim.plans) != 1 or known.figures is None:
        return None
    of_this = [one for one in claim.amounts if one.unit in known.figures.sizes]
    if claim.denies or len(of_this) != 1 or not claim.features & known.said.features:
        return None
    plan, said = min(claim.plans), of_this[0]
    figure = known.figures.of(plan, said, claim.per)
    if figure is None:
        return None
    return Figures(plan, said, figure, f"{known.figures.by_plan[plan]:,g}")


def _counted(text: str) -> tuple[Amount, ...]:
    """The amounts of a text but "one", which is hardly ever meant as a number."""
    return tuple(one for one in amounts(text) if not _ONE.match(one.said))


def holds(amount: Amount, others: Sequence[Amount]) -> bool:
    return any(same(amount, other) for other in others)


def listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
