"""What stands against a claim.

Accusing takes something that can be pointed at: a plan the feature is not in, or a known wrong version with
the same number, plan, edition or absolute that denies the same. Nearness of words alone accuses nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from backend.analysis.answers import sayable
from backend.analysis.mistakes import Made, made_by
from backend.analysis.plain_speech import has_verb, unexplained
from backend.analysis.quantities import amounts, is_figure, same, unit_of
from backend.analysis.said import GENERIC, Finding, Known, Said, figures, holds, listed
from backend.analysis.subjects import (
    COUNTED,
    PLANS,
    features,
    gives,
    not_in_open_source,
    several_plans,
    without_editions,
    without_subjects,
    written_plans,
)
from backend.analysis.wording import NEUTRAL, alike, meaning, share
from backend.facts import Fact, WrongVersion
from backend.report import Verdict

WORDS_OF_A_WRONG_VERSION = 0.75
"""A wrong version without anything hard must have this share of its words in the claim."""
WORDS_BESIDE_A_HARD_ONE = 0.3
"""Beside a shared number, plan or edition, this share is enough."""
WORDS_OF_A_PLAIN_CLAIM = 0.6
"""A claim with fewer of its words in the wrong version says something else besides."""
WORDS_OF_A_COPY = 0.9
"""So much alike are two sentences that differ in their small words alone."""
LEAST_WORDS_VERBATIM = 3
LEAST_WORDS_WRONG, LEAST_WORDS_OPPOSED = 3, 2
"""Fewer meaning words cannot tell one thing from another."""
RATES = frozenset(("API rate limits", "log rate limits"))
DISPUTED = frozenset(("service accounts",))
"""Pages of the docs disagree about which plans have these."""
LARGER_PLANS = 2
"""A feature that so few plans have is kept for the larger ones."""
_OLD = re.compile(
    r"\bprefect (?:1|2|one|two)\b|\bcloud 1\b|\b(?:older|earlier|former|previous(?:ly)?|used to|was true"
    r"|era)\b",
    re.IGNORECASE,
)
_ASKS_FOR = re.compile(
    r"\b(?:needs?|requires?|take[sn]?|have to (?:be on|have|buy|get)|has to be|only (?:in|on|with|for)"
    r"|reserved for"
    r"|exclusive to|starts? (?:at|with|from))\b|[- ](?:only|exclusive)\b",
    re.IGNORECASE,
)
_THEIR_USE = re.compile(
    r"\byou(?:['’]re| are)(?: \w+)? (?:on|at|in|doing|using|sending|making|running|with)\b"
    r"(?!.*\byou (?:get|keep))",
    re.IGNORECASE,
)
"""How much the customer uses is no limit of a plan."""
_CONDITION = re.compile(r"\b(?:with|once|after|using|via|through|when|under|by|for|in|on) ((?:\w+ ?){1,3})")
_CAPPED = re.compile(r"\b(?:capped at|limited to|at most|up to|no more than) ((?:\w+ ){1,4}\w+)")
_EDITIONS = {"cloud only": "only in Cloud", "open source": "in open source"}
_KEEPING = frozenset(
    re.findall(
        r"\w+",
        "keep keeps kept retain retains retained retention stay stays stored store history run runs data"
        " metadata log logs hold holds",
    )
)
_LIMITING = frozenset(
    re.findall(
        r"\w+", "limit limits limited cap capped ceiling allowance quota rate maximum max account per up"
    )
)


def accusations(claim: Said, facts: Sequence[Known], by: Sequence[Known]) -> Iterator[Finding]:
    """What some of the facts hold against the claim, given them all; the most to the point first."""
    for known in by:
        found = (
            _plan_excluded(claim, known, facts)
            or _other_figure(claim, known)
            or _other_cap(claim, known)
            or _plan_too_high(claim, known, facts)
        )
        if found:
            yield found
    for known in by:
        for wrong, said in known.wrong:
            if found := _says_the_wrong(claim, known, wrong, said):
                yield found


def disputed(claim: Said, facts: Sequence[Known]) -> Finding | None:
    """A fact stands against the claim, but another page of the docs disagrees with that fact about it."""
    sure = (one for one in facts if one.fact.conflict and one.fact.confidence == "high")
    against = next(accusations(claim, (), [one for one in sure if _in_dispute(claim, one)]), None)
    if against is None or against.fact is None:
        return None
    reason = f"The docs do not settle this. {against.fact.conflict}"
    return Finding("docs_conflict", 0.5, reason, against.fact)


def known_mistake(made: Sequence[Made], by: Iterable[Known]) -> Finding | None:
    """A fact calls wrong what makes the same mistake, and the claim says nothing that is not in either."""
    for known in by:
        about = f"{known.fact.title} {known.fact.statement}"
        for wrong, said in known.wrong:
            same = {one.name for one in made_by(said.text, topic=about)}
            # The fact's own words would not do: they are what puts many a claim right.
            heard = said.meaning | meaning(known.fact.title)
            if any(one.name in same and one.besides <= heard for one in made):
                return Finding(_kind(known.fact, wrong, said), 0.7, _reason("", wrong), known.fact)
    return None


def _in_dispute(claim: Said, known: Known) -> bool:
    """Whether the dispute about a fact reaches the smallest plan of a claim: "one heading says Pro" says
    nothing of Team. A dispute that names no plan reaches all."""
    named = written_plans(known.fact.conflict or "") or known.said.plans
    return not named or not claim.plans or min(claim.plans, key=PLANS.index) in named


def _plan_excluded(claim: Said, known: Known, facts: Sequence[Known]) -> Finding | None:
    """The claim gives a feature to a plan that the fact keeps for larger ones, and no other fact gives it."""
    gated = frozenset(known.fact.scope.plans or ())
    missing = sorted(claim.plans - gated, key=PLANS.index)
    # What a fact names by the way it says nothing of: "switched on from the SSO tab".
    shared = claim.features & {known.leads} - DISPUTED
    if claim.denies or not missing or not shared or not _is_gate(known, gated):
        return None
    if not _only_says(claim, shared):
        return None
    if any(_gives(other, shared, missing[0]) for other in facts if other is not known):
        return None
    told = gated & written_plans(sayable(known.fact.statement))
    docs = listed(sorted(told or gated, key=PLANS.index))
    reason = f"You gave {min(shared)} to {listed(missing)}; the docs name {docs}."
    return Finding("contradicted", 0.8, reason, known.fact)


def _plan_too_high(claim: Said, known: Known, facts: Sequence[Known]) -> Finding | None:
    """The claim asks a larger plan for a feature than the fact does, and no other fact asks as much."""
    gated, shared = frozenset(known.fact.scope.plans or ()), claim.features & {known.leads} - DISPUTED
    if claim.denies or not shared or not gated or not claim.plans or not _ASKS_FOR.search(claim.text):
        return None
    asked, least = (min(one, key=PLANS.index) for one in (claim.plans, gated))
    if PLANS.index(least) >= PLANS.index(asked) or least not in known.said.plans or several_plans(claim.text):
        return None
    rest = without_subjects(_ASKS_FOR.sub(" ", claim.text), shared)
    if unexplained(rest) or features(rest) - COUNTED:
        return None
    if any(_asks_as_much(other, shared, asked) for other in facts if other is not known):
        return None
    reason = f"You named {asked} as the plan for {min(shared)}; in the docs they start with {least}."
    return Finding("contradicted", 0.75, reason, known.fact)


def _asks_as_much(known: Known, shared: frozenset[str], plan: str) -> bool:
    """Or is disputed, so that it may."""
    plans = known.fact.scope.plans
    if not shared & known.said.features:
        return False
    return known.fact.conflict is not None or bool(plans and min(plans, key=PLANS.index) == plan)


def _other_figure(claim: Said, known: Known) -> Finding | None:
    """The fact gives the claim's plan another number of the same thing."""
    compared = figures(claim, known)
    if compared is None or compared.agrees:
        return None
    if not has_verb(claim.text) or several_plans(claim.text) or _THEIR_USE.search(claim.text):
        return None
    other = unexplained(without_subjects(claim.text, claim.features & known.said.features))
    other_features = claim.features - known.said.features - COUNTED
    if len({one.unit for one in claim.amounts}) == len(claim.amounts) > 1:
        other_features -= RATES  # each number counts a thing of its own
    if other_features or any(not _counts(word, claim) for word in other - _KEEPING - _LIMITING):
        return None
    reason = f"You said {compared.said.said} on {compared.plan}; the docs give {compared.written} there."
    return Finding("contradicted", 0.85, reason, known.fact)


