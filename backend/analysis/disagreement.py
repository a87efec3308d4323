"""Whether a claim and the facts about it agree: hard disagreement, strong agreement, or for a reader.

Accusing takes something that can be pointed at: a plan the feature is not in, or a known wrong version with
the same number, plan, edition or absolute that denies the same. Nearness of words alone accuses nobody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

from backend.analysis.analyst import Brief
from backend.analysis.plain_speech import (
    has_verb,
    may_be_accused,
    points_back,
    statements,
    unexplained,
)
from backend.analysis.plan_figures import PlanFigures, per, plan_figures
from backend.analysis.quantities import Amount, amounts, is_figure
from backend.analysis.subjects import (
    COUNTED,
    PLANS,
    Holds,
    edition,
    features,
    gives,
    leading_feature,
    not_in_open_source,
    plans,
    several_plans,
    without_editions,
    without_subjects,
    written_plans,
)
from backend.analysis.wording import denials, denies, meaning, share
from backend.facts import Fact, WrongVersion
from backend.report import Verdict

FACTS_COMPARED = 8
"""Facts further down the list are about something else."""
WORDS_OF_A_WRONG_VERSION = 0.75
"""A wrong version without anything hard must have this share of its words in the claim."""
WORDS_BESIDE_A_HARD_ONE = 0.3
"""Beside a shared number, plan or edition, this share is enough."""
WORDS_OF_A_RIGHT_CLAIM = 0.65
WORTH_OF_A_NUMBER = 0.2
"""A claim whose numbers are all in the fact needs so much less of its words."""
LEAST_OF_THE_FACT = 0.2
"""A claim with less of the fact's words than this says something smaller than the fact."""
WORDS_OF_A_PLAIN_CLAIM = 0.6
"""A claim with fewer of its words in the wrong version says something else besides."""
LEAST_WORDS_WRONG, LEAST_WORDS_RIGHT = 3, 4
"""Fewer meaning words cannot tell one thing from another."""
FRAGMENT_WORDS = 6
"""Fewer words without a verb are a note, no statement: "Global concurrency limit, twelve."."""
LARGER_PLANS = 2
"""A feature that so few plans have is kept for the larger ones."""
WEAK_MATCH = 4.0
"""Below this score the best fact only shares an everyday word with the claim."""

_OLD = re.compile(
    r"\bprefect (?:1|2|one|two)\b|\bcloud 1\b|\b(?:older|earlier|former|previous(?:ly)?|used to|was true"
    r"|era)\b",
    re.IGNORECASE,
)
_EVERY = r"every(?! (?:\w+ ){0,2}(?:second|minute|hour|day|week|month)s?)"
_ONE = re.compile(r"(?:one|1) (?!hundred|thousand|million)")
_RESTRICTS = re.compile(rf"\b(?:only|must|have to|needs?|all|{_EVERY}|each|same|last)\b")
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
_KEEPING = frozenset(
    re.findall(
        r"\w+",
        "keep keeps kept retain retains retained retention stay stays stored store history run runs data"
        " metadata log logs hold holds",
    )
)


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
    """A fact and its wrong versions, taken apart. `leads` is the feature it is about first of all."""

    fact: Fact
    said: Said
    leads: str | None
    figures: PlanFigures | None
    wrong: tuple[tuple[WrongVersion, Said], ...]


class Figures(NamedTuple):
    """A number said of a plan, and the fact's: in the base unit of what was said, and as it writes it."""

    plan: str
    said: Amount
    known: float
    written: str


class Finding(NamedTuple):
    """A verdict, how sure it is (0 to 1), one sentence that says why, and the fact it leans on."""

    verdict: Verdict
    confidence: float
    reason: str
    fact: Fact | None


