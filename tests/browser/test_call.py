"""One call: its marks, the remarks beside them, and what others wrote into it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.samples import HOSTILE_REP, SCRIPT, Sampled
from tests.browser.visitor import PHONE

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


async def here(page: Page) -> str:
    """The id of the moment whose mark has the focus."""
    moment: str = await page.evaluate("document.activeElement.id.replace(/^in-/, '')")
    return moment


@BOTH
async def test_a_mark_leads_to_its_remark_with_the_words_that_settle_it(
    scripts: bool, sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base, java_script_enabled=scripts)
    page = await visitor.open(f"/calls/{sampled.calls['first-call']}")
    await page.locator(f"[id='in-{sampled.claim}']").click()
    inside = page.locator(f"[id='{sampled.claim}']")
    await expect(inside).to_be_in_viewport()
    card = page.locator("details").filter(has=inside).last
    await expect(card).to_have_attribute("open", "")
    await expect(card.get_by_text("Say instead")).to_be_visible()
    await expect(card.locator("blockquote, q").first).to_be_visible()
    source = card.locator("figcaption, .sources").get_by_role("link").first
    assert (await source.get_attribute("href") or "").startswith("https://docs.prefect.io/")
    await expect(card.get_by_text("Read").first).to_be_visible()


@BOTH
async def test_a_link_to_a_moment_opens_its_remark(scripts: bool, sampled: Sampled, visit: Visit) -> None:
    visitor = await visit(sampled.base, java_script_enabled=scripts)
    page = await visitor.open(f"/calls/{sampled.calls['first-call']}#{sampled.claim}")
    await expect(page.locator(f"[id='{sampled.claim}']")).to_be_in_viewport()


async def test_a_link_to_a_second_leads_to_who_spoke_then(sampled: Sampled, visit: Visit) -> None:
    visitor = await visit(sampled.base)
    page = await visitor.open(f"/calls/{sampled.calls['first-call']}#t=87")
    spoken = page.locator(".turns > li.here")
    await expect(spoken).to_be_in_viewport()
    await expect(spoken.locator("> a.at")).to_have_text("1:27")
    await page.evaluate("location.hash = 't=0:13'")
    await expect(spoken.locator("> a.at")).to_have_text("0:13")


async def test_keys_lead_from_moment_to_moment_and_can_be_switched_off(
    sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base)
    page = await visitor.open(f"/calls/{sampled.calls['first-call']}")
    await page.keyboard.press("j")
    first = await here(page)
    await page.keyboard.press("j")
    second = await here(page)
    assert first != second
    await expect(page.locator(f"[id='in-{second}']")).to_be_in_viewport()
    assert page.url.endswith(f"#{second}")
    await page.keyboard.press("k")
    assert await here(page) == first
    await page.keyboard.press("?")
    await page.get_by_label("Use these keys").uncheck()
    await page.get_by_role("button", name="Close").click()
    await page.keyboard.press("j")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    assert await here(page) != second


@BOTH
async def test_what_a_call_holds_is_text_and_nothing_else(
    scripts: bool, sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base, PHONE, java_script_enabled=scripts)
    for path in (f"/calls/{sampled.calls['hostile']}", "/", "/disputes"):
        page = await visitor.open(path)
        assert await page.title() != "taken over"
        await expect(page.get_by_text(SCRIPT).filter(visible=True).first).to_be_visible()
        await expect(page.locator("img")).to_have_count(0)
        await expect(page.get_by_text(HOSTILE_REP).filter(visible=True).first).to_be_visible()


async def test_printed_the_transcript_stands_without_what_leads_elsewhere(
    sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base)
    page = await visitor.open(f"/calls/{sampled.calls['first-call']}")
    await page.emulate_media(media="print", color_scheme="dark")
    await expect(page.get_by_role("navigation", name="Site")).to_be_hidden()
    await expect(page.locator("a.mark").first).to_be_visible()
    assert await page.evaluate("getComputedStyle(document.body).color") != "rgb(230, 229, 226)"


async def test_the_report_can_be_taken_along_as_a_file(
    sampled: Sampled, visit: Visit, tmp_path: Path
) -> None:
    visitor = await visit(sampled.base)
    page = await visitor.open(f"/calls/{sampled.calls['first-call']}")
    links = page.locator("header.call, .call").get_by_role("link")
    taken = {}
    for name in ("JSON", "CSV", "Markdown"):
        href = await links.filter(has_text=name).first.get_attribute("href")
        answer = await visitor.context.request.get(f"{visitor.base}{href}")
        assert answer.ok
        taken[name] = await answer.text()
    report = json.loads(taken["JSON"])
    claims = list(csv.DictReader(taken["CSV"].splitlines()))
    assert len(claims) == len(report["claims"]) > 0
    assert report["call"]["title"] in taken["Markdown"]


async def test_the_note_to_the_customer_is_copied(sampled: Sampled, visit: Visit) -> None:
    visitor = await visit(sampled.base)
    await visitor.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = await visitor.open(f"/calls/{sampled.calls['first-call']}")
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    note = page.locator("textarea[readonly]").first
    button = page.locator(f"[data-copy='{await note.get_attribute('id')}']")
    await button.click()
    await expect(button).to_have_text("Copied")
    assert await page.evaluate("navigator.clipboard.readText()") == await note.input_value()
