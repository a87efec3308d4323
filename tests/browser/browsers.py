"""The system's own browser. None is fetched."""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Browser, Playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")


def found() -> str | None:
    """Where it is; None where there is none."""
    return next(filter(None, map(shutil.which, NAMES)), None)


@asynccontextmanager
async def launched(playwright: Playwright, path: str) -> AsyncIterator[Browser]:
    # Chromium's sandbox does not start for root, as in a container. The pages are our own.
    args = ["--no-sandbox"] if os.geteuid() == 0 else []
    browser = await playwright.chromium.launch(executable_path=path, args=args)
    try:
        yield browser
    finally:
        await browser.close()
