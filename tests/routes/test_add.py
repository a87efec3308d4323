"""Adding a call by the pages: what is read of it, what is put right, what is shown while it is coached."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from backend.formats import Limits, parse_with_reasons
from backend.pages.add import MOST_SEATS, Draft, draft_page, job_page
from backend.store.jobs import Job
from tests.routes.parsed import Parsed
from tests.service import CALL, Service, break_store, checked, running, settings_in

pytestmark = pytest.mark.anyio

LONG = "Maximiliana " * 25
RTL = "דניאל من الفريق"
SCRIPT = "<script>alert(1)</script>"
HTML = {"accept": "text/html"}
GONG = {
    "callTranscripts": [
        {
            "callId": "1",
            "transcript": [
                {"speakerId": "a", "sentences": [{"start": 0, "end": 4000, "text": "Hello, here is Mara."}]},
                {"speakerId": "b", "sentences": [{"start": 5000, "end": 9000, "text": "We are on Airflow."}]},
                {"speakerId": "c", "sentences": [{"start": 9000, "end": 9900, "text": "I only listen."}]},
            ],
        }
    ],
    "calls": [
        {
            "metaData": {"id": "1", "title": "Kelp: first call", "started": "2026-11-19T15:00:30Z"},
            "parties": [
                {
                    "speakerId": "a",
                    "name": "Mara Quint",
                    "emailAddress": "mara@prefect.io",
                    "affiliation": "Internal",
                    "title": "VP of Sales",
                },
                {"speakerId": "b", "name": "Devon", "emailAddress": "devon@kelp.example", "affiliation": ""},
                {"speakerId": "c", "name": "Somebody", "affiliation": "Unknown"},
            ],
        }
    ],
}


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    async with running(settings_in(tmp_path_factory.mktemp("add"))) as service:
        yield service


async def pasted(service: Service, text: str) -> str:
    """The address of the page that shows what was read."""
    answer = await service.http.post("/add", files={"file": ("", b"")}, data={"text": text})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


async def page_at(service: Service, address: str) -> Parsed:
    return Parsed((await service.http.get(address, headers=HTML)).text)


def chosen(page: Parsed, field: str) -> str:
    """The value that a select of the page begins with."""
    at = page.elements.index(page.by_id(field))
    options = [one for one in page.elements[at:] if one.tag == "option" and "selected" in one.attributes]
    return options[0].attributes["value"]


def fields(page: Parsed) -> dict[str, str]:
    """What a browser would send of this page's form."""
    typed = {e.attributes["name"]: e.attributes["value"] for e in page.all("input") if "name" in e.attributes}
    return typed | {e.attributes["name"]: chosen(page, e.attributes["id"]) for e in page.all("select")}


async def coached(service: Service, answer: httpx.Response) -> str:
    """The address of the call that a job's page leads to, when it is done."""
    assert answer.status_code == 303, answer.text
    job = answer.headers["location"]
    await service.http.get(f"{job}/events")  # which ends with the job
    shown = await service.http.get(job, headers=HTML)
    assert shown.status_code == 303
    return str(shown.headers["location"])


def draft_of(people: list[str]) -> Draft:
    said = [{"speaker": name, "text": "Hello to all of you."} for name in people]
    transcript, reasons = parse_with_reasons(json.dumps(said), limits=Limits(10_000, 100_000))
    return Draft(transcript=transcript, reasons=reasons)


def a_job(**given: object) -> Job:
    known = {"id": "j1", "state": "running", "created_at": 1.0, "title": "Kelp", "format": "gong", "turns": 3}
    return Job.model_validate(known | {"duration_s": 9.0} | given)


async def test_a_file_goes_from_the_form_to_its_page_and_is_said_to_be_what_it_is(service: Service) -> None:
    vtt = "WEBVTT\n\n00:01.000 --> 00:09.500\n<v Ann>A worker polls its pool.</v>\n"
    answer = await service.http.post("/add", files={"file": ("call.vtt", vtt.encode())})
    page = await page_at(service, answer.headers["location"])
    words = page.all("p", "meta")[0].words
    assert words.split(" ", 1)[0] == "WebVTT"
    assert "1 turn" in words
    assert "1 person" in words
    sent = await service.http.post(answer.headers["location"], data=fields(page))
    shown = await service.http.get(await coached(service, sent))
    assert "A worker polls its pool." in shown.text


