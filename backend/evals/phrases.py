"""Short exchanges written for the evals: what the buyer says in each, and what our side made of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, TypeAdapter

from backend.report import CompetitorContext, Handling, ObjectionCategory
from backend.transcript import Call, Side, Transcript, Turn

SIDES: Mapping[str, Side] = {"Rep": "internal", "Buyer": "external"}


class Exchange(BaseModel):
    """Lines "Rep: …" and "Buyer: …". `objection` is the kind of what the buyer says, None where nothing
    pushes back; `open` whether the buyer's question was left open; `rivals` what each is to them."""

    model_config = ConfigDict(extra="forbid")

    said: str
    objection: ObjectionCategory | None = None
    handled: Handling | None = None
    open: bool | None = None
    rivals: dict[str, CompetitorContext] | None = None

    def transcript(self) -> Transcript:
        lines = [line.partition(": ") for line in self.said.strip().splitlines()]
        turns = [
            Turn(index=nth, speaker=speaker, side=SIDES[speaker], text=text)
            for nth, (speaker, _, text) in enumerate(lines)
        ]
        return Transcript(call=Call(), turns=turns, format="plain")


Half = Literal["tuned on", "kept aside"]


def read_exchanges(file: Path, half: Half | None = None) -> list[Exchange]:
    """All of a file, or every other one: those that the rules were tuned on, or those nobody looked at."""
    every = TypeAdapter(list[Exchange]).validate_python(yaml.safe_load(file.read_text()))
    return every if half is None else every[0 if half == "tuned on" else 1 :: 2]
