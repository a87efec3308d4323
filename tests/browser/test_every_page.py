"""What holds of every page, in a real browser: on any screen, in any colours, without scripts."""

from __future__ import annotations

import re
from html import unescape
from pathlib import PurePath
from typing import Literal
from urllib.parse import urlsplit

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.browser.pages import EMPTY, PAGES, STATUS
from tests.browser.samples import Sampled
from tests.browser.visitor import PHONE, SCREENS

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@pytest.fixture(params=PAGES)
def path(request: pytest.FixtureRequest, sampled: Sampled) -> tuple[str, int]:
    name = request.param
    return PAGES[name](sampled), STATUS.get(name, 200)


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_people_who_do_not_see_a_page_can_use_it(
    colours: Literal["light", "dark"], path: tuple[str, int], sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base, color_scheme=colours, bypass_csp=True)
    await visitor.open(*path)
    await visitor.page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert [(flaw["id"], flaw["nodes"][:3]) for flaw in await visitor.flaws()] == []


@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize("name", EMPTY)
async def test_an_empty_page_has_no_flaw_and_says_what_to_do(
    colours: Literal["light", "dark"], name: str, empty: str, visit: Visit
) -> None:
    visitor = await visit(empty, PHONE, color_scheme=colours, bypass_csp=True)
    page = await visitor.open(EMPTY[name])
    assert await visitor.flaws() == []
    assert await visitor.overhang() == []
    await expect(
        page.get_by_role("main").get_by_role("link").or_(page.get_by_role("button")).first
    ).to_be_visible()


@pytest.mark.parametrize("screen", SCREENS)
async def test_a_page_fits_its_screen(
    screen: str, path: tuple[str, int], sampled: Sampled, visit: Visit
) -> None:
    visitor = await visit(sampled.base, SCREENS[screen])
    page = await visitor.open(*path)
    assert await visitor.overhang() == []
    await page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")
    assert await visitor.overhang() == []


async def test_a_page_is_whole_without_javascript(
    path: tuple[str, int], sampled: Sampled, visit: Visit
) -> None:
    plain = await (await visit(sampled.base, java_script_enabled=False)).open(*path)
    scripted = await (await visit(sampled.base)).open(*path)
    await expect(plain.get_by_role("heading", level=1)).to_be_visible()
    headings = await scripted.get_by_role("heading").all_inner_texts()
    assert await plain.get_by_role("heading").all_inner_texts() == headings
    for form in await plain.locator("form:visible").all():
        await expect(form.get_by_role("button").first).to_be_visible()


async def test_what_can_be_pressed_is_seen_where_the_reader_chooses_the_colours(
    path: tuple[str, int], sampled: Sampled, visit: Visit
) -> None:
    page = await (await visit(sampled.base, forced_colors="active")).open(*path)
    unseen = await page.evaluate(WITHOUT_EDGE_OR_LINE)
    assert unseen == []


WITHOUT_EDGE_OR_LINE = """() => [...document.querySelectorAll('button, input, select, textarea, a.mark')]
  .filter(one => one.checkVisibility() && !['checkbox', 'radio', 'hidden'].includes(one.type))
  .filter(one => {
    const style = getComputedStyle(one)
    return !parseFloat(style.borderTopWidth) && style.textDecorationLine !== 'underline'
  })
  .map(one => one.outerHTML.slice(0, 120))"""


async def test_the_dark_page_is_dark(path: tuple[str, int], sampled: Sampled, visit: Visit) -> None:
    shades = {}
    for colours in ("light", "dark"):
        page = await (await visit(sampled.base, color_scheme=colours)).open(*path)
        shade = await page.evaluate("getComputedStyle(document.body).backgroundColor")
        shades[colours] = sum(map(int, re.findall(r"\d+", shade)[:3])) / 3
    assert shades["dark"] < 60
    assert shades["light"] > 200


async def test_the_keyboard_skips_to_the_content_first(
    path: tuple[str, int], sampled: Sampled, visit: Visit
) -> None:
    page = await (await visit(sampled.base)).open(*path)
    await page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    await expect(skip).to_be_focused()
    await expect(skip).to_be_in_viewport()
    await page.keyboard.press("Enter")
    await expect(page).to_have_url(re.compile("#main$"))


async def test_every_link_leads_to_a_page_that_is_in_this_list(sampled: Sampled, visit: Visit) -> None:
    """So that no page is left out of the tests above: from the first page on, by every link to ourselves."""
    visitor = await visit(sampled.base)
    shapes = {_shape(PAGES[name](sampled)) for name in PAGES}
    seen, left = set[str](), ["/"]
    while left:
        path = left.pop()
        if (shape := _shape(path)) in seen:
            continue
        seen.add(shape)
        answer = await visitor.context.request.get(visitor.base + path)
        assert answer.ok, (path, answer.status)
        if "text/html" not in answer.headers["content-type"]:
            continue
        assert shape in shapes, f"{path} is a page that no test here opens"
        left += map(unescape, re.findall(r'<a [^>]*href="(/[^"#]*)', await answer.text()))


def _shape(path: str) -> str:
    """One for all pages of a template: `/calls/x` is `/calls/*`, and `/calls/x.json` is `/calls/*.json`."""
    first, *others = urlsplit(path).path.strip("/").split("/")
    return "/".join([first, *("*" + PurePath(part).suffix for part in others)])
