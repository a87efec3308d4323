"""What bears a claim out: the same figure for the same plan, or the same said in nearly the same words."""

from __future__ import annotations

import re
from collections.abc import Sequence

from backend.analysis.plain_speech import has_verb
from backend.analysis.quantities import Amount, is_number, same
from backend.analysis.said import GENERIC, Finding, Known, Said, figures, holds, read
from backend.analysis.subjects import COUNTED, PLANS
from backend.analysis.wording import alike, denials, denies, meaning, share

WORDS_OF_A_RIGHT_CLAIM = 0.65
WORTH_OF_A_NUMBER = 0.2
"""A claim whose numbers are all in the fact needs so much less of its words."""
LEAST_OF_THE_FACT = 0.2
"""A claim with less of the fact's words than this says something smaller than the fact."""
WORDS_OF_AN_ASK = 0.5
"""A claim this much like a way the fact comes up says what that says."""
LEAST_WORDS_RIGHT, LEAST_WORDS_ASKED = 4, 3
"""Fewer meaning words cannot tell one thing from another."""
FRAGMENT_WORDS = 6
"""Fewer words without a verb are a note, no statement: "Global concurrency limit, twelve."."""
_CONTRAST = re.compile(
    r"\b(?:whereas|unlike|while|but|instead|rather than|however|although|though|differs?"
    r"|in contrast|versus)\b"
)
_PLATFORM = re.compile(
    r"\b(?:kubernetes|k8s|ecs|fargate|cloud run|docker|aci|container instances|vertex|modal|coiled|lambda"
    r"|azure|aws|gcp|google|databricks|snowflake|ray|dask|postgres\w*|sqlite|redis|slack|github|gitlab"
    r"|bitbucket|dbt|terraform|pulumi|helm)\b"
)
_BOUND = re.compile(
    r"\b(?:as (?:often|few|little|low|short|fast|early) as|down to|at least|at most|no more than|no less than"
    r"|up to|max\w*|min\w*|under|over|below|above|within|more than|less than|fewer than|at the latest)\b"
)
_SERVER = re.compile(r"\b(?:server|self[- ]?host\w*|open[- ]source|oss)\b")
_ORDER = re.compile(r"\b(?:first|last|before|after|then)\b")
"""The same words in another order say another thing."""


def same_figure(claim: Said, known: Known) -> Finding | None:
    """The fact gives the claim's plan this very number."""
    compared = figures(claim, known)
    if compared is None or not compared.agrees or len(claim.amounts) > 1:
        return None
    reason = f"The docs give the same number for {compared.plan} ({compared.said.said})."
    return Finding("supported", 0.8, reason, known.fact)


def agrees(claim: Said, known: Known, wrong: Sequence[frozenset[str]]) -> Finding | None:
    """For a claim that can be borne out: the fact says its words, its numbers and its plans, and denies what
    it denies; or one of the ways the fact comes up in speech does. What is as near to a wrong version, given
    as their words, is not borne out."""
    if not _could_bear_out(claim, known):
        return None
    if _states(claim, known, wrong):
        same = (
            f"the same number ({claim.amounts[0].said})"
            if claim.amounts
            else "the same in nearly the same words"
        )
        return Finding("supported", 0.7, f"The docs say {same}.", known.fact)
    if asked := _comes_up_as(claim, known, wrong):
        return Finding("supported", 0.6, f"The docs say so: this comes to “{asked.rstrip('.')}”.", known.fact)
    return None


def can_be_borne_out(claim: Said) -> bool:
    """Whether a claim says one plain thing: whole, and denied at most once."""
    return not (_is_fragment(claim.text) or (claim.plans and claim.denies) or denials(claim.text) > 1)


