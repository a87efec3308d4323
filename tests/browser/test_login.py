"""Logging in with a token, as people do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import quote

import pytest
from playwright.async_api import expect

from tests.browser.conftest import Visit
from tests.service import running, settings_in

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

TOKEN = "a-token-of-a-good-length"


@pytest.fixture
async def guarded(data: Path, tmp_path: Path) -> AsyncIterator[str]:
    """The address of a service with a token."""
    assert data == tmp_path / "data"
    async with running(settings_in(tmp_path, coach_api_tokens=TOKEN)) as service:
        yield str(service.http.base_url)


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
async def test_a_token_opens_the_pages_and_no_script_can_read_the_session(
    scripts: bool, guarded: str, visit: Visit
) -> None:
    visitor = await visit(guarded, java_script_enabled=scripts)
    page = await visitor.open("/")
    await expect(page).to_have_url(f"{guarded}/login")
    await page.get_by_label("Your access token").fill(TOKEN)
    await page.get_by_role("button", name="Log in").click()
    await expect(page.get_by_role("heading", name="Calls")).to_be_visible()
    (cookie,) = await visitor.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Lax")
    assert TOKEN not in cookie["value"]
    assert not [one for one in visitor.asked if TOKEN in one]


async def test_a_wrong_token_is_told_and_can_be_tried_again(guarded: str, visit: Visit) -> None:
    visitor = await visit(guarded)
    visitor.expects("status of 401")
    page = await visitor.open("/login")
    token = page.get_by_label("Your access token")
    await token.fill("another-token-altogether")
    await token.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("none of the tokens")
    await token.fill(TOKEN)
    await token.press("Enter")
    await expect(page.get_by_role("heading", name="Calls")).to_be_visible()


@pytest.mark.parametrize("path", ["/add", "/calls/x"])
async def test_without_a_token_no_page_is_shown(path: str, guarded: str, visit: Visit) -> None:
    visitor = await visit(guarded)
    page = await visitor.open(path)
    await expect(page).to_have_url(f"{guarded}/login?next={quote(path, safe='')}")
