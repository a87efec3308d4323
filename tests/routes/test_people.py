"""The pages of the team and of a rep: what they count, what they leave unsaid, and how they are asked for."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from backend.pages import charts
from backend.pages.people import in_words
from backend.report import CoachingReport, Verdict
from backend.routes import people
from backend.routes.problems import answer_errors
from backend.store import Store
from backend.store.coached import Rep, Team
from backend.store.period import Period, WrongShare
from backend.transcript import Participant
from tests.routes.parsed import Parsed
from tests.routes.variants import SCRIPT, bare
from tests.sample_report import REP, sample_report

ALL = "?period=all"
HTML = {"accept": "text/html"}
Pages = Callable[..., TestClient]


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a store of no calls, which takes a while to make."""
    folder: Path = tmp_path_factory.mktemp("empty")

    async def make() -> None:
        async with Store.open(None, folder):
            pass

    asyncio.run(make())
    return folder


@pytest.fixture
def pages(empty: Path, tmp_path: Path) -> Iterator[Pages]:
    """A client of the pages over a store that holds these reports."""
    opened: list[TestClient] = []
    data = shutil.copytree(empty, tmp_path / "data")

    def over(*reports: CoachingReport) -> TestClient:
        @asynccontextmanager
        async def lifespan(app: FastAPI) -> AsyncIterator[None]:
            async with Store.open(None, data) as store:
                await asyncio.gather(*(store.save(report) for report in reports))
                app.state.house = SimpleNamespace(store=store)
                yield

        app = FastAPI(lifespan=lifespan)
        answer_errors(app)
        app.include_router(people.router())
        client = TestClient(app)
        client.__enter__()
        opened.append(client)
        return client

    yield over
    for client in opened:
        client.__exit__(None, None, None)


def call(nth: int, *verdicts: Verdict, rep: str = REP, days: int = 0) -> CoachingReport:
    """The sample call by this rep, so many days earlier, with one claim made once for each verdict."""
    report = sample_report(f"r{nth}")
    claims = [
        report.claims[1].model_copy(update={"id": f"c{at}", "verdict": verdict})
        for at, verdict in enumerate(verdicts, 1)
    ]
    assert report.call.started_at
    given = report.model_copy(
        update={"claims": claims, "scores": report.scores[:1], "priorities": [], "content_key": f"key {nth}"}
    )
    given.scores[0].because = []
    renamed = given.model_dump_json().replace(f'"{REP}"', f'"{rep}"')
    given = CoachingReport.model_validate_json(renamed)
    given.call.started_at = report.call.started_at - timedelta(days=days)
    return given


def team_of(client: TestClient, query: str = ALL) -> Team:
    return Team.model_validate(client.get(f"/team.json{query}").json())


def rep_of(client: TestClient, name: str, query: str = ALL) -> Rep:
    return Rep.model_validate(client.get(f"/reps/{quote(name)}.json{query}").json())


def page_of(client: TestClient, path: str) -> Parsed:
    answer = client.get(path, headers=HTML)
    assert answer.status_code == 200, answer.text
    return Parsed(answer.text)


def test_the_first_thing_on_the_team_page_is_what_it_gets_wrong_most(pages: Pages) -> None:
    client = pages(call(1, "contradicted"), call(2, "overstated", rep="Bo Lind"), call(3, "supported"))
    page = page_of(client, f"/team{ALL}")
    first = next(element.words for element in page.all("h2"))
    assert first == "What we get wrong most"
    [mistake] = page.all("li", "mistake")
    assert "2 times on 2 calls by 2 people" in mistake.words
    assert "every plan has single sign-on" in mistake.words
    assert "Right is Single sign-on comes with Pro and Enterprise." in mistake.words
    links = {link.attributes["href"] for link in page.all("a")}
    assert {"https://docs.prefect.io/v3/sso", "/calls/r1#c1", "/calls/r2#c1"} <= links


def test_mistakes_are_told_by_claim_and_name_nobody(pages: Pages) -> None:
    page = page_of(pages(call(1, "contradicted"), call(2, "overstated", rep="Bo Lind")), f"/team{ALL}")
    [mistake] = page.all("li", "mistake")
    assert REP not in mistake.words
    assert "Bo Lind" not in mistake.words


