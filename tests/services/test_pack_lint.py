"""What `knowledge lint` finds in a pack, and on which line it says so."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import pytest

from backend.errors import UnusableKnowledge
from backend.services.docs_sync import sync
from backend.services.pack_docs import DocsWords
from backend.services.pack_lint import Finding, check_pack
from tests.conftest import REPO

KNOWLEDGE = REPO / "knowledge"
TODAY = date(2026, 9, 1)
LOOK_AGAIN = "read the source again and set `checked`."
PAGE = """\
page: https://docs.prefect.io/v3/concepts/workers
title: Workers
as_of: "2026-08-21"
facts:
- id: concepts-workers-01
  statement: "A worker asks its pool for runs."
  scope: {edition: both, plans: null, since: null}
  section: "Polling for work"
  terms: ["work pool", "PREFECT_WORKER_QUERY_SECONDS"]
  asks:
  - "who fetches the jobs?"
  - "so a little process fetches them"
  - "what sits on our side"
  - "is there a daemon"
  - "does it phone home"
  wrong:
  - claim: "The server pushes code into the worker."
    why: "It is the worker that asks."
"""
MDX = """\
---
title: Workers
---
import Extra from '/snippets/extra.mdx'

Workers are lightweight polling services that retrieve scheduled runs from a [work pool](/v3/pools).

## Polling for work

Set `PREFECT_WORKER_QUERY_SECONDS` to change it.

