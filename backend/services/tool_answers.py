"""What a tool of an MCP server answered: errors told from answers, foreign types left behind."""

from __future__ import annotations

from mcp.types import CallToolResult, TextContent
from pydantic import BaseModel, JsonValue, ValidationError

JsonObject = dict[str, JsonValue]

_MAX_SAID_CHARS = 300


class ToolSaidNo(Exception):
    """The tool answered, and its answer is an error: the message is what it said, on one line."""


class _SoftError(BaseModel):
    """How a success says that it is none."""

    success: bool = True
    error: str | None = None


def read_answer(result: CallToolResult) -> JsonObject | str:
    """The structured answer, or the text where that is all there is. ToolSaidNo where it is an error,
    also one inside a success."""
    if result.is_error:
        raise ToolSaidNo(one_line(_text(result)))
    answer: JsonObject | None = result.structured_content  # parsed from JSON, and whatever that may be
    if not answer:
        return clean(_text(result))
    try:
        soft = _SoftError.model_validate(answer)
    except ValidationError:
        raise ToolSaidNo("the answer has another shape than an answer") from None
    if soft.error or not soft.success:
        raise ToolSaidNo(one_line(soft.error or ""))
    text = answer.get("result")  # FastMCP wraps what is no object
    return clean(text) if len(answer) == 1 and isinstance(text, str) else answer


def clean(text: str) -> str:
    """PostgreSQL stores no NUL."""
    return text.replace("\0", "")


def one_line(text: str) -> str:
    return " ".join(clean(text[: 4 * _MAX_SAID_CHARS]).split())[:_MAX_SAID_CHARS].rstrip(".")


def _text(result: CallToolResult) -> str:
    return "\n".join(part.text for part in result.content if isinstance(part, TextContent))
