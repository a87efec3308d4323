"""Written material read sentence by sentence: each is a claim, judged as rules judge a spoken one."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping

from backend.analysis.analyst import Brief, Judgement, Moments, SpottedClaim
from backend.analysis.rules import RulesAnalyst, topic
from backend.analysis.sentences import sentences
from backend.report import AnalystKind
from backend.transcript import Transcript

FEWEST_WORDS = 3
_OURS = re.compile(r"\bprefect\b", re.IGNORECASE)


class StatementReader:
    """The rules analyst for documents. `headings` gives for a turn's index what stands over it."""

    def __init__(self, rules: RulesAnalyst, headings: Mapping[int, str]) -> None:
        self._rules, self._headings = rules, headings

    @property
    def kind(self) -> AnalystKind:
        return "rules"

    @property
    def model(self) -> None:
        return None

    @property
    def fingerprint(self) -> str:
        return f"{self._rules.fingerprint} on statements"

    async def spot(self, transcript: Transcript) -> Moments:
        """Every sentence that is no question."""
        return await asyncio.to_thread(self._spot, transcript)

    async def judge(self, transcript: Transcript, moments: Moments, briefs: Mapping[str, Brief]) -> Judgement:
        return await self._rules.judge(transcript, moments, briefs)

    def _spot(self, transcript: Transcript) -> Moments:
        claims: list[SpottedClaim] = []
        for turn in transcript.turns:
            for start, end in sentences(turn.text):
                words = turn.text[start:end]
                if len(words.split()) < FEWEST_WORDS or words.endswith("?"):
                    continue
                over = self._heading(turn.index, words)
                claims.append(
                    SpottedClaim(
                        id=f"c{len(claims) + 1}",
                        quote=turn.quote(start, end),
                        topic=topic(words),
                        about=f"{over} {words}".strip(),
                    )
                )
        return Moments(claims=claims)

    def _heading(self, index: int, words: str) -> str:
        """What stands over a statement; nothing where that names another product (“Prefect vs Airflow”) and
        the statement itself names ours."""
        over = self._headings.get(index, "")
        return "" if _OURS.search(words) and self._rules.names_rival(over) else over