def test_one_mistake_said_twice_on_a_call_is_on_one_call(pages: Pages) -> None:
    [mistake] = team_of(pages(call(1, "contradicted", "overstated"), call(2, "contradicted"))).mistakes
    assert (mistake.claims, mistake.calls, mistake.reps) == (3, 2, 1)


def test_page_and_program_are_given_the_same_figures(pages: Pages) -> None:
    client = pages(*(call(nth, "contradicted", "supported", days=nth) for nth in range(5)))
    team = team_of(client)
    assert (team.calls, team.claims.wrong, team.claims.of) == (5, 5, 10)
    assert (
        "5 calls, 10 claims that the documentation settles, 5 of them wrong"
        in page_of(client, f"/team{ALL}").all("p", "counted")[0].words
    )
    assert sum(step.calls for step in team.by_step) == 5


def test_two_claims_are_never_shown_as_a_rate(pages: Pages) -> None:
    client = pages(call(1, "contradicted", "supported"))
    team = team_of(client)
    assert team.claims.share is None
    page = page_of(client, f"/team{ALL}").all("main")[0].words
    assert "50 %" not in page
    assert "1 of 2, too few for a share" in page


def test_few_calls_are_called_stories(pages: Pages) -> None:
    client = pages(call(1, "contradicted"))
    assert "single stories" in page_of(client, f"/reps/{quote(REP)}{ALL}").all("p", "warning")[0].words
    many = pages(*(call(nth, "supported", rep="Bo Lind") for nth in range(6)))
    assert not page_of(many, f"/reps/Bo%20Lind{ALL}").all("p", "warning")


def test_a_topic_is_known_well_or_badly_only_where_enough_was_said(pages: Pages) -> None:
    client = pages(
        *(call(nth, "supported", "supported") for nth in range(2)),
        *(call(nth, "supported", "supported", "supported", rep="Bo Lind") for nth in range(2, 4)),
        *(call(nth, "supported", "contradicted", "outdated", rep="Cy Roe") for nth in range(4, 6)),
    )
    assert not rep_of(client, REP).known_well
    assert [topic.title for topic in rep_of(client, "Bo Lind").known_well] == ["About sso"]
    assert [topic.claims.wrong for topic in rep_of(client, "Cy Roe").known_badly] == [4]


def test_help_is_told_by_topic_with_the_names_in_order(pages: Pages) -> None:
    wrong: tuple[Verdict, ...] = ("contradicted", "contradicted", "supported")
    client = pages(
        *(call(nth, *wrong, rep="Zoë") for nth in range(3)),
        *(call(nth, *wrong, rep="Ana") for nth in range(3, 5)),
        *(call(nth, "contradicted", rep="Once") for nth in range(5, 6)),
    )
    [help_with] = team_of(client).help
    assert help_with.topic.title == "About sso"
    assert [(one.rep, one.claims.wrong, one.claims.of) for one in help_with.reps] == [
        ("Ana", 4, 6),
        ("Zoë", 6, 9),
    ]


def test_a_topic_that_most_have_trouble_with_is_for_everybody(pages: Pages) -> None:
    wrong: tuple[Verdict, ...] = ("contradicted",) * 5
    page = page_of(pages(*(call(nth, *wrong, rep=f"Rep {nth}") for nth in range(7))), f"/team{ALL}")
    folded = [one.words for one in page.all("summary") if one.words.startswith("With everybody")]
    assert folded == ["With everybody: 7 people, 35 of 35 claims not borne out"]


def test_a_chart_begins_at_zero_and_breaks_where_nothing_was() -> None:
    starts = [date(2026, 11, day) for day in (2, 9, 16)]
    drawn = charts.line(starts, [20, None, 0], ["a", "b", "c"], top=20, unit=" %", few=[False, True, False])
    assert [level.label for level in drawn.levels] == ["20 %", "10 %", "0 %"]
    assert [(mark.label, mark.y) for mark in drawn.marks] == [("a", charts.TOP), ("c", charts.BASE)]
    assert drawn.strokes == []
    assert [mark.label for mark in drawn.ticks] == ["b"]
    assert [bar.height for bar in charts.bars([0, 5, 10], most=10)] == [50, 100]
    assert charts.bars([], most=0) == charts.bars([0, 0], most=0) == []


