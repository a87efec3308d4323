"""The note to the prospect: what our side said wrong put right, and open questions answered, with links."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from backend.analysis.measures import Seen
from backend.report import Claim, Evidence, FollowUp, OpenQuestion

LONGEST_QUOTE = 220
_ALSO_ASKED = "You also asked what I did not answer on the call. This is what I find on it:"


def follow_up(call: Seen) -> FollowUp | None:
    """A note that corrects each wrong claim; with it, the open questions that a passage settles.

    None where nothing was wrong. It says nothing that its evidence does not hold.
    """
    wrong = [claim for claim in call.wrong if claim.correction]
    if not wrong:
        return None
    wrong.sort(key=lambda claim: (claim.quote.turn, claim.quote.char_start))
    answers = [one for one in call.judgement.questions if _settled(one)]
    points = [_corrected(claim, call) for claim in _each_once(wrong)]
    parts = [
        "Hello,",
        _opening(len(points), call.transcript.call.started_at),
        *_numbered(points),
        *([_ALSO_ASKED, *map(_answered, answers)] if answers else []),
        "If any of this changes things for you, tell me and we will go through it.",
        "Best regards",
    ]
    title = call.transcript.call.title
    about = "A correction" if len(points) == 1 else "Corrections"
    subject = f"{about} after our call: {title}" if title else f"{about} after our call"
    return FollowUp(subject=subject, body="\n\n".join(parts))


def _opening(number: int, held: datetime | None) -> str:
    on = f" on {held:%-d %B}" if held else ""
    what = "One point needs" if number == 1 else f"{number} points need"
    return (
        f"Thank you for your time{on}. I compared what we told you with Prefect's documentation."
        f" {what} correcting:"
    )


def _each_once(wrong: Iterable[Claim]) -> Iterator[Claim]:
    """Claims that one and the same sentence corrects are corrected once."""
    seen: set[str | None] = set()
    for claim in wrong:
        if claim.correction not in seen:
            seen.add(claim.correction)
            yield claim


def _numbered(parts: Iterable[str]) -> list[str]:
    return [f"{number}. {part}" for number, part in enumerate(parts, 1)]


def _corrected(claim: Claim, call: Seen) -> str:
    alone = sum(one.side == "internal" for one in call.talk.speakers) == 1
    said = f"{'I' if alone else claim.quote.speaker} said: “{_short(claim.quote.text)}”"
    lines = [said, f"Correct is: {claim.correction}"]
    return "\n   ".join([*lines, *_links(claim.evidence)])


def _answered(question: OpenQuestion) -> str:
    evidence = question.suggestion.evidence if question.suggestion else []
    return "\n  ".join([f"- “{_short(question.quote.text)}”", evidence[0].quote, *_links(evidence[:1])])


def _settled(question: OpenQuestion) -> bool:
    """Whether it was left open and words of a page that can be linked to answer it."""
    suggestion = question.suggestion
    return not question.answered and bool(suggestion and suggestion.evidence and suggestion.evidence[0].url)


def _links(evidence: Iterable[Evidence]) -> list[str]:
    return list(dict.fromkeys(one.url for one in evidence if one.url))


def _short(text: str) -> str:
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 1].rstrip()}…"
