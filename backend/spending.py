"""What Claude was sent for a call, what it wrote, and what that cost."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field


class ClaudeTokens(BaseModel):
    """What Claude was sent and wrote, also in vain. `input_tokens` are those that no prompt cache held;
    `dollars` is None where a model's price is not known."""

    requests: int = 0
    repairs: int = 0
    input_tokens: int = 0
    cache_write_tokens: int = 0
    cache_read_tokens: int = 0
    output_tokens: int = 0
    dollars: float | None = 0.0

    @property
    def sent_tokens(self) -> int:
        """All that was sent, cached or not."""
        return self.input_tokens + self.cache_write_tokens + self.cache_read_tokens


class ClaudeStep(ClaudeTokens):
    step: Literal["spot", "judge"]
    model: str


class ClaudeUsage(ClaudeTokens):
    """All steps together, and each. `baseline_tokens`: about the input of a product that sends the transcript
    once for each of four scores and once for the claims."""

    baseline_tokens: int
    steps: list[ClaudeStep] = Field(default_factory=list)