def test_what_was_long_ago_asks_nobody_for_an_hour_today(pages: Pages) -> None:
    long_ago = [call(nth, "contradicted", "contradicted", "contradicted", days=200) for nth in range(3)]
    team = team_of(pages(*long_ago, call(9, "supported")))
    assert team.claims.wrong == 9
    assert team.help == []


def test_the_answers_of_a_rep_that_hold_are_there_to_share(pages: Pages) -> None:
    report = sample_report()
    [well] = [one for one in report.objections if one.handled == "well"]
    well.response = report.turns[6].find("I hear you.")
    client = pages(report)
    [best] = [one for one in rep_of(client, REP).best if one.about == "status_quo"]
    assert (best.before, best.words) == ("Every upgrade costs us a weekend", "I hear you.")
    links = {link.attributes["href"] for link in page_of(client, f"/reps/{quote(REP)}{ALL}").all("a")}
    assert f"/calls/a1b2c3#{well.id}" in links


def test_calls_with_open_questions_are_listed_with_the_questions(pages: Pages) -> None:
    [waiting] = team_of(pages(sample_report())).open_calls
    assert (waiting.call, waiting.open, waiting.reps) == ("Kelp Genomics: second call", 1, [REP])
    assert waiting.questions[0].words == "who carries the pager if your side is down?"


def test_a_score_without_occasion_is_no_zero(pages: Pages) -> None:
    reports = [sample_report("r1"), call(2, "supported", days=14)]
    reports[0].scores[0].value = None
    client = pages(*reports)
    scores = {score.name: score for score in rep_of(client, REP).scores}
    assert "answers" not in scores
    assert scores["accuracy"].by_step == [43.0, None, None]
    assert "no occasion" in page_of(client, f"/reps/{quote(REP)}{ALL}").all("main")[0].words


def test_a_gap_in_the_calls_is_a_gap_in_the_line(pages: Pages) -> None:
    settled: tuple[Verdict, ...] = ("contradicted", "supported", "supported", "supported", "supported")
    page = page_of(
        pages(*(call(nth, *settled, days=days) for nth, days in enumerate((0, 7, 28)))), f"/team{ALL}"
    )
    [chart] = page.all("svg", "plot")
    drawn = [element for element in page.elements if "svg" in element.path]
    assert chart.attributes["role"] == "img"
    assert sum(element.attributes.get("r") == "3.5" for element in drawn) == 3
    assert sum(element.has("stroke") for element in drawn) == 1, "only two weeks are neighbours"


def test_every_picture_has_a_title_and_its_figures_as_a_table(pages: Pages) -> None:
    client = pages(*(call(nth, "contradicted", "supported", days=7 * nth) for nth in range(4)))
    for path in ("/team", f"/reps/{quote(REP)}"):
        page = page_of(client, path + ALL)
        pictures = [one for one in page.all("svg") if one.attributes.get("role") == "img"]
        titled = [one for one in page.all("title") if one.path[-1] == "svg" and one.words]
        assert pictures
        assert len(titled) == len(pictures)
        assert page.all("table")
        assert not [element for element in page.elements if "style" in element.attributes]


def test_the_period_stands_in_the_address_and_in_whole_weeks(pages: Pages) -> None:
    client = pages(call(1, "contradicted"), call(2, "supported", days=70))
    assert team_of(client, "?since=2026-11-18&until=2026-11-18").calls == 1
    shown = team_of(client, "?since=2026-11-18&until=2026-11-18").period
    assert (shown.start, shown.end) == (date(2026, 11, 16), date(2026, 11, 22))
    assert team_of(client, "?since=2026-09-01").calls == 2
    assert team_of(client, "?since=&until=&period=all").calls == 2
    page = page_of(client, f"/team{ALL}")
    [here] = [link for link in page.all("a") if link.attributes.get("aria-current") == "true"]
    assert here.words == "All"


def test_a_period_that_is_none_is_refused_in_a_sentence(pages: Pages) -> None:
    client = pages()
    for query, told in (("period=5w", "no period '5w'"), ("since=yesterday", "'yesterday' is no day")):
        answer = client.get(f"/team?{query}")
        assert answer.status_code == 400
        assert told in answer.json()["detail"]


