"""What every format hands over, and how cues become turns."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from backend.errors import CallTooLong, NoTurns
from backend.transcript import UNKNOWN_SPEAKER, Call, Cue, Turn

CHARS_OF_A_WORD = 20
"""A word of more characters counts as several: no language's words are so long on average."""


class Utterance(NamedTuple):
    """One cue, sentence or line of the source. `speaker` is a name, None where the source names nobody."""

    speaker: str | None
    text: str
    start_s: float | None = None
    end_s: float | None = None


class Word(NamedTuple):
    """One recognised word with its punctuation."""

    speaker: str | None
    text: str
    start_s: float | None
    end_s: float | None


@dataclass(frozen=True)
class Recording:
    """What a file says: the call's own data, with the participants it lists, and what was said in order."""

    utterances: Iterable[Utterance]
    call: Call = field(default_factory=Call)


@dataclass(frozen=True)
class Limits:
    """The longest call that is accepted (COACH_MAX_TURNS, COACH_MAX_WORDS)."""

    max_turns: int
    max_words: int


def turns(utterances: Iterable[Utterance], limits: Limits) -> list[Turn]:
    """Consecutive utterances of one speaker as one turn, their texts joined by single spaces.

    Stops reading at the first word or turn too many. Raises CallTooLong, and NoTurns if nothing is said.
    """
    spoken: list[_Growing] = []
    words = 0
    for utterance in utterances:
        said = utterance.text.split()
        if not said:
            continue
        text = " ".join(said)
        words += max(len(said), len(text) // CHARS_OF_A_WORD)
        speaker = utterance.speaker or UNKNOWN_SPEAKER
        if not spoken or spoken[-1].speaker != speaker:
            spoken.append(_Growing(speaker))
        spoken[-1].add(text, utterance.start_s, utterance.end_s)
        _check_length(len(spoken), words, limits)
    if not spoken:
        raise NoTurns("Nobody says anything in this transcript: send one that holds at least one turn.")
    return [turn.finish(index) for index, turn in enumerate(spoken)]


def sentences(words: Iterable[Word]) -> Iterator[Utterance]:
    """Words joined up to the end of each sentence or of the speaker's part."""
    run: list[Word] = []
    for word in words:
        if run and (word.speaker != run[-1].speaker or run[-1].text.endswith((".", "?", "!"))):
            yield _sentence(run)
            run = []
        run.append(word)
    if run:
        yield _sentence(run)


def in_time(channels: Iterable[Iterable[Utterance]]) -> list[Utterance]:
    """The utterances of channels recorded apart, in the order they were spoken."""
    everything = [utterance for channel in channels for utterance in channel]
    return sorted(everything, key=lambda utterance: utterance.start_s or 0.0)


class _Growing:
    """A turn while its cues are collected."""

    def __init__(self, speaker: str) -> None:
        self.speaker = speaker
        self.texts: list[str] = []
        self.cues: list[Cue] = []
        self.length = 0

    def add(self, text: str, start_s: float | None, end_s: float | None) -> None:
        if start_s is not None and end_s is not None and end_s < start_s:
            end_s = None
        self.cues.append(Cue(self.length, start_s, end_s))
        self.texts.append(text)
        self.length += len(text) + 1

    def finish(self, index: int) -> Turn:
        return Turn(
            index=index,
            speaker=self.speaker,
            start_s=next((cue.start_s for cue in self.cues if cue.start_s is not None), None),
            end_s=max((cue.end_s for cue in self.cues if cue.end_s is not None), default=None),
            text=" ".join(self.texts),
            cues=self.cues,
        )


def _sentence(run: list[Word]) -> Utterance:
    return Utterance(run[0].speaker, " ".join(word.text for word in run), run[0].start_s, run[-1].end_s)


def _check_length(turn_count: int, words: int, limits: Limits) -> None:
    if turn_count > limits.max_turns:
        raise CallTooLong(
            f"This call has more than {limits.max_turns:,} turns: send it in parts, or raise COACH_MAX_TURNS."
        )
    if words > limits.max_words:
        raise CallTooLong(
            f"This call has more than {limits.max_words:,} words: send it in parts, or raise COACH_MAX_WORDS."
        )
