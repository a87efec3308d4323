"""OpenTelemetry spans, where OTEL_EXPORTER_OTLP_ENDPOINT says who wants them.

Nobody else knows OpenTelemetry. A span holds numbers and words of our own (a tool's name, a status), and
the type of an error without its message: never a word of a call, a query or a secret. A request that belongs
to a trace already (W3C `traceparent`) has its spans there.
"""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from importlib.metadata import version
from typing import TYPE_CHECKING, Literal, Protocol

import structlog

from backend.settings import Settings

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.trace import Span as OtelSpan
    from opentelemetry.trace import Tracer

Step = Literal["analysis", "stored", "spot", "match", "look_up", "judge", "verify", "save", "mcp_call"]
Value = str | int | float | bool

FLUSH_S = 3
"""How long leaving waits for a collector that does not answer."""
TRACE_HEADERS = ("traceparent", "tracestate")

log = structlog.get_logger()


class Span(Protocol):
    """A step under way."""

    def note(self, **attributes: Value) -> None: ...


class Tracing(Protocol):
    """Gives a span for a step of an analysis; spans within its block are its children."""

    def span(self, step: Step, **attributes: Value) -> AbstractContextManager[Span]: ...

    def continuing(self, headers: Mapping[str, str]) -> AbstractContextManager[object]:
        """Spans within its block belong to the trace that a request's W3C headers name, if they name one."""


class NoTracing:
    """Nobody listens: a step costs two empty calls."""

    def span(self, step: Step, **attributes: Value) -> NoTracing:
        return self

    def continuing(self, headers: Mapping[str, str]) -> NoTracing:
        return self

    def note(self, **attributes: Value) -> None: ...

    def __enter__(self) -> NoTracing:
        return self

    def __exit__(self, *raised: object) -> None: ...


class OtelTracing:
    """Spans `call_coach.<step>`, failed where an exception leaves them."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    @contextmanager
    def span(self, step: Step, **attributes: Value) -> Iterator[Span]:
        from opentelemetry.trace import StatusCode

        # The exception itself is not recorded: its message may repeat what was said on a call.
        with self._tracer.start_as_current_span(
            f"call_coach.{step}", attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield _Noted(span)
            except BaseException as error:
                span.set_attribute("error.type", type(error).__qualname__)
                span.set_status(StatusCode.ERROR)
                raise

    @contextmanager
    def continuing(self, headers: Mapping[str, str]) -> Iterator[None]:
        from opentelemetry import context
        from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

        # These two alone: nothing else that a stranger sends (baggage) has business in our spans.
        brought = {name: headers[name] for name in TRACE_HEADERS if name in headers}
        token = context.attach(TraceContextTextMapPropagator().extract(brought))
        try:
            yield
        finally:
            context.detach(token)


class _Noted:
    def __init__(self, span: OtelSpan) -> None:
        self._span = span

    def note(self, **attributes: Value) -> None:
        self._span.set_attributes(attributes)


@asynccontextmanager
async def open_tracing(settings: Settings) -> AsyncIterator[Tracing]:
    """Tracing as the settings want it; what is still unsent is sent on leaving.

    The SDK reads OpenTelemetry's other variables (headers, sampler, service name, …) itself.
    """
    provider = await asyncio.to_thread(_provider, settings)
    if provider is None:
        yield NoTracing()
        return
    try:
        yield OtelTracing(provider.get_tracer("call-coach"))
    finally:
        # A thread that ends with the process: the SDK would wait for half a minute.
        flush = threading.Thread(target=provider.shutdown, daemon=True)
        flush.start()
        await asyncio.to_thread(flush.join, FLUSH_S)


def _provider(settings: Settings) -> TracerProvider | None:
    # A provider of our own, not the global one: the MCP SDK would add spans that record exceptions.
    if settings.otel_exporter_otlp_endpoint is None:
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import OTELResourceDetector, Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        log.warning("tracing.off", why="OTEL_EXPORTER_OTLP_ENDPOINT needs `pip install 'call-coach[otel]'`.")
        return None
    # It would say which header of a request it could not read, and what stood there.
    logging.getLogger("opentelemetry.trace").setLevel(logging.ERROR)
    ours = Resource.create({"service.name": "call-coach", "service.version": version("call-coach")})
    # Ours first, so that OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES have the last word.
    provider = TracerProvider(resource=ours.merge(OTELResourceDetector().detect()), shutdown_on_exit=False)
    endpoint = str(settings.otel_exporter_otlp_endpoint).rstrip("/")
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(f"{endpoint}/v1/traces")))
    return provider
