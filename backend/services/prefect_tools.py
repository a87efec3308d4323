"""The read-only tools of prefect-mcp, one typed call each.

A filter that Prefect does not know is ignored by it, and everything is listed; so filters are arguments
here, never a dictionary of the caller's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol, TypeVar
from uuid import UUID

from pydantic import BaseModel, JsonValue, ValidationError

from backend.errors import KnowledgeUnavailable, PrefectRefused, PrefectUnreachable
from backend.services.prefect_objects import (
    Automation,
    AutomationDetail,
    Dashboard,
    Deployment,
    DeploymentDetail,
    Event,
    Flow,
    FlowRun,
    FlowRunDetail,
    Identity,
    RateLimits,
    RunLog,
    StateType,
    TaskRun,
    WorkPool,
    WorkPoolDetail,
    Workspace,
)
from backend.services.tool_answers import JsonObject

MOST_ROWS = 200
"""Prefect's API lists no more at once, whatever prefect-mcp would take."""
MOST_EVENTS = 500

SchemaOf = Literal["automation"]
M = TypeVar("M", bound=BaseModel)


class Asked(Protocol):
    """What the calls go through: PrefectMCP."""

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, JsonValue],
        *,
        timeout: float,  # noqa: ASYNC109 -- a call's deadline is its promise
    ) -> JsonObject | str: ...

    async def release_notes(self, version: str, timeout: float) -> str: ...  # noqa: ASYNC109 -- as above