def _could_bear_out(claim: Said, known: Known) -> bool:
    """Whether nothing hard keeps the fact from saying what the claim says."""
    if not claim.meaning & known.said.meaning - GENERIC or (claim.amounts and known.fact.conflict):
        return False
    if claim.amounts and claim.plans and known.figures:
        return False  # the number may be another plan's; same_figure tells
    if claim.plans - frozenset(known.fact.scope.plans or PLANS):
        return False
    if known.fact.scope.edition == "cloud" and _SERVER.search(claim.text.lower()):
        return False
    return _same_platform(claim.text, known.fact.statement) and not _uncounted(claim, known)


def _uncounted(claim: Said, known: Known) -> bool:
    """Whether a number of the claim counts nothing that could be compared, and is not in the fact either."""
    counted = {word for one in claim.amounts for word in meaning(one.said)}
    return any(is_number(word) for word in claim.meaning - counted - known.said.meaning)


def _states(claim: Said, known: Known, wrong: Sequence[frozenset[str]]) -> bool:
    """Whether the fact's statement has the claim's words, and is nearer to it than what is wrong."""
    said = known.said
    if _CONTRAST.search(known.fact.statement.lower()):
        return False
    if len(claim.meaning) < LEAST_WORDS_RIGHT or claim.absolute or denies(claim.text) != denies(said.text):
        return False
    if "only" in claim.restrictions - said.restrictions or (
        claim.amounts and _BOUND.search(claim.text.lower()) and not _BOUND.search(said.text.lower())
    ):
        return False
    if not all(holds(one, said.amounts) and _only_number(one, said) for one in claim.amounts):
        return False
    if claim.plans and not _same_features(claim, said):
        return False
    needed = WORDS_OF_A_RIGHT_CLAIM - (WORTH_OF_A_NUMBER if claim.amounts else 0.0)
    stated = share(claim.meaning, said.meaning)
    if stated < needed or share(said.meaning, claim.meaning) < LEAST_OF_THE_FACT:
        return False
    return not any(share(claim.meaning, one) >= stated for one in wrong)


def _comes_up_as(claim: Said, known: Known, wrong: Sequence[frozenset[str]]) -> str | None:
    """The way the fact comes up that says what the claim says, in most of its words."""
    if known.fact.conflict or known.fact.confidence == "low" or len(claim.meaning) < LEAST_WORDS_ASKED:
        return None
    if _ORDER.search(claim.text.lower()):
        return None
    least = max([WORDS_OF_AN_ASK, *(alike(claim.meaning, one) for one in wrong)])
    named = _uncounted_words(claim)
    for asked, words in known.asserted:
        if (
            alike(claim.meaning, words) >= least
            and (not claim.amounts or alike(named, _uncounted_words(read(asked))) >= least)
            and not _ORDER.search(asked.lower())
            and (not claim.plans or _same_features(claim, read(asked)))
            and _says_as_much(claim, read(asked), known.said)
        ):
            return asked
    return None


def _says_as_much(claim: Said, asked: Said, said: Said) -> bool:
    if claim.denies != asked.denies or (claim.absolute and not (asked.absolute or said.absolute)):
        return False
    if "only" in claim.restrictions - asked.restrictions - said.restrictions:
        return False
    return all(holds(one, (*asked.amounts, *said.amounts)) for one in claim.amounts)


def _same_features(claim: Said, said: Said) -> bool:
    """Whether a plan is named for the same: custom roles and roles are two features."""
    return claim.features - COUNTED == said.features - COUNTED


def _only_number(amount: Amount, said: Said) -> bool:
    """Whether a fact has no other number of this unit, which may be what the claim's counts."""
    return all(same(amount, other) for other in said.amounts if other.unit == amount.unit)


def _uncounted_words(said: Said) -> frozenset[str]:
    """What is said besides its numbers and what they count."""
    return said.meaning - frozenset(word for one in said.amounts for word in meaning(one.said))


def _is_fragment(words: str) -> bool:
    return len(words.split()) < FRAGMENT_WORDS and not has_verb(words)


def _same_platform(claim: str, statement: str) -> bool:
    """Whether a fact holds for the platforms a claim names: what is so on one need not be on another."""
    said, known = (set(_PLATFORM.findall(text.lower())) for text in (claim, statement))
    return said <= known