class Comparison:
    """Compares claims with facts. Facts are taken apart once; of claims nothing is kept."""

    def __init__(self, names_rival: Callable[[str], bool] = lambda _: False) -> None:
        self._names_rival = names_rival
        self._known: dict[str, Known] = {}

    def judge(
        self, words: str, about: str, brief: Brief | None, before: str = "", after: str = ""
    ) -> Finding:
        """What can be said of a claim by its brief. `about` has the words the claim answers as well; `before`
        and `after` are what its speaker said around it."""
        if brief is None:
            return Finding("not_checked", 0.0, "No product knowledge was at hand to check this.", None)
        if not brief.facts or brief.facts[0].score < WEAK_MATCH:
            return Finding("not_in_docs", 0.4, "No fact of the documentation is about this.", None)
        claim = _heard(words, about)
        facts = [self._taken_apart(match.fact) for match in brief.facts[:FACTS_COMPARED]]
        plain = may_be_accused(words, before, after) and not self._names_rival(f"{before} {about} {words}")
        said = list(_stated(words, about)) if plain else []
        accusing = [one for one in facts if one.fact.may_accuse]
        return (
            next((found for one in said for found in _accusations(one, facts, accusing)), None)
            or next((found for known in facts if (found := _same_figure(claim, known))), None)
            or next((found for known in facts if (found := self._agrees(claim, known))), None)
            or next((found for one in said if (found := _disputed(one, facts))), None)
            or Finding("unclear", 0.3, "This is what the docs say; compare.", facts[0].fact)
        )

    def _agrees(self, claim: Said, known: Known) -> Finding | None:
        """As `_agrees`, but a fact about another product as well settles nothing said of ours alone."""
        if self._names_rival(known.fact.statement) and not self._names_rival(claim.text):
            return None
        return _agrees(claim, known)

    def _taken_apart(self, fact: Fact) -> Known:
        known = self._known.get(fact.id)
        if known is None or known.fact is not fact:
            wrong = tuple((one, _read(_REMARK.sub("", one.claim))) for one in fact.wrong)
            known = self._known[fact.id] = Known(
                fact,
                _read(fact.statement),
                leading_feature(fact.statement),
                plan_figures(fact.statement),
                wrong,
            )
        return known


def _read(text: str) -> Said:
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


def _heard(words: str, about: str) -> Said:
    """A spoken claim; what it does not name itself, the words it answers may."""
    said = _read(words)
    return said._replace(features=said.features or features(about), plans=plans(words) or plans(about))


def _stated(words: str, about: str) -> Iterator[Said]:
    """What a claim states, one by one, each with its own subject and plan. One that only points back speaks
    of what it answers, where that names a single thing and denies nothing."""
    asked_for = about.removesuffix(words)
    asked = features(asked_for) - COUNTED
    answers = not features(words) and len(asked) == 1 and not _LEAVES_OPEN.search(asked_for.lower())
    for statement in statements(words):
        said = _read(statement)._replace(plans=plans(statement))
        agrees = answers and _CONFIRMS.match(words) is not None
        if agrees and not said.plans:
            said = said._replace(plans=plans(asked_for))
        yield said._replace(features=asked) if answers and (agrees or points_back(statement)) else said


def _accusations(claim: Said, facts: Sequence[Known], by: Sequence[Known]) -> Iterator[Finding]:
    """What some of the facts hold against the claim, given them all; the most to the point first."""
    for known in by:
        if found := _plan_excluded(claim, known, facts) or _other_figure(claim, known):
            yield found
    for known in by:
        for wrong, said in known.wrong:
            if found := _says_the_wrong(claim, known, wrong, said):
                yield found


def _disputed(claim: Said, facts: Sequence[Known]) -> Finding | None:
    """A fact stands against the claim, but another page of the docs disagrees with that fact."""
    disputed = [one for one in facts if one.fact.conflict and one.fact.confidence == "high"]
    against = next(_accusations(claim, facts, disputed), None)
    if against is None or against.fact is None:
        return None
    reason = f"The docs disagree with themselves about this. {against.fact.conflict}"
    return Finding("docs_conflict", 0.5, reason, against.fact)


def _plan_excluded(claim: Said, known: Known, facts: Sequence[Known]) -> Finding | None:
    """The claim gives a feature to a plan that the fact keeps for larger ones, and no other fact gives it."""
    gated = frozenset(known.fact.scope.plans or ())
    missing = sorted(claim.plans - gated, key=PLANS.index)
    # What a fact names by the way it says nothing of: "switched on from the SSO tab".
    shared = claim.features & {known.leads}
    if claim.denies or not missing or not shared or not _is_gate(known, gated):
        return None
    if not _only_says(claim, shared):
        return None
    if any(_gives(other, shared, missing[0]) for other in facts if other is not known):
        return None
    docs = _listed(sorted(gated, key=PLANS.index))
    reason = f"You gave {min(shared)} to {_listed(missing)}; the docs have it on {docs}."
    return Finding("contradicted", 0.8, reason, known.fact)


def _other_figure(claim: Said, known: Known) -> Finding | None:
    """The fact gives the claim's plan another number of the same thing."""
    compared = _figures(claim, known)
    if compared is None or compared.said.value == compared.known:
        return None
    if not has_verb(claim.text) or several_plans(claim.text):
        return None
    other = unexplained(without_subjects(claim.text, claim.features & known.said.features))
    other_features = claim.features - known.said.features - COUNTED
    if other_features or any(not is_figure(word) for word in other - _KEEPING):
        return None
    reason = f"You said {compared.said.said} on {compared.plan}; the docs give {compared.written} there."
    return Finding("contradicted", 0.85, reason, known.fact)


