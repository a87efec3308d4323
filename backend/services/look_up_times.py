"""How long callers waited for docs look-ups, for Prometheus."""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from itertools import accumulate
from typing import Literal

from prometheus_client import Metric
from prometheus_client.core import HistogramMetricFamily
from prometheus_client.registry import Collector

from backend.services.doc_cache import Outcome

Ending = Literal[Outcome, "error", "left"]
BOUNDS_S = (0.00001, 0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 8, 15)


class LookUpTimes(Collector):
    """A histogram by tool and outcome, for one event loop's thread.

    A look-up that is answered from memory takes some microseconds, and prometheus_client's own histogram
    would take as long again. Here those of a batch are counted at once.
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Ending], list[int]] = {}
        self._seconds: dict[tuple[str, Ending], float] = {}

    def took(self, tool: str, outcome: Ending, seconds: float, look_ups: int = 1) -> None:
        """So many look-ups ended so, and took these seconds together."""
        kind = (tool, outcome)
        counts = self._counts.setdefault(kind, [0] * (len(BOUNDS_S) + 1))
        counts[bisect_left(BOUNDS_S, seconds / look_ups)] += look_ups
        self._seconds[kind] = self._seconds.get(kind, 0) + seconds

    def at_once(self, tool: str, outcomes: Collection[Outcome], seconds: float) -> None:
        """Look-ups of one batch ended so, one after the other."""
        for outcome in set(outcomes):
            look_ups = sum(each == outcome for each in outcomes)
            self.took(tool, outcome, seconds * look_ups / len(outcomes), look_ups)

    @contextmanager
    def waiting(self, tool: str) -> Iterator[list[Outcome]]:
        """Around the wait for one look-up; whoever waits puts the outcome into the list."""
        begun = time.perf_counter()
        came: list[Outcome] = []
        ending: Ending = "left"
        try:
            yield came
            ending = came[0]
        except Exception:
            ending = "error"
            raise
        finally:
            self.took(tool, ending, time.perf_counter() - begun)

    def collect(self) -> Iterator[Metric]:
        family = HistogramMetricFamily(
            "call_coach_docs_look_up_duration_seconds",
            "Time a caller waited for a docs look-up, by how it went (left: it was waited for no longer).",
            labels=["tool", "outcome"],
        )
        bounds = [*map(str, BOUNDS_S), "+Inf"]
        for kind, counts in self._counts.items():
            family.add_metric(kind, list(zip(bounds, accumulate(counts), strict=True)), self._seconds[kind])
        yield family
