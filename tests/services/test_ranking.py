"""How facts and passages are weighed against each other."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from operator import mul
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.facts import Fact, Passage
from backend.services.bm25 import Bm25, weighted
from backend.services.docs_snapshot import Snapshot
from backend.services.docs_sync import sync
from backend.services.fact_ranking import FACTS_OF_A_PAGE, FactRanking, spoken_query
from backend.services.stems import counted_stems, stems
from tests.conftest import REPO
from tests.services.docs_tree import write_docs

KNOWLEDGE = REPO / "knowledge"
TEXTS = ["a worker polls", "a worker polls the pool, and polls again", "schedules are written in cron"]
LIVE = Passage(
    id="d-1",
    url="https://docs.prefect.io/v3/concepts/workers#polling",
    title="Workers",
    text="Every 15 seconds a worker polls its work pool for scheduled flow runs.",
    read_at=datetime(2026, 11, 1, tzinfo=UTC),
    source="prefect-mcp",
    origin="a test",
)
SAID = "so every fifteen seconds that little poller asks for jobs"


def fact(number: int, page: str, statement: str) -> Fact:
    return Fact(id=f"f-{number}", statement=statement, title="", url=f"https://docs.prefect.io/{page}")


@pytest.fixture(scope="module")
def synced(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Snapshot]:
    folder = tmp_path_factory.mktemp("ranking")
    sync(write_docs(folder / "docs"), folder / "data")
    opened = Snapshot.open(folder / "data", KNOWLEDGE)
    yield opened
    opened.close()


def test_words_are_the_same_in_every_form_and_only_those_with_meaning_count() -> None:
    assert stems("The polling pollers polled it") == stems("poll pollers")
    assert counted_stems("polls, polled and polling") == Counter({"poll": 3})
    assert stems("") == stems("the of to") == []


def test_a_heavier_word_wins_and_a_text_from_elsewhere_is_weighed_like_one_of_them() -> None:
    index = Bm25.over([counted_stems(text) for text in TEXTS])
    query = weighted([(["worker"], 1.0), (["cron", "worker"], 0.5)])
    assert query == {"worker": 1.0, "cron": 0.5}
    scores = index.scores(query)
    assert scores[0] > scores[1] > 0
    for text, score in zip(TEXTS, scores, strict=True):
        assert index.score(counted_stems(text), query) == pytest.approx(score, rel=1e-5)
    assert index.scores({"unheard": 1.0}) == [0.0, 0.0, 0.0]


def test_words_that_many_texts_hold_count_to_the_last_bit_as_those_of_few_do() -> None:
    texts = [Counter({"run": 1 + nth % 7, f"word{nth % 30}": 1, "flow": 2}) for nth in range(90)]
    index = Bm25.over(texts)
    query = {"run": 1.0, "flow": 0.25, "word3": 0.5}
    apart = [index.scores({stem: 1.0}) for stem in query]
    summed = [sum(map(mul, query.values(), each)) for each in zip(*apart, strict=True)]
    assert index.scores(query) == summed
    assert index.scores({"run": 0.3})[8] == 0.3 * apart[0][8] > 0
    assert index.score(texts[8], query) == pytest.approx(summed[8], rel=1e-5)


def test_parts_of_the_texts_score_as_they_do_among_all() -> None:
    index = Bm25.over([counted_stems(text) for text in TEXTS])
    query = spoken_query("a worker polls, cron", ["work pools"])
    parts = index.parted([1, 0, 2])
    assert [score for part in parts for score in part.scores(query)] == index.scores(query)


def test_a_page_full_of_likely_facts_leaves_room_for_others() -> None:
    facts = [fact(n, "full", "A worker polls a work pool for runs.") for n in range(9)]
    facts += [fact(9, "other", "A worker has heartbeats."), fact(10, "third", "A pool can be paused.")]
    ranking = FactRanking.over(facts)
    order = ranking.in_order(ranking.scores(spoken_query("a worker polls a work pool")), 8)
    assert {9, 10} < set(order[:3])
    assert len(set(order) - {9, 10}) == FACTS_OF_A_PAGE


def test_a_fact_is_lifted_by_its_page_and_by_facts_worded_like_it() -> None:
    facts = [
        fact(0, "pools", "Pausing keeps late runs waiting."),
        fact(1, "pools", "A kubernetes pool has a queue."),
        fact(2, "elsewhere", "Pausing keeps late runs waiting around."),
    ]
    ranking = FactRanking.over([*facts, *(fact(n, f"p{n}", f"Blocks hold secret {n}.") for n in range(3, 9))])
    scores = ranking.scores(spoken_query("kubernetes"))
    assert scores[1] > scores[0] > 0, "of the same page"
    assert scores[2] > 0, "worded like one of that page"
    assert not any(scores[3:])


def test_nothing_said_finds_nothing(synced: Snapshot) -> None:
    assert synced.match("", 5) == []
    assert synced.match("xylophone quagmire", 5) == []


def test_what_was_brought_and_what_is_kept_stand_in_one_order_and_nothing_twice(synced: Snapshot) -> None:
    matches = synced.match(SAID, 12)
    ranked = synced.rank(SAID, matches, [LIVE, LIVE])
    assert LIVE in [one.passage for one in ranked[:2]]
    assert len({one.passage.id for one in ranked}) == len(ranked) > 1
    assert [one.score for one in ranked] == sorted((one.score for one in ranked), reverse=True)
    assert {one.passage.source for one in ranked} == {"prefect-mcp", "snapshot"}


def test_what_was_brought_about_something_else_stands_last(synced: Snapshot) -> None:
    beside = LIVE.model_copy(update={"id": "d-2", "url": "https://example.com", "text": "Cheese is a food."})
    assert synced.rank(SAID, synced.match(SAID, 12), [beside])[-1].passage == beside


def test_another_sync_is_noticed_and_its_words_are_kept_for_the_next_start(tmp_path: Path) -> None:
    opened = Snapshot.open(tmp_path / "data", KNOWLEDGE)
    matches = opened.match(SAID, 12)
    assert opened.rank(SAID, matches) == []
    docs = write_docs(tmp_path / "docs")
    sync(docs, tmp_path / "data")
    before = opened.rank(SAID, matches)
    (kept,) = (tmp_path / "data").glob("sections-*.sqlite")
    page = docs / "v3/concepts/workers.mdx"
    page.write_text(page.read_text().replace("15 seconds", "20 seconds"))
    sync(docs, tmp_path / "data")
    after = opened.rank(SAID, matches)
    assert "20 seconds" in after[0].passage.text
    assert "15 seconds" in before[0].passage.text
    assert [file != kept for file in (tmp_path / "data").glob("sections-*.sqlite")] == [True]
    assert Snapshot.open(tmp_path / "data", KNOWLEDGE).rank(SAID, matches) == after


def test_broken_words_of_sections_are_made_anew(tmp_path: Path) -> None:
    sync(write_docs(tmp_path / "docs"), tmp_path / "data")
    opened = Snapshot.open(tmp_path / "data", KNOWLEDGE)
    matches = opened.match(SAID, 12)
    ranked = opened.rank(SAID, matches)
    (kept,) = (tmp_path / "data").glob("sections-*.sqlite")
    kept.write_bytes(b"not a database")
    assert Snapshot.open(tmp_path / "data", KNOWLEDGE).rank(SAID, matches) == ranked


def test_many_threads_rank_at_once(synced: Snapshot) -> None:
    def ids(nth: int) -> list[str]:
        words = f"{SAID} {nth % 3}"
        return [one.passage.id for one in synced.rank(words, synced.match(words, 12), [LIVE])]

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ids, range(40))) == [ids(nth) for nth in range(40)]


@given(st.text(max_size=300), st.lists(st.text(max_size=100), max_size=3))
def test_no_words_break_the_ranking(synced: Snapshot, words: str, before: list[str]) -> None:
    matches = synced.match(words, 5, before)
    assert len(matches) <= 5
    synced.rank(words, matches, [LIVE], before)
