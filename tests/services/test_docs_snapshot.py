"""The embedded index: what is found, whence it is quoted, and that no process or input can break it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backend.errors import UnusableKnowledge
from backend.services.docs_snapshot import Snapshot
from backend.services.docs_sync import sync
from backend.services.synced_docs import page_path
from tests.conftest import REPO
from tests.services.docs_tree import write_docs

KNOWLEDGE = REPO / "knowledge"


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def snapshot(data: Path) -> Iterator[Snapshot]:
    opened = Snapshot.open(data, KNOWLEDGE)
    yield opened
    opened.close()


@pytest.fixture
def synced(tmp_path: Path) -> Iterator[Snapshot]:
    sync(write_docs(tmp_path / "docs"), tmp_path / "data")
    opened = Snapshot.open(tmp_path / "data", KNOWLEDGE)
    yield opened
    opened.close()


def test_what_is_said_on_a_call_finds_the_fact(snapshot: Snapshot) -> None:
    found = snapshot.match("so every fifteen seconds that little poller asks for jobs, right?", 5)
    assert found[0].fact.id == "concepts-workers-04"
    assert found[0].score == max(match.score for match in found)


def test_the_first_facts_are_of_different_pages_and_no_page_fills_the_view(snapshot: Snapshot) -> None:
    pages = [match.fact.url for match in snapshot.match("work pool worker polls for flow runs", 12)]
    assert len(set(pages[:3])) == 3
    assert all(pages.count(page) <= 3 for page in pages)


def test_what_was_said_before_helps_where_the_words_say_little(snapshot: Snapshot) -> None:
    def found(*before: str) -> str:
        return snapshot.match("yeah, that one is Cloud only", 1, before)[0].fact.title

    asked = "And can we define an SLA, so we hear about it when the nightly is late?"
    assert "Service Level" not in found()
    assert "Service Level" in found(asked)
    assert "Service Level" in found("", asked)


def test_what_was_said_before_does_not_drown_the_words(snapshot: Snapshot) -> None:
    words = "so every fifteen seconds that little poller asks for jobs"
    chatter = "we spoke of artifacts, variables, webhooks and the audit log " * 200
    assert snapshot.match(words, 3, [chatter])[0].fact.id == "concepts-workers-04"


def test_facts_close_in_meaning_are_found_where_another_ranking_is_at_hand(tmp_path: Path) -> None:
    class OneFact:
        model = "one"

        def closeness(self, words: str) -> list[float]:
            return [float(fact.id == "concepts-workers-04") for fact in opened.pack.facts]

    opened = Snapshot.open(tmp_path, KNOWLEDGE)
    opened.meaning = OneFact()
    assert opened.match("zzz", 3)[0].fact.id == "concepts-workers-04"


def test_a_misheard_term_finds_the_fact_of_the_right_one(snapshot: Snapshot) -> None:
    heard = snapshot.match("do you run on Cooper Netties with a work pull", 12)
    assert heard == snapshot.match("do you run on Kubernetes with a work pool", 12)


def test_dev_queries_find_a_settling_page_among_the_first_five(snapshot: Snapshot, shared: Path) -> None:
    lines = (shared / "queries/dev.jsonl").read_text(encoding="utf-8").splitlines()
    queries = [query for line in lines if (query := json.loads(line))["gold_urls"]]
    hits = 0
    for query in queries:
        urls = [match.fact.url for match in snapshot.match(query["query"], 60) if match.fact.url]
        first_pages = list(dict.fromkeys(map(page_path, urls)))[:5]
        hits += any(page_path(gold) in first_pages for gold in query["gold_urls"])
    assert hits / len(queries) > 0.85


def test_facts_come_in_the_order_asked_and_unknown_ids_are_left_out(snapshot: Snapshot) -> None:
    ids = ["pr-010", "concepts-workers-01", "nobody", "co-af-02"]
    assert [fact.id for fact in snapshot.facts(ids)] == ["pr-010", "concepts-workers-01", "co-af-02"]


def test_what_is_known_of_a_competitor_never_accuses_and_is_not_matched(snapshot: Snapshot) -> None:
    rivals = [fact.id for rival in snapshot.pack.competitors for fact in rival.facts]
    assert not any(fact.may_accuse for fact in snapshot.facts(rivals))
    assert not {match.fact.id for match in snapshot.match("airflow dagster temporal", 200)} & set(rivals)


def test_a_competitor_is_positioned_by_dated_facts_and_a_contrast(snapshot: Snapshot) -> None:
    positions = snapshot.positions("mwaa")
    assert [passage.id for passage in positions] == [
        "co-ma2-04",
        "co-ma2-05",
        "co-ma2-07",
        "co-mwaa-contrast",
    ]
    assert positions[0].read_at == datetime(2026, 6, 16, tzinfo=UTC)
    assert snapshot.positions("nobody") == []


def test_without_a_copy_the_fact_is_its_own_passage_with_its_date(snapshot: Snapshot) -> None:
    (passage,) = snapshot.passages("concepts-workers-04", 5)
    assert passage.id == "concepts-workers-04"
    assert (passage.source, passage.origin) == ("pack", "Call Coach knowledge pack")
    assert passage.read_at == datetime(2026, 8, 21, tzinfo=UTC)
    assert snapshot.passages("nobody", 5) == []


def test_with_a_copy_the_docs_own_words_come_first_and_the_fact_last(synced: Snapshot) -> None:
    *sections, fact = synced.passages("concepts-workers-04", 5)
    assert "Workers poll for work every 15 seconds by default." in sections[0].text
    assert {passage.source for passage in sections} == {"snapshot"}
    assert sections[0].read_at == synced.status().synced_at
    assert fact.id == "concepts-workers-04"


def test_a_search_without_a_copy_gathers_statements_by_page(snapshot: Snapshot) -> None:
    found = snapshot.search("workers poll interval seconds", 5)
    assert {passage.source for passage in found} == {"pack"}
    assert len({(passage.url, passage.title) for passage in found}) == len(found) == 5


def test_a_search_without_a_copy_serves_no_fact_that_may_settle_nothing(snapshot: Snapshot) -> None:
    prices = {match.fact.id for match in snapshot.match("what does the Starter plan cost a month", 40)}
    found = snapshot.search("what does the Starter plan cost a month", 20)
    assert "pr-011" in prices, "its source has no public address"
    assert found
    assert all(passage.url for passage in found)
    unsure = [fact.statement for fact in snapshot.pack.facts if not fact.may_accuse]
    assert not [words for words in unsure for passage in found if words in passage.text]


def test_a_search_with_a_copy_reaches_pages_no_fact_is_about(synced: Snapshot) -> None:
    assert any(passage.title == "Schedules" for passage in synced.search("cron runs on time", 20))


def test_only_words_of_the_product_are_vocabulary(snapshot: Snapshot) -> None:
    assert snapshot.is_product_vocabulary("Workers: polling, work pool")
    for leak in ("worker at Acme", "jane@customer.example", "worker 4711-0815", "", "  ", "?!"):
        assert not snapshot.is_product_vocabulary(leak), leak


def test_every_query_of_a_facts_own_words_is_vocabulary(snapshot: Snapshot) -> None:
    assert all(
        snapshot.is_product_vocabulary(" ".join((fact.title, fact.section, *fact.terms)))
        for fact in snapshot.pack.facts
    )


def test_the_status_says_what_is_held(snapshot: Snapshot, synced: Snapshot) -> None:
    alone, with_copy = snapshot.status(), synced.status()
    assert (alone.pages, alone.synced_pages, alone.synced_at) == (172, 0, None)
    assert alone.bytes > 1_000_000
    assert (with_copy.facts, with_copy.synced_pages) == (alone.facts, 4)


def test_the_fingerprint_changes_with_a_sync(tmp_path: Path) -> None:
    opened = Snapshot.open(tmp_path / "data", KNOWLEDGE)
    before = opened.fingerprint
    sync(write_docs(tmp_path / "docs"), tmp_path / "data")
    assert opened.fingerprint != before


def test_opening_again_reads_no_yaml_and_gives_the_same(data: Path, snapshot: Snapshot) -> None:
    (index,) = data.glob("knowledge-*.sqlite")
    built = index.stat().st_mtime_ns
    assert Snapshot.open(data, KNOWLEDGE).pack == snapshot.pack
    assert index.stat().st_mtime_ns == built


@pytest.mark.slow
def test_an_edited_pack_is_indexed_anew_and_the_old_index_goes(tmp_path: Path) -> None:
    pack = Path(shutil.copytree(KNOWLEDGE, tmp_path / "knowledge"))
    Snapshot.open(tmp_path / "data", pack).close()
    page = pack / "pages/v3/concepts/workers.yaml"
    page.write_text(page.read_text().replace("statement: A worker has", "statement: A xylophone has", 1))
    again = Snapshot.open(tmp_path / "data", pack)
    assert again.match("xylophone", 1)[0].fact.id == "concepts-workers-02"
    assert len(list((tmp_path / "data").iterdir())) == 1


@pytest.mark.parametrize("spoiled", [b"", b"not a database", b"SQLite format 3\0" + bytes(5000)])
def test_a_broken_index_is_built_anew(tmp_path: Path, spoiled: bytes) -> None:
    Snapshot.open(tmp_path, KNOWLEDGE).close()
    (index,) = tmp_path.glob("knowledge-*.sqlite")
    index.write_bytes(spoiled)
    assert Snapshot.open(tmp_path, KNOWLEDGE).match("worker", 1)


def test_an_index_removed_under_a_running_process_comes_back(tmp_path: Path) -> None:
    opened = Snapshot.open(tmp_path, KNOWLEDGE)
    before = opened.match("worker", 3)
    for file in tmp_path.iterdir():
        file.unlink()
    assert opened.match("worker", 3) == before


def test_a_data_directory_that_cannot_be_written_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnusableKnowledge, match="set COACH_DATA_DIR"):
        Snapshot.open(tmp_path / "file", KNOWLEDGE)


@pytest.mark.slow
def test_processes_that_start_together_all_find_the_same(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from backend.services.docs_snapshot import Snapshot\n"
        "print(Snapshot.open(Path(sys.argv[1]), Path(sys.argv[2])).match('worker polls', 1)[0].fact.id)"
    )
    command = [sys.executable, "-c", program, str(tmp_path / "data"), str(KNOWLEDGE)]
    started = [
        subprocess.Popen(command, cwd=REPO, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    answers = [process.communicate(timeout=60) for process in started]
    assert len(set(answers)) == 1, answers
    assert [file.suffix for file in (tmp_path / "data").iterdir()] == [".sqlite"]


def test_many_threads_read_at_once(synced: Snapshot) -> None:
    def read(nth: int) -> list[str]:
        words = f"worker polls {nth % 3}"
        return [p.id for m in synced.match(words, 3) for p in synced.passages(m.fact, 3)]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(read, range(60)))
    assert answers == [read(nth) for nth in range(60)]


@given(
    st.text(max_size=200)
    | st.lists(st.sampled_from(['"', "NEAR(", "*", "AND", "OR", "\0", "^", "a:b", "-"])).map(" ".join)
)
@settings(max_examples=100)
def test_no_words_can_break_a_search(snapshot: Snapshot, words: str) -> None:
    assert len(snapshot.match(words, 3)) <= 3
    assert len(snapshot.search(words, 3)) <= 3
    assert snapshot.is_product_vocabulary(words) in (True, False)


@pytest.mark.parametrize("flood", ["worker " * 20_000, "a" * 100_000, '"' * 100_000, "w\0x " * 25_000])
def test_a_flood_of_words_is_bounded(synced: Snapshot, flood: str) -> None:
    assert len(synced.match(flood, 5)) <= 5
    assert len(synced.search(flood, 5)) <= 5
