"""The short exchanges of evals/phrases: the half that the rules were not tuned on must not get worse."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.analysis.rules import RulesAnalyst
from backend.evals.phrases import Exchange, Half, read_exchanges
from backend.services.pack import read_pack

REPO = Path(__file__).parents[2]
HALVES: list[Half] = ["tuned on", "kept aside"]


@pytest.fixture(scope="module")
def analyst() -> RulesAnalyst:
    pack = read_pack(REPO / "knowledge")
    return RulesAnalyst(pack.competitors, pack.objections, pack.hear)


def exchanges(name: str, half: Half) -> list[Exchange]:
    return read_exchanges(REPO / "evals" / "phrases" / f"{name}.yaml", half)


def f1(pairs: list[tuple[bool, bool]]) -> float:
    """Over pairs of what is there and what was found."""
    right = sum(there and found for there, found in pairs)
    return 2 * right / (sum(there for there, _ in pairs) + sum(found for _, found in pairs))


@pytest.mark.parametrize("half", HALVES)
def test_indirect_objections_are_heard_and_filed(analyst: RulesAnalyst, half: Half) -> None:
    said = [(one, analyst._spot(one.transcript()).objections) for one in exchanges("pushback", half)]
    assert f1([(one.objection is not None, bool(found)) for one, found in said]) >= 0.6
    filed = [found[0].category == one.objection for one, found in said if one.objection and found]
    assert sum(filed) >= 0.65 * len(filed)


@pytest.mark.parametrize("half", HALVES)
def test_questions_left_open_are_told_from_those_answered(analyst: RulesAnalyst, half: Half) -> None:
    said = [(one, analyst._spot(one.transcript()).questions) for one in exchanges("questions", half)]
    assert f1([(bool(one.open), bool(found)) for one, found in said]) >= 0.7


@pytest.mark.parametrize("half", HALVES)
def test_rivals_are_named_and_placed(analyst: RulesAnalyst, half: Half) -> None:
    right = named = wanted = placed = 0
    for one in exchanges("rivals", half):
        found = {each.competitor: each.context for each in analyst._spot(one.transcript()).competitors}
        there = one.rivals or {}
        both = found.keys() & there.keys()
        right, named, wanted = right + len(both), named + len(found), wanted + len(there)
        placed += sum(found[each] == there[each] for each in both)
    assert 2 * right / (named + wanted) >= 0.9
    assert placed >= 0.75 * right
