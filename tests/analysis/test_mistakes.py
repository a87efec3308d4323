"""Errors reps often make, in other words: who makes one is told, and nobody else is."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend.analysis.engine import Coach
from backend.analysis.mistakes import known, made_by
from backend.report import ACCUSING
from backend.services.pack import read_pack
from tests.analysis.mistakes_said import SAID
from tests.analysis.test_accusations import coach, verdicts
from tests.conftest import REPO

pytestmark = pytest.mark.anyio
__all__ = ["coach"]

WRONG = [said for wrong, _ in SAID.values() for said in wrong]
RIGHT = [said for _, right in SAID.values() for said in right]
TURNED: dict[str, Callable[[str], str]] = {
    "asked": lambda said: f"Is it so that {_inside(said)[:-1]}?",
    "asked at the end": lambda said: f"{said[:-1]}, right?",
    "told by others": lambda said: f"Somebody told you {_inside(said)}",
    "thought by others": lambda said: f"People think {_inside(said)}",
    "said by the customer": lambda said: f"You said {_inside(said)}",
    "claimed by a rival": lambda said: f"{said[:-1]}, is what their sales deck claims.",
    "of another product": lambda said: f"With Dagster, {_inside(said)}",
    "of the old product": lambda said: f"Back in Prefect 2, {_inside(said)}",
    "over": lambda said: f"It used to be that {_inside(said)}",
    "to be checked": lambda said: f"I'd have to check whether {_inside(said)}",
    "supposed": lambda said: f"If {_inside(said)[:-1]}, I'd be surprised.",
    "wished": lambda said: f"I wish {_inside(said)}",
    "planned": lambda said: f"We're planning it so that {_inside(said)}",
    "doubted": lambda said: f"I doubt that {_inside(said)}",
    "not thought": lambda said: f"I don't think {_inside(said)}",
    "denied": lambda said: f"It's not true that {_inside(said)}",
    "called a myth": lambda said: f"It's a myth that {_inside(said)}",
    "said by nobody": lambda said: f"Nobody says {_inside(said)}",
    "taken back": lambda said: f"{said} No wait, that's wrong.",
    "taken back at once": lambda said: f"{said[:-1]}, no wait, that's not right.",
}


def _inside(said: str) -> str:
    return said[0].lower() + said[1:]


@pytest.mark.parametrize("said", WRONG)
async def test_a_mistake_is_told_in_other_words_than_the_pack_s(coach: Coach, said: str) -> None:
    assert ACCUSING & set(await verdicts(coach, said, "And how is that in Prefect?"))


@pytest.mark.parametrize("said", RIGHT)
async def test_a_right_sentence_in_nearly_the_same_words_is_no_mistake(coach: Coach, said: str) -> None:
    assert not ACCUSING & set(await verdicts(coach, said, "And how is that in Prefect?"))


@pytest.mark.slow
@pytest.mark.parametrize("how", TURNED)
async def test_nobody_is_called_wrong_for_a_mistake_that_is(coach: Coach, how: str) -> None:
    accused = [said for wrong in WRONG if ACCUSING & set(await verdicts(coach, said := TURNED[how](wrong)))]
    assert accused == []


def test_no_fact_makes_a_mistake_that_it_calls_wrong() -> None:
    for fact in read_pack(REPO / "knowledge").facts:
        said = {one.name for one in made_by(fact.statement, topic=fact.title)}
        wrong = {
            one.name
            for each in fact.wrong
            for one in made_by(each.claim, topic=f"{fact.title} {fact.statement}")
        }
        assert not said & wrong, fact.id


def test_each_mistake_is_one_that_the_pack_calls_wrong() -> None:
    """Signs of what nothing calls wrong would accuse nobody."""
    facts = read_pack(REPO / "knowledge").facts
    called_wrong = {
        one.name
        for fact in facts
        if fact.may_accuse
        for each in fact.wrong
        for one in made_by(each.claim, topic=f"{fact.title} {fact.statement}")
    }
    assert {one.name for one in known()} == called_wrong


@pytest.mark.parametrize(
    ("said", "made"),
    [
        ("Managed doesn't do GPUs.", False),
        ("Managed does GPUs.", True),
        ("Managed pools have GPUs, you don't have to set anything up.", True),
        ("Managed pools have GPUs? Hardly.", False),
        ("Managed pools have CPUs but Modal has GPUs.", False),
    ],
)
def test_a_denial_or_a_contrast_in_a_part_makes_no_mistake(said: str, made: bool) -> None:
    assert ("gpus on managed" in {one.name for one in made_by(said)}) is made
