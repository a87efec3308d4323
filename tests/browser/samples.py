"""Calls for pages to show: the two sample calls, a hostile one, and one in which nothing was found."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import httpx

from backend.demo import SAMPLES
from backend.settings import PACKAGE

SCRIPT = "<script>document.title = 'taken over'</script>"
IMAGE = "<img src=x onerror=\"document.title = 'taken over'\">"
RIGHT_TO_LEFT = "\u202eمرحبا بالعالم"
HOSTILE_REP = "W" * 180 + SCRIPT[:19]
HOSTILE_CUSTOMER = RIGHT_TO_LEFT + " 👩‍💻" + "Ж" * 300
HOSTILE_TITLE = f"{SCRIPT} {IMAGE} 👩‍💻 {RIGHT_TO_LEFT} {'W' * 300}"
HOSTILE_CALL = [
    (HOSTILE_REP, f"Automations are only in Prefect Cloud. {SCRIPT}"),
    (HOSTILE_CUSTOMER, f"We are on Airflow and honestly it works, so why change? {IMAGE} {'!' * 300}"),
    (HOSTILE_REP, f"Single sign-on is included in every plan. {RIGHT_TO_LEFT} 👩‍💻"),
    (HOSTILE_CUSTOMER, f"Does the free plan keep the history for long, {'Ü' * 300}?"),
]
EMPTY_CALL = "Ana: Hello there.\nSam: Good morning."


@dataclass(frozen=True)
class Sampled:
    """Where the service is, and the ids of the calls in it by what they are. `rep` has claims to correct."""

    base: str
    calls: dict[str, str]
    rep: str


async def coach_samples(http: httpx.AsyncClient) -> Sampled:
    """Coach all sample calls by this service."""
    calls = {}
    now = datetime.now(UTC)
    for days, sample in enumerate(SAMPLES, start=1):
        people = [{"name": sample.ours, "side": "internal", "role": sample.role}]
        people += [{"name": name, "side": "external"} for name in sample.theirs]
        calls[sample.file.partition(".")[0]] = await _coach(
            http,
            {
                "transcript": (PACKAGE / "samples" / sample.file).read_text(),
                "call": {
                    "title": sample.title,
                    "started_at": (now - timedelta(days=7 * days)).isoformat(),
                    "participants": people,
                },
            },
        )
    calls["hostile"] = await _coach(
        http,
        {
            "transcript": [{"speaker": speaker, "text": text} for speaker, text in HOSTILE_CALL],
            "call": {"title": HOSTILE_TITLE, "rep": HOSTILE_REP},
        },
    )
    calls["empty"] = await _coach(http, {"transcript": EMPTY_CALL})
    return Sampled(str(http.base_url), calls, SAMPLES[1].ours)


async def _coach(http: httpx.AsyncClient, asked: dict[str, object]) -> str:
    answer = await http.post("/analyze", json=asked)
    assert answer.status_code == 200, answer.text
    report_id: str = answer.json()["id"]
    return report_id
