"""The sample calls of the demo: what a stranger sees first must be fair."""

from __future__ import annotations

from pathlib import Path

import pytest

from backend.analysis.analyst import Moments
from backend.analysis.rules import RulesAnalyst
from backend.demo import SAMPLES
from backend.formats import CallHints, HintedParticipant, Limits, parse
from backend.services.pack import read_pack
from backend.settings import PACKAGE
from tests.analysis.calls import brief, call

PACK = read_pack(Path(__file__).parents[2] / "knowledge")


@pytest.fixture(scope="module")
def moments() -> dict[str, Moments]:
    analyst = RulesAnalyst(PACK.competitors, PACK.objections, PACK.hear)
    found = {}
    for sample in SAMPLES:
        people = [
            HintedParticipant(name=sample.ours, side="internal"),
            *(HintedParticipant(name=name, side="external") for name in sample.theirs),
        ]
        transcript = parse(
            (PACKAGE / "samples" / sample.file).read_bytes(),
            filename=sample.file,
            hints=CallHints(participants=people),
            limits=Limits(max_turns=500, max_words=5_000),
        )
        found[sample.file] = analyst._spot(transcript)
    return found


def test_objections_of_the_samples_are_those_that_a_rep_would_name(moments: dict[str, Moments]) -> None:
    first, renewal = moments["first-call.vtt"], moments["renewal.vtt"]
    assert [one.quote.text.split(",")[0] for one in first.objections] == [
        "And your people never see our data? Our security team will ask me that first.",
        "I have to be honest",
    ]
    assert [one.quote.text.split(",")[0] for one in renewal.objections] == [
        "And our people in Rotterdam are asking why we don't just use Temporal",
        "My worry is more the migration",
    ]


def test_the_one_question_that_nobody_answered_is_open(moments: dict[str, Moments]) -> None:
    open_ones = [one.quote.text for found in moments.values() for one in found.questions]
    assert open_ones == ["Does it hang as running forever?"]


def test_other_products_are_what_the_prospects_say_they_are_to_them(moments: dict[str, Moments]) -> None:
    found = {file: [(one.competitor, one.context) for one in of.competitors] for file, of in moments.items()}
    assert found == {
        "first-call.vtt": [("airflow", "current_tool"), ("dagster", "evaluating"), ("other", "current_tool")],
        "renewal.vtt": [("temporal", "current_tool")],
    }


def test_what_the_prospect_has_today_is_no_claim(moments: dict[str, Moments]) -> None:
    assert not [one for of in moments.values() for one in of.claims if one.quote.text.startswith("You're on")]


def test_the_plans_a_reason_names_are_those_of_its_correction() -> None:
    (fact,) = [
        one for one in PACK.facts if one.statement.startswith("Hobby, Starter and Team have no single")
    ]
    analyst = RulesAnalyst(PACK.competitors, PACK.objections, PACK.hear)
    said = call("Rep: Single sign-on is included in every plan of Prefect.")
    found = analyst._spot(said)
    (claim,) = analyst._judge(said, found, {one.id: brief(fact) for one in found.claims}).claims
    assert claim.verdict == "contradicted"
    assert claim.correction is not None
    named = claim.reason.partition("the docs name ")[2].rstrip(".").split(" and ")
    assert named == ["Enterprise"]
    assert f"comes with {named[0]}" in claim.correction
