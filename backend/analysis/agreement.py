"""What bears a claim out: the same figure for the same plan, or the same said in nearly the same words."""

from __future__ import annotations

import re

from backend.analysis.plain_speech import has_verb
from backend.analysis.said import Finding, Known, Said, figures, holds
from backend.analysis.subjects import PLANS
from backend.analysis.wording import denials, denies, meaning, share

WORDS_OF_A_RIGHT_CLAIM = 0.65
WORTH_OF_A_NUMBER = 0.2
"""A claim whose numbers are all in the fact needs so much less of its words."""
LEAST_OF_THE_FACT = 0.2
"""A claim with less of the fact's words than this says something smaller than the fact."""
LEAST_WORDS_RIGHT = 4
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
_GENERIC = meaning(
    "run runs flow flows task tasks deployment deployments worker workers work pool pools set time limit"
    " start default cloud server plan use one two new end same way need want part point user users say call"
)


def same_figure(claim: Said, known: Known) -> Finding | None:
    """The fact gives the claim's plan this very number."""
    compared = figures(claim, known)
    if compared is None or compared.said.value != compared.known:
        return None
    reason = f"The docs give the same number for {compared.plan} ({compared.said.said})."
    return Finding("supported", 0.8, reason, known.fact)


def agrees(claim: Said, known: Known) -> Finding | None:
    """The fact says the claim's words, its numbers and its plans, and denies what it denies."""
    said = known.said
    if _CONTRAST.search(known.fact.statement.lower()) or not _same_platform(claim.text, known.fact.statement):
        return None
    if _is_fragment(claim.text) or not claim.meaning & said.meaning - _GENERIC:
        return None
    if len(claim.meaning) < LEAST_WORDS_RIGHT or claim.absolute:
        return None
    if denies(claim.text) != denies(said.text) or denials(claim.text) > 1:
        return None
    if "only" in claim.restrictions - said.restrictions:
        return None
    if not all(holds(one, said.amounts) for one in claim.amounts):
        return None
    if claim.amounts and claim.plans and known.figures:
        return None  # the number may be another plan's; _same_figure tells
    if claim.plans - frozenset(known.fact.scope.plans or PLANS):
        return None
    needed = WORDS_OF_A_RIGHT_CLAIM - (WORTH_OF_A_NUMBER if claim.amounts else 0.0)
    if share(claim.meaning, said.meaning) < needed or share(said.meaning, claim.meaning) < LEAST_OF_THE_FACT:
        return None
    same = (
        f"the same number ({claim.amounts[0].said})" if claim.amounts else "the same in nearly the same words"
    )
    return Finding("supported", 0.7, f"The docs say {same}.", known.fact)


def _is_fragment(words: str) -> bool:
    return len(words.split()) < FRAGMENT_WORDS and not has_verb(words)


def _same_platform(claim: str, statement: str) -> bool:
    """Whether a fact holds for the platforms a claim names: what is so on one need not be on another."""
    said, known = (set(_PLATFORM.findall(text.lower())) for text in (claim, statement))
    return said <= known
