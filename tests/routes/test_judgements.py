"""Disputing and ruling over HTTP: for programs, for forms, and for those who may not."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import httpx
import pytest

from backend.drift import DriftedReport, judge_anew
from backend.judgement import as_found
from backend.report import CoachingReport
from tests.routes.parsed import Parsed
from tests.sample_report import sample_report
from tests.service import CALL, Service, running, settings_in

pytestmark = pytest.mark.anyio

REP, MANAGER = "the-token-of-the-reps", "the-token-of-a-manager"
DISPUTE = {"by": "Robin Vale", "reason": "I had said which plans."}
RULING = {"by": "Lena Ortiz", "reason": "The rep is right.", "verdict": "supported"}
HANDLING = {"by": "Lena Ortiz", "reason": "A question.", "handled": "no_objection"}
PEOPLE = {"accept": "text/html"}
NUMBERS = count()


@pytest.fixture(scope="module")
async def service(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("open")
    shutil.copytree(indexed, folder / "data")
    async with running(settings_in(folder)) as service:
        yield service


@pytest.fixture(scope="module")
async def guarded(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    folder = tmp_path_factory.mktemp("guarded")
    shutil.copytree(indexed, folder / "data")
    async with running(settings_in(folder, coach_api_tokens=REP, coach_manager_tokens=MANAGER)) as service:
        yield service


async def stored(service: Service) -> str:
    """The address of a call of its own, with every verdict."""
    report = sample_report(f"call-{next(NUMBERS)}")
    report.turns[9].text += f" {report.id}"  # other words, so that nothing goes along from another test's
    await service.house.store.save(report)
    return f"/calls/{report.id}"


async def read(service: Service, call: str) -> CoachingReport:
    return await service.house.store.by_id(call.removeprefix("/calls/"))


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


# -- for programs


async def test_a_dispute_and_a_ruling_are_answered_by_the_claim(service: Service) -> None:
    call = await stored(service)
    answer = await service.http.post(f"{call}/claims/c2/disputes", json=DISPUTE)
    assert answer.status_code == 201
    [dispute] = answer.json()["disputes"]
    assert (dispute["by"], dispute["reason"], dispute["answered_at"]) == (*DISPUTE.values(), None)
    answer = await service.http.post(f"{call}/claims/c2/ruling", json=RULING)
    assert answer.status_code == 200
    claim = answer.json()
    assert (claim["verdict"], claim["ruling"]["found"]) == ("supported", "contradicted")
    assert claim["disputes"][0]["answered_at"]
    shown = (await service.http.get(f"{call}.json")).json()
    assert [one for one in shown["claims"] if one["id"] == "c2"] == [claim]


async def test_a_dispute_can_be_withdrawn(service: Service) -> None:
    call = await stored(service)
    await service.http.post(f"{call}/claims/c2/disputes", json=DISPUTE)
    answer = await service.http.post(f"{call}/claims/c2/disputes/d1/withdrawal")
    assert answer.json()["disputes"][0]["withdrawn_at"]
    assert (await service.http.post(f"{call}/claims/c2/disputes/d2/withdrawal")).status_code == 404


async def test_objections_are_disputed_and_ruled_on_likewise(service: Service) -> None:
    call = await stored(service)
    assert (await service.http.post(f"{call}/objections/o4/disputes", json=DISPUTE)).status_code == 201
    assert (await service.http.post(f"{call}/objections/o4/disputes/d1/withdrawal")).status_code == 200
    answer = await service.http.post(f"{call}/objections/o4/ruling", json=HANDLING)
    assert (answer.json()["ruling"]["handled"], answer.json()["ruling"]["found"]) == (None, "ignored")
    assert [one.id for one in (await read(service, call)).dismissed] == ["o4"]
    answer = await service.http.post(f"{call}/objections/o4/ruling", json=HANDLING | {"handled": "well"})
    assert answer.json()["handled"] == "well"
    assert (await read(service, call)).dismissed == []


@pytest.mark.parametrize(
    ("path", "body", "status", "told"),
    [
        ("claims/c2/disputes", {**DISPUTE, "reason": " \n "}, 400, "Reason is empty."),
        ("claims/c2/disputes", {**DISPUTE, "by": ""}, 400, "By is empty."),
        (
            "claims/c2/disputes",
            {**DISPUTE, "reason": "x" * 1001},
            400,
            "Reason is longer than 1,000 characters.",
        ),
        ("claims/c2/disputes", {**DISPUTE, "by": "x" * 201}, 400, "By is longer than 200 characters."),
        ("claims/c2/disputes", {"by": "Robin"}, 400, "Reason is missing."),
        ("claims/c2/disputes", {**DISPUTE, "verdict": "supported"}, 400, "Verdict is not a field here."),
        ("claims/c2/disputes", [], 400, "The body must be an object."),
        ("claims/c2/ruling", DISPUTE, 400, "Verdict is missing."),
        ("claims/c2/ruling", {**RULING, "verdict": "nonsense"}, 400, "Verdict must be 'supported', "),
        ("claims/c2/ruling", {**RULING, "verdict": "not_checked"}, 400, "choose another verdict"),
        (
            "claims/c7/ruling",
            {**RULING, "verdict": "contradicted"},
            400,
            "nobody can be told that it was wrong",
        ),
        ("claims/c99/disputes", DISPUTE, 404, "There is no claim 'c99' in this report."),
        ("objections/c2/disputes", DISPUTE, 404, "There is no objection 'c2' in this report."),
        ("objections/o1/ruling", {**HANDLING, "handled": "badly"}, 400, "Handled"),
    ],
)
async def test_what_cannot_be_taken_is_one_sentence_and_changes_nothing(
    path: str, body: object, status: int, told: str, service: Service
) -> None:
    call = await stored(service)
    before = await read(service, call)
    answer = await service.http.post(f"{call}/{path}", json=body)
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, answer.json()["status"]) == (status, status)
    assert told in answer.json()["detail"]
    assert await read(service, call) == before


async def test_a_body_that_is_no_json_and_a_call_that_is_not_there_are_told(service: Service) -> None:
    call = await stored(service)
    for body in (b"{", b"[" * 5000, b"\xff"):
        answer = await service.http.post(f"{call}/claims/c2/disputes", content=body)
        assert (answer.status_code, answer.json()["detail"][:21]) == (400, "The body is not JSON:")
    assert (await service.http.post("/calls/nope/claims/c2/disputes", json=DISPUTE)).status_code == 404


async def test_a_name_is_one_line_and_a_reason_keeps_its_lines(service: Service) -> None:
    call = await stored(service)
    said = {"by": "  Robin\n Vale\x00", "reason": "One.\r\nTwo.\x07"}
    [dispute] = (await service.http.post(f"{call}/claims/c2/disputes", json=said)).json()["disputes"]
    assert (dispute["by"], dispute["reason"]) == ("Robin Vale", "One.\nTwo.")


# -- for people


async def test_a_form_leads_back_to_the_moment_and_remembers_the_name(service: Service) -> None:
    call = await stored(service)
    async with httpx.AsyncClient(base_url=service.http.base_url) as browser:
        answer = await browser.post(f"{call}/claims/c2/disputes", data=DISPUTE)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{call}#c2")
        assert "HttpOnly" in answer.headers["set-cookie"]
        page = Parsed((await browser.get(f"{call}/claims/c2")).text)
        assert page.by_id("dispute-by").attributes["value"] == "Robin Vale"
        answer = await browser.post(
            f"{call}/claims/c2/disputes/d1/withdrawal",
            headers={"content-type": "application/x-www-form-urlencoded"},  # as of a form without fields
        )
        assert (answer.status_code, answer.headers["location"]) == (303, f"{call}#c2")
        answer = await browser.post(f"{call}/claims/c2/ruling", data=RULING)
        assert (answer.status_code, answer.headers["location"]) == (303, f"{call}#c2")
    text = (await service.http.get(call)).text
    assert "Overruled" in text
    assert "The rep is right." in text
    assert "The docs name two plans, not all of them." in text


@pytest.mark.parametrize(
    ("path", "typed", "kept"),
    [
        ("claims/c2/disputes", {"by": "Robin <b>", "reason": ""}, "dispute-by"),
        ("claims/c7/ruling", {**RULING, "by": "Robin <b>", "verdict": "contradicted"}, "ruling-by"),
    ],
)
async def test_a_form_that_cannot_be_taken_comes_back_as_it_was_filled_in(
    path: str, typed: dict[str, str], kept: str, service: Service
) -> None:
    call = await stored(service)
    answer = await service.http.post(f"{call}/{path}", data=typed)
    assert answer.status_code == 400
    page = Parsed(answer.text)
    [alert] = [one for one in page.elements if one.attributes.get("role") == "alert"]
    assert alert.words.strip().endswith(".")
    assert page.by_id(kept).attributes["value"] == "Robin <b>"
    assert typed["reason"] in page.by_id(kept.replace("-by", "-reason")).words


async def test_what_people_write_is_text_on_every_page(service: Service) -> None:
    call = await stored(service)
    wild = {
        "by": "<script>alert(1)</script> مرحبا",
        "reason": "</textarea><script>x</script> 👩‍💻 " + "w" * 900,
    }
    await service.http.post(f"{call}/claims/c2/disputes", json=wild)
    await service.http.post(f"{call}/claims/c3/ruling", json=RULING | wild)
    await service.http.post(f"{call}/objections/o4/ruling", json=HANDLING | wild)
    for path in (call, f"{call}/claims/c2", f"{call}/objections/o4", "/disputes?state=all"):
        page = Parsed((await service.http.get(path)).text)
        assert not [one for one in page.all("script") if one.words], path
        assert [one for one in page.all("bdi") if one.words == wild["by"]], path


async def test_the_calls_page_shows_at_each_remark_what_people_said(service: Service) -> None:
    call = await stored(service)
    await service.http.post(f"{call}/claims/c2/disputes", json=DISPUTE)
    await service.http.post(f"{call}/claims/c3/ruling", json=RULING)
    await service.http.post(f"{call}/objections/o4/ruling", json=HANDLING)
    page = Parsed((await service.http.get(call)).text)
    stamps = [one.words for one in page.all("span") if "stamp" in one.attributes.get("class", "")]
    assert stamps == ["disputed", "overruled"]
    assert "Our old vendor was down for a day" in page.by_id("o4").words
    assert "The analysis found Not answered." in page.by_id("o4").words
    links = {one.attributes.get("href") for one in page.all("a")}
    assert {f"{call}/claims/c2", f"{call}/objections/o1", f"{call}/objections/o4"} <= links


async def test_a_ruling_that_does_not_stand_any_more_asks_for_another(service: Service) -> None:
    call = await stored(service)
    await service.http.post(f"{call}/claims/c2/ruling", json=RULING | {"verdict": "overstated"})

    def lapse(report: CoachingReport) -> CoachingReport:
        claims = [
            as_found(one).model_copy(update={"ruling": None, "former_rulings": [one.ruling]})
            if one.ruling
            else one
            for one in report.claims
        ]
        return report.model_copy(update={"claims": claims})

    await service.house.store.revise(call.removeprefix("/calls/"), lapse)
    for path in (call, f"{call}/claims/c2", "/disputes"):
        text = (await service.http.get(path)).text
        assert "To be ruled on again" in text, path
    assert "rule again" in (await service.http.get(call)).text


async def test_the_form_offers_no_accusation_without_evidence(service: Service) -> None:
    call = await stored(service)
    offered = {
        claim: {one.attributes["value"] for one in Parsed(text).all("option")}
        for claim in ("c2", "c7")
        if (text := (await service.http.get(f"{call}/claims/{claim}")).text)
    }
    accusing = {"contradicted", "overstated", "outdated"}
    assert accusing <= offered["c2"]
    assert not accusing & offered["c7"]
    assert "supported" in offered["c7"]


async def test_the_list_is_by_state_and_by_speaker_and_says_what_to_do_when_empty(service: Service) -> None:
    call = await stored(service)
    await service.http.post(f"{call}/claims/c2/disputes", json=DISPUTE)
    await service.http.post(f"{call}/objections/o1/ruling", json=HANDLING)
    links = {
        one.attributes.get("href") for one in Parsed((await service.http.get("/disputes")).text).all("a")
    }
    assert f"{call}/claims/c2" in links
    assert f"{call}/objections/o1" not in links
    overruled = (await service.http.get("/disputes?state=overruled&speaker=Dana Okafor")).text
    assert f"{call}/objections/o1" in overruled
    assert "No objection at all" in overruled
    assert "Nothing waits" in (await service.http.get("/disputes?state=open&speaker=Nobody")).text
    listed = (await service.http.get("/disputes.json?limit=1&state=open")).json()
    assert len(listed["moments"]) == 1
    assert (await service.http.get("/disputes.json?state=lost")).status_code == 400
    assert (await service.http.get("/disputes?before=x", headers=PEOPLE)).status_code == 400


# -- the door

CHANGES = [
    ("POST", "/claims/c2/disputes", DISPUTE),
    ("POST", "/claims/c2/ruling", RULING),
    ("POST", "/objections/o1/disputes", DISPUTE),
    ("POST", "/objections/o1/ruling", HANDLING),
    ("POST", "/claims/c3/disputes/d1/withdrawal", {}),
    ("DELETE", "", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_another_sites_page_can_change_nothing(
    method: str, path: str, body: dict[str, str], service: Service
) -> None:
    call = await stored(service)
    await service.http.post(f"{call}/claims/c3/disputes", json=DISPUTE)
    before = await read(service, call)
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site", "origin": str(service.http.base_url)},
        {"sec-fetch-site": "same-site"},
    ):
        answer = await service.http.request(method, call + path, data=body, headers=headers)
        assert answer.status_code == 403, headers
    assert await read(service, call) == before


@pytest.mark.parametrize(("method", "path", "body"), CHANGES)
async def test_nobody_changes_anything_without_a_token(
    method: str, path: str, body: dict[str, str], guarded: Service
) -> None:
    call = await stored(guarded)
    before = await read(guarded, call)
    assert (await guarded.http.request(method, call + path, json=body)).status_code == 401
    assert await read(guarded, call) == before


async def test_a_rep_may_dispute_and_not_rule_or_delete(guarded: Service) -> None:
    call = await stored(guarded)
    rep = bearer(REP)
    assert (
        await guarded.http.post(f"{call}/claims/c2/disputes", json=DISPUTE, headers=rep)
    ).status_code == 201
    for method, path, body in (
        ("POST", "/claims/c2/ruling", RULING),
        ("POST", "/objections/o1/ruling", HANDLING),
        ("DELETE", "", {}),
    ):
        answer = await guarded.http.request(method, call + path, json=body, headers=rep)
        assert answer.status_code == 403
        assert "COACH_MANAGER_TOKENS" in answer.json()["detail"]
    assert "Rule on it" not in (await guarded.http.get(f"{call}/claims/c2", headers=rep)).text
    assert (
        await guarded.http.post(f"{call}/claims/c2/disputes/d1/withdrawal", headers=rep)
    ).status_code == 200


async def test_a_manager_may_rule_and_delete(guarded: Service) -> None:
    call = await stored(guarded)
    manager = bearer(MANAGER)
    assert "Rule on it" in (await guarded.http.get(f"{call}/claims/c2", headers=manager)).text
    assert (
        await guarded.http.post(f"{call}/claims/c2/ruling", json=RULING, headers=manager)
    ).status_code == 200
    assert (await guarded.http.delete(call, headers=manager)).status_code == 204


@pytest.mark.parametrize(
    ("token", "may", "status"), [(REP, "may overrule them too", 403), (MANAGER, "delete calls", 303)]
)
async def test_a_session_is_of_the_token_it_was_opened_with(
    token: str, may: str, status: int, guarded: Service
) -> None:
    call = await stored(guarded)
    async with httpx.AsyncClient(base_url=guarded.http.base_url, headers=PEOPLE) as browser:
        await browser.post("/login", data={"token": token})
        assert may in (await browser.get("/login")).text
        assert (await browser.post(f"{call}/claims/c2/ruling", data=RULING)).status_code == status
        assert (await browser.post("/logout")).status_code == 303
        assert "Your access token" in (await browser.get("/login")).text
        assert (
            await browser.post(f"{call}/claims/c2/ruling", data=RULING)
        ).status_code == 303  # to the login
    ruled = (await read(guarded, call)).claims[1].ruling
    assert (ruled is not None) == (token == MANAGER)


async def test_where_no_manager_is_named_whoever_comes_in_may_rule(data: Path, tmp_path: Path) -> None:
    assert data == tmp_path / "data"
    async with running(settings_in(tmp_path, coach_api_tokens=REP)) as service:
        call = await stored(service)
        answer = await service.http.post(f"{call}/claims/c2/ruling", json=RULING, headers=bearer(REP))
        assert answer.status_code == 200


async def test_managers_tokens_alone_close_the_door_too(data: Path, tmp_path: Path) -> None:
    assert data == tmp_path / "data"
    async with running(settings_in(tmp_path, coach_manager_tokens=MANAGER)) as service:
        assert (await service.http.get("/calls.json")).status_code == 401
        assert (await service.http.get("/calls.json", headers=bearer(MANAGER))).status_code == 200


async def test_without_tokens_the_login_page_says_that_nobody_logs_in(service: Service) -> None:
    assert "Nobody logs in here" in (await service.http.get("/login")).text


# -- analysed again


async def test_the_same_call_again_is_answered_with_its_rulings_and_a_forced_analysis_takes_them_along(
    service: Service,
) -> None:
    report = await service.analyze()
    wrong = report.wrong_claims()[0]
    where = f"/calls/{report.id}/claims/{wrong.id}"
    await service.http.post(f"{where}/disputes", json=DISPUTE)
    await service.http.post(f"{where}/ruling", json=RULING)
    again = await service.analyze()
    assert (again.id, again.content_key) == (report.id, report.content_key)
    assert next(one for one in again.claims if one.id == wrong.id).verdict == "supported"
    forced = await service.analyze(force=True)
    assert forced.id != report.id
    assert forced.content_key == report.content_key
    assert (forced.claims, forced.scores, forced.follow_up) == (again.claims, again.scores, again.follow_up)


async def test_a_call_analysed_otherwise_takes_them_along_too(service: Service) -> None:
    said = CALL + "Devon Achterberg: And that is all for today, thank you.\n"
    report = await service.analyze(said)
    wrong = report.wrong_claims()[0]
    await service.http.post(f"/calls/{report.id}/claims/{wrong.id}/ruling", json=RULING)
    bare = await service.analyze(said, enrich=False)
    assert bare.content_key != report.content_key
    [ruled] = [one for one in bare.claims if one.ruling]
    assert (ruled.quote, ruled.verdict) == (wrong.quote, "supported")
    assert ruled.ruling
    assert (ruled.ruling.found, ruled.ruling.found_then) == ("not_checked", wrong.verdict)
    assert "The ruling stands." in bare.warnings[-1]


async def test_judged_anew_after_the_docs_moved_a_report_keeps_what_people_said(service: Service) -> None:
    report = await service.analyze(CALL + "Devon Achterberg: Let us judge that anew.\n")
    wrong = report.wrong_claims()[0]
    await service.http.post(f"/calls/{report.id}/claims/{wrong.id}/disputes", json=DISPUTE)
    await service.http.post(f"/calls/{report.id}/claims/{wrong.id}/ruling", json=RULING)
    drifted = DriftedReport(report_id=report.id, verdicts=[])
    await judge_anew(service.house.store, service.house.coach, drifted)
    anew = await read(service, f"/calls/{report.id}")
    assert len(anew.history) == 1
    claim = next(one for one in anew.claims if one.quote == wrong.quote)
    assert claim.ruling
    assert (claim.verdict, claim.ruling.by, claim.disputes[0].by) == ("supported", "Lena Ortiz", "Robin Vale")
    assert not [one for one in anew.priorities if claim.id in one.quotes]
