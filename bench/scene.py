"""What the parts of the benchmark share: where things are, how often to measure, and a call of an hour."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

from backend.evals.labels import read_calls
from backend.formats import CallHints, Limits, parse
from backend.formats.people import HintedParticipant
from backend.settings import PACKAGE, Settings
from backend.transcript import Turn

_INSTALLED = Path(".venv/bin/python")
PYTHON = str(_INSTALLED if _INSTALLED.exists() else sys.executable)
"""Runs the product's own commands: in the benchmark's venv it is not installed."""
HOUR_WORDS = 9_000
LIMITS = Limits(20_000, 300_000)
HINTS = CallHints(
    title="An hour",
    participants=[
        HintedParticipant(name="Rep", side="internal", role="ae"),
        HintedParticipant(name="Prospect", side="external"),
    ],
)


class Scene(NamedTuple):
    """`data_dir` holds the synced documentation where `shared` is there to sync from."""

    folder: Path
    data_dir: Path
    shared: Path | None
    rounds: int

    @property
    def knowledge_dir(self) -> Path:
        return Settings(_env_file=None).coach_knowledge_dir

    def child_env(self, data_dir: Path, docs_url: str = "") -> dict[str, str]:
        """Settings of a command of ours, to be added to the environment."""
        env = {"COACH_DATA_DIR": str(data_dir), "COACH_ANALYST": "rules", "COACH_WARM_PER_MINUTE": "0"}
        return env | ({"PREFECT_DOCS_MCP_URL": docs_url} if docs_url else {})


def hour_call(shared: Path | None) -> list[dict[str, str]]:
    """About 9,000 words: the labelled calls one after another, else the samples again and again."""
    said: list[dict[str, str]] = []
    words = 0
    for turn in _turns(shared):
        if words >= HOUR_WORDS:
            return said
        said.append({"speaker": "Rep" if turn.side == "internal" else "Prospect", "text": turn.text})
        words += len(turn.text.split())
    return said


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[max(0, math.ceil(len(ordered) * share) - 1)]


def _turns(shared: Path | None) -> Iterator[Turn]:
    if shared:
        for call in read_calls(shared / "calls"):
            yield from call.transcript.turns
        return
    samples = [
        parse(file.read_bytes(), filename=file.name, hints=CallHints(rep="Mara Quint"), limits=LIMITS)
        for file in sorted((PACKAGE / "samples").glob("*.vtt"))
    ]
    for sample in cycle(samples):
        yield from sample.turns