def _other_cap(claim: Said, known: Known) -> Finding | None:
    """The fact caps the claim's one plan at another number."""
    if len(claim.plans) != 1 or frozenset(known.fact.scope.plans or ()) != claim.plans or claim.denies:
        return None
    cap = _CAPPED.search(known.said.text)
    if cap is None or len(claim.amounts) != 1 or not has_verb(claim.text) or several_plans(claim.text):
        return None
    (said,), caps = claim.amounts, amounts(cap[1])
    if len(caps) != 1 or caps[0].unit != said.unit or same(caps[0], said) or said.unit == "second":
        return None
    rest = unexplained(without_subjects(claim.text, claim.features & known.said.features))
    if any(not _counts(word, claim) for word in rest - _LIMITING - {"cloud", "own"}):
        return None
    reason = f"You said {said.said} on {min(claim.plans)}; the docs give {caps[0].said}."
    return Finding("contradicted", 0.8, reason, known.fact)


def _counts(word: str, claim: Said) -> bool:
    """Whether a word is one of the claim's numbers, or what they count; another thing that is counted
    elsewhere ("event retention") is what the claim is about."""
    if not is_figure(word):
        return False
    counted = unit_of(word)
    if counted is None:
        return True
    rates = (unit_of(per) for per in claim.per)
    return counted[0] in {one.unit for one in claim.amounts} | {rate[0] for rate in rates if rate}


