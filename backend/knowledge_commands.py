"""`call-coach knowledge`: for the people who keep the knowledge pack."""

from __future__ import annotations

from collections import Counter
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backend.logs import set_up_logs
from backend.settings import Settings, load_settings

if TYPE_CHECKING:
    from backend.services.pack_lint import Finding, PackCheck
    from backend.services.pack_trial import Trial, Tried

LEVELS = {"error": "red", "warning": "yellow", "age": "yellow"}

group = typer.Typer(help="The knowledge pack: check it, and try what it finds.", no_args_is_help=True)


@group.command("lint")
def knowledge_lint(
    directory: Annotated[
        Path | None, typer.Argument(help="The pack; COACH_KNOWLEDGE_DIR if left out.")
    ] = None,
    docs: Annotated[
        Path | None,
        typer.Option(
            help="A checkout of Prefect's documentation, or a synced data directory, to compare with."
        ),
    ] = None,
    ages: Annotated[bool, typer.Option("--ages", help="Name each fact that is past its time.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Warnings count as errors.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print findings as JSON, one a line.")] = False,
) -> None:
    """Check every file of the knowledge pack. Exit status 1 if something must be mended."""
    from backend.services.pack_docs import DocsWords
    from backend.services.pack_lint import check_pack

    folder = directory or _settings().coach_knowledge_dir
    check = check_pack(folder, DocsWords(docs) if docs else None, date.today())
    for found in check.findings:
        if json:
            typer.echo(found.model_dump_json())
        elif ages or found.level != "age":
            _print_finding(found)
    if not json:
        _print_ages(check, named=ages)
        _print_sum(check, compared=docs is not None)
    if check.count("error") or (strict and check.count("warning")):
        raise typer.Exit(1)


@group.command("try")
def knowledge_try(
    words: Annotated[list[str], typer.Argument(help="What was said on a call, as it was said.")],
    k: Annotated[int, typer.Option("-k", help="How many facts.", min=1, max=50)] = 5,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show which facts are found for words as spoken, and why. Nothing leaves this machine."""
    from backend.analysis.engine import QUERIES_PER_MOMENT
    from backend.analysis.queries import can_be_asked, write_query
    from backend.services.docs_snapshot import Snapshot
    from backend.services.pack_trial import try_words

    settings = _settings()
    with closing(Snapshot.open(settings.coach_data_dir, settings.coach_knowledge_dir)) as snapshot:
        trial = try_words(
            snapshot, " ".join(words), k, lambda fact: write_query(fact).text if can_be_asked(fact) else None
        )
    if json:
        typer.echo(trial.model_dump_json())
        return
    _print_heard(trial)
    for place, tried in enumerate(trial.found, 1):
        _print_tried(place, tried, asks=place <= QUERIES_PER_MOMENT)
    if not trial.found:
        typer.echo("Nothing in the pack shares a word with this.")


def _print_finding(found: Finding) -> None:
    typer.echo(f"{_shown(found.file)}:{found.line}: ", nl=False)
    typer.secho(found.level, fg=LEVELS[found.level], nl=False)
    typer.echo(f": {found.fact + ': ' if found.fact else ''}{found.sentence}")


def _print_ages(check: PackCheck, *, named: bool) -> None:
    for file, count in Counter(found.file for found in check.findings if found.level == "age").items():
        if not named:
            typer.echo(f"{_shown(file)}: ", nl=False)
            typer.secho("age", fg=LEVELS["age"], nl=False)
            typer.echo(f": {count} past their time or without a date; --ages names them.")


def _print_sum(check: PackCheck, *, compared: bool) -> None:
    counts = (
        f"{check.pages} pages, {check.facts:,} facts, {check.asks:,} asks, {check.wrong:,} wrong versions"
    )
    errors, warnings, old = check.count("error"), check.count("warning"), check.count("age")
    beside = "" if compared else " Terms, headings and wording were not compared: give --docs."
    found = f"{_counted(errors, 'error')}, {_counted(warnings, 'warning')}"
    if old:
        found += f", {old} past their time"
    typer.secho(
        f"{counts}: {found}.{beside}", fg="red" if errors else "yellow" if warnings or old else "green"
    )


def _print_heard(trial: Trial) -> None:
    if trial.heard != trial.said:
        typer.echo("heard as  ", nl=False)
        typer.secho(f"{trial.heard}\n", bold=True)


def _print_tried(place: int, tried: Tried, *, asks: bool) -> None:
    fact = tried.fact
    heading = " > ".join(filter(None, (fact.title, fact.section)))
    typer.secho(f"{place}. {fact.id}", bold=True, nl=False)
    typer.echo(f"  {tried.score:.1f}  {fact.statement}")
    typer.secho(f"   {heading}  {fact.url or 'no public source'}", dim=True)
    for reason in tried.reasons:
        typer.echo(f"   {reason.part:<9} ", nl=False)
        typer.secho(", ".join(reason.words), fg="cyan", nl=False)
        typer.echo(f"  {reason.text}")
    if tried.query and asks:
        typer.echo(f"   asks      the docs for “{tried.query}”")
    if tried.innocent:
        typer.echo(f"   accuses   nobody: {tried.innocent}")
    typer.echo()


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _shown(file: str) -> str:
    """The file as seen from here, so that a terminal can open it."""
    path = Path(file)
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)


def _settings() -> Settings:
    settings = load_settings()
    set_up_logs("warning" if settings.coach_log_level == "info" else settings.coach_log_level)
    return settings
