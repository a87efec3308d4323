"""`call-coach eval`, `eval-pairs` and `eval-queries`: how good it is, measured on labelled data."""

from __future__ import annotations

import asyncio
import re
import sys
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated

import typer

from backend.errors import UnreadableLabels, UnusableSetting
from backend.logs import set_up_logs
from backend.settings import Settings, load_settings

if TYPE_CHECKING:
    from pydantic import BaseModel
    from rich.console import Console

    from backend.evals.calls import Run
    from backend.evals.labels import LabelledCall
    from backend.report import AnalystKind

_PAIR = re.compile(r"\[\s+(\d+),\s+(\d+)\s+\]")
"""Two counts, on one line of the file, so that a diff is read at a glance."""
WIDE = 170
"""Columns of a table where there is no terminal to measure."""

Against = Annotated[Path | None, typer.Option(help="The JSON of an earlier run, to be compared with.")]
ToFile = Annotated[Path | None, typer.Option("--json", help="Write the figures to this file.")]

group = typer.Typer(no_args_is_help=True)
"""Commands of the first level, like `analyze`: the group has no name of its own."""


class Asked(StrEnum):
    """Which analysts are measured."""

    RULES = "rules"
    CLAUDE = "claude"
    BOTH = "both"


@group.command("eval")
def eval_calls(
    folder: Annotated[Path, typer.Argument(help="Labelled calls: folders of transcript.* and labels.json.")],
    analyst: Annotated[Asked, typer.Option(help="Who analyses.")] = Asked.RULES,
    only: Annotated[str | None, typer.Option("--call", help="The id of one call.")] = None,
    json: ToFile = None,
    against: Against = None,
    prefect_mcp: Annotated[
        bool, typer.Option("--prefect-mcp", help="Ask prefect-mcp; else what is kept here answers.")
    ] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="List what was missed or wrong.")] = False,
) -> None:
    """Run labelled calls through the whole product and print how good its findings and verdicts are."""
    from backend.evals.labels import read_calls, read_shape
    from backend.evals.marking import ASTRAY
    from backend.evals.measures import Result, changes
    from backend.evals.tables import show_calls, show_changes, show_findings

    earlier = read_shape(against, Result) if against else None
    calls = read_calls(folder, only)
    # Reports are not stored, so the users' database has no part in it.
    settings = _settings(prefect_mcp_enabled=prefect_mcp, database_url=None, coach_warm_per_minute=0)
    kinds: list[AnalystKind] = [kind for kind in ("rules", "claude") if analyst in (kind, Asked.BOTH)]
    if "claude" in kinds and not settings.claude_configured:
        raise UnusableSetting("Claude is not set up here: set ANTHROPIC_API_KEY or ANTHROPIC_BASE_URL.")
    done = asyncio.run(_run(settings, calls, kinds))
    console = _console()
    for kind, findings in done.findings.items():
        show_findings(console, kind, [one for one in findings if verbose or one.kind == ASTRAY])
    show_calls(console, done.result)
    known = {one.analyst: one for one in earlier.analysts} if earlier else {}
    for one in done.result.analysts:
        if one.analyst in known:
            show_changes(console, one.analyst, changes(known[one.analyst], one))
    _write(json, done.result)


@group.command("eval-pairs")
def eval_pairs(
    file: Annotated[Path, typer.Argument(help="One {id, claim, evidence, label} a line.")],
    json: ToFile = None,
) -> None:
    """Judge bare claims by their evidence, two-way or three-way, beside what word overlap alone can do.

    The labels are supported, contradicted and neutral; the judge chooses among those that occur in the file.
    """
    from backend.evals.labels import read_lines
    from backend.evals.pairs import Pair, run
    from backend.evals.tables import show_pairs

    result = run(read_lines(file, Pair))
    show_pairs(_console(), result)
    _write(json, result)


@group.command("eval-queries")
def eval_queries(
    file: Annotated[Path, typer.Argument(help="One {id, query, gold_urls} a line.")],
    calls: Annotated[Path | None, typer.Option(help="Labelled calls: their claims are searched too.")] = None,
    docs: Annotated[
        Path | None, typer.Option(help="A checkout of the documentation; else what was synced here.")
    ] = None,
    semantic: Annotated[
        bool, typer.Option(help="Measure the search by meaning too, where it is installed; minutes at first.")
    ] = False,
    json: ToFile = None,
) -> None:
    """Search by labelled queries, and print how far up the gold pages stand, how fast and at what cost."""
    from backend.evals.labels import read_calls, read_lines
    from backend.evals.queries import LabelledQuery, by_meaning, run
    from backend.evals.query_tables import show_queries
    from backend.services.docs_snapshot import Snapshot
    from backend.services.docs_sync import sync

    settings = _settings()
    queries, labelled = read_lines(file, LabelledQuery), read_calls(calls) if calls else []
    with TemporaryDirectory() as folder:
        data_dir = Path(folder) if docs else settings.coach_data_dir
        if docs:
            sync(docs, data_dir)
        with closing(Snapshot.open(data_dir, settings.coach_knowledge_dir)) as snapshot:
            meaning = by_meaning(snapshot, settings.coach_data_dir) if semantic else None
            result = run(snapshot, data_dir, settings.coach_knowledge_dir, queries, labelled, meaning)
    show_queries(_console(), result)
    _write(json, result)


async def _run(settings: Settings, calls: list[LabelledCall], kinds: list[AnalystKind]) -> Run:
    from rich.console import Console
    from rich.progress import Progress

    from backend.evals.calls import run
    from backend.house import open_house

    async with open_house(settings) as house:
        with Progress(console=Console(stderr=True), transient=True) as progress:
            await house.knowledge.ready(settings.coach_look_up_seconds)
            task = progress.add_task("Calls", total=len(calls) * len(kinds))
            return await run(house, calls, kinds, lambda: progress.advance(task))


def _settings(**overrides: object) -> Settings:
    settings = load_settings(**overrides)
    set_up_logs("warning" if settings.coach_log_level == "info" else settings.coach_log_level)
    return settings


def _console() -> Console:
    from rich.console import Console

    return Console() if sys.stdout.isatty() else Console(width=WIDE)


def _write(file: Path | None, result: BaseModel) -> None:
    if file is None:
        return
    try:
        file.write_text(_PAIR.sub(r"[\1, \2]", result.model_dump_json(indent=1)) + "\n")
    except OSError as error:
        raise UnreadableLabels(f"{file}: it cannot be written ({error.strerror}).") from None
