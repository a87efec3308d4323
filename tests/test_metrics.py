"""/metrics, scraped from the real service."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as plain_text

from backend.errors import QueryRefused
from tests.claude_server import ClaudeServer, Sensible, fails
from tests.service import CALL, Service, break_store, running, settings_in
from tests.services.docs_fixture import DocsServer

pytestmark = pytest.mark.anyio

STARTED_S = 60
CALLS = "prefect_mcp_call_duration_seconds_count"
WAITED = "docs_look_up_duration_seconds"


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[Service]:
    async with running(settings_in(tmp_path)) as service:
        yield service


async def scraped(service: Service) -> dict[str, float]:
    """Every sample without its prefix: `claims_total{verdict=unclear}`."""
    answer = await service.http.get("/metrics")
    assert answer.status_code == 200
    return {
        f"{sample.name.removeprefix('call_coach_')}{_labels(sample.labels)}": sample.value
        for family in plain_text(answer.text)
        for sample in family.samples
    }


def _labels(labels: dict[str, str]) -> str:
    return "{" + ",".join(f"{name}={labels[name]}" for name in sorted(labels)) + "}" if labels else ""


async def test_every_metric_carries_our_name_and_says_what_it_means(service: Service) -> None:
    await service.analyze()
    families = list(plain_text((await service.http.get("/metrics")).text))
    assert len(families) == len({family.name for family in families}) > 20
    for family in families:
        assert family.name.startswith("call_coach_"), family.name
        assert family.documentation.endswith("."), family.name
        assert family.type in {"counter", "gauge", "histogram"}, family.name
        assert not any(sample.name.endswith("_created") for sample in family.samples)


async def test_a_scraper_that_prefers_openmetrics_gets_it(service: Service) -> None:
    kind = "application/openmetrics-text; version=1.0.0"
    answer = await service.http.get("/metrics", headers={"accept": kind})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    families = open_metrics(answer.text)  # type: ignore[no-untyped-call] # its parser has no types
    assert {family.name for family in families} > {"call_coach_claims", "call_coach_build"}


async def test_an_analysis_counts_once_and_its_claims_by_verdict(service: Service) -> None:
    fresh = await scraped(service)
    assert fresh["claims_total{verdict=contradicted}"] == 0
    report = await service.analyze()
    await service.analyze()  # from the store: nothing was analysed
    now = await scraped(service)
    assert now["analyses_total{analyst=rules,fell_back=false,knowledge=snapshot}"] == 1
    assert now["analysis_duration_seconds_count{analyst=rules}"] == 1
    assert 0 < now["analysis_duration_seconds_sum{analyst=rules}"] < 60
    for verdict in {claim.verdict for claim in report.claims}:
        counted = now[f"claims_total{{verdict={verdict}}}"]
        assert counted == sum(claim.verdict == verdict for claim in report.claims) > 0
    assert (now["store_up"], now["store_reports"]) == (1, 1)


async def test_two_services_in_one_process_count_apart(service: Service, tmp_path: Path) -> None:
    async with running(settings_in(tmp_path / "other")) as other:
        await other.analyze()
        assert "analysis_duration_seconds_count{analyst=rules}" not in await scraped(service)


async def test_requests_are_counted_by_the_template_of_their_route(service: Service) -> None:
    report = await service.analyze()
    await service.http.get(f"/calls/{report.id}.json")
    await service.http.get("/calls/not-there", headers={"accept": "text/html"})
    await service.http.get("/static/icon.svg")
    await service.http.get("/nothing/here")
    await service.http.request("BREW", "/analyze")
    now = await scraped(service)
    counted = {name: value for name, value in now.items() if name.startswith("http_requests_total")}
    assert counted == {
        "http_requests_total{method=POST,route=/analyze,status=200}": 1,
        "http_requests_total{method=GET,route=/calls/{report_id}.json,status=200}": 1,
        "http_requests_total{method=GET,route=/calls/{report_id},status=404}": 1,
        "http_requests_total{method=GET,route=/static,status=200}": 1,
        "http_requests_total{method=GET,route=none,status=404}": 1,
        "http_requests_total{method=other,route=/analyze,status=405}": 1,
    }
    assert now["http_request_duration_seconds_count{method=POST,route=/analyze}"] == 1


async def test_nothing_a_request_brings_makes_a_new_series_or_stands_in_one(service: Service) -> None:
    await service.analyze()
    await service.http.get("/calls/zebulon")
    await service.http.get("/zebulon")
    await service.http.request("ZEBULON", "/")
    await scraped(service)
    before = set(await scraped(service))
    for number in range(20):
        await service.http.get(f"/calls/zebulon-{number}", params={"before": f"zebulon{number}"})
        await service.http.get(f"/zebulon/{number}")
        await service.http.request(f"ZEBULON{number}", "/")
    call = CALL.replace("Devon Achterberg", "Zebulon Wintergarten")
    report = await service.analyze(call)
    text = (await service.http.get("/metrics")).text.lower()
    assert set(await scraped(service)) == before
    for word in ("zebulon", "wintergarten", "airflow", report.id):
        assert word not in text


async def test_metrics_want_a_token_like_every_route_and_refusals_count(tmp_path: Path) -> None:
    token = "a-token-of-some-length"
    async with running(settings_in(tmp_path, coach_api_tokens=token)) as service:
        assert (await service.http.get("/metrics")).status_code == 401
        service.http.headers["authorization"] = f"Bearer {token}"
        now = await scraped(service)
    assert now["http_requests_total{method=GET,route=none,status=401}"] == 1
    assert not any(token in name for name in now)


async def test_a_store_that_is_away_shows_and_costs_no_scrape(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    async with running(settings) as service:
        break_store(settings)
        now = await scraped(service)
        assert now["store_up"] == 0
        assert "store_reports" not in now
        assert (await service.http.get("/calls.json")).status_code == 503
        assert (await scraped(service))["http_requests_total{method=GET,route=/calls.json,status=503}"] == 1


async def test_what_is_off_is_shown_as_off(service: Service) -> None:
    now = await scraped(service)
    assert (now["prefect_mcp_enabled"], now["prefect_mcp_up"], now["prefect_mcp_docs_tools"]) == (0, 0, 0)
    assert now["prefect_mcp_circuit{state=closed}"] == 1
    assert not any(name.startswith("claude_") for name in now)


async def test_look_ups_and_prefect_mcp_itself_are_measured(tmp_path: Path) -> None:
    docs = DocsServer()
    docs.start()
    settings = settings_in(
        tmp_path, prefect_mcp_enabled=True, prefect_docs_mcp_url=docs.url, coach_docs_rest_seconds=60
    )
    try:
        async with running(settings) as service:
            assert await service.house.knowledge.ready(STARTED_S)
            first = await service.analyze(force=True)
            await service.analyze(force=True)
            now = await scraped(service)
            asked = first.knowledge.look_ups
            assert now["docs_look_ups_total{outcome=miss,tool=docs_search_prefect}"] == asked > 0
            assert now["docs_look_ups_total{outcome=hit,tool=docs_search_prefect}"] == asked
            assert now["docs_cache_entries"] == asked
            assert now[f"{WAITED}_count{{outcome=miss,tool=docs_search_prefect}}"] == asked
            assert now[f"{WAITED}_count{{outcome=hit,tool=docs_search_prefect}}"] == asked
            hit_s, miss_s = (
                now[f"{WAITED}_sum{{outcome={outcome},tool=docs_search_prefect}}"]
                for outcome in ("hit", "miss")
            )
            assert 0 < hit_s < miss_s
            assert now["docs_cache_bytes"] > 100 * asked
            assert (now["prefect_mcp_up"], now["prefect_mcp_docs_tools"]) == (1, 1)
            assert now["prefect_mcp_calls_total"] == asked
            assert now[f"{CALLS}{{outcome=answered,tool=docs_search_prefect}}"] == asked
            assert now["prefect_mcp_calls_in_flight"] == 0
            assert now["analyses_total{analyst=rules,fell_back=false,knowledge=fresh}"] == 2

            client = service.house.client
            assert client is not None
            with pytest.raises(QueryRefused):
                await client.search_docs("Zebulon Wintergarten", timeout=5)
            with pytest.raises(QueryRefused):
                await client.call("zebulon_publish", {}, timeout=5)
            now = await scraped(service)
            assert now[f"{CALLS}{{outcome=refused,tool=docs_search_prefect}}"] == 1
            assert now[f"{CALLS}{{outcome=refused,tool=other}}"] == 1
            assert now["prefect_mcp_refused_total"] == 2
            assert not any("zebulon" in name for name in now)

            pid = service.house.knowledge.server.pid
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            async with asyncio.timeout(STARTED_S):
                while (await scraped(service))["prefect_mcp_restarts_total"] == 0:
                    await asyncio.sleep(0.05)

            assert await service.house.knowledge.ready(STARTED_S)
            with docs.down():
                await service.analyze(CALL + OTHERS, force=True)
            now = await scraped(service)
            assert now["docs_look_ups_total{outcome=error,tool=docs_search_prefect}"] > 0
            assert now[f"{WAITED}_count{{outcome=error,tool=docs_search_prefect}}"] > 0
            assert now["prefect_mcp_errors_total"] > 0
            assert now[f"{CALLS}{{outcome=failed,tool=docs_search_prefect}}"] > 0
            assert now["prefect_mcp_circuit{state=open}"] + now["prefect_mcp_circuit{state=closed}"] == 1
    finally:
        docs.stop()


OTHERS = """\
Mara Quint: Work queues have a priority, and a deployment can be paused from its schedule.
Mara Quint: Artifacts render Markdown, blocks hold your credentials, and variables are plain JSON.
Mara Quint: Task runs can be cached by their inputs, and a global concurrency limit holds them back.
"""


async def test_what_claude_costs_is_counted_by_step_also_where_it_fails(tmp_path: Path) -> None:
    sensible = Sensible(claims={"Automations are only in Prefect Cloud": "contradicted"})
    with ClaudeServer(lambda asked: fails(400) if asked.step == "judge" else sensible(asked)) as claude:
        settings = settings_in(
            tmp_path, coach_analyst="auto", anthropic_base_url=claude.url, anthropic_api_key="sk-ant-secret"
        )
        async with running(settings) as service:
            await service.analyze()
            now = await scraped(service)
    assert now["claude_tokens_total{kind=input,step=spot}"] > 100
    assert now["claude_tokens_total{kind=output,step=spot}"] > 10
    assert now["claude_tokens_total{kind=cache_write,step=spot}"] > 1_000
    assert now["claude_month_dollars"] > 0
    assert now["claude_requests_total{step=spot}"] == 1
    assert now["claude_requests_total{step=judge}"] == 0
    assert now["analyses_total{analyst=rules,fell_back=true,knowledge=snapshot}"] == 1
