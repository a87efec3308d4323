"""`call-coach prefect`: what a Prefect server says of itself, asked through prefect-mcp, which only reads.

What Prefect says was written by others. It is shown with everything escaped that a terminal would obey.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, TypeVar, get_args
from uuid import UUID

import typer
from pydantic import BaseModel

from backend.errors import CoachError, KnowledgeUnavailable, UnusableSetting
from backend.logs import set_up_logs
from backend.settings import Settings, load_settings
from backend.terminal import cell, print_fields, print_json, print_rows, printable

if TYPE_CHECKING:
    from backend.services.prefect_mcp import PrefectMCP
    from backend.services.prefect_objects import RunLog, StateType
    from backend.services.prefect_tools import PrefectTools, SchemaOf

ANSWER_SECONDS = 30.0
"""For one answer, with the start of prefect-mcp."""

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
        if not client.state.docs_tools:
            try:
                await tools.release_notes("latest")  # the failure says why
            except KnowledgeUnavailable as problem:
                found["docs_problem"] = str(problem)
        state = client.state
        return Status(prefect_mcp=state.state, docs_tools=state.docs_tools, **found)

    seen = _run(look)
    _one(seen, json)
    if seen.problem:
        raise typer.Exit(1)


@group.command()
def identity(json: AsJson = False) -> None:
    """Which Prefect this is, and its version or plan."""
    _one(_ask(lambda tools: tools.identity()), json)


@group.command()
def dashboard(json: AsJson = False) -> None:
    """Runs by state, work pools and what limits concurrency."""
    found = _ask(lambda tools: tools.dashboard())
    if json:
        _one(found, json)
        return
    _one(found.flow_runs, json)
    typer.echo()
    _rows(found.work_pools, "name=work_pool type status is_paused=paused", json)
    if found.concurrency_limits:
        typer.echo()
        _rows(found.concurrency_limits, "name=concurrency_limit kind limit active_slots=taken", json)


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
    _rows(found, "id slug work_pool_name=work_pool paused tags updated", json)


@group.command()
def deployment(
    which: Annotated[str, typer.Argument(metavar="ID", help="Its id, or flow name/deployment name.")],
    json: AsJson = False,
) -> None:
    """One deployment: its parameters, job variables and latest runs.

    Values whose names say password, secret, token, key or credential are masked; --json prints them.
    """
    _one(_ask(lambda tools: tools.deployment(_id_or_name(which))), json)


@group.command()
def flows(name: Name = None, tag: Tag = None, limit: Limit = 50, json: AsJson = False) -> None:
    """Flows."""
    found = _ask(lambda tools: tools.flows(name=name, tag=tag, limit=limit))
    _rows(found, "id name tags updated", json)


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
    _rows(found, "id name state_name=state start_time=started duration_s=took state_message=message", json)


@group.command()
def run(run_id: UUID, json: AsJson = False) -> None:
    """One flow run: how it went, and with what parameters.

    Values whose names say password, secret, token, key or credential are masked; --json prints them.
    """
    _one(_ask(lambda tools: tools.flow_run(run_id)), json)


@group.command()
def logs(run_id: UUID, limit: Limit = 100, json: AsJson = False) -> None:
    """The log of a flow run, from its start."""

    async def read(tools: PrefectTools) -> RunLog:
        found = await tools.logs(run_id, limit=limit)
        if not found.lines:
            await tools.flow_run(run_id)  # says that there is no such run, where there is none
        return found

    found = _ask(read)
    if json:
        _one(found, json)
        return
    for line in found.lines:
        said = "\n  ".join(printable(part) for part in line.message.splitlines())
        head = f"{cell(line.timestamp)} {cell(line.level_name):<8} "
        typer.secho(head + said, fg="red" if (line.level or 0) >= 40 else None)
    if not found.lines:
        typer.echo("Nothing was logged.", err=True)
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
    _rows(found, "id name state_name=state start_time=started duration_s=took retry_count=retries", json)


@group.command()
def work_pools(
    name: WholeName = None,
    kind: Annotated[str | None, typer.Option("--type", help="Such as kubernetes.")] = None,
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """Work pools, and whether they are ready."""
    found = _ask(lambda tools: tools.work_pools(name=name, kind=kind, limit=limit))
    _rows(found, "id name type status is_paused=paused concurrency_limit=limit", json)


@group.command()
def work_pool(name: str, json: AsJson = False) -> None:
    """One work pool: its workers and queues, and why runs may be late."""
    _one(_ask(lambda tools: tools.work_pool(name)), json)


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
    _rows(found, "occurred event_type=event resource_name=of state_name=state flow_name=flow", json)


@group.command()
def automations(
    name: WholeName = None,
    enabled: Annotated[bool | None, typer.Option("--enabled/--disabled", help="Only those.")] = None,
    limit: Limit = 50,
    json: AsJson = False,
) -> None:
    """Automations."""
    found = _ask(lambda tools: tools.automations(name=name, enabled=enabled, limit=limit))
    _rows(found, "id name enabled trigger_type=trigger action_count=actions description", json)


@group.command()
def automation(
    which: Annotated[str, typer.Argument(metavar="ID", help="Its id or whole name.")], json: AsJson = False
) -> None:
    """One automation: its trigger and actions."""
    _one(_ask(lambda tools: tools.automation(_id_or_name(which))), json)


@group.command()
def workspaces(json: AsJson = False) -> None:
    """The workspaces of Prefect Cloud that an OAuth grant opens."""
    _rows(_ask(lambda tools: tools.workspaces()), "workspace_id=id display_name=name account_name", json)


@group.command()
def orientation() -> None:
    """What prefect-mcp says of itself; Prefect is not asked."""
    _lines(_ask(lambda tools: tools.orientation(), of_api=False))


@group.command()
def rate_limits(json: AsJson = False) -> None:
    """When Prefect Cloud turned requests away, in the last three days."""
    found = _ask(lambda tools: tools.rate_limits())
    if json:
        _one(found, json)
    else:
        _rows(found.throttling_periods, "start end duration_minutes keys_affected", json)


@group.command()
def schema(
    of: Annotated[str, typer.Argument(metavar="OBJECT", help="automation is all that there is.")],
) -> None:
    """The JSON schema of an object, as JSON."""
    if of != "automation":
        raise typer.BadParameter("prefect-mcp has the schema of an automation only.")
    wanted: SchemaOf = "automation"
    print_json(_ask(lambda tools: tools.object_schema(wanted), of_api=False))


@group.command()
def release_notes(version: Annotated[str, typer.Argument(help="Such as 3.4.0.")] = "latest") -> None:
    """The release notes of a version of Prefect, in Markdown, from the docs server."""
    _lines(_ask(lambda tools: tools.release_notes(version), of_api=False))


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


def _id_or_name(given: str) -> UUID | str:
    try:
        return UUID(given)
    except ValueError:
        return given


# -- showing


def _rows(found: Sequence[BaseModel], columns: str, as_json: bool) -> None:
    """A table of these columns; in JSON, all fields."""
    if as_json:
        print_json(found)
    else:
        print_rows(found, columns)


def _one(found: BaseModel, as_json: bool) -> None:
    if as_json:
        print_json(found)
    else:
        print_fields(found)


def _lines(text: str) -> None:
    for line in text.splitlines():
        typer.echo(printable(line))
