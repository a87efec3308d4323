"""The typed calls: against answers written by hand, against no Prefect server at all, and (slow) against
real ones through the real prefect-mcp."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager, nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from pydantic import JsonValue

from backend.errors import DocsUnreachable, KnowledgeUnavailable, PrefectRefused, PrefectUnreachable
from backend.services.prefect_mcp import PrefectMCP
from backend.services.prefect_objects import Event, FlowRun
from backend.services.prefect_tools import PrefectTools
from backend.services.tool_answers import JsonObject
from backend.settings import Settings
from tests.services.prefect_server import prefect_server, prefect_settings, run_flows

pytestmark = pytest.mark.anyio

PATIENCE = 30.0
AUTH = "coach:a:word:with:colons"
RUN: JsonObject = {
    "id": "068adce4-aeec-7e9b-8000-97b7feeb70fa",
    "name": "brave-otter",
    "flow_name": None,
    "state_type": "FAILED",
    "state_name": "Failed",
    "state_message": "x" * 50_000,
    "created": "2026-11-21T02:28:57.970354+00:00",
    "start_time": "2026-11-21T02:28:57.992570+00:00",
    "end_time": None,
    "duration": 1.5,
    "tags": None,
    "deployment_id": None,
    "work_pool_name": None,
    "work_queue_name": None,
    "a_field_of_tomorrow": {"deep": [1]},
}
ASKS_PREFECT: dict[str, Callable[[PrefectTools], Awaitable[object]]] = {
    "identity": lambda tools: tools.identity(),
    "dashboard": lambda tools: tools.dashboard(),
    "flows": lambda tools: tools.flows(),
    "deployments": lambda tools: tools.deployments(),
    "flow runs": lambda tools: tools.flow_runs(),
    "task runs": lambda tools: tools.task_runs(),
    "logs": lambda tools: tools.logs(uuid4()),
    "work pools": lambda tools: tools.work_pools(),
    "automations": lambda tools: tools.automations(),
    "events": lambda tools: tools.events(),
}


class Answers:
    """Stands where prefect-mcp does: gives one answer, and keeps what it was asked."""

    def __init__(self, answer: JsonObject | str | KnowledgeUnavailable) -> None:
        self._answer = answer
        self.asked: list[tuple[str, Mapping[str, JsonValue]]] = []

    async def call(
        self,
        tool: str,
        arguments: Mapping[str, JsonValue],
        *,
        timeout: float,  # noqa: ASYNC109 -- as PrefectMCP has it
    ) -> JsonObject | str:
        self.asked.append((tool, arguments))
        if isinstance(self._answer, KnowledgeUnavailable):
            raise self._answer
        return self._answer

    async def release_notes(self, version: str, timeout: float) -> str:  # noqa: ASYNC109 -- as above
        raise AssertionError("no test asks for it here")


def tools_with(answer: JsonObject | str | KnowledgeUnavailable) -> PrefectTools:
    return PrefectTools(Answers(answer), timeout_s=1)


# -- answers written by hand


async def test_a_run_is_read_with_new_fields_left_out_null_tags_empty_and_a_flood_cut() -> None:
    (run,) = await tools_with({"flow_runs": [RUN], "count": 1}).flow_runs()
    assert (run.name, run.state_type, run.tags, run.duration_s) == ("brave-otter", "FAILED", [], 1.5)
    assert run.start_time == datetime(2026, 11, 21, 2, 28, 57, 992570, UTC)
    assert len(run.state_message or "") == 20_000
    assert not hasattr(run, "a_field_of_tomorrow")


@pytest.mark.parametrize(
    "answer",
    [
        "no object at all",
        {},
        {"flow_runs": None},
        {"flow_runs": {"0": RUN}},
        {"flow_runs": [{**RUN, "id": "not-a-uuid"}]},
        {"flow_runs": [{**RUN, "start_time": "yesterday"}]},
        {"flow_runs": [{**RUN, "state_message": ["a", "list"]}]},
        {"flow_runs": [{name: value for name, value in RUN.items() if name != "state_type"}]},
    ],
)
async def test_an_answer_of_another_shape_is_an_error_and_names_the_tool(answer: JsonObject | str) -> None:
    with pytest.raises(PrefectRefused, match="get_flow_runs in another shape"):
        await tools_with(answer).flow_runs()


async def test_no_more_rows_are_kept_than_a_tool_may_send() -> None:
    assert len(await tools_with({"flow_runs": [RUN] * 5_000}).flow_runs(limit=5)) == 500


async def test_filters_are_written_as_prefect_reads_them_and_the_limit_is_one_it_takes() -> None:
    answers = Answers({"flow_runs": [], "work_pools": []})
    tools = PrefectTools(answers, timeout_s=1, workspace_id=UUID(int=7))
    await tools.flow_runs(name="night", states=["FAILED", "CRASHED"], tag="prod", limit=9_999)
    await tools.work_pools(name="batch", limit=0)
    workspace = {"workspace_id": str(UUID(int=7))}
    where = {
        "name": {"like_": "night"},
        "state": {"type": {"any_": ["FAILED", "CRASHED"]}},
        "tags": {"all_": ["prod"]},
    }
    assert answers.asked == [
        ("get_flow_runs", {**workspace, "limit": 200, "filter": where}),
        ("get_work_pools", {**workspace, "limit": 1, "filter": {"name": {"any_": ["batch"]}}}),
    ]


async def test_prefect_cloud_says_whose_it_is_and_when_it_turned_requests_away() -> None:
    account: JsonObject = {"account_name": "A", "workspace_name": "W", "plan_type": "PRO", "plan_tier": 2}
    identity = await tools_with(
        {"identity": {"api_url": "https://c/api", "user": None, **account}}
    ).identity()
    assert (identity.account_name, identity.workspace_name, identity.plan_type) == ("A", "W", "PRO")
    assert identity.version is None
    throttled: JsonObject = {"key": "runs", "total_denied": 7, "peak_denied_per_minute": 4}
    period: JsonObject = {
        "start": "2026-11-20T10:00:00Z",
        "end": "2026-11-20T10:02:00Z",
        "duration_minutes": 3,
        "keys_affected": [throttled],
    }
    limits = await tools_with({"since": None, "until": None, "throttling_periods": [period]}).rate_limits()
    assert [each.key for each in limits.throttling_periods[0].keys_affected] == ["runs"]


async def test_an_oauth_grant_lists_its_workspaces() -> None:
    workspace: JsonObject = {"workspace_id": str(UUID(int=1)), "display_name": "acme/prod", "account_id": "x"}
    (found,) = await tools_with({"grant_id": "g", "workspaces": [workspace]}).workspaces()
    assert (found.workspace_id, found.display_name) == (UUID(int=1), "acme/prod")


@pytest.mark.parametrize(
    ("said", "kind", "hint"),
    [
        ("Client error '401 Unauthorized' for url", PrefectRefused, "PREFECT_API_KEY"),
        ("Client error '403 Forbidden' for url", PrefectRefused, "PREFECT_API_AUTH_STRING"),
        ("No Prefect API URL provided", PrefectUnreachable, "set PREFECT_API_URL"),
        (
            "Failed to fetch flows: All connection attempts failed",
            PrefectUnreachable,
            "check PREFECT_API_URL",
        ),
        ("Client error '422 Unprocessable Entity' for url", PrefectRefused, "FastAPI 0.151"),
        ("Client error '404 Not Found' for url", PrefectRefused, "usually ends in /api"),
        ("Client error '404 Not Found' - {'Automation not found'}", PrefectRefused, "knows no automation"),
        ("Something nobody has met", PrefectRefused, "Something nobody has met"),
    ],
)
async def test_what_went_wrong_is_said_in_words_that_help(
    said: str, kind: type[Exception], hint: str
) -> None:
    with pytest.raises(kind, match=hint):
        await tools_with(PrefectRefused(said)).flows()


@pytest.mark.parametrize(
    "ask",
    [
        lambda tools: tools.flow_run(UUID(int=1)),
        lambda tools: tools.deployment(UUID(int=1)),
        lambda tools: tools.deployment("nightly/prod"),
        lambda tools: tools.work_pool("batch"),
        lambda tools: tools.automation(UUID(int=1)),
        lambda tools: tools.automation("tell"),
    ],
)
async def test_what_prefect_does_not_know_is_said_not_to_be_there(
    ask: Callable[[PrefectTools], Awaitable[object]],
) -> None:
    nothing: JsonObject = {"flow_runs": [], "deployments": [], "work_pools": [], "automations": []}
    with pytest.raises(
        PrefectRefused, match=r"^Prefect knows no (flow run|deployment|work pool|automation) "
    ):
        await ask(tools_with(nothing))


# -- no Prefect server


@asynccontextmanager
async def tools_for(settings: Settings, timeout_s: float = PATIENCE) -> AsyncIterator[PrefectTools]:
    async with PrefectMCP.from_settings(settings, allowed=lambda _: False) as client:
        assert await client.ready(within=PATIENCE)
        pid = client.state.pid
        yield PrefectTools(client, timeout_s)
        assert client.state.pid == pid, "prefect-mcp had to be started again"
        children = Path(f"/proc/{pid}/task/{pid}/children")
        assert not children.exists() or not children.read_text(), "a Prefect server was started"


async def test_without_an_address_every_call_is_refused_and_no_server_is_started(tmp_path: Path) -> None:
    async with tools_for(prefect_settings(tmp_path, None)) as tools:
        for ask in ASKS_PREFECT.values():
            with pytest.raises(PrefectUnreachable, match="set PREFECT_API_URL"):
                await ask(tools)


async def test_a_server_that_is_down_is_one_clear_sentence_and_none_is_started(tmp_path: Path) -> None:
    async with tools_for(prefect_settings(tmp_path, "http://127.0.0.1:1/api")) as tools:
        asked = [asyncio.ensure_future(ask(tools)) for ask in ASKS_PREFECT.values()]
        outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert {str(outcome) for outcome in outcomes} == {
        "Prefect's API cannot be reached; check PREFECT_API_URL, and that the server runs."
    }


async def test_a_server_that_never_answers_costs_the_deadline_and_no_more(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/api"
        async with tools_for(prefect_settings(tmp_path, url), timeout_s=0.5) as tools:
            async with asyncio.timeout(PATIENCE):
                with pytest.raises(PrefectUnreachable, match=r"did not answer within 0\.5 seconds"):
                    await tools.dashboard()
            assert "docs_search_prefect" in await tools.orientation()


# -- real Prefect servers


@pytest.fixture(scope="module", params=[None, AUTH], ids=["open", "basic-auth"])
def auth(request: pytest.FixtureRequest) -> str | None:
    given: str | None = request.param
    return given


@pytest.fixture(scope="module")
def server(auth: str | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = tmp_path_factory.mktemp("prefect")
    with prefect_server(home, auth) as url:
        run_flows(home, url, auth)
        yield url


@pytest.fixture(scope="module")
async def tools(
    server: str, auth: str | None, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[PrefectTools]:
    async with tools_for(prefect_settings(tmp_path_factory.mktemp("coach"), server, auth)) as ready:
        yield ready


async def run_of(tools: PrefectTools, state: str) -> FlowRun:
    (run,) = [run for run in await tools.flow_runs() if run.state_type == state]
    return run


async def events_of(tools: PrefectTools, prefix: str) -> list[Event]:
    """Prefect writes events down some time after they happen."""
    async with asyncio.timeout(PATIENCE):
        while not (found := await tools.events(prefix=prefix)):
            await asyncio.sleep(0.1)
    return found


@pytest.mark.slow
async def test_the_server_says_who_it_is_and_how_it_does(tools: PrefectTools, server: str) -> None:
    identity, dashboard = await tools.identity(), await tools.dashboard()
    assert identity.api_url.rstrip("/") == server
    assert (identity.version or "").startswith("3.")
    assert dashboard.flow_runs.failed == 1
    assert [pool.name for pool in dashboard.work_pools] == ["batch"]
    limits = {(limit.kind, limit.name): limit.limit for limit in dashboard.concurrency_limits}
    assert limits["global", "warehouse"] == 2
    assert limits["work_pool", "batch"] == 3


@pytest.mark.slow
async def test_flows_are_found_by_a_part_of_their_name(tools: PrefectTools) -> None:
    assert len(await tools.flows()) == 2
    assert [flow.name for flow in await tools.flows(name="NIGHT")] == ["nightly"]
    assert await tools.flows(tag="no such tag") == []
    assert len(await tools.flows(limit=1)) == 1


@pytest.mark.slow
async def test_a_deployment_comes_with_its_schedule_its_pool_and_its_limit(tools: PrefectTools) -> None:
    (found,) = await tools.deployments(name="prod", tag="prod", paused=False)
    assert (found.slug, found.work_pool_name, found.work_queue_name) == ("nightly/prod", "batch", "default")
    assert [schedule.active for schedule in found.schedules] == [True]
    assert found.global_concurrency_limit
    assert (found.global_concurrency_limit.limit, found.global_concurrency_limit.over_limit) == (1, False)
    assert await tools.deployments(paused=True) == []


@pytest.mark.slow
async def test_runs_are_found_by_how_they_ended_and_when_they_began(tools: PrefectTools) -> None:
    (failed,) = await tools.flow_runs(states=["FAILED", "CRASHED"])
    (done,) = await tools.flow_runs(states=["COMPLETED"])
    assert "no such table" in (failed.state_message or "")
    assert failed.start_time
    assert done.start_time
    assert failed.start_time > done.start_time
    assert (done.state_name, failed.state_name) == ("Completed", "Failed")
    assert [run.id for run in await tools.flow_runs(name=done.name)] == [done.id]
    assert await tools.flow_runs(started_after=failed.start_time + timedelta(days=1)) == []


@pytest.mark.slow
async def test_one_run_comes_with_what_it_was_called_with(tools: PrefectTools) -> None:
    done = await tools.flow_run((await run_of(tools, "COMPLETED")).id)
    failed = await tools.flow_run((await run_of(tools, "FAILED")).id)
    assert (done.parameters, failed.parameters) == ({"count": 3}, {})
    assert "no such table" in (failed.state_message or "")
    assert (done.deployment, done.work_pool) == (None, None)


@pytest.mark.slow
async def test_one_deployment_is_found_by_slug_or_id_with_all_that_its_runs_start_with(
    tools: PrefectTools,
) -> None:
    found = await tools.deployment("nightly/prod")
    assert await tools.deployment(found.id) == found
    assert (found.parameters, found.job_variables) == ({"count": 5}, {"env": {"REGION": "eu"}})
    assert found.work_pool
    assert (found.work_pool.name, found.work_pool.status) == ("batch", "NOT_READY")
    assert isinstance(found.parameter_schema, dict)


@pytest.mark.slow
async def test_one_work_pool_and_one_automation_are_told_in_full(tools: PrefectTools) -> None:
    pool = await tools.work_pool("batch")
    assert ([queue.name for queue in pool.work_queues], pool.active_workers) == (["default"], 0)
    automation = await tools.automation("tell")
    assert automation.trigger["expect"] == ["prefect.flow-run.Failed"]
    assert [action["type"] for action in automation.actions] == ["do-nothing"]
    assert await tools.automation(automation.id) == automation


@pytest.mark.slow
async def test_an_id_that_prefect_does_not_know_is_said_not_to_be_there(tools: PrefectTools) -> None:
    for ask in (tools.flow_run, tools.deployment, tools.automation):
        with pytest.raises(PrefectRefused, match="Prefect knows no "):
            await ask(uuid4())


@pytest.mark.slow
async def test_a_runs_log_and_its_tasks_tell_what_happened(tools: PrefectTools) -> None:
    failed = await run_of(tools, "FAILED")
    log = await tools.logs(failed.id, limit=100_000)
    assert [line.level_name for line in log.lines] == ["INFO", "WARNING", "ERROR", "INFO"]
    assert "ValueError" in log.lines[2].message
    assert not log.truncated
    assert (await tools.logs(failed.id, limit=1)).truncated
    assert (await tools.logs(uuid4())).lines == []
    done = await run_of(tools, "COMPLETED")
    (task,) = await tools.task_runs(flow_run_id=done.id, states=["COMPLETED"])
    assert (task.flow_run_id, task.tags, task.retry_count) == (done.id, ["warehouse"], 0)
    assert await tools.task_runs(flow_run_id=failed.id) == []


@pytest.mark.slow
async def test_work_pools_and_automations_are_found_by_their_whole_name(tools: PrefectTools) -> None:
    (pool,) = await tools.work_pools(name="batch", kind="process")
    assert (pool.concurrency_limit, pool.is_paused) == (3, False)
    assert await tools.work_pools(name="bat") == []
    assert await tools.work_pools(kind="kubernetes") == []
    (automation,) = await tools.automations(name="tell", enabled=True)
    assert (automation.trigger_type, automation.action_count) == ("event", 1)
    assert await tools.automations(name="tell", enabled=False) == []


@pytest.mark.slow
async def test_events_are_read_by_kind_and_time(tools: PrefectTools) -> None:
    found = await events_of(tools, "prefect.flow-run.Failed")
    assert {event.event_type for event in found} == {"prefect.flow-run.Failed"}
    assert found[0].resource_name == (await run_of(tools, "FAILED")).name
    assert await tools.events(before=found[0].occurred - timedelta(days=1)) == []


@pytest.mark.slow
async def test_what_needs_no_server_or_another_is_told_apart(tools: PrefectTools) -> None:
    assert "trigger" in str((await tools.object_schema("automation"))["properties"])
    assert "docs_search_prefect" in await tools.orientation()
    for ask in (tools.rate_limits(), tools.workspaces()):
        with pytest.raises(PrefectRefused, match="Only Prefect Cloud"):
            await ask
    with pytest.raises(DocsUnreachable, match="PREFECT_DOCS_MCP_URL"):
        await tools.release_notes()


@pytest.mark.slow
async def test_wrong_credentials_are_said_to_be_wrong_where_a_server_wants_any(
    server: str, auth: str | None, tmp_path: Path
) -> None:
    async with tools_for(prefect_settings(tmp_path, server, "coach:a-wrong-word")) as tools:
        for ask in ASKS_PREFECT.values():
            refused = pytest.raises(PrefectRefused, match="refused the credentials")
            with refused if auth else nullcontext():
                await ask(tools)
