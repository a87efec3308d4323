"""Who spoke how much: counted from the transcript, never judged."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from backend.report import SpeakerTalk, TalkStats
from backend.transcript import Side, Transcript, Turn

OVERLAP_S = 0.1
"""Less overlap than this is the recogniser's rounding, not an interruption."""

_AFTER_A_QUESTION = "\"'”’»)]*_!.…"


@dataclass(frozen=True)
class _Count:
    """What was counted in one turn. `seconds` is None where a cue lacks a time."""

    speaker: str
    side: Side
    words: int
    questions: int
    seconds: float | None


def talk_stats(transcript: Transcript) -> TalkStats:
    """The counts of one call. Times come from the cues, so a silence inside a turn is not talk."""
    counts = [_count(turn) for turn in transcript.turns]
    words = sum(count.words for count in counts)
    times = [(count.seconds, count.words) for count in counts if count.seconds is not None]
    seconds = sum(spent for spent, _ in times)
    ours = [count for count in counts if count.side == "internal"]
    theirs = [count for count in counts if count.side == "external"]
    return TalkStats(
        words=words,
        turns=len(counts),
        rep_share=_share(sum(count.words for count in ours), words) if ours else None,
        longest_monologue_s=max((round(spent, 2) for spent, _ in times), default=None),
        longest_monologue_words=max((count.words for count in counts), default=0),
        questions_by_rep=sum(count.questions for count in ours) if ours else None,
        questions_by_prospect=sum(count.questions for count in theirs) if theirs else None,
        interruptions=_interruptions(transcript.turns),
        words_per_minute=round(sum(said for _, said in times) * 60 / seconds, 1) if seconds else None,
        speakers=_by_speaker(counts, words),
    )


def count_questions(text: str) -> int:
    """Sentences that end with a question mark."""
    return sum(word.rstrip(_AFTER_A_QUESTION).endswith("?") for word in text.split())


def _count(turn: Turn) -> _Count:
    return _Count(
        turn.speaker, turn.side, len(turn.text.split()), count_questions(turn.text), _spoken_seconds(turn)
    )


def _spoken_seconds(turn: Turn) -> float | None:
    seconds = 0.0
    for cue in turn.cues:
        if cue.start_s is None or cue.end_s is None:
            return None
        seconds += cue.end_s - cue.start_s
    return seconds if turn.cues else None


def _interruptions(turns: list[Turn]) -> int | None:
    """Turns that begin before the one before them ends; None where no two neighbours have times."""
    overlaps = [
        before.end_s - turn.start_s
        for before, turn in pairwise(turns)
        if before.end_s is not None and turn.start_s is not None and before.speaker != turn.speaker
    ]
    return sum(overlap > OVERLAP_S for overlap in overlaps) if overlaps else None


def _by_speaker(counts: list[_Count], words: int) -> list[SpeakerTalk]:
    """One entry for each speaker, in the order in which they first speak."""
    by_name: dict[str, list[_Count]] = {}
    for count in counts:
        by_name.setdefault(count.speaker, []).append(count)
    return [_speaker(own, words) for own in by_name.values()]


def _speaker(own: list[_Count], words: int) -> SpeakerTalk:
    times = [count.seconds for count in own if count.seconds is not None]
    said = sum(count.words for count in own)
    return SpeakerTalk(
        speaker=own[0].speaker,
        side=own[0].side,
        words=said,
        share=_share(said, words),
        questions=sum(count.questions for count in own),
        seconds=round(sum(times), 2) if len(times) == len(own) else None,
    )


def _share(part: int, whole: int) -> float:
    return round(part / whole, 4) if whole else 0.0
