"""Calls for pages to show: the two sample calls, a hostile one, and one in which nothing was found."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import httpx

from backend.demo import SAMPLES
from backend.report import CoachingReport
from backend.settings import PACKAGE
from tests.conftest import REPO

SCRIPT = "<script>document.title = 'taken over'</script>"
IMAGE = "<img src=x onerror=\"document.title = 'taken over'\">"
RIGHT_TO_LEFT = "\u202eمرحبا بالعالم"
HOSTILE_REP = "W" * 150 + SCRIPT
HOSTILE_CUSTOMER = RIGHT_TO_LEFT + " 👩‍💻" + "Ж" * 300
HOSTILE_TITLE = f"{SCRIPT} {IMAGE} 👩‍💻 {RIGHT_TO_LEFT} {'W' * 300}"
HOSTILE_REASON = f"{SCRIPT} {IMAGE} {RIGHT_TO_LEFT} {'W' * 300}"
HOSTILE_CALL = [
    (HOSTILE_REP, f"Automations are only in Prefect Cloud. {SCRIPT}"),
    (HOSTILE_CUSTOMER, f"We are on Airflow and honestly it works, so why change? {IMAGE} {'!' * 300}"),
    (HOSTILE_REP, f"Single sign-on is included in every plan. {RIGHT_TO_LEFT} 👩‍💻"),
    (HOSTILE_CUSTOMER, f"Does the free plan keep the history for long, {'Ü' * 300}?"),
]
EMPTY_CALL = "Ana: Hello there.\nSam: Good morning."
DAYS_BETWEEN = 4


class Call(NamedTuple):
    """What is sent to be coached."""

    name: str
    transcript: object
    about: dict[str, object]


@dataclass(frozen=True)
class Sampled:
    """Where the service is, and the ids of the calls in it by what they are. `claim` and `objection` are of
    the first call; the claim is one to correct."""

    base: str
    calls: dict[str, str]
    rep: str
    claim: str
    objection: str


async def coach_samples(http: httpx.AsyncClient, *, many: bool = False) -> Sampled:
    """Coach the sample calls, and with `many` the labelled ones too, and dispute a claim of two of them."""
    reports = {call.name: await _coach(http, call) for call in _samples()}
    for days, call in enumerate(labelled() if many else (), start=1):
        when = datetime.now(UTC) - timedelta(days=DAYS_BETWEEN * days)
        await _coach(http, call._replace(about=call.about | {"started_at": when.isoformat()}))
    first, hostile = reports["first-call"], reports["hostile"]
    claim = first.wrong_claims()[0].id
    await _dispute(http, first.id, claim, "Mara Quint", "It is the plan they have today.")
    await _dispute(http, hostile.id, hostile.claims[0].id, RIGHT_TO_LEFT + "W" * 60, HOSTILE_REASON)
    return Sampled(
        base=str(http.base_url),
        calls={name: report.id for name, report in reports.items()},
        rep=SAMPLES[1].ours,
        claim=claim,
        objection=first.objections[0].id,
    )


def labelled() -> Iterable[Call]:
    """The labelled calls of the repository, as people would send them."""
    for folder in sorted((REPO / "evals" / "own").iterdir()):
        labels = json.loads((folder / "labels.json").read_text())
        (file,) = folder.glob("transcript.*")
        text = file.read_text()
        ours = [
            {"name": name, "side": "internal", "role": labels["rep_role"]} for name in labels["rep_names"]
        ]
        theirs = [{"name": name, "side": "external"} for name in labels["prospect_names"]]
        title = labels["situation"].partition(",")[0]
        about: dict[str, object] = {"title": title, "participants": [*ours, *theirs]}
        yield Call(folder.name, json.loads(text) if file.suffix == ".json" else text, about)


def _samples() -> Iterable[Call]:
    now = datetime.now(UTC)
    for weeks, sample in enumerate(SAMPLES, start=1):
        people: list[dict[str, object]] = [{"name": sample.ours, "side": "internal", "role": sample.role}]
        people += [{"name": name, "side": "external"} for name in sample.theirs]
        about: dict[str, object] = {
            "title": sample.title,
            "started_at": (now - timedelta(weeks=weeks)).isoformat(),
            "participants": people,
        }
        yield Call(Path(sample.file).stem, (PACKAGE / "samples" / sample.file).read_text(), about)
    lines = [{"speaker": speaker, "text": text} for speaker, text in HOSTILE_CALL]
    yield Call("hostile", lines, {"title": HOSTILE_TITLE, "rep": HOSTILE_REP})
    yield Call("empty", EMPTY_CALL, {})


async def _coach(http: httpx.AsyncClient, call: Call) -> CoachingReport:
    answer = await http.post("/analyze", json={"transcript": call.transcript, "call": call.about})
    assert answer.status_code == 200, answer.text
    return CoachingReport.model_validate_json(answer.content)


async def _dispute(http: httpx.AsyncClient, report_id: str, claim_id: str, by: str, reason: str) -> None:
    answer = await http.post(
        f"/calls/{report_id}/claims/{claim_id}/disputes", json={"by": by, "reason": reason}
    )
    assert answer.status_code in {200, 201}, answer.text