def test_days_in_the_wrong_order_or_out_of_all_time_are_still_a_period(pages: Pages) -> None:
    client = pages(call(1, "supported"))
    assert team_of(client, "?since=2026-12-01&until=2026-11-01").calls == 1
    assert team_of(client, "?since=0001-01-01&until=9999-12-31").calls == 1


def test_somebody_who_was_on_no_call_is_not_found_in_a_sentence(pages: Pages) -> None:
    client = pages(call(1, "supported"))
    for path in ("/reps/Nobody", "/reps/Nobody.json", "/reps/", "/reps/%3Cscript%3E"):
        answer = client.get(path)
        assert answer.status_code == 404
        assert "was on our side of a stored call" in answer.json()["detail"]


def test_a_rep_without_calls_in_the_period_is_told_from_nobody(pages: Pages) -> None:
    page = page_of(pages(call(1, "supported")), f"/reps/{quote(REP)}?since=2026-01-05&until=2026-01-05")
    assert "No call with them in this period; 1 call in all." in page.all("main")[0].words


def test_an_empty_store_says_what_to_do(pages: Pages) -> None:
    page = page_of(pages(), "/team")
    assert "There is no call in this period." in page.all("main")[0].words
    assert "/add" in {link.attributes["href"] for link in page.all("main")[0:] and page.all("a")}


def test_a_call_with_nothing_known_of_it_has_a_team_page(pages: Pages) -> None:
    page = page_of(pages(bare()), f"/team{ALL}").all("main")[0].words
    assert "No claim was found wrong in this period." in page
    assert "On none of these calls is it known who was on our side." in page


def test_names_and_words_are_shown_as_text(pages: Pages) -> None:
    odd = f"{SCRIPT} مرحبا 👩‍💻 {'W' * 300}"
    named = call(1, "contradicted", rep=odd).model_dump_json()
    for words in ("About sso", "Kelp Genomics: second call", "Single sign-on comes with Pro and Enterprise."):
        named = named.replace(f'"{words}"', f'"{odd}"')
    client = pages(CoachingReport.model_validate_json(named))
    team = page_of(client, f"/team{ALL}")
    [link] = [one.attributes["href"] for one in team.all("a") if one.attributes["href"].startswith("/reps/")]
    rep = page_of(client, link)
    assert not team.all("script")
    assert not rep.all("script")
    assert SCRIPT in rep.all("h1")[0].words
    assert f"Right is {SCRIPT}" in team.all("li", "mistake")[0].words


def test_a_name_with_a_slash_or_a_question_mark_has_its_page(pages: Pages) -> None:
    for nth, name in enumerate(("Ana/Bo", "Who? & Co", "50% off", "#1", "a+b")):
        client = pages(call(nth, "supported", rep=name))
        [link] = [
            one.attributes["href"] for one in page_of(client, f"/team{ALL}").all("a") if one.words == name
        ]
        assert page_of(client, link).all("h1")[0].words == name


def test_two_of_ours_are_told_apart(pages: Pages) -> None:
    report = call(1, "contradicted")
    report.call.participants.append(Participant(id="9", name="Bo Lind", side="internal"))
    client = pages(report)
    assert rep_of(client, REP).claims.wrong == 1
    assert rep_of(client, "Bo Lind").claims.of == 0
    assert rep_of(client, "Bo Lind").calls == 1


@pytest.mark.parametrize(
    ("wrong", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0)]
)
def test_the_interval_is_that_of_wilson(wrong: int, of: int, low: float, high: float) -> None:
    claims = WrongShare.counted(wrong, of)
    assert claims.low == pytest.approx(low, abs=2e-4)
    assert claims.high == pytest.approx(high, abs=2e-4)


def test_a_share_is_said_with_what_it_rests_on() -> None:
    assert in_words(WrongShare.counted(3, 20)) == "3 of 20 wrong, 15 %"
    assert in_words(WrongShare.counted(1, 2)) == "1 of 2 wrong"
    assert in_words(WrongShare.counted(0, 0)) == "no settled claims"


@pytest.mark.parametrize("weeks", [1, 4, 12, 52, 105, 1356])
def test_no_chart_has_more_steps_than_can_be_read(weeks: int) -> None:
    period = Period.until(datetime(2026, 11, 20).date(), weeks)
    assert 1 <= len(period.steps) <= 30
    assert period.weeks == weeks
