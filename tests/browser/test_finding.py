"""Finding calls: narrowed by a form, searched, and reached from the pages that count them."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import Visit
from tests.browser.samples import Sampled

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

BOTH = pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])


async def titles(page: Page) -> list[str]:
    return await page.locator("ul.calls h2").all_inner_texts()


@BOTH
async def test_calls_are_narrowed_by_rep_and_verdict_and_widened_again(
    scripts: bool, sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base, java_script_enabled=scripts)
    page = await visitor.open("/")
    everyone = await titles(page)
    assert len(everyone) == len(sampled.calls)
    await page.get_by_label("Rep").select_option(sampled.rep)
    await page.get_by_role("button", name="Find calls").click()
    await expect(page.locator("ul.calls > li")).to_have_count(1)
    assert await titles(page) == ["Fenwick Mutual: first call"]
    await page.get_by_label("Verdict").select_option("contradicted")
    await page.get_by_role("button", name="Find calls").click()
    await expect(page).to_have_url(re.compile("verdict=contradicted"))
    await expect(page.locator("ul.calls > li")).to_have_count(1)
    await page.get_by_role("link", name="Show all calls").click()
    await expect(page.locator("ul.calls > li")).to_have_count(len(everyone))


@BOTH
async def test_words_that_were_said_lead_to_where_they_were_said(
    scripts: bool, sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base, java_script_enabled=scripts)
    page = await visitor.open("/")
    words = page.get_by_role("searchbox")
    await words.fill("two hundred DAGs")
    await words.press("Enter")
    await expect(page.locator("ul.calls > li")).to_have_count(1)
    snippet = page.locator("ul.calls mark").first
    await expect(snippet).to_be_visible()
    await snippet.click()
    await expect(page.get_by_role("heading", level=1, name="Fenwick Mutual: first call")).to_be_visible()
    await expect(page.get_by_text("about two hundred DAGs").filter(visible=True).first).to_be_in_viewport()


async def test_words_that_nobody_said_find_nothing_and_say_so(sampled: Sampled, visit: Visit) -> None:
    visitor = await visit(sampled.base)
    page = await visitor.open("/calls?q=nobodysaidthis")
    await expect(page.locator("ul.calls > li")).to_have_count(0)
    await expect(page.get_by_role("main").get_by_role("link").first).to_be_visible()


@BOTH
async def test_a_manager_is_two_clicks_from_a_rep_and_from_what_was_said_wrongly(
    scripts: bool, sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base, java_script_enabled=scripts)
    page = await visitor.open("/team")
    await page.get_by_role("main").get_by_role("link", name=sampled.rep).first.click()
    await expect(page.get_by_role("heading", level=1)).to_contain_text(sampled.rep)
    await visitor.open("/team")
    mistake = page.locator("li.mistake").filter(has_text="Automations are only in Prefect Cloud").first
    await mistake.locator("summary").click()
    await mistake.locator(f"a[href^='/calls/{sampled.calls['first-call']}#']").press("Enter")
    await expect(page.get_by_role("heading", level=1, name="Fenwick Mutual: first call")).to_be_visible()


async def test_what_the_team_page_counts_is_what_the_list_then_shows(sampled: Sampled, visit: Visit) -> None:
    visitor = await visit(sampled.base)
    page = await visitor.open("/team")
    row = page.locator("table.lines tr", has=page.get_by_role("link", name="Dagster", exact=True))
    counted = int(await row.locator("td").last.inner_text())
    await row.get_by_role("link").click()
    await expect(page.locator("ul.calls > li")).to_have_count(counted)
    narrowed = page.get_by_role("list", name="Narrowed to")
    await expect(narrowed.get_by_role("link")).not_to_have_count(1)


async def test_every_chart_has_a_name_and_its_numbers_in_a_table(sampled: Sampled, visit: Visit) -> None:
    visitor = await visit(sampled.base)
    for path in ("/team", f"/reps/{sampled.rep}"):
        page = await visitor.open(path)
        charts = page.locator("main svg[role=img]:visible")
        assert await charts.count() > 0, path
        unnamed = await charts.evaluate_all(
            "all => all.filter(one => !one.querySelector('title')?.textContent && !one.ariaLabel)"
            ".map(one => one.outerHTML.slice(0, 100))"
        )
        assert unnamed == [], path
        assert await page.locator("main table").count() > 0, path
