"""How somebody else's JSON is read: lenient about times and absent values, strict about structure."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, FailFast, JsonValue, ValidationError

from backend.errors import UnreadableTranscript
from backend.formats.hygiene import clean, squeeze

LONGEST_S = 7 * 24 * 3600.0
"""A time past a week is not a time in a call; it is dropped."""

_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,4}):(\d{1,2}(?:[.,]\d{1,9})?)")

Model = TypeVar("Model", bound=BaseModel)
Item = TypeVar("Item")


def seconds(value: object) -> float | None:
    """Seconds from a number, a numeric string or a clock such as 1:02:03.5; None for anything absurd."""
    if isinstance(value, str):
        value = clock(value) if ":" in value else _number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    if not 0 <= value <= LONGEST_S:
        return None
    return float(value)


def milliseconds(value: object) -> float | None:
    """Seconds from a number of milliseconds, or from a numeric string of them."""
    if isinstance(value, str):
        value = _number(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return seconds(value / 1000) if 0 <= value <= LONGEST_S * 1000 else None


def clock(text: str) -> float | None:
    """Seconds from m:ss or h:mm:ss, with or without a fraction."""
    found = _CLOCK.fullmatch(text.strip())
    if not found:
        return None
    hours, minutes, rest = found.groups()
    return round(int(hours or 0) * 3600 + int(minutes) * 60 + float(rest.replace(",", ".")), 3)


def moment(value: object) -> datetime | None:
    """A date and time from ISO text or an epoch in seconds or milliseconds; UTC where no zone is named."""
    try:
        if isinstance(value, str):
            read = datetime.fromisoformat(value.strip())
            return zoned(read)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None
    return None


def zoned(when: datetime) -> datetime:
    """The same moment with a zone: UTC where none is named."""
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def text(value: object) -> str:
    """Clean text; absent is empty and a number is its digits. Raises ValueError for a list or an object."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int | float) and abs(value) < 1e30:
        return str(value)
    raise ValueError("text was expected here")


def _number(value: str) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _present(value: object) -> object:
    return [] if value is None else value


Text = Annotated[str, BeforeValidator(text)]
Line = Annotated[str, BeforeValidator(lambda value: squeeze(text(value)))]
Seconds = Annotated[float | None, BeforeValidator(seconds)]
Milliseconds = Annotated[float | None, BeforeValidator(milliseconds)]
Moment = Annotated[datetime | None, BeforeValidator(moment)]
Rows = Annotated[list[Item], FailFast(), BeforeValidator(_present)]


def decode_json(source: str) -> JsonValue:
    """The value of a JSON text. Raises UnreadableTranscript with one sentence."""
    try:
        value: JsonValue = json.loads(source, parse_int=_whole, parse_constant=lambda _: None)
    except RecursionError:
        raise UnreadableTranscript("This JSON is nested too deeply to be a transcript.") from None
    except json.JSONDecodeError as error:
        raise UnreadableTranscript(
            f"This JSON breaks off or is malformed at line {error.lineno}, column {error.colno}; "
            "export the transcript again."
        ) from None
    return value


def _whole(digits: str) -> int | float:
    """Python refuses to read integers of thousands of digits; no transcript means one."""
    return int(digits) if len(digits) < 40 else float(digits)


def read_as(model: type[Model], value: JsonValue, title: str) -> Model:
    """A JSON value in a format's shape. Raises UnreadableTranscript naming the first misfit."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        place = ".".join(str(part) for part in first["loc"]) or "the top level"
        why = first["msg"].removeprefix("Value error, ")
        raise UnreadableTranscript(
            f"This {title} cannot be read: at {place}, {why[0].lower()}{why[1:]}."
        ) from None
