"""WebVTT as Zoom ("Name: text") and Teams ("<v Name>text</v>") write it. Times are clocks."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator

from backend.formats.cues import Recording, Utterance
from backend.formats.hygiene import squeeze
from backend.formats.subtitles import Block, blocks, timed, utterances

_VOICE = re.compile(r"<v(?:\.[^\s<>]*)?[ \t]+([^<>]*)>")
_TAG = re.compile(r"</?(?:v|c|i|b|u|ruby|rt|lang)(?:[.\s][^<>]*)?>|<(?:\d{1,4}:)?\d{1,2}:\d{2}[.,]\d{1,3}>")


def fits(text: str) -> bool:
    """Whether this is WebVTT: by its first word, or by cue times with a point."""
    found = timed(text)
    return text.lstrip().startswith("WEBVTT") or (found is not None and "." in found[1])


def read(text: str) -> Recording:
    """The cues of a WebVTT file, as plain text."""
    if _VOICE.search(text):
        return Recording(_voices(blocks(text)))
    return Recording(utterances(block.map(_plain) for block in blocks(text)))


def _voices(spoken: Iterable[Block]) -> Iterator[Utterance]:
    current: str | None = None
    for block in spoken:
        before, *rest = _VOICE.split(" ".join(block.lines))
        yield Utterance(current, _plain(before), block.start_s, block.end_s)
        for name, said in zip(rest[::2], rest[1::2], strict=True):
            current = squeeze(html.unescape(name)) or None
            yield Utterance(current, _plain(said), block.start_s, block.end_s)


def _plain(marked: str) -> str:
    """Without tags and with entities resolved, in this order: `&lt;i&gt;` was said, `<i>` was not."""
    return html.unescape(_TAG.sub("", marked))
