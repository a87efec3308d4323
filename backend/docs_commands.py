"""`call-coach docs`: Prefect's documentation on this machine."""

from __future__ import annotations

import asyncio
import difflib
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from backend.errors import CoachError
from backend.logs import set_up_logs
from backend.settings import Settings, load_settings
from backend.terminal import one_line, printable

if TYPE_CHECKING:
    from backend.drift import DriftedReport
    from backend.services.docs_snapshot import Snapshot

group = typer.Typer(help="Prefect's documentation on this machine.", no_args_is_help=True)

SHOWN = 10
"""So many unread pages are named one by one."""


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
    source: Annotated[
        str | None,
        typer.Option("--from", help="A docs site, or a checkout's directory (COACH_DOCS_SYNC_FROM)."),
    ] = None,
    force: Annotated[bool, typer.Option(help="Replace what is held even by far fewer pages.")] = False,
    meaning: Annotated[
        bool, typer.Option(help="Prepare the pack's facts for the sentence model, where one is installed.")
    ] = True,
) -> None:
    """Copy Prefect's documentation to this machine, so that evidence is in its own words offline.

    An interrupted sync goes on where it stopped; what is held serves until the new copy is whole.
    """
    from backend.services.docs_snapshot import Snapshot
    from backend.services.docs_sync import sync_from
    from backend.services.meaning import build_meaning

    settings = _settings()
    with _progress() as progress:
        result = asyncio.run(
            sync_from(source or settings.coach_docs_sync_from, settings.coach_data_dir, progress, force=force)
        )
    for why in result.skipped[:SHOWN]:
        typer.echo(f"not read: {one_line(why)}", err=True)
    if len(result.skipped) > SHOWN:
        typer.echo(f"and {len(result.skipped) - SHOWN} more were not read.", err=True)
    reference = f" and {result.reference_pages} of reference" if result.reference_pages else ""
    typer.echo(
        f"{result.pages} pages in {result.sections} sections{reference}, from {result.source}, "
        f"in {result.seconds:.1f} s."
    )
    if result.changes:
        typer.echo(f"{result.changes} sections changed: call-coach docs diff, call-coach docs drift.")
    if not meaning:
        return
    data_dir, model = settings.coach_data_dir, settings.coach_sentence_model
    with closing(Snapshot.open(data_dir, settings.coach_knowledge_dir)) as snapshot, _progress() as progress:
        if build_meaning(data_dir, snapshot.pack.facts, model, progress):
            typer.echo(f"{len(snapshot.pack.facts):,} facts can be found by meaning too.")


@group.command("diff")
def docs_diff(
    days: Annotated[
        float | None, typer.Option(help="All changes of so many days, not the last sync's alone.", min=0)
    ] = None,
    text: Annotated[bool, typer.Option("--text", help="Show the lines that changed.")] = False,
) -> None:
    """What the last sync that changed anything found changed: the sections, page by page."""
    from backend.services.synced_docs import SyncedDocs

    since = None if days is None else datetime.now(UTC) - timedelta(days=days)
    with closing(SyncedDocs(_settings().coach_data_dir)) as copy:
        changes = copy.changes(since)
    if not changes:
        typer.echo("No sync has changed anything" + (f" for {days:g} days." if days else " so far."))
    for change in changes:
        heading = f"  {change.section}" if change.section else ""
        typer.echo(f"{change.at:%Y-%m-%d %H:%M}  {change.what:<8} {one_line(change.url + heading)}")
        if text:
            before, after = change.before.splitlines(), change.after.splitlines()
            for line in list(difflib.unified_diff(before, after, lineterm="", n=1))[2:]:
                typer.echo(f"    {printable(line)}")


@group.command("search")
def docs_search(
    words: Annotated[list[str], typer.Argument(help="What was said, in the speaker's own words.")],
    k: Annotated[int, typer.Option("-k", help="How many passages.", min=1, max=50)] = 5,
) -> None:
    """Find the passages for words as spoken, as an analysis finds them. Nothing leaves this machine."""
    from backend.analysis.finding import search
    from backend.services.docs_snapshot import Snapshot
    from backend.services.knowledge import kept_here
    from backend.services.meaning import kept_meaning

    settings = _settings()
    with closing(Snapshot.open(settings.coach_data_dir, settings.coach_knowledge_dir)) as snapshot:
        snapshot.meaning = kept_meaning(
            settings.coach_data_dir, snapshot.pack.facts, settings.coach_sentence_model
        )
        for found in asyncio.run(search(kept_here(snapshot), " ".join(words), k)):
            passage = found.passage
            title = " > ".join(filter(None, (passage.title, passage.section)))
            typer.secho(one_line(title), bold=True, nl=False)
            typer.echo(f"  {passage.url or ''}\n  read {passage.read_at:%Y-%m-%d}, {passage.origin}")
            typer.echo(f"  {one_line(passage.text[:400])}\n")


