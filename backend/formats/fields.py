"""How somebody else's JSON is read: lenient about times and absent values, strict about structure."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import BaseModel, BeforeValidator, FailFast, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from backend.errors import UnreadableTranscript
from backend.formats.hygiene import clean, squeeze

LONGEST_S = 7 * 24 * 3600.0
"""A time past a week is not a time in a call; it is dropped."""

YEARS = range(1970, 2201)
"""A date outside these is a slip or a joke; besides, near the ends of the calendar no zone can be changed."""

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
    """A date and time from ISO text or an epoch in seconds or milliseconds; UTC where no zone is named.
    None for anything absurd."""
    try:
        if isinstance(value, str):
            return dated(datetime.fromisoformat(value.strip()))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return dated(datetime.fromtimestamp(value / 1000 if abs(value) > 1e11 else value, UTC))
    except (ValueError, OverflowError, OSError):
        return None
    return None


def dated(when: datetime) -> datetime:
    """The same moment with a zone: UTC where none is named. Raises ValueError for a year no call is of."""
    if when.year not in YEARS:
        raise ValueError(f"lies outside the years {YEARS[0]} to {YEARS[-1]}")
    return when if when.tzinfo else when.replace(tzinfo=UTC)


def text(value: object) -> str:
    """Clean text; absent is empty and a number is its digits. Raises ValueError for a list or an object."""
    if value is None:
        return ""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int | float) and abs(value) < 1e30:
        return str(value)
    raise ValueError("must be text")


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
        raise UnreadableTranscript(f"This {title} cannot be read: {misfit(error, 'all of it')}.") from None


def misfit(error: ValidationError, whole: str) -> str:
    """What is wrong first, and where, in words of ours. `whole` is what to call the value itself."""
    return misfit_in(error.errors(include_url=False, include_input=False)[0], whole)


def misfit_in(found: ErrorDetails, whole: str) -> str:
    """The same for one finding of pydantic's."""
    # Pydantic puts its own type names between the keys: "_Row", "function-before[…]".
    keys = [squeeze(str(part)) for part in found["loc"]]
    place = ".".join(key[:80] for key in keys if key and key[0] != "_" and "[" not in key) or whole
    return f"{place} {_why(found)}"


def _why(found: ErrorDetails) -> str:
    kind, limits = found["type"], found.get("ctx", {})
    match kind:
        case "extra_forbidden":
            return "is not a field here"
        case "missing":
            return "is missing"
        case "too_long" if limits["field_type"] == "List":
            return f"holds more than {limits['max_length']:,} items"
        case "too_long" | "string_too_long":
            return f"is longer than {limits['max_length']:,} characters"
        case "greater_than_equal":
            return f"must be {limits['ge']:,} or more"
        case "less_than_equal":
            return f"must be {limits['le']:,} or less"
        case "literal_error":
            return f"must be {limits['expected']}"
        case "value_error":
            return str(limits["error"])
    wanted = next((words for start, words in _WANTED.items() if kind.startswith(start)), None)
    return f"must be {wanted}" if wanted else "cannot be used"


_WANTED = {
    "bool": "true or false",
    "date": "a date and time such as 2026-11-20T14:02:00Z",
    "dict": "an object",
    "float": "a number",
    "int": "a whole number",
    "list": "a list",
    "model": "an object",
    "string": "text",
}
"""What was asked for, by how pydantic's names for misfits of type begin."""
