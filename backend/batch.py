"""`call-coach analyze`: transcript files in, a table or JSON lines out."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.markup import escape
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from backend.errors import BadRequest, CoachError, UnreadableTranscript, UnusableSetting
from backend.formats.fields import misfit
from backend.house import House, open_house
from backend.report import CoachingReport
from backend.routes.analyze import AnalyzeQuery, Asked, analyse
from backend.settings import Settings
from backend.terminal import a_table, one_line, print_table, printable_json
from backend.transcript import Transcript

STDIN = Path("-")
CALLS_IN_BATCHES = 500
"""So many calls are in memory at once, and their requests in a batch."""


def wishes(**given: object) -> AnalyzeQuery:
    """The command's options, checked as the API's are."""
    try:
        return AnalyzeQuery.model_validate(given)
    except ValidationError as error:
        raise BadRequest(f"--{misfit(error, 'an option')}.") from None


async def analyze_files(
    settings: Settings,
    files: list[Path],
    wished: AnalyzeQuery,
    *,
    as_json: bool,
    in_batches: bool = False,
    explained: bool = False,
) -> bool:
    """Coach each file and print the outcome. A file that cannot be read is one sentence; False if any was.

    `in_batches` coaches many at once through Claude's Batches API, and waits for its answers. What was
    sent and not yet answered when the command ends is taken up by the next one with the same files.
    `explained` prints, in place of the table, why the rules took or nearly took each moment.
    """
    errors = Console(stderr=True)
    if in_batches and not settings.claude_configured:
        raise UnusableSetting("Claude is not set up here: set ANTHROPIC_API_KEY, or leave out --in-batches.")
    async with open_house(settings, claude_in_batches=in_batches) as house:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
        with Progress(*columns, console=errors, transient=True) as progress:
            task = progress.add_task("", total=len(files))
            gate = asyncio.Semaphore(CALLS_IN_BATCHES if in_batches else 1)

            async def coached(file: Path) -> CoachingReport | None:
                async with gate:
                    progress.update(task, description=escape(one_line(file.name)))
                    try:
                        return await _coach(house, file, wished)
                    except CoachError as error:
                        typer.echo(one_line(f"{file}: {error}"), err=True)
                        return None
                    finally:
                        progress.advance(task)

            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(coached(file)) for file in files]
    done = zip(files, (task.result() for task in tasks), strict=True)
    reports = [(str(file), report) for file, report in done if report]
    if explained:
        for name, report in reports:
            _explain(house, name, report)
        return len(reports) == len(files)
    if as_json:
        for _, report in reports:
            typer.echo(printable_json(report.model_dump_json()))
    elif reports:
        _print(reports)
    return len(reports) == len(files)


async def _coach(house: House, file: Path, wished: AnalyzeQuery) -> CoachingReport:
    asked = Asked(
        data=_read(file, house.settings.max_body_bytes),
        filename=file.name,
        format=wished.format,
        hints=wished.hints(),
        options=wished.options(),
    )
    report, _ = await analyse(house, asked)
    return report


def _read(file: Path, most: int) -> bytes:
    try:
        with sys.stdin.buffer if file == STDIN else file.open("rb") as opened:
            data = opened.read(most + 1)
    except OSError as error:
        raise UnreadableTranscript(f"The file cannot be read ({error.strerror}).") from None
    if len(data) > most:
        raise UnreadableTranscript(f"The file is larger than {most / 1e6:g} MB; raise COACH_MAX_BODY_MB.")
    return data


def _explain(house: House, name: str, report: CoachingReport) -> None:
    """Each moment and near miss: its words, what its signs add up to, and each sign's part."""
    typer.echo(one_line(report.call.title or name))
    said = Transcript(call=report.call, turns=report.turns, format="stored")
    for one in house.rules.explain(said):
        taken = "taken" if one.taken else "not taken"
        typer.echo(f"\n{one.kind}, {taken} ({one.weight:+.1f}, above {one.least:g} is)")
        typer.echo(f"  “{one_line(one.quote.text)}”")
        typer.echo(f"  {one_line(', '.join(one.why))}")
    for claim in report.claims:
        typer.echo(f"\nverdict: {claim.verdict} “{one_line(claim.quote.text)}”\n  {one_line(claim.reason)}")


def _print(reports: list[tuple[str, CoachingReport]]) -> None:
    headings = (
        "call",
        "claims",
        "wrong",
        "unclear",
        "objections",
        "rivals",
        "questions",
        "knowledge",
        "analyst",
    )
    table = a_table(*headings)
    for name, report in reports:
        unclear = sum(claim.verdict == "unclear" for claim in report.claims)
        table.add_row(
            Text(one_line(report.call.title or name)),
            str(len(report.claims)),
            Text(str(wrong := len(report.wrong_claims())), style="bold red" if wrong else ""),
            str(unclear),
            str(len(report.objections)),
            str(len(report.competitors)),
            str(sum(not question.answered for question in report.questions)),
            report.knowledge.status,
            report.analyst.kind + (" (fell back)" if report.analyst.fell_back else ""),
        )
    print_table(table)
    for name, report in reports:
        for claim in report.wrong_claims():
            typer.secho(f"\n{one_line(name)}  “{one_line(claim.quote.text)}”", bold=True)
            typer.echo(f"  {claim.verdict}: {one_line(claim.correction or claim.reason)}")
            for evidence in claim.evidence[:1]:
                where = evidence.url or evidence.title
                typer.secho(f"  “{one_line(evidence.quote)}”  {one_line(where)}", dim=True)
