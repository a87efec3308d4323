"""Search measured: figures counted by hand, the ablation on the real pack, and claims in their calls."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.errors import UnreadableLabels
from backend.evals.labels import read_calls, read_lines
from backend.evals.queries import (
    PLAIN,
    PRODUCT,
    LabelledQuery,
    QueriesResult,
    best_pages,
    claim_moments,
    first_place,
    ndcg,
    run,
)
from backend.services.docs_snapshot import Snapshot
from backend.services.docs_sync import sync
from tests.conftest import REPO
from tests.services.docs_tree import write_docs

KNOWLEDGE = REPO / "knowledge"
WORKERS = "https://docs.prefect.io/v3/concepts/workers"
QUERIES = [
    {
        "id": "q-1",
        "query": "so every fifteen seconds that little poller asks for jobs, right?",
        "gold_urls": [WORKERS + "#options"],
        "gold_quote": "Workers poll for work every 15 seconds by default.",
    },
    {"id": "q-2", "query": "What does it cost per seat?", "gold_urls": [], "gold_quote": None},
]
CALL = """\
Devon: And how often does one of your workers look for jobs in the work pool?
Mara: Every fifteen seconds.
"""
LABELS = {
    "id": "made-up",
    "rep_names": ["Mara"],
    "prospect_names": ["Devon"],
    "claims": [
        {
            "quote": "Every fifteen seconds.",
            "speaker": "Mara",
            "verdict": "supported",
            "gold_urls": [WORKERS],
            "gold_quote": "Workers poll for work every 15 seconds by default.",
        },
        {"quote": "fifteen", "speaker": "Mara", "verdict": "not_in_docs", "gold_urls": []},
    ],
    "objections": [],
    "competitors": [],
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("queries")
    call = made / "calls/made-up"
    call.mkdir(parents=True)
    (call / "transcript.txt").write_text(CALL)
    (call / "labels.json").write_text(json.dumps(LABELS))
    (made / "dev.jsonl").write_text("".join(json.dumps(one) + "\n" for one in QUERIES))
    sync(write_docs(made / "docs"), made / "data")
    return made


@pytest.fixture(scope="module")
def snapshot(folder: Path) -> Iterator[Snapshot]:
    opened = Snapshot.open(folder / "data", KNOWLEDGE)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def result(folder: Path, snapshot: Snapshot) -> QueriesResult:
    queries = read_lines(folder / "dev.jsonl", LabelledQuery)
    return run(snapshot, folder / "data", KNOWLEDGE, queries, read_calls(folder / "calls"))


def test_figures_are_what_a_hand_counts() -> None:
    assert first_place(["/b", "/a"], frozenset({"/a"})) == 1
    assert first_place(["/b"], frozenset({"/a"})) == math.inf
    assert ndcg(["/b", "/a"], frozenset({"/a"})) == pytest.approx(1 / math.log2(3))
    assert ndcg(["/a", "/c"], frozenset({"/a", "/b"})) == pytest.approx(1 / (1 + 1 / math.log2(3)))
    assert best_pages([1.0, 3.0, 2.0, 0.0], ["/a", "/b", "/b", "/c"]) == ["/b", "/a"]


def test_every_way_to_search_is_measured_on_the_queries_that_have_an_answer(result: QueriesResult) -> None:
    assert [one.name for one in result.rankers][0::7] == [PLAIN, PRODUCT]
    assert {one.hit_at_5.n for one in result.rankers} == {1}
    product = result.rankers[-1]
    assert (product.hit_at_1.value, product.ndcg_at_5.value, product.mrr.value) == (1, 1, 1)


def test_a_claim_is_searched_for_with_what_was_said_before_it(folder: Path, result: QueriesResult) -> None:
    (moment,) = claim_moments(read_calls(folder / "calls")[0])
    assert moment.asked.words == "Every fifteen seconds."
    assert "workers look for jobs" in moment.asked.before[0]
    claims = result.moments[1]
    assert (claims.name, claims.facts.n, claims.first_facts.value) == ("claims", 1, 1)


def test_the_settling_words_are_looked_for_in_what_is_read(result: QueriesResult) -> None:
    assert [each.settled.value for each in result.moments if each.settled] == [1, 1]
    assert all(0 < each.words <= 6_000 for each in result.moments)


def test_the_cost_is_that_of_a_process_of_its_own(result: QueriesResult) -> None:
    assert 10 < result.cost.memory_mb < 1_000
    assert result.cost.open_s > 0


def test_without_a_synced_copy_or_a_gold_page_there_is_nothing_to_measure(
    folder: Path, snapshot: Snapshot, tmp_path: Path
) -> None:
    one, none = read_lines(folder / "dev.jsonl", LabelledQuery)
    with pytest.raises(UnreadableLabels, match="docs sync"):
        run(snapshot, tmp_path, KNOWLEDGE, [one])
    with pytest.raises(UnreadableLabels, match="gold page"):
        run(snapshot, folder / "data", KNOWLEDGE, [none])
