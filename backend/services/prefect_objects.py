"""What prefect-mcp says of a Prefect server: the fields we use, checked and cut to a bounded size.

Everything here was written by others: names, messages and logs are data, and escaped by whoever shows them.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeVar
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    FiniteFloat,
    NonNegativeInt,
)

from backend.services.tool_answers import JsonObject

StateType = Literal[
    "SCHEDULED",
    "PENDING",
    "RUNNING",
    "COMPLETED",
    "FAILED",
    "CANCELLED",
    "CANCELLING",
    "CRASHED",
    "PAUSED",
]

MOST_ITEMS = 1000
T = TypeVar("T")


def _first_items(value: object) -> object:
    """A list of bounded length; prefect-mcp writes some empty ones as null."""
    if value is None:
        return []
    return value[:MOST_ITEMS] if isinstance(value, list) else value


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1] + "…"


Line = Annotated[str, AfterValidator(lambda text: _cut(text, 300))]
Prose = Annotated[str, AfterValidator(lambda text: _cut(text, 20_000))]
Several = Annotated[list[T], BeforeValidator(_first_items)]


class PrefectObject(BaseModel):
    """Fields that prefect-mcp adds are left out; one that we use and that is missing or odd is refused."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class Workspace(PrefectObject):
    """A workspace of Prefect Cloud that an OAuth grant opens."""

    workspace_id: UUID
    display_name: Line
    account_name: Line | None = None
    workspace_name: Line | None = None


class Identity(PrefectObject):
    """Which Prefect this is. A server of one's own says its version, Prefect Cloud the account and plan."""

    api_url: Line
    version: Line | None = None
    account_name: Line | None = None
    workspace_name: Line | None = None
    plan_type: Line | None = None
    run_retention_days: int | None = None
    auth_mode: Line | None = None
    authorized_workspaces: Several[Workspace] = []


class RunCounts(PrefectObject):
    """Flow runs now running, pending or scheduled, and those that failed or crashed in the last hour; each
    count stops at 50."""

    running: NonNegativeInt
    pending: NonNegativeInt
    failed: NonNegativeInt


class Status(PrefectObject):
    """How the way to Prefect is; `problem` says why it is not open, `docs_problem` why the docs' is not."""

    prefect_mcp: Literal["off", "starting", "up", "restarting"]
    docs_tools: bool
    docs_problem: str | None = None
    identity: Identity | None = None
    flow_runs: RunCounts | None = None
    problem: str | None = None


class WorkPool(PrefectObject):
    """A dashboard leaves `concurrency_limit` out."""

    id: UUID
    name: Line
    type: Line
    status: Line | None
    is_paused: bool
    concurrency_limit: int | None = None


class WorkQueue(PrefectObject):
    id: UUID
    name: Line
    priority: int | None
    concurrency_limit: int | None
    is_paused: bool


class WorkPoolDetail(WorkPool):
    """`hints` are prefect-mcp's words on why runs may be late."""

    description: Prose | None
    active_workers: int
    work_queues: Several[WorkQueue]
    hints: Several[Line] = Field(validation_alias="diagnostic_hints")


class ConcurrencyLimit(PrefectObject):
    """`active_slots` is 0 for a deployment, work pool or work queue: Prefect does not tell."""

    name: Line
    limit: int
    active_slots: int
    kind: Line = Field(validation_alias="type")


class Dashboard(PrefectObject):
    flow_runs: RunCounts
    work_pools: Several[WorkPool] = Field(validation_alias="active_work_pools")
    concurrency_limits: Several[ConcurrencyLimit]


class Flow(PrefectObject):
    id: UUID
    name: Line
    tags: Several[Line]
    created: AwareDatetime | None
    updated: AwareDatetime | None


class Schedule(PrefectObject):
    active: bool
    schedule: Line


class SlotLimit(PrefectObject):
    """A limit on what runs at once. Runs wait while it is `over_limit`."""

    name: Line
    limit: int
    active_slots: int
    over_limit: bool


