"""What Claude costs: on every report, by month, and no more than it may."""

from __future__ import annotations

import pytest

from backend.analysis.claude_bill import PRICES, Price, Till, Usage, dollars, price_of, read_prices
from backend.errors import AnalystAway, StoreUnavailable, UnusableSetting

pytestmark = pytest.mark.anyio


class Book:
    """A ledger in memory, shared as a store is; `away` while it fails."""

    def __init__(self) -> None:
        self.months: dict[str, float] = {}
        self.away = False

    async def spent(self, month: str) -> float:
        if self.away:
            raise StoreUnavailable("The store is away.")
        return self.months.get(month, 0.0)

    async def add(self, month: str, dollars: float) -> None:
        if self.away:
            raise StoreUnavailable("The store is away.")
        self.months[month] = self.months.get(month, 0.0) + dollars


def till(book: Book | None = None, monthly: float | None = None, share: float = 1.0) -> Till:
    return Till({"spot": "claude-haiku-5-5", "judge": "claude-sonnet-5-5"}, PRICES, book, monthly, share)


def a_million() -> Usage:
    return Usage(requests=1, input_tokens=1_000_000)


def test_a_dated_model_has_its_familys_price_and_an_unknown_one_has_none() -> None:
    assert price_of("claude-sonnet-5-5-20260901", PRICES) == PRICES["claude-sonnet-5-5"]
    assert price_of("llama-4", PRICES) is None


def test_cached_tokens_cost_their_own_price() -> None:
    used = Usage(
        input_tokens=1_000_000,
        cache_creation_input_tokens=1_000_000,
        cache_read_input_tokens=1_000_000,
        output_tokens=1_000_000,
    )
    assert dollars(used, Price(2, 10)) == pytest.approx(2 + 2.5 + 0.2 + 10)
    assert dollars(used, Price(2, 10), 0.5) == pytest.approx(7.35)


def test_prices_of_other_models_are_read_and_go_before_the_table() -> None:
    prices = read_prices("llama-4=0.5/2, claude-sonnet-5-5=1/5")
    assert price_of("llama-4-70b", prices) == Price(0.5, 2)
    assert price_of("claude-sonnet-5-5", prices) == Price(1, 5)
    assert price_of("claude-opus-5-5", prices) == PRICES["claude-opus-5-5"]


@pytest.mark.parametrize("text", ["llama", "llama=1", "llama=1/x", "llama=/"])
def test_prices_that_cannot_be_read_stop_the_start(text: str) -> None:
    with pytest.raises(UnusableSetting, match="COACH_CLAUDE_PRICES"):
        read_prices(text)


def test_a_budget_over_a_model_without_a_price_stops_the_start() -> None:
    with pytest.raises(UnusableSetting, match="llama-4"):
        Till({"spot": "claude-haiku-5-5", "judge": "llama-4"}, PRICES, monthly=5)


async def test_a_spent_budget_lets_nothing_through_in_any_process() -> None:
    book = Book()
    one, other = till(book, 2.0), till(book, 2.0)
    await one.admit()
    await one.charge("judge", a_million())
    for each in (one, other):
        with pytest.raises(AnalystAway, match=r"2\.00 of 2\.00 dollars"):
            await each.admit()
    await till(book).admit()


async def test_a_batch_costs_half() -> None:
    book = Book()
    await till(book, share=0.5).charge("judge", a_million())
    assert list(book.months.values()) == [1.0]


async def test_what_could_not_be_written_still_counts_and_is_written_later() -> None:
    book = Book()
    counting = till(book, 10.0)
    book.away = True
    await counting.charge("judge", a_million())
    with pytest.raises(AnalystAway, match="the store is away"):
        await counting.admit()
    book.away = False
    assert (await counting.spending()).dollars == 2.0
    await counting.charge("judge", a_million())
    assert list(book.months.values()) == [4.0]
    assert (await counting.spending()).dollars == 4.0
