"""The log: every event one line on stderr, JSON unless a person is reading, never a word of a call.

Our own events are written with that in mind. Other libraries' are not: of theirs only warnings are kept,
and of those only the first line. A traceback is given by its places and types, without the messages of
foreign exceptions, since a validation or a database error repeats what it was given.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Iterator
from types import TracebackType

import structlog
from structlog.types import EventDict, Processor, WrappedLogger

from backend.errors import CoachError

MOST_FRAMES = 30


def set_up_logs(level: str) -> None:
    """Send what structlog (from `level` on), `logging` and `warnings` say to stderr.

    Call it before anything else logs: a root logger that has its handler is left alone by
    `logging.basicConfig`, which MCPServer calls.
    """
    stream = sys.stderr
    number = logging.getLevelNamesMapping()[level.upper()]
    render = _rendering(for_people=stream.isatty())
    structlog.configure(
        processors=[structlog.processors.add_log_level, *render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    foreign = logging.StreamHandler(stream)
    foreign.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_log_level, structlog.stdlib.add_logger_name, _first_line],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [foreign]
    root.setLevel(max(number, logging.WARNING))
    logging.captureWarnings(capture=True)
    logging.raiseExceptions = False  # a record that cannot be formatted would be printed with its arguments


def _rendering(*, for_people: bool) -> list[Processor]:
    common: list[Processor] = [structlog.processors.TimeStamper(fmt="iso", utc=True), _where_it_broke]
    if for_people:
        return [*common, structlog.dev.ConsoleRenderer(repr_native_str=True)]
    return [*common, structlog.processors.JSONRenderer(default=str)]


def _first_line(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """asyncio and warnings put the offending value on the lines after it."""
    event["event"] = str(event["event"]).partition("\n")[0]
    return event


def _where_it_broke(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """`exc_info` as `error`, what was raised and from what, and `at`, where."""
    given = event.pop("exc_info", None)
    error = given[1] if isinstance(given, tuple) else sys.exc_info()[1] if given is True else given
    if isinstance(error, BaseException):
        event["error"] = " from ".join(_named(each) for each in _causes(error))
        event["at"] = _places(error.__traceback__)
    return event


def _named(error: BaseException) -> str:
    """Only our own errors promise that their text holds nothing of a call."""
    name = type(error).__qualname__
    if isinstance(error, BaseExceptionGroup):
        return f"{name}({', '.join(_named(each) for each in error.exceptions[:MOST_FRAMES])})"
    return f"{name}: {error}" if isinstance(error, CoachError) else name


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    cause: BaseException | None = error
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        yield cause
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)


def _places(found: TracebackType | None) -> list[str]:
    """`file:line function`, innermost last."""
    frames = list(traceback.walk_tb(found))[-MOST_FRAMES:]
    return [f"{frame.f_code.co_filename}:{line} {frame.f_code.co_name}" for frame, line in frames]
