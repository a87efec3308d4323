"""Adding a call, by each way there is."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from backend.settings import PACKAGE
from tests.browser.conftest import Visit
from tests.service import CALL, Service

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

FILE = PACKAGE / "samples" / "first-call.vtt"


async def coached(page: Page, heading: str) -> None:
    """The page of the call that was added."""
    await expect(page.get_by_role("heading", level=1, name=heading)).to_be_visible()
    await expect(page.get_by_role("heading", name="What was said")).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_file_is_coached(scripts: bool, own: Service, visit: Visit) -> None:
    visitor = await visit(str(own.http.base_url), java_script_enabled=scripts)
    page = await visitor.open("/add")
    await page.get_by_label("A file").set_input_files(FILE)
    await page.get_by_label("Title").fill("By file")
    await page.get_by_role("button", name="Coach this call").click()
    await coached(page, "By file")


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_pasted_words_are_coached(scripts: bool, own: Service, visit: Visit) -> None:
    visitor = await visit(str(own.http.base_url), java_script_enabled=scripts)
    page = await visitor.open("/add")
    await page.get_by_label("Or paste it").fill(CALL)
    await page.get_by_label("Who is on our side?").fill("Mara Quint")
    await page.get_by_role("button", name="Coach this call").click()
    await coached(page, "Mara Quint")


async def test_what_is_no_transcript_is_told_and_what_was_typed_stays(own: Service, visit: Visit) -> None:
    visitor = await visit(str(own.http.base_url))
    visitor.expects("status of 415")
    page = await visitor.open("/add")
    await page.get_by_label("Title").fill("A picture")
    await page.get_by_label("A file").set_input_files(
        {"name": "call.png", "mimeType": "image/png", "buffer": b"\x89PNG\r\n\x1a\n" + bytes(100)}
    )
    await page.get_by_role("button", name="Coach this call").click()
    await expect(page.get_by_role("alert")).to_contain_text("PNG image")
    await expect(page.get_by_label("Title")).to_have_value("A picture")
