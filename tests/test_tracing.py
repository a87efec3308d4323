"""Spans, as a real collector gets them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Status

from tests.collector import attributes, collecting
from tests.conftest import REPO
from tests.service import break_store, running, settings_in
from tests.services.docs_fixture import DocsServer

pytestmark = pytest.mark.anyio

STEPS = {"stored", "spot", "match", "look_up", "judge", "verify", "save"}
STARTED_S = 60


async def test_an_analysis_is_one_tree_of_its_steps(tmp_path: Path) -> None:
    with collecting() as collector:
        async with running(settings_in(tmp_path, otel_exporter_otlp_endpoint=collector.url)) as service:
            report = await service.analyze()
            await service.analyze()
    first, again = sorted(collector.named("analysis"), key=lambda span: span.start_time_unix_nano)
    assert collector.service_names == {"call-coach"}
    assert first.parent_span_id == again.parent_span_id == b""
    for step in STEPS:
        (span,) = (span for span in collector.named(step) if span.trace_id == first.trace_id)
        assert span.parent_span_id == first.span_id
        assert first.start_time_unix_nano <= span.start_time_unix_nano
        assert span.end_time_unix_nano <= first.end_time_unix_nano
    assert attributes(first) == {
        "turns": len(report.turns),
        "claims": len(report.claims),
        "analyst": "rules",
        "fell_back": False,
        "knowledge": "snapshot",
        "from_store": False,
    }
    assert attributes(again)["from_store"] is True
    assert len(collector.spans) == len(STEPS) + 1 + 2


async def test_a_docs_call_has_a_span_and_an_answer_from_the_cache_none(tmp_path: Path) -> None:
    docs = DocsServer()
    docs.start()
    with collecting() as collector:
        settings = settings_in(
            tmp_path,
            prefect_mcp_enabled=True,
            prefect_docs_mcp_url=docs.url,
            otel_exporter_otlp_endpoint=collector.url,
        )
        async with running(settings) as service:
            assert await service.house.knowledge.ready(STARTED_S)
            report = await service.analyze(force=True)
            await service.analyze(force=True)
    docs.stop()
    calls = collector.named("mcp_call")
    (look_up,) = {
        span.span_id
        for span in collector.named("look_up")
        if span.span_id in {s.parent_span_id for s in calls}
    }
    assert len(calls) == report.knowledge.look_ups > 0
    assert {span.parent_span_id for span in calls} == {look_up}
    assert all(attributes(span)["tool"] == "docs_search_prefect" for span in calls)
    sent = b"".join(collector.raw).decode("latin-1").lower()
    assert not [query for query in docs.queries if query.lower() in sent]


async def test_no_word_of_a_call_and_no_secret_is_in_a_span_also_where_a_step_fails(tmp_path: Path) -> None:
    with collecting() as collector:
        settings = settings_in(
            tmp_path,
            otel_exporter_otlp_endpoint=collector.url,
            coach_api_tokens="tok-marked-0123456789",
            prefect_api_key="pnu_marked",
        )
        async with running(settings) as service:
            service.http.headers["authorization"] = "Bearer tok-marked-0123456789"
            break_store(settings)
            report = await service.analyze()
    (save,) = collector.named("save")
    assert save.status.code == Status.STATUS_CODE_ERROR
    assert attributes(save)["error.type"] == "StoreUnavailable"
    assert not any(span.events for span in collector.spans)
    sent = b"".join(collector.raw).decode("latin-1").lower()
    for word in ("quint", "achterberg", "airflow", "single sign-on", "marked", report.id, str(tmp_path)):
        assert word.lower() not in sent


TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


async def test_an_analysis_stands_in_the_trace_of_whoever_asks_for_it(tmp_path: Path) -> None:
    asked_in = {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "vendor=of-the-caller"}
    with collecting() as collector:
        async with running(settings_in(tmp_path, otel_exporter_otlp_endpoint=collector.url)) as service:
            service.http.headers.update(asked_in)
            await service.analyze()
            del service.http.headers["traceparent"]
            await service.analyze()
            later = {"text": (None, "Ann: Hello.")}  # a form
            wishes = asked_in | {"prefer": "respond-async"}
            job = await service.http.post("/analyze", files=later, headers=wishes)
            await service.http.get(job.json()["events"])  # until it is done
    first, alone, form = sorted(collector.named("analysis"), key=lambda span: span.start_time_unix_nano)
    for span in (first, form):
        assert (span.trace_id.hex(), span.parent_span_id.hex()) == (TRACE, CALLER)
        assert span.trace_state == "vendor=of-the-caller"
    assert {span.trace_id for span in collector.named("judge")} == {first.trace_id}
    assert alone.parent_span_id == b""
    assert alone.trace_id != first.trace_id


async def test_whoever_asks_may_say_that_its_trace_is_not_recorded(tmp_path: Path) -> None:
    with collecting() as collector:
        async with running(settings_in(tmp_path, otel_exporter_otlp_endpoint=collector.url)) as service:
            service.http.headers["traceparent"] = f"00-{TRACE}-{CALLER}-00"
            await service.analyze()
    assert not collector.spans


HOSTILE_TRACES = (
    {"traceparent": ""},
    {"traceparent": "\x9b2J-marked"},
    {"traceparent": f"00-{'0' * 32}-{CALLER}-01"},
    {"traceparent": f"ff-{TRACE}-{CALLER}-01"},
    {"traceparent": f"00-{TRACE.upper()}-{CALLER}-01"},
    {"traceparent": f"00-{TRACE}-{CALLER}-01-marked"},
    {"traceparent": "marked" * 5_000},
    {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "MARKED \x9b2J,,=;"},
    {"traceparent": f"00-{TRACE}-{CALLER}-01", "tracestate": "marked=" + "x" * 20_000},
    {"tracestate": "marked=1", "baggage": "marked=2"},
)


async def test_a_hostile_trace_header_is_passed_over_and_stands_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with collecting() as collector:
        async with running(settings_in(tmp_path, otel_exporter_otlp_endpoint=collector.url)) as service:
            for headers in HOSTILE_TRACES:
                raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
                answer = await service.http.post("/analyze", json={"transcript": "Ann: Hello."}, headers=raw)
                assert answer.status_code == 200
    assert len(collector.named("analysis")) == len(HOSTILE_TRACES)
    assert b"marked" not in b"".join(collector.raw).lower()
    assert "marked" not in caplog.text.lower()


async def test_the_environment_names_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SERVICE_NAME", "coaching-eu")
    with collecting() as collector:
        async with running(settings_in(tmp_path, otel_exporter_otlp_endpoint=collector.url)) as service:
            await service.analyze()
    assert collector.service_names == {"coaching-eu"}


async def test_a_collector_that_is_away_costs_no_analysis_and_delays_no_stop(tmp_path: Path) -> None:
    settings = settings_in(tmp_path, otel_exporter_otlp_endpoint="http://127.0.0.1:9")
    async with asyncio.timeout(STARTED_S), running(settings) as service:
        report = await service.analyze()
    assert report.claims


def run(script: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)],
        env={"PYTHONPATH": str(REPO), "PREFECT_MCP_ENABLED": "false", "HOME": str(folder)},
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=STARTED_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


HOUSE = """
    import asyncio, sys
    from backend.analysis.engine import Options
    from backend.formats import Limits, parse
    from backend.house import open_house
    from backend.settings import load_settings

    async def main(**settings):
        async with open_house(load_settings(**settings)) as house:
            transcript = parse("Ann: Prefect is free.\\nBob: Fine.", limits=Limits(99, 999))
            coached = await house.analyse(transcript, Options())
            print("coached", coached.kept)
"""


def test_with_tracing_off_nothing_of_the_sdk_is_imported(tmp_path: Path) -> None:
    script = (
        HOUSE
        + """
    asyncio.run(main())
    print([name for name in sys.modules if name.startswith(("opentelemetry.sdk", "opentelemetry.exporter"))])
    """
    )
    assert run(script, tmp_path).splitlines()[-2:] == ["coached True", "[]"]


def test_without_the_extra_the_log_says_so_and_the_service_works(tmp_path: Path) -> None:
    script = (
        HOUSE
        + """
    sys.modules["opentelemetry.sdk"] = None  # as where the extra is not installed
    asyncio.run(main(otel_exporter_otlp_endpoint="http://127.0.0.1:9"))
    """
    )
    said = run(script, tmp_path)
    assert "tracing.off" in said
    assert "coached True" in said
