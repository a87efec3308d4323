"""Why something is taken for a moment can be printed, sign by sign, and adds up."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from backend.analysis.rules import RulesAnalyst
from backend.services.pack import read_pack
from tests.analysis.calls import call

TALK = call(
    "Rep: On Hobby the run history is kept for seven days.",
    "Buyer: Seven days is no good, our auditors want to look back a year. We run Airflow today.",
    "Rep: Let me find out what can be done about that.",
    "Buyer: Which region is the database in?",
    "Rep: I don't know, let me find out for you.",
)


@pytest.fixture(scope="module")
def analyst() -> RulesAnalyst:
    pack = read_pack(Path(__file__).parents[2] / "knowledge")
    return RulesAnalyst(pack.competitors, pack.objections, pack.hear)


def test_each_moment_that_is_found_is_among_the_decisions_taken(analyst: RulesAnalyst) -> None:
    taken = {(one.kind, one.quote.turn) for one in analyst.explain(TALK) if one.taken}
    moments = analyst._spot(TALK)
    assert taken == {
        *(("claim", one.quote.turn) for one in moments.claims),
        *(("objection", one.quote.turn) for one in moments.objections),
        *(("competitor", one.quote.turn) for one in moments.competitors),
        *(("open question", one.quote.turn) for one in moments.questions),
    }
    assert {kind for kind, _ in taken} == {"claim", "objection", "competitor", "open question"}


def test_the_signs_of_a_claim_add_up_to_its_weight(analyst: RulesAnalyst) -> None:
    claim = next(one for one in analyst.explain(TALK) if one.kind == "claim" and one.taken)
    told = [float(re.findall(r"[-+][\d.]+$", why)[0]) for why in claim.why]
    assert sum(told) == pytest.approx(claim.weight)
    assert "number with a unit +0.6" in claim.why


def test_what_is_nearly_taken_is_told_and_not_taken(analyst: RulesAnalyst) -> None:
    near = [one for one in analyst.explain(TALK) if not one.taken]
    assert all(one.least - 1.0 < one.weight for one in near)
    assert analyst.explain(TALK) == analyst.explain(TALK)
