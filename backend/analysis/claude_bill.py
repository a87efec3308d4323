"""What Claude costs: the price of tokens, the bill of one call, and the month's budget."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Literal, NamedTuple, Protocol

import structlog
from pydantic import BaseModel

from backend.errors import AnalystAway, StoreUnavailable, UnusableSetting
from backend.spending import ClaudeStep, ClaudeUsage
from backend.transcript import Transcript

CHARS_PER_TOKEN = 4
"""Of English, about; no service is asked."""
TIMES_SENT = 5
"""The baseline: a product that sends the call for each of four scores, and once for the claims."""
WRITING, READING = 1.25, 0.1
"""Of the price of input: what is put into the prompt cache, and what is read from it (at most)."""
HALF = 0.5
"""What the Batches API takes."""

log = structlog.get_logger()

Step = Literal["spot", "judge"]


class Price(NamedTuple):
    """Dollars for a million tokens."""

    input: float
    output: float


PRICES: Mapping[str, Price] = {
    "claude-sonnet-5-5": Price(2.0, 10.0),
    "claude-haiku-5-5": Price(0.10, 0.50),
    "claude-opus-5-5": Price(4.0, 20.0),
    "claude-fable-5-2": Price(8.0, 40.0),
}
"""November 2026, by the beginning of the model's name. COACH_CLAUDE_PRICES has the last word."""


@dataclass
class Usage:
    """What a step cost. `input_tokens` are those neither read from nor written to the prompt cache; dollars
    are None where the price is not known."""

    requests: int = 0
    repairs: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cache_read_input_tokens: int = 0
    cache_creation_input_tokens: int = 0
    dollars: float | None = 0.0

    def add(self, other: Usage) -> None:
        for name, spent in asdict(other).items():
            had = getattr(self, name)
            setattr(self, name, None if had is None or spent is None else had + spent)


def price_of(model: str, prices: Mapping[str, Price]) -> Price | None:
    """The price under the longest name that the model's begins with."""
    known = [name for name in prices if model.startswith(name)]
    return prices[max(known, key=len)] if known else None


def dollars(usage: Usage, price: Price, share: float = 1.0) -> float:
    """What these tokens cost at this share of the price."""
    paid = usage.input_tokens + WRITING * usage.cache_creation_input_tokens
    paid += READING * usage.cache_read_input_tokens
    return share * (paid * price.input + usage.output_tokens * price.output) / 1e6


class Bill:
    """What one call has cost so far, by step and model."""

    def __init__(self) -> None:
        self._spent: dict[tuple[Step, str], Usage] = {}

    def add(self, step: Step, model: str, usage: Usage) -> None:
        self._spent.setdefault((step, model), Usage()).add(usage)

    def usage(self, transcript: Transcript) -> ClaudeUsage:
        """As the report has it, beside what the baseline would have sent."""
        total = Usage()
        for usage in self._spent.values():
            total.add(usage)
        steps = [
            ClaudeStep.model_validate({"step": step, "model": model, **_told(usage)})
            for (step, model), usage in self._spent.items()
        ]
        return ClaudeUsage.model_validate(
            {**_told(total), "baseline_tokens": baseline_tokens(transcript), "steps": steps}
        )


_open: ContextVar[Bill | None] = ContextVar("bill", default=None)


@contextmanager
def billing() -> Iterator[Bill]:
    """A bill for all that Claude is asked within, also in the tasks begun there."""
    bill = Bill()
    token = _open.set(bill)
    try:
        yield bill
    finally:
        _open.reset(token)


def baseline_tokens(transcript: Transcript) -> int:
    """About how many tokens it takes to send the call TIMES_SENT times."""
    chars = sum(len(turn.speaker) + len(turn.text) + 2 for turn in transcript.turns)
    return TIMES_SENT * chars // CHARS_PER_TOKEN


class Spending(BaseModel):
    """Dollars that Claude has cost in a month, such as "2026-11", of at most so many; None: no limit."""

    month: str
    dollars: float
    most: float | None


class Ledger(Protocol):
    """Keeps what each month ("2026-11") has cost, for all processes. Raises StoreUnavailable."""

    async def spent(self, month: str) -> float: ...
    async def add(self, month: str, dollars: float) -> None: ...


