"""`call-coach lint`: enablement material checked as calls are; findings for people and for CI."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path

import typer
from pydantic import BaseModel
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn
from rich.text import Text

from backend.analysis.analyst import Analyst
from backend.analysis.engine import Coach, Options
from backend.analysis.statements import StatementReader
from backend.errors import UnreadableMaterial
from backend.house import House, open_house
from backend.material import found_in, read_material
from backend.material.block import Block
from backend.report import ACCUSING, Claim, Evidence, Verdict
from backend.sarif import Message, Result, Sarif, at, one_run
from backend.settings import Settings
from backend.terminal import one_line
from backend.transcript import Call, Participant, Transcript, Turn

BLOCKS_AT_A_TIME = 40
"""A call's look-ups are bounded; a document is checked in parts, so that each part finds its own."""

TOOL = "call-coach lint"
RULES: dict[Verdict, str] = {
    "contradicted": "The documentation says otherwise.",
    "overstated": "The documentation says so only under a condition.",
    "outdated": "This was so in Prefect 1 or 2.",
    "docs_conflict": "Pages of the documentation disagree about this.",
}


class Output(StrEnum):
    """How findings are printed."""

    text = "text"
    json = "json"
    sarif = "sarif"


class Finding(BaseModel):
    """A statement the documentation does not bear out, and where it stands."""

    file: str
    line: int | None
    place: str
    statement: str
    verdict: Verdict
    confidence: float
    reason: str
    correction: str | None
    evidence: list[Evidence]

    @property
    def where(self) -> str:
        return f"{self.file}:{self.line}" if self.line else f"{self.file}, {self.place}"


class Checked(BaseModel):
    """What a run found. `supported` counts the statements the documentation bears out, `undecided` those
    for a reader to compare."""

    files: int
    statements: int
    supported: int
    undecided: int
    findings: list[Finding]
    unread: list[str]
    """Files that could not be read, a sentence each."""


async def lint(settings: Settings, paths: Sequence[Path], output: Output, *, every: bool) -> bool:
    """Check the files and print what was found; whether nothing was. `every` prints all statements."""
    files = await asyncio.to_thread(found_in, paths)
    if not files:
        raise UnreadableMaterial(
            "There is nothing to check there: no Markdown, HTML, text, PDF, DOCX or PPTX."
        )
    async with open_house(settings) as house:
        checked = await _check(house, files, every=every)
    for sentence in checked.unread:
        typer.echo(f"{TOOL}: {one_line(sentence)}", err=True)
    if output is Output.json:
        typer.echo(checked.model_dump_json(indent=2, ensure_ascii=True))
    elif output is Output.sarif:
        typer.echo(
            sarif(checked).model_dump_json(indent=2, by_alias=True, exclude_none=True, ensure_ascii=True)
        )
    else:
        _print(checked)
    return not checked.unread and not any(finding.verdict in ACCUSING for finding in checked.findings)


async def _check(house: House, files: Sequence[Path], *, every: bool) -> Checked:
    checked = Checked(files=0, statements=0, supported=0, undecided=0, findings=[], unread=[])
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("", total=len(files))
        for file in files:
            progress.update(task, description=file.name)
            try:
                blocks = await asyncio.to_thread(read_material, file)
            except UnreadableMaterial as error:
                checked.unread.append(str(error))
            else:
                checked.files += 1
                for block, claim in await _claims(house, file, blocks):
                    checked.statements += 1
                    checked.supported += claim.verdict == "supported"
                    checked.undecided += claim.verdict == "unclear"
                    if every or claim.verdict in RULES:
                        checked.findings.append(_finding(file, block, claim))
            progress.advance(task)
    return checked


async def _claims(house: House, file: Path, blocks: Sequence[Block]) -> list[tuple[Block, Claim]]:
    """What the document itself puts forward, judged, in its order."""
    ours = [block for block in blocks if block.is_ours]
    found: list[tuple[Block, Claim]] = []
    for start in range(0, len(ours), BLOCKS_AT_A_TIME):
        part = ours[start : start + BLOCKS_AT_A_TIME]
        report = await _reader(house, part).coach(_as_transcript(file, part), Options())
        found += [(part[claim.quote.turn], claim) for claim in report.claims]
    return found


def _reader(house: House, part: Sequence[Block]) -> Coach:
    headings = {index: block.heading for index, block in enumerate(part)}
    analysts: dict[str, Analyst] = {"rules": StatementReader(house.rules, headings)}
    if house.claude:
        analysts["claude"] = house.claude
    return Coach(house.knowledge, analysts, house.settings.analyst, house.tracing)


def _as_transcript(file: Path, part: Sequence[Block]) -> Transcript:
    writer = Participant(id=file.name, name=file.name, side="internal")
    turns = [
        Turn(index=index, speaker=writer.name, side="internal", text=block.text)
        for index, block in enumerate(part)
    ]
    return Transcript(call=Call(title=file.name, participants=[writer]), turns=turns, format="material")


def _finding(file: Path, block: Block, claim: Claim) -> Finding:
    line = block.line + block.text.count("\n", 0, claim.quote.char_start) if block.line else None
    return Finding(
        file=str(file),
        line=line,
        place=f"line {line}" if line else block.place,
        statement=" ".join(claim.quote.text.split()),
        verdict=claim.verdict,
        confidence=claim.confidence,
        reason=claim.reason,
        correction=claim.correction,
        evidence=claim.evidence,
    )


def _print(checked: Checked) -> None:
    console = Console(soft_wrap=True, highlight=False)
    for finding in checked.findings:
        style = "bold red" if finding.verdict in ACCUSING else "bold"
        console.print(
            Text.assemble(
                f"{one_line(finding.where)}: ", (finding.verdict, style), f" “{one_line(finding.statement)}”"
            )
        )
        console.print(Text(f"    {one_line(finding.correction or finding.reason)}"))
        for evidence in finding.evidence[:1]:
            read = f"{evidence.origin}, read {evidence.read_at:%Y-%m-%d}"
            console.print(
                Text(
                    f"    “{one_line(evidence.quote)}” {one_line(evidence.url or evidence.title)} ({read})",
                    style="dim",
                )
            )
    counts = {verdict: sum(one.verdict == verdict for one in checked.findings) for verdict in RULES}
    found = ", ".join(f"{count} {verdict}" for verdict, count in counts.items() if count)
    unread = f" {_counted(len(checked.unread), 'file')} not read." if checked.unread else ""
    if not checked.files:
        console.print(f"Nothing was checked.{unread}")
        return
    console.print(
        f"{_counted(checked.files, 'file')}, {_counted(checked.statements, 'statement')}: "
        f"{found or 'nothing the documentation speaks against'}; {checked.supported} borne out by it, "
        f"{checked.undecided} undecided.{unread}"
    )


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def sarif(checked: Checked) -> Sarif:
    """An accusation is an error; where the docs disagree with themselves, a warning."""
    return one_run(
        TOOL,
        {str(verdict): meaning for verdict, meaning in RULES.items()},
        (
            Result(
                rule_id=finding.verdict,
                level="error" if finding.verdict in ACCUSING else "warning",
                message=Message(text=_told(finding)),
                locations=[at(finding.file, finding.line, finding.place)],
            )
            for finding in checked.findings
            if finding.verdict in RULES
        ),
    )


def _told(finding: Finding) -> str:
    source = finding.evidence[0].url if finding.evidence else None
    said = f"“{finding.statement}” {finding.correction or finding.reason}"
    return f"{said} See {source}" if source else said
