"""`call-coach labels`: what people ruled in the product, as labelled data for the evals."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from backend.errors import NotFound
from backend.logs import set_up_logs
from backend.settings import Settings, load_settings

if TYPE_CHECKING:
    from backend.evals.judged import JudgedCall
    from backend.report import CoachingReport
    from backend.store import Store

group = typer.Typer(help="Labelled data from what people ruled.", no_args_is_help=True)


@group.callback()
def labels() -> None:
    """Labelled data from what people ruled."""


@group.command("export")
def export(
    folder: Annotated[Path, typer.Argument(help="Where to write a folder for each call.")],
    since: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="Only calls with a ruling of this day (UTC) or later."),
    ] = None,
) -> None:
    """Write each call with a ruling as a labelled call, for `call-coach eval DIR`.

    The files hold whole transcripts, customers' words and all: only you may read them; keep them so.
    """
    settings = load_settings()
    set_up_logs("warning" if settings.coach_log_level == "info" else settings.coach_log_level)
    done = asyncio.run(_export(settings, folder, since.replace(tzinfo=UTC).timestamp() if since else 0.0))
    if not done.calls:
        typer.echo("Nobody has ruled on anything" + (f" since {since:%Y-%m-%d}." if since else " so far."))
        return
    judged = f"{done.claims} claims, {done.objections} objections"
    typer.echo(f"{folder}: {done.calls} calls; ruled on by people: {judged}.")
    if done.undecided:
        typer.echo(f"Left out, for they decide nothing that an eval could count: {done.undecided} rulings.")
    typer.echo(
        f"The files hold customers' words, whole transcripts: keep {folder} to yourself, and out of git.",
        err=True,
    )


class Exported(NamedTuple):
    """How many calls were written, and how many rulings in them."""

    calls: int = 0
    claims: int = 0
    objections: int = 0
    undecided: int = 0

    def and_one(self, call: JudgedCall) -> Exported:
        labels = call.labels
        return Exported(
            self.calls + 1,
            self.claims + len(labels.claims),
            self.objections + len(labels.objections) + len(labels.not_objections),
            self.undecided + call.undecided,
        )


async def _export(settings: Settings, folder: Path, since: float) -> Exported:
    """Write the calls with a ruling since then, one after the other."""
    from backend.evals.judged import judged_call, write_call
    from backend.store import Store

    url = settings.database_url.get_secret_value() if settings.database_url else None
    done = Exported()
    async with Store.open(url, settings.coach_data_dir) as store:
        for spoken in await store.judgements().ruled_calls(since):
            if reports := await _reports(store, spoken):
                call = judged_call(reports)
                await asyncio.to_thread(write_call, folder, call)
                done = done.and_one(call)
    return done


async def _reports(store: Store, spoken: str) -> list[CoachingReport]:
    """The reports on a call in which people said something, the newest first."""
    reports = []
    for report_id in await store.judgements().of_call(spoken):
        with suppress(NotFound):  # deleted meanwhile
            reports.append(await store.by_id(report_id))
    return reports
