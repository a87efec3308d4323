"""The strip of a call: where each moment lies on it, and who spoke."""

from __future__ import annotations

import pytest

from backend.pages.cards import cards
from backend.pages.timeline import SLOTS, Timeline, timeline
from backend.report import CoachingReport
from backend.transcript import Turn
from tests.routes.variants import bare, changed
from tests.sample_report import sample_report


def strip(report: CoachingReport) -> Timeline:
    return timeline(report, cards(report).values())


def places(report: CoachingReport) -> dict[str, float]:
    return {dot.card.id: float(dot.at) for lane in strip(report).lanes for dot in lane.dots}


def untimed() -> CoachingReport:
    report = sample_report()
    bare_turns = [turn.model_copy(update={"start_s": None, "end_s": None}) for turn in report.turns]
    for moment in report.moments():
        moment.quote = moment.quote.model_copy(update={"start_s": None, "end_s": None})
    return changed(report, turns=bare_turns)


def test_every_moment_lies_on_the_lane_of_its_kind_with_what_is_wrong_first() -> None:
    lanes = strip(sample_report()).lanes
    names = ["To correct", "Other claims", "Objections", "Questions", "Competitors"]
    assert [lane.kind.name for lane in lanes] == names
    assert [len(lane.dots) for lane in lanes] == [3, 6, 4, 2, 4]
    assert all(dot.card.accuses for dot in lanes[0].dots)


def test_a_moment_lies_where_it_was_said() -> None:
    report = sample_report()
    end = max(turn.end_s or turn.start_s or 0 for turn in report.turns)
    at = places(report)
    assert at["o1"] == pytest.approx(92 / end * 100, abs=0.1)
    assert at["o1"] < at["c8"]


def test_moments_of_one_second_lie_beside_each_other() -> None:
    wrong = strip(sample_report()).lanes[0].dots
    same = [dot for dot in wrong if dot.place == "0:24"]
    assert len(same) == 2
    assert float(same[1].at) - float(same[0].at) >= 1.5


def test_a_crowd_of_moments_stays_near_its_second_and_on_the_strip() -> None:
    report = sample_report()
    [claim] = [claim for claim in report.claims if claim.verdict == "unclear"]
    crowd = [claim.model_copy(update={"id": f"x{n}"}) for n in range(500)]
    at = places(changed(report, claims=crowd))
    first = at["x0"]
    assert all(first <= at[one.id] <= min(100, first + 4) for one in crowd)


def test_without_times_the_strip_goes_by_turn() -> None:
    found = strip(untimed())
    assert [tick.words for tick in found.ticks][:2] == ["turn 1", "3"]
    at = places(untimed())
    assert at["o1"] == 50.0  # the sixth of ten turns
    assert found.lanes[0].dots[0].place == "turn 3"


def test_marks_of_time_are_round_and_few_however_long_the_call() -> None:
    for seconds, second in (
        (40, "0:30"),
        (165, "0:30"),
        (3600, "10:00"),
        (10_800, "30:00"),
        (90_000, "4:00:00"),
    ):
        turns = [Turn(index=0, speaker="A", text="hello", start_s=0, end_s=seconds)]
        ticks = strip(changed(bare(), turns=turns)).ticks
        assert 2 <= len(ticks) <= 8
        assert [tick.words for tick in ticks[:2]] == ["0:00", second]


def test_who_spoke_covers_each_slot_once_and_says_nothing_where_sides_are_unknown() -> None:
    ours, theirs = (path for _, path in strip(sample_report()).ribbon)
    runs = [run.split(" 4h") for path in (ours, theirs) for run in path.split("M")[1:]]
    slots = [slot for at, length in runs for slot in range(int(at), int(at) + int(length))]
    assert len(slots) == len(set(slots)) <= SLOTS
    unknown = [turn.model_copy(update={"side": "unknown"}) for turn in sample_report().turns]
    assert strip(changed(sample_report(), turns=unknown)).ribbon == []


def test_a_call_without_turns_has_an_empty_strip() -> None:
    assert strip(changed(bare(), turns=[])) == Timeline([], strip(changed(bare(), turns=[])).ticks, [])
