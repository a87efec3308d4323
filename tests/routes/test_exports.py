"""A call taken along as a file: CSV of its claims, Markdown of the whole."""

from __future__ import annotations

import csv
import html
from collections.abc import Iterator
from datetime import UTC, datetime
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from starlette.testclient import TestClient

from backend.errors import NotFound
from backend.pages.exports import COLUMNS, claims_csv, escaped, file_name, harmless, markdown
from backend.report import CoachingReport
from backend.routes import exports
from backend.transcript import Call
from tests.routes.one_call import client_of
from tests.routes.parsed import Parsed
from tests.routes.variants import changed, hostile
from tests.sample_report import sample_report

# Emphasis, links, HTML, code, tables: what GitHub's renderer would make of a text.
MARKDOWN = MarkdownIt("commonmark").enable("table").enable("strikethrough")
SPEECH = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=60)
MARKUP = st.text("*_`[]()<>#+-.!|~\\&:/@=1a \n\t", max_size=60)


def lines_of(report: CoachingReport) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(claims_csv(report))))


# -- claims


def test_each_claim_is_a_line_with_its_words_verdict_and_evidence() -> None:
    lines = lines_of(sample_report())
    assert len(lines) == len(sample_report().claims)
    sso = next(line for line in lines if line["said"].startswith("every plan has"))
    assert sso["call"] == "Kelp Genomics: second call"
    assert (sso["time"], sso["seconds"], sso["speaker"]) == ("0:24", "24.0", "Robin Vale")
    assert sso["verdict"] == "Docs say otherwise"
    assert sso["docs say"] == "Single sign-on is part of the Pro and Enterprise plans."
    assert sso["docs link"] == "https://docs.prefect.io/v3/sso"
    assert sso["docs read"].startswith("2026-11-20T14:02")
    assert sso["open disputes"] == "0"


def test_a_call_without_claims_is_a_file_with_its_columns() -> None:
    assert claims_csv(changed(sample_report(), claims=[])) == ",".join(COLUMNS) + "\r\n"


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_no_spoken_word_becomes_a_formula(begins: str) -> None:
    report = sample_report()
    claim = report.claims[0]
    claim.topic = claim.reason = f'{begins}HYPERLINK("http://elsewhere.example","x")'
    [line] = [line for line in lines_of(report) if "HYPERLINK" in line["topic"]]
    assert line["topic"] == line["reason"] == f"'{claim.topic}"


@given(SPEECH)
def test_no_cell_begins_like_a_formula_and_none_loses_a_character(cell: str) -> None:
    assert not harmless(cell).startswith(("=", "+", "-", "@", "\t", "\r"))
    assert harmless(cell).removeprefix("'") == cell.removeprefix("'")


# -- the readable report


@given(SPEECH | MARKUP)
def test_what_was_said_renders_as_text_and_as_nothing_else(text: str) -> None:
    words = " ".join(text.split())
    shown = MARKDOWN.render(f"{escaped(text)}")
    assert shown == (f"<p>{html.escape(words).replace('&#x27;', chr(39))}</p>\n" if words else "")


@pytest.mark.parametrize(
    "text", ["see http://elsewhere.example/x", "or www.elsewhere.example", "a@b.example"]
)
def test_addresses_that_were_said_do_not_turn_into_links(text: str) -> None:
    assert not any(link in escaped(text) for link in ("http://", "www.e", "a@b"))


def test_the_report_reads_from_what_to_change_first_to_the_words_that_were_said() -> None:
    page = Parsed(MARKDOWN.render(markdown(sample_report())))
    assert page.all("h1")[0].words == "Kelp Genomics: second call"
    assert [e.words for e in page.all("h2")] == [
        "What to change first",
        "To correct (3)",
        "A note to the customer",
        "Objections (4)",
        "Questions (2)",
        "Competitors (4)",
        "Other claims (6)",
        "Scores",
        "What was said",
    ]
    assert page.all("h3")[0].words.startswith("0:24 Docs say otherwise: ")
    quoted = [e.words for e in page.all("blockquote")]
    assert any(
        "Single sign-on is part of the Pro and Enterprise plans." in words
        and "Read 20 Nov 2026, 14:02 UTC from a docs server for tests" in words
        for words in quoted
    )
    said = [e.words for e in page.all("p")]
    for turn in sample_report().turns:
        assert any(words.endswith(f"{turn.speaker}: {turn.text}") for words in said)


def test_free_text_of_any_kind_brings_no_markup_of_its_own() -> None:
    plain, spoilt = (Parsed(MARKDOWN.render(markdown(one))) for one in (sample_report(), hostile()))
    tags = {"p", "h1", "h2", "h3", "a", "strong", "em", "code", "script", "img", "table", "li", "blockquote"}
    assert {tag: len(spoilt.all(tag)) for tag in tags} == {tag: len(plain.all(tag)) for tag in tags}


@pytest.mark.parametrize(
    ("url", "links"),
    [
        ("javascript:alert(1)", set()),
        (
            "https://docs.example/x) [y](javascript:alert(1)>",
            {"https://docs.example/x)%20%5By%5D(javascript:alert(1)%3E"},
        ),
        (None, set()),
    ],
)
def test_only_web_addresses_become_links_and_none_ends_early(url: str | None, links: set[str]) -> None:
    report = changed(sample_report(), objections=[], competitors=[], questions=[])
    for claim in report.claims:
        claim.evidence = [one.model_copy(update={"url": url}) for one in claim.evidence]
    assert {e.attributes["href"] for e in Parsed(MARKDOWN.render(markdown(report))).all("a")} == links


# -- names, and over HTTP


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Kelp Genomics: zweites Gespräch", "2026-11-19-kelp-genomics-zweites-gesprach.md"),
        ("../../etc/passwd\r\nX: y", "2026-11-19-etc-passwd-x-y.md"),
        ("مرحبا", "2026-11-19-call.md"),
        ("x" * 300, f"2026-11-19-{'x' * 60}.md"),
    ],
)
def test_a_download_has_a_name_that_any_system_takes(title: str, name: str) -> None:
    call = Call(title=title, started_at=datetime(2026, 11, 19, tzinfo=UTC))
    assert file_name(changed(sample_report(), call=call), ".md") == name


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with client_of(exports.router(), tmp_path_factory.mktemp("store")) as client:
        yield client


def test_claims_are_downloaded_as_csv_that_spreadsheets_read_as_utf_8(client: TestClient) -> None:
    answer = client.get("/calls/a1b2c3/claims.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="2026-11-19-kelp-genomics-second-call-claims.csv"'
    )
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content.decode("utf-8-sig") == claims_csv(sample_report())
    assert answer.content.startswith(b"\xef\xbb\xbf")


def test_the_report_is_downloaded_as_markdown(client: TestClient) -> None:
    answer = client.get("/calls/a1b2c3.md")
    assert answer.headers["content-type"] == "text/markdown; charset=utf-8"
    assert answer.headers["content-disposition"] == (
        'attachment; filename="2026-11-19-kelp-genomics-second-call.md"'
    )
    assert answer.text == markdown(sample_report())


@pytest.mark.parametrize("path", ["/calls/none/claims.csv", "/calls/none.md"])
def test_an_unknown_call_has_no_file(client: TestClient, path: str) -> None:
    with pytest.raises(NotFound):
        client.get(path)
