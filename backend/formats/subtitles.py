"""What WebVTT and SRT have in common: timed blocks of lines, in which a line may begin with "Name:"."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain, islice

from backend.formats.cues import Utterance
from backend.formats.fields import clock
from backend.formats.hygiene import squeeze
from backend.formats.labels import NAME, Label, speakers_among

SAMPLE_BLOCKS = 10_000

_CLOCK = r"(?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3}"
TIMING = re.compile(rf"^[ \t]*({_CLOCK})[ \t]*-->[ \t]*({_CLOCK})", re.MULTILINE)
_LABEL = re.compile(rf"[ \t]{{0,8}}({NAME})[ \t]{{0,2}}:(?=\s|$)")
_ASIDE = re.compile(r"(?:NOTE|STYLE|REGION)(?:\s|$)")


@dataclass
class Block:
    """The lines shown together and when."""

    start_s: float | None
    end_s: float | None
    lines: list[str] = field(default_factory=list)

    def map(self, change: Callable[[str], str]) -> Block:
        """The same block with each of its lines changed."""
        return Block(self.start_s, self.end_s, [change(line) for line in self.lines])


def blocks(text: str) -> Iterator[Block]:
    """Each timing line with the lines that belong to it; ids, NOTE blocks and the file's head left out.

    An id stands right before a timing line; blank lines inside a block are forgiven.
    """
    block: Block | None = None
    fresh = aside = may_be_id = False
    for line in text.split("\n"):
        timing = TIMING.match(line) if "-->" in line else None
        if timing:
            if block:
                if may_be_id and block.lines:
                    block.lines.pop()
                yield block
            block = Block(clock(timing[1]), clock(timing[2]))
            fresh = aside = may_be_id = False
        elif not line.strip():
            fresh, aside, may_be_id = True, False, False
        elif not aside:
            aside = fresh and _ASIDE.match(line) is not None
            if block and not aside:
                block.lines.append(line)
                may_be_id = fresh or line.strip().isdecimal()
            fresh = False
    if block:
        yield block


def timed(text: str) -> re.Match[str] | None:
    """The first timing line."""
    return TIMING.search(text) if "-->" in text else None


def utterances(spoken: Iterator[Block]) -> Iterator[Utterance]:
    """What is said in each block, by whom "Name:" says; without a name the last speaker goes on."""
    sample = list(islice(spoken, SAMPLE_BLOCKS))
    first_lines = (_label(block.lines[0]) for block in sample if block.lines)
    speakers = speakers_among((Label(name) for name in first_lines if name), len(sample))
    current: str | None = None
    for block in chain(sample, spoken):
        said: list[str] = []
        for line in block.lines:
            name = _label(line) if speakers else None
            if name and name in speakers:
                yield Utterance(current, " ".join(said), block.start_s, block.end_s)
                current, said, line = name, [], line.split(":", 1)[1]
            said.append(line)
        yield Utterance(current, " ".join(said), block.start_s, block.end_s)


def _label(line: str) -> str | None:
    found = _LABEL.match(line)
    return squeeze(found[1]) if found else None