def _is_gate(known: Known, gated: frozenset[str]) -> bool:
    """Whether the fact says that something is kept for the larger plans."""
    return "Enterprise" in gated and len(gated) <= LARGER_PLANS and bool(gated & known.said.plans)


def _gives(known: Known, wanted: frozenset[str], plan: str) -> bool:
    return plan in (known.fact.scope.plans or ()) and bool(wanted & known.said.features)


def _says_the_wrong(claim: Said, known: Known, wrong: WrongVersion, said: Said) -> Finding | None:
    """The claim is a version known to be wrong: the same hard thing, the same subject, the same denial."""
    if _word_for_word(claim, said, known.said):
        return Finding(_kind(known.fact, wrong, said), 0.7, _reason("", wrong), known.fact)
    if claim.denies != said.denies or not said.restrictions <= _restrictions(claim):
        return None
    # "Always" is what makes many a wrong version wrong, and a number of its own makes another claim.
    if (said.absolute and not claim.absolute) or (claim.amounts and not said.amounts):
        return None
    hard = _hard_in_common(claim, said, known.said)
    if hard is None or (hard and not has_verb(claim.text)):
        return None
    if not (_says_the_hard(claim, said) if hard else _says_the_words(claim, said, known.said)):
        return None
    return Finding(_kind(known.fact, wrong, said), 0.75 if hard else 0.6, _reason(hard, wrong), known.fact)


def _word_for_word(claim: Said, wrong: Said, right: Said) -> bool:
    """Whether a claim has hardly any other words than the wrong version, all that make it wrong, and none
    that make it right."""
    return (
        alike(claim.meaning, wrong.meaning) >= WORDS_OF_A_COPY
        and len(wrong.meaning - GENERIC) >= LEAST_WORDS_VERBATIM
        and (has_verb(claim.text) or not has_verb(wrong.text))
        and wrong.meaning - right.meaning <= claim.meaning
        and not claim.meaning & right.meaning - wrong.meaning
        and (claim.denies, claim.absolute, claim.plans, claim.edition, claim.features, claim.restrictions)
        == (wrong.denies, wrong.absolute, wrong.plans, wrong.edition, wrong.features, wrong.restrictions)
        and len(claim.amounts) == len(wrong.amounts)
        and all(holds(one, wrong.amounts) for one in claim.amounts)
    )


def _says_the_hard(claim: Said, wrong: Said) -> bool:
    """Beside the hard thing: the same subject, and nothing that turns it around."""
    subject = claim.features & wrong.features
    # "You don't get those in open source" says "only in Cloud" with none of its words.
    alike = share(wrong.meaning, claim.meaning) >= WORDS_BESIDE_A_HARD_ONE or claim.edition == "cloud only"
    named = subject if wrong.amounts else subject - COUNTED
    return (
        bool(named)
        and alike
        and wrong.features - COUNTED <= claim.features
        and _adds_nothing(claim, wrong, subject)
    )


