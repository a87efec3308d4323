"""What Claude has cost, from the tokens its analyst has counted."""

from __future__ import annotations

from typing import NamedTuple, Self

from backend.house import House

PRICES = {
    "claude-sonnet-5-5": (2.0, 10.0),
    "claude-haiku-5-5": (0.10, 0.50),
    "claude-opus-5-5": (4.0, 20.0),
    "claude-fable-5-2": (8.0, 40.0),
}
"""Dollars for a million tokens of input and of output, November 2026."""
WRITING, READING = 1.25, 0.1
"""Of the price of input: what is put into the prompt cache, and what is read from it (at most)."""


class Tokens(NamedTuple):
    """Input counts all that was sent, also what a prompt cache held; None dollars for an unknown model."""

    input: int
    output: int
    dollars: float | None


class Bill:
    """The difference between two states of the analyst's counters."""

    def __init__(self, start: Tokens) -> None:
        self._start = start

    @classmethod
    def so_far(cls, house: House) -> Self:
        return cls(_tokens(house))

    def since(self, house: House) -> Tokens:
        """What was spent since this bill was opened."""
        now, start = _tokens(house), self._start
        known = now.dollars is not None and start.dollars is not None
        spent = (now.dollars or 0.0) - (start.dollars or 0.0) if known else None
        return Tokens(now.input - start.input, now.output - start.output, spent)


def _tokens(house: House) -> Tokens:
    settings, total = house.settings, Tokens(0, 0, 0.0)
    models = {
        "spot": settings.coach_spot_model or settings.anthropic_model,
        "judge": settings.anthropic_model,
    }
    for step, used in house.claude.spent.items() if house.claude else ():
        sent = used.input_tokens + used.cache_creation_input_tokens + used.cache_read_input_tokens
        price = next((each for name, each in PRICES.items() if models[step].startswith(name)), None)
        cost = None
        if price and total.dollars is not None:
            paid = used.input_tokens + WRITING * used.cache_creation_input_tokens
            paid += READING * used.cache_read_input_tokens
            cost = total.dollars + (paid * price[0] + used.output_tokens * price[1]) / 1e6
        total = Tokens(total.input + sent, total.output + used.output_tokens, cost)
    return total
