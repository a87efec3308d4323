"""SubRip subtitles, "Name: text" where speakers are named. Times are clocks with a comma."""

from __future__ import annotations

import re

from backend.formats.cues import Recording
from backend.formats.subtitles import blocks, timed, utterances

_TAG = re.compile(r"</?(?:i|b|u|s|font)(?:\s[^<>]*)?>|\{\\[^{}]*\}")


def fits(text: str) -> bool:
    """Whether this has cue times and is not WebVTT."""
    return not text.lstrip().startswith("WEBVTT") and timed(text) is not None


def read(text: str) -> Recording:
    """The cues of an SRT file, without formatting tags."""
    return Recording(utterances(block.map(lambda line: _TAG.sub("", line)) for block in blocks(text)))