async def test_sides_are_filled_in_from_what_is_known_and_say_why(service: Service) -> None:
    page = await page_at(service, await pasted(service, json.dumps(GONG)))
    assert [chosen(page, f"side-{i}") for i in range(3)] == ["internal", "external", "unknown"]
    assert [page.by_id(f"why-{i}").words for i in range(3)] == [
        "The file says so.",
        "kelp.example is not one of our domains.",
        "The file does not say.",
    ]
    assert chosen(page, "role-0") == "VP of Sales"
    assert page.by_id("title").attributes["value"] == "Kelp: first call"
    assert page.by_id("started_at").attributes["value"] == "2026-11-19T15:00"


async def test_what_is_put_right_is_what_is_coached(service: Service) -> None:
    draft = await pasted(service, json.dumps(GONG))
    entered = fields(await page_at(service, draft))
    entered |= {"side-0": "external", "side-2": "internal", "role-2": "se", "title": "Kelp again"}
    sent = await service.http.post(draft, data=entered)
    report = checked(await service.http.get(f"{await coached(service, sent)}.json"))
    people = {one.name: (one.side, one.role) for one in report.call.participants}
    assert people == {
        "Mara Quint": ("external", None),
        "Devon": ("external", None),
        "Somebody": ("internal", "se"),
    }
    assert [turn.side for turn in report.turns] == ["external", "external", "internal"]
    assert report.call.title == "Kelp again"
    assert report.call.started_at is not None
    assert report.call.started_at.second == 30, "a time that nobody changed stays whole"
    assert not [one for one in report.warnings if "which side" in one or "one of ours" in one]


async def test_a_side_that_is_taken_back_is_said_not_to_be_known(service: Service) -> None:
    draft = await pasted(service, json.dumps(GONG))
    entered = fields(await page_at(service, draft)) | {"side-0": "unknown", "started_at": "2026-11-18T09:30"}
    sent = await service.http.post(draft, data=entered)
    report = checked(await service.http.get(f"{await coached(service, sent)}.json"))
    assert any("one of ours" in warning for warning in report.warnings)
    assert f"{report.call.started_at:%d %H:%M}" == "18 09:30"


async def test_a_call_sent_as_it_was_read_is_the_one_that_a_program_sends(service: Service) -> None:
    by_program = checked(await service.http.post("/analyze", json={"transcript": GONG}))
    draft = await pasted(service, json.dumps(GONG))
    for _ in range(2):  # a form is sent twice by whoever clicks twice
        sent = await service.http.post(draft, data=fields(await page_at(service, draft)))
        assert await coached(service, sent) == f"/calls/{by_program.id}"


async def test_what_cannot_be_read_comes_back_with_its_sentence_beside_the_field(service: Service) -> None:
    typed = {"text": f"no speaker in here {SCRIPT}", "format": "webvtt"}
    answer = await service.http.post("/add", files={"file": ("", b"")}, data=typed)
    assert answer.status_code == 400
    page = Parsed(answer.text)
    assert page.by_id("text").text[-1].strip() == typed["text"]
    assert chosen(page, "format") == "webvtt"
    assert page.by_id("text").attributes["aria-invalid"] == "true"
    assert "text-error" in page.by_id("text").attributes["aria-describedby"]
    assert page.by_id("text-error").words.startswith("This is not WebVTT")
    answer = await service.http.post("/add", files={"file": ("call.png", b"\x89PNG\r\n\x1a\n" + bytes(9))})
    assert "PNG image" in Parsed(answer.text).by_id("file-error").words
    assert await service.house.store.jobs().counts() == (0, 0)


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("side-0", "ours", "A side is"), ("role-0", "boss", "A role is"), ("started_at", "soon", "started_at")],
)
async def test_a_choice_that_is_none_comes_back_with_what_was_entered(
    field: str, value: str, said: str, service: Service
) -> None:
    draft = await pasted(service, CALL)
    entered = fields(await page_at(service, draft)) | {"title": "Kept", "side-0": "internal", field: value}
    answer = await service.http.post(draft, data=entered)
    assert answer.status_code == 400
    page = Parsed(answer.text)
    (alert,) = [one for one in page.elements if one.attributes.get("role") == "alert"]
    assert said in alert.words
    assert page.by_id("title").attributes["value"] == "Kept"