class PrefectTools:
    """Asks a Prefect server through prefect-mcp. Each call ends within `timeout_s` seconds.

    `workspace_id` is needed where prefect-mcp serves Prefect Cloud by OAuth, and refused elsewhere.
    Every call raises PrefectUnreachable where no answer comes, and PrefectRefused where it is an error.
    """

    def __init__(self, client: Asked, timeout_s: float, workspace_id: UUID | None = None) -> None:
        self._client = client
        self._timeout_s = timeout_s
        self._workspace: JsonObject = {"workspace_id": str(workspace_id)} if workspace_id else {}

    # -- the server

    async def orientation(self) -> str:
        """What prefect-mcp says of itself. Asks neither Prefect nor the docs, so it shows that it lives."""
        answer = await self._call("orientation", {})
        if not isinstance(answer, str):
            raise _odd("orientation")
        return answer

    async def identity(self) -> Identity:
        answer = await self._object("get_identity", self._workspace)
        return _read("get_identity", Identity, answer.get("identity"))

    async def workspaces(self) -> list[Workspace]:
        """The workspaces that a Prefect Cloud OAuth grant opens; PrefectRefused without one."""
        return await self._list("list_authorized_workspaces", "workspaces", Workspace)

    async def dashboard(self) -> Dashboard:
        return _read("get_dashboard", Dashboard, await self._object("get_dashboard", self._workspace))

    async def rate_limits(
        self, *, since: datetime | None = None, until: datetime | None = None
    ) -> RateLimits:
        """The last three days where no times are given. Prefect Cloud only; PrefectRefused elsewhere."""
        tool = "review_rate_limits"
        answer = await self._object(tool, {**self._workspace, **_given(since=_iso(since), until=_iso(until))})
        return _read(tool, RateLimits, answer)

    # -- what runs there. `name` is part of one, in any case, unless said otherwise.

    async def flows(self, *, name: str | None = None, tag: str | None = None, limit: int = 50) -> list[Flow]:
        where = _given(name=_like(name), tags=_has(tag))
        return await self._filtered("get_flows", "flows", Flow, where, limit)

    async def deployments(
        self,
        *,
        name: str | None = None,
        tag: str | None = None,
        paused: bool | None = None,
        limit: int = 50,
    ) -> list[Deployment]:
        where = _given(name=_like(name), tags=_has(tag))
        # Prefect's client drops a filter by `paused` and lists everything, so we choose among many.
        asked = limit if paused is None else MOST_ROWS
        found = await self._filtered("get_deployments", "deployments", Deployment, where, asked)
        return [each for each in found if paused is None or each.paused is paused][
            : _within(limit, MOST_ROWS)
        ]

    async def deployment(self, which: UUID | str) -> DeploymentDetail:
        """One by its id or slug (flow name/deployment name), with its parameters and latest runs."""
        if isinstance(which, str):
            found = await self.deployments(name=which.rpartition("/")[2], limit=MOST_ROWS)
            which = _the_one(which, "deployment", [each.id for each in found if each.slug == which])
        return await self._one("get_deployments", "deployments", DeploymentDetail, "deployment", which)

    async def flow_runs(
        self,
        *,
        name: str | None = None,
        states: Sequence[StateType] = (),
        tag: str | None = None,
        started_after: datetime | None = None,
        limit: int = 50,
    ) -> list[FlowRun]:
        """The latest started first."""
        state: JsonObject | None = {"type": {"any_": [*states]}} if states else None
        started: JsonObject | None = {"after_": started_after.isoformat()} if started_after else None
        where = _given(name=_like(name), state=state, tags=_has(tag), start_time=started)
        return await self._filtered("get_flow_runs", "flow_runs", FlowRun, where, limit)

    async def flow_run(self, run_id: UUID) -> FlowRunDetail:
        """One run, with its parameters and where it ran."""
        return await self._one("get_flow_runs", "flow_runs", FlowRunDetail, "flow run", run_id)

    async def task_runs(
        self,
        *,
        flow_run_id: UUID | None = None,
        name: str | None = None,
        states: Sequence[StateType] = (),
        limit: int = 50,
    ) -> list[TaskRun]:
        state: JsonObject | None = {"type": {"any_": [*states]}} if states else None
        of_run = _one_of(str(flow_run_id) if flow_run_id else None)
        where = _given(name=_like(name), state=state, flow_run_id=of_run)
        return await self._filtered("get_task_runs", "task_runs", TaskRun, where, limit)

    async def logs(self, flow_run_id: UUID, *, limit: int = 100) -> RunLog:
        """The first lines. A run that Prefect does not know has an empty log."""
        asked: JsonObject = {"flow_run_id": str(flow_run_id), "limit": _within(limit, MOST_ROWS)}
        answer = await self._object("get_flow_run_logs", {**self._workspace, **asked})
        return _read("get_flow_run_logs", RunLog, answer)

    async def work_pools(
        self,
        *,
        name: str | None = None,
        kind: str | None = None,
        limit: int = 50,
    ) -> list[WorkPool]:
        """By their whole name, by type such as "kubernetes"."""
        where = _given(name=_one_of(name), type=_one_of(kind))
        return await self._filtered("get_work_pools", "work_pools", WorkPool, where, limit)

    async def work_pool(self, name: str) -> WorkPoolDetail:
        """One by its whole name, with its queues and how many workers poll it."""
        found = _the_one(name, "work pool", [each.id for each in await self.work_pools(name=name)])
        return await self._one("get_work_pools", "work_pools", WorkPoolDetail, "work pool", found)

    async def automations(
        self, *, name: str | None = None, enabled: bool | None = None, limit: int = 50
    ) -> list[Automation]:
        """By their whole name, and by whether they are enabled; prefect-mcp heeds only one of the two."""
        where = _given(name=_one_of(name), enabled=_is(enabled))
        found = await self._filtered("get_automations", "automations", Automation, where, limit)
        return [each for each in found if enabled is None or each.enabled is enabled]

    async def automation(self, which: UUID | str) -> AutomationDetail:
        """One by its id or whole name, with its trigger and actions."""
        if isinstance(which, str):
            found = await self.automations(name=which)
            which = _the_one(which, "automation", [each.id for each in found])
        return await self._one("get_automations", "automations", AutomationDetail, "automation", which)

    async def events(
        self,
        *,
        prefix: str | None = None,
        after: datetime | None = None,
        before: datetime | None = None,
        limit: int = 50,
    ) -> list[Event]:
        """The latest first; of the last hour where no times are given. `prefix` as in prefect.flow-run."""
        asked = _given(event_type_prefix=prefix, occurred_after=_iso(after), occurred_before=_iso(before))
        asked["limit"] = _within(limit, MOST_EVENTS)
        return await self._list("read_events", "events", Event, {**self._workspace, **asked})

    # -- what Prefect is

    async def object_schema(self, of: SchemaOf) -> JsonObject:
        """The JSON schema of what one writes to make such an object."""
        return await self._object("get_object_schema", {"object_type": of})

    async def release_notes(self, version: str = "latest") -> str:
        """Markdown, from the docs server. DocsUnreachable where it does not answer."""
        return await self._client.release_notes(version, self._timeout_s)

    # -- asking

    async def _filtered(self, tool: str, named: str, kind: type[M], where: JsonObject, limit: int) -> list[M]:
        asked: JsonObject = {**self._workspace, "limit": _within(limit, MOST_ROWS)}
        return await self._list(tool, named, kind, {**asked, "filter": where} if where else asked)

    async def _one(self, tool: str, named: str, kind: type[M], what: str, which: UUID) -> M:
        """The one with this id. prefect-mcp tells more of what is asked for by id."""
        rows = await self._filtered(tool, named, kind, {"id": _one_of(str(which))}, 1)
        if not rows:
            raise PrefectRefused(f"Prefect knows no {what} {which}.")
        return rows[0]

    async def _list(
        self, tool: str, named: str, kind: type[M], arguments: JsonObject | None = None
    ) -> list[M]:
        rows = (await self._object(tool, arguments or {})).get(named)
        if not isinstance(rows, list):
            raise _odd(tool)
        return [_read(tool, kind, row) for row in rows[:MOST_EVENTS]]

    async def _object(self, tool: str, arguments: JsonObject) -> JsonObject:
        answer = await self._call(tool, arguments)
        if isinstance(answer, str):
            raise _odd(tool)
        return answer

    async def _call(self, tool: str, arguments: JsonObject) -> JsonObject | str:
        try:
            return await self._client.call(tool, arguments, timeout=self._timeout_s)
        except PrefectRefused as error:
            raise _explained(error) from None


