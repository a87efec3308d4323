"""Whether a claim and the facts about it agree: hard disagreement, strong agreement, or for a reader.

Accusing takes something that can be pointed at: a plan the feature is not in, or a known wrong version with
the same number, plan, edition or absolute that denies the same. Nearness of words alone accuses nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from backend.analysis.analyst import Brief
from backend.analysis.quantities import Amount, amounts
from backend.analysis.subjects import COUNTED, PLANS, Scoped, features, scoped, written_plans
from backend.analysis.wording import denies, meaning, share
from backend.facts import Fact, WrongVersion
from backend.report import Verdict

FACTS_COMPARED = 8
WORDS_OF_A_WRONG_VERSION = 0.75
"""A wrong version without anything hard must have this share of its words in the claim."""
WORDS_BESIDE_A_HARD_ONE = 0.3
LARGER_PLANS = 2
WORDS_OF_A_RIGHT_CLAIM = 0.6
LEAST_OF_THE_FACT = 0.15
"""A claim with less of the fact's words than this says something smaller than the fact."""
LEAST_WORDS = 3
WEAK_MATCH = 4.0
"""Below this score the best fact only shares an everyday word with the claim."""

_OLD = re.compile(
    r"\bprefect (?:1|2|one|two)\b|\bcloud 1\b|\b(?:older|earlier|former|previous(?:ly)?|used to|was true"
    r"|era)\b",
    re.IGNORECASE,
)
_RESTRICTS = re.compile(r"\b(?:only|must|have to|needs?|all|every|each|same|last)\b")
"""Words that make another claim of the same words."""
_ABSOLUTE = re.compile(
    r"\b(?:never|always|unlimited|guarantee[sd]?|everything|nothing|no limits?|as (?:much|many) as"
    r"|any(?:thing)?|every|instant\w*|all)\b"
)


class Claimed(NamedTuple):
    """A claim taken apart. `context` are the words it answers, which may name what it is about."""

    words: str
    meaning: frozenset[str]
    scope: Scoped
    amounts: tuple[Amount, ...]
    denies: bool


class Finding(NamedTuple):
    """A verdict, how sure it is (0 to 1), one sentence that says why, and the fact it leans on."""

    verdict: Verdict
    confidence: float
    reason: str
    fact: Fact | None


def judge_claim(words: str, about: str, brief: Brief | None) -> Finding:
    """What can be said of a claim by its brief. `about` adds the words the claim answers."""
    if brief is None:
        return Finding("not_checked", 0.0, "No product knowledge was at hand to check this.", None)
    if not brief.facts or brief.facts[0].score < WEAK_MATCH:
        return Finding("not_in_docs", 0.4, "No fact of the documentation is about this.", None)
    claim, facts = _taken_apart(words, about), [match.fact for match in brief.facts[:FACTS_COMPARED]]
    return (
        next(_accusations(claim, facts), None)
        or next((found for fact in facts if (found := _agrees(claim, fact))), None)
        or Finding("unclear", 0.3, "This is what the docs say; compare.", facts[0])
    )


def _taken_apart(words: str, about: str) -> Claimed:
    own, wider = scoped(words), scoped(about)
    scope = Scoped(own.features or wider.features, own.plans or wider.plans, own.edition)
    return Claimed(words, meaning(words), scope, _counted(words), denies(words))


def _accusations(claim: Claimed, facts: Sequence[Fact]) -> Iterator[Finding]:
    sure = [fact for fact in facts if fact.may_accuse]
    for fact in sure:
        if found := _plan_excluded(claim, fact, facts):
            yield found
    for fact in sure:
        for wrong in fact.wrong:
            if found := _says_the_wrong(claim, fact, wrong):
                yield found


def _plan_excluded(claim: Claimed, fact: Fact, facts: Sequence[Fact]) -> Finding | None:
    """The claim gives a feature to a plan that the fact keeps for larger ones, and no other fact gives it."""
    gated = frozenset(fact.scope.plans or ())
    missing = sorted(claim.scope.plans - gated, key=PLANS.index)
    shared = (claim.scope.features & features(fact.statement)) - COUNTED
    if claim.denies or not missing or not shared or not _is_gate(fact, gated):
        return None
    if any(_gives(other, shared, missing[0]) for other in facts if other is not fact):
        return None
    docs = _listed(sorted(gated, key=PLANS.index))
    reason = f"You gave {min(shared)} to {_listed(missing)}; the docs have it on {docs}."
    return Finding("contradicted", 0.8, reason, fact)


