from __future__ import annotations

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from backend.errors import DocsUnreachable
from backend.services.doc_hits import (
    MAX_HIT_CHARS,
    MAX_HITS,
    DocHit,
    DocsToolMissing,
    no_docs,
    read_hits,
    read_notes,
)
from backend.services.tool_answers import JsonObject

EXCERPT = """The following is an excerpt from a document

# Document metadata
title='Workers' link='https://docs.prefect.io/v3/concepts/workers' order=3

# Document keywords
workers, polling

# Excerpt content: # Worker's heartbeat
Workers send a heartbeat.
"""


def hit(**result: JsonValue) -> DocHit:
    [found] = read_hits({"results": [{"id": "1", "snippet": "text", **result}]}, "q")
    return found


def test_title_and_link_are_taken_out_of_the_excerpt_header() -> None:
    found = hit(snippet=EXCERPT)
    assert (found.title, found.url) == ("Workers", "https://docs.prefect.io/v3/concepts/workers")
    assert found.text.startswith("# Worker's heartbeat\nWorkers send")


def test_a_title_with_an_apostrophe_is_read_whole() -> None:
    found = hit(snippet=EXCERPT.replace("'Workers'", '"Prefect\'s workers"'))
    assert found.title == "Prefect's workers"


def test_a_field_of_its_own_beats_the_header() -> None:
    found = hit(snippet=EXCERPT, title="Work pools", link="https://docs.prefect.io/v3/concepts/work-pools")
    assert (found.title, found.url) == ("Work pools", "https://docs.prefect.io/v3/concepts/work-pools")
    assert "# Document metadata" not in found.text


def test_a_page_that_talks_about_document_metadata_keeps_its_words() -> None:
    words = "# Document metadata\nA flow run can carry metadata."
    assert hit(snippet=words).text == words


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//evil", "workers", ""])
def test_a_link_that_is_no_web_address_is_left_out(link: str) -> None:
    assert hit(link=link).url is None


def test_an_answer_is_bounded_in_hits_and_in_text() -> None:
    result: JsonObject = {"id": "1", "snippet": "x" * (MAX_HIT_CHARS + 5)}
    hits = read_hits({"results": [result] * (MAX_HITS + 5)}, "q")
    assert [len(found.text) for found in hits] == [MAX_HIT_CHARS] * MAX_HITS


def test_reading_times_are_the_results_own_or_the_answers() -> None:
    results: JsonValue = [
        {"id": "1", "snippet": "a", "read_at": "2026-11-20T08:00:00Z"},
        {"id": "2", "snippet": "b"},
    ]
    first, second = read_hits(
        {"results": results, "read_at": "2026-11-01T08:00:00Z", "as_of": "2026-08-01"}, "q"
    )
    assert first.read_at == datetime(2026, 11, 20, 8, tzinfo=UTC)
    assert second.read_at == datetime(2026, 11, 1, 8, tzinfo=UTC)
    assert second.as_of == date(2026, 8, 1)


def test_a_tool_that_says_no_is_docs_unreachable_with_its_reason() -> None:
    assert "index is rebuilding" in str(no_docs("index is rebuilding"))


def test_a_missing_tool_is_told_apart() -> None:
    assert isinstance(no_docs("Unknown tool: 'docs_search_prefect'"), DocsToolMissing)


def test_release_notes_are_text() -> None:
    assert read_notes("## 3.4.0") == "## 3.4.0"
    with pytest.raises(DocsUnreachable):
        read_notes("")
    with pytest.raises(DocsUnreachable):
        read_notes({"notes": "## 3.4.0"})


TEXT = st.text("aé'\"=#:/.\0\n", max_size=20) | st.sampled_from([EXCERPT, "https://docs.prefect.io"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | TEXT,
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                [
                    "id",
                    "snippet",
                    "score",
                    "title",
                    "link",
                    "results",
                    "error",
                    "success",
                    "read_at",
                    "namespace",
                ]
            ),
            inner,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["results", "error", "success", "namespace", "as_of"]), JSON))
def test_whatever_is_answered_it_is_hits_or_docs_unreachable(answer: JsonObject) -> None:
    try:
        hits = read_hits(answer, "q")
    except DocsUnreachable:
        return
    assert all(isinstance(found, DocHit) and "\0" not in found.text for found in hits)


@pytest.mark.parametrize(
    ("echoed", "taken"),
    [("Work pools", True), ("work  POOLS ", True), ("audit logs retention", False), (None, True), ("", True)],
)
def test_an_answer_to_anothers_query_is_not_taken(echoed: str | None, taken: bool) -> None:
    answer: JsonObject = {"query": echoed, "results": [{"id": "1", "snippet": "text"}]}
    if taken:
        assert len(read_hits(answer, "Work pools")) == 1
    else:
        with pytest.raises(DocsUnreachable, match="another query"):
            read_hits(answer, "Work pools")
