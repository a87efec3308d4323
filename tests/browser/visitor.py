"""Somebody with a browser: a context of their own, in which everything that goes wrong is noted."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from importlib.resources import files
from typing import NamedTuple, TypedDict
from urllib.parse import urlsplit

from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response, ViewportSize

OWN_SCHEMES = {"data", "blob", "about"}
"""Addresses that ask no host."""


class Screen(NamedTuple):
    """What a page is shown on, in CSS pixels; `scale` is how many of the screen's make one of these."""

    width: int
    height: int
    scale: float = 1

    @property
    def size(self) -> ViewportSize:
        return {"width": self.width, "height": self.height}


PHONE = Screen(390, 844, 3)
DESKTOP = Screen(1280, 800)
ZOOMED = Screen(640, 400, 2)
"""The desktop's screen at 200 %."""
SCREENS = {"phone": PHONE, "desktop": DESKTOP, "zoomed": ZOOMED}


class Flaw(TypedDict):
    """A rule of axe-core's that a page breaks."""

    id: str
    impact: str
    help: str
    nodes: list[dict[str, object]]


@dataclass
class Visitor:
    """`base` is the service's address. What is noted is told by `complaints`; what a test means to happen
    it `expects` first."""

    base: str
    context: BrowserContext
    page: Page
    asked: list[str] = field(default_factory=list)
    _noted: list[str] = field(default_factory=list)
    _expected: list[re.Pattern[str]] = field(default_factory=list)

    def listen(self) -> None:
        """Note all requests, the console, and scripts that fail, of this context's pages."""
        self.context.on("request", self._request)
        self.context.on("console", self._console)
        self.context.on("weberror", lambda error: self._noted.append(f"a script failed: {error.error}"))

    def expects(self, pattern: str) -> None:
        """What matches this is no complaint."""
        self._expected.append(re.compile(pattern))

    def complaints(self) -> list[str]:
        """What went wrong: requests to other hosts, warnings and errors of the console, failed scripts."""
        return [one for one in self._noted if not any(each.search(one) for each in self._expected)]

    async def open(self, path: str, status: int = 200) -> Page:
        """The page at this path, loaded."""
        if status >= 400:
            self.expects(f"status of {status}")
        answer = await self.page.goto(self.base + path)
        assert isinstance(answer, Response), path
        assert answer.status == status, (path, answer.status)
        return self.page

    async def flaws(self) -> list[Flaw]:
        """The serious and critical flaws that axe-core finds on the page that is open. Its script goes in
        past the page's policy, so the context must have `bypass_csp`."""
        await self.page.evaluate((files("axe_playwright_python") / "axe.min.js").read_text())
        found: list[Flaw] = await self.page.evaluate(
            "async () => (await axe.run({resultTypes: ['violations']})).violations"
        )
        return [one for one in found if one["impact"] in {"serious", "critical"}]

    async def overhang(self) -> list[str]:
        """What makes the page wider than its screen; [] where nothing does."""
        found: list[str] = await self.page.evaluate(OVERHANG)
        return found

    def _request(self, request: Request) -> None:
        self.asked.append(request.url)
        to = urlsplit(request.url)
        if to.scheme not in OWN_SCHEMES and to.netloc != urlsplit(self.base).netloc:
            self._noted.append(f"another host was asked: {request.url}")

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self._noted.append(f"{message.type}: {message.text} ({message.location.get('url', '')})")


OVERHANG = """() => {
  const root = document.documentElement, wide = root.clientWidth
  if (root.scrollWidth <= wide) return []
  const all = [...document.body.querySelectorAll('*')]
  const out = all.filter(one => one.getBoundingClientRect().right > wide + 1)
  return [`${root.scrollWidth} of ${wide} px`, ...out.map(one => one.outerHTML.slice(0, 150))].slice(0, 6)
}"""
