"""Enablement material becomes blocks that a person finds again in the file."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import UnreadableMaterial
from backend.material import found_in, read_material
from backend.material.block import Block
from backend.material.written import html, markdown, plain
from tests.material.documents import pdf, slides, word


def _lines(blocks: list[Block]) -> list[tuple[int | None, str]]:
    return [(block.line, block.text) for block in blocks]


def test_markdown_blocks_name_their_line_and_what_stands_over_them() -> None:
    blocks = markdown(
        b"---\ntitle: card\n---\n# Plans\n\nSome **bold** words\nover two lines.\n\n"
        b"- SSO is [Enterprise](http://x).\n- A `flow` runs.\n\n"
        b"| Feature | Where |\n|---|---|\n| RBAC | Pro |\n\n```\ncode is no statement\n```\n"
    )
    assert _lines(blocks) == [
        (6, "Some bold words\nover two lines."),
        (9, "SSO is Enterprise."),
        (10, "A flow runs."),
        (12, "Feature: Where"),
        (14, "RBAC: Pro"),
    ]
    assert {block.heading for block in blocks} == {"Plans"}


def test_a_lead_in_speaks_for_its_list_alone() -> None:
    blocks = markdown(b"# Airflow\n\nThey say:\n\n- No roles.\n- No SSO.\n\nWe have both.\n")
    assert [(block.text, block.is_ours) for block in blocks] == [
        ("No roles.", False),
        ("No SSO.", False),
        ("We have both.", True),
    ]


@pytest.mark.parametrize(
    "heading",
    ["Objections", "Myths", "What competitors say", "Don't say", "You will hear", "Common concerns"],
)
def test_what_others_say_is_not_ours(heading: str) -> None:
    assert not markdown(f"## {heading}\n\nThere are no roles.\n".encode())[0].is_ours


@pytest.mark.parametrize("heading", ["Answers to objections", "Myth and reality", "Plans", "Talk track", ""])
def test_what_we_answer_is_ours(heading: str) -> None:
    assert markdown(f"## {heading}\n\nThere are roles.\n".encode())[0].is_ours


def test_an_ignored_block_is_left_out_and_the_next_is_not() -> None:
    source = b"<!-- call-coach-ignore -->\n\nLeft out.\n\nKept.\n"
    assert _lines(markdown(source)) == [(5, "Kept.")]
    assert _lines(html(b"<p>a b</p>\n<!-- call-coach-ignore: old --><p>Left out.</p><p>Kept.</p>")) == [
        (1, "a b"),
        (2, "Kept."),
    ]


def test_html_shows_what_a_reader_sees() -> None:
    blocks = html(
        b"<html><head><title>x</title><style>p{}</style></head><body><h2>Plans</h2>\n"
        b"<p>SSO &amp; SCIM are\n <b>Enterprise</b>.</p><script>alert('no')</script>\n<ul><li>One<li>Two</ul>"
    )
    assert _lines(blocks) == [(2, "SSO & SCIM are\n Enterprise."), (4, "One"), (4, "Two")]
    assert blocks[0].heading == "Plans"


@pytest.mark.parametrize(
    "attribute", ["hidden", 'style="color: red; Display : none"', 'aria-hidden="true"', "hidden=''"]
)
def test_html_that_is_hidden_is_left_out_and_what_follows_is_not(attribute: str) -> None:
    for source in (
        f"<div {attribute}><p>No <br>one<img src=x> sees<div>this</div><hr></div><p>Kept.</p>",
        f"<ul><li {attribute}>Left out<li>Kept.</ul>",
        f"<ul><li {attribute}>Left out</ul><p>Kept.</p>",
        f"<p {attribute}>Left out<p>Kept.",
        f"<p><span {attribute}>Left <b>out</b></span>Kept.</p>",
        f"<img {attribute}><p>Kept.</p>",
        f"<h2 {attribute}>Left out</h2>Kept.",
        f"<table><tr {attribute}><td>Left<td>out<tr><td>Kept.</table>",
        f"<p>Kep<i {attribute}>left out</i>t.</p>",
    ):
        assert _lines(html(source.encode())) == [(1, "Kept.")], source
    assert _lines(html(b'<p style="display:block" aria-hidden="false">Kept.')) == [(1, "Kept.")]


def test_html_after_a_table_stands_on_its_own_line() -> None:
    blocks = html(b"<table>\n<tr><td>A cell</td></tr>\n</table>After it.\n<p>And then.</p>")
    assert _lines(blocks) == [(2, "A cell"), (3, "After it."), (4, "And then.")]


def test_plain_text_is_cut_at_empty_lines() -> None:
    assert _lines(plain("\ufeffOne\r\ntwo\r\n\r\n  \r\nThree".encode())) == [(1, "One\ntwo"), (5, "Three")]


def test_office_files_name_page_paragraph_and_slide(tmp_path: Path) -> None:
    assert [
        (block.place, block.heading, block.text)
        for file in (
            pdf(tmp_path / "a.pdf", "SSO comes with\nthe Team plan.\nA second one.", "Page two."),
            word(tmp_path / "a.docx", "Roles are on Pro.", heading="Plans", row=("RBAC", "Pro")),
            slides(tmp_path / "a.pptx", "Security", "SSO is Enterprise.", notes="Say it slowly."),
        )
        for block in read_material(file)
    ] == [
        ("page 1", "", "SSO comes with the Team plan."),
        ("page 1", "", "A second one."),
        ("page 2", "", "Page two."),
        ("paragraph 2", "Plans", "Roles are on Pro."),
        ("paragraph 3", "Plans", "RBAC: Pro"),
        ("slide 1", "Security", "SSO is Enterprise."),
        ("slide 1, notes", "Security", "Say it slowly."),
    ]


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.pdf", b"%PDF-1.7 nothing", "the PDF is broken"),
        ("a.docx", b"no archive", "not the Office file"),
        ("a.pptx", b"", "not the Office file"),
        ("a.xlsx", b"", "of no kind that can be checked"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence_with_its_name(
    tmp_path: Path, name: str, data: bytes, says: str
) -> None:
    file = tmp_path / name
    file.write_bytes(data)
    with pytest.raises(UnreadableMaterial, match=says) as failure:
        read_material(file)
    assert name in str(failure.value)
    assert "\n" not in str(failure.value)


def test_an_archive_that_is_no_document_or_unpacks_without_end_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "a.docx"
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", "<x/>")
    with pytest.raises(UnreadableMaterial, match="the Word file is broken"):
        read_material(file)
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("big", "w") as entry:
        for _ in range(310):
            entry.write(bytes(1_000_000))
    with pytest.raises(UnreadableMaterial, match="unpacks to more than"):
        read_material(file)


def test_a_directory_gives_the_files_of_known_kinds_that_are_not_hidden(tmp_path: Path) -> None:
    for name in ("b.md", "a.html", "c.py", ".git/d.md", "deep/e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    named = tmp_path / "c.py"
    found = found_in([tmp_path, named, tmp_path / "b.md"])
    assert [file.relative_to(tmp_path).as_posix() for file in found] == [
        "a.html",
        "b.md",
        "deep/e.txt",
        "c.py",
    ]


@given(st.text(st.sampled_from("ab #*-|`<>!:\n\t[](){}&;\\\0é\u202e"), max_size=200), st.booleans())
def test_whatever_a_file_holds_its_blocks_stand_on_lines_it_has(text: str, as_html: bool) -> None:
    blocks = (html if as_html else markdown)(text.encode())
    lines = text.count("\n") + 1
    assert all(block.text and block.line and 1 <= block.line <= lines for block in blocks)
