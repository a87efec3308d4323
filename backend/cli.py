"""The command line: serve, analyze, docs, prefect, demo."""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from backend.errors import CoachError
from backend.logs import set_up_logs
from backend.prefect_commands import group as prefect
from backend.settings import Settings, load_settings

app = typer.Typer(
    help="Coaching for calls about Prefect, in which every line can be traced.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
docs = typer.Typer(help="Prefect's documentation on this machine.", no_args_is_help=True)
app.add_typer(docs, name="docs")
app.add_typer(prefect, name="prefect")

# The modules behind a command are imported by the command: `call-coach --help` needs none of them.


def main() -> None:
    """Run the command line; an error of ours is one sentence and exit status 2."""
    try:
        app()
    except CoachError as error:
        typer.echo(f"call-coach: {error}", err=True)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)


@app.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on (COACH_HOST).")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on (COACH_PORT).")] = None,
) -> None:
    """Start the service: POST /analyze and the pages."""
    from backend.serving import serve_app

    settings = _settings(coach_host=host, coach_port=port)
    settings.check_bind(settings.coach_host)
    asyncio.run(serve_app(settings))


@app.command()
def analyze(
    files: Annotated[
        list[Path], typer.Argument(help="Transcripts in any known format; - reads standard input.")
    ],
    rep: Annotated[str | None, typer.Option(help="Name or e-mail of our person on the call.")] = None,
    title: Annotated[str | None, typer.Option(help="Title of the call.")] = None,
    file_format: Annotated[
        str, typer.Option("--format", help="Transcript format, where it is not to be recognised.")
    ] = "auto",
    analyst: Annotated[str, typer.Option(help="auto, claude or rules.")] = "auto",
    enrich: Annotated[bool, typer.Option(help="Check against product knowledge.")] = True,
    force: Annotated[bool, typer.Option(help="Analyse anew what is stored already.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON, one a line.")] = False,
) -> None:
    """Coach calls from transcript files and print a table. Exit status 1 if a file could not be read."""
    from backend.batch import analyze_files, wishes

    wished = wishes(rep=rep, title=title, format=file_format, analyst=analyst, enrich=enrich, force=force)
    if not asyncio.run(analyze_files(_settings(quiet=True), files, wished, as_json=json)):
        raise typer.Exit(1)


@app.command()
def demo(
    port: Annotated[int | None, typer.Option(help="Port to listen on; the next free one if taken.")] = None,
    once: Annotated[bool, typer.Option(help="Stop after the sample calls are analysed.")] = False,
) -> None:
    """Analyse two sample calls and show them on a page; needs no key and no network."""
    from backend.demo import run_demo

    asyncio.run(run_demo(_settings(coach_port=port, quiet=True), once=once))


@docs.command("serve")
def docs_serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on.")] = 8765,
) -> None:
    """Serve the local documentation over MCP, with the tools of Prefect's public docs server.

    Point prefect-mcp at it with PREFECT_DOCS_MCP_URL=http://127.0.0.1:8765/mcp.
    """
    from backend.serving import serve_docs

    asyncio.run(serve_docs(_settings(), host, port))


@docs.command("sync")
def docs_sync(
    source: Annotated[Path, typer.Option("--from", help="A checkout of Prefect's documentation (MDX).")],
) -> None:
    """Index Prefect's documentation on this machine, so that evidence is in its own words offline."""
    from rich.progress import Progress

    from backend.services.docs_sync import sync

    settings = _settings(quiet=True)
    with Progress(transient=True) as progress:
        task = progress.add_task("Reading pages")
        result = sync(
            source,
            settings.coach_data_dir,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    typer.echo(f"{result.pages} pages in {result.sections} sections, from {source}.")


@docs.command("search")
def docs_search(
    words: Annotated[list[str], typer.Argument(help="What was said, in the speaker's own words.")],
    k: Annotated[int, typer.Option("-k", help="How many passages.", min=1, max=50)] = 5,
) -> None:
    """Find the passages closest to words as spoken. Nothing leaves this machine."""
    from backend.services.docs_snapshot import Snapshot

    settings = _settings(quiet=True)
    with closing(Snapshot.open(settings.coach_data_dir, settings.coach_knowledge_dir)) as snapshot:
        for passage in snapshot.search(" ".join(words), k):
            typer.secho(passage.title, bold=True, nl=False)
            typer.echo(f"  {passage.url or ''}\n  read {passage.read_at:%Y-%m-%d}, {passage.origin}")
            typer.echo(f"  {' '.join(passage.text.split())[:400]}\n")


@docs.command("status")
def docs_status() -> None:
    """What is known on this machine, and how old it is."""
    from backend.services.docs_snapshot import Snapshot

    settings = _settings(quiet=True)
    with closing(Snapshot.open(settings.coach_data_dir, settings.coach_knowledge_dir)) as snapshot:
        for name, value in snapshot.status().model_dump(mode="json").items():
            typer.echo(f"{name:<14} {value if value is not None else '-'}")


def _settings(quiet: bool = False, **overrides: object) -> Settings:
    settings = load_settings(**{name: value for name, value in overrides.items() if value is not None})
    level = "warning" if quiet and settings.coach_log_level == "info" else settings.coach_log_level
    set_up_logs(level)
    return settings
