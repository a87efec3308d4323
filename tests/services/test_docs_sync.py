"""Syncing documentation: what becomes of MDX, what is indexed, and what happens when it goes wrong."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.errors import UnusableKnowledge
from backend.facts import Passage
from backend.services.docs_sync import sync
from backend.services.mdx import MAX_WORDS, read_page, slug
from backend.services.synced_docs import SyncedDocs, page_path
from tests.services.docs_tree import write_docs

SITE = "https://docs.prefect.io"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    return write_docs(tmp_path / "docs")


def synced(docs: Path, data: Path) -> SyncedDocs:
    sync(docs, data)
    return SyncedDocs(data)


def page(copy: SyncedDocs, path: str) -> list[Passage]:
    return copy.page_sections(SITE + path, "", "", 50)


def words_of(copy: SyncedDocs, path: str) -> str:
    return "\n".join(section.text for section in page(copy, path))


def test_a_sync_says_what_it_brought_and_how_far_it_is(docs: Path, tmp_path: Path) -> None:
    steps: list[tuple[int, int]] = []
    result = sync(docs, tmp_path / "data", lambda done, total: steps.append((done, total)))
    assert (result.pages, result.reference_pages, result.releases, result.skipped) == (4, 3, 3, [])
    assert steps == [(done, 7) for done in range(1, 8)]
    assert result.bytes == (tmp_path / "data/docs.sqlite").stat().st_size


def test_markup_goes_and_words_stay(docs: Path, tmp_path: Path) -> None:
    text = words_of(synced(docs, tmp_path), "/v3/concepts/workers")
    assert "Workers poll work pools." in text, "the description is part of the page"
    assert "sit in your network and ask a work pool for runs. See schedules." in text
    assert "Mind the limit" in text
    assert "On Linux" in text
    for gone in ("<Warning", "</", "import", "badge", "writers", "](/v3", "**", "drawing", "|:--"):
        assert gone not in text.replace("# import x from 'y'", "")


def test_placeholders_and_code_are_kept(docs: Path, tmp_path: Path) -> None:
    text = words_of(synced(docs, tmp_path), "/v3/concepts/workers")
    assert "Pass your key as <API-KEY>, never as `<SECRET>`." in text
    assert "# Not a heading\nprefect worker start --pool <POOL>  # import x from 'y'" in text


def test_tables_stay_readable(docs: Path, tmp_path: Path) -> None:
    text = words_of(synced(docs, tmp_path), "/v3/concepts/workers")
    assert "| Option | Meaning here |\n| `--pool` | The pool to poll. |" in text


def test_snippets_stand_where_they_are_used(docs: Path, tmp_path: Path) -> None:
    text = words_of(synced(docs, tmp_path), "/v3/concepts/workers")
    assert "Manage workers by Terraform." in text
    assert "Runs that fail are marked as failed." in text


def test_an_index_page_has_the_address_of_its_folder_and_a_blank_title_is_replaced(
    docs: Path, tmp_path: Path
) -> None:
    copy = synced(docs, tmp_path)
    (overview,) = page(copy, "/v3/concepts")
    assert overview.url == f"{SITE}/v3/concepts"
    assert overview.title == "Index"
    assert page(copy, "/v3/concepts/index") == [overview]


def test_long_sections_are_cut_and_the_reference_stands_apart(docs: Path, tmp_path: Path) -> None:
    copy = synced(docs, tmp_path)
    cron = page(copy, "/v3/how-to/schedules")
    assert len(cron) > 2
    assert all(len(section.text.split()) <= MAX_WORDS for section in cron)
    assert {section.url for section in cron} == {f"{SITE}/v3/how-to/schedules#cron"}
    assert not copy.search("reference of the interface", 5)


def test_a_page_that_moved_is_found_by_its_old_address(docs: Path, tmp_path: Path) -> None:
    copy = synced(docs, tmp_path)
    assert page(copy, "/v3/old/schedules") == page(copy, "/v3/how-to/schedules")


def test_the_section_of_a_heading_comes_first(docs: Path, tmp_path: Path) -> None:
    copy = synced(docs, tmp_path)
    first = copy.page_sections(f"{SITE}/v3/concepts/workers", "Options", "poll seconds", 1)
    assert "The pool to poll" in first[0].text


def test_release_notes_are_found_by_version_newest_first_and_nowhere_else(docs: Path, tmp_path: Path) -> None:
    copy = synced(docs, tmp_path)
    found = [copy.release(version) for version in (None, "v3.10.0", "3.9", "3.1", "4")]
    assert [release and (release.version, release.text) for release in found] == [
        ("3.10.1", "A fix."),  # 10 comes after 9
        ("3.10.0", "Ten is out."),
        ("3.9.0", "Nine is out."),
        None,
        None,
    ]
    assert not copy.search("Nine is out", 5)


def test_a_directory_without_docs_is_refused_and_the_old_copy_stays(docs: Path, tmp_path: Path) -> None:
    copy = synced(docs, tmp_path / "data")
    before = copy.state()
    (tmp_path / "empty/v3").mkdir(parents=True)
    for nothing in (tmp_path / "nowhere", tmp_path / "empty"):
        with pytest.raises(UnusableKnowledge, match=r"There is no .*documentation in"):
            sync(nothing, tmp_path / "data")
    assert copy.state() == before
    assert not list((tmp_path / "data").glob(".*.part"))


def test_a_reader_notices_a_new_sync(docs: Path, tmp_path: Path) -> None:
    copy = synced(docs, tmp_path / "data")
    assert not copy.search("zebra", 1)
    (docs / "v3/concepts/zebra.mdx").write_text("---\ntitle: Zebra\n---\n\nStripes.\n")
    sync(docs, tmp_path / "data")
    assert copy.search("zebra", 1)[0].text == "Stripes."


def test_unreadable_and_foreign_files_are_skipped_by_name(docs: Path, tmp_path: Path) -> None:
    (tmp_path / "secret.mdx").write_text("a secret beside the checkout")
    (docs / "v3/concepts/link.mdx").symlink_to(tmp_path / "secret.mdx")
    (docs / "v3/concepts/latin.mdx").write_bytes(b"caf\xe9")
    (docs / "v3/concepts/thief.mdx").write_text(
        "import Secret from '/snippets/../../secret.mdx'\n\nAll mine: <Secret />\n"
    )
    assert sorted(sync(docs, tmp_path / "data").skipped) == [
        "snippets/../../secret.mdx",
        "v3/concepts/latin.mdx",
        "v3/concepts/link.mdx",
    ]
    assert not SyncedDocs(tmp_path / "data").search("beside checkout", 5)


@pytest.mark.parametrize("spoiled", [b"", b"not a database", b"SQLite format 3\0" + bytes(5000)])
def test_a_broken_copy_counts_as_none(tmp_path: Path, spoiled: bytes) -> None:
    (tmp_path / "docs.sqlite").write_bytes(spoiled)
    copy = SyncedDocs(tmp_path)
    assert copy.state() is None
    assert copy.search("worker", 5) == []


def test_a_copy_that_was_cut_short_counts_as_none(docs: Path, tmp_path: Path) -> None:
    sync(docs, tmp_path)
    whole = (tmp_path / "docs.sqlite").read_bytes()
    (tmp_path / "docs.sqlite").write_bytes(whole[: len(whole) // 2])
    assert SyncedDocs(tmp_path).state() is None


@given(st.text(alphabet=st.sampled_from("<>/{}`#*|[]()!\\~-= \n\"'aB:é\0"), max_size=300))
@settings(max_examples=150)
def test_any_text_can_be_read_as_a_page(mdx: str) -> None:
    read = read_page(mdx, lambda path: None, "Untitled")
    assert all(len(section.text.split()) <= MAX_WORDS for section in read.sections)


def test_hostile_markup_takes_no_longer_than_its_length() -> None:
    for nasty in (
        "<Tab ",
        "<Tab a={{",
        "[",
        "![",
        "[a](",
        "**a",
        "{/*",
        "`a``",
        "# ",
        "|-",
        " ",
        "import a ",
        "\\",
        "export const a = <b>\n",
        "> Documentation Index\n",
        "> a\n",
    ):
        read_page(nasty * 20_000, lambda path: None, "Untitled")


def test_a_page_as_the_site_serves_it_reads_like_its_source() -> None:
    source = (
        "---\ntitle: Workers\ndescription: They poll.\n---\n\n## Polling\n\nManage workers with Terraform.\n"
    )
    served = (
        "> ## Documentation Index\n> Fetch the complete documentation index at: https://docs/llms.txt\n"
        "> Use this file to discover all available pages.\n\n# Workers\n\n> They poll.\n\n"
        "export const TF = ({name, href}) => {\n  return "
        "<p>Manage {name} with <a href={href}>Terraform</a>.</p>;\n"
        '};\n\n## Polling\n\n<TF name="workers" href={workers.tf} />\n'
    )
    assert read_page(served, lambda path: None, "x") == read_page(source, lambda path: None, "x")


def test_anchors_are_those_of_the_site() -> None:
    assert slug("Retry parts of a workflow") == "retry-parts-of-a-workflow"
    assert slug("What's `new`: 3.0?") == "whats-new-30"


def test_the_real_documentation_keeps_every_settling_sentence(shared: Path, tmp_path: Path) -> None:
    result = sync(shared / "docs", tmp_path)
    assert result.pages > 150
    assert result.skipped == []
    copy = SyncedDocs(tmp_path)
    assert "| Hobby | 625 | 2,000 |" in words_of(copy, "/v3/concepts/rate-limits")
    assert "pip install -U prefect" in words_of(copy, "/v3/get-started/install")
    lines = (shared / "queries/dev.jsonl").read_text(encoding="utf-8").splitlines()
    for query in map(json.loads, lines):
        pages = [words_of(copy, page_path(url)) for url in query["gold_urls"]]
        sentence = _bare(query["gold_quote"] or "")
        assert not pages or any(sentence in _bare(page) for page in pages), query["gold_quote"]


def _bare(text: str) -> str:
    return " ".join(re.sub(r"[`*_|]", "", text).lower().split())