def _is_gate(fact: Fact, gated: frozenset[str]) -> bool:
    """Whether the fact says that something is kept for the larger plans."""
    return (
        "Enterprise" in gated and len(gated) <= LARGER_PLANS and bool(gated & written_plans(fact.statement))
    )


def _gives(fact: Fact, wanted: frozenset[str], plan: str) -> bool:
    return plan in (fact.scope.plans or ()) and bool(wanted & features(fact.statement))


def _says_the_wrong(claim: Claimed, fact: Fact, wrong: WrongVersion) -> Finding | None:
    """The claim is a version known to be wrong: the same hard thing, the same subject, the same denial."""
    there, said = scoped(wrong.claim), claim.words.lower()
    if claim.denies != denies(wrong.claim) and there.edition != "cloud only":
        return None
    if not _restrictions(wrong.claim) <= _restrictions(said):
        return None
    hard = _hard_in_common(claim, wrong, fact)
    if hard is None:
        return None
    words = meaning(wrong.claim)
    alike, common = share(words, claim.meaning), len(words & claim.meaning)
    if hard:
        subject = claim.scope.features & there.features
        close = (
            bool(subject if amounts(wrong.claim) else subject - COUNTED) and alike >= WORDS_BESIDE_A_HARD_ONE
        )
    else:
        close = alike >= WORDS_OF_A_WRONG_VERSION and common >= LEAST_WORDS
        close = close and alike > share(words, meaning(fact.statement))
    return Finding(_kind(fact, wrong), 0.75 if hard else 0.6, _reason(hard, wrong), fact) if close else None


def _restrictions(words: str) -> set[str]:
    return set(_RESTRICTS.findall(words.lower()))


def _hard_in_common(claim: Claimed, wrong: WrongVersion, fact: Fact) -> str | None:
    """What hard thing the claim shares with the wrong version: its name, "" where the wrong version has
    none, None where the two differ in one."""
    names, there, counted = written_plans(wrong.claim), scoped(wrong.claim), _counted(wrong.claim)
    found = ""
    if names:
        if names != claim.scope.plans:
            return None
        found = _listed(sorted(names, key=PLANS.index))
    if counted:
        same = [one for one in counted if _holds(one, claim.amounts)]
        if not same or (not names and _holds(same[0], _counted(fact.statement))):
            return None
        found = same[0].said
    if there.edition != "anywhere":
        if there.edition != claim.scope.edition:
            return None
        found = found or there.edition
    return found


def _counted(text: str) -> tuple[Amount, ...]:
    """The amounts of a text but "one", which is hardly ever meant as a number."""
    return tuple(one for one in amounts(text) if not one.said.startswith(("one ", "1 ")))


def _holds(amount: Amount, others: Sequence[Amount]) -> bool:
    return any(amount.unit == other.unit and amount.value == other.value for other in others)


def _kind(fact: Fact, wrong: WrongVersion) -> Verdict:
    said = f"{wrong.claim} {wrong.why or ''} {fact.statement}"
    if _OLD.search(said):
        return "outdated"
    return "overstated" if _ABSOLUTE.search(wrong.claim.lower()) else "contradicted"


def _reason(hard: str, wrong: WrongVersion) -> str:
    why = f" {wrong.why}" if wrong.why else ""
    said = f"You said {hard}, which is" if hard else "This is"
    return f"{said} a version known to be wrong: “{wrong.claim.rstrip('.')}”.{why}"


def _agrees(claim: Claimed, fact: Fact) -> Finding | None:
    """The fact says the claim's words, its numbers and its plans, and denies what it denies."""
    words = meaning(f"{fact.statement} {' '.join(fact.terms)}")
    truth = _counted(fact.statement)
    if len(claim.meaning) < LEAST_WORDS or claim.denies != denies(fact.statement):
        return None
    if any(not _holds(one, truth) for one in claim.amounts):
        return None
    if claim.scope.plans - frozenset(fact.scope.plans or PLANS) or _ABSOLUTE.search(claim.words.lower()):
        return None
    needed = WORDS_OF_A_RIGHT_CLAIM - (0.2 if claim.amounts else 0.0)
    if share(claim.meaning, words) < needed or share(words, claim.meaning) < LEAST_OF_THE_FACT:
        return None
    said = (
        f"the same number ({claim.amounts[0].said})" if claim.amounts else "the same in nearly the same words"
    )
    return Finding("supported", 0.7, f"The docs say {said}.", fact)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
