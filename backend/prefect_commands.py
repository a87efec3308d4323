"""`call-coach prefect`: what a Prefect server says of itself, asked through prefect-mcp, which only reads.

What Prefect says was written by others. It is shown with everything escaped that a terminal would obey.
"""

from __future__ import annotations

import asyncio
import json as jsons
import sys
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar, get_args
from uuid import UUID

import typer
from pydantic import BaseModel
from pydantic_core import to_jsonable_python

from backend.errors import CoachError, KnowledgeUnavailable, UnusableSetting
from backend.logs import set_up_logs
from backend.settings import Settings, load_settings

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

    from backend.services.prefect_mcp import PrefectMCP
    from backend.services.prefect_objects import StateType
    from backend.services.prefect_tools import PrefectTools, SchemaOf

ANSWER_SECONDS = 30.0
"""For one answer, with the start of prefect-mcp."""
WIDE = 160
"""Columns of a table where there is no terminal to measure."""

Limit = Annotated[int, typer.Option("--limit", "-n", help="How many at most.", min=1, max=200)]
Name = Annotated[str | None, typer.Option(help="A part of the name.")]
WholeName = Annotated[str | None, typer.Option("--name", help="The whole name.")]
Tag = Annotated[str | None, typer.Option(help="Those with this tag.")]
States = Annotated[list[str] | None, typer.Option("--state", help="Such as FAILED; may be repeated.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
T = TypeVar("T")

group = typer.Typer(
    help="What a Prefect server says, read through prefect-mcp. Times are UTC.", no_args_is_help=True
)


@group.command()
def status(json: AsJson = False) -> None:
    """Whether prefect-mcp and the Prefect server behind it answer. Exit status 1 if not."""
    from backend.services.prefect_objects import Status

    async def look(client: PrefectMCP, tools: PrefectTools) -> Status:
        found: dict[str, BaseModel | str] = {}
        try:
            found["identity"] = await tools.identity()
            found["flow_runs"] = (await tools.dashboard()).flow_runs
        except KnowledgeUnavailable as problem:
            found["problem"] = str(problem)
        state = client.state
        return Status(prefect_mcp=state.state, docs_tools=state.docs_tools, **found)

    seen = _run(look)
    _show_one(seen, json)
    if seen.problem:
        raise typer.Exit(1)


@group.command()
def identity(json: AsJson = False) -> None:
    """Which Prefect this is, and its version or plan."""
    _show_one(_ask(lambda tools: tools.identity()), json)


@group.command()
def dashboard(json: AsJson = False) -> None:
    """Runs by state, work pools and what limits concurrency."""
    found = _ask(lambda tools: tools.dashboard())
    if json:
        _show_one(found, json)
        return
    _show_one(found.flow_runs, json)
    _show(found.work_pools, "name type status is_paused", json)
    _show(found.concurrency_limits, "kind name limit active_slots", json)


@group.command()
def deployments(
    name: Name = None,
    tag: Tag = None,
    paused: Annotated[bool | None, typer.Option("--paused/--active", help="Only those.")] = None,
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """Deployments, with where they run."""
    found = _ask(lambda tools: tools.deployments(name=name, tag=tag, paused=paused, limit=limit))
    _show(found, "id slug work_pool_name paused tags updated", json)


@group.command()
def flows(name: Name = None, tag: Tag = None, limit: Limit = 50, json: AsJson = False) -> None:
    """Flows."""
    found = _ask(lambda tools: tools.flows(name=name, tag=tag, limit=limit))
    _show(found, "id name tags updated", json)


@group.command()
def runs(
    name: Name = None,
    state: States = None,
    tag: Tag = None,
    after: Annotated[datetime | None, typer.Option(help="Those started after this time (UTC).")] = None,
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """Flow runs, the latest started first."""
    started, states = _utc(after), _states(state)
    found = _ask(
        lambda tools: tools.flow_runs(name=name, states=states, tag=tag, started_after=started, limit=limit)
    )
    _show(found, "id name state_name start_time duration_s state_message", json)


@group.command()
def logs(run_id: UUID, limit: Limit = 100, json: AsJson = False) -> None:
    """The log of a flow run, from its start."""
    found = _ask(lambda tools: tools.logs(run_id, limit=limit))
    if json:
        _show_one(found, json)
        return
    for line in found.lines:
        said = "\n  ".join(printable(part) for part in line.message.splitlines())
        head = f"{_cell(line.timestamp)} {_cell(line.level_name):<8} "
        typer.secho(head + said, fg="red" if (line.level or 0) >= 40 else None)
    if found.truncated:
        typer.echo("There may be more; see --limit.", err=True)


@group.command()
def task_runs(
    run_id: Annotated[UUID | None, typer.Option("--run", help="Those of this flow run.")] = None,
    name: Name = None,
    state: States = None,
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """Task runs."""
    states = _states(state)
    found = _ask(lambda tools: tools.task_runs(flow_run_id=run_id, name=name, states=states, limit=limit))
    _show(found, "id name state_name start_time duration_s retry_count", json)


@group.command()
def work_pools(
    name: WholeName = None,
    kind: Annotated[str | None, typer.Option("--type", help="Such as kubernetes.")] = None,
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """Work pools, and whether they are ready."""
    found = _ask(lambda tools: tools.work_pools(name=name, kind=kind, limit=limit))
    _show(found, "id name type status is_paused concurrency_limit", json)


@group.command()
def events(
    prefix: Annotated[str | None, typer.Option(help="Such as prefect.flow-run.")] = None,
    after: Annotated[datetime | None, typer.Option(help="UTC; default: the last hour.")] = None,
    before: Annotated[datetime | None, typer.Option(help="UTC.")] = None,
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """Events, the latest first."""
    since, until = _utc(after), _utc(before)
    found = _ask(lambda tools: tools.events(prefix=prefix, after=since, before=until, limit=limit))
    _show(found, "occurred event_type resource_name state_name flow_name", json)


@group.command()
def automations(
    name: WholeName = None,
    enabled: Annotated[bool | None, typer.Option("--enabled/--disabled", help="Only those.")] = None,
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """Automations."""
    found = _ask(lambda tools: tools.automations(name=name, enabled=enabled, limit=limit))
    _show(found, "id name enabled trigger_type action_count description", json)


@group.command()
def rate_limits(json: AsJson = False) -> None:
    """When Prefect Cloud turned requests away, in the last three days."""
    found = _ask(lambda tools: tools.rate_limits())
    if json:
        _show_one(found, json)
    else:
        _show(found.throttling_periods, "start end duration_minutes keys_affected", json)


@group.command()
def schema(
    of: Annotated[str, typer.Argument(metavar="OBJECT", help="automation is all that there is.")],
) -> None:
    """The JSON schema of an object, as JSON."""
    if of != "automation":
        raise typer.BadParameter("prefect-mcp has the schema of an automation only.")
    wanted: SchemaOf = "automation"
    _print_json(_ask(lambda tools: tools.object_schema(wanted), of_api=False))


@group.command()
def release_notes(version: Annotated[str, typer.Argument(help="Such as 3.4.0.")] = "latest") -> None:
    """The release notes of a version of Prefect, in Markdown, from the docs server."""
    for line in _ask(lambda tools: tools.release_notes(version), of_api=False).splitlines():
        typer.echo(printable(line))


# -- asking


def _ask(question: Callable[[PrefectTools], Awaitable[T]], *, of_api: bool = True) -> T:
    return _run(lambda _, tools: question(tools), of_api=of_api)


def _run(look: Callable[[PrefectMCP, PrefectTools], Awaitable[T]], *, of_api: bool = True) -> T:
    """Start prefect-mcp, look, and stop it."""
    from backend.services.prefect_mcp import PrefectMCP
    from backend.services.prefect_tools import PrefectTools

    settings = load_settings()
    # What goes wrong is one sentence at the end; the log would say it twice.
    set_up_logs("error" if settings.coach_log_level == "info" else settings.coach_log_level)
    _check(settings, of_api)

    async def asked() -> T:
        async with PrefectMCP.from_settings(settings, allowed=lambda _: False) as client:
            return await look(client, PrefectTools(client, ANSWER_SECONDS))

    try:
        return asyncio.run(asked())
    except CoachError as error:  # may repeat what a server said
        raise type(error)(printable(str(error))) from None


def _check(settings: Settings, of_api: bool) -> None:
    """UnusableSetting where the settings leave out prefect-mcp, or the Prefect API it is to ask.

    A prefect-mcp elsewhere may know its Prefect; a child of ours knows what it is given, or a profile.
    """
    if not settings.prefect_mcp_enabled:
        raise UnusableSetting("prefect-mcp is turned off; set PREFECT_MCP_ENABLED=true.")
    if not of_api:
        return
    if settings.prefect_mcp_transport == "docs":
        raise UnusableSetting("PREFECT_MCP_TRANSPORT=docs leaves Prefect out; set it to stdio, http or sse.")
    ours = settings.prefect_mcp_transport == "stdio" and not settings.prefect_mcp_use_profile
    if ours and settings.prefect_api_url is None:
        raise UnusableSetting("Set PREFECT_API_URL to your Prefect API, such as http://127.0.0.1:4200/api.")


def _states(given: list[str] | None) -> list[StateType]:
    from backend.services.prefect_objects import StateType

    known: tuple[StateType, ...] = get_args(StateType)
    wanted = {state.upper() for state in given or []}
    if unknown := wanted.difference(known):
        raise typer.BadParameter(f"{min(unknown)} is no state; there are {', '.join(known)}.")
    return [state for state in known if state in wanted]


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment else None


# -- printing


def printable(text: str) -> str:
    """The text with every character escaped that would move the cursor, colour, reorder or hide."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def _show(found: Sequence[BaseModel], columns: str, as_json: bool) -> None:
    """A table of these fields; in JSON, all fields."""
    if as_json:
        _print_json(found)
        return
    from rich.box import SIMPLE_HEAD
    from rich.table import Table

    names = columns.split()
    table = Table(box=SIMPLE_HEAD, pad_edge=False, padding=(0, 1))
    for name in names:
        table.add_column(name.replace("_", " "), overflow="fold", no_wrap=name == "id")
    for row in found:
        table.add_row(*(_text(getattr(row, name)) for name in names))
    _print_table(table)


def _show_one(found: BaseModel, as_json: bool) -> None:
    if as_json:
        _print_json(found)
        return
    for name, value in found:
        if isinstance(value, BaseModel):
            _show_one(value, as_json)
        else:
            typer.echo(f"{name.replace('_', ' '):<22} {_cell(value)}")


def _print_json(found: object) -> None:
    """In ASCII, so that nothing in it can act on a terminal."""
    typer.echo(jsons.dumps(to_jsonable_python(found), indent=2))


def _print_table(table: Table) -> None:
    from rich.console import Console

    console = Console() if sys.stdout.isatty() else Console(width=WIDE)
    console.print(table)
    if not table.row_count:
        typer.echo("None.", err=True)


def _text(value: object) -> Text:
    from rich.text import Text

    return Text(_cell(value))


def _cell(value: object) -> str:
    """One value on one line."""
    if value is None or value == []:
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.2f}"
    if isinstance(value, list):
        return ", ".join(_cell(each) for each in value)
    if isinstance(value, BaseModel):  # its first field names it
        return _cell(next(each for _, each in value))
    return printable(" ".join(str(value).split()))
