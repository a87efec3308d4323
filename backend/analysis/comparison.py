"""Whether a claim and the facts about it agree: hard disagreement, strong agreement, or for a reader."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from backend.analysis.agreement import agrees, can_be_borne_out, same_figure
from backend.analysis.analyst import Brief
from backend.analysis.disagreement import accusations, disputed, known_mistake
from backend.analysis.mistakes import made_by
from backend.analysis.plain_speech import may_be_accused
from backend.analysis.said import Finding, Known, Said, heard, stated, taken_apart
from backend.facts import Fact

FACTS_COMPARED = 8
"""Facts further down the list are about something else."""
WEAK_MATCH = 4.0
"""Below this score the best fact only shares an everyday word with the claim."""


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
        claim = heard(words, about)
        facts = [self._apart(match.fact) for match in brief.facts[:FACTS_COMPARED]]
        plain = may_be_accused(words, before, after) and not self._names_rival(f"{before} {about} {words}")
        said = list(stated(claim, about)) if plain else []
        wrong = [one.meaning for known in facts for _, one in known.wrong]
        made = made_by(words, f"{before} {about} {after}")
        plainly = can_be_borne_out(claim) and not made
        accusing = [one for one in facts if one.fact.may_accuse]
        every = (self._apart(match.fact) for match in brief.facts if match.fact.may_accuse)
        return (
            next((found for one in said for found in _against(one, facts, accusing)), None)
            or (known_mistake(made, every) if plain and made else None)
            or next((found for known in facts if (found := same_figure(claim, known))), None)
            or next(
                (found for known in facts if plainly and (found := self._agrees(claim, known, wrong))), None
            )
            or next((found for one in said if (found := disputed(one, facts))), None)
            or Finding("unclear", 0.3, "This is what the docs say; compare.", facts[0].fact)
        )

    def _agrees(self, claim: Said, known: Known, wrong: Sequence[frozenset[str]]) -> Finding | None:
        """As `agrees`, but a fact about another product as well settles nothing said of ours alone."""
        found = agrees(claim, known, wrong)
        # Looking for names costs more than comparing, and few facts agree.
        if found and self._names_rival(known.fact.statement) and not self._names_rival(claim.text):
            return None
        return found

    def _apart(self, fact: Fact) -> Known:
        known = self._known.get(fact.id)
        if known is None or known.fact is not fact:
            known = self._known[fact.id] = taken_apart(fact)
        return known


def _against(claim: Said, facts: Sequence[Known], accusing: Sequence[Known]) -> Iterator[Finding]:
    """What the facts hold against a claim; of a plan about which the docs disagree, only that they do."""
    for found in accusations(claim, facts, accusing):
        yield (disputed(claim, facts) if claim.plans else None) or found
