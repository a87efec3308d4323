"""What is counted and timed while the service runs, for Prometheus.

Labels come from short lists of our own: a verdict, a tool's name, a route's template. Never from a request
or a call, so that their number is bounded and nothing of a customer's stands in a time series.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

from backend.errors import QueryRefused
from backend.report import CoachingReport, Verdict
from backend.services.circuit import CircuitOpen
from backend.services.prefect_mcp import READ_ONLY

METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})
REQUEST_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
ANALYSIS_S = (0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 15, 30, 60, 120, 300)
CALL_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 15)
_ENDINGS: dict[type[Exception], str] = {QueryRefused: "refused", CircuitOpen: "circuit_open"}


class Meters:
    """Counters and histograms in a registry of their own; all may be called from any thread."""

    def __init__(self) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series each, which nobody reads
        registry = self.registry = CollectorRegistry()
        ProcessCollector(namespace="call_coach", registry=registry)
        self._analyses = Counter(
            "call_coach_analyses",
            "Calls analysed, by who did it, the state of the product knowledge, and whether rules took over.",
            ["analyst", "knowledge", "fell_back"],
            registry=registry,
        )
        self._analysis_s = Histogram(
            "call_coach_analysis_duration_seconds",
            "Time from a parsed transcript to its report, without storing it.",
            ["analyst"],
            buckets=ANALYSIS_S,
            registry=registry,
        )
        self._claims = Counter(
            "call_coach_claims", "Claims found in calls, by verdict.", ["verdict"], registry=registry
        )
        for verdict in get_args(Verdict):
            self._claims.labels(verdict)
        self._call_s = Histogram(
            "call_coach_prefect_mcp_call_duration_seconds",
            "Time of calls of prefect-mcp's tools, queueing included, by tool and outcome "
            "(left: nobody waited for its end).",
            ["tool", "outcome"],
            buckets=CALL_S,
            registry=registry,
        )
        self._calls_in_flight = Gauge(
            "call_coach_prefect_mcp_calls_in_flight",
            "Calls of prefect-mcp's tools under way or waiting for their turn.",
            registry=registry,
        )
        self._jobs = Counter(
            "call_coach_jobs",
            "Calls sent for later that this process has worked on, by how that ended.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("done", "failed", "dropped", "unstored"):
            self._jobs.labels(outcome)
        self._followers = Gauge(
            "call_coach_job_followers", "Clients that are being told how a job goes.", registry=registry
        )
        self._requests = Counter(
            "call_coach_http_requests",
            "HTTP requests answered, by the template of their route.",
            ["route", "method", "status"],
            registry=registry,
        )
        self._request_s = Histogram(
            "call_coach_http_request_duration_seconds",
            "Time from a request's head to the end of its answer.",
            ["route", "method"],
            buckets=REQUEST_S,
            registry=registry,
        )

    def job_ended(self, outcome: str) -> None:
        """A call sent for later is done, failed, dropped (cancelled, or another's now) or unstored."""
        self._jobs.labels(outcome).inc()

    def following(self) -> AbstractContextManager[object]:
        """Around the telling of one client how a job goes."""
        return self._followers.track_inprogress()

    def analysed(self, report: CoachingReport, seconds: float) -> None:
        """A call was analysed anew."""
        analyst = report.analyst
        self._analyses.labels(analyst.kind, report.knowledge.status, str(analyst.fell_back).lower()).inc()
        self._analysis_s.labels(analyst.kind).observe(seconds)
        for claim in report.claims:
            self._claims.labels(claim.verdict).inc()

    @contextmanager
    def calling(self, tool: str) -> Iterator[None]:
        """Around a call of one of prefect-mcp's tools."""
        begun = time.perf_counter()
        outcome = "left"
        try:
            with self._calls_in_flight.track_inprogress():
                yield
            outcome = "answered"
        except Exception as error:
            outcome = _ENDINGS.get(type(error), "failed")
            raise
        finally:
            tool = tool if tool in READ_ONLY else "other"
            self._call_s.labels(tool, outcome).observe(time.perf_counter() - begun)

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """A request was answered; `route` is the template that matched, not the path."""
        method = method if method in METHODS else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._request_s.labels(route, method).observe(seconds)