def _says_the_words(claim: Said, wrong: Said, right: Said) -> bool:
    """Without a hard thing: each word that makes it wrong, most of the others, and hardly any besides. Few
    words do where all that is wrong with them is that the fact says no, or yes."""
    alike = share(wrong.meaning, claim.meaning)
    opposed = wrong.denies != right.denies and wrong.meaning <= claim.meaning
    return (
        len(wrong.meaning & claim.meaning) >= (LEAST_WORDS_OPPOSED if opposed else LEAST_WORDS_WRONG)
        and wrong.meaning - GENERIC <= claim.meaning
        and (opposed or wrong.meaning - right.meaning <= claim.meaning)
        and claim.meaning - NEUTRAL <= wrong.meaning
        and alike >= WORDS_OF_A_WRONG_VERSION
        and (opposed or alike > share(wrong.meaning, right.meaning))
        and share(claim.meaning, wrong.meaning) >= WORDS_OF_A_PLAIN_CLAIM
        and not _conditioned(claim, wrong)
    )


def _conditioned(claim: Said, wrong: Said) -> bool:
    """Whether a claim names a condition that the wrong version does not: "with hybrid pools you always…"."""
    named = (meaning(found) for found in _CONDITION.findall(claim.text.lower()))
    return any(words - wrong.meaning for words in named)


def _restrictions(claim: Said) -> frozenset[str]:
    """What is only in Cloud may be said without "only"."""
    return claim.restrictions | {"only"} if claim.edition == "cloud only" else claim.restrictions


def _only_says(claim: Said, shared: frozenset[str]) -> bool:
    """Whether a claim says no more than that a plan has this feature."""
    rest = without_subjects(claim.text, shared)
    return (
        has_verb(claim.text)
        and gives(claim.text)
        and not several_plans(claim.text)
        and not unexplained(rest)
        and not features(rest) - COUNTED
    )


def _adds_nothing(claim: Said, wrong: Said, subject: frozenset[str]) -> bool:
    """Whether a claim says no more than a wrong version does, so that no word of it turns it around."""
    rest = without_editions(without_subjects(claim.text, subject))
    other = unexplained(rest, denial=not_in_open_source(claim.text) or wrong.denies)
    if not wrong.amounts and wrong.edition != "cloud only" and not gives(claim.text):
        return False
    if wrong.amounts and share(_uncounted(wrong), _uncounted(claim)) < WORDS_OF_A_WRONG_VERSION:
        return False
    written = frozenset(re.findall(r"[a-z']+", wrong.text.lower()))
    return not any(
        word not in written | _KEEPING and not _counts(word, claim) and not meaning(word) & wrong.meaning
        for word in other
    )


def _uncounted(said: Said) -> frozenset[str]:
    return frozenset(word for word in said.meaning if not is_figure(word))


def _hard_in_common(claim: Said, wrong: Said, right: Said) -> str | None:
    """What hard thing the claim shares with the wrong version: its name, "" where the wrong version has
    none, None where the two differ in one."""
    found = ""
    if wrong.plans:
        if wrong.plans != claim.plans:
            return None
        found = listed(sorted(wrong.plans, key=PLANS.index))
    if wrong.amounts:
        same = [one for one in wrong.amounts if holds(one, claim.amounts)]
        if not same or (not wrong.plans and holds(same[0], right.amounts)):
            return None
        found = next(one.said for one in claim.amounts if holds(one, same))
    if wrong.edition != "anywhere":
        if wrong.edition != claim.edition:
            return None
        found = found or _EDITIONS[wrong.edition]
    return found


def _kind(fact: Fact, wrong: WrongVersion, said: Said) -> Verdict:
    if _OLD.search(f"{wrong.claim} {wrong.why or ''} {fact.statement}"):
        return "outdated"
    return "overstated" if said.absolute else "contradicted"


def _reason(hard: str, wrong: WrongVersion) -> str:
    said = f"You said {hard}: this" if hard else "This"
    why = f" {wrong.why}" if wrong.why else ""
    return f"{said} comes to “{wrong.claim.rstrip('.')}”, which is known to be wrong.{why}"
