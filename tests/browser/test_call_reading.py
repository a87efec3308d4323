"""Reading one call: what is told to those who listen, what stays away while typing, and what paper gets."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.samples import Sampled
from tests.browser.visitor import DESKTOP, PHONE, Screen

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_a_step_by_key_is_told_to_a_screen_reader_and_has_the_focus(
    sampled: Sampled, visit: Visit
) -> None:
    page = await (await visit(sampled.base)).open(f"/calls/{sampled.calls['first-call']}")
    marks = await page.locator(".mark[id]").count()
    await page.keyboard.press("j")
    await expect(page.get_by_role("status")).to_contain_text(f"Moment 1 of {marks}.")
    await expect(page.locator(".mark[id]").first).to_be_focused()
    outline = await page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    await page.keyboard.press("k")
    await expect(page.get_by_role("status")).to_have_text("That was the first moment.")


async def test_a_step_opens_a_folded_remark_and_the_next_one_folds_it_again(
    sampled: Sampled, visit: Visit
) -> None:
    page = await (await visit(sampled.base)).open(f"/calls/{sampled.calls['first-call']}")
    mark = page.locator(".mark[id]:not(.due)").nth(1)  # the first has none before it to step back to
    card = page.locator("details.card:not(.due)").nth(1)
    await expect(card).not_to_have_attribute("open", "")
    await mark.focus()
    await page.keyboard.press("k")
    await page.keyboard.press("j")
    await expect(card).to_have_attribute("open", "")
    await page.keyboard.press("j")
    await expect(card).not_to_have_attribute("open", "")


async def test_keys_do_nothing_while_somebody_types(sampled: Sampled, visit: Visit) -> None:
    page = await (await visit(sampled.base)).open(f"/calls/{sampled.calls['first-call']}")
    await page.locator(".letter > summary").click()
    note = page.locator("#body")
    await note.focus()
    for key in ("j", "?"):
        await page.keyboard.press(key)
    await expect(note).to_be_focused()
    await expect(page.get_by_role("dialog")).to_be_hidden()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_what_needs_no_attention_can_be_put_away_and_is_still_reached_by_its_link(
    scripts: bool, sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base, java_script_enabled=scripts)
    page = await visitor.open(f"/calls/{sampled.calls['first-call']}")
    calm = page.locator("details.card:not(.due)")
    await expect(calm.first).to_be_visible()
    await page.get_by_label("Only what needs attention").check()
    await expect(calm.first).to_be_hidden()
    await expect(page.locator("details.card.due").first).to_be_visible()
    await page.locator(".mark[id]:not(.due)").first.click()
    await expect(calm.first).to_be_visible()


@pytest.mark.parametrize(("screen", "beside"), [(DESKTOP, True), (PHONE, False)], ids=["desktop", "phone"])
async def test_a_remark_stands_beside_its_line_and_on_a_phone_below_it(
    screen: Screen, beside: bool, sampled: Sampled, visit: Visit
) -> None:
    page = await (await visit(sampled.base, screen)).open(f"/calls/{sampled.calls['first-call']}")
    turn = page.locator(".turns > li").filter(has=page.locator(".mark.wrong, .mark.warn")).first
    words, card = await turn.locator("> p").bounding_box(), await turn.locator(".card").first.bounding_box()
    assert words
    assert card
    assert (card["x"] >= words["x"] + words["width"]) == beside
    assert (card["y"] >= words["y"] + words["height"]) == (not beside)


async def test_on_paper_every_remark_is_open_also_without_scripts(sampled: Sampled, visit: Visit) -> None:
    visitor = await visit(sampled.base, java_script_enabled=False)
    page = await visitor.open(f"/calls/{sampled.calls['first-call']}")
    folded = page.locator("details.card:not([open]) blockquote").first
    await expect(folded).to_be_hidden()
    await page.emulate_media(media="print")
    await expect(folded).to_be_visible()
    await expect(page.locator(".exports")).to_be_hidden()


async def test_on_paper_links_are_written_out(sampled: Sampled, visit: Visit) -> None:
    page = await (await visit(sampled.base)).open(f"/calls/{sampled.calls['first-call']}")
    await page.emulate_media(media="print")
    link = page.locator("figcaption > a").first
    written = await link.evaluate("one => getComputedStyle(one, '::after').content")
    assert await link.get_attribute("href") in written