async def test_where_the_store_is_away_a_call_is_coached_at_once_and_shown(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with running(settings) as service:
        break_store(settings)
        answer = await service.http.post("/add", data={"text": CALL})
        assert answer.status_code == 200
        assert "Single sign-on" in answer.text
        assert "not stored" in answer.text


async def test_a_long_call_can_be_pasted(service: Service) -> None:
    said = "We talk and talk, and all of it is written down right here, in full, word for word, for later."
    text = f"Ann: {said}\nBob: Go on, then, please do go on.\n" * 9000
    assert len(text) > 1024 * 1024, "more than a part of a form may be where nobody says otherwise"
    page = await page_at(service, await pasted(service, text))
    assert "18,000 turns" in page.all("p", "meta")[0].words


async def test_a_draft_that_is_gone_says_what_to_do(service: Service) -> None:
    answer = await service.http.get("/add/nothing", headers=HTML)
    assert answer.status_code == 404
    assert "add it again" in answer.text


@pytest.mark.parametrize("name", [LONG, RTL, SCRIPT, 'a" autofocus onfocus="x', "Zoë 🚀"])
def test_any_name_is_text(name: str) -> None:
    page = Parsed(draft_page("d1", draft_of([name, "Ann"]), entered={"title": name}))
    assert page.by_id("name-0").words == " ".join(name.split())
    assert page.by_id("name-0").attributes["dir"] == "auto"
    assert page.by_id("title").attributes["value"] == name
    assert not page.all("script")
    shown = Parsed(job_page(a_job(title=name)))
    assert shown.all("h1")[0].words == " ".join(name.split())
    assert len(shown.all("script")) == 1


def test_of_very_many_people_those_who_speak_most_can_be_put_right() -> None:
    people = [f"Person {i}" for i in range(MOST_SEATS + 5)]
    page = Parsed(draft_page("d1", draft_of([*people, people[0], people[-1]])))
    assert len(page.all("li", "seat")) == MOST_SEATS
    assert any("the other 5 stay as the file has them" in one.words for one in page.all("p"))
    assert page.by_id(f"side-{MOST_SEATS + 4}")


def test_every_choice_says_whose_it_is() -> None:
    page = Parsed(draft_page("d1", draft_of(["Ann", "Bob"])))
    labels = {one.attributes["for"] for one in page.all("label")}
    assert labels == {one.attributes["id"] for one in page.elements if one.tag in {"input", "select"}}


def test_a_page_of_a_job_shows_its_step_and_comes_back_by_itself_without_scripts() -> None:
    page = Parsed(job_page(a_job(step="look_up", settled=3, due=12)))
    (now,) = [one for one in page.all("li") if one.attributes.get("aria-current") == "step"]
    assert now.words.endswith("documentation 3 of 12")
    (refresh,) = [one for one in page.all("meta") if one.attributes.get("http-equiv") == "refresh"]
    assert "noscript" in refresh.path


@pytest.mark.parametrize(
    ("job", "said", "offered"),
    [
        ({"state": "failed", "why": "It broke.", "ended_at": 9e9}, "It broke.", ["/jobs/j1/again"]),
        ({"state": "failed", "why": "It broke.", "ended_at": 1.0}, "It broke.", []),
        ({"state": "cancelled", "title": None}, "forgotten within the hour", []),
        ({"state": "waiting"}, "Waiting for its turn.", ["/jobs/j1/cancel"]),
    ],
)
def test_a_page_of_a_job_says_how_it_ended_and_what_can_be_done(
    job: dict[str, object], said: str, offered: list[str]
) -> None:
    page = Parsed(job_page(a_job(**job)))
    assert said in page.all("main")[0].words
    assert [one.attributes["action"] for one in page.all("form")] == offered
