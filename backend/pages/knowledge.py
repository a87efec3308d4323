"""The page on product knowledge: where answers come from, how old they are, and what needs a look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from backend.facts import PassageMatch, Source
from backend.pages import wording
from backend.pages.render import page
from backend.services.cache_counts import CacheStats
from backend.services.docs_ledger import Outcome, Run
from backend.services.docs_snapshot import SnapshotStatus
from backend.services.pack_lint import Finding
from backend.services.prefect_mcp import PrefectMCPState
from backend.survey import Surveyed

SOURCES: dict[Source, str] = {
    "prefect-mcp": "from the docs server",
    "snapshot": "from the copy kept here",
    "pack": "from the knowledge pack",
}
SYNCS: dict[Outcome, str] = {
    "running": "is under way",
    "done": "came to its end",
    "incomplete": "got only a part",
    "refused": "was refused",
    "failed": "failed",
}


@dataclass(frozen=True)
class KnowledgeNow:
    """How the parts are doing. `syncs_itself` tells whether the service copies the documentation by itself,
    `next_sync` when; None where it never does, or does so now."""

    server: PrefectMCPState
    cache: CacheStats
    snapshot: SnapshotStatus
    last_sync: Run | None
    syncs_itself: bool
    next_sync: datetime | None


@dataclass(frozen=True)
class Trial:
    """Words somebody tries, and the passages an analysis would read for them, best first."""

    words: str = ""
    found: list[PassageMatch] | None = None
    problem: str | None = None


class Outcomes(NamedTuple):
    """How look-ups went: in words, how many, and their share in percent."""

    words: str
    number: int
    share: int


class AgedFile(NamedTuple):
    """A file of the pack with what is past its time in it, what accuses nobody any more first."""

    name: str
    found: list[Finding]


def knowledge_page(
    now: KnowledgeNow,
    survey: Surveyed | None,
    *,
    pack: Path,
    trial: Trial,
    problem: str | None = None,
    judged: str | None = None,
) -> str:
    """`survey` is None while the first is being made; `problem` says what could not be done or read. `judged`
    is the id of a report that has just been judged anew."""
    return page(
        "knowledge.html",
        now=now,
        state=server_sentence(now.server),
        tone="agree" if _is_well(now.server) else "quiet" if now.server.state == "off" else "warn",
        kept_share=_kept_share(now.cache),
        look_ups=outcomes(now.cache),
        sync=sync_sentence(now),
        survey=survey,
        aged=_by_file(survey, pack) if survey else [],
        trial=trial,
        problem=problem,
        judged=judged,
        sources=SOURCES,
    )


def server_sentence(now: PrefectMCPState) -> str:
    """The state of prefect-mcp, or of the docs server where that is asked directly."""
    who = "The docs server" if now.transport == "docs" else "prefect-mcp"
    if now.state == "off":
        return "prefect-mcp is switched off. What is kept on this machine answers."
    if now.state == "starting":
        return f"{who} is starting. Until it answers, what is kept on this machine does."
    if now.state == "restarting":
        return f"{who} does not answer, and is connected to anew. What is kept on this machine stands in."
    if now.circuit != "closed":
        return "The docs server keeps failing, and is left alone for a while. What is kept here stands in."
    if not now.docs_tools:
        return f"{who} runs without docs tools, as where it cannot reach the docs server."
    if now.connections < now.pool:
        return f"{who} answers, on {now.connections} of {now.pool} connections."
    return f"{who} answers."


def outcomes(cache: CacheStats) -> list[Outcomes]:
    """How look-ups went since the service started, those that happened."""
    counted = [
        ("answered from the cache, within their time", cache.hits),
        ("answered from the cache, past their time", cache.stale),
        ("answered by asking", cache.misses),
        ("answered by what another had asked already", cache.joined),
        ("not made again so soon after they had failed", cache.negative),
        ("asked in vain", cache.errors),
    ]
    most = sum(number for _, number in counted)
    return [Outcomes(words, number, wording.percent(number / most)) for words, number in counted if number]


def sync_sentence(now: KnowledgeNow) -> str:
    """How the last copying of the documentation went, and when the next is due."""
    if (last := now.last_sync) is None:
        went = "The documentation was never copied to this machine."
    else:
        ended = f", {wording.when(last.ended_at)}" if last.ended_at else ""
        went = f"The last sync {SYNCS[last.outcome]}{ended}. {last.note}".rstrip()
    if not now.syncs_itself:
        return f"{went} The service does not copy it by itself: COACH_DOCS_SYNC_HOURS is 0."
    return f"{went} The next is due {wording.when(now.next_sync)}." if now.next_sync else went


def _is_well(now: PrefectMCPState) -> bool:
    return now.state == "up" and now.docs_tools and now.circuit == "closed" and now.connections >= now.pool


def _kept_share(cache: CacheStats) -> int | None:
    """Of the answers given, how many in a hundred the cache had."""
    kept = cache.hits + cache.stale
    given = kept + cache.misses + cache.joined
    return wording.percent(kept / given) if given else None


def _by_file(survey: Surveyed, pack: Path) -> list[AgedFile]:
    def name(found: Finding) -> str:
        file = Path(found.file)
        return file.relative_to(pack).as_posix() if file.is_relative_to(pack) else file.name

    def files() -> Iterable[AgedFile]:
        for of, found in groupby(survey.aged, key=name):
            yield AgedFile(of, sorted(found, key=lambda one: one.fact not in survey.silent))

    return list(files())
