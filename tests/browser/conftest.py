"""One browser for all tests here, a fresh context for each, and a service with calls in it."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Literal, Protocol, TypedDict, Unpack

import pytest
from playwright.async_api import Browser, async_playwright

from tests.browser.browsers import found, launched
from tests.browser.samples import Sampled, coach_samples
from tests.browser.visitor import DESKTOP, Screen, Visitor
from tests.service import Service, running, settings_in

PATIENCE_MS = 10_000


class Wishes(TypedDict, total=False):
    """What a visitor's browser is told, by Playwright's own names."""

    bypass_csp: bool
    color_scheme: Literal["light", "dark"]
    forced_colors: Literal["active", "none"]
    java_script_enabled: bool


class Visit(Protocol):
    async def __call__(self, base: str, screen: Screen = DESKTOP, **wishes: Unpack[Wishes]) -> Visitor: ...


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = found()
    if path is None:
        pytest.skip("no browser is here, so no page was tried in one: apt-get install chromium")
    async with async_playwright() as playwright, launched(playwright, path) as browser:
        yield browser


@pytest.fixture
async def visit(browser: Browser) -> AsyncIterator[Visit]:
    """`await visit(address)` is a visitor; by the end of the test none of them may have a complaint."""
    visitors: list[Visitor] = []
    async with AsyncExitStack() as stack:

        async def visit(base: str, screen: Screen = DESKTOP, **wishes: Unpack[Wishes]) -> Visitor:
            context = await browser.new_context(
                viewport=screen.size, device_scale_factor=screen.scale, **wishes
            )
            stack.push_async_callback(context.close)
            context.set_default_timeout(PATIENCE_MS)
            visitor = Visitor(base, context, await context.new_page())
            visitor.listen()
            visitors.append(visitor)
            return visitor

        yield visit
    assert [one.complaints() for one in visitors] == [[] for _ in visitors]


@pytest.fixture(scope="session")
async def sampled(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sampled]:
    """A service with calls in it, for tests that change nothing."""
    folder = tmp_path_factory.mktemp("sampled")
    shutil.copytree(indexed, folder / "data")
    async with running(settings_in(folder)) as service:
        yield await coach_samples(service.http)


@pytest.fixture(scope="session")
async def empty(indexed: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[str]:
    """The address of a service that has seen no call yet, for tests that add none."""
    folder = tmp_path_factory.mktemp("empty")
    shutil.copytree(indexed, folder / "data")
    async with running(settings_in(folder)) as service:
        yield str(service.http.base_url)


@pytest.fixture
async def own(data: Path, tmp_path: Path) -> AsyncIterator[Service]:
    """A service of the test's own, to do with as it likes."""
    assert data == tmp_path / "data"
    async with running(settings_in(tmp_path)) as service:
        yield service
