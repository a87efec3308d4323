"""One call: its marks, the remarks beside them, and what others wrote into it."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.samples import HOSTILE_REP, SCRIPT, Sampled
from tests.browser.visitor import PHONE

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_mark_leads_to_its_remark_with_the_words_that_settle_it(
    scripts: bool, sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base, java_script_enabled=scripts)
    page = await visitor.open(f"/calls/{sampled.calls['first-call']}")
    mark = page.locator("a.mark.wrong").first
    card_id = (await mark.get_attribute("href") or "").removeprefix("#")
    await mark.click()
    inside = page.locator(f"[id='{card_id}']")
    await expect(inside).to_be_in_viewport()
    card = page.locator("details.card").filter(has=inside)
    await expect(card).to_have_attribute("open", "")
    await expect(card.locator("blockquote").first).to_be_visible()
    source = card.locator("figcaption").get_by_role("link").first
    assert (await source.get_attribute("href") or "").startswith("https://docs.prefect.io/")
    await expect(card.locator("time").first).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_what_a_call_holds_is_text_and_nothing_else(
    scripts: bool, sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base, PHONE, java_script_enabled=scripts)
    for path in (f"/calls/{sampled.calls['hostile']}", "/"):
        page = await visitor.open(path)
        assert await page.title() != "taken over"
        await expect(page.get_by_text(SCRIPT).first).to_be_visible()
        await expect(page.locator("img")).to_have_count(0)
        await expect(page.get_by_text(HOSTILE_REP).first).to_be_visible()


async def test_printed_the_transcript_stands_without_what_leads_elsewhere(
    sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base)
    page = await visitor.open(f"/calls/{sampled.calls['first-call']}")
    await page.emulate_media(media="print", color_scheme="dark")
    await expect(page.get_by_role("navigation", name="Site")).to_be_hidden()
    await expect(page.locator("a.mark").first).to_be_visible()