<Tabs><Tab title="Kubernetes">helm</Tab></Tabs>
<Extra />
"""


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    """A pack with the page above alone, beside the real sheets."""
    folder = tmp_path / "knowledge"
    folder.mkdir()
    for sheet in KNOWLEDGE.glob("*.yaml"):
        shutil.copy(sheet, folder)
    write(folder, PAGE)
    return folder


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    (folder / "v3/concepts").mkdir(parents=True)
    (folder / "snippets").mkdir()
    (folder / "v3/concepts/workers.mdx").write_text(MDX, encoding="utf-8")
    (folder / "snippets/extra.mdx").write_text("A heartbeat is sent.\n", encoding="utf-8")
    return folder


def write(pack: Path, text: str, name: str = "workers") -> Path:
    file = pack / f"pages/v3/concepts/{name}.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    return file


def found(pack: Path, docs: Path | None = None, today: date = TODAY) -> list[Finding]:
    """What is found in the pages of the pack, which the test wrote."""
    check = check_pack(pack, DocsWords(docs) if docs else None, today)
    return [one for one in check.findings if "/pages/" in one.file]


def changed(pack: Path, old: str, new: str, docs: Path | None = None) -> Finding:
    """The one thing found after this change."""
    assert old in PAGE
    write(pack, PAGE.replace(old, new, 1))
    (finding,) = found(pack, docs)
    return finding


def line_of(words: str, text: str = PAGE) -> int:
    return text.split(words)[0].count("\n") + 1


def test_our_own_pack_has_no_errors() -> None:
    check = check_pack(KNOWLEDGE, None, date.today())
    assert [one for one in check.findings if one.level == "error"] == []
    assert check.pages > 160
    assert check.facts > 1_300
    assert check.asks > 7_000


def test_our_own_pack_fits_the_documentation(shared: Path) -> None:
    check = check_pack(KNOWLEDGE, DocsWords(shared / "docs"), date.today())
    assert [one for one in check.findings if one.level == "error"] == []
    assert not [one for one in check.findings if "no digest" in one.sentence]


def test_a_sound_page_is_passed_with_and_without_the_docs(pack: Path, docs: Path) -> None:
    assert found(pack) == found(pack, docs) == []


def test_every_misfit_of_a_file_is_found_at_once_each_with_its_line(pack: Path) -> None:
    write(pack, PAGE.replace("section:", "sektion:").replace("edition: both", "edition: all"))
    findings = found(pack)
    assert [(one.line, one.level) for one in findings] == [
        (line_of("  section"), "error"),
        (line_of("  scope"), "error"),
        (line_of("- id"), "error"),
    ]
    assert "sektion" in findings[0].sentence


@pytest.mark.parametrize(
    ("old", "new", "at", "level", "says"),
    [
        ("concepts-workers-01", "Workers_1", "- id", "error", "an id is words and a number"),
        ("v3/concepts/workers", "v3/concepts/pools", "page:", "error", "put it where its page is"),
        ('"2026-08-21"', '"2027-01-01"', "as_of", "error", "still to come"),
        ('"2026-08-21"', '"2026-01-01"', "as_of", "age", "243 days old, kept for 180"),
        ('["work pool", "PREFECT_WORKER_QUERY_SECONDS"]', '["worker"]', "  terms", "error", "give 2 to 6"),
        ('  - "does it phone home"\n', "", "  asks", "warning", "4 asks; give 5 or more"),
        ("is there a daemon", "Who fetches the jobs", '  - "is there', "warning", "stands here twice"),
    ],
)
def test_what_is_wrong_is_said_on_its_line(
    pack: Path, old: str, new: str, at: str, level: str, says: str
) -> None:
    finding = changed(pack, old, new)
    assert (finding.line, finding.level) == (line_of(at), level)
    assert says in finding.sentence


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ('"work pool"', '"task queue"', "  terms", "“task queue” is not on the page"),
        ("Polling for work", "Pulling work", "  section", "no heading “Pulling work”"),
        (
            "does it phone home",
            "workers are lightweight polling services that retrieve scheduled stuff",
            '  - "does it',
            "“workers are lightweight polling services that retrieve scheduled” is the documentation's",
        ),
    ],
)
def test_terms_headings_and_wording_are_held_against_the_docs(
    pack: Path, docs: Path, old: str, new: str, at: str, says: str
) -> None:
    finding = changed(pack, old, new, docs)
    assert (finding.line, finding.level) == (line_of(at), "error")
    assert says in finding.sentence
    assert found(pack) == [], "without the docs nothing is compared"


def test_seven_words_in_a_row_are_no_quotation(pack: Path, docs: Path) -> None:
    write(
        pack,
        PAGE.replace("does it phone home", "workers are lightweight polling services that retrieve ours"),
    )
    assert found(pack, docs) == []


@pytest.mark.parametrize("heading", ["", "Kubernetes", "Workers > Polling for work"])
def test_tabs_and_paths_count_as_headings(pack: Path, docs: Path, heading: str) -> None:
    write(pack, PAGE.replace("Polling for work", heading).replace("work pool", "heartbeat"))
    expected = ["the page has no heading “Workers > Polling for work”."] if heading.startswith("W") else []
    assert [one.sentence for one in found(pack, docs)] == expected


def test_a_page_without_a_digest_and_a_digest_without_a_page_are_named(pack: Path, docs: Path) -> None:
    (docs / "v3/concepts/pools.mdx").write_text("---\ntitle: Pools\n---\nA pool.\n", encoding="utf-8")
    (docs / "v3/release-notes").mkdir()
    (docs / "v3/release-notes/x.mdx").write_text("---\ntitle: X\n---\nNews.\n", encoding="utf-8")
    write(pack, PAGE.replace("workers", "gone").replace("work pool", "x y"), "gone")
    says = [(Path(one.file).name, one.level, one.sentence) for one in found(pack, docs)]
    assert (
        "gone.yaml",
        "error",
        "the documentation has no page https://docs.prefect.io/v3/concepts/gone.",
    ) in says
    assert [one[:2] for one in says if "no digest" in one[2]] == [("pools.yaml", "warning")]


def test_a_synced_copy_serves_as_the_docs(pack: Path, docs: Path, tmp_path: Path) -> None:
    sync(docs, tmp_path / "data")
    assert found(pack, tmp_path / "data") == []
    finding = changed(pack, '"work pool"', '"task queue"', tmp_path / "data")
    assert "not on the page" in finding.sentence


def test_an_id_of_two_facts_and_an_ask_of_two_facts_are_found_at_the_second(pack: Path) -> None:
    second = PAGE.replace("concepts/workers", "concepts/pools").replace("A worker asks", "Nobody asks")
    write(pack, second, "pools")
    findings = found(pack)
    assert {Path(one.file).name for one in findings} == {"workers.yaml"}, "pools comes first"
    assert findings[0].sentence.startswith("another fact has this id")
    write(pack, second.replace("workers-01", "pools-01"), "pools")
    assert [one.level for one in found(pack)] == ["warning"] * 5
    assert "“who fetches the jobs?” stands at concepts-pools-01 too" in found(pack)[0].sentence


def test_a_dispute_must_be_with_a_page_of_the_pack(pack: Path) -> None:
    site = "https://docs.prefect.io/v3/concepts"
    write(pack, f"{PAGE}  conflicts_with: {site}/workers\n")
    assert found(pack) == []
    write(pack, f"{PAGE}  conflicts_with: {site}/nowhere\n")
    (finding,) = found(pack)
    assert (finding.line, finding.level) == (PAGE.count("\n") + 1, "error")
    assert "nowhere, which has no digest" in finding.sentence


def edited(
    pack: Path, sheet: str, old: str, new: str, today: date = TODAY
) -> list[tuple[int, str, str | None, str]]:
    """What is found in a sheet after this change that was not found before."""

    def findings() -> list[Finding]:
        return [one for one in check_pack(pack, None, today).findings if one.file.endswith(sheet)]

    before = {(one.fact, one.sentence) for one in findings()}
    file = pack / sheet
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    new_ones = [one for one in findings() if (one.fact, one.sentence) not in before]
    return [(one.line, one.level, one.fact, one.sentence) for one in new_ones]


def test_a_price_past_its_time_is_named_until_somebody_checks_it(pack: Path) -> None:
    (pack / "pricing.yaml").write_text(PRICES, encoding="utf-8")
    found_ages = edited(pack, "pricing.yaml", "as_of: '2026-08-01'", "as_of: '2026-04-01'")
    assert found_ages == [
        (
            line_of("  as_of", PRICES),
            "age",
            "pr-001",
            f"153 days old, kept for 120; {LOOK_AGAIN} It accuses nobody any more.",
        )
    ]
    (pack / "pricing.yaml").write_text(
        PRICES.replace("2026-08-01", "2026-04-01").replace(
            "  confidence", "  checked: 2026-08-20\n  confidence"
        )
    )
    ages = [one for one in check_pack(pack, None, TODAY).findings if one.file.endswith("pricing.yaml")]
    assert ages == []


def test_a_sure_fact_needs_a_public_source(pack: Path) -> None:
    (pack / "pricing.yaml").write_text(PRICES, encoding="utf-8")
    ((line, level, fact, sentence),) = edited(pack, "pricing.yaml", "https://example.com/prices", "index:17")
    assert (line, level, fact) == (line_of("  confidence", PRICES), "error", "pr-001")
    assert "without a public address" in sentence


def test_a_mishearing_may_stand_for_one_term_only(pack: Path) -> None:
    found_now = edited(pack, "competitors.yaml", "    Prefect: [", "    Prefekt: [dag stir]\n    Prefect: [")
    assert [(level, sentence) for _, level, _, sentence in found_now] == [
        ("error", "“dag stir” is already heard as Prefekt.")
    ]


@pytest.mark.parametrize(
    ("old", "new", "at", "says"),
    [
        ("measure: next_step", "measure: charm", "measure: next_step", "measures.0.measure cannot be used"),
        ("good_from:", "god_from:", "good_from:", "god_from"),
        ("best: [35, 60]", "best: [60, 35]", "best: [35, 60]", "best must lie inside worst"),
        (
            "best: 100, worst: 50",
            "best: 100, worst: 100",
            "best: 100, worst: 50",
            "best and worst must differ",
        ),
        ("fair_from: 45", "fair_from: 80", "# What", "fair_from must be below good_from"),
        ("as_of: 2026-11-21", "as_of: 2999-01-01", "as_of: 2026", "still to come"),
        ("role: ae", "role: se", "role: ae", "call it se.yaml"),
    ],
)
def test_what_is_wrong_in_a_rubric_is_said_on_its_line(
    pack: Path, old: str, new: str, at: str, says: str
) -> None:
    sound = (KNOWLEDGE / "rubrics/ae.yaml").read_text(encoding="utf-8")
    assert old in sound
    (pack / "rubrics").mkdir()
    (pack / "rubrics/ae.yaml").write_text(sound.replace(old, new, 1), encoding="utf-8")
    errors = [one for one in check_pack(pack, None, date(2026, 11, 21)).findings if one.level == "error"]
    finding = next(one for one in errors if says in one.sentence)
    assert finding.file.endswith("rubrics/ae.yaml")
    assert finding.line == line_of(at, sound)


def test_an_answer_that_names_no_fact_is_found_once_nothing_else_is_wrong(pack: Path) -> None:
    shutil.rmtree(pack)
    shutil.copytree(KNOWLEDGE, pack)
    text = (pack / "objections.yaml").read_text(encoding="utf-8")
    (pack / "objections.yaml").write_text(
        text.replace("  - co-af-02\n", "  - co-af-99\n", 1), encoding="utf-8"
    )
    errors = [one for one in check_pack(pack, None, date.today()).findings if one.level == "error"]
    assert [(one.line, one.sentence) for one in errors if "co-af-99" in one.sentence] == [
        (line_of("  - co-af-02\n", text), "there is no fact co-af-99; use the id of a fact in the pack.")
    ]


def test_a_folder_that_is_no_pack_and_one_that_is_no_docs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UnusableKnowledge, match="no knowledge pack"):
        check_pack(tmp_path, None, TODAY)
    with pytest.raises(UnusableKnowledge, match="no Prefect documentation"):
        DocsWords(tmp_path)


PRICES = """\
meta: {}
facts:
- id: pr-001
  statement: "Starter is a hundred a month."
  source_url: https://example.com/prices
  source_title: Prices
  publisher: Somebody
  as_of: '2026-08-01'
  confidence: high
"""
