"""The histogram of docs look-ups, as prometheus_client writes it down."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families

from backend.services.look_up_times import BOUNDS_S, LookUpTimes

pytestmark = pytest.mark.anyio
TOOL = "docs_search_prefect"


def written(times: LookUpTimes) -> dict[tuple[str, str, str], float]:
    """Samples by what of the histogram they are (count, sum, bucket), outcome and bucket."""
    registry = CollectorRegistry()
    registry.register(times)
    (family,) = text_string_to_metric_families(generate_latest(registry).decode())
    return {
        (sample.name.rsplit("_", 1)[1], sample.labels["outcome"], sample.labels.get("le", "")): sample.value
        for sample in family.samples
    }


def test_a_look_up_is_in_every_bucket_from_its_own_on() -> None:
    times = LookUpTimes()
    for seconds in (0.000002, 0.001, 0.02, 400):
        times.took(TOOL, "miss", seconds)
    now = written(times)
    below = [now["bucket", "miss", str(bound)] for bound in BOUNDS_S]
    assert below == sorted(below)
    assert (now["bucket", "miss", "1e-05"], now["bucket", "miss", "0.001"]) == (1, 2)
    assert (below[-1], now["bucket", "miss", "+Inf"], now["count", "miss", ""]) == (3, 4, 4)
    assert now["sum", "miss", ""] == pytest.approx(400.021002)


def test_a_batch_from_memory_counts_each_look_up_with_its_share_of_the_time() -> None:
    times = LookUpTimes()
    times.at_once(TOOL, ["hit", "stale", "hit", "hit"], 0.008)
    times.at_once(TOOL, [], 0.5)
    now = written(times)
    assert (now["count", "hit", ""], now["count", "stale", ""]) == (3, 1)
    assert now["sum", "hit", ""] == pytest.approx(0.006)
    assert (now["bucket", "hit", "0.001"], now["bucket", "hit", "0.005"]) == (0, 3)


async def test_a_wait_that_fails_or_is_given_up_counts_as_what_it_was() -> None:
    times = LookUpTimes()
    with suppress(OSError), times.waiting(TOOL):
        raise OSError
    with suppress(TimeoutError):
        async with asyncio.timeout(0):
            with times.waiting(TOOL):
                await asyncio.sleep(30)
    with times.waiting(TOOL) as came:
        came.append("joined")
    now = written(times)
    assert [now["count", outcome, ""] for outcome in ("error", "left", "joined")] == [1, 1, 1]