def _the_one(name: str, what: str, ids: list[UUID]) -> UUID:
    if not ids:
        raise PrefectRefused(f"Prefect knows no {what} {name[:200]!r}.")
    if len(ids) > 1:
        raise PrefectRefused(f"Prefect knows {len(ids)} of the name {name[:200]!r}; ask by id.")
    return ids[0]


def _read(tool: str, kind: type[M], answer: JsonValue) -> M:
    try:
        return kind.model_validate(answer)
    except ValidationError:
        raise _odd(tool) from None


def _odd(tool: str) -> PrefectRefused:
    return PrefectRefused(f"prefect-mcp answered {tool} in another shape than this version expects.")


# -- filters


def _given(**values: JsonValue) -> JsonObject:
    return {name: value for name, value in values.items() if value is not None}


def _like(name: str | None) -> JsonObject | None:
    return {"like_": name} if name else None


def _has(tag: str | None) -> JsonObject | None:
    return {"all_": [tag]} if tag else None


def _one_of(value: str | None) -> JsonObject | None:
    return {"any_": [value]} if value else None


def _is(value: bool | None) -> JsonObject | None:
    return None if value is None else {"eq_": value}


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None


def _within(limit: int, most: int) -> int:
    return max(1, min(limit, most))


# -- errors. prefect-mcp passes on what Prefect's client said, in its words.

_NO_CREDENTIALS = "Prefect's API refused the credentials; check PREFECT_API_KEY or PREFECT_API_AUTH_STRING."
_NO_URL = "prefect-mcp was given no Prefect API to ask; set PREFECT_API_URL."
_NO_SERVER = "Prefect's API cannot be reached; check PREFECT_API_URL, and that the server runs."
_TOO_NEW = "Prefect's API refused its own client's request (422), as it does beside FastAPI 0.151 and newer."
_NO_AUTOMATION = "Prefect knows no automation with this id."
_NO_API = "There is no Prefect API at PREFECT_API_URL (404); it usually ends in /api."
_NOT_CLOUD = "Only Prefect Cloud answers this, and PREFECT_API_URL is another server."

_MEANINGS: tuple[tuple[str, type[KnowledgeUnavailable], str], ...] = (
    (r"\b40[13] (Unauthorized|Forbidden)", PrefectRefused, _NO_CREDENTIALS),
    (r"No Prefect API URL", PrefectUnreachable, _NO_URL),
    (r"connection attempts failed|Name or service not known|disconnected", PrefectUnreachable, _NO_SERVER),
    (r"Automation not found", PrefectRefused, _NO_AUTOMATION),
    (r"\b40[45] (Not Found|Method Not Allowed)", PrefectRefused, _NO_API),
    (r"\b422 Unprocessable", PrefectRefused, _TOO_NEW),
    (r"Unknown tool: '(review_rate_limits|list_authorized_workspaces)", PrefectRefused, _NOT_CLOUD),
)


def _explained(error: PrefectRefused) -> KnowledgeUnavailable:
    """The error in our words where we know what it means, else as it is."""
    for pattern, kind, sentence in _MEANINGS:
        if re.search(pattern, str(error)):
            return kind(sentence)
    return error
