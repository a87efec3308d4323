"""What labelled calls cost with Claude, counted on the wire of a local server that finds what is labelled.

    python -m tests.claude_bill ../shared/calls [data dir with the docs synced]

Four characters count as a token; a system prompt that the same model was sent before counts as read from the
prompt cache.
"""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from pathlib import Path

from backend.analysis.engine import Options
from backend.evals.labels import LabelledCall, read_calls
from backend.house import open_house
from backend.settings import load_settings
from tests.claude_server import Asked, ClaudeServer, Sensible

CHEAP, STRONG = 0.10, 2.0
"""Dollars for a million tokens of input: haiku and sonnet."""


def answering(calls: list[LabelledCall]) -> Sensible:
    """Claude as the labels say."""
    labels = [call.labels for call in calls]
    return Sensible(
        claims={claim.quote: claim.verdict for one in labels for claim in one.claims},
        objections={each.quote: each.handled for one in labels for each in one.objections},
        competitors={each.quote: each.canonical for one in labels for each in one.competitors},
    )


async def coach(calls: list[LabelledCall], url: str, data_dir: Path) -> list[str]:
    settings = load_settings(
        prefect_mcp_enabled=False,
        coach_data_dir=data_dir,
        database_url=None,
        coach_warm_per_minute=0,
        anthropic_base_url=url,
        anthropic_api_key=None,
    )
    async with open_house(settings) as house:
        await house.knowledge.ready(10)
        reports = [await house.coach.coach(call.transcript, Options(analyst="claude")) for call in calls]
    assert not any(report.analyst.fell_back for report in reports)
    return [f"{len(report.moments())} moments" for report in reports]


def weigh(requests: list[Asked]) -> Counter[str]:
    """Tokens by step and kind, and `billed`: the input at its price, as plain tokens of the strong model."""
    told: Counter[str] = Counter()
    cached: set[tuple[str, str]] = set()
    for asked in requests:
        system, rest = len(asked.system) // 4, sum(len(one.text) for one in asked.body.messages) // 4
        known = (asked.model, asked.system) in cached
        cached.add((asked.model, asked.system))
        price = CHEAP if "haiku" in asked.model else STRONG
        told[f"{asked.step} requests"] += 1
        told[f"{asked.step} sent"] += system + rest
        told["sent"] += system + rest
        told["from the cache"] += system if known else 0
        told["billed"] += round((rest + system * (0.1 if known else 1.25)) * price / STRONG)
    return told


def main() -> None:
    calls = read_calls(Path(sys.argv[1]), None)
    data_dir = Path(sys.argv[2]) if len(sys.argv) > 2 else load_settings().coach_data_dir
    with ClaudeServer(answering(calls)) as server:
        sys.stdout.write(", ".join(asyncio.run(coach(calls, server.url, data_dir))) + "\n")
    chars = sum(len(turn.speaker) + len(turn.text) + 2 for call in calls for turn in call.transcript.turns)
    baseline = 5 * chars // 4
    for kind, count in sorted(weigh(server.requests).items()):
        sys.stdout.write(
            f"{kind:20}{count / len(calls):10,.0f} a call  {count / baseline:6.2f} of the baseline\n"
        )
    sys.stdout.write(f"{'baseline':20}{baseline / len(calls):10,.0f} a call: the transcript five times\n")


if __name__ == "__main__":
    main()
