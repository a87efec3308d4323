"""The whole service for a test: a real house, a real socket, an HTTP client in front of it."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import httpx

from backend.app import create_app
from backend.house import House, open_house
from backend.quotes import verify
from backend.report import CoachingReport
from backend.serving import listen, served
from backend.settings import Settings

CALL = """\
Mara Quint: We run your code in your own infrastructure, and a worker polls the work pool for flow runs.
Devon Achterberg: Okay. We're on Airflow today and honestly it works, so why change?
Mara Quint: You can put retries on a single task, so you don't rerun the whole thing.
Devon Achterberg: Does the free plan keep the history for long?
Mara Quint: Single sign-on is included in every plan, and on Hobby the history stays for thirty days.
Devon Achterberg: And what happens to a run when the machine under it disappears?
Mara Quint: Let me come back to that. Automations are only in Prefect Cloud.
"""
HINTS = {
    "title": "A first call",
    "participants": [
        {"name": "Mara Quint", "side": "internal", "role": "ae"},
        {"name": "Devon Achterberg", "side": "external"},
    ],
}


@dataclass(frozen=True)
class Service:
    house: House
    http: httpx.AsyncClient

    async def analyze(self, transcript: object = CALL, **options: object) -> CoachingReport:
        """The report on a call posted as JSON, verified word for word."""
        body = {"transcript": transcript, "call": HINTS, "options": options}
        answer = await self.http.post("/analyze", json=body)
        assert answer.status_code == 200, answer.text
        return checked(answer)


def checked(answer: httpx.Response) -> CoachingReport:
    report = CoachingReport.model_validate_json(answer.content)
    verify(report)
    return report


def settings_in(folder: Path, **settings: object) -> Settings:
    """Settings with nothing from the environment but what the test says."""
    given = {
        "prefect_mcp_enabled": False,
        "coach_data_dir": folder / "data",
        "coach_analyst": "rules",
        "coach_warm_per_minute": 0,
    }
    return Settings(_env_file=None, **(given | settings))  # type: ignore[arg-type] # by name


def break_store(settings: Settings) -> None:
    """From now on the store fails, also through connections that are open already."""
    with closing(sqlite3.connect(settings.coach_data_dir / "calls.db")) as database:
        for table in ("reports", "listed_calls", "drafts"):
            database.execute(f"DROP TABLE {table}")


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Service]:
    async with open_house(settings) as house:
        listener = listen("127.0.0.1", 0)
        async with (
            served(create_app(house), listener) as url,
            httpx.AsyncClient(base_url=url, timeout=30) as http,
        ):
            yield Service(house, http)
