"""What is asked of the documentation is found as an analysis finds it, and stays here."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from backend.services.docs_sync import sync
from backend.services.search_index import WORD
from tests.service import Service, running, settings_in
from tests.services.docs_fixture import DocsServer
from tests.services.docs_tree import write_docs

pytestmark = pytest.mark.anyio

SAID = "so every fifteen seconds that little poller asks Zebulon's warehouse for jobs, right?"
WORKERS = "https://docs.prefect.io/v3/concepts/workers"


@pytest.fixture(scope="module")
async def alone(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """The pack, and nothing else."""
    async with running(settings_in(tmp_path_factory.mktemp("alone"))) as service:
        yield service


@pytest.fixture(scope="module")
def docs() -> Iterator[DocsServer]:
    server = DocsServer()
    server.start()
    yield server
    server.stop()


async def found(service: Service, q: str, **parameters: int) -> list[dict[str, str]]:
    answer = await service.http.get("/knowledge/search", params={"q": q, **parameters})
    assert answer.status_code == 200, answer.text
    passages: list[dict[str, str]] = answer.json()["passages"]
    return passages


async def test_without_docs_the_packs_facts_answer_page_by_page(alone: Service) -> None:
    passages = await found(alone, SAID, k=10)
    assert passages[0]["url"] == WORKERS
    assert set(passages[0]) == {"url", "title", "text", "source", "read_at", "score"}
    assert "15 seconds" in passages[0]["text"]
    assert {one["source"] for one in passages} == {"pack"}
    assert len({one["url"] for one in passages[:5]}) == 5
    assert [one["score"] for one in passages] == sorted((one["score"] for one in passages), reverse=True)
    assert datetime.fromisoformat(passages[0]["read_at"]).tzinfo


async def test_a_synced_copy_answers_in_its_own_words_with_anchor_and_headings(tmp_path: Path) -> None:
    settings = settings_in(tmp_path)
    sync(write_docs(tmp_path / "docs"), settings.coach_data_dir)
    async with running(settings) as service:
        passages = await found(service, SAID, k=50)
        first = passages[0]
        assert (first["url"].partition("#")[0], first["source"]) == (WORKERS, "snapshot")
        assert "Workers poll for work every 15 seconds by default." in first["text"]
        under = [one for one in passages if "#" in one["url"]]
        assert under
        assert all(" > " in one["title"] for one in under)
        own = [one["url"] for one in passages if one["source"] == "snapshot"]
        assert len(own) > len({url.partition("#")[0] for url in own}), "a page's other sections follow"


async def test_what_prefect_mcp_brings_is_among_the_passages_and_no_word_asked_goes_out(
    docs: DocsServer, tmp_path: Path
) -> None:
    docs.snippet = "Workers poll their work pool for scheduled runs every 15 seconds."
    settings = settings_in(tmp_path, prefect_mcp_enabled=True, prefect_docs_mcp_url=docs.url)
    async with running(settings) as service:
        assert await service.house.knowledge.ready(30)
        first = (await found(service, SAID))[0]
    assert (first["source"], first["text"]) == ("prefect-mcp", docs.snippet)
    assert first["url"] == WORKERS
    assert docs.queries
    asked = set(WORD.findall(" ".join(docs.queries).lower()))
    assert not asked & {"zebulon's", "zebulon", "warehouse", "fifteen", "little", "poller"}


async def test_with_the_docs_server_away_what_is_kept_here_answers(docs: DocsServer, tmp_path: Path) -> None:
    settings = settings_in(tmp_path, prefect_mcp_enabled=True, prefect_docs_mcp_url=docs.url)
    with docs.down():
        async with running(settings) as service:
            passages = await found(service, SAID)
    assert (passages[0]["url"], passages[0]["source"]) == (WORKERS, "pack")


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"q": ""},
        {"q": "  \n"},
        {"q": "word " * 1_000},
        {"q": "workers", "k": 0},
        {"q": "workers", "k": 51},
        {"q": "workers", "k": "many"},
    ],
    ids=str,
)
async def test_a_misuse_is_one_sentence(alone: Service, parameters: dict[str, str]) -> None:
    answer = await alone.http.get("/knowledge/search", params=parameters)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].endswith(".")


@pytest.mark.parametrize(("k", "says"), [(0, "k must be 1 or more."), (51, "k must be 50 or less.")])
async def test_a_count_out_of_bounds_names_the_bound(alone: Service, k: int, says: str) -> None:
    answer = await alone.http.get("/knowledge/search", params={"q": "workers", "k": k})
    assert answer.json()["detail"].endswith(says)


@pytest.mark.parametrize(
    "q", ['"', "NEAR(* OR", "\0", "%00", "\u202e\ud7ff", "zzzz qqqq", "日本語のワーカー"]
)
async def test_no_words_break_a_search(alone: Service, q: str) -> None:
    assert len(await found(alone, q, k=5)) <= 5


async def test_k_bounds_the_answer(alone: Service) -> None:
    assert len(await found(alone, "workers poll the work pool", k=1)) == 1
    assert len(await found(alone, "workers poll the work pool")) == 20


async def test_only_reading_is_offered(alone: Service) -> None:
    answer: httpx.Response = await alone.http.post("/knowledge/search", params={"q": "workers"})
    assert answer.status_code == 405
