"""GET /metrics: what was counted, and what the parts of the house say now."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version

from fastapi import APIRouter, Request
from prometheus_client import Metric
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from starlette.responses import Response

from backend.analysis.claude_bill import Spending
from backend.errors import StoreUnavailable
from backend.house import House
from backend.store.jobs import JobCounts

STORE_S = 3
"""How long the store may hold up a scrape."""


def router() -> APIRouter:
    routes = APIRouter()

    @routes.get("/metrics", response_class=Response)
    async def metrics(request: Request) -> Response:
        """Prometheus metrics, as text or in the OpenMetrics form, by the Accept header."""
        house: House = request.app.state.house
        reports: int | None
        spending: Spending | None = None
        jobs: JobCounts | None = None
        try:
            async with asyncio.timeout(STORE_S):
                reports = await house.store.count()
                jobs = await house.store.jobs().counts()
                spending = await house.claude.spending() if house.claude else None
        except (StoreUnavailable, TimeoutError):
            reports = None
        encode, kind = choose_encoder(request.headers.get("accept", ""))
        headers = {"content-type": kind}
        if house.worker:
            headers["connection"] = "close"  # so that the next scrape may meet another of the processes
        return Response(encode(Scrape(house, reports, spending, jobs)), headers=headers)

    return routes


@dataclass(frozen=True)
class Scrape(Collector):
    """Everything one scrape shows: what was counted, and what the parts of the house say now.

    `reports` and `jobs` are how many the store holds, `spending` is what Claude has cost; None: it does not
    answer.
    """

    house: House
    reports: int | None
    spending: Spending | None
    jobs: JobCounts | None

    def collect(self) -> Iterator[Metric]:
        for metric in self._all():
            if self.house.worker:
                named = {"worker": str(self.house.worker)}
                metric.samples = [one._replace(labels={**one.labels, **named}) for one in metric.samples]
            yield metric

    def _all(self) -> Iterator[Metric]:
        yield from self.house.meters.registry.collect()
        yield InfoMetricFamily("call_coach_build", "What is running here.", value=versions())
        yield from self._store()
        yield from self._prefect_mcp()
        yield from self._cache()
        yield from self.house.knowledge.times.collect()
        yield from self._claude()

    def _store(self) -> Iterator[Metric]:
        yield _gauge("store_up", "Whether the store answers.", self.reports is not None)
        if self.reports is not None:
            yield _gauge("store_reports", "Reports in the store.", self.reports)
        if self.jobs:
            yield _gauge("store_jobs_waiting", "Calls sent for later that wait.", self.jobs.waiting)
            yield _gauge("store_jobs_running", "Calls sent for later that are analysed.", self.jobs.running)

    def _prefect_mcp(self) -> Iterator[Metric]:
        now = self.house.knowledge.server
        yield _gauge("prefect_mcp_enabled", "Whether prefect-mcp is to run.", now.state != "off")
        yield _gauge("prefect_mcp_up", "Whether prefect-mcp answers.", now.state == "up")
        yield _gauge("prefect_mcp_docs_tools", "Whether it has the docs tools.", now.docs_tools)
        yield _one_of(
            "prefect_mcp_circuit",
            "The circuit breaker in front of the docs server: 1 for the state it is in.",
            "state",
            {state: state == now.circuit for state in ("closed", "half_open", "open")},
        )
        yield _counter("prefect_mcp_restarts", "Times prefect-mcp was started anew.", now.restarts)
        yield _counter("prefect_mcp_calls", "Calls of its tools that were let through.", now.calls)
        yield _counter("prefect_mcp_errors", "Those of them without an answer.", now.errors)
        yield _counter("prefect_mcp_refused", "Calls refused before anything was sent.", now.refused)

    def _cache(self) -> Iterator[Metric]:
        held = self.house.knowledge.cache_stats
        yield _gauge("docs_cache_entries", "Docs answers in memory.", held.entries)
        yield _gauge("docs_cache_bytes", "Their size, as JSON.", held.size)
        yield _counter(
            "docs_shelf_errors", "Docs answers the store could not keep or give.", held.shelf_errors
        )
        yield _counters(
            "docs_look_ups",
            "Docs look-ups by how they went: answered from the cache (hit, stale), by asking (miss), by what "
            "another asks already (joined); asked in vain (error), or not again so soon after that (spared).",
            ("tool", "outcome"),
            {
                (tool, outcome): count
                for tool, counts in held.by_tool.items()
                for outcome, count in (
                    ("hit", counts.hits),
                    ("stale", counts.stale),
                    ("miss", counts.misses),
                    ("joined", counts.joined),
                    ("error", counts.errors),
                    ("spared", counts.negative),
                )
            },
        )
        yield _counters(
            "docs_reads_ahead",
            "Docs answers read before anyone waits for them: not asked for yet (warmed), or stale (renewed).",
            ("tool", "why"),
            {
                (tool, why): count
                for tool, counts in held.by_tool.items()
                for why, count in (("warmed", counts.warmed), ("renewed", counts.revalidated))
            },
        )

    def _claude(self) -> Iterator[Metric]:
        if self.house.claude is None:
            return
        spent = self.house.claude.spent
        yield _counters(
            "claude_tokens",
            "Tokens Claude counted, by step and kind.",
            ("step", "kind"),
            {
                (step, kind): tokens
                for step, usage in spent.items()
                for kind, tokens in (
                    ("input", usage.input_tokens),
                    ("output", usage.output_tokens),
                    ("cache_read", usage.cache_read_input_tokens),
                    ("cache_write", usage.cache_creation_input_tokens),
                )
            },
        )
        yield _counters(
            "claude_requests",
            "Answers Claude gave, by step.",
            ("step",),
            {(step,): usage.requests for step, usage in spent.items()},
        )
        if self.spending:
            yield _gauge("claude_month_dollars", "What Claude has cost this month.", self.spending.dollars)
        if self.spending and self.spending.most is not None:
            yield _gauge("claude_month_most_dollars", "What it may cost in a month.", self.spending.most)


@cache
def versions() -> dict[str, str]:
    python = ".".join(map(str, sys.version_info[:3]))
    return {"python": python} | {
        package.replace("-", "_"): version(package) for package in ("call-coach", "mcp", "prefect-mcp")
    }


def _gauge(name: str, text: str, value: float) -> Metric:
    return GaugeMetricFamily(f"call_coach_{name}", text, value=value)


def _one_of(name: str, text: str, label: str, values: Mapping[str, bool]) -> Metric:
    family = GaugeMetricFamily(f"call_coach_{name}", text, labels=[label])
    for name, value in values.items():
        family.add_metric([name], value)
    return family


def _counter(name: str, text: str, value: float) -> Metric:
    return CounterMetricFamily(f"call_coach_{name}", text, value=value)


def _counters(
    name: str, text: str, labels: tuple[str, ...], values: Mapping[tuple[str, ...], float]
) -> Metric:
    family = CounterMetricFamily(f"call_coach_{name}", text, labels=list(labels))
    for given, value in values.items():
        family.add_metric(list(given), value)
    return family
