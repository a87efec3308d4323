"""Where Claude fails in part: halves are asked again, the rest is left to rules, and nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from backend.analysis.analyst import Moments
from backend.analysis.claude import ClaudeAnalyst
from backend.analysis.claude_briefs import MOMENTS_PER_REQUEST
from backend.analysis.claude_door import TOKENS_IN_TIME
from backend.analysis.claude_verdicts import NOT_JUDGED
from backend.analysis.engine import Coach, Options
from backend.analysis.rules import RulesAnalyst
from backend.errors import AnalystAway, AnalystFailed
from backend.quotes import verify
from backend.report import CoachingReport
from backend.transcript import Side, Transcript
from tests.analysis.test_claude import analyst, briefs, call, moments, verdict
from tests.analysis.test_engine import FakeKnowledge
from tests.claude_server import (
    HANGS,
    Answer,
    Asked,
    ClaudeServer,
    Says,
    Sensible,
    cut_off,
    fails,
    judged,
    refuses,
)

pytestmark = pytest.mark.anyio

LONG = MOMENTS_PER_REQUEST + 20


def points(count: int = LONG) -> Transcript:
    return call([("Ann", "internal", f"Point {n} of Prefect") for n in range(count)])


def only(wanted: Callable[[Asked], bool], otherwise: Says) -> Answer:
    """Sensible answers to the requests that are wanted."""
    sensible = Sensible()
    return lambda asked: sensible(asked) if wanted(asked) else otherwise


def lines(asked: Asked) -> int:
    return sum(line.startswith("[") for line in asked.data.splitlines())


async def test_a_window_too_long_to_answer_is_read_in_halves() -> None:
    with ClaudeServer(only(lambda asked: lines(asked) <= 25, cut_off())) as server:
        async with analyst(server.url) as claude:
            found = await claude.spot(points(80))
    assert [one.quote.turn for one in found.claims] == list(range(80))
    assert not found.unread
    assert len(server.requests) == 1 + 2 + 4


async def test_a_batch_too_long_to_answer_is_judged_in_halves() -> None:
    def short(asked: Asked) -> bool:
        return asked.step == "spot" or asked.data.count(": claim in turn") <= 20

    with ClaudeServer(only(short, cut_off())) as server:
        async with analyst(server.url) as claude:
            found = await claude.spot(points(50))
            result = await claude.judge(points(50), found, {one.id: briefs()["c2"] for one in found.claims})
    assert [one.verdict for one in result.claims] == ["supported"] * 50
    assert not result.unjudged


async def test_what_is_cut_off_down_to_one_moment_is_given_up() -> None:
    with ClaudeServer(cut_off()) as server:
        async with analyst(server.url) as claude:
            with pytest.raises(AnalystFailed, match="cut off"):
                await claude.judge(call(), Moments(claims=moments(call()).claims[1:]), briefs())
    assert len(server.requests) == 1


@pytest.mark.parametrize("failing", [fails(529), refuses(), Says(text="no")], ids=["529", "refusal", "shape"])
async def test_a_batch_that_fails_leaves_the_other_batches_verdicts(failing: Says) -> None:
    def first(asked: Asked) -> bool:
        return asked.step == "spot" or "c1: claim" in asked.data

    with ClaudeServer(only(first, failing)) as server:
        async with analyst(server.url) as claude:
            found = await claude.spot(points())
            result = await claude.judge(points(), found, {one.id: briefs()["c2"] for one in found.claims})
    supported = {one.id for one in result.claims if one.verdict == "supported"}
    assert len(supported) == LONG // 2
    assert result.unjudged == {one.id for one in found.claims} - supported
    assert result.why


async def test_a_window_that_fails_leaves_the_others_moments_and_names_its_turns() -> None:
    talk: list[tuple[str, Side, str]] = [
        ("Ann", "internal", f"Point {n} of Prefect " + "word " * 58) for n in range(150)
    ]
    with ClaudeServer(only(lambda asked: "Point 149 of" in asked.data, fails(500))) as server:
        async with analyst(server.url) as claude:
            found = await claude.spot(call(talk))
    assert len(server.requests) == 2
    assert {one.quote.turn for one in found.claims} | found.unread == set(range(150))
    assert 0 in found.unread
    assert found.why == "Claude answered 500."


async def test_an_accusation_that_a_second_look_could_not_confirm_is_not_made() -> None:
    def answer(asked: Asked) -> Says:
        if "Wrongly put as" in asked.data:
            return fails(500)
        return judged(claims=[verdict("contradicted", "flow runs are kept for 7 days", "P2")])

    with ClaudeServer(answer) as server:
        async with analyst(server.url) as claude:
            result = await claude.judge(call(), moments(call()), briefs())
    assert len(server.requests) == 2
    assert result.unjudged == {"c2"}


async def test_a_second_look_takes_an_accusation_back() -> None:
    def answer(asked: Asked) -> Says:
        if "Wrongly put as" in asked.data:
            return judged(claims=[verdict("supported", "runs are kept for 7 days", "P1")])
        return judged(claims=[verdict("contradicted", "flow runs are kept for 7 days", "P2")])

    with ClaudeServer(answer) as server:
        async with analyst(server.url) as claude:
            result = await claude.judge(call(), moments(call()), briefs())
    assert (result.claims[1].verdict, result.claims[1].correction) == ("supported", None)


async def test_an_accusation_that_a_second_look_forgets_is_not_made() -> None:
    def answer(asked: Asked) -> Says:
        if "Wrongly put as" in asked.data:
            return judged()
        return judged(claims=[verdict("contradicted", "flow runs are kept for 7 days", "P2")])

    with ClaudeServer(answer) as server:
        async with analyst(server.url) as claude:
            result = await claude.judge(call(), moments(call()), briefs())
    assert (result.claims[1].verdict, result.claims[1].reason) == ("unclear", NOT_JUDGED)


# -- Through the engine


async def coached(claude: ClaudeAnalyst, transcript: Transcript) -> CoachingReport:
    rules = RulesAnalyst([], [], lambda words: words)
    coach = Coach(FakeKnowledge(), {"rules": rules, "claude": claude}, "claude")
    report = await coach.coach(transcript, Options())
    verify(report)
    return report


async def test_the_report_says_that_rules_judged_a_part_and_what_the_rest_cost() -> None:
    def first(asked: Asked) -> bool:
        return asked.step == "spot" or "c1: claim" in asked.data

    with ClaudeServer(only(first, fails(529))) as server:
        async with analyst(server.url, anthropic_model="claude-sonnet-5-5") as claude:
            report = await coached(claude, points())
    used = report.analyst
    assert (used.kind, used.fell_back) == ("claude", True)
    assert used.why == f"Claude answered 529 (overloaded). Rules judged {LONG // 2} of {LONG} moments."
    assert len(report.claims) == LONG
    assert used.usage
    assert [step.step for step in used.usage.steps] == ["spot", "judge"]
    assert used.usage.sent_tokens > used.usage.input_tokens > 0
    assert used.usage.baseline_tokens > 0
    assert used.usage.dollars
    assert used.usage.dollars > 0


async def test_where_claude_cannot_find_the_moments_rules_do_and_claude_still_judges() -> None:
    with ClaudeServer(only(lambda asked: asked.step == "judge", refuses())) as server:
        async with analyst(server.url) as claude:
            report = await coached(claude, call())
    assert (report.analyst.kind, report.analyst.fell_back) == ("claude", True)
    assert report.analyst.why == "Claude declined to analyse this call. Rules found the moments."


@pytest.mark.parametrize("answer", [fails(401), HANGS], ids=["401", "hangs"])
async def test_a_claude_that_is_away_is_not_asked_to_judge(answer: Says) -> None:
    with ClaudeServer(answer) as server:
        async with analyst(server.url, coach_claude_timeout_s=0.5) as claude:
            report = await coached(claude, call())
    assert (report.analyst.kind, report.analyst.fell_back) == ("rules", True)
    assert set(server.steps()) == {"spot"}


async def test_a_long_answer_is_given_more_time() -> None:
    with ClaudeServer(HANGS) as server:
        async with analyst(server.url, coach_claude_timeout_s=0.1) as claude:
            with pytest.raises(AnalystAway) as failed:
                await claude.spot(call([("Ann", "internal", "word " * (TOKENS_IN_TIME * 5 // 4))]))
    assert str(failed.value) == "Claude did not answer within 0.125 s."


async def test_a_spent_budget_stops_claude_and_not_the_analysis() -> None:
    with ClaudeServer(Sensible()) as server:
        chosen = {"coach_claude_monthly_dollars": 0.00001, "anthropic_model": "claude-sonnet-5-5"}
        async with analyst(server.url, **chosen) as claude:
            report = await coached(claude, points(3))
            again = await coached(claude, points(3))
    for one in (report, again):
        assert one.analyst.kind == "rules"
        assert one.analyst.why
        assert one.analyst.why.startswith("The budget for Claude is spent: 0.00 of 0.00 dollars in 20")
    assert server.steps() == ["spot"]
    assert json.loads(again.model_dump_json())["analyst"]["usage"]["dollars"] == 0.0