def _same_figure(claim: Said, known: Known) -> Finding | None:
    """The fact gives the claim's plan this very number."""
    compared = _figures(claim, known)
    if compared is None or compared.said.value != compared.known:
        return None
    reason = f"The docs give the same number for {compared.plan} ({compared.said.said})."
    return Finding("supported", 0.8, reason, known.fact)


def _figures(claim: Said, known: Known) -> Figures | None:
    """The one number of the claim beside the fact's for the one plan it names, where both count the same."""
    if len(claim.plans) != 1 or len(claim.amounts) != 1 or known.figures is None:
        return None
    if claim.denies or not claim.features & known.said.features:
        return None
    plan, said = min(claim.plans), claim.amounts[0]
    figure = known.figures.of(plan, said, claim.per)
    if figure is None:
        return None
    return Figures(plan, said, figure, f"{known.figures.by_plan[plan]:,g}")


def _is_gate(known: Known, gated: frozenset[str]) -> bool:
    """Whether the fact says that something is kept for the larger plans."""
    return "Enterprise" in gated and len(gated) <= LARGER_PLANS and bool(gated & known.said.plans)


def _gives(known: Known, wanted: frozenset[str], plan: str) -> bool:
    return plan in (known.fact.scope.plans or ()) and bool(wanted & known.said.features)


def _says_the_wrong(claim: Said, known: Known, wrong: WrongVersion, said: Said) -> Finding | None:
    """The claim is a version known to be wrong: the same hard thing, the same subject, the same denial."""
    if claim.denies != said.denies or not said.restrictions <= _restrictions(claim):
        return None
    # "Always" is what makes many a wrong version wrong, and a number of its own makes another claim.
    if (said.absolute and not claim.absolute) or (claim.amounts and not said.amounts):
        return None
    hard = _hard_in_common(claim, said, known.said)
    alike = share(said.meaning, claim.meaning)
    if hard is None:
        return None
    if hard:
        subject = claim.features & said.features
        close = bool(subject if said.amounts else subject - COUNTED)
        # "You don't get those in open source" says "only in Cloud" with none of its words.
        close = close and (alike >= WORDS_BESIDE_A_HARD_ONE or claim.edition == "cloud only")
        close = close and said.features - COUNTED <= claim.features and _adds_nothing(claim, said, subject)
    else:
        close = len(said.meaning & claim.meaning) >= LEAST_WORDS_WRONG
        close = (
            close and alike >= WORDS_OF_A_WRONG_VERSION and alike > share(said.meaning, known.said.meaning)
        ) and share(claim.meaning, said.meaning) >= WORDS_OF_A_PLAIN_CLAIM
    if not close:
        return None
    return Finding(_kind(known.fact, wrong, said), 0.75 if hard else 0.6, _reason(hard, wrong), known.fact)


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
        word not in written | _KEEPING and not is_figure(word) and not meaning(word) & wrong.meaning
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
        found = _listed(sorted(wrong.plans, key=PLANS.index))
    if wrong.amounts:
        same = [one for one in wrong.amounts if _holds(one, claim.amounts)]
        if not same or (not wrong.plans and _holds(same[0], right.amounts)):
            return None
        found = same[0].said
    if wrong.edition != "anywhere":
        if wrong.edition != claim.edition:
            return None
        found = found or wrong.edition
    return found


def _agrees(claim: Said, known: Known) -> Finding | None:
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
    if not all(_holds(one, said.amounts) for one in claim.amounts):
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


def _kind(fact: Fact, wrong: WrongVersion, said: Said) -> Verdict:
    if _OLD.search(f"{wrong.claim} {wrong.why or ''} {fact.statement}"):
        return "outdated"
    return "overstated" if said.absolute else "contradicted"


def _reason(hard: str, wrong: WrongVersion) -> str:
    said = f"You said {hard}: this" if hard else "This"
    why = f" {wrong.why}" if wrong.why else ""
    return f"{said} comes to “{wrong.claim.rstrip('.')}”, which is known to be wrong.{why}"


def _counted(text: str) -> tuple[Amount, ...]:
    """The amounts of a text but "one", which is hardly ever meant as a number."""
    return tuple(one for one in amounts(text) if not _ONE.match(one.said))


def _holds(amount: Amount, others: Sequence[Amount]) -> bool:
    return any(amount.unit == other.unit and amount.value == other.value for other in others)


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
