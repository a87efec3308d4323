"""`call-coach demo`: the whole chain on two sample calls, with no key and no network."""

from __future__ import annotations

import asyncio
import socket
from contextlib import AsyncExitStack, closing, suppress
from typing import NamedTuple

import httpx
import typer
from pydantic import AnyHttpUrl

from backend.app import create_app
from backend.errors import UnusableSetting
from backend.formats import CallHints, HintedParticipant
from backend.house import House, open_house
from backend.report import CoachingReport
from backend.routes.analyze import AnalyzeOptions, Asked, analyse
from backend.services.docs_server import create_docs_server
from backend.services.docs_snapshot import Snapshot
from backend.serving import listen, served
from backend.settings import PACKAGE, PUBLIC_DOCS_MCP_URL, Settings
from backend.transcript import Role

REACH_S = 3


class Sample(NamedTuple):
    file: str
    title: str
    ours: str
    role: Role
    theirs: tuple[str, ...]


SAMPLES = (
    Sample(
        "renewal.vtt",
        "Oostzee Cargo: before the renewal",
        "Jonas Weld",
        "csm",
        ("Priyanka Doshi", "Ruben Faal"),
    ),
    Sample(
        "first-call.vtt",
        "Fenwick Mutual: first call",
        "Mara Quint",
        "ae",
        ("Lena Osterman", "Devon Achterberg"),
    ),
)


async def run_demo(settings: Settings, *, once: bool) -> None:
    """Serve, analyse the samples, say where to look, and stay up until a signal (or not, if `once`)."""
    settings = settings.model_copy(update={"coach_data_dir": settings.coach_data_dir / "demo"})
    async with AsyncExitStack() as stack:
        if (
            settings.prefect_mcp_enabled
            and settings.prefect_docs_mcp_url is None
            and not await _public_docs()
        ):
            snapshot = await asyncio.to_thread(
                Snapshot.open, settings.coach_data_dir, settings.coach_knowledge_dir
            )
            stack.enter_context(closing(snapshot))
            listener = stack.enter_context(listen("127.0.0.1", 0))
            url = await stack.enter_async_context(served(create_docs_server(snapshot), listener))
            settings = settings.model_copy(update={"prefect_docs_mcp_url": AnyHttpUrl(f"{url}/mcp")})
            typer.echo(f"Prefect's docs server is out of reach; prefect-mcp asks our own at {url}/mcp.")
        house = await stack.enter_async_context(open_house(settings))
        listener = stack.enter_context(_listen_near(settings.coach_host, settings.coach_port))
        url = await stack.enter_async_context(served(create_app(house), listener))
        for sample in SAMPLES:
            _tell(await _coach(house, sample), url)
        typer.echo(f"\nAll calls: {url}/")
        if not once:
            typer.echo("Press Ctrl-C to stop.")
            await asyncio.Event().wait()


async def _coach(house: House, sample: Sample) -> CoachingReport:
    data = await asyncio.to_thread((PACKAGE / "samples" / sample.file).read_bytes)
    people = [
        HintedParticipant(name=sample.ours, side="internal", role=sample.role),
        *(HintedParticipant(name=name, side="external") for name in sample.theirs),
    ]
    hints = CallHints(title=sample.title, participants=people)
    # Analysed anew each time: the demo shows the chain at work, not the store.
    asked = Asked(data=data, filename=sample.file, hints=hints, options=AnalyzeOptions(force=True))
    report, _ = await analyse(house, asked)
    return report


def _tell(report: CoachingReport, url: str) -> None:
    typer.secho(f"\n{report.call.title}", bold=True)
    typer.echo(
        f"  {len(report.claims)} claims, {len(report.wrong_claims())} of them wrong; {url}/calls/{report.id}"
    )
    typer.echo(f"  knowledge: {report.knowledge.status}, {report.knowledge.look_ups} look-ups")
    for source in report.knowledge.sources:
        typer.echo(f"    {source}")
    for warning in report.warnings:
        typer.echo(f"  note: {warning}")


async def _public_docs() -> bool:
    """Whether Prefect's public docs server can be reached at all."""
    try:
        async with httpx.AsyncClient(timeout=REACH_S) as client:
            await client.head(PUBLIC_DOCS_MCP_URL)
    except httpx.HTTPError:
        return False
    return True


def _listen_near(host: str, port: int) -> socket.socket:
    """A listener on this port, or on the next free one of the ten after it."""
    for candidate in range(port, port + 10):
        with suppress(UnusableSetting):
            return listen(host, candidate)
    return listen(host, port + 10)
