"""What the tests of this folder share."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from backend.formats import Limits, parse
from backend.transcript import Transcript

LIMITS = Limits(max_turns=20_000, max_words=300_000)


@pytest.fixture
def said() -> Callable[..., list[tuple[str, str]]]:
    """Parse, and give who said what."""

    def parsed(data: object, **options: object) -> list[tuple[str, str]]:
        transcript: Transcript = parse(data, **{"limits": LIMITS, **options})  # type: ignore[arg-type] # test input
        return [(turn.speaker, turn.text) for turn in transcript.turns]

    return parsed
