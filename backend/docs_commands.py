"""`call-coach docs`: Prefect's documentation on this machine."""

from __future__ import annotations

import asyncio
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from backend.logs import set_up_logs
from backend.settings import Settings, load_settings

group = typer.Typer(help="Prefect's documentation on this machine.", no_args_is_help=True)


@group.command("serve")
def docs_serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8765,
) -> None:
    """Serve the local documentation over MCP, with the tools of Prefect's public docs server.

    Point prefect-mcp at it with PREFECT_DOCS_MCP_URL=http://127.0.0.1:8765/mcp.
    """
    from backend.serving import serve_docs

    asyncio.run(serve_docs(_settings(), host, port))


@group.command("sync")
def docs_sync(
    source: Annotated[Path, typer.Option("--from", help="A checkout of Prefect's documentation (MDX).")],
) -> None:
    """Index Prefect's documentation on this machine, so that evidence is in its own words offline."""
    from rich.progress import Progress

    from backend.services.docs_sync import sync

    settings = _settings()
    with Progress(transient=True) as progress:
        task = progress.add_task("Reading pages")
        result = sync(
            source,
            settings.coach_data_dir,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    typer.echo(f"{result.pages} pages in {result.sections} sections, from {source}.")


@group.command("search")
def docs_search(
    words: Annotated[list[str], typer.Argument(help="What was said, in the speaker's own words.")],
    k: Annotated[int, typer.Option("-k", help="How many passages.", min=1, max=50)] = 5,
) -> None:
    """Find the passages closest to words as spoken. Nothing leaves this machine."""
    from backend.services.docs_snapshot import Snapshot

    settings = _settings()
    with closing(Snapshot.open(settings.coach_data_dir, settings.coach_knowledge_dir)) as snapshot:
        for passage in snapshot.search(" ".join(words), k):
            typer.secho(passage.title, bold=True, nl=False)
            typer.echo(f"  {passage.url or ''}\n  read {passage.read_at:%Y-%m-%d}, {passage.origin}")
            typer.echo(f"  {' '.join(passage.text.split())[:400]}\n")


@group.command("status")
def docs_status() -> None:
    """What is known on this machine, and how old it is."""
    from backend.services.docs_snapshot import Snapshot

    settings = _settings()
    with closing(Snapshot.open(settings.coach_data_dir, settings.coach_knowledge_dir)) as snapshot:
        for name, value in snapshot.status().model_dump(mode="json").items():
            typer.echo(f"{name:<14} {value if value is not None else '-'}")


def _settings() -> Settings:
    settings = load_settings()
    set_up_logs("warning" if settings.coach_log_level == "info" else settings.coach_log_level)
    return settings
