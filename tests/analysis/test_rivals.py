"""Other products by the names people say, and what each is to the prospect over the whole call."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.analysis.rivals import Rivals
from backend.services.pack import read_pack
from tests.analysis.calls import call


@pytest.fixture(scope="module")
def rivals() -> Rivals:
    return Rivals(read_pack(Path(__file__).parents[2] / "knowledge").competitors)


def named(rivals: Rivals, *said: str) -> dict[str, str]:
    return {one.competitor: one.context for one in rivals.find(call(*said))}


@pytest.mark.parametrize(
    ("words", "competitor", "context"),
    [
        ("We run everything on air flow today.", "airflow", "current_tool"),
        ("The dag stir people gave us a demo on Tuesday.", "dagster", "evaluating"),
        ("Step functions does the nightly load.", "step_functions", "current_tool"),
        ("We ripped out Luigi two years ago.", "luigi", "past"),
        ("My sister works at Astronomer, the company.", "astronomer", "passing"),
        (
            "Databricks already has workflows built in, so my director says just use that.",
            "databricks_workflows",
            "evaluating",
        ),
        ("The nightly export is a cron job.", "other", "current_tool"),
        ("Autosys runs the batch, it has been there since the nineties.", "other", "current_tool"),
        ("A contractor wrote a little scheduler and the plant hangs on it.", "in_house", "current_tool"),
        ("It is a pile of shell scripts that decides what runs when.", "in_house", "current_tool"),
        ("You bought Dagster in the summer, I read.", "dagster", "passing"),
    ],
)
def test_a_product_and_what_it_is_to_them(rivals: Rivals, words: str, competitor: str, context: str) -> None:
    wanted = {competitor: context}
    assert named(rivals, f"Buyer: {words}", "Rep: I see.") == wanted


@pytest.mark.parametrize(
    "words",
    [
        "Can I give it a cron expression?",
        "We deploy the charts with Argo CD.",
        "In-house counsel will read the contract.",
        "We use Databricks for the lake, and Prefect starts the jobs.",
    ],
)
def test_what_only_looks_like_a_rival_is_none(rivals: Rivals, words: str) -> None:
    assert named(rivals, f"Buyer: {words}", "Rep: Sure.") == {}


def test_a_rival_named_five_times_is_one_and_the_whole_call_says_what_it_is(rivals: Rivals) -> None:
    said = [
        "Buyer: Airflow, yes.",
        "Rep: What about Airflow?",
        "Buyer: We've been on Airflow since twenty nineteen, every night.",
        "Buyer: And Airflow is what the team knows.",
        "Rep: Airflow it is.",
    ]
    found = rivals.find(call(*said))
    assert [(one.competitor, one.context, one.turn.index) for one in found] == [
        ("airflow", "current_tool", 2)
    ]


def test_our_own_news_of_a_purchase_is_no_rival(rivals: Rivals) -> None:
    assert named(rivals, "Rep: In July we announced that we bought Dagster.", "Buyer: Ah.") == {}


def test_a_tools_name_that_is_a_common_word_is_no_tool(rivals: Rivals) -> None:
    common = "Buyer: We restate the figures every quarter, on a monthly cadence, in the bamboo office."
    assert rivals.find(call(common)) == []
    named = rivals.find(call("Buyer: We run Restate for the orders today, and we like it."))
    assert [one.competitor for one in named] == ["other"]
