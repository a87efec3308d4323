"""What must not come in, does not; and what cannot be read is said in one sentence."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import closing, suppress
from html import escape
from http.client import HTTPConnection

import httpx
import pytest

from tests.service import CALL, Service, checked, running, settings_in

pytestmark = pytest.mark.anyio

TOKEN = "a-token-of-some-length"


@pytest.fixture(scope="module")
async def service(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    settings = settings_in(tmp_path_factory.mktemp("open"), coach_max_body_mb=1, coach_max_turns=2000)
    async with running(settings) as service:
        yield service


@pytest.fixture(scope="module")
async def guarded(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    settings = settings_in(tmp_path_factory.mktemp("guarded"), coach_api_tokens=f"another-long-token,{TOKEN}")
    async with running(settings) as service:
        yield service


def deep(levels: int) -> bytes:
    return b'{"transcript": ' + b"[" * levels + b"]" * levels + b"}"


BAD = {
    "nothing at all": (b"", "text/plain", 422),
    "an empty JSON object": (b"{}", "application/json", 415),
    "no transcript in the request": (b'{"options": {}}', "application/json", 400),
    "an empty transcript": (b'{"transcript": ""}', "application/json", 422),
    "half a JSON": (b'{"transcript": [{"speaker": "Ann", "te', "application/json", 400),
    "JSON nested 10,000 deep": (deep(10_000), "application/json", 400),
    "JSON nested 500 deep": (deep(500), "application/json", None),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20, "application/octet-stream", 415),
    "a zip archive": (b"PK\x03\x04" + bytes(range(256)), "text/plain", 415),
    "random bytes": (bytes(range(256)) * 50, "text/plain", 415),
    "prose without a speaker": (b"Just a paragraph about the weather, nothing more.", "text/plain", 415),
    "a format nobody knows": (b'{"transcript": "A: b", "format": "zoomer"}', "application/json", 400),
    "a misspelt option": (b'{"transcript": "A: b", "options": {"enrichh": true}}', "application/json", 400),
    "more turns than allowed": (b"A: yes\nB: no\n" * 1500, "text/plain", 413),
    "a form without a file": (b"--x--\r\n", "multipart/form-data; boundary=x", 400),
    "a date at the end of the calendar": (
        b'{"transcript": "A: b", "call": {"started_at": "9999-12-31T23:59:59-12:00"}}',
        "application/json",
        400,
    ),
    "a date at its beginning": (
        b'{"transcript": "A: b", "call": {"started_at": "0001-01-01T00:00:00+14:00"}}',
        "application/json",
        400,
    ),
    "a broken form": (b"--y\r\nnonsense", "multipart/form-data; boundary=x", 400),
}


@pytest.mark.parametrize("case", BAD)
async def test_bad_input_is_one_clear_sentence_and_nothing_is_stored(case: str, service: Service) -> None:
    body, kind, status = BAD[case]
    before = await service.house.store.count()
    answer = await service.http.post("/analyze", content=body, headers={"content-type": kind})
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == problem["status"]
    assert answer.status_code == status or (status is None and 400 <= answer.status_code < 500)
    assert problem["detail"].endswith((".", "?"))
    assert "\n" not in problem["detail"]
    assert await service.house.store.count() == before


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"transcript": "A: b", "callz": {}}, "callz is not a field here."),
        ({"transcript": "A: b", "call": {"tilte": "x"}}, "call.tilte is not a field here."),
        ({"transcript": "A: b", "call": {"title": "x" * 501}}, "call.title is longer than 500 characters."),
        (
            {"transcript": "A: b", "call": {"participants": [{"name": "A"}] * 501}},
            "call.participants holds more than 500 items.",
        ),
        (
            {"transcript": "A: b", "call": {"participants": [{"role": "ae"}]}},
            "call.participants.0 needs a name or an email.",
        ),
        ({"transcript": "A: b", "call": []}, "call must be an object."),
        ({"transcript": "A: b", "options": {"force": "perhaps"}}, "options.force must be true or false."),
        (
            {"transcript": "A: b", "call": {"started_at": "yesterday"}},
            "call.started_at must be a date and time such as 2026-11-20T14:02:00Z.",
        ),
        (
            {"transcript": "A: b", "call": {"started_at": "9999-12-31T23:59:59-12:00"}},
            "call.started_at lies outside the years 1970 to 2200.",
        ),
        ({"options": {}}, "transcript is missing."),
        ({"call": {"title": "x"}}, "transcript is missing."),
    ],
)
async def test_what_is_wrong_in_a_request_is_named_in_plain_words(
    body: object, told: str, service: Service
) -> None:
    answer = await service.http.post("/analyze", json=body)
    assert (answer.status_code, answer.json()["detail"]) == (400, told)


async def test_a_wish_in_the_address_is_checked_like_one_in_the_body(service: Service) -> None:
    for query, told in (
        ("title=" + "x" * 501, "title is longer than 500 characters."),
        ("started_at=0001-01-01T00:00:00%2B14:00", "started_at lies outside the years 1970 to 2200."),
    ):
        answer = await service.http.post(f"/analyze?{query}", content=CALL)
        assert (answer.status_code, answer.json()["detail"]) == (400, told)


async def test_a_form_without_a_boundary_is_told_with_one_full_stop(service: Service) -> None:
    answer = await service.http.post(
        "/analyze", content=b"x", headers={"content-type": "multipart/form-data"}
    )
    assert answer.status_code == 400
    assert answer.json()["detail"].endswith("multipart.")


@pytest.mark.parametrize(
    "encoded",
    [
        CALL.encode("utf-8-sig"),
        CALL.encode("utf-16"),
        CALL.replace("Mara Quint", "Zoë Müller").encode("cp1252"),
        CALL.replace("worker", "wor\0ker").encode(),
    ],
    ids=["utf-8 with a BOM", "utf-16", "cp1252", "NUL bytes"],
)
async def test_a_file_in_any_encoding_is_read(encoded: bytes, service: Service) -> None:
    answer = await service.http.post("/analyze", content=encoded, headers={"content-type": "text/plain"})
    assert answer.status_code == 200
    report = checked(answer)
    assert len(report.turns) == 7
    assert "worker polls the work pool" in report.turns[0].text


async def test_lone_surrogates_in_json_do_not_reach_the_store(service: Service) -> None:
    body = rb'{"transcript": [{"speaker": "A\ud800", "text": "Prefect is \udfff free"}]}'
    answer = await service.http.post("/analyze", content=body, headers={"content-type": "application/json"})
    assert checked(answer).turns[0].text == "Prefect is \ufffd free"


async def test_a_body_over_the_limit_is_refused_by_its_announced_length(service: Service) -> None:
    reader, writer = await asyncio.open_connection(service.http.base_url.host, service.http.base_url.port)
    writer.write(b"POST /analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 60000000\r\n\r\n")
    # Not one byte of the body is sent: the answer cannot have waited for it.
    assert b" 413 " in await reader.readline()
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize("megabytes", [1.5, 2.9])
async def test_a_client_that_sends_all_before_it_reads_gets_the_refusal_too(
    megabytes: float, service: Service
) -> None:
    def send() -> tuple[int, bytes]:
        url = service.http.base_url
        with closing(HTTPConnection(url.host, url.port, timeout=20)) as client:
            client.request("POST", "/analyze", b"x" * int(megabytes * 1e6), {"Connection": "close"})
            answer = client.getresponse()
            return answer.status, answer.read()

    status, problem = await asyncio.to_thread(send)
    assert status == 413
    assert b"COACH_MAX_BODY_MB" in problem


async def test_of_a_body_far_over_the_limit_only_a_little_is_read(service: Service) -> None:
    def send() -> int:
        url = service.http.base_url
        sent = 0
        with socket.create_connection((url.host, url.port), timeout=20) as client:
            client.sendall(
                b"POST /analyze HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
                b"Content-Length: 600000000\r\n\r\n"
            )
            with suppress(ConnectionError):
                while sent < 600_000_000:
                    sent += client.send(b"x" * 1_000_000)
        return sent

    # What was read, and what the sockets between hold.
    assert await asyncio.to_thread(send) < 100_000_000


async def test_a_body_over_the_limit_is_refused_while_it_streams(service: Service) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(60):
            yield b"A: yes\n" * 10_000

    answer = await service.http.post("/analyze", content=endless(), headers={"content-type": "text/plain"})
    assert answer.status_code == 413
    assert "COACH_MAX_BODY_MB" in answer.json()["detail"]


async def test_a_page_of_another_site_cannot_post_here(service: Service) -> None:
    before = await service.house.store.count()
    for headers in ({"origin": "https://evil.example"}, {"sec-fetch-site": "cross-site"}):
        answer = await service.http.post("/analyze", content=CALL, headers=headers)
        assert answer.status_code == 403
    assert await service.house.store.count() == before


async def test_a_name_that_another_site_points_at_loopback_is_not_answered(service: Service) -> None:
    assert (await service.http.get("/health", headers={"host": "evil.example"})).status_code == 403
    assert (await service.http.get("/health", headers={"host": "localhost:8000"})).status_code == 200


async def test_every_route_but_health_wants_a_token(guarded: Service) -> None:
    assert (await guarded.http.get("/health")).status_code == 200
    for path in ("/", "/calls.json", "/ready", "/openapi.json", "/calls/x", "/nowhere"):
        answer = await guarded.http.get(path)
        assert answer.status_code == 401, path
        assert answer.headers["www-authenticate"] == "Bearer"
    assert (await guarded.http.post("/analyze", content=CALL)).status_code == 401


async def test_a_bearer_token_opens_and_a_wrong_one_does_not(guarded: Service) -> None:
    good = {"authorization": f"Bearer {TOKEN}"}
    assert (await guarded.http.get("/ready", headers=good)).status_code == 200
    for wrong in (f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer", "Bearer \u00e9"):
        headers = {b"authorization": wrong.encode("latin-1")}
        assert (await guarded.http.get("/ready", headers=headers)).status_code == 401


async def test_a_person_without_a_token_is_led_to_the_login(guarded: Service) -> None:
    answer = await guarded.http.get("/", headers={"accept": "text/html"})
    assert (answer.status_code, answer.headers["location"]) == (303, "/login")


async def test_logging_in_sets_a_cookie_that_opens_pages_and_holds_no_token(guarded: Service) -> None:
    async with httpx.AsyncClient(base_url=guarded.http.base_url) as browser:
        assert (await browser.post("/login", data={"token": "a-wrong-token-indeed"})).status_code == 401
        answer = await browser.post("/login", data={"token": TOKEN})
        assert answer.status_code == 303
        cookie = answer.headers["set-cookie"]
        assert TOKEN not in cookie
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert (await browser.get("/", headers={"accept": "text/html"})).status_code == 200
        await browser.post("/logout")
        assert (await browser.get("/")).status_code == 401


async def test_a_link_to_a_call_still_leads_to_it_after_the_login(guarded: Service) -> None:
    place = "/calls?q=two+words&rep=Mara%20Quint"
    led = await guarded.http.get(place, headers={"accept": "text/html"})
    async with httpx.AsyncClient(base_url=guarded.http.base_url) as browser:
        form = (await browser.get(led.headers["location"])).text
        assert f'name="next" value="{escape(place)}"' in form
        wrong = await browser.post("/login", data={"token": "a-wrong-token-indeed", "next": place})
        assert f'name="next" value="{escape(place)}"' in wrong.text
        answer = await browser.post("/login", data={"token": TOKEN, "next": place})
        assert (answer.status_code, answer.headers["location"]) == (303, place)


@pytest.mark.parametrize(
    "elsewhere",
    ["//evil.example", "/\\evil.example", "https://evil.example", "/\t/evil.example", "javascript:alert(1)"],
)
async def test_a_login_leads_to_no_other_site(guarded: Service, elsewhere: str) -> None:
    async with httpx.AsyncClient(base_url=guarded.http.base_url) as browser:
        answer = await browser.post("/login", data={"token": TOKEN, "next": elsewhere})
        assert answer.headers["location"] == "/"


async def test_a_form_sent_without_a_login_leads_to_the_front_page_after_it(guarded: Service) -> None:
    answer = await guarded.http.post("/add", headers={"accept": "text/html"})
    assert answer.headers["location"] == "/login"


async def test_a_forged_or_expired_session_opens_nothing(guarded: Service) -> None:
    for cookie in ("9999999999.abc", f"1.{'0' * 64}", "", "x", "٣.abc"):
        headers = {b"cookie": f"call_coach_session={cookie}".encode()}
        assert (await guarded.http.get("/ready", headers=headers)).status_code == 401


async def test_an_unknown_report_is_not_found_in_both_forms(service: Service) -> None:
    assert (await service.http.get("/calls/nope.json")).json()["title"] == "Not found"
    page = await service.http.get("/calls/<script>", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert "<script>" not in page.text
    assert (await service.http.delete("/analyze")).status_code == 405


async def test_a_deleted_call_is_gone(service: Service) -> None:
    call = f"/calls/{(await service.analyze()).id}"
    assert "Single sign-on" in (await service.http.get(call)).text
    assert (await service.http.delete(call)).status_code == 204
    assert (await service.http.get(call)).status_code == 404