class Till:
    """Puts a price on every answer: on the open bill, and in the ledger. At most `monthly` dollars a month
    are spent (None: no limit), but for what was already asked when they were. `share` of the price is taken.

    Without a ledger the months are counted in this process alone. UnusableSetting: a limit cannot be held
    where one of the models has no known price.
    """

    def __init__(
        self,
        models: Mapping[Step, str],
        prices: Mapping[str, Price],
        ledger: Ledger | None = None,
        monthly: float | None = None,
        share: float = 1.0,
    ) -> None:
        self._prices = {step: price_of(model, prices) for step, model in models.items()}
        self._models = models
        self._ledger = ledger
        self._monthly = monthly
        self._share = share
        self._unwritten: dict[str, float] = {}
        self._writing = asyncio.Lock()
        unknown = [models[step] for step, price in self._prices.items() if price is None]
        if monthly is not None and unknown:
            raise UnusableSetting(
                f"COACH_CLAUDE_MONTHLY_DOLLARS cannot be held to: the price of {unknown[0]} is not known. "
                "Set it in COACH_CLAUDE_PRICES."
            )

    async def admit(self) -> None:
        """Raise AnalystAway where the month's dollars are spent, or cannot be counted."""
        if self._monthly is None:
            return
        try:
            now = await self.spending()
        except StoreUnavailable:
            raise AnalystAway("The budget for Claude cannot be read, because the store is away.") from None
        if now.dollars >= self._monthly:
            raise AnalystAway(
                f"The budget for Claude is spent: {now.dollars:.2f} of {self._monthly:.2f} dollars in "
                f"{now.month}. "
                "Raise COACH_CLAUDE_MONTHLY_DOLLARS, or wait for the next month."
            )

    async def charge(self, step: Step, usage: Usage, *, paid: bool = True) -> None:
        """Price this usage, and count it; it costs nothing where it was not paid for this time."""
        price = self._prices[step]
        usage.dollars = dollars(usage, price, self._share if paid else 0.0) if price else None
        if bill := _open.get():
            bill.add(step, self._models[step], usage)
        if usage.dollars:
            await self._count(_month(), usage.dollars)

    async def spending(self) -> Spending:
        """This month's, of all processes on this store. Raises StoreUnavailable."""
        month = _month()
        kept = await self._ledger.spent(month) if self._ledger else 0.0
        dollars = kept + self._unwritten.get(month, 0.0)
        return Spending(month=month, dollars=round(dollars, 6), most=self._monthly)

    async def _count(self, month: str, amount: float) -> None:
        async with self._writing:
            amount += self._unwritten.get(month, 0.0)
            self._unwritten[month] = amount
            if self._ledger is None:
                return
            try:
                await self._ledger.add(month, amount)
            except StoreUnavailable as failure:
                log.warning("claude.ledger", why=str(failure))  # counted here, and written with the next
            else:
                del self._unwritten[month]


def read_prices(text: str | None) -> dict[str, Price]:
    """The table with what COACH_CLAUDE_PRICES adds: `model=input/output`, comma-separated."""
    prices = dict(PRICES)
    for part in filter(None, (one.strip() for one in (text or "").split(","))):
        model, _, price = part.partition("=")
        sent, _, written = price.partition("/")
        try:
            prices[model.strip()] = Price(float(sent), float(written))
        except ValueError:
            raise UnusableSetting(
                "COACH_CLAUDE_PRICES cannot be used: write model=input/output in dollars for a million "
                "tokens, such as my-model=0.5/2."
            ) from None
    return prices


def _month() -> str:
    return f"{datetime.now(UTC):%Y-%m}"


def _told(usage: Usage) -> dict[str, float | int | None]:
    return {
        "requests": usage.requests,
        "repairs": usage.repairs,
        "input_tokens": usage.input_tokens,
        "cache_write_tokens": usage.cache_creation_input_tokens,
        "cache_read_tokens": usage.cache_read_input_tokens,
        "output_tokens": usage.output_tokens,
        "dollars": None if usage.dollars is None else round(usage.dollars, 6),
    }
