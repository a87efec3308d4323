"""The command line: serve, analyze, docs, prefect, eval, demo."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Annotated

import typer

from backend.docs_commands import group as docs
from backend.errors import CoachError
from backend.eval_commands import group as evals
from backend.knowledge_commands import group as knowledge
from backend.label_commands import group as labels
from backend.logs import set_up_logs
from backend.prefect_commands import group as prefect
from backend.settings import Settings, load_settings

app = typer.Typer(
    help="Coaching for calls about Prefect, in which every line can be traced.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(docs, name="docs")
app.add_typer(knowledge, name="knowledge")
app.add_typer(labels, name="labels")
app.add_typer(prefect, name="prefect")
app.add_typer(evals)

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
    workers: Annotated[int | None, typer.Option(help="Processes that serve (COACH_WORKERS).")] = None,
    worker: Annotated[int, typer.Option(hidden=True)] = 1,
    channel: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Start the service: POST /analyze and the pages."""
    from backend import workers as processes
    from backend.serving import serve_app, serve_as_worker

    settings = _settings(coach_host=host, coach_port=port, coach_workers=workers)
    settings.check_bind(settings.coach_host)
    if channel is not None:
        settings = processes.worker_settings(settings, worker)
        asyncio.run(serve_as_worker(settings, worker, processes.Handed(fileno=channel)))
    elif settings.coach_workers > 1:
        asyncio.run(processes.serve_workers(settings, settings.coach_workers))
    else:
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
    in_batches: Annotated[
        bool,
        typer.Option(
            "--in-batches",
            help="Ask Claude through its Batches API: half the price, answers within a day. Stopped, it goes "
            "on where it was when run again.",
        ),
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the reports as JSON, one a line.")] = False,
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Print why rules took, or nearly took, each moment: its cues, weighed."
        ),
    ] = False,
) -> None:
    """Coach calls from transcript files and print a table. Exit status 1 if a file could not be read."""
    from backend.batch import analyze_files, wishes

    wished = wishes(rep=rep, title=title, format=file_format, analyst=analyst, enrich=enrich, force=force)
    settings = _settings(quiet=True)
    done = analyze_files(settings, files, wished, as_json=json, in_batches=in_batches, explained=explain)
    if not asyncio.run(done):
        raise typer.Exit(1)


@app.command()
def lint(
    paths: Annotated[
        list[Path], typer.Argument(help="Markdown, HTML, text, PDF, DOCX, PPTX, or directories.")
    ],
    output: Annotated[str, typer.Option("--format", help="text, json or sarif.")] = "text",
    every: Annotated[bool, typer.Option("--all", help="Print every statement with its verdict.")] = False,
) -> None:
    """Check battlecards and decks for what the documentation contradicts, limits or no longer says.

    Exit status 1 if anything was found or a file could not be read. In Markdown and HTML the comment
    <!-- call-coach-ignore --> leaves the next paragraph out.
    """
    from backend.card_lint import Output
    from backend.card_lint import lint as check

    if output not in list(Output):
        raise typer.BadParameter("text, json or sarif", param_hint="--format")
    if not asyncio.run(check(_settings(quiet=True), paths, Output(output), every=every)):
        raise typer.Exit(1)


@app.command()
def demo(
    port: Annotated[int | None, typer.Option(help="Port to listen on; the next free one if taken.")] = None,
    once: Annotated[bool, typer.Option(help="Stop after the sample calls are analysed.")] = False,
) -> None:
    """Analyse two sample calls and show them on a page; needs no key and no network."""
    from backend.demo import run_demo

    asyncio.run(run_demo(_settings(coach_port=port, quiet=True), once=once))


def _settings(quiet: bool = False, **overrides: object) -> Settings:
    settings = load_settings(**{name: value for name, value in overrides.items() if value is not None})
    level = "warning" if quiet and settings.coach_log_level == "info" else settings.coach_log_level
    set_up_logs(level)
    return settings
