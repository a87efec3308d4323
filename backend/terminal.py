"""How the commands show things on a terminal.

Names, messages and words of calls were written by others: whatever in them a terminal would obey is escaped.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from io import StringIO
from typing import TYPE_CHECKING

import typer
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

MOST_CHARS = 100
"""Of one cell of a table; all of it is in the JSON, and where one thing is shown alone."""
LEAST_CHARS = 20
"""Of a last column that gives way."""
GAP = 3
"""Columns between two columns of a table."""
ENDLESS = 10_000
"""Columns where there is no terminal: a line that is read by a program is not folded."""
MASK = "(masked)"
_SECRET = re.compile(r"pass(?:word|wd|phrase)|secret|token|credential|key(?![a-z])", re.IGNORECASE)
_STYLES = {
    **dict.fromkeys(("Completed", "READY"), "green"),
    **dict.fromkeys(("Running", "Pending", "Scheduled"), "cyan"),
    **dict.fromkeys(("Late", "Paused", "Cancelling", "NOT_READY", "PAUSED"), "yellow"),
    **dict.fromkeys(("Failed", "Crashed", "TimedOut"), "red"),
}


def printable(text: str) -> str:
    """The text with every character escaped that would move the cursor, colour, reorder or hide."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def one_line(text: str) -> str:
    """The text, printable and on one line."""
    return printable(" ".join(text.split()))


def printable_json(text: str) -> str:
    """JSON on one line with the same characters escaped, as JSON has it: it still says the same."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


def lasting(seconds: float) -> str:
    """A time as people say it: 0.25 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 60:
        return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def cell(value: object, name: str = "") -> str:
    """One value on one line; a number whose name ends in `_s` is a time."""
    if value is None or value in ([], {}, ""):
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return lasting(value) if name.endswith("_s") else f"{value:.2f}"
    if isinstance(value, list):
        return ", ".join(cell(each) for each in value)
    if isinstance(value, BaseModel):  # its first field names it
        return cell(next(each for _, each in value))
    if isinstance(value, dict):
        return json.dumps(value)
    return one_line(str(value))


# -- the shapes


def print_json(found: object) -> None:
    """In ASCII, so that nothing in it can act on a terminal."""
    typer.echo(json.dumps(to_jsonable_python(found), indent=2))


def print_rows(rows: Sequence[BaseModel], columns: str) -> None:
    """A table of these fields: `name` or `name=heading`. Times are UTC.

    On a terminal the last column gives way to its width; where that is not enough, lines run on.
    """
    from rich.cells import cell_len
    from rich.text import Text

    names, titles = zip(*(column.partition("=")[::2] for column in columns.split()), strict=True)
    headings = [(title or name).replace("_", " ") for name, title in zip(names, titles, strict=True)]
    lines = [[_cut(cell(getattr(row, name), name)) for name in names] for row in rows]
    widths = [max(map(cell_len, column)) for column in zip(headings, *lines, strict=True)]
    console = _console()
    left = console.width - sum(widths[:-1]) - GAP * (len(widths) - 1)
    if console.is_terminal and LEAST_CHARS <= left < widths[-1]:
        widths[-1] = left
    table = a_table()
    for heading, width in zip(headings, widths, strict=True):
        table.add_column(heading, no_wrap=True, width=width)
    for line in lines:
        table.add_row(*(Text(each, style=_STYLES.get(each, "")) for each in line))
    console.width = ENDLESS
    print_table(table, console)
    if not rows:
        typer.echo("None.", err=True)


def a_table(*headings: str) -> Table:
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    return Table(*headings, box=SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 1))


def print_table(table: Table, console: Console | None = None) -> None:
    """Without colours and without folding where there is no terminal."""
    console = console or _console()
    with console.capture() as drawn:
        console.print(table)
    for line in drawn.get().splitlines():
        typer.echo(line.rstrip())


def _console() -> Console:
    from rich.console import Console  # rich is slow to import, and `--help` needs none of this

    return Console() if sys.stdout.isatty() else Console(file=StringIO(), width=ENDLESS)


def print_fields(found: BaseModel) -> None:
    """What is known of one thing, a line each; things within it under their own heading.

    In what others named, values are masked whose names say that they are secret.
    """
    for line in _fields(found):
        typer.echo(line)


def _fields(found: Iterable[tuple[str, object]]) -> Iterator[str]:
    known = [
        (printable(name.removesuffix("_s").replace("_", " ")), name, value)
        for name, value in ((name, _masked(value)) for name, value in found)
        if cell(value) != "-"
    ]
    inner = [(label, value) for label, _, value in known if _has_parts(value)]
    plain = [(label, name, value) for label, name, value in known if not _has_parts(value)]
    width = max((len(label) for label, _, _ in plain), default=0)
    for label, name, value in plain:
        first, *more = value.splitlines() if isinstance(value, str) and value.strip() else [cell(value, name)]
        yield f"{label:<{width}}  {printable(first)}"
        yield from (f"{'':<{width}}  {printable(line)}" for line in more)
    for label, value in inner:
        yield ""
        yield label
        yield from (line and f"  {line}" for line in _parts(value))


def _masked(value: object) -> object:
    """With the secrets in dicts masked, also where one holds a name and its value, as pods' variables do."""
    if isinstance(value, list):
        return [_masked(each) for each in value]
    if not isinstance(value, dict):
        return value
    secret = {"value"} if _SECRET.search(str(value.get("name", ""))) else set()
    return {
        name: MASK if each is not None and (name in secret or _SECRET.search(name)) else _masked(each)
        for name, each in value.items()
    }


def _has_parts(value: object) -> bool:
    return isinstance(value, BaseModel | dict) or (isinstance(value, list) and _has_parts(value[0]))


def _parts(value: object) -> Iterator[str]:
    if isinstance(value, BaseModel):
        yield from _fields(value)
    elif isinstance(value, dict):
        yield from _fields(value.items())
    elif isinstance(value, list):
        for number, each in enumerate(value):
            if number:
                yield ""
            yield from _parts(each)


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARS else text[: MOST_CHARS - 1] + "…"
