"""`call-coach analyze`: transcript files in, a table or JSON lines out."""

from __future__ import annotations

import sys
from pathlib import Path

import typer
from pydantic import ValidationError
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.table import Table
from rich.text import Text

from backend.errors import BadRequest, CoachError, UnreadableTranscript
from backend.house import House, open_house
from backend.report import CoachingReport
from backend.routes.analyze import AnalyzeQuery, Asked, analyse
from backend.settings import Settings

STDIN = Path("-")
WIDE = 120
"""Columns of the table where there is no terminal to measure."""


def wishes(**given: object) -> AnalyzeQuery:
    """The command's options, checked as the API's are."""
    try:
        return AnalyzeQuery.model_validate(given)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        raise BadRequest(f"--{first['loc'][0]} cannot be used: {first['msg']}.") from None


async def analyze_files(
    settings: Settings, files: list[Path], wished: AnalyzeQuery, *, as_json: bool
) -> bool:
    """Coach each file and print the outcome. A file that cannot be read is one sentence; False if any was."""
    errors = Console(stderr=True)
    reports: list[tuple[str, CoachingReport]] = []
    failed = False
    async with open_house(settings) as house:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
        with Progress(*columns, console=errors, transient=True) as progress:
            task = progress.add_task("", total=len(files))
            for file in files:
                progress.update(task, description=file.name)
                try:
                    reports.append((str(file), await _coach(house, file, wished)))
                except CoachError as error:
                    failed = True
                    typer.echo(f"{file}: {error}", err=True)
                progress.advance(task)
    if as_json:
        for _, report in reports:
            typer.echo(report.model_dump_json())
    elif reports:
        _print(reports)
    return not failed


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
    table = Table(*headings, box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name, report in reports:
        unclear = sum(claim.verdict == "unclear" for claim in report.claims)
        table.add_row(
            Text(report.call.title or name),
            str(len(report.claims)),
            Text(str(wrong := len(report.wrong_claims())), style="bold red" if wrong else ""),
            str(unclear),
            str(len(report.objections)),
            str(len(report.competitors)),
            str(sum(not question.answered for question in report.questions)),
            report.knowledge.status,
            report.analyst.kind + (" (fell back)" if report.analyst.fell_back else ""),
        )
    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    console.print(table)
    for name, report in reports:
        for claim in report.wrong_claims():
            console.print(Text(f"\n{name}  “{claim.quote.text}”", style="bold"))
            console.print(Text(f"  {claim.verdict}: {claim.correction or claim.reason}"))
            for evidence in claim.evidence[:1]:
                console.print(Text(f"  “{evidence.quote}”  {evidence.url or evidence.title}", style="dim"))