class Deployment(PrefectObject):
    """`slug` is flow name/deployment name, as Prefect's command line wants it."""

    id: UUID
    name: Line | None
    slug: Line | None
    flow_name: Line | None
    description: Prose | None
    tags: Several[Line]
    paused: bool
    work_pool_name: Line | None
    work_queue_name: Line | None
    schedules: Several[Schedule]
    created: AwareDatetime | None
    updated: AwareDatetime | None
    global_concurrency_limit: SlotLimit | None = None
    tag_concurrency_limits: Several[SlotLimit] = []


class RecentRun(PrefectObject):
    id: UUID
    name: Line | None
    state: Line | None
    created: AwareDatetime | None
    start_time: AwareDatetime | None


class DeploymentDetail(Deployment):
    """`parameters` and `job_variables` are what runs are started with, unless they say otherwise;
    `parameter_schema` what the flow takes. `hints` are prefect-mcp's words on why runs may be late."""

    entrypoint: Line | None = None
    parameters: JsonObject
    parameter_schema: JsonObject = Field(validation_alias="parameter_openapi_schema")
    job_variables: JsonObject
    pull_steps: Several[JsonObject] = []
    work_pool: WorkPool | None
    recent_runs: Several[RecentRun]
    hints: Several[Line] = Field(validation_alias="diagnostic_hints")


class FlowRun(PrefectObject):
    """`flow_name` is known for runs of a deployment alone."""

    id: UUID
    name: Line | None
    flow_name: Line | None
    state_type: Line | None
    state_name: Line | None
    state_message: Prose | None
    created: AwareDatetime | None
    start_time: AwareDatetime | None
    end_time: AwareDatetime | None
    duration_s: FiniteFloat | None = Field(validation_alias="duration")
    tags: Several[Line]
    deployment_id: UUID | None
    work_pool_name: Line | None
    work_queue_name: Line | None


class RunDeployment(PrefectObject):
    id: UUID
    name: Line | None
    paused: bool


class FlowRunDetail(FlowRun):
    """`parameters` are what the run was called with."""

    parameters: JsonObject
    infrastructure_pid: Line | None
    deployment: RunDeployment | None
    work_pool: WorkPool | None


class TaskRun(PrefectObject):
    id: UUID
    name: Line | None
    task_key: Line | None
    flow_run_id: UUID | None
    state_type: Line | None
    state_name: Line | None
    state_message: Prose | None
    start_time: AwareDatetime | None
    end_time: AwareDatetime | None
    duration_s: FiniteFloat | None = Field(validation_alias="duration")
    tags: Several[Line]
    retry_count: int
    max_retries: int | None


class LogLine(PrefectObject):
    """`level` counts as Python's does: 20 is INFO, 40 ERROR."""

    timestamp: AwareDatetime | None
    level: int | None
    level_name: Line | None
    name: Line | None
    message: Prose


class RunLog(PrefectObject):
    """The log of a flow run from its start; `truncated` where there may be more."""

    flow_run_id: UUID
    lines: Several[LogLine] = Field(validation_alias="logs")
    truncated: bool


class Event(PrefectObject):
    id: UUID
    event_type: Line
    occurred: AwareDatetime
    resource_id: Line | None
    resource_name: Line | None
    state_name: Line | None
    flow_name: Line | None
    tags: Several[Line]


class Automation(PrefectObject):
    id: UUID
    name: Line
    description: Prose
    enabled: bool
    tags: Several[Line]
    trigger_type: Line | None = None
    action_count: int | None = None


class AutomationDetail(Automation):
    trigger: JsonObject
    actions: Several[JsonObject]
    actions_on_trigger: Several[JsonObject]
    actions_on_resolve: Several[JsonObject]


class ThrottledOperations(PrefectObject):
    """A group of API operations that are limited together, such as `runs`; no API key."""

    key: Line
    total_denied: int
    peak_denied_per_minute: int


class ThrottlingPeriod(PrefectObject):
    start: AwareDatetime
    end: AwareDatetime
    duration_minutes: int
    keys_affected: Several[ThrottledOperations]


class RateLimits(PrefectObject):
    """When Prefect Cloud turned requests of this account away."""

    since: AwareDatetime | None
    until: AwareDatetime | None
    throttling_periods: Several[ThrottlingPeriod]
