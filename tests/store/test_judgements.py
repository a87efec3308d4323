"""What people said, kept beside reports, and changes of one report that do not lose each other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from backend.errors import BadRequest, NotFound, UnverifiedQuote
from backend.judgement import Said, dispute, rule, rule_handling, withdraw
from backend.report import CoachingReport
from backend.store import Store
from backend.store.judgements import JudgedPage
from backend.transcript import spoken_key
from tests.store.older import taken_back
from tests.store.reports import NOW, report_of

pytestmark = pytest.mark.anyio
SQLITE_ONLY = pytest.mark.parametrize("url", ["sqlite"], indirect=True)


def word(by: str = "Ana", minutes: float = 0) -> Said:
    return Said(by, f"{by} says so.", NOW + timedelta(minutes=minutes))


def disputed(by: str = "Ana", minutes: float = 0) -> Callable[[CoachingReport], CoachingReport]:
    return lambda report: dispute(report, "claims", "c1", word(by, minutes))


def ruled(claim: str = "c1", minutes: float = 0) -> Callable[[CoachingReport], CoachingReport]:
    return lambda report: rule(report, claim, "supported", word("Lena", minutes), [])


def ids(page: JudgedPage) -> list[str]:
    return [one.moment.report_id for one in page.moments]


async def test_changes_of_one_report_at_once_are_all_kept(store: Store) -> None:
    await store.save(report_of())
    names = [f"Person {number}" for number in range(12)]
    await asyncio.gather(*(store.revise("r1", disputed(by)) for by in names))
    kept = (await store.by_id("r1")).claims[0].disputes
    assert sorted(one.by for one in kept) == sorted(names)
    assert len({one.id for one in kept}) == len(names)


async def test_processes_on_one_store_do_not_lose_each_others_rulings(
    url: str | None, tmp_path: Path
) -> None:
    async with Store.open(url, tmp_path) as one, Store.open(url, tmp_path) as other:
        await one.save(report_of())
        changes = [(one, ruled("c1")), (other, ruled("c2")), (one, disputed("Ana")), (other, disputed("Ben"))]
        await asyncio.gather(*(store.revise("r1", change) for store, change in changes))
        report = await one.by_id("r1")
    assert [claim.verdict for claim in report.claims] == ["supported", "supported"]
    assert {dispute.by for dispute in report.claims[0].disputes} == {"Ana", "Ben"}


async def test_a_change_that_fails_or_does_not_hold_leaves_the_report_as_it_was(store: Store) -> None:
    await store.save(report_of())

    def unproven(report: CoachingReport) -> CoachingReport:
        bare = report.claims[1].model_copy(update={"verdict": "contradicted"})
        return report.model_copy(update={"claims": [report.claims[0], bare]})

    with pytest.raises(UnverifiedQuote):
        await store.revise("r1", unproven)
    with pytest.raises(NotFound):
        await store.revise("r1", lambda report: dispute(report, "claims", "c9", word()))
    with pytest.raises(NotFound, match="no report 'r9'"):
        await store.revise("r9", disputed())
    assert await store.by_id("r1") == report_of()
    assert (await store.judgements().page()).moments == []


async def test_a_report_deleted_while_it_is_changed_stays_deleted(store: Store) -> None:
    await store.save(report_of())
    loop = asyncio.get_running_loop()

    def late(report: CoachingReport) -> CoachingReport:
        asyncio.run_coroutine_threadsafe(store.delete("r1"), loop).result(30)
        return dispute(report, "claims", "c1", word())

    with pytest.raises(NotFound):
        await store.revise("r1", late)
    assert await store.count() == 0


async def test_the_list_follows_what_is_said_and_what_is_deleted(store: Store) -> None:
    kept = store.judgements()
    await store.save(report_of())
    await store.revise("r1", disputed())
    [line] = (await kept.page()).moments
    assert (line.title, line.moment.state, line.moment.disputed_by) == ("Acme\ufffd and us", "open", "Ana")
    assert (line.moment.found, line.moment.stands, line.moment.ruled_by) == ("contradicted",) * 2 + (None,)
    await store.revise("r1", ruled(minutes=5))
    [line] = (await kept.page()).moments
    assert (line.moment.state, line.moment.stands, line.moment.ruling) == (
        "overruled",
        "supported",
        "Lena says so.",
    )
    assert line.moment.at == line.moment.ruled_at == word(minutes=5).at.timestamp()
    await store.delete("r1")
    assert (await kept.page()).moments == []
    assert await kept.speakers() == []


async def test_each_state_is_counted_and_found(store: Store) -> None:
    changes: dict[str, Callable[[CoachingReport], CoachingReport]] = {
        "open": disputed(),
        "overruled": ruled(),
        "upheld": lambda report: rule(report, "c1", "contradicted", word(), []),
        "withdrawn": lambda report: withdraw(disputed()(report), "claims", "c1", "d1", NOW),
    }
    for report_id, change in changes.items():
        # Other words in each call, for of the same ones the newest counts.
        report = report_of(report_id, key=report_id)
        report.turns[1].text += report_id
        await store.save(change(report))
    kept = store.judgements()
    assert await kept.counts() == {"open": 1, "overruled": 1, "upheld": 1, "withdrawn": 1}
    assert await kept.counts("nobody") == {"open": 0, "overruled": 0, "upheld": 0, "withdrawn": 0}
    assert ids(await kept.page(state="upheld")) == ["upheld"]
    assert len(ids(await kept.page(speaker="p1"))) == 4
    assert ids(await kept.page(speaker="p2")) == []
    assert await kept.speakers() == ["p1"]


async def test_pages_follow_each_other_what_was_said_last_first(store: Store) -> None:
    for number in range(7):
        report = report_of(f"r{number}", key=str(number))
        report.turns[1].text += str(number)
        await store.save(disputed(minutes=number // 2)(report))
    found, before = [], None
    for _ in range(10):
        page = await store.judgements().page(limit=3, before=before)
        found += ids(page)
        before = page.next
        if before is None:
            break
    assert found == ["r6", "r5", "r4", "r3", "r2", "r1", "r0"]


@SQLITE_ONLY
@pytest.mark.parametrize("before", ["x", "bm90aGluZw==", "é"])
async def test_a_page_that_nobody_gave_is_refused(before: str, store: Store) -> None:
    with pytest.raises(BadRequest, match="unchanged"):
        await store.judgements().page(before=before)


async def test_of_the_same_words_in_several_analyses_the_newest_counts(store: Store) -> None:
    old = rule_handling(ruled()(report_of("old")), "o1", "partly", word(), [])
    await store.save(old)
    await store.save(disputed()(report_of("newer", at=NOW + timedelta(hours=1))))
    kept = store.judgements()
    found = {(one.moment.report_id, one.moment.moment_id) for one in (await kept.page()).moments}
    assert found == {("newer", "c1"), ("old", "o1")}
    assert await kept.of_call(spoken_key(report_of().turns)) == ["newer", "old"]
    assert await kept.of_call("another call") == []


async def test_a_dismissed_objection_is_listed_as_none(store: Store) -> None:
    await store.save(rule_handling(report_of(), "o1", None, word(), []))
    [line] = (await store.judgements().page(state="overruled")).moments
    assert (line.moment.kind, line.moment.found, line.moment.stands) == ("objections", "well", "no_objection")


async def test_a_ruling_that_does_not_stand_any_more_waits_for_another(store: Store) -> None:
    report = ruled(minutes=3)(report_of())
    claim = report.claims[0]
    lapsed = claim.model_copy(update={"ruling": None, "former_rulings": [claim.ruling]})
    await store.save(report.model_copy(update={"claims": [lapsed, report.claims[1]]}))
    [line] = (await store.judgements().page(state="open")).moments
    assert (line.moment.ruled_by, line.moment.ruling, line.moment.dispute) == ("Lena", None, None)
    assert line.moment.at == word(minutes=3).at.timestamp()
    assert await store.judgements().of_call(spoken_key(report.turns)) == ["r1"]
    assert await store.judgements().ruled_calls() == []


async def test_calls_that_were_ruled_on_are_found_by_when(store: Store) -> None:
    await store.save(ruled(minutes=10)(report_of()))
    kept = store.judgements()
    at = word(minutes=10).at.timestamp()
    assert await kept.ruled_calls() == await kept.ruled_calls(at) == [spoken_key(report_of().turns)]
    assert await kept.ruled_calls(at + 1) == []


async def test_what_people_said_before_it_was_listed_is_listed(url: str | None, tmp_path: Path) -> None:
    async with Store.open(url, tmp_path) as store:
        await store.save(ruled()(report_of()))
        before = await store.judgements().page()
        await taken_back(store, "0007")
    async with Store.open(url, tmp_path) as store:
        assert ids(before) == ["r1"]
        assert await store.judgements().page() == before
