from __future__ import annotations

import pytest
from mcp.types import CallToolResult, TextContent

from backend.services.tool_answers import JsonObject, ToolSaidNo, read_answer


def answered(structured: dict[str, object] | None, text: str = "", *, error: bool = False) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)], structured_content=structured, is_error=error)


@pytest.mark.parametrize(
    ("result", "answer"),
    [
        (answered({"success": True, "flows": [{"name": "etl"}], "error": None}), None),
        (answered({"result": ["a"]}), None),
        (answered(None, "An over\0view."), "An overview."),
        (answered({"result": "An overview."}, "An overview."), "An overview."),
    ],
)
def test_an_answer_is_its_structure_or_else_its_text(
    result: CallToolResult, answer: JsonObject | str | None
) -> None:
    assert read_answer(result) == (answer if answer is not None else result.structured_content)


@pytest.mark.parametrize(
    "result",
    [
        answered({"results": [], "error": "index is\nrebuilding."}),
        answered({"success": False, "error": "index is rebuilding"}),
        answered(None, "index is rebuilding", error=True),
    ],
)
def test_an_error_inside_a_success_is_an_error_with_its_reason_on_one_line(result: CallToolResult) -> None:
    with pytest.raises(ToolSaidNo, match=r"^index is rebuilding$"):
        read_answer(result)


@pytest.mark.parametrize(
    "result", [answered({"success": False}), answered({"success": "perhaps"}), answered({"error": 7})]
)
def test_a_no_without_a_reason_is_still_a_no(result: CallToolResult) -> None:
    with pytest.raises(ToolSaidNo):
        read_answer(result)


def test_a_long_reason_is_cut() -> None:
    with pytest.raises(ToolSaidNo) as no:
        read_answer(answered(None, "x" * 1_000_000, error=True))
    assert len(str(no.value)) == 300
