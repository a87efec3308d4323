"""`make shots`: pictures of every page with sample data, on a phone and a desktop, light and dark.

python -m tests.browser.shots [FOLDER]
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path
from typing import Literal

from playwright.async_api import async_playwright

from backend.logs import set_up_logs
from tests.browser.browsers import found, launched
from tests.browser.pages import EMPTY, PAGES
from tests.browser.samples import coach_samples
from tests.browser.visitor import DESKTOP, PHONE, Screen
from tests.service import running, settings_in

FOLDER = Path("/tmp/call-coach-shots")
COLOURS: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SCREENS = {"desktop": DESKTOP, "phone": Screen(PHONE.width, PHONE.height)}
ALL_LAID_OUT = "* { content-visibility: visible !important; }"
"""What is far below the screen is else laid out only when it is scrolled to."""


async def take_shots(folder: Path) -> None:
    """A picture of each page in `folder`, named by page, screen and colours, and `-empty` without calls."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        async with running(settings_in(Path(data))) as service:
            await _shoot(
                str(service.http.base_url), {f"{name}-empty": path for name, path in EMPTY.items()}, folder
            )
            sampled = await coach_samples(service.http, many=True)
            await _shoot(sampled.base, {name: path(sampled) for name, path in PAGES.items()}, folder)


async def _shoot(base: str, paths: dict[str, str], folder: Path) -> None:
    async with async_playwright() as playwright, launched(playwright, found() or "chromium") as browser:
        for screen, shown_on in SCREENS.items():
            for colours in COLOURS:
                context = await browser.new_context(
                    viewport=shown_on.size, color_scheme=colours, bypass_csp=True
                )
                page = await context.new_page()
                for name, path in paths.items():
                    await page.goto(base + path)
                    await page.add_style_tag(content=ALL_LAID_OUT)
                    await page.screenshot(path=folder / f"{name}-{screen}-{colours}.png", full_page=True)
                await context.close()


if __name__ == "__main__":
    set_up_logs("warning")
    asyncio.run(take_shots(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER))
