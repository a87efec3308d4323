"""Adding a call, by each way there is."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from backend.settings import PACKAGE
from tests.browser.conftest import Visit
from tests.browser.samples import HOSTILE_CALL, SCRIPT
from tests.browser.visitor import PHONE, Visitor
from tests.command import empty_home
from tests.conftest import REPO
from tests.deploy.processes import Served, free_port, serving
from tests.service import Service
from tests.services.docs_fixture import DocsServer

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

FILE = PACKAGE / "samples" / "first-call.vtt"
BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
Start = Callable[[], AbstractContextManager[Served]]
Give = Callable[[Visitor], Awaitable[None]]


async def by_file(visitor: Visitor) -> None:
    await visitor.page.get_by_label("A file").set_input_files(FILE)


async def by_dropping(visitor: Visitor) -> None:
    """As a person drops a file from their desktop: only the browser's own protocol can."""
    box = await visitor.page.get_by_label("A file").bounding_box()
    assert box is not None
    protocol = await visitor.context.new_cdp_session(visitor.page)
    place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
    dragged = {"items": [], "files": [str(FILE)], "dragOperationsMask": 1}
    for step in ("dragEnter", "dragOver", "drop"):
        await protocol.send("Input.dispatchDragEvent", {"type": step, **place, "data": dragged})
    await expect(visitor.page.get_by_label("A file")).to_have_value("C:\\fakepath\\first-call.vtt")


async def by_pasting(visitor: Visitor) -> None:
    await visitor.page.get_by_label("Or paste it").fill(FILE.read_text())


async def sent_off(page: Page, title: str, ours: str) -> None:
    """From what was read of the call to its being coached."""
    await expect(page.get_by_role("heading", name="Who was on this call?")).to_be_visible()
    await page.get_by_label("Title").fill(title)
    await page.get_by_label(f"Side of {ours}").select_option("internal")
    await page.get_by_label(f"Role of {ours}").select_option("ae")
    await page.get_by_role("button", name="Coach this call").click()


async def without_flaws(visitor: Visitor) -> None:
    """Axe finds nothing on the page that is open, light or dark."""
    await visitor.page.emulate_media(color_scheme="light")
    assert await visitor.flaws() == []
    await visitor.page.emulate_media(color_scheme="dark")
    assert await visitor.flaws() == []


@BOTH
@pytest.mark.parametrize("give", [by_file, by_dropping, by_pasting], ids=lambda give: give.__name__)
async def test_a_call_is_added_looked_over_and_coached(
    give: Give, scripts: bool, own: Service, visit: Visit
) -> None:
    visitor = await visit(str(own.http.base_url), java_script_enabled=scripts)
    page = await visitor.open("/add")
    await give(visitor)
    await page.get_by_role("button", name="Read this call").click()
    await expect(page.get_by_text("28 turns")).to_be_visible()
    await sent_off(page, "Added by hand", "Mara Quint")
    await expect(page.get_by_role("heading", name="What was said")).to_be_visible(timeout=20_000)
    await expect(page.get_by_role("heading", level=1, name="Added by hand")).to_be_visible()
    (call,) = (await own.house.store.calls()).calls
    assert call.reps == ["Mara Quint"]


async def test_hostile_names_and_words_are_looked_over_as_text(own: Service, visit: Visit) -> None:
    visitor = await visit(str(own.http.base_url), PHONE, bypass_csp=True)
    page = await visitor.open("/add")
    segments = [{"speaker": name, "text": text} for name, text in HOSTILE_CALL]
    await page.get_by_label("Or paste it").fill(json.dumps(segments))
    await page.get_by_role("button", name="Read this call").click()
    await expect(page.get_by_role("heading", name="Who was on this call?")).to_be_visible()
    await expect(page.get_by_text(SCRIPT).filter(visible=True).first).to_be_visible()
    assert await visitor.overhang() == []
    assert await page.title() != "taken over"
    await without_flaws(visitor)


async def test_what_is_no_transcript_is_told(own: Service, visit: Visit) -> None:
    visitor = await visit(str(own.http.base_url))
    visitor.expects("status of 415")
    page = await visitor.open("/add")
    await page.get_by_label("A file").set_input_files(
        {"name": "call.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(100)}
    )
    await page.get_by_role("button", name="Read this call").click()
    await expect(page.get_by_role("alert")).to_contain_text("PNG image")


@pytest.fixture
def docs() -> Iterator[DocsServer]:
    """A docs server that keeps look-ups waiting."""
    server = DocsServer()
    server.start()
    with server.being("hangs"):
        yield server
    server.stop()


@pytest.fixture
def started(docs: DocsServer, data: Path, tmp_path: Path) -> Start:
    """Starts the service as a process, each time on the same port and the same store."""
    port = free_port()
    env = empty_home(tmp_path) | {
        "PYTHONPATH": str(REPO),
        "COACH_DATA_DIR": str(data),
        "PREFECT_MCP_ENABLED": "true",
        "PREFECT_MCP_TRANSPORT": "docs",
        "PREFECT_DOCS_MCP_URL": docs.url,
        "COACH_LOOK_UP_SECONDS": "60",
        "COACH_LOOK_UP_STALL_SECONDS": "60",
        "COACH_WARM_PER_MINUTE": "0",
    }
    command = [sys.executable, "-m", "backend", "serve", "--port", str(port)]
    return lambda: serving(command, port, env, tmp_path)


async def test_progress_is_seen_and_goes_on_across_a_restart_of_the_service(
    started: Start, docs: DocsServer, visit: Visit
) -> None:
    with started() as service:
        visitor = await visit(service.url, bypass_csp=True)
        visitor.expects("net::ERR_")  # while nobody is there
        page = await visitor.open("/add")
        await by_pasting(visitor)
        await page.get_by_role("button", name="Read this call").click()
        await sent_off(page, "Across a restart", "Mara Quint")
        await expect(page.locator("[aria-current=step]")).to_contain_text("0 of ")
        await without_flaws(visitor)
    docs.behaviour = "answers"
    with started():
        coached = page.get_by_role("heading", name="What was said")
        await expect(coached).to_be_visible(timeout=60_000)
        await expect(page.get_by_role("heading", level=1, name="Across a restart")).to_be_visible()