@group.command("drift")
def docs_drift(
    rejudge: Annotated[
        bool, typer.Option("--rejudge", help="Judge the calls anew whose quoted words are gone.")
    ] = False,
    every: Annotated[
        bool, typer.Option("--all", help="With --rejudge: those too whose quoted words still stand.")
    ] = False,
) -> None:
    """Facts of the pack that their pages do not bear out, and reports whose evidence reads otherwise now.

    Known from the last sync and from what the docs server answered lately; nothing is asked for it.
    """
    from backend.services.docs_snapshot import Snapshot
    from backend.services.fact_drift import drifted_facts

    settings = _settings()
    with closing(Snapshot.open(settings.coach_data_dir, settings.coach_knowledge_dir)) as snapshot:
        for drift in drifted_facts(snapshot):
            typer.echo(f"fact {drift.fact.id}  {one_line(drift.sentence())}")
            typer.echo(f"  {drift.fact.statement}\n  {drift.fact.url}")
        drifted = asyncio.run(_drifted(settings, snapshot))
    for report in drifted:
        for verdict in report.verdicts:
            said = f"{verdict.claim_id} {verdict.verdict}  {one_line(verdict.sentence())}"
            typer.echo(f"report {report.report_id}  {said}")
    chosen = [report for report in drifted if every or not report.stands]
    gone = sum(not report.stands for report in drifted)
    typer.echo(f"Reports on changed passages: {len(drifted)}; on words that are gone: {gone}.")
    if rejudge and chosen:
        asyncio.run(_judge_anew(settings, chosen))


@group.command("status")
def docs_status() -> None:
    """What is known on this machine, how old it is, and how the last sync went."""
    from backend.services.docs_ledger import last_sync
    from backend.services.docs_snapshot import Snapshot

    settings = _settings()
    with closing(Snapshot.open(settings.coach_data_dir, settings.coach_knowledge_dir)) as snapshot:
        known = snapshot.status().model_dump(mode="json")
    for name, value in known.items():
        typer.echo(f"{name:<16} {value if value is not None else '-'}")
    if last := last_sync(settings.coach_data_dir):
        ended = f" at {last.ended_at:%Y-%m-%d %H:%M} UTC" if last.ended_at else ""
        typer.echo(f"{'last_sync':<16} {last.outcome}{ended}, from {last.source}. {last.note}".rstrip())


async def _drifted(settings: Settings, snapshot: Snapshot) -> list[DriftedReport]:
    from backend.drift import drifted_reports
    from backend.store import Store

    url = settings.database_url.get_secret_value() if settings.database_url else None
    async with Store.open(url, settings.coach_data_dir) as store:
        return await drifted_reports(store, snapshot)


async def _judge_anew(settings: Settings, drifted: list[DriftedReport]) -> None:
    from backend.drift import judge_anew
    from backend.house import open_house

    async with open_house(settings) as house:
        await house.knowledge.ready(settings.coach_look_up_seconds)
        for one in drifted:
            try:
                report = await judge_anew(house.store, house.coach, one)
            except CoachError as failure:
                typer.echo(str(failure), err=True)
                continue
            other = sum(bool(report.formerly(claim)) for claim in report.claims)
            typer.echo(f"report {report.id} judged anew: {other} verdicts are others now.")


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    """Told how many of how many are done: a bar on a terminal, else a line for each tenth."""
    if sys.stderr.isatty():
        from rich.console import Console
        from rich.progress import Progress

        with Progress(transient=True, console=Console(stderr=True)) as bar:
            task = bar.add_task("", total=None)
            yield lambda done, total: bar.update(task, completed=done, total=total)
        return
    told = 0

    def tell(done: int, total: int) -> None:
        nonlocal told
        if total and done * 10 // total > told:
            told = done * 10 // total
            typer.echo(f"{done} of {total}", err=True)

    yield tell


def _settings() -> Settings:
    settings = load_settings()
    set_up_logs("warning" if settings.coach_log_level == "info" else settings.coach_log_level)
    return settings
